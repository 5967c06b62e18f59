"""Reader of published indices of movement: (city, day, intensity), or two aligned years beside each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import PurePath
from typing import Any

import polars as pl

from solarnet_assets.landing import BadInputError, Landing, RawFile, reject, rejects_frame
from solarnet_assets.mobility.tables import MAX_BYTES, pick_columns, read_table

ALIASES: dict[str, tuple[str, ...]] = {
    "city": ("city", "city_id", "region"),
    "text": ("day", "date", "ds"),
    "value": ("intensity", "index", "value"),
}
DATE_FORMS = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y.%m.%d")
"""Days as they are written: the year first, since a day that starts with day or month can be read in two ways."""

YEARS = (1900, 2199)
"""Days outside are slips of the pen: near the ends of the calendar no day has a partner a year before."""

PAIR_COLUMNS = frozenset({"date1", "intensity1", "date2", "intensity2"})
"""The form in which Baidu's movement intensities of two years circulate: a day and its lunar partner on one line."""

FRAME_SCHEMA = pl.Schema({"city": pl.String, "intensity": pl.Float64, "provider": pl.String, "known_on": pl.Date})


def read_index(files: Sequence[RawFile], day: date, options: Mapping[str, Any]) -> Landing:
    """Read one day of a published index. Satisfies :data:`solarnet_assets.landing.Reader`.

    Files have the columns city, day, intensity; or date1, intensity1, date2, intensity2, where each line is
    two records and the city is the file's name. Cities are matched to ``options['cities']`` by key or name,
    regardless of case; without that option any city is taken. ``options['provider']`` names the publisher.

    Of two values for a city and day the one that came first counts, so that a late file takes back nothing.

    Returns:
        Landing with the ``MobilityIndex`` columns, sorted by city.
    """
    rejects: list[dict[str, Any]] = []
    parts: list[pl.DataFrame] = []
    for file in sorted(files, key=lambda file: file.known(day)):
        try:
            late = pl.lit(file.known(day) if file.known(day) > day else None, pl.Date)
            parts.append(_records(file, options).with_columns(known_on=late))
        except (BadInputError, OSError, pl.exceptions.PolarsError) as error:
            if file.owns_undated or not file.whole:
                rejects.append(reject(file.name, str(error).splitlines()[0]))
    if not parts:
        return Landing(FRAME_SCHEMA.to_frame(), rejects_frame(rejects), len(rejects), counted=_counted(rejects))
    rows = pl.concat(parts).filter(pl.col("by_day") | (pl.col("date") == day).fill_null(pl.col("owns_undated")))
    judged = _judged(_with_city_key(rows, options.get("cities")), day)
    good = judged.filter(pl.col("reason").is_null())
    bad = judged.filter(pl.col("reason").is_not_null())
    sample = pl.format("{}, {}, {}", *(pl.col(c).fill_null("-") for c in ("city", "text", "value")))
    bad = bad.select("file", "row", "reason", sample=sample, records=pl.lit(1, pl.Int64))
    refused = pl.concat([rejects_frame(rejects), bad])
    provider = pl.lit(str(options.get("provider", "unknown")))
    frame = good.select(city="key", intensity="intensity", provider=provider, known_on="known_on")
    counted = _counted(rejects) + Counter(rows["file"])
    return Landing(frame.sort("city"), refused, counted.total(), counted=counted)


def _counted(rejects: Sequence[Mapping[str, Any]]) -> Counter[str]:
    return Counter(str(reject["file"]) for reject in rejects)


def read_index_file(file: RawFile, options: Mapping[str, Any]) -> Landing:
    """Read all days of one file of a published index.

    Returns:
        Landing with the ``MobilityIndex`` columns and ``day``, sorted by city and day.

    Raises:
        BadInputError: the file cannot be read, or is no index.
    """
    try:
        records = _records(file, options)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise BadInputError(f"{file.name}: {str(error).splitlines()[0]}") from error
    except BadInputError as error:
        raise BadInputError(f"{file.name}: {error}") from error
    judged = _judged(_with_city_key(records, options.get("cities")), None)
    provider = pl.lit(str(options.get("provider", "unknown")))
    good = judged.filter(pl.col("reason").is_null())
    frame = good.select(city="key", intensity="intensity", provider=provider, day="date")
    return Landing(frame.sort("city", "day"), _refused(judged), judged.height)


