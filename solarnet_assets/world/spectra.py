"""Surface reflectances and the air above them, for the six bands that the simulated sensor delivers.

Band order everywhere: blue, green, red, near infrared, 1.6 um, 2.2 um (Sentinel-2 B02, B03, B04, B8A or B08, B11, B12).
Values are ours, set by eye after public spectral libraries; they are nobody's training data.
"""

from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

WAVELENGTH = np.array([0.4924, 0.5598, 0.6646, 0.8647, 1.6137, 2.2024])
"""Centre wavelengths, um (Sentinel-2A)."""
ESUN = np.array([1959.7, 1823.2, 1512.1, 956.5, 247.2, 87.8])
"""Exo-atmospheric solar irradiance, W m-2 um-1."""

COVERS = (
    "water", "wheat", "fallow", "trees", "grass", "town", "bright_roof", "blue_roof", "slag",
    "asphalt", "greenhouse", "dark_roof", "desert",
)  # fmt: skip
"""Land covers, by index."""

_BASE = np.array([
    [0.055, 0.062, 0.050, 0.030, 0.012, 0.008],
    [0.040, 0.070, 0.045, 0.360, 0.190, 0.100],
    [0.085, 0.115, 0.150, 0.215, 0.290, 0.245],
    [0.030, 0.050, 0.035, 0.290, 0.150, 0.070],
    [0.050, 0.080, 0.080, 0.250, 0.240, 0.160],
    [0.120, 0.140, 0.155, 0.200, 0.225, 0.205],
    [0.330, 0.360, 0.380, 0.420, 0.420, 0.390],
    [0.210, 0.190, 0.150, 0.250, 0.260, 0.230],
    [0.055, 0.060, 0.068, 0.090, 0.112, 0.108],
    [0.080, 0.090, 0.098, 0.120, 0.150, 0.138],
    [0.260, 0.280, 0.290, 0.400, 0.330, 0.250],
    [0.060, 0.066, 0.075, 0.105, 0.130, 0.125],
    [0.115, 0.150, 0.190, 0.250, 0.320, 0.295],
])  # fmt: skip
_BARE = np.array([
    [0.055, 0.062, 0.050, 0.030, 0.012, 0.008],
    [0.080, 0.105, 0.130, 0.200, 0.280, 0.225],
    [0.095, 0.120, 0.150, 0.200, 0.280, 0.240],
    [0.050, 0.062, 0.070, 0.165, 0.200, 0.140],
    [0.075, 0.098, 0.120, 0.195, 0.275, 0.220],
    *_BASE[5:],
])  # fmt: skip
SCAR = np.array([0.048, 0.052, 0.060, 0.085, 0.135, 0.155])
"""Burnt crop residue: 2.2 um above 1.6 um without any heat."""
SNOW = np.array([0.70, 0.70, 0.68, 0.62, 0.12, 0.10])
CLOUD = np.array([0.60, 0.58, 0.57, 0.60, 0.44, 0.31])

_RAYLEIGH = np.array([0.066, 0.036, 0.018, 0.006, 0.001, 0.0])
_AEROSOL = np.array([0.085, 0.070, 0.055, 0.036, 0.012, 0.006])
_THROUGH = np.array([0.83, 0.87, 0.90, 0.94, 0.95, 0.93])

_PEAK_DAY = {"wheat": 110, "fallow": 222, "trees": 200, "grass": 200}
_WIDTH = {"wheat": 48.0, "fallow": 38.0, "trees": 85.0, "grass": 80.0}


def greenness(cover: str, day: date, lat: float) -> float:
    """Return how green a vegetated cover is, 0-1; winters are greener in the south."""
    if cover not in _PEAK_DAY:
        return 1.0
    gap = (day.timetuple().tm_yday - _PEAK_DAY[cover] + 182.5) % 365 - 182.5
    bell = math.exp(-0.5 * (gap / _WIDTH[cover]) ** 2)
    floor = min(max((36.0 - lat) / 16.0, 0.0), 0.75)
    return floor + (1 - floor) * bell


def surface(day: date, lat: float) -> NDArray[np.float64]:
    """Return surface reflectance (covers, bands) of a season."""
    green = np.array([[greenness(cover, day, lat)] for cover in COVERS])
    table = green * _BASE + (1 - green) * _BARE
    table[COVERS.index("fallow")] += green[2] * (_BASE[1] - _BASE[2]) * 0.85
    return table


def air(aerosol: float, cos_zenith: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return path reflectance and two-way transmittance per band for an aerosol optical depth and sun."""
    mass = 0.5 * (1 + 0.75 / cos_zenith)
    path = (_RAYLEIGH + aerosol * _AEROSOL) * mass
    return path, _THROUGH ** (0.7 + 0.3 / cos_zenith) * np.exp(-aerosol * _AEROSOL * 2.0 / cos_zenith)


def planck(kelvin: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Return blackbody spectral radiance per band (..., bands), W m-2 sr-1 um-1 (Planck's law, CODATA 2018)."""
    t = np.atleast_1d(np.asarray(kelvin, dtype=float))[:, None]
    return np.asarray(1.191042972e8 / (WAVELENGTH**5 * np.expm1(14387.769 / (WAVELENGTH * t))))
