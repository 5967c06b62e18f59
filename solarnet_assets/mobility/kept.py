"""Small files of many days, parsed once per process and not once per day."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from threading import Lock

import polars as pl

from solarnet_assets.landing import RawFile

BYTES = 32 << 20
ROWS = 1 << 20
"""Files up to this size, and of no more rows than this, are kept: 60 MB each."""

FILES = 2


class Kept:
    """The last files of many days that were read, as typed chunks."""

    def __init__(self) -> None:
        self._files: OrderedDict[Hashable, list[pl.DataFrame]] = OrderedDict()
        self._lock = Lock()

    def rows(self, file: RawFile, how: Hashable, read: Callable[[], Iterator[pl.DataFrame]]) -> Iterator[pl.DataFrame]:
        """Yield the chunks of a file, read now or before.

        Args:
            file: a file; one that was changed is read again.
            how: what else the chunks depend on.
            read: reads it.
        """
        stat = file.path.stat()
        key = (file.path, stat.st_mtime_ns, stat.st_size, how)
        with self._lock:
            known = self._files.get(key)
        if known is not None:
            yield from known
            return
        chunks: list[pl.DataFrame] | None = []
        rows = 0
        for chunk in read():
            rows += chunk.height
            chunks = None if chunks is None or rows > ROWS else [*chunks, chunk]
            yield chunk
        if chunks is not None:
            with self._lock:
                self._files[key] = chunks
                while len(self._files) > FILES:
                    self._files.popitem(last=False)
