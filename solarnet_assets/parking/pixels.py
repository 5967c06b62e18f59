"""Pixels as the network wants them: 0.3 m, wrap-around mended, contrast made alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TARGET_GSD = 0.3
MIN_GSD, MAX_GSD = 0.05, 1.0
"""A car of 1.8 m is less than two pixels wide above 1 m: it cannot be counted there."""

WRAP_STEP = 110
"""Digital numbers by which an enclosed dark dot lies under its bright surround before it is taken for wrap-around."""


def mend_wraparound(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Fill black dots inside white glints, as 8-bit overflow leaves them.

    A grey closing by 3x3 fills dark spots up to two pixels wide; only those much darker than their
    surround are replaced, channel by channel.

    Args:
        image: (H, W, 3) uint8.
    """
    from scipy import ndimage

    closed = ndimage.minimum_filter(ndimage.maximum_filter(image, (3, 3, 1)), (3, 3, 1))
    wrapped = closed.astype(np.int16) - image > WRAP_STEP
    return np.where(wrapped, np.uint8(255), image)


def with_data(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return the pixels that carry data, (H, W): all but black patches of at least 5 x 5 pixels."""
    from scipy import ndimage

    black = (image == 0).all(axis=2)
    if not black.any():
        return np.ones(black.shape, bool)
    return ~ndimage.binary_opening(black, np.ones((5, 5), bool))


def normalise(
    image: NDArray[np.uint8], valid: NDArray[np.bool_] | None = None, stretch: float = 1.0, shift: float = 0.0
) -> NDArray[np.float32]:
    """Return the image with its own median at zero and its own spread at one, bright tails compressed.

    Very dark renderings, colour casts and haze differ by an offset and a gain per channel; both are
    taken out with the median of each channel and the 5-95 % range of the brightness. The inverse
    hyperbolic sine keeps glints from drowning the rest (as in Lupton et al. 2004, PASP 116:133).

    Args:
        image: (H, W, 3) uint8.
        valid: (H, W) pixels that carry data; from :func:`with_data` when absent.
        stretch: factor by which the spread is taken to be larger, as if the image showed other surroundings; for
            training.
        shift: amount by which the middle is taken to be off, likewise.

    Returns:
        (3, H, W) float32, about -3 .. 3.
    """
    mended = mend_wraparound(image).astype(np.float32)
    valid = with_data(image) if valid is None else valid
    sample = mended[::2, ::2] if valid.all() else mended[valid]
    sample = sample.reshape(-1, 3)
    if not len(sample):
        return np.zeros((3, *image.shape[:2]), np.float32)
    low, high = np.percentile(sample.mean(1), [5, 95])
    spread = max(float(high - low) / 2, 3.0)
    scaled = np.arcsinh(1.5 * (mended - np.median(sample, axis=0)) / (spread * stretch) + shift)
    scaled[~valid] = 0.0
    return np.ascontiguousarray(scaled.transpose(2, 0, 1), np.float32)


def resample(image: NDArray[np.uint8], gsd: float, target: float = TARGET_GSD) -> NDArray[np.uint8]:
    """Return the image at the target ground sampling distance.

    Args:
        image: (H, W, 3) uint8.
        gsd: metres per pixel of the input.
        target: metres per pixel asked for.
    """
    from PIL import Image

    if abs(gsd / target - 1) < 0.03:
        return image
    size = (max(1, round(image.shape[1] * gsd / target)), max(1, round(image.shape[0] * gsd / target)))
    way = Image.Resampling.BOX if gsd < 0.6 * target else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(image).resize(size, way))
