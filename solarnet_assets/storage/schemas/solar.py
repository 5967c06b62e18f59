"""Solar farms: outlines of one scene, and the register that they add up to."""

from __future__ import annotations

import dataframely as dy

from solarnet_assets.storage.schemas.columns import fraction, utc


class SolarPolygons(dy.Schema):
    """Solar arrays found in one scene."""

    site_id = dy.String(description="area of interest")
    scene_id = dy.String(description="scene")
    time = utc("sensing time")
    polygon = dy.Int64(description="number within the scene")
    geometry = dy.String(description="outline, WKT, EPSG:4326")
    area_m2 = dy.Float64(min=0, description="area in an equal-area projection, m2")
    score = fraction("mean probability inside the outline")
    hidden = dy.String(
        nullable=True, description="ground within 3 km that was not searched (cloud, no data), WKT, EPSG:4326"
    )
    evidence = dy.String(nullable=True, description="picture, relative to the evidence folder")


class SolarFarms(dy.Schema):
    """Register of solar farms as known on the partition's day."""

    farm_id = dy.String(unique=True, description="stable key")
    site_id = dy.String(description="area of interest")
    first_seen = dy.Date(description="first day with the farm")
    last_seen = dy.Date(description="newest day with the farm")
    area_km2 = dy.Float64(min=0, description="area, km2")
    area_lower = dy.Float64(min=0, description="5 % limit of the area, km2")
    area_upper = dy.Float64(min=0, description="95 % limit of the area, km2")
    lon = dy.Float64(description="longitude of the centre")
    lat = dy.Float64(description="latitude of the centre")
    confidence = fraction("mean probability over its sightings")
    n_obs = dy.Int64(min=1, description="scenes in which it was seen")
    evidence = dy.String(nullable=True, description="picture, relative to the evidence folder")
