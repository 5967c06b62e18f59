"""Air for the training renderer: path radiance, water vapour, smoke, clouds that move between bands. Training only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.imagery.texture import noise
from solarnet_assets.steel.render_heat import WAVELENGTH

Array = NDArray[np.float32]

DELAY = np.array([0.0, 0.2, 0.4, 0.75, 1.0, 0.55, 0.85])
"""When bands look at a place, in parts of the 2.6 s between the first and the last (order of Sentinel-2's filters:
B02 B08 B03 B10 B04 B05 B11 B06 B07 B8A B12 B01 B09; Sentinel-2 user handbook)."""

_RAYLEIGH = np.array([0.066, 0.038, 0.019, 0.007, 0.004, 0.001, 0.0])
_WATER_CLOUD = np.array([0.62, 0.60, 0.59, 0.62, 0.50, 0.45, 0.32])
_ICE_CLOUD = np.array([0.55, 0.54, 0.53, 0.54, 0.42, 0.22, 0.17])


def _columns(values: NDArray[np.float64]) -> Array:
    return values.astype(np.float32)[:, None, None]


def air(rng: np.random.Generator, side: int) -> tuple[Array, Array]:
    """Return path reflectance and transmittance, (7, side, side) or (7, 1, 1): surface product, clear, or hazy air.

    B09 lies in water vapour: it loses a part that differs from scene to scene and a little within one.
    """
    vapour = 1.0 if rng.random() < 0.35 else rng.uniform(0.25, 0.95)
    through = np.ones(7)
    through[4] = vapour
    if rng.random() < 0.35:
        return np.zeros((7, 1, 1), np.float32), _columns(through)
    thickness = rng.uniform(0, 0.6) if rng.random() < 0.8 else rng.uniform(0.6, 2.0)
    depth = thickness * (WAVELENGTH / 0.55) ** -rng.uniform(0.6, 1.8)
    path = _RAYLEIGH * rng.uniform(0.7, 1.5) + rng.uniform(0.08, 0.2) * (1 - np.exp(-depth))
    through = through * np.exp(-0.35 * depth) * np.array([0.88, 0.91, 0.94, 0.97, 1.0, 0.97, 0.95])
    field = np.clip(1 + 0.4 * noise(rng, side, 3), 0.2, 2)
    return _columns(path) * field, _columns(through)


def smoke(rng: np.random.Generator, side: int, places: NDArray[np.int64]) -> tuple[Array, Array]:
    """Return reflectance and transmittance (7, side, side) of plumes that start at some of the given places.

    Fine smoke: optical depth falls with the wavelength to a power of 1.5 to 2.6, so that 2.2 um looks through.
    """
    y, x = np.mgrid[0:side, 0:side].astype(np.float32)
    wind = rng.uniform(0, 2 * np.pi)
    density = np.zeros((side, side), np.float32)
    for _ in range(int(rng.integers(1, 4))):
        row, col = places[rng.integers(len(places))]
        along = (x - col) * np.cos(wind) + (y - row) * np.sin(wind)
        across = (y - row) * np.cos(wind) - (x - col) * np.sin(wind)
        width = rng.uniform(2, 8) + rng.uniform(0.1, 0.5) * np.maximum(along, 0)
        density += np.where(along > -3, np.exp(-((across / width) ** 2)) * rng.uniform(0.4, 1), 0) * 8 / (4 + width)
    density *= np.clip(1 + 0.8 * noise(rng, side, 14), 0, 3)
    depth = rng.uniform(0.3, 4) * (WAVELENGTH / 0.55) ** -rng.uniform(1.5, 2.6)
    thickness = _columns(depth) * density / np.float32(max(float(density.max()), 1e-3))
    through = np.exp(-thickness).astype(np.float32)
    return np.float32(rng.uniform(0.2, 0.45)) * (1 - through), through


def clouds(rng: np.random.Generator, side: int, metres: float) -> tuple[Array, Array, Array] | None:
    """Return opacity (7, side, side) with each band's own place, brightness (7, 1, 1) and shadow (1, side, side).

    Height and wind move a cloud by up to 200 m between the first and the last band.
    """
    if rng.random() > 0.3:
        return None
    reach = int(200 / metres) + 2
    large = side + 2 * reach
    cells = int(np.exp(rng.uniform(np.log(3), np.log(24))))
    field = noise(rng, large, cells) + 0.35 * noise(rng, large, cells * 4) + rng.uniform(-1.3, 0.1)
    cover = np.clip(field * np.exp(rng.uniform(-0.7, 2.2)), 0, 1) * rng.uniform(0.3, 1)
    angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(0, 200) / metres
    opacity = np.empty((7, side, side), np.float32)
    for band, delay in enumerate(DELAY):
        dy, dx = (round(float(v * length * (delay - 0.5))) for v in (np.sin(angle), np.cos(angle)))
        opacity[band] = cover[reach + dy : reach + dy + side, reach + dx : reach + dx + side]
    colour = _ICE_CLOUD if rng.random() < 0.3 else _WATER_CLOUD
    bright = colour * rng.uniform(0.6, 1.5) * np.exp(rng.normal(0, 0.05, 7))
    away = rng.integers(-reach, reach + 1, 2)
    shade = cover[reach + away[0] : reach + away[0] + side, reach + away[1] : reach + away[1] + side]
    return opacity, _columns(np.clip(bright, 0, 1.1)), shade[None] * np.float32(rng.uniform(0.2, 0.8))
