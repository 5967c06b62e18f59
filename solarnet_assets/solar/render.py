"""Multi-band 10 m scenes with solar farms for training, drawn at 5 m and then seen by a sensor.

Domain randomisation (Tobin et al. 2017, arXiv 1703.06907): landscapes, seasons, array geometry, row
spacing, glint, haze, terrain, clouds and noise vary more than any one place does, and whatever looks
like a farm in outline (ponds, greenhouses, ploughed fields, car parks, coal yards, dark roofs) occurs
as often as farms. This renderer trains the network and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from solarnet_assets.imagery.texture import noise, warp
from solarnet_assets.solar import land
from solarnet_assets.solar.farms import Farm, draw_farms

CHIP = 128
"""Pixels of a side of a training chip, 1.28 km at 10 m."""

FINE = 2
"""Fine pixels along one 10 m pixel."""

Array = NDArray[np.float32]


@dataclass(frozen=True)
class SolarChip:
    """A rendered chip.

    Attributes:
        reflectance: (6, H, W) float32, bands B02 B03 B04 B08 B11 B12 at 10 m.
        share: (H, W) float32, share of the pixel inside an array.
        cloud: (H, W) float32, opacity of cloud.
    """

    reflectance: Array
    share: Array
    cloud: Array


def render(rng: np.random.Generator, size: int = CHIP, filled: bool = False) -> SolarChip:
    """Draw one chip of ``size`` x ``size`` pixels of 10 m; ``filled``: as many farms a km2 at any size."""
    side = size * FINE
    plane = Image.new("L", (side, side), 0)
    table: list[NDArray[np.float64]] = []
    land.draw_land(plane, table, rng)
    farms = draw_farms(plane, table, rng, max(1, size // CHIP) ** 2 if filled else 1)
    ids = np.asarray(plane)
    if rng.random() < 0.5:
        ids = warp(ids, rng)
    scene = np.array(table, np.float32)[ids]
    scene *= _grain(rng, side)[..., None]
    inside = np.zeros((side, side), np.float32)
    for farm in farms:
        where = np.nonzero(ids == farm.ident)
        inside = np.maximum(inside, _with_lanes(ids == farm.ident))
        _lay_panels(scene, where, farm, rng)
    scene *= _relief(rng, side)[..., None]
    return _observe(scene, inside, rng, size)


def _with_lanes(blocks: NDArray[np.bool_]) -> Array:
    """Return a farm's ground: its blocks and the lanes of up to a pixel between them, which the sensor cannot part."""
    from scipy.ndimage import binary_closing

    lanes = binary_closing(np.pad(blocks, FINE, mode="edge"), np.ones((FINE + 1, FINE + 1), bool))
    return lanes[FINE:-FINE, FINE:-FINE].astype(np.float32)


def _grain(rng: np.random.Generator, side: int) -> Array:
    field = noise(rng, side, 6) * rng.uniform(0, 0.15) + noise(rng, side, 40) * rng.uniform(0, 0.15)
    return np.exp(field + rng.normal(0, rng.uniform(0.01, 0.08), (side, side))).astype(np.float32)


def _relief(rng: np.random.Generator, side: int) -> Array:
    field = noise(rng, side, 3) * rng.uniform(0, 0.12)
    if rng.random() < 0.2:
        slope = noise(rng, side, int(rng.integers(5, 14)))
        field = field + np.gradient(slope, axis=int(rng.integers(2))) * rng.uniform(1, 8)
    return np.clip(np.exp(field), 0.3, 1.8).astype(np.float32)


