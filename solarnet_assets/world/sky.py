"""Clouds, cirrus, haze, and the shadows that they cast; and a scene classification that errs as real ones do."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from solarnet_assets.world.rng import fractal
from solarnet_assets.world.sun import Sun

if TYPE_CHECKING:
    from numpy.typing import NDArray

OVERCAST = 0.97  # cover from which the whole scene is hidden


@dataclass(frozen=True)
class Sky:
    """What lies between the ground and the sensor.

    Attributes:
        depth: optical depth of cloud per pixel (rows, cols).
        shadow: share of direct sunlight that clouds take, per pixel, 0-1.
        texture: brightness factor of cloud tops per pixel.
        aerosol: aerosol optical depth of the pass.
    """

    depth: NDArray[np.float32]
    shadow: NDArray[np.float32]
    texture: NDArray[np.float32]
    aerosol: float

    @property
    def opacity(self) -> NDArray[np.float32]:
        """Share of the ground's light that does not reach the sensor, 0-1."""
        return 1 - np.exp(-self.depth)

    @property
    def cover(self) -> float:
        """Share of the scene under cloud that a careful eye would call cloud."""
        return float((self.depth > 0.2).mean())


def cloudiness(rng: np.random.Generator, day: date, lon: float, lat: float) -> float:
    """Draw the share of a scene under cloud: often clear, often overcast, with the wet south-west in winter."""
    winter = max(0.0, math.cos(2 * math.pi * (day.timetuple().tm_yday - 15) / 365))
    south_west = min(max((33 - lat) / 8, 0.0), 1.0) * min(max((116 - lon) / 10, 0.0), 1.0)
    overcast = 0.20 + 0.06 * (lat < 33) + 0.16 * winter * south_west
    clear = 0.46 - 0.14 * winter * south_west
    draw = rng.random()
    if draw < clear:
        return float(rng.choice([0.0, rng.uniform(0, 0.04)]))
    if draw < 1 - overcast:
        return float(rng.beta(0.9, 1.3) * 0.93)
    return float(rng.uniform(0.94, 1.0))


def make_sky(rng: np.random.Generator, n: int, gsd: float, sun: Sun, cover: float) -> Sky:
    """Draw the sky of one pass over an n x n scene.

    Args:
        rng: source of randomness.
        n: side, pixels.
        gsd: pixel size, m.
        sun: sun position.
        cover: share of the scene under cloud, 0-1.
    """
    depth = np.zeros((n, n), dtype=np.float32)
    shadow = np.zeros((n, n), dtype=np.float32)
    if cover > 0:
        field = fractal(rng, n, float(rng.uniform(1.3, 1.9)), float(rng.uniform(0.25, 1.0)))
        depth = np.maximum(field - np.quantile(field, 1 - min(cover, 1.0)), 0) * np.float32(rng.uniform(0.8, 6))
        if cover >= OVERCAST:
            depth = depth + np.float32(rng.uniform(1.0, 3.0))
        shift = rng.uniform(700, 2200) / max(math.tan(math.radians(sun.elevation)), 0.1) / gsd
        away = math.radians(sun.azimuth + 180)
        steps = (round(-shift * math.cos(away)), round(shift * math.sin(away)))
        shadow = np.roll(1 - np.exp(-1.2 * depth), steps, axis=(0, 1))
    if rng.random() < 0.16:
        veil = fractal(rng, n, 2.0)
        depth = depth + np.float32(rng.uniform(0.02, 0.16)) * np.clip(1 + 0.7 * veil, 0, None)
    texture = np.clip(1 + 0.09 * fractal(rng, n, 1.1), 0.6, 1.4)
    aerosol = float(np.exp(rng.normal(-1.5, 0.5)))
    return Sky(depth.astype(np.float32), shadow, texture.astype(np.float32), aerosol)


def classify(
    rng: np.random.Generator, sky: Sky, toa: NDArray[np.float32], seen: NDArray[np.bool_], snow: bool
) -> NDArray[np.uint8]:
    """Return a scene classification (codes of Sentinel-2 SCL) with the errors of the real one.

    Thin cloud is missed, cloud borders are ragged, shadows are found in part and dark water is taken for
    them, and in some passes bright roofs are called cloud.

    Args:
        rng: source of randomness.
        sky: the true sky.
        toa: TOA reflectance (6, rows, cols).
        seen: pixels inside the swath.
        snow: snow lies.
    """
    n = toa.shape[1]
    ragged = 0.25 * fractal(rng, n, 1.0)
    ndvi = (toa[3] - toa[2]) / np.maximum(toa[3] + toa[2], 1e-3)
    code = np.where(ndvi > 0.35, 4, 5).astype(np.uint8)
    code[(toa[3] < 0.08) & (ndvi < 0.05)] = 6
    code[(toa[3] < 0.10) & (ndvi >= 0.05)] = 2
    code[(ndvi < 0.12) & (toa[0] > 0.18)] = 7
    if snow:
        code[(toa[0] > 0.35) & (toa[4] < 0.2)] = 11
    code[(sky.shadow + ragged > 0.45) & (toa[3] < 0.2)] = 3
    sensed = sky.depth * (1 + ragged) - rng.uniform(0.0, 0.12)
    code[sensed > 0.17] = 10
    code[sensed > 0.45] = 8
    code[sensed > 0.95] = 9
    if rng.random() < 0.3:
        code[(toa[0] > 0.30) & (sky.depth < 0.1) & (ragged > 0.0)] = 8
    code[~seen] = 0
    return code
