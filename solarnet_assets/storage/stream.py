"""Parquet tables that are written row group by row group, so that their size never has to fit into memory."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from upath import UPath

ROW_GROUP = 1 << 18
"""Rows of a full row group: 10 MB of pings in memory, small enough that two threads share a day of a million."""

PINGS = frozenset({"device", "time", "lat", "lon", "city"})
"""Tables with these columns are pings, and none of these is ever null: LZ4, and the bytes of times and positions apart
by rank (BYTE_STREAM_SPLIT).

Measured on 6 decimals (benchmarks/NOTES.md): 17.4 bytes a ping and 17 ns to decode, against 16.4 and 30 of zstd.
Everything else is read far more often than it is written: snappy.
"""


class TableStream:
    """A Parquet file that grows in a draft and takes its place when it is finished.

    Frames share a row group while they have no more than ``ROW_GROUP`` rows together; a larger one is cut into equal
    row groups. What was written bucket by bucket can so be skipped by statistics. Pings that fit into one row group lie
    in two: two threads share them. Same frames, same bytes.

    Args:
        draft: where the file grows, on local disk.
        schema: empty frame with the columns; what a table without rows looks like.
    """

    def __init__(self, draft: Path, schema: pl.DataFrame) -> None:
        self.draft = draft
        self.height = 0
        self._waiting: list[pl.DataFrame] = []
        self._pings = PINGS.issubset(schema.columns)
        self._arrow = _required(_arrow(schema).schema) if self._pings else _arrow(schema).schema
        self._writer = pq.ParquetWriter(draft, self._arrow, **_coding(schema, self._pings))

    def write(self, frame: pl.DataFrame) -> None:
        """Append a frame."""
        self.height += frame.height
        if sum(kept.height for kept in self._waiting) + frame.height > ROW_GROUP:
            self._flush()
        self._waiting.append(frame)

    def finish(self, notes: Mapping[str, str]) -> None:
        """Write what is left and the footer with its notes."""
        self._flush(2 if self._pings and self.height <= ROW_GROUP else 1)
        self._writer.add_key_value_metadata(dict(notes))
        self._writer.close()

    def abandon(self) -> None:
        """Remove the draft."""
        self._writer.close()
        self.draft.unlink(missing_ok=True)

    def _flush(self, groups: int = 1) -> None:
        waiting, self._waiting = self._waiting, []
        rows = sum(frame.height for frame in waiting)
        if rows:
            table = _arrow(pl.concat(waiting)).cast(self._arrow)
            self._writer.write_table(table, row_group_size=-(-rows // max(groups, -(-rows // ROW_GROUP))))


def _coding(schema: pl.DataFrame, pings: bool) -> dict[str, Any]:
    """Return how columns are written: whole numbers, times and names repeat, positions (and times of pings) do not."""
    apart = [name for name, kind in schema.schema.items() if kind == pl.Float64 or (pings and name == "time")]
    keyed = [name for name in schema.columns if name not in apart]
    if not pings:
        return {"compression": "snappy", "use_dictionary": keyed}
    split = dict.fromkeys(apart, "BYTE_STREAM_SPLIT")
    return {"compression": "lz4", "use_dictionary": keyed, "column_encoding": split}


def _required(schema: Any) -> Any:
    """Return a schema whose columns of ``PINGS`` are never null: a reader need not look at each value for it."""
    return pa.schema([field.with_nullable(field.name not in PINGS) for field in schema])


def draft_of(target: UPath) -> Path:
    """Return where a file for ``target`` grows: beside it on a local disk, in the temporary folder elsewhere."""
    if not is_local(target):
        return Path(tempfile.gettempdir()) / f".{target.name}.{uuid.uuid4().hex}"
    folder = Path(str(target)).parent
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f".{target.name}.{uuid.uuid4().hex}"


def move_in(draft: Path, target: UPath) -> None:
    """Put a finished draft in its place: by rename on a local disk, by one object put elsewhere."""
    if is_local(target):
        os.replace(draft, str(target))  # noqa: PTH105 - Path.replace is the same call; named for what it guarantees
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.fs.put_file(str(draft), target.path)
    draft.unlink()


def is_local(path: UPath) -> bool:
    """Whether a path lies on a local disk."""
    return path.protocol in ("", "file")


def footer(path: UPath) -> tuple[dict[str, str], int]:
    """Return the notes and the number of rows of a table; nothing else of it is read."""
    with path.open("rb") as handle:
        found = pq.read_metadata(handle)
    notes = {key.decode(): value.decode() for key, value in (found.metadata or {}).items() if key != b"ARROW:schema"}
    return notes, found.num_rows


def readers(path: UPath, columns: Iterable[str], dictionaries: Iterable[str]) -> list[Callable[[], pa.Table]]:
    """Return functions that read a table part by part, in file order; they may run side by side.

    A part is one row group, or several that hold up to ``ROW_GROUP`` rows and half of the table together. Columns are
    read one by one, which is faster by a tenth than all at once.

    Args:
        path: the table.
        columns: those to read.
        dictionaries: text columns to return as dictionaries.
    """
    with path.open("rb") as handle:
        found = pq.read_metadata(handle)
    wanted, coded = list(columns), list(dictionaries)

    def read(numbers: list[int]) -> pa.Table:
        source: Any = pa.OSFile(str(path)) if is_local(path) else path.open("rb")
        with source as handle:
            file = pq.ParquetFile(handle, metadata=found, read_dictionary=coded)
            parts = [file.read_row_groups(numbers, [name], use_threads=False) for name in wanted]
        return pa.table({name: part.column(0) for name, part in zip(wanted, parts, strict=True)})

    return [partial(read, numbers) for numbers in _parts(found)]


def _parts(found: pq.FileMetaData) -> list[list[int]]:
    parts: list[list[int]] = []
    most = min(ROW_GROUP, -(-found.num_rows // 2))
    rows = most
    for number in range(found.num_row_groups):
        height = found.row_group(number).num_rows
        if rows + height > most:
            parts, rows = [*parts, []], 0
        parts[-1].append(number)
        rows += height
    return parts


def _arrow(frame: pl.DataFrame) -> Any:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())
