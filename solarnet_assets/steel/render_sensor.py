"""The sensor of the training renderer: point spread, registration, resampling, saturation, noise, and which bands.

Training only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from solarnet_assets.imagery.texture import noise
from solarnet_assets.steel.render_covers import BANDS

Array = NDArray[np.float32]

FINE = 4
"""Fine pixels along one pixel."""

VISIBLE = ("B02", "B03", "B04")

TCI_WHITE = 0.3558
"""Reflectance at which the true-colour image of Sentinel-2 saturates (level 255); other stretches vary about it."""

SETS: tuple[tuple[float, tuple[str, ...]], ...] = (
    (0.36, (*VISIBLE, "B8A", "B11", "B12")),
    (0.13, ("B8A", "B11", "B12")),
    (0.10, ("B09", "B11", "B12")),
    (0.22, (*VISIBLE, "B8A", "B12")),
    (0.05, ("B8A", "B12")),
    (0.03, ("B11", "B12")),
    (0.03, (*VISIBLE, "B11", "B12")),
    (0.05, (*VISIBLE, "B09", "B11", "B12")),
    (0.03, (*VISIBLE, "B12")),
    (0.02, ("B09", "B12")),
    (0.06, ()),
)
"""Share of chips and bands that are there; the last draws any subset."""


@dataclass(frozen=True)
class Look:
    """How a chip is seen.

    Attributes:
        bands: names of the bands that are there, B12 among them.
        gsd: pixel size, m.
        native: pixels that one native pixel of 2.2 and 1.6 um is wide (2: 20 m bands brought to 10 m).
        tci: visible bands are an 8-bit rendering.
    """

    bands: tuple[str, ...]
    gsd: float
    native: int
    tci: bool

    @property
    def metres(self) -> float:
        """Size of a fine pixel, m."""
        return self.gsd / FINE


def draw_look(rng: np.random.Generator, bands: tuple[str, ...] | None = None) -> Look:
    """Draw a sensor and its bands."""
    if bands is None:
        shares = np.array([share for share, _ in SETS])
        bands = SETS[rng.choice(len(SETS), p=shares / shares.sum())][1]
        if not bands:
            others = [name for name in BANDS[:6] if rng.random() < 0.5]
            bands = (*(others or ["B8A"]), "B12")
    gsd = float(rng.choice([10.0, 20.0, 30.0, 0.0], p=[0.2, 0.5, 0.2, 0.1])) or float(rng.uniform(12, 30))
    native = 2 if gsd < 15 else 1
    tci = "B11" not in bands and rng.random() < 0.6
    return Look(tuple(bands), gsd, native, tci or rng.random() < 0.08)


def average(fine: Array) -> Array:
    """Return the mean over pixels, (bands, H, W)."""
    bands, side, _ = fine.shape
    return np.asarray(fine.reshape(bands, side // FINE, FINE, side // FINE, FINE).mean((2, 4)), np.float32)


def expose(lit: Array, glow: Array, look: Look, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return reflectance (7, H, W) without noise and, of its last band, the part that is heat (H, W).

    At times up to 1.5 % of the heat strays over several pixels, as bright fires show; that part is no hot surface.
    """
    stray = rng.uniform(0, 0.015) if rng.random() < 0.3 and glow.any() else 0.0
    blur = rng.uniform(0.25, 0.55) * (10.0 if look.gsd < 15 else look.gsd) / look.metres
    shifts = _shifts(rng)
    side = lit.shape[1]
    seen = np.empty((7, side // FINE, side // FINE), np.float32)
    method, phase = int(rng.integers(3)), int(rng.integers(2))
    resampled = 0.0 if rng.random() < 0.75 else 1.0
    offset = rng.uniform(-0.5, 0.5, 2) * resampled
    far = _spread(side, 3.0 * FINE) if stray else None
    heat = np.zeros(seen.shape[1:], np.float32)
    for band in range(7):
        width = blur * (look.native if band >= 5 else 1) * (1.5 if band == 4 else 1)
        spread = _spread(side, width)
        rows, cols = (_to_pixels(spread, int(shift)) for shift in shifts[band])
        small = rows @ (lit[band] + glow[band]) @ cols.T
        if far is not None and band >= 5:
            small = small + np.float32(stray) * ((rows @ far) @ glow[band] @ (cols @ far).T)
        coarse = look.native if band >= 5 else round(60 / look.gsd) if band == 4 and look.gsd < 30 else 1
        seen[band] = _resample(_native(small, coarse, method, phase), offset, method)
        if band == 6 and glow.any():
            heat = _resample(_native(rows @ glow[6] @ cols.T, coarse, method, phase), offset, method)
    return seen, heat


@lru_cache(maxsize=8)
def _spread(side: int, width: float) -> Array:
    """Return the matrix (side, side) that blurs a line of fine pixels by a Gaussian of ``width`` fine pixels."""
    from scipy.ndimage import gaussian_filter1d

    return np.asarray(gaussian_filter1d(np.eye(side, dtype=np.float32), width, axis=0, truncate=3.0))


def _to_pixels(spread: Array, shift: int) -> Array:
    """Return the matrix (pixels, side) that moves a line by fine pixels, blurs it, and takes the mean over pixels."""
    side = len(spread)
    return np.roll(spread, -shift, axis=1).reshape(side // FINE, FINE, side).mean(1)


def _shifts(rng: np.random.Generator) -> NDArray[np.int64]:
    """Return each band's registration error, fine pixels (7, 2): mostly under a third of a pixel, at times more."""
    sd = rng.choice([0.12, 0.25, 0.6], p=[0.6, 0.3, 0.1]) * FINE
    return np.rint(rng.normal(0, sd, (7, 2))).astype(int)


def _native(small: Array, coarse: int, method: int, phase: int) -> Array:
    """Return a band whose native pixel is ``coarse`` pixels wide, brought back to the pixel size of the others."""
    if coarse == 1:
        return small
    side = small.shape[0]
    count = side // coarse
    moved = np.roll(small, phase, (0, 1))[: count * coarse, : count * coarse]
    native = moved.reshape(count, coarse, count, coarse).mean((1, 3))
    way = (Image.Resampling.NEAREST, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC)[method]
    large = np.asarray(Image.fromarray(native.astype(np.float32)).resize((count * coarse,) * 2, way))
    return np.roll(np.pad(large, (0, side - count * coarse), mode="edge"), -phase, (0, 1))


def _resample(plane: Array, offset: NDArray[np.float64], method: int) -> Array:
    """Return a band on a grid moved by a part of a pixel, as a reprojection makes it."""
    if not offset.any() or method == 0:
        return plane
    dy, dx = offset
    size = plane.shape
    way = Image.Resampling.BILINEAR if method == 1 else Image.Resampling.BICUBIC
    box = Image.fromarray(plane).transform(size[::-1], Image.Transform.AFFINE, (1, 0, dx, 0, 1, dy), way)
    return np.asarray(box)


def deliver(seen: Array, plain: Array, look: Look, rng: np.random.Generator) -> dict[str, Array]:
    """Return the bands of a product: gain, noise, saturation, rounding, swath edge, renderings.

    Args:
        seen: (7, H, W).
        plain: visible bands of the bare ground (3, H, W): another day's, in a mosaic.
        look: bands that are there.
        rng: source of chance.
    """
    gain = rng.uniform(0.85, 1.15) * np.exp(rng.normal(0, 0.03, 7))
    made = seen * gain.astype(np.float32)[:, None, None]
    if rng.random() < 0.1:
        made[:3] = plain * rng.uniform(0.7, 1.3) * np.exp(0.3 * noise(rng, plain.shape[1], 8))
    sd = rng.uniform(0.0002, 0.003) + rng.uniform(0, 0.015) * np.abs(made)
    made = made + rng.normal(0, 1, made.shape) * sd
    made = _saturate(made.astype(np.float32), rng)
    if rng.random() < 0.04:
        made += np.float32(rng.choice([-0.1, 0.1]))
    if look.tci:
        white = TCI_WHITE * np.exp(rng.normal(0, 0.2))
        made[:3] = np.clip(np.round(made[:3] * (255 / white)), 1, 255) / 255 * TCI_WHITE
    if rng.random() < 0.04:
        made[:, _wedge(rng, made.shape[1])] = np.nan
    return {name: made[BANDS.index(name)] for name in look.bands}


def _saturate(made: Array, rng: np.random.Generator) -> Array:
    """Clip each band at its own limit; at times the counter runs over and very hot pixels turn dark.

    Running over: Landsat 8 at 2.2 and 1.6 um (Schroeder et al. 2016, doi:10.1016/j.rse.2015.08.032).
    """
    limit = np.exp(rng.uniform(np.log(0.9), np.log(3.0), 7)).astype(np.float32)[:, None, None]
    if rng.random() < 0.06:
        over = made[5:] > limit[5:]
        made[5:] = np.where(over, rng.uniform(0.0, 0.15), made[5:])
    return np.minimum(made, limit)


def _wedge(rng: np.random.Generator, side: int) -> NDArray[np.bool_]:
    y, x = np.mgrid[0:side, 0:side]
    angle = rng.uniform(0, 2 * np.pi)
    return np.asarray((x - side / 2) * np.cos(angle) + (y - side / 2) * np.sin(angle) > rng.uniform(0.1, 0.5) * side)
