"""Images brought to the network's grid, within limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.landing import BadInputError
from solarnet_assets.parking.pixels import MAX_GSD, MIN_GSD, TARGET_GSD, normalise, resample, with_data

MAX_CELLS = 16_000_000
"""Pixels of an image on the network's grid of 0.3 m: 1.4 km2, about 1 GiB while it is normalised."""

LEAST = 16
"""Smallest side of an image on that grid, pixels."""


def check_gsd(gsd: float) -> None:
    """Refuse pixels on which vehicles cannot be told apart.

    Raises:
        BadInputError: a readable reason.
    """
    if not np.isfinite(gsd) or gsd > MAX_GSD:
        raise BadInputError(f"pixels of {gsd:.1f} m are too coarse to count vehicles; {MAX_GSD:.0f} m is the limit")
    if gsd < MIN_GSD:
        raise BadInputError(f"pixels of {gsd:.3f} m are finer than any image from above has; is the pixel size right?")


def check_extent(shape: tuple[int, ...], gsd: float) -> None:
    """Refuse an image that would fill the memory on the network's grid.

    Raises:
        BadInputError: a readable reason.
    """
    rows, columns = (round(n * gsd / TARGET_GSD) for n in shape[:2])
    if rows * columns > MAX_CELLS:
        raise BadInputError(
            f"the image shows {rows * columns * TARGET_GSD**2 / 1e6:.1f} km2, more than "
            f"{MAX_CELLS * TARGET_GSD**2 / 1e6:.1f} km2 at once: cut it around the lots"
        )
    if min(rows, columns) < LEAST:
        raise BadInputError(f"the image shows {rows} x {columns} pixels of {TARGET_GSD} m, fewer than {LEAST} a side")


@dataclass(frozen=True)
class Shrunk:
    """An image on the network's grid.

    Attributes:
        pixels: (h, w, 3) uint8 at 0.3 m.
        gsd: metres per pixel of the image as it was given.
        shape: rows and columns of the image as it was given.
        data: (H, W) pixels as given that carry data.
    """

    pixels: NDArray[np.uint8]
    gsd: float
    shape: tuple[int, int]
    data: NDArray[np.bool_]


@dataclass(frozen=True)
class Sample:
    """An image as the network takes it.

    Attributes:
        planes: (C, h, w) float32 at 0.3 m, from :func:`solarnet_assets.parking.pixels.normalise`.
        shape, data: see :class:`Shrunk`.
    """

    planes: NDArray[np.float32]
    shape: tuple[int, int]
    data: NDArray[np.bool_]


def shrunk(image: NDArray[np.uint8], gsd: float) -> Shrunk:
    """Return an image on the network's grid.

    Args:
        image: (H, W, 3) uint8 RGB.
        gsd: metres per pixel.

    Raises:
        BadInputError: a pixel size or an extent out of range.
    """
    check_gsd(gsd)
    check_extent(image.shape, gsd)
    return Shrunk(resample(image, gsd), gsd, (image.shape[0], image.shape[1]), with_data(image))


def normalised(one: Shrunk, device: str | None = None) -> Sample:
    """Return an image as the network takes it, worked out on ``device``."""
    data = one.data if one.pixels.shape[:2] == one.shape else None
    return Sample(normalise(one.pixels, one.gsd, data, device), one.shape, one.data)
