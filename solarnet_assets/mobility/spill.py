"""Accepted pings of a day, sorted into buckets of devices that lie on disk until each is finished on its own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

FIELDS: dict[str, np.dtype[Any]] = {
    "device": np.dtype("<u8"),
    "time": np.dtype("<i8"),
    "lat": np.dtype("<f8"),
    "lon": np.dtype("<f8"),
    "accuracy": np.dtype("<f4"),
    "city": np.dtype("<i4"),
    "order": np.dtype("<i8"),
}
"""Columns of a ping on its way: ``time`` in UTC microseconds, ``city`` the row of the city, ``order`` the number of the
raw row within the day; accuracy NaN where it is not known. 48 bytes."""

BYTES = sum(kind.itemsize for kind in FIELDS.values())
IN_MEMORY = 1 << 18
"""Rows that wait in memory before they are written, all buckets together."""

Columns = dict[str, NDArray[Any]]
"""Column name -> values, all of one length."""

Key = Callable[[NDArray[np.uint64]], NDArray[np.uint16]]
"""Number of the bucket of each device."""


class Spill:
    """Buckets of pings. Files have no name and are gone with the process, however it ends.

    Args:
        buckets: how many.
        key: bucket of each device.
        folder: where the files lie; default the system's temporary folder.
    """

    def __init__(self, buckets: int, key: Key, folder: Path | None = None) -> None:
        self._key, self._folder = key, folder
        self._files: list[IO[bytes] | None] = [None] * buckets
        self._blocks: list[list[int]] = [[] for _ in range(buckets)]
        self._waiting: list[Columns] = []
        self._before = 0  # how many of them stand before begin
        self._begun = [0] * buckets

    def begin(self) -> None:
        """Note what stands here, before a file is read."""
        self._before = len(self._waiting)
        self._begun = [len(blocks) for blocks in self._blocks]

    def back(self) -> None:
        """Forget what was added since :meth:`begin`."""
        del self._waiting[self._before :]
        for number, begun in enumerate(self._begun):
            del self._blocks[number][begun:]
            if (file := self._files[number]) is not None:
                file.seek(self.rows(number) * BYTES)
                file.truncate()

    def add(self, rows: Columns) -> None:
        """Add rows."""
        self._waiting.append(rows)
        if sum(len(waiting["device"]) for waiting in self._waiting) >= IN_MEMORY:
            self._write()

    def in_memory(self) -> Columns | None:
        """Return all rows, as they were added, if none of them had to go to disk."""
        if any(self._blocks):
            return None
        return _joined(self._waiting)

    def rows(self, number: int) -> int:
        """Return how many rows a bucket holds on disk."""
        return sum(self._blocks[number])

    def buckets(self) -> Iterator[int]:
        """Write what waits, and yield the numbers of the buckets that hold anything."""
        self._write()
        yield from (number for number, blocks in enumerate(self._blocks) if blocks)

    def blocks(self, number: int) -> Iterator[Columns]:
        """Yield the rows of a bucket as they were added."""
        file = self._files[number]
        if file is None:
            return
        file.seek(0)
        for rows in self._blocks[number]:
            data, at, block = file.read(rows * BYTES), 0, {}
            for name, kind in FIELDS.items():
                block[name] = np.frombuffer(data, kind, rows, at)
                at += rows * kind.itemsize
            yield block

    def read(self, number: int) -> Columns:
        """Return a bucket."""
        blocks = list(self.blocks(number))
        return {name: np.concatenate([block[name] for block in blocks]) for name in FIELDS}

    def drop(self, number: int) -> None:
        """Forget a bucket and free its disk space."""
        self._blocks[number] = []
        if (file := self._files[number]) is not None:
            file.close()
            self._files[number] = None

    def _write(self) -> None:
        """Write what waits; what came before begin is written by itself, so that back leaves it."""
        before, since = self._waiting[: self._before], self._waiting[self._before :]
        self._waiting, self._before = [], 0
        if before:
            self._write_rows(_joined(before))
            self._begun = [len(blocks) for blocks in self._blocks]
        if since:
            self._write_rows(_joined(since))

    def _write_rows(self, rows: Columns) -> None:
        bucket = self._key(rows["device"])
        by_bucket = np.argsort(bucket, kind="stable")
        ends = np.cumsum(np.bincount(bucket, minlength=len(self._files)))
        sorted_rows = [rows[name][by_bucket] for name in FIELDS]
        for number, (start, end) in enumerate(zip(ends - np.diff(ends, prepend=0), ends, strict=True)):
            if end > start:
                self._append(number, [column[start:end] for column in sorted_rows])

    def _append(self, number: int, columns: list[NDArray[Any]]) -> None:
        file = self._files[number]
        if file is None:
            file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115 - closed by drop
            self._files[number] = file
        file.seek(0, os.SEEK_END)
        for column in columns:
            file.write(column.data)
        self._blocks[number].append(len(columns[0]))


def _joined(parts: list[Columns]) -> Columns:
    return {
        name: np.concatenate([part[name].astype(kind, copy=False) for part in parts] or [np.zeros(0, kind)])
        for name, kind in FIELDS.items()
    }
