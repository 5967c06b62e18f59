"""Smooth random fields for drawn scenes. Training only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], cells: int) -> NDArray[np.float32]:
    """Return smooth noise, (H, W), about -1..1, with ``cells`` bumps along each side."""
    coarse = Image.fromarray(rng.normal(0, 0.6, (cells + 2, cells + 2)).astype(np.float32))
    return np.asarray(coarse.resize((shape[1], shape[0]), Image.Resampling.BICUBIC))
