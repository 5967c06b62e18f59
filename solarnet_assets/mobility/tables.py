"""Small raw files as tables of their own columns: Parquet, CSV(.gz).

Nothing is judged here but whether a file can be read at all; a file that cannot raises
:class:`BadInputError` with the sentence that goes into quarantine.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from solarnet_assets.landing import BadInputError, RawFile
from solarnet_assets.mobility import pages
from solarnet_assets.mobility.longest import longest, multiplied

MAX_BYTES = 256 << 20
"""Files larger than this, packed or unpacked, are refused: they are held in memory whole, several times over (a gzip of
zeros is 1000 times smaller than its content). 363 cities and three years take 20 MB."""


BYTES_PER_CELL = 16
"""What a cell takes in memory at least, however few bytes repeat it in the file."""


def read_table(file: RawFile, max_bytes: int = MAX_BYTES, otherwise: str | None = None) -> pl.DataFrame:
    """Return the records of a file, one row each, with lower-case column names.

    Text files come back as strings, one row per line after the header; Parquet keeps its types. Text that is no UTF-8
    is read in the encoding ``otherwise`` where one is given and fits.

    Raises:
        BadInputError: unreadable, empty, UTF-16, too large, or of an unknown format.
    """
    if file.path.stat().st_size == 0:
        raise BadInputError("the file is empty (0 bytes)")
    _check_size(file.path, max_bytes)
    with file.path.open("rb") as handle:
        head = handle.read(512)
    if head.startswith(b"PAR1"):
        return _lower(read_parquet(file.path, max_bytes))
    data = unpacked(file.path, max_bytes)
    require_text(data[:512])
    return _lower(_read_csv(_recoded(data, otherwise) if otherwise else data))


def _recoded(data: bytes, encoding: str) -> bytes:
    """Return text as UTF-8: as it is where it is that, or where it is not of the other encoding either."""
    for known in ("utf-8", encoding):
        try:
            return data.decode(known).encode()
        except UnicodeDecodeError:
            continue
    return data


def read_parquet(path: Path, max_bytes: int = MAX_BYTES) -> pl.DataFrame:
    """Return a Parquet file that fits into memory, whatever its footer says.

    Raises:
        BadInputError: damaged, of types that Polars does not hold, or too large.
    """
    try:
        metadata = pq.read_metadata(path)
        size = sum(metadata.row_group(n).total_byte_size for n in range(metadata.num_row_groups))
        size = max(size, BYTES_PER_CELL * metadata.num_rows * metadata.num_columns)
        if size > max_bytes or _bytes_in_memory(path, metadata, max_bytes) > max_bytes:
            claims = f"{metadata.num_rows:,} rows and {metadata.num_columns:,} columns"
            raise BadInputError(f"the Parquet file unpacks to more than the limit of {max_bytes:,} bytes ({claims})")
        return pl.read_parquet(path, memory_map=False, glob=False)
    except (pa.ArrowException, pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise BadInputError(f"the Parquet file is damaged or truncated ({short(error)})") from error


def _bytes_in_memory(path: Path, metadata: Any, limit: int) -> int:
    """Return the bytes that the cells of a Parquet file come to at most, by its pages; beyond the limit any number."""
    columns = [metadata.schema.column(n) for n in range(metadata.num_columns)]
    texts = [column for column in columns if column.physical_type == "BYTE_ARRAY"]
    flat = [column.path for column in texts if column.path == column.name and not column.max_repetition_level]
    total = 0
    with pq.ParquetFile(path) as file, pq.ParquetFile(path, read_dictionary=flat) as shared, path.open("rb") as raw:
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            told = {
                column.path: pages.unpacked(raw, column.path, group.column(n), path.stat().st_size)
                for n, column in enumerate(columns)
            }
            nested = multiplied({column.path: told[column.path] for column in texts if column.path not in flat})
            found = {name: told[name] for name in flat}
            size = multiplied(found)
            if size > limit // metadata.num_row_groups:
                values = max(1, sum(text.values for text in found.values()))
                plain = sum(text.size for text in found.values())
                size = plain + values * longest(file, shared, number, found, limit // values)
            cells = (told[column.path].values * max(BYTES_PER_CELL, column.length) for column in columns)
            total += size + nested + sum(cells)
    return total


def unpacked(path: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """Return the bytes of a text file, gzipped or not.

    Raises:
        BadInputError: damaged, too large, or a gzip of nothing.
    """
    _check_size(path, max_bytes)
    with path.open("rb") as handle:
        if handle.read(2) != b"\x1f\x8b":
            return path.read_bytes()
    try:
        with gzip.open(path) as handle:
            data = handle.read(max_bytes + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise BadInputError(f"the gzip file is damaged or truncated ({short(error)})") from error
    if len(data) > max_bytes:
        raise BadInputError(f"the gzip file unpacks to more than the limit of {max_bytes:,} bytes")
    if not data:
        raise BadInputError("the gzip file holds nothing")
    return data


def _check_size(path: Path, max_bytes: int) -> None:
    size = path.stat().st_size
    if size > max_bytes:
        raise BadInputError(f"the file has {size:,} bytes, more than the limit of {max_bytes:,}")


def require_text(head: bytes) -> None:
    """Refuse what begins like UTF-16 or binary data."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadInputError("the file is UTF-16 text; it must be saved as UTF-8")
    if b"\x00" in head:
        raise BadInputError("the file is neither Parquet, CSV, gzip nor PLT (it holds binary zeros)")


