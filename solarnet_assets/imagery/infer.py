"""The one loop that runs a network over images: tiles with overlap, batches, blending, any device.

Runs in float32 with TF32 off, so that CPU and GPU agree to 1e-3 in probability (tested against each
other where a GPU is).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.imagery.weights import Weights

if TYPE_CHECKING:
    import torch
    from torch import nn

Array = NDArray[np.float32]

TILE = 512
"""Side of a tile, input pixels; an image no larger is run whole."""

OVERLAP = 64
"""Pixels that neighbouring tiles share."""


@dataclass(frozen=True)
class Engine:
    """A network that is ready to run.

    Attributes:
        network: takes (B, C, H, W) and returns logits (B, K, H / s, W / s); its attribute ``multiple`` says of what H
            and W must be multiples, its attribute ``stride`` is s.
        device: where it runs.
        tile, overlap: see :data:`TILE`, :data:`OVERLAP`.
        batch: tiles run together.
    """

    network: nn.Module
    device: torch.device
    tile: int = TILE
    overlap: int = OVERLAP
    batch: int = 8

    def run(self, images: Iterable[Array]) -> Iterator[Array]:
        """Yield the probabilities of each image.

        Args:
            images: (C, H, W) float32, of any size each; read lazily, ``batch`` at a time.

        Yields:
            (K, ceil(H / s), ceil(W / s)) float32 probabilities, in order.
        """
        source = iter(images)
        while chunk := list(islice(source, self.batch)):
            jobs = [_cut(image, self) for image in chunk]
            tiles = [tile for job in jobs for tile in job.tiles]
            outputs = iter(self._forward(tiles))
            for job in jobs:
                yield _blend(job, [next(outputs) for _ in job.tiles], self)

    def _forward(self, tiles: list[Array]) -> list[Array]:
        """Run tiles in batches of equal shape and return their probabilities in order."""
        import torch

        found: dict[int, Array] = {}
        order = sorted(range(len(tiles)), key=lambda n: (tiles[n].shape, n))
        exact: Any = torch.backends.cudnn.flags(allow_tf32=False) if self.device.type == "cuda" else nullcontext()
        with torch.inference_mode(), exact:
            while order:
                same = [n for n in order[: self.batch] if tiles[n].shape == tiles[order[0]].shape]
                order = order[len(same) :]
                stack = torch.from_numpy(np.stack([tiles[n] for n in same]))
                stack = stack.to(self.device).contiguous(memory_format=torch.channels_last)
                result = torch.sigmoid(self.network(stack).float()).cpu().numpy()
                found.update(zip(same, result, strict=True))
        return [found[n] for n in range(len(tiles))]


@dataclass(frozen=True)
class _Job:
    shape: tuple[int, int]
    corners: list[tuple[int, int]]
    tiles: list[Array]


def _stride(engine: Engine) -> int:
    return int(getattr(engine.network, "stride", 1))


def _cut(image: Array, engine: Engine) -> _Job:
    """Cut an image into equal tiles; the last of a row is moved inwards, small images are padded by reflection."""
    multiple = int(getattr(engine.network, "multiple", 8))
    height, width = image.shape[1:]
    size = [min(engine.tile, -(-n // multiple) * multiple) for n in (height, width)]
    rows, columns = (_starts(n, s, engine.overlap, multiple) for n, s in zip((height, width), size, strict=True))
    pad = (rows[-1] + size[0] - height, columns[-1] + size[1] - width)
    padded = np.pad(image, ((0, 0), (0, pad[0]), (0, pad[1])), mode="symmetric") if any(pad) else image
    corners = [(y, x) for y in rows for x in columns]
    tiles = [np.ascontiguousarray(padded[:, y : y + size[0], x : x + size[1]], np.float32) for y, x in corners]
    return _Job((height, width), corners, tiles)


def _starts(length: int, size: int, overlap: int, multiple: int) -> list[int]:
    if length <= size:
        return [0]
    last = -(-(length - size) // multiple) * multiple
    step = size - overlap
    return [*range(0, last, step), last]


def _blend(job: _Job, outputs: list[Array], engine: Engine) -> Array:
    """Lay tiles over each other, each weighted less toward its edges."""
    s = _stride(engine)
    height, width = (-(-n // s) for n in job.shape)
    if len(outputs) == 1:
        return outputs[0][:, :height, :width]
    tall, wide = outputs[0].shape[1:]
    weight = np.outer(_ramp(tall, engine.overlap // s), _ramp(wide, engine.overlap // s)).astype(np.float32)
    bottom, right = (max(c[n] for c in job.corners) // s + (tall, wide)[n] for n in (0, 1))
    total = np.zeros((outputs[0].shape[0], bottom, right), np.float32)
    norm = np.zeros((bottom, right), np.float32)
    for (y, x), output in zip(job.corners, outputs, strict=True):
        place = (slice(y // s, y // s + tall), slice(x // s, x // s + wide))
        total[:, place[0], place[1]] += output * weight
        norm[place] += weight
    return np.asarray((total / norm)[:, :height, :width], np.float32)


def _ramp(length: int, overlap: int) -> NDArray[np.float64]:
    edge = np.minimum(np.arange(length), np.arange(length)[::-1]) + 1.0
    return np.minimum(edge / max(overlap, 1), 1.0)


def load(weights: Weights, build: Callable[[], nn.Module], device: str | None = None, batch: int = 8) -> Engine:
    """Return a network with shipped weights, ready to run.

    Args:
        weights: safetensors with a model card; nothing else is ever loaded.
        build: makes the network without weights.
        device: ``cpu``, ``cuda``, ``cuda:1`` ...; CUDA where there is one when absent.
        batch: tiles run together.

    Raises:
        BadInputError: the weights are not those that their card describes.
    """
    import torch
    from safetensors.torch import load as from_bytes

    weights.check()
    network = build()
    network.load_state_dict(from_bytes(weights.path.read_bytes()))
    where = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    ready = network.eval().to(where, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Engine(ready, where, batch=batch)
