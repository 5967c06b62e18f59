"""From digital numbers to reflectance and radiance, and the names of bands.

Units: reflectance is unitless, radiance W m-2 sr-1 um-1, irradiance W m-2 um-1, angles degrees.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.landing import BadInputError

QUANTIFICATION = 0.0001
"""Reflectance per digital number of Sentinel-2 (QUANTIFICATION_VALUE 10000)."""

OFFSET_0400 = -0.1
"""RADIO_ADD_OFFSET -1000 of Sentinel-2 products from processing baseline 04.00 on."""

FIRST_0400 = date(2022, 1, 25)
"""Day from which Sentinel-2 products are made with baseline 04.00."""

TCI_WHITE = 0.3558
"""Reflectance of level 255 of Sentinel-2's true-colour image; levels 1 to 255 are linear in reflectance (DN 0 to 3558,
as in the L2A products' own TCI)."""

SOLAR_IRRADIANCE: Mapping[str, Mapping[str, float]] = {
    # MTD_MSIL1C.xml, Solar_Irradiance_List, of products of either satellite.
    "sentinel-2a": {
        "B01": 1913.57, "B02": 1941.63, "B03": 1822.61, "B04": 1512.79, "B05": 1425.56, "B06": 1288.32, "B07": 1163.19,
        "B08": 1036.39, "B8A": 955.19, "B09": 813.04, "B10": 367.15, "B11": 245.59, "B12": 85.25,
    },
    "sentinel-2b": {
        "B01": 1874.3, "B02": 1959.75, "B03": 1824.93, "B04": 1512.79, "B05": 1425.78, "B06": 1291.13, "B07": 1175.57,
        "B08": 1041.28, "B8A": 953.93, "B09": 817.58, "B10": 365.41, "B11": 247.08, "B12": 87.75,
    },
    # Under the names of the matching Sentinel-2 bands. USGS prints none, because products carry radiance gains of
    # their own; these follow from them as pi d^2 RADIANCE_MAXIMUM / REFLECTANCE_MAXIMUM (as listed by GIS Ag Maps).
    "landsat-8": {
        "B01": 1895.33, "B02": 2004.57, "B03": 1820.75, "B04": 1549.49, "B8A": 951.76, "B11": 247.55, "B12": 85.46,
    },
}  # fmt: skip
"""Solar irradiance by platform and band at one astronomical unit, W m-2 um-1."""

SATURATION = 24.5
"""Specified maximum of Sentinel-2's B12, W m-2 sr-1 um-1 (Drusch et al. 2012, doi:10.1016/j.rse.2011.11.026, table 1);
24.3 for Landsat 8 and 9 (``landsat.SATURATION``)."""

_SAME_SENSOR = {"sentinel-2c": "sentinel-2b", "landsat-9": "landsat-8"}

LANDSAT_BANDS = {"1": "B01", "2": "B02", "3": "B03", "4": "B04", "5": "B8A", "6": "B11", "7": "B12"}
"""Landsat 8/9 band number -> Sentinel-2 band at about the same wavelength (0.44 ... 0.865, 1.61, 2.2 um)."""

COMMON_NAMES = {
    "coastal": "B01", "blue": "B02", "green": "B03", "red": "B04", "rededge1": "B05", "rededge2": "B06",
    "rededge3": "B07",
    "rededge071": "B05", "rededge075": "B06", "rededge078": "B07", "nir": "B08", "nir08": "B8A", "nir09": "B09",
    "cirrus": "B10", "swir16": "B11", "swir22": "B12", "swir1": "B11", "swir2": "B12",
}  # fmt: skip
"""STAC ``eo:common_name`` -> Sentinel-2 band."""

_BAND = re.compile(r"(?<![A-Za-z0-9])B(?:and)?[ _]?0?(\d{1,2})(A?)(?![A-Za-z0-9])", re.IGNORECASE)


def band_name(text: str, platform: str = "sentinel-2", common: str | None = None) -> str:
    """Return the Sentinel-2 name of a band (``B02`` ... ``B8A``, ``B11``, ``B12``), whatever its product calls it.

    Understands ``B2``, ``B02``, ``b8a``, ``band_11``, ``SR_B6`` (Landsat), ``20 m: B11 1610nm`` and common names. A
    text without any of these comes back as it is.
    """
    found = _BAND.search(text.replace("SR_", "").replace("OLI_", ""))
    if found and is_landsat(platform):
        return LANDSAT_BANDS.get(found[1], text)
    if found:
        return "B8A" if found[2] and found[1] == "8" else f"B{int(found[1]):02d}"
    name = (common or text).lower()
    if name == "nir" and is_landsat(platform):
        return "B8A"
    return COMMON_NAMES.get(name, text)


