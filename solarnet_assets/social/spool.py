"""Files of many days, sorted by day on disk, so that a range of days reads them twice and not once for each day."""

from __future__ import annotations

import tempfile
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Any

import msgspec
import pyarrow as pa

from solarnet_assets.landing import BadInputError, RawFile
from solarnet_assets.social.formats import RawPost
from solarnet_assets.social.records import Record

BUCKETS = 64
"""Buckets of days; a day reads its own one, which it shares with every 64th day."""

WAITING, WAITING_CHARS = 2000, 1 << 20
"""Records of a bucket, and characters of them, that wait in memory before they are written."""

FILES = 64
"""Files that are kept sorted at once: an open file and its room on disk each."""

Records = Iterator[list[Record]]
_Stored = tuple[int, int, str | tuple[Any, ...], bytes]
_encode, _decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(list[_Stored]).decode


class Spool:
    """The records of one file by day, in a file without a name that is gone with the process, however it ends.

    Only what a post is made of is kept, a tenth of the lines, packed (zstd).

    Args:
        records: of the file; a fault of the file is kept too and raised after the records of every day.
        day_of: local day of a post, or the sentence that says why it has none.
        scratch: folder of what waits on disk; default the system's temporary folder.
    """

    def __init__(self, records: Records, day_of: Callable[[RawPost], date | str], scratch: Path | None) -> None:
        self._file = tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115 - it lives as long as this does
        weakref.finalize(self, self._file.close)
        self._blocks: list[list[tuple[int, int, int]]] = [[] for _ in range(BUCKETS + 1)]
        self._waiting: list[list[_Stored]] = [[] for _ in range(BUCKETS + 1)]
        self._chars = [0] * (BUCKETS + 1)
        self._codec = pa.Codec("zstd", 1)
        self._lock = Lock()
        self.fault = ""
        try:
            for some in records:
                for record in some:
                    self._add(record, day_of)
        except BadInputError as error:
            self.fault = str(error)
        for number in range(BUCKETS + 1):
            self._flush(number)

    def _add(self, record: Record, day_of: Callable[[RawPost], date | str]) -> None:
        post = record.post
        day = post if isinstance(post, str) else day_of(post)
        stored: _Stored = (0, record.row, day if isinstance(day, str) else "", record.sample)
        number = BUCKETS
        if isinstance(day, date) and not isinstance(post, str):
            text = post.text if isinstance(post.text, str) else None
            collected = post.collected if isinstance(post.collected, str) else None
            kept = post._replace(text=text, collected=collected)
            number, stored = day.toordinal() % BUCKETS, (day.toordinal(), record.row, tuple(kept), record.sample)
            self._chars[number] += len(post.key) + len(post.user) + len(text or "")
        self._waiting[number].append(stored)
        if len(self._waiting[number]) == WAITING or self._chars[number] > WAITING_CHARS:
            self._flush(number)

    def _flush(self, number: int) -> None:
        waiting, self._waiting[number], self._chars[number] = self._waiting[number], [], 0
        if waiting:
            plain = _encode(waiting)
            packed = self._codec.compress(plain, asbytes=True)
            self._blocks[number].append((self._file.tell(), len(packed), len(plain)))
            self._file.write(packed)

    def records(self, day: date, undated: bool) -> Records:
        """Yield the records of a day, and, where asked, those without a readable one; each in their order.

        Raises:
            BadInputError: at the end, where the file has a fault.
        """
        for number in (day.toordinal() % BUCKETS, *([BUCKETS] if undated else [])):
            for start, size, unpacked in self._blocks[number]:
                with self._lock:
                    self._file.seek(start)
                    packed = self._file.read(size)
                stored = _decode(self._codec.decompress(packed, unpacked))
                yield [
                    Record(row, post if isinstance(post, str) else RawPost(*post), sample)
                    for of, row, post, sample in stored
                    if number == BUCKETS or of == day.toordinal()
                ]
        if self.fault:
            raise BadInputError(self.fault)


class Spools:
    """The last files of many days that were asked for."""

    def __init__(self) -> None:
        self._days: OrderedDict[Hashable, date] = OrderedDict()
        self._sorted: OrderedDict[Hashable, Spool] = OrderedDict()
        self._lock = Lock()

    def of(self, file: RawFile, day: date, how: Hashable, make: Callable[[], Spool]) -> Spool | None:
        """Return a file sorted by day, or None where this is the first day that asks for it: one day pays for nothing.

        Args:
            file: a file; one that was changed is another one.
            day: that asks.
            how: what else the days of posts depend on.
            make: sorts the file.
        """
        try:
            stat = file.path.stat()
        except OSError:
            return None  # whoever opens it says why
        key = (file.path, file.name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, how)
        with self._lock:
            if self._days.setdefault(key, day) == day and key not in self._sorted:
                return None
            if key not in self._sorted:
                self._sorted[key] = make()
            self._sorted.move_to_end(key)
            for kept in (self._days, self._sorted):
                while len(kept) > FILES:
                    kept.popitem(last=False)
            return self._sorted[key]


SPOOLS = Spools()
