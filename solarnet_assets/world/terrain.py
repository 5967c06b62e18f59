"""Fixed geography of a place: what covers each pixel, from fields and town blocks to water and roads."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from solarnet_assets.world.rng import fractal, generator
from solarnet_assets.world.spectra import COVERS

if TYPE_CHECKING:
    from numpy.typing import NDArray

INDEX = {name: index for index, name in enumerate(COVERS)}
TABLE = 4096  # size of the hash tables that give parcels their draw


def axes(n: int, metres: float, angle: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return coordinates (u, v) in metres from the centre, turned by ``angle`` radians, for an n x n raster."""
    line = ((np.arange(n, dtype=np.float32) + 0.5) - n / 2) * np.float32(metres)
    x, y = line[None, :], -line[:, None]
    c, s = np.float32(math.cos(angle)), np.float32(math.sin(angle))
    return c * x + s * y, c * y - s * x


def parcels(
    u: NDArray[np.float32], v: NDArray[np.float32], width: float, depth: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return a parcel number (0..TABLE-1) per pixel: strips of irregular width, cut at irregular lengths."""
    row = np.floor(v / np.float32(depth)).astype(np.int64)
    lengths = rng.uniform(0.55, 1.8, TABLE) * width
    shift = rng.uniform(0, 1, TABLE) * width
    slot = row & (TABLE - 1)
    column = np.floor((u + shift[slot]) / lengths[slot]).astype(np.int64)
    return (row * 7919 + column * 104729 + 12289) & (TABLE - 1)


def _draw(rng: np.random.Generator, shares: dict[str, float]) -> NDArray[np.uint8]:
    codes = np.array([INDEX[name] for name in shares], dtype=np.uint8)
    weight = np.array(list(shares.values()))
    return rng.choice(codes, TABLE, p=weight / weight.sum())


def _waters(cover: NDArray[np.uint8], rng: np.random.Generator, metres: float, share: float) -> None:
    """Draw a winding river or canal, and ponds, into the cover map."""
    n = cover.shape[0]
    u, v = axes(n, metres, float(rng.uniform(0, math.pi)))
    offset = float(rng.choice([-1, 1]) * rng.uniform(0.33, 0.48) * n * metres)
    bends = 60 * np.sin(u / rng.uniform(200, 420) + rng.uniform(0, 6)) + 25 * np.sin(u / rng.uniform(70, 120))
    cover[np.abs(v - offset - bends) < rng.uniform(12, 25 + 420 * share)] = INDEX["water"]
    ponds = fractal(rng, n, 1.9, 0.15)
    cover[ponds > np.quantile(ponds, 1 - 0.3 * share)] = INDEX["water"]


def _roads(cover: NDArray[np.uint8], rng: np.random.Generator, metres: float, count: int) -> None:
    n = cover.shape[0]
    turn = float(rng.uniform(0, math.pi))
    for index in range(count):
        _, v = axes(n, metres, turn + (math.pi / 2) * (index % 2) + float(rng.normal(0, 0.06)))
        offset = float(rng.uniform(-0.48, 0.48) * n * metres)
        cover[np.abs(v - offset) < rng.uniform(4, 11)] = INDEX["asphalt"]


def countryside(
    key: tuple[object, ...], n: int, metres: float, town: float, water: float, greenhouses: float = 0.02
) -> NDArray[np.uint8]:
    """Return cover codes (n, n) of farmland, villages, water and roads.

    Args:
        key: names the place; same key, same land.
        n: side, pixels.
        metres: pixel size.
        town: share of built-up land, 0-1.
        water: share of water, 0-0.5.
        greenhouses: share of field parcels under plastic.
    """
    rng = generator(*key, "land")
    bends = fractal(rng, n, 2.2) * np.float32(25)
    u, v = axes(n, metres, float(rng.uniform(0, math.pi)))
    fields = _draw(rng, {"wheat": 0.45, "fallow": 0.38, "trees": 0.1, "grass": 0.07, "greenhouse": greenhouses})
    cover = fields[parcels(u + bends, v + bends, float(rng.uniform(90, 220)), float(rng.uniform(35, 80)), rng)]
    woods = fractal(rng, n, 1.7, 0.5)
    cover[woods > np.quantile(woods, 0.9)] = INDEX["trees"]
    cover[woods < np.quantile(woods, 0.04)] = INDEX["grass"]
    blocks = {
        "town": 0.6,
        "bright_roof": 0.09,
        "blue_roof": 0.08,
        "dark_roof": 0.08,
        "asphalt": 0.06,
        "trees": 0.06,
        "grass": 0.03,
    }
    built = _draw(rng, blocks)[parcels(u, v, 48.0, 26.0, rng)]
    where = fractal(rng, n, 2.0, 0.4)
    inside = where > np.quantile(where, 1 - town)
    cover[inside] = built[inside]
    _waters(cover, rng, metres, water)
    _roads(cover, rng, metres, 2 + round(6 * town))
    return cover


def abundance(cover: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the share of each cover (covers, n/2, n/2) in the pixels twice as large."""
    half = cover.shape[0] // 2
    hot = cover[None] == np.arange(len(COVERS), dtype=np.uint8)[:, None, None]
    return np.asarray(hot.reshape(len(COVERS), half, 2, half, 2).mean(axis=(2, 4), dtype=np.float32))


def brightness(key: tuple[object, ...], cover: NDArray[np.uint8], metres: float) -> NDArray[np.float32]:
    """Return a fixed brightness factor (n/2, n/2) about 1: parcels differ, and each has a grain."""
    n = cover.shape[0]
    rng = generator(*key, "brightness")
    u, v = axes(n, metres, float(rng.uniform(0, math.pi)))
    level = rng.normal(0, 0.09, TABLE).astype(np.float32)[parcels(u, v, 110.0, 60.0, rng)]
    field = 1 + level + 0.07 * fractal(rng, n, 0.5) + 0.05 * fractal(rng, n, 1.7)
    half = n // 2
    return np.asarray(np.clip(field, 0.6, 1.6).reshape(half, 2, half, 2).mean(axis=(1, 3)), dtype=np.float32)
