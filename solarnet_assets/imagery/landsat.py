"""Landsat 8 and 9, Collection 2: numbers to reflectance, the quality band, and the way to Sentinel-2's band passes.

Sources: USGS, Landsat 8-9 Collection 2 Level 1 and Level 2 Data Format Control Books (LSDS-1822, LSDS-1328); Claverie
et al. 2018, Remote Sens. Environ. 219:145, doi:10.1016/j.rse.2018.09.002, and the HLS user guide for the band passes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.landing import BadInputError

LEVEL1 = (2.0e-5, -0.1)
"""REFLECTANCE_MULT_BAND_x and REFLECTANCE_ADD_BAND_x, the same for every OLI band: TOA reflectance times the sine of
the sun's elevation."""

LEVEL2 = (2.75e-5, -0.2)
"""Scale and offset of surface reflectance."""

QA_HIDDEN = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4
"""QA_PIXEL: dilated cloud, cirrus (high confidence), cloud, cloud shadow."""

SATURATION: Mapping[str, float] = {"B02": 581.0, "B03": 544.0, "B04": 462.0, "B8A": 281.0, "B11": 71.3, "B12": 24.3}
"""Radiance that OLI was required to reach without saturating, W m-2 sr-1 um-1, under Sentinel-2's names: the mission's
requirements as commonly tabled (unverified); in orbit bands go further (Morfitt et al. 2015, doi:10.3390/rs70202208),
so that a flag says no more than that the heat may be a lower limit."""

TO_OLI: Mapping[str, tuple[float, float]] = {
    "B01": (0.9959, -0.0002), "B02": (0.9778, -0.0040), "B03": (1.0053, -0.0009), "B04": (0.9765, 0.0009),
    "B8A": (0.9983, -0.0001), "B11": (0.9987, -0.0011), "B12": (1.0030, -0.0012),
}  # fmt: skip
"""HLS band-pass adjustment, ``OLI = slope * MSI + intercept`` for Sentinel-2A; used here the other way round."""

_LEVEL = re.compile(r"(?<![A-Z0-9])(?:C2)?L([12])(?:SP|SR|TP|GT|GS|-SR)?(?![A-Z0-9])", re.IGNORECASE)
_SURFACE = re.compile(r"(?<![A-Z0-9])SR_B\d", re.IGNORECASE)


def level_of(*texts: object) -> int | None:
    """Return the processing level that names tell, 1 or 2: ``L1TP``, ``landsat-c2-l2``, ``landsat-c2l2-sr``, ``SR_B5``.

    Args:
        texts: correction level, collection, item id, file and band names; the first that tells decides.
    """
    for text in texts:
        if text is None:
            continue
        found = _LEVEL.search(str(text).replace("_", " "))
        if found:
            return int(found[1])
        if _SURFACE.search(str(text)):
            return 2
    return None


def calibration(level: int | None, elevation: float | None, name: str) -> tuple[float, float]:
    """Return (scale, offset) from numbers to reflectance.

    Level 1 numbers are divided by the sine of the sun's elevation, level 2 numbers are not: the atmospheric correction
    has done it.

    Args:
        level: 1 or 2.
        elevation: of the sun at the scene's centre, degrees.
        name: file that messages name.

    Raises:
        BadInputError: the level is not known, or level 1 without a sun above the horizon.
    """
    if level is None:
        raise BadInputError(f"{name} does not say whether it is Landsat level 1 or level 2, whose numbers differ")
    if level == 2:
        return LEVEL2
    if elevation is None or elevation <= 0:
        raise BadInputError(
            f"{name} is Landsat level 1 without a sun above the horizon; its numbers need the elevation"
        )
    sine = math.sin(math.radians(elevation))
    return LEVEL1[0] / sine, LEVEL1[1] / sine


def hidden(quality: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Return the pixels that QA_PIXEL calls cloud, dilated cloud, cirrus or cloud shadow."""
    return np.asarray((quality.astype(np.uint32) & QA_HIDDEN) != 0)


def as_sentinel(reflectance: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    """Return OLI reflectance as Sentinel-2A's bands would see it; bands without an adjustment stay as they are."""
    out = {}
    for name, band in reflectance.items():
        slope, intercept = TO_OLI.get(name, (1.0, 0.0))
        out[name] = (band - np.float32(intercept)) / np.float32(slope)
    return out
