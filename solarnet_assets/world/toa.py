"""From the ground to digital numbers: light, air, clouds, heat, the detector's limits and noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from solarnet_assets.world.rng import fractal
from solarnet_assets.world.sky import Sky
from solarnet_assets.world.spectra import CLOUD, ESUN, SNOW, air, surface
from solarnet_assets.world.sun import Sun

if TYPE_CHECKING:
    from numpy.typing import NDArray

OFFSET_FROM = date(2022, 1, 25)  # processing baseline 04.00: digital numbers carry +1000 from here on
OFFSET = 1000
CEILING = np.array([640.0, 570.0, 480.0, 330.0, 70.0, 23.0])
"""Radiance at which the detector saturates per band, W m-2 sr-1 um-1 (above the specified maximum, as in orbit)."""
NOISE = np.array([0.80, 0.75, 0.75, 0.60, 0.035, 0.015])
"""Standard deviation of the detector's noise per band, W m-2 sr-1 um-1."""
SKYLIGHT = np.array([0.35, 0.28, 0.22, 0.15, 0.06, 0.04])
"""Share of a clear day's light that comes from the sky, and so reaches shadows."""


@dataclass(frozen=True)
class Ground:
    """A place's fixed ground.

    Attributes:
        shares: share of each land cover per pixel (covers, rows, cols).
        level: brightness factor per pixel (rows, cols).
        mirror: share of a pixel that is a roof tilted to glint under some suns (rows, cols).
        lat: latitude, degrees.
    """

    shares: NDArray[np.float32]
    level: NDArray[np.float32]
    mirror: NDArray[np.float32]
    lat: float

    def reflectance(self, rng: np.random.Generator, day: date, snow: bool) -> NDArray[np.float32]:
        """Return surface reflectance (6, rows, cols) of a day: season, moisture, glint, snow."""
        table = surface(day, self.lat) * (1 + 0.03 * rng.standard_normal((self.shares.shape[0], 1)))
        table = table * (1 + np.array([0.01, 0.01, 0.015, 0.015, 0.03, 0.035]) * rng.standard_normal())
        covers, rows, cols = self.shares.shape
        flat = table.T.astype(np.float32) @ self.shares.reshape(covers, -1)
        image = flat.reshape(6, rows, cols) * self.level
        if rng.random() < 0.35:
            flash = (
                np.float32(rng.uniform(0.2, 1.2)) * self.mirror * (rng.random((rows, cols), dtype=np.float32) < 0.25)
            )
            tail = float(rng.uniform(0.9, 1.8))
            colour = np.array([0.85, 0.92, 1.0, 1.0, 0.55 + 0.45 * tail, tail], dtype=np.float32)
            image = image + flash * colour[:, None, None]
        if snow:
            lies = np.clip(0.75 + 0.35 * fractal(rng, rows, 1.2) - 2 * self.shares[0], 0, 0.95) * rng.uniform(0.3, 1)
            image = image * (1 - lies) + SNOW.astype(np.float32)[:, None, None] * lies.astype(np.float32)
        return np.asarray(image, dtype=np.float32)


def jitter(image: NDArray[np.float32], shift: NDArray[np.float64], pad: int) -> NDArray[np.float32]:
    """Return the image without its padding, each band moved by (east, north) pixels, linearly interpolated.

    Args:
        image: (bands, rows, cols), padded.
        shift: pixels per band (bands, 2); clipped to what the padding allows.
        pad: pixels of padding on each side.
    """
    bands, rows, cols = image.shape
    out = np.empty((bands, rows - 2 * pad, cols - 2 * pad), dtype=np.float32)
    limit = pad - 0.01
    for band in range(bands):
        east, north = np.clip(shift[band], -limit, limit)
        top, left = pad + north, pad - east
        r, c = math.floor(top), math.floor(left)
        fr, fc = np.float32(top - r), np.float32(left - c)
        block = image[band, r : r + out.shape[1] + 1, c : c + out.shape[2] + 1]
        line = block[:-1] * (1 - fr) + block[1:] * fr
        out[band] = line[:, :-1] * (1 - fc) + line[:, 1:] * fc
    return out


def swath(rng: np.random.Generator, n: int, partial: float) -> NDArray[np.bool_]:
    """Return the pixels (n, n) inside the swath; with probability ``partial`` its slanting edge crosses the scene."""
    seen = np.ones((n, n), dtype=bool)
    if rng.random() < partial:
        rows, cols = np.mgrid[:n, :n]
        edge = rng.uniform(0.08, 0.9) * n + 0.24 * (rows - n / 2)
        seen = cols > edge if rng.random() < 0.5 else cols < n - edge
    return seen


def _bands(values: NDArray[np.float64]) -> NDArray[np.float32]:
    return values.astype(np.float32)[:, None, None]


def expose(
    rng: np.random.Generator,
    ground: NDArray[np.float32],
    fire: NDArray[np.float32] | None,
    sky: Sky,
    sun: Sun,
    day: date,
) -> tuple[NDArray[np.float32], NDArray[np.uint16]]:
    """Return (TOA reflectance, digital numbers), both (6, n, n), of a ground under a sky.

    Sunlight is darkened by cloud shadow, heat is not; thin cloud and air dim both. Heat is added in
    radiance, the detector clips radiance, and only then it becomes reflectance
    ``pi * L / (ESUN * cos(SZA) * U)`` and a rounded number, 0 being kept for "no data".

    Args:
        rng: source of noise.
        ground: surface reflectance (6, n, n).
        fire: emitted radiance (6, n, n), W m-2 sr-1 um-1, or None.
        sky: clouds and haze.
        sun: sun position.
        day: day, which decides on the processing baseline.
    """
    haze, clear = air(sky.aerosol, sun.cos_zenith)
    unit = _bands(ESUN * sun.cos_zenith * sun.u / math.pi)
    through = _bands(clear)
    opacity = sky.opacity
    light = 1 - (1 - _bands(SKYLIGHT)) * sky.shadow
    toa = (_bands(haze) + through * light * ground) * (1 - opacity) + _bands(CLOUD) * sky.texture * opacity
    radiance = toa * unit
    if fire is not None:
        radiance = radiance + fire * np.sqrt(through) * (1 - opacity)
    radiance = radiance + _bands(NOISE) * rng.standard_normal(radiance.shape, dtype=np.float32)
    toa = np.asarray(np.minimum(radiance, _bands(CEILING)) / unit, dtype=np.float32)
    offset = OFFSET if day >= OFFSET_FROM else 0
    return toa, np.clip(np.round(toa * 10000) + offset, 1, 65535).astype(np.uint16)
