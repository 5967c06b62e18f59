"""Windows decoded ahead of the network, in order, into host memory that is used again."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.imagery.canvas import Canvas, carried, torch_type
from solarnet_assets.landing import BadInputError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from solarnet_assets.imagery.sink import Sink
    from solarnet_assets.imagery.source import Source, Window

STAGING_BYTES = 256 << 20
"""Decoded windows that wait for the device, at most; one window is always allowed."""

AHEAD = 2
"""Windows per decoding thread that are being read or wait."""


@dataclass
class Job:
    """A scene to run.

    Attributes:
        source: what is read.
        sink: what takes the result.
        error: why the scene could not be run; its sink was not finished.
    """

    source: Source
    sink: Sink
    error: BadInputError | None = None


@dataclass(frozen=True)
class End:
    """Stands behind the last window of a scene."""

    job: Job


@dataclass
class Staging:
    """Host memory into which a window is decoded.

    Attributes:
        memory: bytes, page-locked beside a GPU.
        moved: CUDA event after which the bytes have left; None: they have.
    """

    memory: Tensor
    moved: Any = None


@dataclass
class Read:
    """A window of a scene, on its way to the scene's canvas.

    Attributes:
        job, canvas, window: of which scene, to where, and which part.
        staging: memory that it is decoded into, from when it is begun.
        future: done when it is decoded; None: nobody decodes it ahead.
        sample: it is one of the scene's samples.
    """

    job: Job
    canvas: Canvas
    window: Window
    staging: Staging = field(init=False)
    future: Future[None] | None = None
    sample: bool = False

    @property
    def shape(self) -> tuple[int, int, int]:
        """Bands, rows, columns."""
        return self.job.source.shape[0], self.window[2], self.window[3]

    @property
    def size(self) -> int:
        """Bytes."""
        return prod(self.shape) * carried(self.job.source.dtype).itemsize

    def pixels(self) -> Tensor:
        """Return its part of the memory, in the type that moves to the device."""
        return self.staging.memory[: self.size].view(torch_type(self.job.source.dtype)).view(self.shape)

    def decode(self, out: NDArray[Any]) -> None:
        """Fill the memory, once what was in it before has left."""
        if self.staging.moved is not None:
            self.staging.moved.synchronize()
        self.job.source.read(self.window, out)


class Readers:
    """Decodes windows ahead; see :data:`STAGING_BYTES` and :data:`AHEAD`. One thread means: none beside the caller's.

    Args:
        device: where windows go.
        threads: that decode.
    """

    def __init__(self, device: torch.device, threads: int) -> None:
        self.device, self.threads = device, threads
        self.pool = ThreadPoolExecutor(threads, "decode") if threads > 1 else None
        self.waiting: deque[Read | End] = deque()
        self.free: deque[Staging] = deque()
        self.under_way = 0
        self.stream: Any = None
        if device.type == "cuda":
            import torch

            self.stream = torch.cuda.Stream(device)

    def __enter__(self) -> Readers:
        return self

    def __exit__(self, *_: object) -> None:
        if self.pool is not None:
            self.pool.shutdown(wait=True, cancel_futures=True)

    def read(self, plan: Iterable[Read | End]) -> Iterator[Read | End]:
        """Yield the reads of a plan in order, those behind them under way."""
        for read in plan:
            while self.waiting and self._full(read):
                yield self._next()
            if isinstance(read, Read):
                self._begin(read)
            self.waiting.append(read)
        while self.waiting:
            yield self._next()

    def _full(self, more: Read | End) -> bool:
        many = self.pool is None or len(self.waiting) >= AHEAD * self.threads
        return many or (isinstance(more, Read) and self.under_way + more.size > STAGING_BYTES)

    def _begin(self, read: Read) -> None:
        """Find memory for a read and have it decoded; what needs Python happens here, not in threads that decode."""
        read.staging = self._memory(read.size)
        self.under_way += read.size
        if self.pool is not None:
            read.future = self.pool.submit(read.decode, _numbers(read))

    def _next(self) -> Read | End:
        read = self.waiting.popleft()
        if isinstance(read, Read):
            if read.future is not None:
                wait([read.future])  # also where nobody asks for it any more: its memory is about to be used again
            self.under_way -= read.size
            self.free.append(read.staging)  # for reads that begin when the loop comes back for more
        return read

    def _memory(self, size: int) -> Staging:
        import torch

        while self.free:
            found = self.free.popleft()
            if found.memory.numel() >= size:
                return found
        return Staging(torch.empty(size, dtype=torch.uint8, pin_memory=self.device.type == "cuda"))

    def on_device(self, read: Read) -> Tensor:
        """Return a window's numbers on the device; raises BadInputError if they could not be decoded."""
        import torch

        if read.future is None:
            read.decode(_numbers(read))
        else:
            read.future.result()
        host = read.pixels()
        if self.stream is None:
            return host
        with torch.cuda.stream(self.stream):
            there = host.to(self.device, non_blocking=True)
            read.staging.moved = torch.cuda.Event(blocking=True)
            read.staging.moved.record()
        torch.cuda.current_stream(self.device).wait_stream(self.stream)
        there.record_stream(torch.cuda.current_stream(self.device))
        return there


def _numbers(read: Read) -> NDArray[Any]:
    numbers: NDArray[Any] = np.asarray(read.pixels().numpy()).view(carried(read.job.source.dtype))
    return numbers
