"""Vehicles in one image: points with scores, and what hides the ground."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, tee
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.imagery.device import decode_threads
from solarnet_assets.parking.ahead import ordered
from solarnet_assets.parking.model import WEIGHTS, engine
from solarnet_assets.parking.samples import Sample, Shrunk, normalised, shrunk

if TYPE_CHECKING:
    from solarnet_assets.imagery.infer import Engine

FLOOR = 0.1
"""Smallest score of a candidate; what lies below adds nothing to the count on held-out renders."""

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
    many = threads or decode_threads(ready.device)
    if ready.device.type == "cuda":
        yield from _together(images, ready, many)
        return
    samples = ordered(lambda pair: normalised(shrunk(*pair)), images, many)
    yield from ordered(lambda pair: read(*pair), answers(samples, ready, exact=exact), many)


def _together(images: Iterable[tuple[NDArray[np.uint8], float]], ready: Engine, threads: int) -> Iterator[Detections]:
    """Yield the candidates of images that a GPU works on many at a time; large ones run by tiles, one by one."""
    from solarnet_assets.parking import together

    given = ordered(lambda pair: shrunk(*pair), images, threads)
    for large, group in groupby(given, lambda one: max(one.pixels.shape) > ready.tile):
        if large:
            yield from run((normalised(one, str(ready.device)) for one in group), ready)
            continue
        kept, asked = tee(group)
        found = together.answers(((one.pixels, one.gsd) for one in asked), ready, FLOOR, COVERED)
        for answer, one in zip(found, kept, strict=False):
            yield _detections(answer.cells, answer.scores, answer.covers, one.pixels.shape[:2], one)


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
    cells, scores = _peaks(output[0])
    return _detections(cells, scores, output[1:3] > COVERED, sample.planes.shape[1:], sample)


def _detections(
    cells: NDArray[np.float64],
    scores: NDArray[np.float32],
    covers: NDArray[np.bool_],
    small: tuple[int, ...],
    given: Sample | Shrunk,
) -> Detections:
    """Return candidates and covers on the pixels of the image as it was given."""
    from solarnet_assets.parking.network import STRIDE

    scale = np.array([given.shape[1] / small[1], given.shape[0] / small[0]])
    canopy, cloud = (_spread(mask, given.shape) for mask in covers)
    return Detections((cells + 0.5) * STRIDE * scale, scores, canopy, cloud, given.data)


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
