"""Readers of the mobility sources: GPS pings and published indices of movement.

Every record of a day becomes a row or a reject with one sentence; no file makes a reader fail, and no size of a file or
of a day makes it need more than a few hundred MB.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from solarnet_assets.landing import BadInputError, Landing, RawFile, rejects_frame
from solarnet_assets.mobility.chunks import text_chunks
from solarnet_assets.mobility.index import read_index
from solarnet_assets.mobility.judge import Judge
from solarnet_assets.mobility.kept import BYTES as KEPT_BYTES
from solarnet_assets.mobility.kept import Kept
from solarnet_assets.mobility.parquet import parquet_chunks
from solarnet_assets.mobility.reduce import BUCKETS
from solarnet_assets.mobility.refused import Refused
from solarnet_assets.mobility.spill import Columns, Spill
from solarnet_assets.mobility.tidy import Tidied, tidy, without_floods

__all__ = ["read_index", "read_pings", "stream_pings"]

ALIASES: dict[str, tuple[str, ...]] = {
    "id": ("device_id", "uid", "user", "user_id", "caid", "ad_id", "device", "useruuid"),
    "time": ("timestamp", "datetime", "time", "utc_timestamp", "start", "start_time", "started_at"),
    "lat": ("lat", "latitude"),
    "lon": ("lon", "lng", "longitude", "long"),
    "accuracy": ("accuracy", "horizontal_accuracy"),
    "end": ("end", "end_time", "finished_at", "leaving_datetime"),
}
"""Column names that the field uses (GeoLife, scikit-mobility, trackintel, Veraset and Cuebiq exports), newest first.

A file with an ``end`` holds stops: time is their start."""

PART_ROWS = 1 << 21
"""Pings that are put in order at once, 100 MB; larger buckets are divided once more."""

MAX_BYTES = 1 << 40
"""Text that unpacks to more is refused."""

T = TypeVar("T")
SCHEMA = pl.Schema(
    {
        "device": pl.UInt64(),
        "time": pl.Datetime("us", "UTC"),
        "lat": pl.Float64(),
        "lon": pl.Float64(),
        "accuracy": pl.Float32(),
        "city": pl.String(),
    }
)


def read_pings(files: Sequence[RawFile], day: date, options: Mapping[str, Any]) -> Landing:
    """Read one day's pings at once; as :func:`stream_pings`, for days that fit into memory."""
    parts = list(stream_pings(files, day, options))
    return Landing(
        pl.concat([part.frame for part in parts]),
        pl.concat([part.rejects for part in parts]),
        sum(part.n_in for part in parts),
        counted=parts[-1].counted,
    )


def stream_pings(files: Sequence[RawFile], day: date, options: Mapping[str, Any]) -> Iterator[Landing]:
    """Read one day's pings in parts. Satisfies :data:`solarnet_assets.landing.Reader`.

    Files are judged chunk by chunk, and what is accepted waits on disk in 64 buckets of devices; each bucket is then
    put in order and freed of duplicates and teleports. Stops come in as the quarter hours that they touch.

    Args:
        files: Parquet, CSV(.gz) or PLT files. Of a ``whole`` file only the rows of ``day`` are taken.
        day: calendar day in the time zone of the city that holds the ping (elsewhere: option ``timezone``).
        options: ``cities`` (the ``Cities`` frame) and ``hash_key`` (bytes, at most 64) are required;
            ``naive_timezone`` is the zone of times without one; ``timezone``, ``max_bytes`` (unpacked text) and
            ``scratch`` (folder for what waits on disk) have defaults.

    Yields:
        Landings with the ``Pings`` columns, by device modulo 64, device, time, latitude and longitude. The last one
        holds what was refused and what came in.
    """
    judge, refused = Judge(day, options), Refused()
    spill = Spill(BUCKETS, lambda device: (device % np.uint64(BUCKETS)).astype(np.uint16), options.get("scratch"))
    counted, starts = _take_in(files, judge, spill, refused, options.get("max_bytes", MAX_BYTES))
    cities = options["cities"]["city"]
    for kept, bad in ahead(_tidied(spill, options.get("scratch"))):
        for reason, rows in bad:
            _refuse(refused, reason, rows, starts)
        yield Landing(_frame(kept, cities), rejects_frame([]), 0)
    yield Landing(SCHEMA.to_frame(), refused.frame(), sum(counted.values()), counted=counted)


def _take_in(
    files: Sequence[RawFile], judge: Judge, spill: Spill, refused: Refused, limit: int
) -> tuple[dict[str, int], list[tuple[int, str]]]:
    """Judge every file; return the records that each brought, and (number of the first row within the day, file)."""
    counted, offset, starts = dict[str, int](), 0, [(0, "")]
    copies = _copies(files)
    for file in files:
        spill.begin()
        mine, last = 0, -1
        try:
            if file.name in copies:
                raise BadInputError(f"the file is a copy of {copies[file.name]}")
            typed = ahead(_typed(file, judge, limit))
            for judged in ahead(judge(file, rows, offset) for rows in typed):
                spill.add(judged.accepted)
                refused.rows(file.name, judged.refused)
                mine += judged.mine
                last = max(last, judged.last)
        except (BadInputError, OSError, pl.exceptions.PolarsError) as error:
            spill.back()
            refused.forget(file.name)
            mine = int(file.owns_undated or not file.whole)
            if mine:
                refused.file(file.name, str(error).splitlines()[0])
        starts.append((offset, file.name))
        counted[file.name], offset = mine, offset + last + 1
    return counted, starts


