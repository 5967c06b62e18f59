"""The layouts in which series of many cities circulate, brought to one record per city and day."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from solarnet_assets.landing import BadInputError
from solarnet_assets.mobility.tables import lower, picked

REGIONS = (
    *("city", "region", "province", "prefecture", "area", "place", "city_name", "cityname", "city_en", "province_name"),
    *("provincename", "name", "city_id", "code", "城市", "城市名称", "地区", "省份", "市", "省"),
)
ALIASES: dict[str, tuple[str, ...]] = {
    "region": REGIONS,
    "day": ("day", "date", "ds", "time", "datetime", "日期", "时间"),
    "value": (
        *("value", "percent", "percent_of_normal", "index", "resumption", "resumption_index", "recovery", "intensity"),
        *("rate", "y", "指数", "复工指数"),
    ),
    "lower": ("lower", "low", "lo"),
    "upper": ("upper", "high", "hi"),
}
DATE_FORMS = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y.%m.%d", "%Y年%m月%d日")
COLUMNS = ("row", "region", "day", "value", "lower", "upper")

MOSTLY = 0.8
"""Share of a column's entries that must be days, or numbers, for the column to be taken for one of those."""

EMPTY = ("", "nan", "na", "n/a", "null", "none", "-")

UNNAMED = "unnamed:"
"""What a numbering of rows is called that was written by accident."""

NAMED = 20
"""Columns that a refusal names."""


def day_of(text: pl.Expr) -> pl.Expr:
    """Return the day that a text begins with, year first, null where it does not."""
    plain = text.str.strip_chars().str.replace(r"[ T].*$", "").str.replace(r"\.0+$", "")
    return pl.coalesce([plain.str.to_date(form, strict=False) for form in DATE_FORMS])


def number_of(text: pl.Expr) -> pl.Expr:
    """Return the number that a text is, with or without a percent sign, null where it is none."""
    return text.str.strip_chars(" %\u3000\uff05").cast(pl.Float64, strict=False)


def records(table: pl.DataFrame, stem: str, column: str | None = None) -> pl.DataFrame:
    """Return one row per record, as text: :data:`COLUMNS`.

    Taken are a row per city and day; a row per day with a column per city; a row per city with a column per day; a lone
    series, whose city is the file's name. ``column`` names the values where a row has several.

    Raises:
        BadInputError: no column of days, or no column of values, can be told.
    """
    table = table.cast(pl.String)
    columns = table.columns
    table = table.with_row_index("row").with_columns(pl.col("row").cast(pl.String))
    ahead = pl.DataFrame({"name": columns}, schema={"name": pl.String})
    days = ahead.filter(day_of(pl.col("name")).is_not_null())["name"].to_list()
    if len(days) > 1:
        return _whole(_days_across(table, days, [name for name in columns if name not in days]))
    day = _day_column(table, columns)
    rest = [name for name in columns if name != day and not name.startswith(UNNAMED)]
    region = next((name for name in ALIASES["region"] if name in rest), None)
    value = _asked(column, rest) if column else next((name for name in ALIASES["value"] if name in rest), None)
    if region is None and value is None and rest:
        numeric = [name for name in rest if _share(table, number_of(pl.col(name))) >= MOSTLY] or rest
        long = table.unpivot(numeric, index=["row", day], variable_name="region", value_name="value")
        return _whole(long.rename({day: "day"}).filter(_filled("value")))
    value = value or _value_column(table, [name for name in rest if name != region])
    found = {"day": day, "value": value} | ({"region": region} if region else {})
    limits = picked(rest, {name: ALIASES[name] for name in ("lower", "upper")}, ("lower", "upper"))
    long = table.select("row", *(pl.col(column).alias(name) for name, column in (found | limits).items()))
    return _whole(long if region else long.with_columns(region=pl.lit(stem)))


def _asked(column: str, names: Sequence[str]) -> str:
    name = lower([column])[0]
    if name not in names:
        raise BadInputError(f"no column {column!r}; the file has the columns {', '.join(names[:NAMED])[:500]}")
    return name


def _days_across(table: pl.DataFrame, days: Sequence[str], rest: Sequence[str]) -> pl.DataFrame:
    region = next((name for name in ALIASES["region"] if name in rest), rest[0] if rest else None)
    if region is None:
        raise BadInputError("the columns are days, and none names the city")
    long = table.unpivot(days, index=["row", region], variable_name="day", value_name="value")
    return long.rename({region: "region"}).filter(_filled("value"))


def _day_column(table: pl.DataFrame, columns: Sequence[str]) -> str:
    """Return the column of days: by its name, or because it is the first whose entries are days."""
    named = next((name for name in ALIASES["day"] if name in columns), None)
    told = named or next((name for name in columns if _share(table, day_of(pl.col(name))) >= MOSTLY), None)
    if told is None:
        raise BadInputError(
            f"no column for day (any of {', '.join(ALIASES['day'])}, or one whose entries are days such as "
            f"2020-03-01); the file has the columns {', '.join(columns[:NAMED])[:500]}"
        )
    return told


def _value_column(table: pl.DataFrame, names: Sequence[str]) -> str:
    """Return the only column of numbers that is neither a limit nor a code of places."""
    known = {*REGIONS, *ALIASES["lower"], *ALIASES["upper"]}
    found = [name for name in names if name not in known and _share(table, number_of(pl.col(name))) >= MOSTLY]
    if len(found) != 1:
        told = (
            f"{', '.join(found[:NAMED])} might all be it (--column says which)"
            if found
            else "no other column holds numbers"
        )
        raise BadInputError(f"no column for value (any of {', '.join(ALIASES['value'])}); {told}"[:500])
    return found[0]


def _share(table: pl.DataFrame, parsed: pl.Expr) -> float:
    """Return the share of a column's entries, empty ones aside, that could be read, 0 of none."""
    filled = _filled(parsed.meta.root_names()[0])
    return float(table.select(parsed.is_not_null().filter(filled).mean().fill_null(0.0)).item())


def _filled(column: str) -> pl.Expr:
    """Return whether an entry of a wide table says anything: an empty one is a day without a figure, no record."""
    return ~pl.col(column).fill_null("").str.strip_chars().str.to_lowercase().is_in(EMPTY)


def _whole(rows: pl.DataFrame) -> pl.DataFrame:
    missing = [pl.lit(None, pl.String).alias(name) for name in COLUMNS if name not in rows.columns]
    return rows.with_columns(missing).select(COLUMNS)
