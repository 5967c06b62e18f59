"""The part of a scene that is being worked on, on the device: rows that were read, and probabilities that add up.

A row of tiles needs only the rows it covers. They are read once, whatever the overlap: what the next row of tiles
shares with this one is kept, and so are the shares of this one in the next one's probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.imagery import device as devices
from solarnet_assets.imagery.sink import LEVELS
from solarnet_assets.imagery.stored import calibrated
from solarnet_assets.imagery.tiling import spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from solarnet_assets.imagery.infer import Engine
    from solarnet_assets.imagery.source import Source, Window

SAMPLE, SAMPLES_EACH = 128, 4
"""Side of a sample of a scene, pixels, and how many along each dimension; see ``Engine.network``. 16 samples of 128
pixels are a five-hundredth of a Sentinel-2 tile."""


@dataclass
class Strip:
    """Finished rows of a result on their way to the sink.

    Attributes:
        row: first of them.
        pixels: (K, rows, columns) in the sink's type, in host memory.
        ready: CUDA event after which ``pixels`` are there; None: they are.
    """

    row: int
    pixels: Tensor
    ready: Any = None

    def array(self) -> NDArray[Any]:
        """Return the pixels, once they have arrived."""
        if self.ready is not None:
            self.ready.synchronize()
        return self.pixels.numpy()


class Canvas:
    """Works through one scene from the top down.

    Args:
        engine: what runs.
        source: what is read.
        dtype: of the sink.
    """

    def __init__(self, engine: Engine, source: Source, dtype: np.dtype[Any]) -> None:
        self.engine, self.source, self.dtype = engine, source, dtype
        multiple = int(getattr(engine.network, "multiple", 8))
        self.stride = int(getattr(engine.network, "stride", 1))
        bands, height, width = source.shape
        self.rows, self.cols = engine.axes(height, width)
        self.shape = (engine.outputs(bands), -(-height // self.stride), -(-width // self.stride))
        self.number, self.done = 0, 0
        self.filled = 0
        cut = len(self.rows.starts) * len(self.cols.starts) > 1 and hasattr(engine.network, "survey")
        self.samples = spread(height, width, SAMPLE, SAMPLES_EACH, multiple) if cut else []
        self.sampled: list[Tensor] = []
        self.surveyed = False

    @property
    def top(self) -> int:
        """First row of the scene that is held."""
        return self.rows.starts[self.number]

    def resume(self, done: int) -> None:
        """Begin where ``done`` rows of the result exist: one row of tiles earlier, which shares in what follows."""
        self.done = done
        holding = [n for n, start in enumerate(self.rows.starts) if start <= done * self.stride]
        self.number = max(0, holding[-1] - 1)

    @property
    def first(self) -> int | None:
        """First row that must be read; None: the result is complete."""
        return None if self.done >= self.shape[1] else self.top

    def add(self, windows: Sequence[Window], pixels: Sequence[Tensor]) -> list[Strip]:
        """Take windows, which lie on the device; return the rows that they complete, if any.

        Windows come row by row, from the one that holds ``first``.
        """
        import torch

        strips: list[Strip] = []
        with torch.inference_mode(), devices.exact_arithmetic(self.engine.device):
            if not hasattr(self, "held"):
                self._make(pixels[0])
            for window, part in zip(windows, pixels, strict=True):
                strips += self._take(window, part)
        return strips

    def _take(self, window: Window, pixels: Tensor) -> list[Strip]:
        row, col, height, width = window
        skip = max(0, self.top - row)
        self.held[:, row + skip - self.top : row + height - self.top, col : col + width] = pixels[:, skip:]
        if col + width < self.cols.length:
            return []
        self.filled = row + height
        if self.filled == self.rows.length:
            self._mirror()
        return self._advance()

    def sample(self, pixels: Sequence[Tensor]) -> None:
        """Take the ``samples``, which lie on the device; they come before the first window."""
        self.sampled += [calibrated(one[None], self.source) for one in pixels]

    def _survey(self) -> None:
        """Tell the network what the scene is made of, unless a sample shows nothing."""
        if hasattr(self.engine.network, "survey"):
            shown = [sample for sample, shows in zip(self.sampled, self._shows(), strict=True) if shows]
            self.surveyed = bool(shown)
            with devices.autocast(self.engine.device, self.engine.arithmetic):
                self.engine.folded.survey(shown)  # type: ignore[operator]
        self.sampled.clear()

    def _shows(self) -> list[bool]:
        """Return which samples show something; the device is waited for once."""
        import torch

        found: list[bool] = torch.stack([one.any() for one in self.sampled]).tolist() if self.sampled else []
        return found

    def _make(self, pixels: Tensor) -> None:
        import torch

        self._survey()
        rows = self.rows.size + self.source.block[0]
        self.held = pixels.new_zeros((self.source.shape[0], rows, self.cols.padded))
        cells = (self.shape[0], self.rows.size // self.stride, self.cols.padded // self.stride)
        self.total = torch.zeros(cells, device=pixels.device)
        self.across = [self._on_device(self.cols.weight(n, self.stride)) for n in range(len(self.cols.starts))]

    def _on_device(self, values: NDArray[Any]) -> Tensor:
        """Return values on the device, without waiting for what it is doing."""
        import torch

        here = torch.from_numpy(values)
        return (
            here.pin_memory().to(self.engine.device, non_blocking=True) if self.engine.device.type == "cuda" else here
        )

    def _mirror(self) -> None:
        """Fill the rows below the scene, so that the last row of tiles is complete."""
        more = self.rows.mirrored() - self.top
        begin = self.rows.length - self.top
        self.held[:, begin : begin + len(more)] = self.held[:, self._on_device(more)]
        self.filled = self.rows.padded

    def _advance(self) -> list[Strip]:
        strips = []
        while self.number < len(self.rows.starts) and self.filled >= self.top + self.rows.size:
            if self.cols.padded > self.cols.length:
                self.held[:, :, self.cols.length :] = self.held[:, :, self._on_device(self.cols.mirrored())]
            self._tiles()
            strips.append(self._finish_rows())
        return [strip for strip in strips if strip is not None]

    def _tiles(self) -> None:
        """Run the row of tiles at the top and add its probabilities, each weighted."""
        down = self._on_device(self.rows.weight(self.number, self.stride))[:, None]
        s, size = self.stride, self.cols.size
        at = 0
        while at < len(self.cols.starts):
            some = self._batch(at)
            for n, probability in enumerate(some, start=at):
                first = self.cols.starts[n] // s
                self.total[:, :, first : first + size // s].addcmul_(probability, down * self.across[n])
            at += len(some)

    def _batch(self, at: int) -> Tensor:
        """Return the probabilities of as many tiles as fit into memory."""
        import torch

        while True:
            starts = self.cols.starts[at : at + self._together()]
            try:
                return self._step(self._input(starts))
            except torch.cuda.OutOfMemoryError:
                if len(starts) == 1:
                    raise
            torch.cuda.empty_cache()
            self.engine.batches[self._tile] = len(starts) // 2

    @property
    def _tile(self) -> tuple[int, int, int]:
        return (self.source.shape[0], self.rows.size, self.cols.size)

    def _together(self) -> int:
        """Return how many tiles run together: one on a CPU; on a GPU as many as fit, shared out evenly over the row."""
        if self.engine.device.type != "cuda" or len(self.cols.starts) == 1:
            return 1
        if self._tile not in self.engine.batches:
            needed, free = devices.measure(lambda: self._answer(self._input(self.cols.starts[:1])), self.engine.device)
            self.engine.batches[self._tile] = devices.fitting_batch(needed, free, self.engine.batch)
        turns = -(-len(self.cols.starts) // self.engine.batches[self._tile])
        return -(-len(self.cols.starts) // turns)

    def _step(self, tiles: Tensor) -> Tensor:
        """Return the probabilities of tiles; on a GPU by what was recorded, where the network allows it."""
        if self.engine.device.type != "cuda" or not self.engine.recorded:
            return self._answer(tiles)
        kind = (tuple(tiles.shape), self.source.dtype, self.source.calibration, self.surveyed)
        return self.engine.recorder.run(kind, self._answer, tiles)

    def _answer(self, tiles: Tensor) -> Tensor:
        made: Tensor = self.engine.forward(calibrated(tiles, self.source))
        return made

    def _input(self, starts: tuple[int, ...]) -> Tensor:
        """Return tiles of stored numbers, (B, C, H, W), channels last in memory."""
        bands, height, width = self._tile
        tiles = self.held.new_empty((len(starts), height, width, bands)).permute(0, 3, 1, 2)
        for tile, start in zip(tiles, starts, strict=True):
            tile.copy_(self.held[:, :height, start : start + width])
        return tiles

    def _finish_rows(self) -> Strip | None:
        """Hand out the rows that no later tile touches, and move on to the next row of tiles."""
        s = self.stride
        last = self.number == len(self.rows.starts) - 1
        step = self.rows.size if last else self.rows.starts[self.number + 1] - self.top
        begin = self.top // s
        end = min(begin + step // s, self.shape[1])
        skip = max(0, self.done - begin)
        strip = (
            self._to_host(begin + skip, self.total[:, skip : end - begin, : self.shape[2]]) if end > self.done else None
        )
        if not last:
            kept, read = self.rows.size - step, self.filled - self.top - step
            self.total[:, : kept // s] = self.total[:, step // s :].clone()
            self.total[:, kept // s :] = 0
            self.held[:, :read] = self.held[:, step : step + read].clone()
        self.done = max(self.done, end)
        self.number += 1
        if last:
            del self.held, self.total
        return strip

    def _to_host(self, row: int, rows: Tensor) -> Strip:
        import torch

        made = (rows * LEVELS).add_(0.5).clamp_(0, LEVELS).to(torch.uint8) if self.dtype == np.uint8 else rows.clone()
        if self.engine.device.type != "cuda":
            return Strip(row, made)
        host = torch.empty(made.shape, dtype=made.dtype, pin_memory=True)
        host.copy_(made, non_blocking=True)
        ready = torch.cuda.Event(blocking=True)
        ready.record()
        return Strip(row, host, ready)
