"""Vehicles in one image: points with scores, and what hides the ground."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.imagery.device import decode_threads
from solarnet_assets.landing import BadInputError
from solarnet_assets.parking.ahead import ordered
from solarnet_assets.parking.model import WEIGHTS, engine
from solarnet_assets.parking.pixels import MAX_GSD, MIN_GSD, TARGET_GSD, normalise, resample, with_data

if TYPE_CHECKING:
    from solarnet_assets.imagery.infer import Engine

FLOOR = 0.1
"""Smallest score of a candidate; what lies below adds nothing to the count on held-out renders."""

MAX_CELLS = 16_000_000
"""Pixels of an image on the network's grid of 0.3 m: 1.4 km2, about 1 GiB while it is normalised."""

LEAST = 16
"""Smallest side of an image on that grid, pixels."""

COVERED = 0.5
"""Probability from which a cell counts as under trees, roofs or cloud."""


@dataclass(frozen=True)
class Detections:
    """What the network saw in an image.

    Attributes:
        points: (n, 2) x, y of candidates in pixels of the image as given, the outer edge of the first pixel at 0.
        scores: (n,) scores of the network, best first, all at least :data:`FLOOR`.
        canopy: (H, W) under trees or roofs, pixels of the image as given.
        cloud: (H, W) under cloud.
        data: (H, W) pixels that carry data.
    """

    points: NDArray[np.float64]
    scores: NDArray[np.float32]
    canopy: NDArray[np.bool_]
    cloud: NDArray[np.bool_]
    data: NDArray[np.bool_]

    @property
    def listed(self) -> NDArray[np.bool_]:
        """Which candidates are drawn and listed as vehicles: those above the model card's threshold, (n,)."""
        return self.scores >= float(WEIGHTS.card["threshold"])


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
class Sample:
    """An image as the network takes it.

    Attributes:
        planes: (C, h, w) float32 at 0.3 m, from :func:`solarnet_assets.parking.pixels.normalise`.
        shape: rows and columns of the image as it was given.
        data: (H, W) pixels as given that carry data.
    """

    planes: NDArray[np.float32]
    shape: tuple[int, int]
    data: NDArray[np.bool_]


def prepare(image: NDArray[np.uint8], gsd: float, device: str | None = None) -> Sample:
    """Return an image as the network takes it.

    Args:
        image: (H, W, 3) uint8 RGB.
        gsd: metres per pixel.
        device: where torch normalises it.

    Raises:
        BadInputError: a pixel size or an extent out of range.
    """
    check_gsd(gsd)
    check_extent(image.shape, gsd)
    data, small = with_data(image), resample(image, gsd)
    planes = normalise(small, gsd, data if small is image else None, device)
    return Sample(planes, (image.shape[0], image.shape[1]), data)


def detect(
    images: Iterable[tuple[NDArray[np.uint8], float]],
    device: str | None = None,
    threads: int | None = None,
    *,
    exact: bool = True,
) -> Iterator[Detections]:
    """Yield the candidates of each image.

    Args:
        images: (H, W, 3) uint8 RGB with metres per pixel; read lazily.
        device: see :func:`solarnet_assets.imagery.infer.load`.
        threads: that prepare images and read what the network says; those of the device when absent.
        exact: in float32, the same on every machine; else in the fastest arithmetic of a CPU.

    Raises:
        BadInputError: a pixel size or an extent out of range.
    """
    ready = engine(device)
    many, where = threads or decode_threads(ready.device), str(ready.device)
    samples = ordered(lambda pair: prepare(*pair, where), images, many)
    yield from ordered(lambda pair: read(*pair), answers(samples, ready, exact=exact), many)


def run(samples: Iterable[Sample], ready: Engine) -> Iterator[Detections]:
    """Yield the candidates of each sample, read lazily, by any network of this kind."""
    return (read(sample, output) for sample, output in answers(samples, ready, exact=True))


def answers(samples: Iterable[Sample], ready: Engine, *, exact: bool) -> Iterator[tuple[Sample, NDArray[np.float32]]]:
    """Yield each sample with what the network says of it, (K, h / 2, w / 2)."""
    seen: deque[Sample] = deque()

    def inputs() -> Iterator[NDArray[np.float32]]:
        for sample in samples:
            seen.append(sample)
            yield sample.planes

    for output in _outputs(inputs(), ready, exact=exact):
        yield seen.popleft(), output


def read(sample: Sample, output: NDArray[np.float32]) -> Detections:
    """Return the candidates that a network's answer holds."""
    from solarnet_assets.parking.network import STRIDE

    small = sample.planes.shape[1:]
    scale = np.array([sample.shape[1] / small[1], sample.shape[0] / small[0]])
    cells, scores = _peaks(output[0])
    canopy, cloud = (_spread(plane > COVERED, sample.shape) for plane in output[1:3])
    return Detections((cells + 0.5) * STRIDE * scale, scores, canopy, cloud, sample.data)


def _outputs(inputs: Iterable[NDArray[np.float32]], ready: Engine, *, exact: bool) -> Iterator[NDArray[np.float32]]:
    """Yield the network's probabilities of each input, in order.

    A CPU's fastest arithmetic is that in which scenes run: bfloat16 where it has it, three times as fast as float32;
    expected vehicles hardly move (docs/parking.md). A GPU runs lots in float32, many together.
    """
    from solarnet_assets.imagery.sink import ArraySink
    from solarnet_assets.imagery.source import ArraySource

    if exact or ready.device.type != "cpu":
        yield from ready.run(inputs)
        return
    sinks: list[ArraySink] = []

    def scenes() -> Iterator[tuple[ArraySource, ArraySink]]:
        for planes in inputs:
            sinks.append(ArraySink(np.float32))
            yield ArraySource(planes), sinks[-1]

    for job in ready.run_scenes(scenes()):
        if job.error is not None:
            raise job.error
        yield sinks.pop(0).array


def _peaks(heat: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    import torch

    from solarnet_assets.parking.network import peaks

    cells, scores = peaks(torch.from_numpy(np.ascontiguousarray(heat)), FLOOR)
    return cells.numpy().astype(np.float64).reshape(-1, 2), scores.numpy()


def _spread(mask: NDArray[np.bool_], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return a mask of cells on the pixels of the image, nearest."""
    rows = np.minimum((np.arange(shape[0]) * mask.shape[0]) // shape[0], mask.shape[0] - 1)
    columns = np.minimum((np.arange(shape[1]) * mask.shape[1]) // shape[1], mask.shape[1] - 1)
    return mask[np.ix_(rows, columns)]
