"""Smooth random fields that training renderers draw grounds, skies and outlines with. Training only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def noise(rng: np.random.Generator, side: int, cells: int) -> NDArray[np.float32]:
    """Return smooth noise, (side, side), about -1..1, with ``cells`` bumps along each side."""
    coarse = Image.fromarray(rng.normal(0, 0.6, (cells + 2, cells + 2)).astype(np.float32))
    return np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC))


def warp(ids: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return an identifier plane (side, side) whose outlines wave by up to a few pixels."""
    side = ids.shape[0]
    amount = rng.uniform(0.5, 4)
    y, x = np.mgrid[0:side, 0:side]
    dx, dy = (np.rint(noise(rng, side, 8) * amount).astype(int) for _ in range(2))
    return ids[np.clip(y + dy, 0, side - 1), np.clip(x + dx, 0, side - 1)]
