"""Readers of the mobility sources: GPS pings and published indices of movement.

Every record of a day becomes a row or a reject with one sentence; no file makes a reader fail.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from solarnet_assets.landing import BadInputError, Landing, RawFile, reject, rejects_frame
from solarnet_assets.mobility.index import read_index
from solarnet_assets.mobility.places import assign_city
from solarnet_assets.mobility.tables import MAX_BYTES, pick_columns, read_table
from solarnet_assets.mobility.times import day_bounds, to_utc

__all__ = ["read_index", "read_pings"]

ALIASES: dict[str, tuple[str, ...]] = {
    "id": ("device_id", "uid", "user", "user_id", "caid", "ad_id", "device", "useruuid"),
    "time": ("timestamp", "datetime", "time", "utc_timestamp"),
    "lat": ("lat", "latitude"),
    "lon": ("lon", "lng", "longitude", "long"),
    "accuracy": ("accuracy", "horizontal_accuracy"),
}
"""Column names that the field uses (GeoLife, scikit-mobility, trackintel, Veraset and Cuebiq exports), newest first."""

FRAME_SCHEMA = pl.Schema(
    {
        "device": pl.UInt64(),
        "time": pl.Datetime("us", "UTC"),
        "lat": pl.Float64(),
        "lon": pl.Float64(),
        "accuracy": pl.Float32(),
        "city": pl.String(),
    }
)

KEPT_BYTES = 32 << 20
"""Files of many days up to this size are parsed once per process and not once per day."""

DEFAULT_TIMEZONE = "Asia/Shanghai"


def read_pings(files: Sequence[RawFile], day: date, options: Mapping[str, Any]) -> Landing:
    """Read one day's pings. Satisfies :data:`solarnet_assets.landing.Reader`.

    Args:
        files: Parquet, CSV(.gz) or PLT files. Of a ``whole`` file only the rows of ``day`` are taken.
        day: calendar day in the time zone of the city that holds the ping (elsewhere: option ``timezone``).
        options: ``cities`` (the ``Cities`` frame) and ``hash_key`` (bytes, at most 64) are required;
            ``naive_timezone`` is the zone of times without one; ``timezone``, ``max_bytes`` have defaults.

    Returns:
        Landing with the ``Pings`` columns, sorted by device and time.
    """
    cities = options["cities"]
    rejects: list[dict[str, Any]] = []
    parts = list(_parts(files, options, rejects))
    n_files = len(rejects)
    if not parts:
        return Landing(FRAME_SCHEMA.to_frame(), rejects_frame(rejects), n_files)
    rows = _locate(pl.concat(parts), day, cities, options.get("timezone", DEFAULT_TIMEZONE))
    rows = rows.filter(pl.col("mine"))
    judged = rows.with_columns(reason=_reason(day))
    judged = judged.with_columns(reason=_duplicates(judged))
    bad = judged.filter(pl.col("reason").is_not_null())
    good = judged.filter(pl.col("reason").is_null())
    refused = pl.concat([rejects_frame(rejects), _row_rejects(bad)])
    return Landing(_finish(good, cities, options["hash_key"]), refused, n_files + rows.height)


def hash_ids(ids: pl.Series, key: bytes) -> pl.Series:
    """Return the keyed 64-bit BLAKE2b hash (RFC 7693) of each id; equal ids are hashed once."""
    unique = ids.unique()
    hashes = [int.from_bytes(hashlib.blake2b(i.encode(), digest_size=8, key=key).digest(), "little") for i in unique]
    if unique.is_empty():
        return pl.Series(ids.name, [], dtype=pl.UInt64)
    return ids.replace_strict(unique, pl.Series(hashes, dtype=pl.UInt64), return_dtype=pl.UInt64)


def _parts(
    files: Sequence[RawFile], options: Mapping[str, Any], rejects: list[dict[str, Any]]
) -> Iterator[pl.DataFrame]:
    """Yield the typed rows of each readable file; append the reason of each other file to ``rejects``.

    A bad file of many days is reported once, by the day that owns what has no date.
    """
    seen: dict[bytes, str] = {}
    for file in files:
        try:
            with file.path.open("rb") as handle:
                digest = hashlib.file_digest(handle, "blake2b").digest()
            if digest in seen:
                raise BadInputError(f"the file is a copy of {seen[digest]}")
            rows = _rows(file, options.get("naive_timezone"), options.get("max_bytes", MAX_BYTES))
            seen[digest] = file.name
            yield rows.with_columns(file=pl.lit(file.name), whole=file.whole, owns_undated=file.owns_undated)
        except (BadInputError, OSError, pl.exceptions.PolarsError) as error:
            if file.owns_undated or not file.whole:
                rejects.append(reject(file.name, str(error).splitlines()[0]))


def _rows(file: RawFile, naive_timezone: str | None, max_bytes: int) -> pl.DataFrame:
    """Return the typed rows of a file; small files of many days are kept, since every day asks for them."""
    stat = file.path.stat()
    if not file.whole or stat.st_size > KEPT_BYTES:
        return _typed(file, naive_timezone, max_bytes)
    return _kept(replace(file, owns_undated=True), stat.st_mtime_ns, stat.st_size, naive_timezone, max_bytes)


@lru_cache(maxsize=2)
def _kept(file: RawFile, mtime: int, size: int, naive_timezone: str | None, max_bytes: int) -> pl.DataFrame:
    return _typed(file, naive_timezone, max_bytes)


def _typed(file: RawFile, naive_timezone: str | None, max_bytes: int) -> pl.DataFrame:
    raw = pick_columns(read_table(file, max_bytes), ALIASES, frozenset({"accuracy"}))
    times, naive = to_utc(raw["time"], naive_timezone)
    return raw.select(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("row"),
        pl.col("id").cast(pl.String),
        times.alias("time"),
        naive.alias("naive"),
        pl.col("lat", "lon").cast(pl.Float64, strict=False),
        pl.col("accuracy").cast(pl.Float32, strict=False),
    )


def _locate(rows: pl.DataFrame, day: date, cities: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """Add ``place`` (row of the city or -1), ``today`` and ``mine`` (today's, or by-day, or undated and owned)."""
    lat, lon = (rows[name].fill_null(float("nan")).to_numpy() for name in ("lat", "lon"))
    place = assign_city(lat, lon, cities)
    bounds = np.array([day_bounds(day, zone) for zone in [*cities["timezone"], timezone]], np.int64)
    start, end = _per_place(bounds, place)
    micros = rows["time"].to_physical().fill_null(np.iinfo(np.int64).min).to_numpy()
    today = (micros >= start) & (micros < end)
    return rows.with_columns(place=pl.Series(place), today=pl.Series(today)).with_columns(
        mine=~pl.col("whole") | pl.col("today") | (pl.col("time").is_null() & pl.col("owns_undated"))
    )


def _per_place(bounds: NDArray[np.int64], place: NDArray[np.int32]) -> tuple[Any, Any]:
    """Return the day's bounds per row (index -1 is the default zone), as scalars where all zones agree."""
    if (bounds == bounds[0]).all():
        return bounds[0, 0], bounds[0, 1]
    return bounds[place, 0], bounds[place, 1]


def _reason(day: date) -> pl.Expr:
    """Return the first reason to refuse a row, or null."""
    lat, lon = pl.col("lat"), pl.col("lon")
    return (
        pl.when(pl.col("id").is_null() | (pl.col("id") == "")).then(pl.lit("the device id is missing"))
        .when(lat.is_null() | lat.is_nan() | lon.is_null() | lon.is_nan()).then(pl.lit("the position is not a number"))
        .when(~lat.is_between(-90, 90)).then(pl.lit("latitude lies outside -90..90 degrees"))
        .when(~lon.is_between(-180, 180)).then(pl.lit("longitude lies outside -180..180 degrees"))
        .when(pl.col("time").is_null() & pl.col("naive"))
        .then(pl.lit("the time has no zone (write +08:00 or Z, or set naive_timezone in the source's options)"))
        .when(pl.col("time").is_null()).then(pl.lit("the time cannot be read"))
        .when(~pl.col("today")).then(pl.lit(f"the ping belongs to another local day than {day}"))
        .when(pl.col("place") < 0).then(pl.lit("outside every city"))
    )  # fmt: skip


def _duplicates(judged: pl.DataFrame) -> pl.Expr:
    fresh = judged.select(
        pl.struct("id", pl.col("time").to_physical(), "lat", "lon").hash().is_first_distinct()
    ).to_series()
    return (
        pl.when(pl.col("reason").is_null() & ~fresh)
        .then(pl.lit("exact duplicate of an earlier ping"))
        .otherwise("reason")
    )


def _row_rejects(bad: pl.DataFrame) -> pl.DataFrame:
    """Rejects with a sample that names no device and no place finer than 0.01 degrees."""
    sample = pl.format(
        "time {}, lat {}, lon {}",
        pl.col("time").dt.to_string("iso").fill_null("-"),
        *(pl.col(c).round(2).cast(pl.String).fill_null("-") for c in ("lat", "lon")),
    )
    return bad.select("file", "row", "reason", sample=sample)


def _finish(good: pl.DataFrame, cities: pl.DataFrame, key: bytes) -> pl.DataFrame:
    return good.select(
        hash_ids(good["id"], key).alias("device"),
        "time",
        "lat",
        "lon",
        pl.when(pl.col("accuracy") >= 0).then(pl.col("accuracy")).alias("accuracy"),
        cities["city"].gather(good["place"]).alias("city"),
    ).sort("device", "time", "lat", "lon")
