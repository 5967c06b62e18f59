"""Where the engine's probabilities go, strip by strip: an array in memory, or a file that survives being killed."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.imagery.raster import Grid, open_raster, read_pixels, write_geotiff

LEVELS = 255
"""Probabilities are kept as ``round(255 p)`` in uint8: wrong by 0.002 at most, in a quarter of float32's memory."""


class Sink(Protocol):
    """Takes the probabilities of one scene, from the top down."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """``float32`` for probabilities, ``uint8`` for :data:`LEVELS` of them."""
        ...

    def begin(self, shape: tuple[int, int, int]) -> int:
        """Say how large the result will be (outputs, rows, columns); return how many rows are there already."""
        ...

    def write(self, row: int, strip: NDArray[Any]) -> None:
        """Take rows from ``row`` on, (outputs, rows, columns)."""
        ...

    def finish(self) -> None:
        """The scene is complete."""
        ...


class ArraySink:
    """Probabilities in memory, in ``array`` (outputs, rows, columns) once the scene is complete.

    Args:
        dtype: see :class:`Sink`.
    """

    array: NDArray[Any]

    def __init__(self, dtype: type = np.uint8) -> None:
        self.dtype: np.dtype[Any] = np.dtype(dtype)

    def begin(self, shape: tuple[int, int, int]) -> int:
        """Make room."""
        self.array = np.empty(shape, self.dtype)
        return 0

    def write(self, row: int, strip: NDArray[Any]) -> None:
        """Copy the strip to its place."""
        self.array[:, row : row + strip.shape[1]] = strip

    def finish(self) -> None:
        """Nothing is left to do."""


class FileSink:
    """Probabilities in a GeoTIFF (uint8) that appears when it is complete, and not before.

    Until then the strips lie in the folder ``<name>.part`` beside it, with a journal of the rows that are there. A run
    that was killed goes on behind them, if it is the same work: that is what ``key`` tells.

    Args:
        path: GeoTIFF to write; its folder exists.
        key: names everything that the numbers depend on: scene, weights, tiles, precision, device's kind of arithmetic.
        grid: position of the result's pixels.
        names: of the outputs.
    """

    dtype: np.dtype[Any] = np.dtype(np.uint8)

    def __init__(self, path: Path, key: str, grid: Grid, names: tuple[str, ...] = ("probability",)) -> None:
        self.path, self.grid, self.names = path, grid, names
        self.key = hashlib.sha256(key.encode()).hexdigest()
        self.part = path.with_name(path.name + ".part")
        self.shape = (0, 0, 0)

    def finished(self) -> bool:
        """Return whether the file is there, complete and of this work."""
        if not self.path.is_file():
            return False
        with open_raster(self.path) as dataset:
            return bool(dataset.tags().get("WORK") == self.key)

    def result(self) -> NDArray[np.uint8]:
        """Return the finished file's pixels, (outputs, rows, columns)."""
        with open_raster(self.path) as dataset:
            return read_pixels(dataset)

    def begin(self, shape: tuple[int, int, int]) -> int:
        """Go on behind the rows that an earlier run of the same work has left, or start anew."""
        self.shape = shape
        work = {"key": self.key, "shape": list(shape)}
        try:
            kept = json.loads((self.part / "work.json").read_text())
            rows = [int(line) for line in (self.part / "rows").read_text().split("\n")[:-1]]  # half a line is none
        except (OSError, ValueError):
            kept, rows = None, []
        if kept == work:
            return rows[-1] if rows else 0
        shutil.rmtree(self.part, ignore_errors=True)
        self.part.mkdir()
        for number in range(shape[0]):
            (self.part / f"{number}.raw").touch()
        (self.part / "rows").touch()
        (self.part / "work.json").write_text(json.dumps(work))
        return 0

    def write(self, row: int, strip: NDArray[Any]) -> None:
        """Write the strip, then the journal: a row that the journal names is there."""
        for number, plane in enumerate(strip):
            with (self.part / f"{number}.raw").open("r+b") as file:
                file.seek(row * self.shape[2])
                file.write(np.ascontiguousarray(plane).data)
        with (self.part / "rows").open("a") as journal:
            journal.write(f"{row + strip.shape[1]}\n")

    def finish(self) -> None:
        """Turn the strips into the GeoTIFF under a name of its own, then rename it."""
        _, height, width = self.shape
        planes = [np.memmap(self.part / f"{n}.raw", np.uint8, "r", shape=(height, width)) for n in range(self.shape[0])]
        made = self.part / "made.tif"
        write_geotiff(made, planes, self.grid, self.names, {"WORK": self.key})
        made.replace(self.path)
        del planes
        shutil.rmtree(self.part, ignore_errors=True)
