"""Vehicles in many images at once, for a GPU: levels, network and peaks of a whole batch in one go.

One by one the host would ask the GPU for some two hundred small things an image, and the threads that read images and
draw evidence would wait for its interpreter meanwhile. What is computed is what
:func:`solarnet_assets.parking.detect.run` computes, in float32; numbers differ by rounding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.imagery.device import exact_arithmetic

if TYPE_CHECKING:
    from torch import Tensor

    from solarnet_assets.imagery.infer import Engine

MANY = 16
"""Images that go to the device together, at most."""


@dataclass(frozen=True)
class Answer:
    """What a network says of an image.

    Attributes:
        cells: (n, 2) x, y of candidates in cells of the network's output.
        scores: (n,) of them, best first.
        covers: (2, h, w) under trees or roofs, under cloud.
    """

    cells: NDArray[np.float64]
    scores: NDArray[np.float32]
    covers: NDArray[np.bool_]


def answers(
    images: Iterable[tuple[NDArray[np.uint8], float]], ready: Engine, floor: float, covered: float
) -> Iterator[Answer]:
    """Yield what the network says of each image, in order.

    Args:
        images: (h, w, 3) uint8 at 0.3 m, no side longer than the engine's tile, with the metres per pixel before they
            were resampled; read lazily.
        ready: the network.
        floor: smallest score of a candidate.
        covered: probability from which a cell counts as under trees, roofs or cloud.
    """
    source = iter(images)
    while chunk := list(islice(source, MANY)):
        found: dict[int, Answer] = {}
        for shape in {image.shape for image, _ in chunk}:
            same = [n for n, (image, _) in enumerate(chunk) if image.shape == shape]
            found |= zip(same, _batch([chunk[n] for n in same], ready, floor, covered), strict=True)
        yield from (found[n] for n in range(len(chunk)))


def _batch(
    images: list[tuple[NDArray[np.uint8], float]], ready: Engine, floor: float, covered: float
) -> Iterator[Answer]:
    import torch

    from solarnet_assets.parking import network, tones

    gpu = ready.device.type == "cuda"
    host = torch.empty((len(images), *images[0][0].shape), dtype=torch.uint8, pin_memory=gpu)
    np.stack([image for image, _ in images], out=host.numpy())
    with torch.inference_mode(), exact_arithmetic(ready.device):
        pixels = host.to(ready.device, non_blocking=gpu).permute(0, 3, 1, 2).float().contiguous()
        sizes = torch.tensor([gsd for _, gsd in images], device=ready.device)
        planes = tones.normalise(pixels, sizes, tones.with_data(pixels))
        rows, columns = (-(-n // network.STRIDE) for n in planes.shape[-2:])
        made = torch.sigmoid(ready.network(_padded(planes, network.LotNet.multiple)).float())[..., :rows, :columns]
        covers = (made[:, 1:3] > covered).cpu().numpy()
        cells, scores, owner = (part.cpu().numpy() for part in network.peaks_of_many(made[:, 0], floor))
    for number in range(len(images)):
        own = owner == number
        yield Answer(cells[own].astype(np.float64), scores[own], covers[number])


def _padded(planes: Tensor, multiple: int) -> Tensor:
    """Return planes mirrored at their lower and right edge until both sides are multiples, as the engine pads."""
    import torch

    for axis in (-2, -1):
        length = planes.shape[axis]
        at = torch.arange(length + -length % multiple, device=planes.device) % (2 * length)
        planes = planes.index_select(axis, torch.minimum(at, 2 * length - 1 - at))
    return planes.contiguous(memory_format=torch.channels_last)