def _refused(judged: pl.DataFrame) -> pl.DataFrame:
    """Return the rejects of judged records."""
    sample = pl.format("{}, {}, {}", *(pl.col(c).fill_null("-") for c in ("city", "text", "value")))
    bad = judged.filter(pl.col("reason").is_not_null()).select("file", "row", "reason", sample=sample)
    return rejects_frame(bad.iter_rows(named=True))


def _records(file: RawFile, options: Mapping[str, Any]) -> pl.DataFrame:
    """Return (city, text, value) as strings, one row per record, with what is known of the file."""
    table = read_table(file, options.get("max_bytes", MAX_BYTES)).with_row_index("row")
    named = pl.lit(PurePath(file.name).name.split(".")[0])
    if set(table.columns) >= PAIR_COLUMNS:
        city = pl.col("city").cast(pl.String) if "city" in table.columns else named
        halves = [table.select("row", text=f"date{i}", value=f"intensity{i}", city=city) for i in (1, 2)]
        long = pl.concat([half.cast(pl.String) for half in halves]).with_columns(pl.col("row").cast(pl.Int64))
        long = long.sort("row", maintain_order=True)
        long = long.filter(~(pl.col("text").is_null() & pl.col("value").is_null()))
    else:
        has_city = set(table.columns) & set(ALIASES["city"])
        long = pick_columns(table, {"row": ("row",), **ALIASES}, frozenset() if has_city else frozenset({"city"}))
        long = long if has_city else long.with_columns(city=named)
    text = pl.col("text").cast(pl.String).str.strip_chars()
    days = [text.str.slice(0, 10).str.to_date(form, strict=False) for form in DATE_FORMS]
    return long.select(
        pl.lit(file.name).alias("file"),
        pl.col("row").cast(pl.Int64),
        pl.lit(not file.whole).alias("by_day"),
        pl.lit(file.owns_undated).alias("owns_undated"),
        pl.col("city").cast(pl.String),
        text,
        pl.col("value").cast(pl.String),
        pl.coalesce(days).alias("date"),
        pl.col("value").cast(pl.Float64, strict=False).alias("intensity"),
    )


def _with_city_key(rows: pl.DataFrame, cities: pl.DataFrame | None) -> pl.DataFrame:
    if cities is None:
        return rows.with_columns(key=pl.col("city"))
    by_name = {name.strip().lower(): key for key, name in cities.select("city", "name").iter_rows()}
    by_key = {key.lower(): key for key in cities["city"]}
    wanted = pl.col("city").str.strip_chars().str.to_lowercase()
    return rows.with_columns(key=wanted.replace_strict({**by_name, **by_key}, default=None, return_dtype=pl.String))


def _judged(rows: pl.DataFrame, day: date | None) -> pl.DataFrame:
    """Add ``reason``: the first reason to refuse a record, or null; without a day any day is taken."""
    value = pl.col("intensity")
    other = pl.lit(value=False) if day is None else pl.col("date") != day
    reason = (
        pl.when(pl.col("date").is_null()).then(pl.lit("the day cannot be read (write YYYY-MM-DD or YYYYMMDD)"))
        .when(~pl.col("date").dt.year().is_between(*YEARS)).then(pl.lit("the day lies outside {} to {}".format(*YEARS)))
        .when(other).then(pl.lit(f"the record belongs to another day than {day}"))
        .when(pl.col("city").is_null()).then(pl.lit("the city is missing"))
        .when(pl.col("key").is_null()).then(pl.lit("the city is not in the list of cities"))
        .when(value.is_null() | value.is_nan() | value.is_infinite()).then(pl.lit("the intensity is not a number"))
        .when(value < 0).then(pl.lit("the intensity is negative"))
    )  # fmt: skip
    judged = rows.with_columns(reason=reason)
    repeated = pl.col("reason").is_null() & (pl.cum_count("key").over("key", "date", pl.col("reason").is_null()) > 1)
    second = pl.lit("a second value for the same city and day")
    return judged.with_columns(reason=pl.when(repeated).then(second).otherwise("reason"))
