"""Vehicles in one image: points with scores, and what hides the ground."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.landing import BadInputError
from solarnet_assets.parking.model import WEIGHTS, engine
from solarnet_assets.parking.pixels import MAX_GSD, MIN_GSD, normalise, resample, with_data

COVERED = 0.5
"""Probability from which a cell counts as under trees, roofs or cloud."""


@dataclass(frozen=True)
class Detections:
    """What the network saw in an image.

    Attributes:
        points: (n, 2) x, y of vehicle centres in pixels of the image as given, the outer edge of the first pixel at 0.
        scores: (n,) probabilities, best first.
        canopy: (H, W) under trees or roofs, pixels of the image as given.
        cloud: (H, W) under cloud.
        data: (H, W) pixels that carry data.
    """

    points: NDArray[np.float64]
    scores: NDArray[np.float32]
    canopy: NDArray[np.bool_]
    cloud: NDArray[np.bool_]
    data: NDArray[np.bool_]


def check_gsd(gsd: float) -> None:
    """Refuse pixels on which vehicles cannot be told apart.

    Raises:
        BadInputError: a readable reason.
    """
    if gsd > MAX_GSD:
        raise BadInputError(f"pixels of {gsd:.1f} m are too coarse to count vehicles; {MAX_GSD:.0f} m is the limit")
    if gsd < MIN_GSD:
        raise BadInputError(f"pixels of {gsd:.3f} m are finer than any image from above has; is the pixel size right?")


def detect(
    images: Iterable[tuple[NDArray[np.uint8], float]], threshold: float | None = None, device: str | None = None
) -> Iterator[Detections]:
    """Yield the vehicles of each image.

    Args:
        images: (H, W, 3) uint8 RGB with metres per pixel; read lazily.
        threshold: smallest score; the model card's when absent.
        device: see :func:`solarnet_assets.imagery.infer.load`.

    Raises:
        BadInputError: a pixel size out of range.
    """
    from solarnet_assets.parking.network import STRIDE

    limit = float(WEIGHTS.card["threshold"]) if threshold is None else threshold
    seen: list[tuple[tuple[int, int], tuple[int, int], NDArray[np.bool_]]] = []

    def inputs() -> Iterator[NDArray[np.float32]]:
        for image, gsd in images:
            check_gsd(gsd)
            small = resample(image, gsd)
            seen.append((image.shape[:2], small.shape[:2], with_data(image)))
            yield normalise(small)

    for output in engine(device).run(inputs()):
        full, small, data = seen.pop(0)
        scale = np.array([full[1] / small[1], full[0] / small[0]])
        cells, scores = _peaks(output[0], limit)
        canopy, cloud = (_spread(plane > COVERED, full) for plane in output[1:])
        yield Detections((cells + 0.5) * STRIDE * scale, scores, canopy, cloud, data)


def _peaks(heat: NDArray[np.float32], threshold: float) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    import torch

    from solarnet_assets.parking.network import peaks

    cells, scores = peaks(torch.from_numpy(np.ascontiguousarray(heat)), threshold)
    return cells.numpy().astype(np.float64).reshape(-1, 2), scores.numpy()


def _spread(mask: NDArray[np.bool_], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return a mask of cells on the pixels of the image, nearest."""
    rows = np.minimum((np.arange(shape[0]) * mask.shape[0]) // shape[0], mask.shape[0] - 1)
    columns = np.minimum((np.arange(shape[1]) * mask.shape[1]) // shape[1], mask.shape[1] - 1)
    return mask[np.ix_(rows, columns)]
