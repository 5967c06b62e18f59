"""Parquet pings in chunks: only the columns that are needed, of those row groups that may hold the day."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from solarnet_assets.landing import BadInputError
from solarnet_assets.mobility.chunks import OPTIONAL
from solarnet_assets.mobility.longest import (
    LONG_VALUE,
    MOST_MULTIPLIED,
    can_share,
    longest,
    multiplied,
    rows_at_once,
)
from solarnet_assets.mobility.pages import Unpacked, unpacked
from solarnet_assets.mobility.tables import lower, picked, short
from solarnet_assets.mobility.times import to_utc

ROWS, JOINED_ROWS = 1 << 18, 1 << 17
"""Rows of a chunk, and of one that is joined of smaller ones."""

MOST_ROWS_PER_BYTE = 16
"""No encoding packs a ping (device, time, place) into half a bit: a file that claims so is not what it says."""

LONG_BYTES = 64 << 20
"""A column of a row group with more bytes than this, and more than ``LONG_VALUE`` for each row, holds no ids, times or
places."""

FEW_ROWS = 1 << 10
"""So many rows are read at once without a look at what they hold; looking at all texts first is faster than fewer."""

Span = tuple[int, int]
"""First microsecond (UTC) that is wanted, and the first that is not."""

_Part = tuple[int, int, pl.DataFrame]
"""Number of the first row, bytes in memory, records."""


def parquet_chunks(
    path: Path, aliases: Mapping[str, tuple[str, ...]], span: Span | None
) -> Iterator[tuple[int, pl.DataFrame]]:
    """Yield (number of the first row, records) under our names, with the types of the file.

    Args:
        path: Parquet file.
        aliases: our column names and those of the field.
        span: row groups whose statistics place all their times outside are left out; None reads all.

    Raises:
        BadInputError: damaged, not a table of pings, or not what its footer says.
    """
    try:
        with ExitStack() as stack:
            file = stack.enter_context(_opened(path))
            found = _columns(file, aliases)
            texts = [column for column in found.values() if _is_text(file.schema_arrow.field(column).type)]
            shared = stack.enter_context(_opened(path, texts))
            raw = stack.enter_context(path.open("rb"))
            groups = _groups(file.metadata, path.stat().st_size, set(found.values()))
            wanted = (g for g in groups if span is None or not _outside(g.columns[found["time"]], span))
            runs = _runs(_looked_at(group, raw, texts) for group in wanted)
            yield from _joined(part for run in runs for part in _read(file, shared, run, found))
    except BadInputError:
        raise
    except (pa.ArrowException, OSError, ValueError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise BadInputError(f"the Parquet file is damaged or truncated ({short(error)})") from error


def _safely(file: Any, shared: Any, run: Sequence[_Group]) -> tuple[Any, int]:
    """Return which of two readers of a file reads row groups in bounded memory, and how many rows at once."""
    first, rows = run[0], min(group.rows_at_once for group in run)
    if sum(multiplied(group.texts) for group in run) <= MOST_MULTIPLIED:
        return file, ROWS
    if rows >= FEW_ROWS:
        return file, rows
    if longest(file, shared, first.number, first.texts) <= LONG_VALUE:
        return file, ROWS
    return (shared, ROWS) if can_share(first.texts) else (file, rows)


def _read(file: Any, shared: Any, run: Sequence[_Group], found: Mapping[str, str]) -> Iterator[_Part]:
    """Yield the records of row groups."""
    reader, rows = _safely(file, shared, run)
    row, numbers = run[0].first, [group.number for group in run]
    for batch in reader.iter_batches(rows, numbers, list(found.values()), use_threads=False):
        yield row, batch.nbytes, _frame(batch, found)
        row += batch.num_rows


def _joined(parts: Iterable[_Part]) -> Iterator[tuple[int, pl.DataFrame]]:
    """Yield small parts that follow each other together, as far as they fit into memory: each chunk costs 4 ms."""
    first, rows, size, held = 0, 0, 0, list[pl.DataFrame]()
    for row, more, part in parts:
        if held and (row != first + rows or rows + part.height > JOINED_ROWS or size + more > MOST_MULTIPLIED):
            yield first, pl.concat(held)
            rows, size, held = 0, 0, []
        first = first if held else row
        rows, size, held = rows + part.height, size + more, [*held, part]
    if held:
        yield first, pl.concat(held)


def _opened(path: Path, shared: Sequence[str] = ()) -> Any:
    """Open a file; texts of the columns ``shared`` come as a dictionary and the row's place in it."""
    limits = {"thrift_string_size_limit": 64 << 20, "thrift_container_size_limit": 1 << 22}
    return pq.ParquetFile(path, read_dictionary=list(shared), **limits)