def _read_csv(data: bytes) -> pl.DataFrame:
    data = data.removeprefix(b"\xef\xbb\xbf").rstrip()
    header = data.split(b"\n", 1)[0]
    separator = max(b",;\t|", key=lambda s: header.count(bytes([s])))
    frame = csv_records(data, chr(separator))
    return frame.with_columns(pl.all().str.strip_chars(" \t\r\"'")) if b'"' in data or b"'" in data else frame


def csv_records(data: bytes, separator: str, columns: list[str] | None = None) -> pl.DataFrame:
    """Return lines below a header as strings; all columns, or some.

    One line is one record, always: quotes are not parsed, so that none swallows the lines after it.

    Raises:
        BadInputError: it cannot be read so.
    """
    try:
        return pl.read_csv(
            io.BytesIO(data),
            columns=columns,
            separator=separator,
            infer_schema=False,
            quote_char=None,
            truncate_ragged_lines=True,
            encoding="utf8-lossy",
        )
    except pl.exceptions.PolarsError as error:
        raise BadInputError(f"the file cannot be read as CSV ({short(error)})") from error


def _lower(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.rename(dict(zip(frame.columns, lower(frame.columns), strict=True)))


def lower(raw: Sequence[str]) -> list[str]:
    """Return column names in lower case, without spaces and quotes.

    Raises:
        BadInputError: two are the same.
    """
    names = [re.sub(r"[\s\"']+", "", column).lower() for column in raw]
    if len(set(names)) != len(names):
        raise BadInputError(f"two columns share a name: {', '.join(sorted(names)[:20])}")
    return names


def pick_columns(
    frame: pl.DataFrame, aliases: Mapping[str, tuple[str, ...]], optional: Collection[str] = ()
) -> pl.DataFrame:
    """Return the first alias of each column, under our names; absent optional ones are null.

    Raises:
        BadInputError: as for :func:`picked`.
    """
    found = picked(frame.columns, aliases, optional)
    return frame.select(
        (pl.col(found[name]) if name in found else pl.lit(None, pl.String)).alias(name) for name in aliases
    )


def picked(
    names: Sequence[str], aliases: Mapping[str, tuple[str, ...]], optional: Collection[str] = ()
) -> dict[str, str]:
    """Return our name -> the first of its aliases that a file has; absent optional ones are left out.

    Raises:
        BadInputError: a required column is missing; names what was wanted and what was found.
    """
    found = {name: next((c for c in known if c in names), None) for name, known in aliases.items()}
    missing = [name for name, column in found.items() if column is None and name not in optional]
    if missing:
        wanted = "; ".join(f"{name} (any of {', '.join(aliases[name])})" for name in missing)
        raise BadInputError(f"no column for {wanted}; the file has the columns {', '.join(names[:20])[:500]}")
    return {name: column for name, column in found.items() if column is not None}


def short(error: Exception) -> str:
    """Return the first line of what went wrong."""
    return (str(error).splitlines() or [type(error).__name__])[0][:160]
