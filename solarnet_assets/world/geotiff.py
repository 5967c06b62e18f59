"""Writes rasters and STAC items as data providers do: cloud-optimised GeoTIFF beside one JSON item."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from solarnet_assets.world.ground import Grid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

COG_TYPE = "image/tiff; application=geotiff; profile=cloud-optimized"
EXTENSIONS = [
    "https://stac-extensions.github.io/eo/v1.1.0/schema.json",
    "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
    "https://stac-extensions.github.io/raster/v1.1.0/schema.json",
    "https://stac-extensions.github.io/view/v1.0.0/schema.json",
]
TILE = 16  # TIFF tiles are multiples of this


def write_cog(path: Path, data: NDArray[np.generic], grid: Grid, bands: Sequence[str], nodata: int | None) -> None:
    """Write bands (b, rows, cols) as a tiled deflate GeoTIFF that needs no overviews (one or few tiles).

    Args:
        path: file to write.
        data: pixels, uint8 or uint16.
        grid: georeference.
        bands: band descriptions; empty for a plain RGB picture.
        nodata: value of pixels without data.
    """
    import rasterio
    from rasterio.transform import Affine

    rows, cols = data.shape[1:]
    side = min(512, -(-max(rows, cols) // TILE) * TILE)
    options: dict[str, Any] = {"photometric": "RGB"} if data.shape[0] == 3 else {}
    with rasterio.open(
        path, "w", driver="GTiff", width=cols, height=rows, count=data.shape[0], dtype=data.dtype.name, nodata=nodata,
        crs=f"EPSG:{grid.epsg}", transform=Affine(grid.gsd, 0, grid.west, 0, -grid.gsd, grid.north),
        tiled=True, blockxsize=side, blockysize=side, interleave="pixel",
        compress="deflate", zlevel=4, predictor=2, **options,
    ) as out:  # fmt: skip
        for index, name in enumerate(bands, start=1):
            out.set_band_description(index, name)
        out.write(data)


def write_item(
    path: Path,
    grid: Grid,
    properties: Mapping[str, Any],
    assets: Mapping[str, Any],
    extensions: Sequence[str] = EXTENSIONS,
) -> None:
    """Write a STAC 1.0 item named after its file; geometry and projection come from the grid."""
    ring = grid.outline()
    lons, lats = zip(*ring, strict=True)
    item = {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": list(extensions),
        "id": path.stem,
        "geometry": {"type": "Polygon", "coordinates": [[list(point) for point in ring]]},
        "bbox": [min(lons), min(lats), max(lons), max(lats)],
        "properties": {
            **properties,
            "proj:code": f"EPSG:{grid.epsg}",
            "proj:shape": [grid.n, grid.n],
            "proj:transform": [grid.gsd, 0.0, grid.west, 0.0, -grid.gsd, grid.north],
        },
        "links": [],
        "assets": dict(assets),
    }
    path.write_text(json.dumps(item, indent=1, sort_keys=True), encoding="utf-8")
