"""A landed scene opened for work: reflectance by band, what is seen, what is cloud."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.imagery import clouds, landsat, radiometry
from solarnet_assets.imagery.geometry import centre_lonlat, to_pixels
from solarnet_assets.imagery.raster import Grid, grid_of, open_raster, read_pixels
from solarnet_assets.landing import BadInputError

MAX_PIXELS = 6_000_000
"""Width x height of a scene that is held whole; a steel works with its surroundings has 0.04 to 1 million."""


@dataclass(frozen=True)
class Scene:
    """One scene over one site.

    Attributes:
        scene_id: key.
        reflectance: band name -> (rows, columns) float32, TOA or surface reflectance as the product has it, that of
            Landsat as Sentinel-2A's bands would see it; NaN where nothing was measured.
        seen: pixels with data in every band.
        cloud: cloud and shadow, None where neither a classification nor the visible bands tell.
        grid: position of the pixels.
        time: sensing time.
        platform: satellite.
        sun_elevation: degrees, from the product or computed.
    """

    scene_id: str
    reflectance: Mapping[str, NDArray[np.float32]]
    seen: NDArray[np.bool_]
    cloud: NDArray[np.bool_] | None
    grid: Grid
    time: datetime
    platform: str
    sun_elevation: float

    def gain(self, band: str) -> float:
        """Return radiance per reflectance of a band, W m-2 sr-1 um-1."""
        return radiometry.radiance_per_reflectance(self.platform, band, self.time, self.sun_elevation)

    def radiance(self, band: str) -> NDArray[np.float32]:
        """Return the radiance of a band, W m-2 sr-1 um-1, (rows, columns)."""
        return self.reflectance[band] * np.float32(self.gain(band))


def open_scene(row: Mapping[str, Any], data: Path, mask: Path | None = None) -> Scene:
    """Open a row of the lake tables ``steel_scenes`` or ``solar_scenes``.

    Args:
        row: schema ``Scenes``.
        data: file that ``row['path']`` names.
        mask: file that ``row['mask_path']`` names.

    Raises:
        BadInputError: a file is damaged, or the scene too large to be held whole.
    """
    with open_raster(data) as dataset:
        if dataset.width * dataset.height > MAX_PIXELS:
            shown = f"{dataset.width} x {dataset.height}"
            raise BadInputError(
                f"{row['scene_id']} has {shown} pixels, more than the {MAX_PIXELS:,} of a scene cut out"
            )
        grid, nodata = grid_of(dataset, data.name), dataset.nodata
        pixels = read_pixels(dataset, list(range(1, len(row["bands"]) + 1)))
    missing = ~np.isfinite(pixels) if pixels.dtype.kind == "f" else np.zeros(pixels.shape, bool)
    missing |= pixels == (0 if nodata is None or np.isnan(nodata) else nodata)
    values = radiometry.to_reflectance(pixels, row["scale"], row["offset"])
    for n, name in enumerate(row["bands"]):
        if name.startswith("TCI_"):
            values[n] = radiometry.rendering_reflectance(pixels[n])
    values[missing] = np.nan
    reflectance = dict(zip(row["bands"], values, strict=True))
    seen = ~missing.any(axis=0)
    elevation = row["sun_elevation"]
    if elevation is None:
        elevation = radiometry.sun_elevation(row["time"], *centre_lonlat(grid))
    oli = radiometry.is_landsat(row["platform"])
    if oli:
        reflectance = landsat.as_sentinel(reflectance)
    hidden = landsat.hidden if oli else clouds.clouded
    cloud = clouds.bright_clouds(reflectance) if mask is None else hidden(read_mask(mask, grid))
    return Scene(
        scene_id=row["scene_id"],
        reflectance=reflectance,
        seen=seen,
        cloud=cloud,
        grid=grid,
        time=row["time"],
        platform=row["platform"],
        sun_elevation=float(elevation),
    )


def read_mask(path: Path, grid: Grid) -> NDArray[Any]:
    """Return a classification (first band of a raster in the same CRS) on a grid, nearest pixel; 0 outside it."""
    with open_raster(path) as dataset:
        own = grid_of(dataset, path.name)
        classes = read_pixels(dataset, [1])[0]
    if own == grid:
        return classes
    a, b, c, d, e, f = grid.transform
    col, row = np.meshgrid(np.arange(grid.width) + 0.5, np.arange(grid.height) + 0.5)
    xy = np.column_stack([(a * col + b * row + c).ravel(), (d * col + e * row + f).ravel()])
    place = np.floor(to_pixels(xy, own)).astype(int)
    inside = ((place >= 0) & (place < [own.height, own.width])).all(axis=1)
    out = np.zeros(grid.height * grid.width, classes.dtype)
    out[inside] = classes[place[inside, 0], place[inside, 1]]
    return out.reshape(grid.height, grid.width)