def _copies(files: Sequence[RawFile]) -> dict[str, str]:
    """Return file -> earlier file with the same bytes; only files of one size are compared."""
    sizes: dict[int, list[RawFile]] = {}
    for file in files:
        if file.path.exists():
            sizes.setdefault(file.path.stat().st_size, []).append(file)
    found: dict[str, str] = {}
    for size, same in sizes.items():
        seen: dict[bytes, str] = {}
        for file in same if size and len(same) > 1 else []:
            with file.path.open("rb") as handle:
                digest = hashlib.file_digest(handle, "blake2b").digest()
            if seen.setdefault(digest, file.name) != file.name:
                found[file.name] = seen[digest]
    return found


KEPT = Kept()


def _typed(file: RawFile, judge: Judge, limit: int) -> Iterator[pl.DataFrame]:
    """Yield the typed rows of a file; small files of many days are kept, since every day asks for them."""
    size = file.path.stat().st_size
    if size == 0:
        raise BadInputError("the file is empty (0 bytes)")
    if file.whole and size <= KEPT_BYTES:
        return KEPT.rows(file, (judge.naive_timezone, limit), lambda: _read(file, judge, limit, None))
    return _read(file, judge, limit, judge.span if file.whole else None)


def _read(file: RawFile, judge: Judge, limit: int, span: tuple[int, int] | None) -> Iterator[pl.DataFrame]:
    with file.path.open("rb") as handle:
        parquet = handle.read(4) == b"PAR1"
    if parquet:
        for first, raw in parquet_chunks(file.path, ALIASES, span):
            yield from judge.typed(raw, first, span)
        return
    first = 0
    for raw in text_chunks(file, ALIASES, limit):
        yield from judge.typed(raw, first, span)
        first += raw.height


def _tidied(spill: Spill, scratch: Path | None) -> Iterator[Tidied]:
    """Yield the buckets in order, all together or large ones in parts, with what was refused of them."""
    if (rows := spill.in_memory()) is not None:
        kept, bad = tidy(rows)
        by_bucket = np.argsort(kept["device"] % np.uint64(BUCKETS), kind="stable")
        yield {name: values[by_bucket] for name, values in kept.items()}, bad
        return
    for number in spill.buckets():
        parts = -(-spill.rows(number) // PART_ROWS)
        if parts == 1:
            yield tidy(spill.read(number))
        else:
            yield from _divided(spill, number, parts, scratch)
        spill.drop(number)


def _divided(spill: Spill, number: int, parts: int, scratch: Path | None) -> Iterator[Tidied]:
    """Divide a bucket by ranges of the device hash, which keeps its order."""

    def part_of(device: NDArray[np.uint64]) -> NDArray[np.uint16]:
        return ((device >> np.uint64(48)) * np.uint64(parts) >> np.uint64(16)).astype(np.uint16)

    finer = Spill(parts, part_of, scratch)
    for block in spill.blocks(number):
        finer.add(block)
    for part in finer.buckets():
        if finer.rows(part) > 2 * PART_ROWS:
            yield from without_floods(lambda part=part: finer.blocks(part))  # type: ignore[misc]
        else:
            yield tidy(finer.read(part))
        finer.drop(part)


def _refuse(refused: Refused, reason: str, rows: Columns, starts: list[tuple[int, str]]) -> None:
    first = np.array([start for start, _ in starts])
    file = np.searchsorted(first, rows["order"], side="right") - 1
    for number in np.unique(file):
        mine = np.flatnonzero(file == number)
        mine = mine[np.argsort(rows["order"][mine], kind="stable")]
        frame = pl.DataFrame({name: rows[name][mine] for name in ("time", "lat", "lon")}).with_columns(
            pl.col("time").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            row=pl.Series(rows["order"][mine] - first[number]),
            reason=pl.lit(reason),
        )
        refused.rows(starts[number][1], frame)


def _frame(rows: Columns, cities: pl.Series) -> pl.DataFrame:
    return pl.DataFrame({name: rows[name] for name in SCHEMA if name != "city"}).with_columns(
        pl.col("time").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        pl.col("accuracy").fill_nan(None),
        city=cities.gather(rows["city"]),
    )


def ahead(items: Iterator[T]) -> Iterator[T]:
    """Yield items while the next one is made in another thread."""
    with ThreadPoolExecutor(1) as pool:
        end = object()
        waiting = pool.submit(next, items, end)
        while (item := waiting.result()) is not end:
            waiting = pool.submit(next, items, end)
            yield item  # type: ignore[misc]
