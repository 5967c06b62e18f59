"""Clouds and shadows: from a product's scene classification (SCL), else by a brightness rule."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

SCL_SHADOW = (3,)
SCL_CLOUD = (8, 9, 10)
"""Cloud of medium and high probability, and thin cirrus (Sentinel-2 L2A scene classification)."""

BRIGHT_GREEN = 0.39
GREENISH = 0.175
"""Braaten, Cohen & Yang 2015 (Remote Sens. Environ. 169:128), as Sentinel Hub's script has it for Sentinel-2."""


def clouded(scl: NDArray[np.integer], dilate: int = 0) -> Mask:
    """Return the pixels that the SCL calls cloud, cirrus or cloud shadow.

    Args:
        scl: classes 0..11, (rows, columns).
        dilate: grow by this many pixels, because cloud edges are thin cloud.
    """
    mask = np.isin(scl, SCL_CLOUD + SCL_SHADOW)
    return grow(mask, dilate)


def bright_clouds(reflectance: Mapping[str, NDArray[np.float32]]) -> Mask | None:
    """Return clouds by brightness in the visible, or None where green or red is missing.

    A pixel is cloud if green > 0.39, or green > 0.175 and green above red. Bare bright roofs pass for cloud: use it
    where no SCL is at hand.
    """
    green, red = reflectance.get("B03"), reflectance.get("B04")
    if green is None or red is None:
        return None
    return (green > BRIGHT_GREEN) | ((green > GREENISH) & (green > red))


def grow(mask: Mask, pixels: int) -> Mask:
    """Return a mask grown by a square of ``2 * pixels + 1``."""
    if pixels <= 0 or not mask.any():
        return mask
    from scipy.ndimage import maximum_filter

    return np.asarray(maximum_filter(mask, size=2 * pixels + 1, mode="constant"))


def share(part: Mask, whole: Mask) -> float:
    """Return the share of ``whole`` that ``part`` covers; 0 where ``whole`` is empty."""
    count = int(np.count_nonzero(whole))
    return float(np.count_nonzero(part & whole)) / count if count else 0.0
