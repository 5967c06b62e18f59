"""Pixels as the network wants them: 0.3 m, wrap-around mended, contrast made alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TARGET_GSD = 0.3
MIN_GSD, MAX_GSD = 0.05, 1.0
"""A car of 1.8 m is less than two pixels wide above 1 m: it cannot be counted there."""


def with_data(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return the pixels that carry data, (H, W): all but black patches of at least 5 x 5 pixels."""
    black = (image[..., 0] | image[..., 1] | image[..., 2]) == 0
    if not black.any():
        return np.ones(black.shape, bool)
    import torch

    from solarnet_assets.parking.tones import opened

    patches = opened(torch.from_numpy(black.astype(np.float32))[None, None])
    return np.asarray(patches[0, 0].numpy() < 0.5)


def normalise(
    image: NDArray[np.uint8],
    gsd: float = TARGET_GSD,
    valid: NDArray[np.bool_] | None = None,
    device: str | None = None,
) -> NDArray[np.float32]:
    """Return the network's input, see :func:`solarnet_assets.parking.tones.normalise`.

    Args:
        image: (H, W, 3) uint8 at 0.3 m.
        gsd: metres per pixel of the image before it was resampled.
        valid: (H, W) pixels that carry data; from :func:`with_data` when absent.
        device: where torch works; the CPU when absent.

    Returns:
        (5, H, W) float32.
    """
    import torch

    from solarnet_assets.parking import tones

    valid = with_data(image) if valid is None else valid
    pixels = torch.from_numpy(np.array(image)).to(device).permute(2, 0, 1)[None].float().contiguous()
    known = torch.from_numpy(np.array(valid))[None].to(device)
    return tones.normalise(pixels, torch.tensor([float(gsd)], device=device), known)[0].cpu().numpy()


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
