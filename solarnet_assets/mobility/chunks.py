"""Raw ping files in chunks of bounded size: Parquet by row groups, CSV(.gz) and PLT by blocks of lines.

Nothing is judged here but whether a file can be read at all; a file that cannot raises :class:`BadInputError` with the
sentence that goes into quarantine, also when its end turns out to be damaged after its beginning was read.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import polars as pl

from solarnet_assets.landing import BadInputError, RawFile
from solarnet_assets.mobility.tables import csv_records, lower, picked, require_text, short

BLOCK = 16 << 20
"""Bytes of text that are parsed at once; also the longest line."""

MOST_COLUMNS = 1000

OPTIONAL = frozenset({"accuracy", "end"})
"""Columns that pings need not have."""

SUSPECT_BYTES, MOST_UNPACKED = 1 << 30, 200
"""A gzip that unpacks to more than this many bytes and times its size is a bomb (pings in CSV reach 10 to 30)."""

_PLT_HEADER_LINES = 6
_PLT_NAMES = ["lat", "lon", "zero", "altitude_ft", "days", "date", "clock"]


@dataclass(frozen=True)
class Text:
    """How the lines of a text file are to be read.

    Attributes:
        names: all its columns.
        separator: between them.
        wanted: our name -> column of the file.
        user: the one device of a PLT file.
    """

    names: list[str]
    separator: str
    wanted: Mapping[str, str]
    user: str | None = None


def text_chunks(file: RawFile, aliases: Mapping[str, tuple[str, ...]], limit: int) -> Iterator[pl.DataFrame]:
    """Yield the records of a text file as strings, under our names; one line is one record, always.

    Quotes are stripped and not parsed, so that none swallows the lines after it.

    Args:
        file: CSV or PLT, plain or gzipped.
        aliases: our column names and those of the field.
        limit: bytes, unpacked, after which the file is refused.

    Raises:
        BadInputError: as the module says.
    """
    with ExitStack() as stack:
        handle: Any = stack.enter_context(file.path.open("rb"))
        if handle.read(2) == b"\x1f\x8b":
            handle = stack.enter_context(gzip.open(file.path))
        else:
            handle.seek(0)
        plt = file.name.lower().endswith((".plt", ".plt.gz"))
        form: Text | None = None
        for block in _blocks(handle, file.path.stat().st_size, limit):
            lines = block
            if form is None:
                require_text(block[:512])
                form, lines = _plt_form(file.name, block) if plt else _csv_form(block, aliases)
            yield _parsed(lines, form)
        if form is None:
            raise BadInputError("the gzip file holds nothing")


def _blocks(handle: IO[bytes], size: int, limit: int) -> Iterator[bytes]:
    """Yield whole lines, about ``BLOCK`` bytes at a time."""
    rest, done = b"", 0
    while data := _read(handle):
        done += len(data)
        if done > limit or (done > SUSPECT_BYTES and done > MOST_UNPACKED * size):
            raise BadInputError(f"the gzip file unpacks to more than the limit of {min(limit, done):,} bytes")
        whole, newline, tail = data.rpartition(b"\n")
        if not newline and len(rest) + len(tail) > BLOCK:
            raise BadInputError(f"the file has a line of more than {BLOCK:,} bytes")
        if newline:
            yield rest + whole + newline
            rest = tail
        else:
            rest += tail
    if rest:
        yield rest


def _read(handle: IO[bytes]) -> bytes:
    try:
        return handle.read(BLOCK)
    except (OSError, EOFError, zlib.error) as error:
        raise BadInputError(f"the gzip file is damaged or truncated ({short(error)})") from error


def _csv_form(block: bytes, aliases: Mapping[str, tuple[str, ...]]) -> tuple[Text, bytes]:
    header, _, lines = block.removeprefix(b"\xef\xbb\xbf").partition(b"\n")
    separator = max(b",;\t|", key=lambda s: header.count(bytes([s])))
    raw = header.decode("utf-8", "replace").split(chr(separator))
    if len(raw) > MOST_COLUMNS:
        raise BadInputError(f"the file has {len(raw):,} columns, more than the limit of {MOST_COLUMNS:,}")
    names = lower(raw)
    return Text(names, chr(separator), picked(names, aliases, OPTIONAL)), lines


def _plt_form(name: str, block: bytes) -> tuple[Text, bytes]:
    """GeoLife PLT: six header lines; the user is the folder above ``Trajectory``; times are GMT (its user guide)."""
    lines = block.split(b"\n", _PLT_HEADER_LINES)
    if len(lines) <= _PLT_HEADER_LINES or not lines[-1].strip():
        raise BadInputError("the PLT file holds no point after its six header lines")
    parts = [part for part in Path(name).parts[:-1] if part.lower() != "trajectory"]
    wanted = {name: name for name in ("lat", "lon", "date", "clock")}
    return Text(_PLT_NAMES, ",", wanted, parts[-1] if parts else Path(name).stem), lines[-1]


def _parsed(lines: bytes, form: Text) -> pl.DataFrame:
    columns = sorted({str(form.names.index(column)) for column in form.wanted.values()})
    header = form.separator.join(map(str, range(len(form.names)))).encode() + b"\n"  # the first line may be a short one
    frame = csv_records(header + lines.rstrip(), form.separator, columns)
    frame = frame.select(pl.col(str(form.names.index(column))).alias(name) for name, column in form.wanted.items())
    if form.user is not None:
        time = pl.format("{}T{}Z", "date", pl.col("clock").str.strip_chars("\r "))
        return frame.select("lat", "lon", id=pl.lit(form.user), time=time)
    quoted = any(mark in lines for mark in (b'"', b"'", b"\r", b" ", b"\t"))
    return frame.with_columns(pl.all().str.strip_chars(" \t\r\"'")) if quoted else frame
