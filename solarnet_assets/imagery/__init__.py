"""Rasters for every signal: safe reading, radiometry, cloud masks, geometry, ingest of scenes, pictures."""
