"""One Sentinel-2-like product of a site: the bands, the scene classification and the STAC item."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from solarnet_assets.world.geotiff import COG_TYPE, write_cog, write_item
from solarnet_assets.world.ground import Grid
from solarnet_assets.world.spectra import ESUN, WAVELENGTH
from solarnet_assets.world.sun import Sun
from solarnet_assets.world.toa import OFFSET_FROM

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

BASELINES = (
    (date(2015, 6, 23), "02.04"), (date(2018, 11, 6), "02.07"), (date(2019, 7, 8), "02.08"),
    (date(2020, 2, 4), "02.09"), (date(2021, 3, 30), "03.00"), (date(2021, 6, 30), "03.01"),
    (OFFSET_FROM, "04.00"), (date(2022, 12, 6), "05.09"),
)  # fmt: skip
"""First sensing day of each processing baseline (abridged)."""
COMMON = {"B02": "blue", "B03": "green", "B04": "red", "B08": "nir", "B8A": "nir08", "B11": "swir16", "B12": "swir22"}
CLOUD_CODES = (8, 9, 10)


def baseline(day: date) -> str:
    """Return the processing baseline of products sensed on a day."""
    return [name for first, name in BASELINES if first <= day][-1]


def scene_name(site: str, moment: datetime) -> str:
    """Return a product name: mission, level, sensing time, site."""
    return f"S2{_mission(moment)}_MSIL1C_{moment:%Y%m%dT%H%M%S}_{site}"


def _mission(moment: datetime) -> str:
    return "AB"[moment.toordinal() // 5 % 2]


def _properties(moment: datetime, sun: Sun, gsd: float, scl: NDArray[np.uint8]) -> dict[str, Any]:
    seen = scl > 0
    cloudy = np.isin(scl, CLOUD_CODES)
    return {
        "datetime": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        "platform": f"sentinel-2{_mission(moment).lower()}",
        "constellation": "sentinel-2",
        "instruments": ["msi"],
        "gsd": gsd,
        "s2:processing_baseline": baseline(moment.date()),
        "s2:product_type": "S2MSI1C",
        "s2:reflectance_conversion_factor": round(sun.u, 6),
        "s2:nodata_pixel_percentage": round(float((~seen).mean()) * 100, 4),
        "eo:cloud_cover": round(float(cloudy.sum()) / max(int(seen.sum()), 1) * 100, 2),
        "view:sun_elevation": round(sun.elevation, 4),
        "view:sun_azimuth": round(sun.azimuth, 4),
    }


def write_scene(
    dest: Path, site: str, grid: Grid, moment: datetime, sun: Sun, bands: Sequence[str],
    numbers: NDArray[np.uint16], scl: NDArray[np.uint8],
) -> str:  # fmt: skip
    """Write bands, classification and item of one scene; returns the scene's name.

    Args:
        dest: folder.
        site: key of the place, part of the file name only.
        grid: georeference.
        moment: sensing time, UTC.
        sun: sun position.
        bands: band names in file order.
        numbers: digital numbers (bands, n, n), 0 where there is no data.
        scl: scene classification (n, n).
    """
    name = scene_name(site, moment)
    write_cog(dest / f"{name}.tif", numbers, grid, bands, 0)
    write_cog(dest / f"{name}_SCL.tif", scl[None], grid, ["SCL"], 0)
    offset = -0.1 if moment.date() >= OFFSET_FROM else 0
    raster = [
        {
            "name": band,
            "scale": 0.0001,
            "offset": offset,
            "nodata": 0,
            "data_type": "uint16",
            "spatial_resolution": grid.gsd,
        }
        for band in bands
    ]
    optics = [
        {
            "name": band,
            "common_name": COMMON[band],
            "center_wavelength": round(float(w), 4),
            "solar_illumination": float(e),
        }
        for band, w, e in zip(bands, WAVELENGTH, ESUN, strict=True)
    ]
    assets = {
        "data": {
            "href": f"./{name}.tif", "type": COG_TYPE, "roles": ["data", "reflectance"],
            "raster:bands": raster, "eo:bands": optics,
        },
        "scl": {
            "href": f"./{name}_SCL.tif", "type": COG_TYPE, "roles": ["data"],
            "raster:bands": [{"name": "SCL", "nodata": 0, "data_type": "uint8", "spatial_resolution": grid.gsd}],
        },
    }  # fmt: skip
    write_item(dest / f"{name}.json", grid, _properties(moment, sun, grid.gsd, scl), assets)
    return name