def is_landsat(platform: str) -> bool:
    """Return whether a platform is a Landsat, whose band numbers differ."""
    return platform.lower().startswith("landsat")


def default_offset(platform: str, baseline: str | None, day: date) -> float:
    """Return the reflectance offset that a product has when its metadata do not say.

    Sentinel-2: -0.1 from processing baseline 04.00 on. Without a baseline the day of the pass decides, which is wrong
    for older passes that were processed anew: give the offset where it is known. Other platforms: 0.

    Raises:
        BadInputError: the baseline is not a number such as ``04.00``.
    """
    if not platform.lower().startswith("sentinel-2"):
        return 0.0
    if baseline is None:
        return OFFSET_0400 if day >= FIRST_0400 else 0.0
    try:
        number = float(str(baseline).removeprefix("N"))
    except ValueError as error:
        raise BadInputError(f"processing baseline {baseline!r} is not a number such as 04.00") from error
    number = number / 100 if number >= 100 else number
    return OFFSET_0400 if number >= 4.0 else 0.0


def to_reflectance(dn: NDArray[np.generic], scale: float, offset: float) -> NDArray[np.float32]:
    """Return ``dn * scale + offset`` as float32; the product's own scale and offset."""
    return dn.astype(np.float32) * np.float32(scale) + np.float32(offset)


def rendering_reflectance(levels: NDArray[np.generic]) -> NDArray[np.float32]:
    """Return the reflectance of a true-colour rendering (``TCI_R`` ...) of levels 0..255, or 0..1; white is a limit."""
    plane = levels.astype(np.float32)
    white = 255.0 if plane.size and np.nanmax(plane) > 1.0 else 1.0
    return plane * np.float32(TCI_WHITE / white)


def earth_sun_factor(time: datetime) -> float:
    """Return U = 1/d^2, d the distance of Earth and Sun in astronomical units.

    Source: Sentinel-2 L1C product specification, d(t) = 1 - 0.01673 cos(0.0172 (t - 2)), t in days since 1950-01-01.
    """
    t = (time.astimezone(UTC) - datetime(1950, 1, 1, tzinfo=UTC)).total_seconds() / 86400.0
    return 1.0 / (1.0 - 0.01673 * math.cos(0.0172 * (t - 2.0))) ** 2


def sun_elevation(time: datetime, lon: float, lat: float) -> float:
    """Return the sun's elevation in degrees, within about half a degree.

    Source: Spencer (1971), Fourier series of declination and equation of time, as printed by NOAA's Global Monitoring
    Laboratory ("General Solar Position Calculations"). No refraction.
    """
    utc = time.astimezone(UTC)
    hour = utc.hour + utc.minute / 60 + utc.second / 3600
    g = 2 * math.pi / 365 * (utc.timetuple().tm_yday - 1 + (hour - 12) / 24)
    minutes = 229.18 * (
        0.000075 + 0.001868 * math.cos(g) - 0.032077 * math.sin(g)
        - 0.014615 * math.cos(2 * g) - 0.040849 * math.sin(2 * g)
    )  # fmt: skip
    declination = (
        0.006918 - 0.399912 * math.cos(g) + 0.070257 * math.sin(g) - 0.006758 * math.cos(2 * g)
        + 0.000907 * math.sin(2 * g) - 0.002697 * math.cos(3 * g) + 0.00148 * math.sin(3 * g)
    )  # fmt: skip
    angle = math.radians((hour * 60 + minutes + 4 * lon) / 4 - 180)
    phi = math.radians(lat)
    sine = math.sin(phi) * math.sin(declination) + math.cos(phi) * math.cos(declination) * math.cos(angle)
    return math.degrees(math.asin(max(-1.0, min(1.0, sine))))


def irradiance(platform: str, band: str) -> float:
    """Return the solar irradiance of a band, W m-2 um-1; an unknown platform counts as Sentinel-2A.

    Raises:
        BadInputError: the band has none.
    """
    key = platform.lower()
    table = SOLAR_IRRADIANCE.get(_SAME_SENSOR.get(key, key), SOLAR_IRRADIANCE["sentinel-2a"])
    if band not in table:
        raise BadInputError(f"band {band} of {platform} has no known solar irradiance")
    return table[band]


def radiance_per_reflectance(platform: str, band: str, time: datetime, elevation: float) -> float:
    """Return L / rho of a band, W m-2 sr-1 um-1: ``L = rho * ESUN * cos(SZA) * U / pi``.

    Source: Sentinel-2 L1C product specification; SZA = 90 degrees - elevation.
    """
    return irradiance(platform, band) * math.sin(math.radians(elevation)) * earth_sun_factor(time) / math.pi
