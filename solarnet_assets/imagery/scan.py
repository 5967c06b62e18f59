"""Scenes through a network: windows are decoded ahead by threads, run on the device in order, written behind.

Everything that waits is bounded: decoded windows (:mod:`solarnet_assets.imagery.staging`), and strips (:data:`STRIPS`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from solarnet_assets.imagery import device as devices
from solarnet_assets.imagery.canvas import Canvas, Strip
from solarnet_assets.imagery.staging import End, Job, Read, Readers
from solarnet_assets.imagery.tiling import blocks
from solarnet_assets.landing import BadInputError

if TYPE_CHECKING:
    from solarnet_assets.imagery.infer import Engine
    from solarnet_assets.imagery.sink import Sink

Progress = Callable[[int, int], None]

STRIPS = 2
"""Finished strips that wait for the sink."""


def scan(engine: Engine, jobs: Iterable[Job], progress: Progress | None) -> Iterator[Job]:
    """Run scenes; see :meth:`solarnet_assets.imagery.infer.Engine.run_scenes`."""
    threads = engine.threads or devices.decode_threads(engine.device)
    with (
        devices.kept_memory(),
        devices.prompt_threads(threads > 1),
        Readers(engine.device, threads) as readers,
        _Writer(threads > 1) as writer,
    ):
        for read in readers.read(_plan(engine, jobs, readers)):
            if isinstance(read, End):
                writer.end(read.job)
                yield from writer.ended(wait=False)
            elif read.job.error is None:
                _run(readers, writer, read, progress)
        yield from writer.ended(wait=True)


def _plan(engine: Engine, jobs: Iterable[Job], readers: Readers) -> Iterator[Read | End]:
    """Yield the windows of all scenes in the order in which they are run; sinks begin when their scene is reached."""
    for job in jobs:
        canvas = Canvas(engine, job.source, job.sink.dtype)
        canvas.resume(job.sink.begin(canvas.shape))
        if canvas.first is not None:
            windows = list(blocks(*job.source.shape[1:], job.source.block, canvas.first))
            readers.prepare(job, len(windows))
            if canvas.samples:
                yield Read(job, canvas, canvas.samples, sample=True)
            together = readers.group(job.source)
            for at in range(0, len(windows), together):
                if job.error is not None:
                    break
                yield Read(job, canvas, windows[at : at + together])
        yield End(job)


def _run(readers: Readers, writer: _Writer, read: Read, progress: Progress | None) -> None:
    """Give decoded windows to their canvas, and what that completes to the sink."""
    try:
        pixels = readers.on_device(read)
    except BadInputError as error:
        read.job.error = error
        return
    if read.sample:
        read.canvas.sample(pixels)
        return
    for strip in read.canvas.add(read.windows, pixels):
        writer.put(read.job.sink, strip)
        if progress is not None:
            progress(strip.row + strip.pixels.shape[1], read.canvas.shape[1])


def _finish(job: Job, strips: list[Future[None]]) -> None:
    job.source.close()
    for strip in strips:
        strip.result()
    if job.error is None:
        job.sink.finish()


@dataclass
class _Writer:
    """Writes strips behind the loop, in order, in a thread, and finishes scenes in another; without threads at once.

    Attributes:
        threaded: see above.
        broken: a strip could not be written, or is being written.
        waiting: strips that are not yet written, at most ``STRIPS``.
        ending: scenes that are not yet finished, at most two.
    """

    threaded: bool
    broken: bool = False
    waiting: deque[Future[None]] = field(default_factory=deque)
    ending: deque[tuple[Job, Future[None] | None]] = field(default_factory=deque)

    def __enter__(self) -> _Writer:
        self.strips = ThreadPoolExecutor(1, "write") if self.threaded else None
        self.scenes = ThreadPoolExecutor(1, "finish") if self.threaded else None
        return self

    def __exit__(self, *_: object) -> None:
        for pool in (self.strips, self.scenes):
            if pool is not None:
                pool.shutdown(wait=True, cancel_futures=True)

    def put(self, sink: Sink, strip: Strip) -> None:
        """Have a strip written after all strips before; wait while too many of them wait."""
        if self.strips is None:
            self._write(sink, strip)
            return
        while len(self.waiting) >= STRIPS:
            self.waiting.popleft().result()
        self.waiting.append(self.strips.submit(self._write, sink, strip))

    def _write(self, sink: Sink, strip: Strip) -> None:
        """Write a strip, but none after one that could not be written: a sink's rows have no gaps."""
        if self.broken:
            return
        self.broken = True
        sink.write(strip.row, strip.array())
        self.broken = False

    def end(self, job: Job) -> None:
        """Close a scene, and finish its sink when its strips are written, unless the scene failed."""
        future = None
        if self.scenes is not None:
            future = self.scenes.submit(_finish, job, list(self.waiting))
        else:
            _finish(job, [])
        self.ending.append((job, future))

    def ended(self, wait: bool) -> Iterator[Job]:
        """Yield the scenes that are finished, in order; with ``wait`` all of them, else all but one at least."""
        while self.ending and (wait or len(self.ending) > 1 or self.ending[0][1] is None or self.ending[0][1].done()):
            job, future = self.ending.popleft()
            if future is not None:
                future.result()
            yield job