def _lay_panels(scene: Array, where: tuple[NDArray[np.int64], ...], farm: Farm, rng: np.random.Generator) -> None:
    """Mix panels into the ground of one block: rows at their spacing, with shadow between them."""
    y, x = where
    phase = (x * np.cos(farm.heading) + y * np.sin(farm.heading)) * (10.0 / FINE) / farm.pitch
    wave = 0.5 + 0.5 * np.cos(2 * np.pi * phase)
    fill = np.clip(farm.fill * (1 + farm.stripes * (wave - 0.5)), 0.15, 0.97)[:, None].astype(np.float32)
    ground = scene[where] * np.float32(farm.shadow)
    panels = farm.panels.astype(np.float32) * np.exp(rng.normal(0, 0.03, (len(x), 1))).astype(np.float32)
    scene[where] = fill * (panels + np.float32(farm.glint)) + (1 - fill) * ground


def _observe(scene: Array, inside: Array, rng: np.random.Generator, size: int) -> SolarChip:
    from scipy import ndimage

    side = scene.shape[0]
    seen = ndimage.gaussian_filter(scene, (rng.uniform(0.4, 1.3),) * 2 + (0,))
    seen = seen.reshape(size, FINE, size, FINE, 6).mean((1, 3)).transpose(2, 0, 1)
    share = inside.reshape(size, FINE, size, FINE).mean((1, 3))
    for band in (4, 5):
        seen[band] = _coarse(seen[band], int(rng.integers(2)))
    cloud, shade = _clouds(rng, side // FINE)
    gain = rng.uniform(0.75, 1.15) * np.exp(rng.normal(0, 0.03, 6))
    seen = seen * gain[:, None, None] * (1 - shade)
    seen = _haze(seen, rng)
    seen = seen * (1 - cloud) + cloud * rng.uniform(0.35, 0.8) * np.array([1, 1, 1, 1.02, 0.8, 0.6])[:, None, None]
    seen = seen + rng.normal(0, 1, seen.shape) * (rng.uniform(0.0003, 0.004) + rng.uniform(0, 0.02) * seen)
    return SolarChip(seen.astype(np.float32), share.astype(np.float32), cloud.astype(np.float32))


def _coarse(band: Array, offset: int) -> Array:
    """Return a 20 m band brought to 10 m, as B11 and B12 are."""
    side = band.shape[0]
    rolled = np.roll(band, offset, (0, 1))
    small = rolled.reshape(side // 2, 2, side // 2, 2).mean((1, 3))
    way = (Image.Resampling.NEAREST, Image.Resampling.BILINEAR)[offset]
    return np.roll(np.asarray(Image.fromarray(small.astype(np.float32)).resize((side, side), way)), -offset, (0, 1))


def _haze(seen: Array, rng: np.random.Generator) -> Array:
    """Add path radiance: none (surface product), Rayleigh (top of atmosphere), or aerosol on top."""
    if rng.random() < 0.4:
        return seen
    size = seen.shape[1]
    rayleigh = np.array([0.065, 0.038, 0.022, 0.007, 0.001, 0.0]) * rng.uniform(0.6, 1.4)
    thickness = rng.random() ** 1.5
    dust = np.array([1.0, 0.85, 0.72, 0.5, 0.2, 0.12]) * rng.uniform(0.03, 0.11) * thickness
    field = np.clip(1 + 0.5 * noise(rng, size, 3), 0, 2)
    return seen * (1 - rng.uniform(0.1, 0.3) * thickness) + rayleigh[:, None, None] + dust[:, None, None] * field


def _clouds(rng: np.random.Generator, size: int) -> tuple[Array, Array]:
    if rng.random() > 0.25:
        return np.zeros((size, size), np.float32), np.zeros((size, size), np.float32)
    field = noise(rng, size, 3) + 0.4 * noise(rng, size, 10) + rng.uniform(-1.0, 0.2)
    cloud = np.clip(field * rng.uniform(1, 4), 0, 1)
    dx, dy = rng.integers(-25, 26, 2)
    shade = np.roll(cloud, (int(dy), int(dx)), (0, 1)) * rng.uniform(0.2, 0.6)
    return np.asarray(cloud, np.float32), np.asarray(shade, np.float32)
