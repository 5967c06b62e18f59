"""The engine that runs every network: over images in memory, and over scenes of any size by windows.

Images no larger than a tile run whole, in float32 with TF32 off and without threads or queues: CPU and GPU agree to
1e-3 in probability. Scenes are cut into overlapping tiles and run in the fastest arithmetic of the device;
docs/inference.md says how, and how far results may differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.imagery import device as devices
from solarnet_assets.imagery.scan import Progress, scan
from solarnet_assets.imagery.sink import ArraySink, Sink
from solarnet_assets.imagery.source import ArraySource, Source
from solarnet_assets.imagery.staging import Job
from solarnet_assets.imagery.tiling import lay
from solarnet_assets.imagery.weights import Weights

if TYPE_CHECKING:
    import torch
    from torch import nn

Array = NDArray[np.float32]

TILE = 1280
"""Largest side of a tile, input pixels; an image no larger is run whole."""

OVERLAP = 64
"""Pixels that neighbouring tiles share: beyond 32 from a cut edge its error falls no further (docs/inference.md)."""


@dataclass(frozen=True)
class Engine:
    """A network that is ready to run.

    Attributes:
        network: in evaluation mode; takes (B, C, H, W) and returns logits (B, K, H / s, W / s); its attribute
            ``multiple`` says of what H and W must be multiples, its attribute ``stride`` is s. A network whose answer
            at a pixel depends on the whole image has a method ``survey``: it is given samples of a scene, (1, C, h, w)
            each, before the scene's tiles, and none when a scene is no longer cut.
        device: where it runs.
        tile, overlap: see :data:`TILE`, :data:`OVERLAP`.
        batch: images or tiles run together on a GPU, at most; on a CPU they run one by one, which is as fast.
        precision: arithmetic of scenes, ``float32`` or ``bfloat16``; the device's fastest when absent.
        compiled: use torch.compile on scenes.
        threads: that decode; see :func:`solarnet_assets.imagery.device.decode_threads` when absent.
    """

    network: nn.Module
    device: torch.device
    tile: int = TILE
    overlap: int = OVERLAP
    batch: int = 8
    precision: str | None = None
    compiled: bool = False
    threads: int | None = None

    def run(self, images: Iterable[Array]) -> Iterator[Array]:
        """Yield the probabilities of each image, in float32.

        An image's result does not depend on the images beside it: to the bit on a CPU, to rounding on a GPU.

        Args:
            images: (C, H, W) float32, of any size each; read lazily, one at a time on a CPU, ``batch`` on a GPU.

        Yields:
            (K, ceil(H / s), ceil(W / s)) float32 probabilities, in order.
        """
        source = iter(images)
        together = self.batch if self.device.type == "cuda" else 1
        while chunk := list(islice(source, together)):
            small = [max(image.shape[1:]) <= self.tile for image in chunk]
            done = iter(self._whole([image for image, fits in zip(chunk, small, strict=True) if fits]))
            for image, fits in zip(chunk, small, strict=True):
                yield next(done) if fits else self._tiled(image)

    def run_scene(self, source: Source, sink: Sink, progress: Progress | None = None) -> None:
        """Run one scene by windows; memory does not grow with the scene.

        Args:
            source: what is read, such as :class:`~solarnet_assets.imagery.source.RasterSource`; closed at the end.
            sink: what takes the probabilities, such as :class:`~solarnet_assets.imagery.sink.FileSink`.
            progress: called with the rows done and all rows of the result, after each strip.

        Raises:
            BadInputError: pixels cannot be decoded.
        """
        for job in self.run_scenes([(source, sink)], progress):
            if job.error is not None:
                raise job.error

    def run_scenes(self, scenes: Iterable[tuple[Source, Sink]], progress: Progress | None = None) -> Iterator[Job]:
        """Run scenes one after the other; the next is being decoded while one ends.

        Args:
            scenes: see :meth:`run_scene`; read lazily.
            progress: see :meth:`run_scene`.

        Yields:
            Each scene when it is finished, or with the ``error`` that made it unusable.
        """
        yield from scan(self, (Job(source, sink) for source, sink in scenes), progress)

    @cached_property
    def forward(self) -> Any:
        """Function from tiles to probabilities, for scenes; see :func:`solarnet_assets.imagery.device.prepared`."""
        return devices.prepared(self.folded, self.precision or devices.fast_precision(self.device), self.compiled)

    @cached_property
    def folded(self) -> nn.Module:
        """The network as scenes run it; a copy, so that what a scene leaves in it stays away from images."""
        return devices.fold(self.network)

    @cached_property
    def batches(self) -> dict[tuple[int, int, int], int]:
        """Tiles that run together on a GPU, by bands, rows and columns of a tile; filled as scenes run."""
        return {}

    def outputs(self, bands: int) -> int:
        """Return how many outputs the network has, by running it once on very little."""
        import torch

        side = 8 * int(getattr(self.network, "multiple", 8))
        with torch.inference_mode():
            return int(self.network(torch.zeros((1, bands, side, side), device=self.device)).shape[1])

    def _tiled(self, image: Array) -> Array:
        sink = ArraySink(np.float32)
        self._exact.run_scene(ArraySource(image), sink)
        return sink.array

    @cached_property
    def _exact(self) -> Engine:
        return replace(self, precision="float32", compiled=False, threads=1)

    def _whole(self, images: list[Array]) -> list[Array]:
        """Run images in batches of equal shape and return their probabilities in order."""
        import torch

        found: dict[int, Array] = {}
        padded = [self._pad(image) for image in images]
        order = sorted(range(len(images)), key=lambda n: (padded[n].shape, n))
        with torch.inference_mode(), devices.exact_arithmetic(self.device):
            while order:
                same = [n for n in order[: self.batch] if padded[n].shape == padded[order[0]].shape]
                order = order[len(same) :]
                stack = torch.from_numpy(np.stack([padded[n] for n in same]))
                stack = stack.to(self.device).contiguous(memory_format=torch.channels_last)
                found.update(zip(same, torch.sigmoid(self.network(stack).float()).cpu().numpy(), strict=True))
        s = int(getattr(self.network, "stride", 1))
        sizes = [(-(-image.shape[1] // s), -(-image.shape[2] // s)) for image in images]
        return [found[n][:, : sizes[n][0], : sizes[n][1]] for n in range(len(images))]

    def _pad(self, image: Array) -> Array:
        """Mirror an image at its lower and right edge until the network can take it."""
        multiple = int(getattr(self.network, "multiple", 8))
        more = [lay(n, max(self.tile, n + multiple), 0, multiple).padded - n for n in image.shape[1:]]
        padded = np.pad(image, ((0, 0), (0, more[0]), (0, more[1])), mode="symmetric") if any(more) else image
        return np.ascontiguousarray(padded, np.float32)


def load(
    weights: Weights,
    build: Callable[[], nn.Module],
    device: str | None = None,
    batch: int = 8,
    *,
    compiled: bool = False,
) -> Engine:
    """Return a network with shipped weights, ready to run.

    Args:
        weights: safetensors with a model card; nothing else is ever loaded.
        build: makes the network without weights.
        device: ``cpu``, ``cuda``, ``cuda:1`` ...; this process's GPU where there is one when absent
            (:func:`solarnet_assets.imagery.device.claim_gpu`).
        batch: tiles run together.
        compiled: see :class:`Engine`.

    Raises:
        BadInputError: the weights are not those that their card describes.
    """
    import torch
    from safetensors.torch import load as from_bytes

    weights.check()
    network = build()
    network.load_state_dict(from_bytes(weights.path.read_bytes()))
    where = devices.choose(device)
    ready = network.eval().to(where, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Engine(ready, where, batch=batch, compiled=compiled)
