"""Parquet pings in chunks: only the columns that are needed, of those row groups that may hold the day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from solarnet_assets.landing import BadInputError
from solarnet_assets.mobility.chunks import OPTIONAL
from solarnet_assets.mobility.pages import check_pages
from solarnet_assets.mobility.tables import lower, picked, short
from solarnet_assets.mobility.times import to_utc

ROWS = 1 << 18
"""Rows of a chunk."""

MOST_ROWS_PER_BYTE = 16
"""No encoding packs a ping (device, time, place) into half a bit: a file that claims so is not what it says."""

LONG_BYTES, LONG_VALUE = 64 << 20, 256
"""A column of a row group with more bytes than this, and more than that for each row, holds no ids, times or places."""

MOST_MULTIPLIED = 256 << 20
"""Bytes that a row group may come to, were all its text one value that each row repeats, before it is looked at."""

Span = tuple[int, int]
"""First microsecond (UTC) that is wanted, and the first that is not."""


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
            apart = stack.enter_context(_opened(path, texts))
            for first, groups in _runs(
                _groups(file.metadata, path.stat().st_size, set(found.values())), found["time"], span
            ):
                long = texts and groups[0].may_multiply and _has_long(apart, groups[0].number, texts)
                check_pages(path, {name: [group.columns[name] for group in groups] for name in found.values()})
                numbers, row = [group.number for group in groups], first
                for batch in (apart if long else file).iter_batches(
                    ROWS, numbers, list(found.values()), use_threads=False
                ):
                    yield row, _frame(batch, found)
                    row += batch.num_rows
    except BadInputError:
        raise
    except (pa.ArrowException, OSError, ValueError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise BadInputError(f"the Parquet file is damaged or truncated ({short(error)})") from error


def _opened(path: Path, shared: Sequence[str] = ()) -> Any:
    """Open a file; texts of the columns ``shared`` come as a dictionary and the row's place in it."""
    limits = {"thrift_string_size_limit": 64 << 20, "thrift_container_size_limit": 1 << 22}
    return pq.ParquetFile(path, read_dictionary=list(shared), **limits)


@dataclass(frozen=True)
class _Group:
    """What the footer says of a row group.

    Attributes:
        number: of the row group.
        rows: in it.
        columns: metadata of the columns that are wanted, by name.
    """

    number: int
    rows: int
    columns: dict[str, Any]

    @property
    def may_multiply(self) -> bool:
        """Whether a long text that each row repeats would not fit into memory."""
        return any(self.rows * column.total_uncompressed_size > MOST_MULTIPLIED for column in self.columns.values())


def _groups(metadata: Any, size: int, wanted: set[str]) -> Iterator[_Group]:
    """Yield the row groups.

    Raises:
        BadInputError: they are no table of pings.
    """
    if metadata.num_rows > MOST_ROWS_PER_BYTE * size:
        raise BadInputError(f"the Parquet file claims {metadata.num_rows:,} rows in {size:,} bytes")
    places = {metadata.schema.column(n).path: n for n in range(metadata.num_columns)}
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        columns = {name: group.column(places[name]) for name in wanted}
        for name, column in columns.items():
            length = column.total_uncompressed_size
            if length > max(LONG_BYTES, LONG_VALUE * group.num_rows):
                rows = f"{length:,} bytes in {group.num_rows:,} rows"
                raise BadInputError(f"column {name} holds {rows}: no ids, times or places are that long")
        yield _Group(number, group.num_rows, columns)


def _runs(groups: Iterator[_Group], time: str, span: Span | None) -> Iterator[tuple[int, list[_Group]]]:
    """Yield (number of the first row, consecutive small row groups, or one that must be looked at by itself)."""
    row, first, run = 0, 0, list[_Group]()
    for group in list(groups):
        outside = span is not None and _outside(group.columns[time], span)
        alone = outside or group.may_multiply or sum(kept.rows for kept in run) + group.rows > ROWS
        if run and (alone or run[-1].may_multiply):
            yield first, run
            run = []
        first = first if run else row
        run = run if outside else [*run, group]
        row += group.rows
    if run:
        yield first, run


def _has_long(apart: Any, number: int, texts: list[str]) -> bool:
    """Whether a text of a dictionary, all of which comes with its first row, is too long to be repeated."""
    for batch in islice(apart.iter_batches(1, [number], texts, use_threads=False), 1):
        return any((pc.max(pc.binary_length(column.dictionary)).as_py() or 0) > LONG_VALUE for column in batch.columns)
    return False


def _columns(file: Any, aliases: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return our name -> column of the file."""
    raw = file.schema_arrow.names
    names = lower(raw)
    found = {name: raw[names.index(column)] for name, column in picked(names, aliases, OPTIONAL).items()}
    for column in found.values():
        kind = file.schema_arrow.field(column).type
        if pa.types.is_nested(kind):
            raise BadInputError(f"column {column} is of the type {str(kind)[:80]}, not one value for each row")
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
