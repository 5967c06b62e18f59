"""The ordinary dip at Spring Festival, drawn beside a signal, and what is left of the fall: the shock."""

from __future__ import annotations

import polars as pl

from solarnet_assets.reports import formats
from solarnet_assets.reports.data import ReportData
from solarnet_assets.reports.text import Text
from solarnet_assets.reports.words import say


def ordinary_rows(data: ReportData, signal: str) -> pl.DataFrame | None:
    """Return what an ordinary Spring Festival does to a signal of the country; None where that is not known."""
    if signal != "steel":
        return None
    rows = data["steel_shock"].filter(pl.col("level") == "country", pl.col("partner").is_not_null()).sort("day")
    return rows if rows.height else None


def shock(rows: pl.DataFrame | None) -> Text | None:
    """Return the lowest day set against an ordinary festival, as a sentence."""
    if rows is None:
        return None
    worst = rows.sort("shock", "day").row(0, named=True)
    return say(
        "levels.shock",
        day=formats.day(worst["day"]),
        partner=formats.day(worst["partner"], year=True),
        ordinary=formats.percent(worst["ordinary"]),
        ordinary_interval=formats.interval(worst["ordinary_lower"], worst["ordinary_upper"]),
        shock=formats.percent(worst["shock"]),
        shock_interval=formats.interval(worst["shock_lower"], worst["shock_upper"]),
    )
