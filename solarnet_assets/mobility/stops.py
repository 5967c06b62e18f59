"""Ready stops (user, location, start, end), as stop detectors and HoWDe write them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import available_timezones

import polars as pl

from solarnet_assets.landing import BadInputError
from solarnet_assets.mobility.tables import read_parquet, short, unpacked

NAMES = {
    "user": ("useruuid", "user", "user_id", "userid", "uid", "device", "device_id"),
    "location": ("loc", "location", "location_id", "loc_id", "cluster", "label_loc"),
    "start": ("start", "start_time", "started_at", "start_timestamp", "start_datetime"),
    "end": ("end", "end_time", "finished_at", "end_timestamp", "end_datetime"),
    "kind": ("true_location_type", "location_type", "kind"),
    "tz_hour_start": ("tz_hour_start",),
    "tz_minute_start": ("tz_minute_start",),
}
"""Accepted column names, in any case. ``kind`` (H or home, W or work, anything else) is optional, and so are HoWDe's
hours and minutes from UTC: where they are there, times are UTC."""

OPTIONAL = ("kind", "tz_hour_start", "tz_minute_start")
SHIFTS = (("tz_hour_start", 3600), ("tz_minute_start", 60))
KINDS = {"h": "H", "home": "H", "w": "W", "work": "W", "workplace": "W"}

NOWHERE = "-1"
"""Stops that a stop detector gave no place (Infostop's notation, which HoWDe follows)."""

MAX_BYTES = 1 << 30
"""Of a file, unpacked: it is held in memory whole. 500 users and two months take 10 MB."""

LONGEST = 14 * 86_400
"""Seconds; a longer stop is refused: nobody stays two weeks in one place without a gap in the record. Ours."""

_OFFSET = r"\s*([Zz]|[+-]\d{2}:?\d{2})$"


@dataclass(frozen=True)
class Stops:
    """Stops as read.

    Attributes:
        frame: ``user``, ``location`` (strings), ``start``, ``end`` (local seconds since 1970) and, where the file says
            so, ``kind``.
        refused: rows that cannot be used, by reason.
    """

    frame: pl.DataFrame
    refused: dict[str, int]


def read_stops(path: Path, timezone: str | None = None) -> Stops:
    """Read stops from Parquet or CSV (also gzipped).

    Times are seconds (or ms, us, ns) since 1970, or dates with times. They are taken as local, as HoWDe writes them,
    and so is the clock that a column with a zone, or text with an offset, shows. UTC is not local and needs a zone.

    Args:
        path: the file.
        timezone: IANA name of the users' zone, if times are in UTC.

    Raises:
        BadInputError: not such a file, a column is missing, or times are in UTC and nobody says where people live.
    """
    if timezone is not None and timezone not in available_timezones():
        raise BadInputError(f"{timezone} is no time zone; names are like Asia/Shanghai")
    table = _table(path)
    lower = {column.lower(): column for column in table.columns}
    found = {name: next((lower[c] for c in given if c in lower), None) for name, given in NAMES.items()}
    missing = [name for name, column in found.items() if column is None and name not in OPTIONAL]
    if missing:
        named = "; ".join(f"{name} ({', '.join(NAMES[name])})" for name in missing)
        raise BadInputError(f"{path.name} has no column for {named}; it has {', '.join(table.columns[:20])[:300]}")
    frame = table.select(pl.col(column).alias(name) for name, column in found.items() if column is not None)
    zone = "UTC" if found["tz_hour_start"] else timezone
    clocks = [_local(frame[name], path.name, zone).alias(name) for name in ("start", "end")]
    frame = frame.with_columns(pl.col("user", "location").cast(pl.String).str.strip_chars(), *clocks)
    if "kind" in frame.columns:
        kind = pl.col("kind").cast(pl.String).str.strip_chars().str.to_lowercase()
        frame = frame.with_columns(kind=kind.replace_strict(KINDS, default="O"))
    return _usable(_shifted(frame))


def _table(path: Path) -> pl.DataFrame:
    try:
        if path.suffix.lower() in {".parquet", ".pq"}:
            return read_parquet(path, MAX_BYTES)
        return pl.read_csv(unpacked(path, MAX_BYTES), infer_schema=False)
    except (BadInputError, OSError, pl.exceptions.PolarsError) as error:
        raise BadInputError(f"{path.name} is not a table of stops: {short(error)}") from error


def _local(raw: pl.Series, file: str, timezone: str | None) -> pl.Series:
    """Return local seconds since 1970; null where unreadable."""
    if raw.dtype == pl.String:
        numbers = raw.cast(pl.Float64, strict=False)
        if numbers.null_count() > raw.null_count():
            raw, shown = _from_text(raw, file)
            if shown:
                return raw.dt.epoch("s")
        else:
            raw = numbers
    if raw.dtype.is_numeric():
        raw = _seconds(raw).cast(pl.Datetime("ms", None if timezone is None else "UTC"))
    elif raw.dtype == pl.Date:
        raw = raw.cast(pl.Datetime("ms"))
    kind = raw.dtype
    if not isinstance(kind, pl.Datetime):
        raise BadInputError(f"{file}: column {raw.name} holds {kind}, not times")
    zone = kind.time_zone
    if timezone is None and zone in {"UTC", "Etc/UTC"}:
        raise BadInputError(f"{file}: {raw.name} is in UTC; say with --timezone where the users live")
    if timezone is not None:
        raw = (raw if zone else raw.dt.replace_time_zone("UTC")).dt.convert_time_zone(timezone)
    return raw.dt.replace_time_zone(None).dt.epoch("s")


def _seconds(numbers: pl.Series) -> pl.Series:
    """Return milliseconds of epoch numbers, whose unit is told by their size: seconds end in the year 5138."""
    value = numbers.cast(pl.Float64)
    size = value.abs().median()
    size = size if isinstance(size, float) else 0.0
    per_second = 1.0 if size < 1e11 else 1e3 if size < 1e14 else 1e6 if size < 1e17 else 1e9
    return (value / per_second * 1000).cast(pl.Int64, strict=False)


def _from_text(raw: pl.Series, file: str) -> tuple[pl.Series, bool]:
    """Return what the clock showed, and whether offsets say that it was the local one; in UTC if they all say so."""
    text = raw.str.strip_chars()
    offset = text.str.extract(_OFFSET)
    try:
        clock = text.str.replace(_OFFSET, "").str.to_datetime(time_unit="ms", strict=False)
    except pl.exceptions.ComputeError as error:
        raise BadInputError(f"{file}: times in {raw.name} cannot be read, such as {text.drop_nulls()[0]}") from error
    utc = offset.drop_nulls().str.to_lowercase().is_in(["z", "+00:00", "+0000"])
    if len(utc) and utc.all():
        return clock.dt.replace_time_zone("UTC"), False
    return clock, len(utc) > 0


def _shifted(frame: pl.DataFrame) -> pl.DataFrame:
    """Add HoWDe's hours and minutes from UTC to both times, where the file has them."""
    parts = [(name, seconds) for name, seconds in SHIFTS if name in frame.columns]
    if not parts:
        return frame
    shift = pl.sum_horizontal(pl.col(name).cast(pl.Int64, strict=False) * seconds for name, seconds in parts)
    return frame.with_columns(pl.col("start", "end") + shift).drop(name for name, _ in parts)


def _usable(frame: pl.DataFrame) -> Stops:
    faults = {
        "without user, location or time": pl.any_horizontal(pl.col("user", "location", "start", "end").is_null()),
        "at no place (-1)": pl.col("location") == NOWHERE,
        "that end before they start": pl.col("end") < pl.col("start"),
        "of more than two weeks": pl.col("end") - pl.col("start") > LONGEST,
    }
    refused = {}
    for reason, fault in faults.items():
        kept = frame.filter(~fault)
        if kept.height < frame.height:
            refused[reason] = frame.height - kept.height
        frame = kept
    return Stops(frame, refused)
