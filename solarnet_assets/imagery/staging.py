"""Windows decoded ahead of the network, in order, into host memory that is used again."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import accumulate
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.imagery.stored import carried, torch_type
from solarnet_assets.landing import BadInputError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from solarnet_assets.imagery.canvas import Canvas
    from solarnet_assets.imagery.sink import Sink
    from solarnet_assets.imagery.source import Source, Window

STAGING_BYTES = 128 << 20
"""Decoded windows that wait for the device, at most; one group of them is always allowed."""

THREAD_BYTES = 8 << 20
"""What a decoding thread beside a GPU may have waiting, if that is more for all of them together."""

GROUP_BYTES = 32 << 20
"""Windows that move to a GPU together, at most: each move costs the loop some ten calls of CUDA, whatever its size. A
power of two, because that is what torch rounds page-locked memory to."""

AHEAD = 2
"""Reads per decoding thread that are under way or wait: windows on a CPU, groups of them beside a GPU."""


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
    """Windows of a scene, one after the other, on their way to the scene's canvas.

    Attributes:
        job, canvas, windows: of which scene, to where, and which parts.
        staging: memory that they are decoded into, from when they are begun.
        futures: done when a window each is decoded; none: nobody decodes them ahead.
        sample: they are the scene's samples.
    """

    job: Job
    canvas: Canvas
    windows: Sequence[Window]
    staging: Staging = field(init=False)
    futures: list[Future[None]] = field(default_factory=list)
    sample: bool = False

    @cached_property
    def shapes(self) -> list[tuple[int, int, int]]:
        """Bands, rows, columns of each window."""
        return [(self.job.source.shape[0], height, width) for _, _, height, width in self.windows]

    @cached_property
    def size(self) -> int:
        """Bytes."""
        return sum(map(prod, self.shapes)) * carried(self.job.source.dtype).itemsize

    def numbers(self) -> list[NDArray[Any]]:
        """Return each window's part of the memory, as it is decoded into."""
        flat = self.staging.memory.numpy()[: self.size].view(carried(self.job.source.dtype))
        ends = list(accumulate(map(prod, self.shapes)))
        return [part.reshape(shape) for part, shape in zip(np.split(flat, ends[:-1]), self.shapes, strict=True)]

    def pixels(self, there: Tensor) -> list[Tensor]:
        """Return each window's part of the bytes, wherever they lie, in the type that moves to the device."""
        flat = there.view(torch_type(self.job.source.dtype))
        parts = flat.split([prod(shape) for shape in self.shapes])
        return [part.view(shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def decode(self, window: Window, out: NDArray[Any]) -> None:
        """Fill a window's part of the memory, once what was in it before has left."""
        if self.staging.moved is not None:
            self.staging.moved.synchronize()
        self.job.source.read(window, out)


class Readers:
    """Decodes windows ahead, within the bounds above. One thread means: none beside the caller's.

    Args:
        device: where windows go.
        threads: that decode.
    """

    def __init__(self, device: torch.device, threads: int) -> None:
        self.device, self.threads = device, threads
        self.pool = _pool(os.getpid(), threads) if threads > 1 else None
        self.waiting: deque[Read | End] = deque()
        self.free: deque[Staging] = deque()
        self.bytes = 0
        self.stream: Any = None
        if device.type == "cuda":
            import torch

            self.stream = torch.cuda.Stream(device)
        self.most = STAGING_BYTES if self.stream is None else max(STAGING_BYTES, threads * THREAD_BYTES)

    def __enter__(self) -> Readers:
        return self

    def __exit__(self, *_: object) -> None:
        left = [future for read in self.waiting if isinstance(read, Read) for future in read.futures]
        wait([future for future in left if not future.cancel()])

    def prepare(self, job: Job, windows: int) -> None:
        """Have a scene open what its windows need while those of the scene before are decoded."""
        if self.pool is not None:
            try:
                job.source.prepare(min(self.threads, windows))
            except BadInputError as error:
                job.error = error

    def group(self, source: Source) -> int:
        """Return how many windows of a scene move together: on a CPU nothing moves, and each goes alone."""
        size = source.shape[0] * prod(source.block) * carried(source.dtype).itemsize
        return 1 if self.stream is None else max(1, GROUP_BYTES // size)

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
        return many or (isinstance(more, Read) and self.bytes + more.size > self.most)

    def _begin(self, read: Read) -> None:
        """Find memory for a read and have it decoded; what needs Python happens here, not in threads that decode."""
        read.staging = self._memory(read.size)
        self.bytes += read.size
        if self.pool is not None:
            parts = zip(read.windows, read.numbers(), strict=True)
            read.futures = [self.pool.submit(read.decode, window, out) for window, out in parts]

    def _next(self) -> Read | End:
        read = self.waiting.popleft()
        if isinstance(read, Read):
            wait(read.futures)  # also where nobody asks for it any more: its memory is about to be used again
            self.bytes -= read.size
            self.free.append(read.staging)  # for reads that begin when the loop comes back for more
        return read

    def _memory(self, size: int) -> Staging:
        """Return memory that is free; beside a GPU not the last that was, which may still be leaving."""
        import torch

        while len(self.free) > int(self.stream is not None):
            found = self.free.popleft()
            if found.memory.numel() >= size:
                return found
        return Staging(torch.empty(size, dtype=torch.uint8, pin_memory=self.stream is not None))

    def on_device(self, read: Read) -> list[Tensor]:
        """Return each window's numbers on the device; raises BadInputError if they could not be decoded."""
        import torch

        for future in read.futures:
            future.result()
        if not read.futures:
            for window, out in zip(read.windows, read.numbers(), strict=True):
                read.decode(window, out)
        host = read.staging.memory[: read.size]
        if self.stream is None:
            return read.pixels(host)
        with torch.cuda.stream(self.stream):
            there = host.to(self.device, non_blocking=True)
            read.staging.moved = torch.cuda.Event(blocking=True)
            read.staging.moved.record()
        torch.cuda.current_stream(self.device).wait_stream(self.stream)
        there.record_stream(torch.cuda.current_stream(self.device))
        return read.pixels(there)


@lru_cache(maxsize=1)
def _pool(process: int, threads: int) -> ThreadPoolExecutor:
    """Return threads that decode; they stay for the next run, since each has to set GDAL up first."""
    return ThreadPoolExecutor(threads, "decode")