@dataclass(frozen=True)
class _Group:
    """A row group.

    Attributes:
        number: of it.
        first: number of its first row.
        rows: in it, by the footer.
        columns: metadata of the columns that are wanted, by name.
        texts: what those of them unpack to that hold texts, once they were looked at.
    """

    number: int
    first: int
    rows: int
    columns: Mapping[str, Any]
    texts: Mapping[str, Unpacked] = field(default_factory=dict)

    @property
    def rows_at_once(self) -> int:
        """How many of its rows fit into memory whatever they hold."""
        return min(ROWS, rows_at_once(self.texts))


def _groups(metadata: Any, size: int, wanted: set[str]) -> Iterator[_Group]:
    """Yield the row groups.

    Raises:
        BadInputError: they are no table of pings.
    """
    if metadata.num_rows > MOST_ROWS_PER_BYTE * size:
        raise BadInputError(f"the Parquet file claims {metadata.num_rows:,} rows in {size:,} bytes")
    places = {metadata.schema.column(n).path: n for n in range(metadata.num_columns)}
    first = 0
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        columns = {name: group.column(places[name]) for name in wanted}
        yield _Group(number, first, group.num_rows, columns)
        first += group.num_rows


def _looked_at(group: _Group, raw: IO[bytes], texts: Sequence[str]) -> _Group:
    """Return a row group with what its pages unpack to.

    Raises:
        BadInputError: they hold no pings.
    """
    size = os.fstat(raw.fileno()).st_size
    told = {name: unpacked(raw, name, column, size) for name, column in group.columns.items()}
    for name, found in told.items():
        if found.size > max(LONG_BYTES, LONG_VALUE * group.rows):
            rows = f"{found.size:,} bytes in {group.rows:,} rows"
            raise BadInputError(f"column {name} holds {rows}: no ids, times or places are that long")
    return replace(group, texts={name: told[name] for name in texts})


def _runs(groups: Iterable[_Group]) -> Iterator[list[_Group]]:
    """Yield consecutive small row groups, or one that must be looked at by itself."""
    run = list[_Group]()
    for group in groups:
        follows = bool(run) and run[-1].number + 1 == group.number and run[-1].rows_at_once >= FEW_ROWS
        together = follows and group.rows_at_once >= FEW_ROWS and sum(kept.rows for kept in run) + group.rows <= ROWS
        if run and not together:
            yield run
            run = []
        run.append(group)
    if run:
        yield run


def _columns(file: Any, aliases: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return our name -> column of the file."""
    raw = file.schema_arrow.names
    names = lower(raw)
    found = {name: raw[names.index(column)] for name, column in picked(names, aliases, OPTIONAL).items()}
    for column in found.values():
        kind = file.schema_arrow.field(column).type
        if pa.types.is_nested(kind):
            raise BadInputError(f"column {column} is of the type {str(kind)[:80]}, not one value for each row")
        if pa.types.is_fixed_size_binary(kind) and kind.byte_width > LONG_VALUE:
            raise BadInputError(f"column {column} has {kind.byte_width:,} bytes in each row: no id is that long")
        if pa.types.is_decimal256(kind):  # Polars has no such numbers, and panics
            raise BadInputError(f"column {column} is of the type {str(kind)[:80]}, of more than 38 digits")
    return found


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind))


def _outside(time: Any, span: Span) -> bool:
    """Whether statistics place all times of a row group outside the span, and each of them can be read."""
    found = time.statistics
    if found is None or not found.has_min_max or not found.has_null_count or found.null_count:
        return False
    try:
        ends = pl.Series([found.min, found.max], strict=False)
        if ends.dtype == pl.String:
            return False
        first, last = to_utc(ends, "UTC")[0].dt.epoch("us").to_list()
    except (ValueError, OverflowError, pl.exceptions.PolarsError):  # a time that Python does not know
        return False
    margin = 26 * 3_600_000_000  # a zone that the file does not name
    return first is not None and last is not None and (last + margin < span[0] or first - margin >= span[1])


def _frame(batch: Any, found: Mapping[str, str]) -> pl.DataFrame:
    return pl.DataFrame([_column(batch.column(batch.schema.get_field_index(c)), name) for name, c in found.items()])


def _column(values: Any, name: str) -> pl.Series:
    """Return a column; long texts that repeat are shared between rows and never multiplied."""
    if not pa.types.is_dictionary(values.type):
        return pl.Series(name, values)
    texts = pl.Series(name, values.dictionary)
    texts = texts.cast(pl.String, strict=False) if texts.dtype == pl.Binary else texts
    rows = pl.Series(values.indices).cast(pl.UInt32)
    return texts.gather(rows) if len(texts) else pl.Series(name, [None] * len(rows), dtype=pl.String)
