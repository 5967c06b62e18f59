"""Anybody's series in percent of normal, in whatever layout, spelling and encoding it comes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from solarnet_assets.evaluation.commuting_index import read_whole
from solarnet_assets.evaluation.commuting_models import compare
from solarnet_assets.evaluation.forecast_layouts import day_of, number_of, records
from solarnet_assets.landing import BadInputError, RawFile, reject, rejects_frame
from solarnet_assets.mobility.index import PAIR_COLUMNS
from solarnet_assets.mobility.tables import read_table

Unit = Literal["percent", "share"]
SIGNAL = "index"

OTHERWISE = "gb18030"
"""Encoding of a file that is no UTF-8: names of Chinese cities are often written so (GBK is part of it)."""

SHARE, LEVEL = 3.0, 30.0
"""A file whose values hardly exceed the first holds shares; below the second they are perhaps no percent at all."""

NEARLY_ALL = 0.99

YEARS = (1900, 2199)
"""Years of a day that is meant."""

LARGEST = 1e6
"""Percent of normal above which a value is a mistake."""


@dataclass(frozen=True)
class Read:
    """What was read of a file.

    Attributes:
        history: signal, region, day, value, lower, upper, sorted; without an interval both limits are the value.
        refused: the records that could not be used.
        notes: what a reader should know of how the file was taken.
    """

    history: pl.DataFrame
    refused: pl.DataFrame
    notes: tuple[str, ...] = ()


def read_series(path: Path, unit: Unit = "percent", country: str = "CN", column: str | None = None) -> Read:
    """Read a file.

    Columns city, day, value (other spellings: ``forecast_layouts.ALIASES``), optionally lower and upper; a column of
    days and one column per city; a column of cities and one column per day; a day and a value alone, whose city is the
    file's name. Two years beside each other (``date1,intensity1,date2,intensity2``) are turned into percent of normal
    first, as ``evaluate commuting`` does.

    Args:
        path: CSV, gzipped CSV or Parquet.
        unit: what the values are; a share of 1 is 100 percent.
        country: ISO 3166 code, whose working days two years are compared by.
        column: of the values, where a row per city and day has several.

    Raises:
        BadInputError: the file is missing, holds no usable record, or shares where percent was said.
    """
    if not path.is_file():
        raise BadInputError(f"there is no file {path}")
    try:
        table = read_table(RawFile(path, path.name), otherwise=OTHERWISE)
        if set(table.columns) >= PAIR_COLUMNS:
            return _two_years(path, country)
        rows = records(table, path.stem, column)
    except (BadInputError, OSError, pl.exceptions.PolarsError) as error:
        reason = str(error).splitlines()[0]
        raise BadInputError(reason if path.name in reason else f"{path.name}: {reason}") from error
    judged = _judged(rows)
    good = judged.filter(pl.col("reason").is_null())
    bad = judged.filter(pl.col("reason").is_not_null())
    refused = rejects_frame(
        reject(path.name, row["reason"], row["row"], f"{row['region']}, {row['text']}, {row['number']}")
        for row in bad.iter_rows(named=True)
    )
    if good.is_empty():
        reason = refused["reason"][0] if refused.height else "it has no records"
        raise BadInputError(f"{path.name}: no record can be used ({reason})")
    notes = _unit_notes(path.name, good["value"], unit)
    factor = 100.0 if unit == "share" else 1.0
    frame = good.select(
        signal=pl.lit(SIGNAL),
        region="region",
        day="day",
        value=pl.col("value") * factor,
        lower=pl.min_horizontal(pl.col("lower").fill_null(pl.col("value")), "value") * factor,
        upper=pl.max_horizontal(pl.col("upper").fill_null(pl.col("value")), "value") * factor,
    )
    return Read(frame.sort("region", "day"), refused, notes)


def _two_years(path: Path, country: str) -> Read:
    """Return the later year of a file of two in percent of normal."""
    landing = read_whole(path)
    mart = compare({"mobility_index": landing.frame}, country).mart.filter(pl.col("value").is_not_null())
    later = mart.filter(pl.col("day").dt.year() == pl.col("day").dt.year().max())
    if later.is_empty():
        raise BadInputError(f"{path.name}: no day can be compared with the year before")
    frame = later.select(signal=pl.lit(SIGNAL), region="city", day="day", value="value", lower="lower", upper="upper")
    note = (
        f"{path.name} holds two years of intensities: taken in percent of normal as `solarnet evaluate commuting "
        f"--index` makes it (working days of {country}), {frame.height} days of {landing.n_in} records"
    )
    return Read(frame.sort("region", "day"), landing.rejects, (note,))


def _unit_notes(name: str, value: pl.Series, unit: Unit) -> tuple[str, ...]:
    """Say what values look like that are perhaps not what they are said to be.

    Raises:
        BadInputError: they look like shares and are said to be percent.
    """
    most = float(value.quantile(NEARLY_ALL, "higher") or 0.0)
    if unit == "share":
        odd = f"{name}: values up to {most:g} are taken for shares, 1 being normal: that is {100 * most:g} %"
        return (odd,) if most > SHARE else ()
    if most <= SHARE:
        raise BadInputError(
            f"{name}: the largest values are about {most:g}, so these are shares; wanted is percent of normal "
            "(--unit share takes 1 for 100 percent)"
        )
    odd = (
        f"{name}: the largest values are about {most:.3g}. If they are a raw intensity and no percent of normal, "
        "forecasts and days of return mean nothing; intensities of two years are compared by "
        "`solarnet evaluate commuting --index`"
    )
    return (odd,) if most < LEVEL else ()


def _judged(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the first reason to refuse a record, or null."""
    parsed = rows.with_columns(
        day_of(pl.col("day")).alias("day"),
        text="day",
        number="value",
        region=pl.col("region").str.strip_chars(),
        row=pl.col("row").cast(pl.Int64),
        **{name: number_of(pl.col(name)) for name in ("value", "lower", "upper")},
    )
    value = pl.col("value")
    reason = (
        pl.when(pl.col("day").is_null()).then(pl.lit("the day cannot be read (write YYYY-MM-DD or YYYYMMDD)"))
        .when(~pl.col("day").dt.year().is_between(*YEARS)).then(pl.lit("the day lies outside {} to {}".format(*YEARS)))
        .when(pl.col("region").fill_null("") == "").then(pl.lit("the city is missing"))
        .when(value.is_null() | ~value.is_finite()).then(pl.lit("the value is not a number"))
        .when(value < 0).then(pl.lit("the value is negative"))
        .when(value > LARGEST).then(pl.lit(f"the value is above {LARGEST:,.0f} percent"))
    )  # fmt: skip
    judged = parsed.with_columns(reason=reason).sort("region", "day", "row", nulls_last=True)
    again = pl.col("reason").is_null() & (pl.cum_count("row").over("region", "day", pl.col("reason").is_null()) > 1)
    return judged.with_columns(
        reason=pl.when(again).then(pl.lit("the city has another record of that day")).otherwise(pl.col("reason"))
    )
