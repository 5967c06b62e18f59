"""Times as they come (epoch seconds to nanoseconds, ISO text with or without a zone) to UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

EPOCH_MIN, EPOCH_MAX = 631_152_000, 4_102_444_800
"""1990-01-01 and 2100-01-01, epoch seconds: a time outside is a unit error or a broken clock."""

_ZONED = ("%Y-%m-%d %H:%M:%S%.f%z", "%Y-%m-%d %H:%M%z")
_NAIVE = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M")


def to_utc(raw: pl.Series, naive_timezone: str | None) -> tuple[pl.Series, pl.Series]:
    """Return (times, naive): UTC microseconds, null where unreadable; True where the text is a time without a zone.

    Numbers are epoch seconds, milliseconds, microseconds or nanoseconds by their magnitude. ``naive_timezone``
    (IANA name) is the zone of times that carry none; without it they stay null.
    """
    if raw.dtype == pl.String:
        times, naive = _from_text(raw, naive_timezone)
        return _within(times), naive
    if isinstance(raw.dtype, pl.Datetime):
        zoned = raw.dtype.time_zone is not None
        times = raw.dt.convert_time_zone("UTC") if zoned else _localise(raw, naive_timezone)
        naive = pl.repeat(not zoned, len(raw), eager=True) & raw.is_not_null()
        return _within(_in_microseconds(times)), naive
    if raw.dtype.is_numeric():
        return _from_epoch(raw), pl.repeat(False, len(raw), eager=True)
    return pl.repeat(None, len(raw), dtype=pl.Datetime("us", "UTC"), eager=True), pl.repeat(False, len(raw), eager=True)


def day_bounds(day: date, timezone: str) -> tuple[int, int]:
    """Return the first microsecond (UTC epoch) of a local day and of the next one."""
    zone = ZoneInfo(timezone)
    start, end = (datetime(d.year, d.month, d.day, tzinfo=zone) for d in (day, day + timedelta(days=1)))
    return _micros(start), _micros(end)


def _micros(moment: datetime) -> int:
    return int((moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))


def _within(times: pl.Series) -> pl.Series:
    """Return times with null where no phone's clock stands."""
    seconds = times.dt.epoch("us") / 1e6
    return (
        times
        if seconds.is_between(EPOCH_MIN, EPOCH_MAX).all()
        else times.set(~seconds.is_between(EPOCH_MIN, EPOCH_MAX).fill_null(True), None)
    )


def _in_microseconds(times: pl.Series) -> pl.Series:
    """Return times (UTC) in microseconds; those of other ages are null before Polars multiplies them, and panics."""
    per_second = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}[times.dtype.time_unit]  # type: ignore[attr-defined]
    number = times.to_physical()
    known = number.is_between(EPOCH_MIN * per_second, EPOCH_MAX * per_second).fill_null(False)
    return (times if known.all() else times.set(~known, None)).cast(pl.Datetime("us", "UTC"))


def _from_epoch(raw: pl.Series) -> pl.Series:
    value = pl.col("t")
    size = value.abs()
    micros = (
        pl.when(size < 1e11).then(value * 1_000_000)
        .when(size < 1e14).then(value * 1000)
        .when(size < 1e17).then(value)
        .otherwise(value // 1000)
    )  # fmt: skip
    seconds = pl.col("us") / 1e6
    return (
        pl.DataFrame(
            {"t": raw.cast(pl.Float64, strict=False) if raw.dtype.is_float() else raw.cast(pl.Int64, strict=False)}
        )
        .select(us=micros)
        .select(
            pl.when(seconds.is_between(EPOCH_MIN, EPOCH_MAX))
            .then(pl.col("us"))
            .cast(pl.Int64)
            .cast(pl.Datetime("us", "UTC"))
        )
        .to_series()
    )


def _from_text(raw: pl.Series, naive_timezone: str | None) -> tuple[pl.Series, pl.Series]:
    """Read texts by the form of the first, at half the cost of trying all, and what is left by all forms."""
    first: Any = raw.drop_nulls().first()
    form = _form(first) if first else None
    if form is None:
        return _from_any_text(raw, naive_timezone)
    times = raw.str.to_datetime(form, strict=False, time_unit="us")
    read = times.is_not_null()
    if form.endswith("%S"):
        times, naive = _localise(times, naive_timezone), read
    else:
        times = times.dt.replace_time_zone("UTC") if form.endswith("Z") else times
        naive = pl.repeat(False, len(raw), eager=True)
    left = (~read & raw.is_not_null()).arg_true()
    if len(left):
        other, unzoned = _from_any_text(raw.gather(left), naive_timezone)
        times, naive = times.scatter(left, other), naive.scatter(left, unzoned)
    return times, naive


def _form(text: str) -> str | None:
    """Return the format of an ISO time of the usual lengths."""
    mark = text[10:11]
    zone = {19: "", 20: "Z" if text.endswith("Z") else None, 25: "%z"}.get(len(text))
    return None if zone is None or mark not in ("T", " ") else f"%Y-%m-%d{mark}%H:%M:%S{zone}"


def _from_any_text(raw: pl.Series, naive_timezone: str | None) -> tuple[pl.Series, pl.Series]:
    numeric = raw.cast(pl.Float64, strict=False)
    if numeric.null_count() == raw.null_count():
        return _from_epoch(numeric), pl.repeat(False, len(raw), eager=True)
    text = (
        raw.str.strip_chars()
        .str.replace("T", " ", literal=True)
        .str.replace(r"\s*[Zz]$", "+0000")
        .str.replace(r"\s+([+-]\d\d)", "$1")
    )
    text = text.str.replace(r"^(\d{4})/(\d\d?)/(\d\d?)", "$1-$2-$3")
    zoned = _parse(text, _ZONED)
    local = (
        _parse(text, _NAIVE).set(zoned.is_not_null(), None)
        if zoned.null_count()
        else zoned.clear(len(raw)).dt.replace_time_zone(None)
    )
    times = zoned if naive_timezone is None else zoned.zip_with(zoned.is_not_null(), _localise(local, naive_timezone))
    times = times.zip_with(times.is_not_null(), _from_epoch(numeric)) if numeric.null_count() < len(raw) else times
    return times, local.is_not_null()


def _parse(text: pl.Series, formats: tuple[str, ...]) -> pl.Series:
    first, *others = (f for f in formats)
    parsed = text.str.to_datetime(first, strict=False, time_unit="us")
    for form in others:
        if parsed.null_count() == text.null_count():
            break
        parsed = parsed.zip_with(parsed.is_not_null(), text.str.to_datetime(form, strict=False, time_unit="us"))
    return parsed


def _localise(local: pl.Series, timezone: str | None) -> pl.Series:
    if timezone is None:
        return pl.repeat(None, len(local), dtype=pl.Datetime("us", "UTC"), eager=True)
    zoned = local.cast(pl.Datetime("us")).dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")
    return zoned.dt.convert_time_zone("UTC")
