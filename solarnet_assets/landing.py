"""The contract between raw files and the lake: what a source hands over and what a reader returns.

A source lists :class:`RawFile`; a reader of a domain package turns the files of one day into a
:class:`Landing`. Every record that came in is either a row of the landing or a row of its rejects.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

REJECTS_SCHEMA = pl.Schema(
    {"file": pl.String, "row": pl.Int64, "reason": pl.String, "sample": pl.String, "records": pl.Int64}
)
"""A refused record: file name, 0-based row (null for a whole file), one-sentence reason, harmless excerpt, and how many
records the line stands for: 1, or those of the file that were refused for the same reason after the first ones."""

SAMPLE_CHARS = 120

REASON_CHARS = 400
"""Longer reasons quote somebody's file at length, and are cut."""


IN_TIME = "in time"
"""How a file arrived that nothing is said of."""

FILES_SCHEMA = pl.Schema(
    {
        "kind": pl.String,
        "file": pl.String,
        "bytes": pl.Int64,
        "sha256": pl.String,
        "records_in": pl.Int64,
        "records_kept": pl.Int64,
        "records_refused": pl.Int64,
        "arrived": pl.Date,
        "arrival": pl.String,
    }
)
"""The raw files that a partition was made of (lake schema ``RawFiles``)."""


class BadInputError(ValueError):
    """Raised for an input that cannot be used; the message is one readable sentence that names the cause."""


@dataclass(frozen=True)
class RawFile:
    """One file that a source offers for a day.

    Attributes:
        path: where the bytes are, on local disk.
        name: the path relative to the source's root; what messages and quarantine name.
        whole: the file holds many days, and the reader keeps the rows of the asked day only.
        owns_undated: rows of a ``whole`` file that have no readable date are reported with this day.
        arrived: first day whose knowledge it belongs to; None: every day's own (it came in time).
        arrival: how that is known: :data:`IN_TIME`, or 'declared', 'item', 'file time'.
    """

    path: Path
    name: str
    whole: bool = False
    owns_undated: bool = True
    arrived: date | None = None
    arrival: str = IN_TIME

    def known(self, day: date) -> date:
        """Return the first day that knew what this file says of a day: never before the day itself."""
        return day if self.arrived is None else max(day, self.arrived)


@dataclass(frozen=True)
class Landing:
    """What a reader made of one day's raw files.

    Attributes:
        frame: the accepted records, in the lake schema of the asset.
        rejects: the refused records (:data:`REJECTS_SCHEMA`).
        n_in: records counted on the way in, before any of them was judged.
        blobs: files to store beside the table, by content-addressed name.
        counted: those of ``n_in`` that each file brought, by its name.
        files: the raw files behind the whole landing (:data:`FILES_SCHEMA`); None: not told (here).
    """

    frame: pl.DataFrame
    rejects: pl.DataFrame
    n_in: int
    blobs: Mapping[str, bytes] = field(default_factory=dict)
    counted: Mapping[str, int] = field(default_factory=dict)
    files: pl.DataFrame | None = None

    @property
    def n_rejected(self) -> int:
        """Refused records, also those that a line of ``rejects`` only counts."""
        return int(self.rejects["records"].sum())


Reader = Callable[[Sequence[RawFile], date, Mapping[str, Any]], Landing | Iterator[Landing]]
"""``reader(files, day, options)``; options are the source's own settings plus 'sites' or 'cities' frames.

A reader whose days do not fit into memory returns an iterator: the landing in parts, whose frames follow each other in
the order of the table and whose counts are summed.
"""


def reject(file: str, reason: str, row: int | None = None, sample: object = "", records: int = 1) -> dict[str, Any]:
    """Return one reject record, of bounded length and in characters that every table can hold."""
    told, shown = printable(storable(reason[:REASON_CHARS])), storable(str(sample)[:SAMPLE_CHARS])
    return {"file": storable(file), "row": row, "reason": told, "sample": shown, "records": records}


def storable(text: str) -> str:
    """Return text in which bytes that are no UTF-8, as names of files may hold them, are written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file; one that has not changed since is read once a process.

    Raises:
        OSError: it cannot be read.
    """
    stat = path.stat()
    return _digest(path, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


@lru_cache(maxsize=8192)
def _digest(path: Path, _size: int, _changed: int, _moved: int) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def printable(text: str) -> str:
    """Return text without characters that a terminal would obey or that turn the direction of reading."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c.isspace() else "?" for c in text)


def rejects_frame(records: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Return reject records as a frame with :data:`REJECTS_SCHEMA`."""
    return pl.DataFrame(list(records), schema=REJECTS_SCHEMA).with_columns(pl.col("records").fill_null(1))
