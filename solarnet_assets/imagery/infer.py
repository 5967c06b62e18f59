"""The engine that runs every network: over images in memory, and over scenes of any size by windows.

Images no larger than a tile run whole, in float32 with TF32 off and without threads: CPU and GPU agree to 1e-3 in
probability. Scenes are cut into overlapping tiles and run in the fastest arithmetic of the device;
docs/inference.md says how, and how far results may differ.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.imagery import device as devices
from solarnet_assets.imagery.recorded import Recorder
from solarnet_assets.imagery.scan import Progress, scan
from solarnet_assets.imagery.sink import ArraySink, Sink
from solarnet_assets.imagery.source import ArraySource, Source
from solarnet_assets.imagery.staging import Job
from solarnet_assets.imagery.tiling import Axis, lay
from solarnet_assets.imagery.weights import Weights

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

Array = NDArray[np.float32]

TILE = 1280
"""Largest side of a tile, input pixels; an image no larger is run whole."""

WIDTHS = 32
"""Of what the widths of a scene's tiles are multiples in bfloat16 on a CPU: there oneDNN works on 16 pixels of a row at
once, at full size and at half. Tiles of 1,432 pixels ran at 3.6 Mpx/s a core, of 1,440 at 4.2 (benchmarks/NOTES.md)."""

OVERLAP = 64
"""Pixels that neighbouring tiles share: beyond 32 from a cut edge its error falls no further (docs/inference.md)."""


@dataclass(frozen=True)
class Future:
    """An image's probabilities, which the device may still be working on.

    Attributes:
        made: (K, rows, columns) float32 on the device, of the image as it was padded.
        size: rows and columns of the image.
    """

    made: Tensor
    size: tuple[int, ...]


@dataclass(frozen=True)
class Engine:
    """A network that is ready to run.

    Attributes:
        network: in evaluation mode; takes (B, C, H, W) and returns logits (B, K, H / s, W / s); its attribute
            ``multiple`` says of what H and W must be multiples, its attribute ``stride`` is s. A network whose answer
            at a pixel depends on the whole image has a method ``survey``: it is given samples of a scene, (1, C, h, w)
            each and all alike, before the scene's tiles, and none when a scene is no longer cut. If what it finds lies
            in memory that stays, so that a GPU may record what comes after, its attribute ``steady`` is true.
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
            images: (C, H, W) float32, of any size each; read lazily, one at a time on a CPU; on a GPU ``batch`` at a
                time, while the one before is worked on.

        Yields:
            (K, ceil(H / s), ceil(W / s)) float32 probabilities, in order.
        """
        source = iter(images)
        gpu = self.device.type == "cuda"
        under_way: deque[list[Future | Array]] = deque()
        while chunk := list(islice(source, self.batch if gpu else 1)):
            under_way.append(self._begin(chunk))
            if len(under_way) > int(gpu):  # a GPU works on one batch while the next is read
                yield from self._arrived(under_way.popleft())
        for last in under_way:
            yield from self._arrived(last)

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
        return devices.prepared(self.folded, self.arithmetic, self.compiled)

    @cached_property
    def folded(self) -> nn.Module:
        """The network as scenes run it; a copy, so that what a scene leaves in it stays away from images."""
        return devices.folded(self.network, self.device, self.arithmetic)

    @property
    def arithmetic(self) -> str:
        """Arithmetic of scenes."""
        return self.precision or devices.fast_precision(self.device)

    def axes(self, height: int, width: int) -> tuple[Axis, Axis]:
        """Return where tiles lie along the rows and along the columns of a scene."""
        multiple = int(getattr(self.network, "multiple", 8))
        grain = WIDTHS if self.device.type == "cpu" and self.arithmetic == "bfloat16" else 1
        return lay(height, self.tile, self.overlap, multiple), lay(width, self.tile, self.overlap, multiple, grain)

    @cached_property
    def batches(self) -> dict[tuple[int, int, int], int]:
        """Tiles that run together on a GPU, by bands, rows and columns of a tile; filled as scenes run."""
        return {}

    @property
    def recorded(self) -> bool:
        """Whether steps of scenes may be recorded: torch.compile has not written them, and no survey moves memory."""
        moves = hasattr(self.network, "survey") and not getattr(self.network, "steady", False)
        return not self.compiled and not moves

    @cached_property
    def recorder(self) -> Recorder:
        """Steps of scenes on a GPU, recorded."""
        return Recorder()

    def outputs(self, bands: int) -> int:
        """Return how many outputs the network has, by running it once on very little."""
        import torch

        if bands not in self._outputs:
            side = 8 * int(getattr(self.network, "multiple", 8))
            with torch.inference_mode():
                made = self.network(torch.zeros((1, bands, side, side), device=self.device))
            self._outputs[bands] = int(made.shape[1])
        return self._outputs[bands]

    @cached_property
    def _outputs(self) -> dict[int, int]:
        return {}

    def _begin(self, images: list[Array]) -> list[Future | Array]:
        """Have the device work on images that run whole, in batches of equal shape; leave the others for later."""
        import torch

        begun: list[Future | Array] = list(images)
        padded = {n: self._pad(x) for n, x in enumerate(images) if max(x.shape[1:]) <= self.tile}
        order = sorted(padded, key=lambda n: (padded[n].shape, n))
        with torch.inference_mode(), devices.exact_arithmetic(self.device):
            while order:
                same = [n for n in order[: self.batch] if padded[n].shape == padded[order[0]].shape]
                order = order[len(same) :]
                found = torch.sigmoid(self._still(self._moved([padded[n] for n in same])).float())
                for n, made in zip(same, found, strict=True):
                    begun[n] = Future(made, images[n].shape[1:])
        return begun

    def _arrived(self, begun: list[Future | Array]) -> Iterator[Array]:
        """Yield the probabilities of what was begun, in order."""
        s = int(getattr(self.network, "stride", 1))
        for one in begun:
            if isinstance(one, Future):
                yield one.made[:, : -(-one.size[0] // s), : -(-one.size[1] // s)].cpu().numpy()
            else:
                yield self._tiled(one)

    def _moved(self, images: list[Array]) -> Tensor:
        """Return images of equal shape on the device, (B, C, H, W), channels last; the loop does not wait for them."""
        import torch

        gpu = self.device.type == "cuda"
        host = torch.empty((len(images), *images[0].shape), pin_memory=gpu)
        np.stack(images, out=host.numpy())
        return host.to(self.device, non_blocking=gpu).contiguous(memory_format=torch.channels_last)

    def _tiled(self, image: Array) -> Array:
        sink = ArraySink(np.float32)
        self._exact.run_scene(ArraySource(image), sink)
        return sink.array

    @cached_property
    def _exact(self) -> Engine:
        return replace(self, precision="float32", compiled=False, threads=1)

    @cached_property
    def _still(self) -> nn.Module:
        """The network as images run it: no scene leaves anything in it."""
        return devices.folded(self.network, self.device, "float32")

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
