"""Anybody's series in percent of normal: one row per city and day, or one column per city."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from solarnet_assets.landing import BadInputError, RawFile, reject, rejects_frame
from solarnet_assets.mobility.tables import pick_columns, picked, read_table

ALIASES: dict[str, tuple[str, ...]] = {
    "region": ("city", "region", "province", "area", "place", "city_id", "name", "code"),
    "day": ("day", "date", "ds", "time"),
    "value": ("value", "percent", "percent_of_normal", "index", "resumption", "intensity", "y"),
    "lower": ("lower", "low", "lo"),
    "upper": ("upper", "high", "hi"),
}
DATE_FORMS = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y.%m.%d")
SIGNAL = "index"

SHARE = 3.0
"""A file none of whose values exceeds this holds shares, not percent."""


def read_series(path: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read a file.

    Columns city, day, value (other spellings: :data:`ALIASES`), optionally lower and upper; or a column of days and one
    column per city; or a day and a value alone, whose city is the file's name.

    Returns:
        The history that forecasts take (signal, region, day, value, lower, upper; without an interval both limits are
        the value), sorted, and the refused records.

    Raises:
        BadInputError: the file is missing, holds no usable record, or shares instead of percent.
    """
    if not path.is_file():
        raise BadInputError(f"there is no file {path}")
    try:
        rows = _records(read_table(RawFile(path, path.name)), path.stem)
    except (BadInputError, OSError, pl.exceptions.PolarsError) as error:
        raise BadInputError(f"{path.name}: {str(error).splitlines()[0]}") from error
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
    largest = good.select(pl.col("value").max()).item()
    if largest <= SHARE:
        raise BadInputError(
            f"{path.name}: the largest value is {largest:g}, so these are shares; wanted is percent of normal"
        )
    frame = good.select(
        signal=pl.lit(SIGNAL),
        region="region",
        day="day",
        value="value",
        lower=pl.min_horizontal(pl.col("lower").fill_null(pl.col("value")), "value"),
        upper=pl.max_horizontal(pl.col("upper").fill_null(pl.col("value")), "value"),
    )
    return frame.sort("region", "day"), refused


def _records(table: pl.DataFrame, stem: str) -> pl.DataFrame:
    """Return one row per record, as text."""
    table = table.cast(pl.String).with_row_index("row")
    days = picked(table.columns, {"day": ALIASES["day"]})["day"]
    columns = [name for name in table.columns if name not in ("row", days)]
    named = set(columns) & set(ALIASES["region"])
    if not set(columns) & set(ALIASES["value"]) and not named and columns:
        long = table.unpivot(columns, index=["row", days], variable_name="region", value_name="value")
        long = long.rename({days: "day"}).filter(pl.col("value").fill_null("") != "")
        return long.with_columns(lower=pl.lit(None, pl.String), upper=pl.lit(None, pl.String))
    optional = {"lower", "upper"} | (set() if named else {"region"})
    long = pick_columns(table, {"row": ("row",), **ALIASES}, optional)
    return long if named else long.with_columns(region=pl.lit(stem))


def _judged(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the first reason to refuse a record, or null."""
    text = pl.col("day").str.strip_chars().str.slice(0, 10)
    numbers = {
        name: pl.col(name).str.strip_chars(" %").cast(pl.Float64, strict=False) for name in ("value", "lower", "upper")
    }
    parsed = rows.with_columns(
        pl.coalesce([text.str.to_date(form, strict=False) for form in DATE_FORMS]).alias("day"),
        text="day",
        number="value",
        region=pl.col("region").str.strip_chars(),
        row=pl.col("row").cast(pl.Int64),
        **numbers,
    )
    value = pl.col("value")
    reason = (
        pl.when(pl.col("day").is_null()).then(pl.lit("the day cannot be read (write YYYY-MM-DD or YYYYMMDD)"))
        .when(pl.col("region").fill_null("") == "").then(pl.lit("the city is missing"))
        .when(value.is_null() | ~value.is_finite()).then(pl.lit("the value is not a number"))
        .when(value < 0).then(pl.lit("the value is negative"))
    )  # fmt: skip
    judged = parsed.with_columns(reason=reason).sort("region", "day", "row", nulls_last=True)
    again = pl.col("reason").is_null() & (pl.cum_count("row").over("region", "day", pl.col("reason").is_null()) > 1)
    return judged.with_columns(
        reason=pl.when(again).then(pl.lit("the city has another record of that day")).otherwise(pl.col("reason"))
    )
