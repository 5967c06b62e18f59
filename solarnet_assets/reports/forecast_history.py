"""How the forecast did: the day of return as it was forecast on earlier days, and the scores of the back-tests."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from solarnet_assets.reports import formats
from solarnet_assets.reports.country import country_rows
from solarnet_assets.reports.data import PUBLISHED, ReportData
from solarnet_assets.reports.forecast_charts import history_chart
from solarnet_assets.reports.sparkline import bar
from solarnet_assets.reports.text import Text
from solarnet_assets.reports.words import say

LEVELS = ("country", "region", "city")

FEWEST = 5
"""As-of days that a history needs."""

SINCE, BEFORE = "since", "before"
"""Stages of a back-test: as of days since an area's lowest day, and before it, when nobody could know of the fall."""


def section(data: ReportData, signal: str, method: str) -> dict[str, Any] | None:
    """Return how the forecast day of return moved since the trough; None where that is known of too few days.

    The threshold is the highest that a third of the forecasts reach within their horizon, else the lowest.
    """
    rows = data["return_days"].filter(
        pl.col("signal") == signal, pl.col("region") == data.country, pl.col("method").is_in([method, PUBLISHED])
    )
    history = country_rows(data, signal)
    if rows.is_empty() or history.is_empty():
        return None
    trough = history.sort("value", "day")["day"][0]
    made = rows.filter(pl.col("as_of") >= trough)
    level = _threshold(made.filter(pl.col("method") == method))
    since = made.filter(pl.col("threshold") == level).sort("method", "as_of")
    shown = since.select(
        day="as_of",
        median="date_median",
        first="date_lower",
        last=pl.when(pl.col("date_lower").is_not_null()).then(pl.col("date_upper").fill_null(pl.col("horizon"))),
        main=pl.col("method") == method,
    )
    forecast = shown.filter("main").drop_nulls("first")
    if forecast.height < FEWEST or forecast["median"].null_count() == forecast.height:
        return None
    came, name = _came(history, trough, level), say(f"signals.{signal}")
    return {
        "chart": history_chart(shown, came, signal, _label(name, level, forecast)),
        "name": name,
        "signal": signal,
        "threshold": formats.percent(level),
        "came": formats.day(came, year=True) if came else None,
        "rows": [_row(row) for row in forecast.sort("day", descending=True).iter_rows(named=True)],
    }


def _threshold(made: pl.DataFrame) -> float:
    reached = made.group_by("threshold").agg(part=pl.col("date_median").is_not_null().mean()).sort("threshold")
    often = reached.filter(pl.col("part") >= 1 / 3)["threshold"]
    known = often if len(often) else reached["threshold"].head(1)
    return float(known[-1]) if len(known) else 0.0


def _came(history: pl.DataFrame, trough: date, level: float) -> date | None:
    """Return the first day since the trough on which the mean of the seven days about it is at the level."""
    smooth = history.sort("day").with_columns(mean=pl.col("value").rolling_mean(7, center=True, min_samples=4))
    days = smooth.filter(pl.col("day") >= trough, pl.col("mean") >= level)["day"]
    return days[0] if len(days) else None


def _label(name: Text, level: float, forecast: pl.DataFrame) -> Text:
    known = forecast.drop_nulls("median")
    first, last = known.row(0, named=True), known.row(-1, named=True)
    return say(
        "forecast.history_label",
        name=name,
        threshold=formats.percent(level),
        first=formats.day(first["day"]),
        then=formats.day(first["median"]),
        last=formats.day(last["day"]),
        now=formats.day(last["median"]),
    )


def _row(row: dict[str, Any]) -> dict[str, Any]:
    median = formats.short_day(row["median"]) if row["median"] else say("forecast.none_within")
    return {"day": formats.short_day(row["day"]), "median": median, "first": formats.short_day(row["first"]),
            "last": formats.short_day(row["last"])}  # fmt: skip


def scores(data: ReportData, method: str, stage: str = SINCE) -> list[dict[str, Any]]:
    """Return the scores of the method that the page forecasts with, by level and horizon, beside the benchmarks."""
    rows = _weighed(data, ["level", "method", "horizon"], stage).filter(pl.col("method") == method)
    if rows.is_empty():
        return []
    shown = pl.concat(rows.filter(pl.col("level") == level).sort("horizon") for level in LEVELS)
    return [_score(row) for row in shown.iter_rows(named=True)]


def all_scores(data: ReportData) -> list[dict[str, Any]]:
    """Return the scores of every method for the country since its lowest day, by horizon, the best first."""
    rows = _weighed(data, ["method", "horizon"], SINCE, level="country").sort("horizon", "crps", "method")
    return [_score(row) for row in rows.iter_rows(named=True)]


def _weighed(data: ReportData, by: list[str], stage: str, level: str | None = None) -> pl.DataFrame:
    """Return scores of a stage over all signals, weighted by their cases."""
    rows = data["forecast_scores"].drop_nulls("crps").filter(pl.col("stage").fill_null(SINCE) == stage)
    rows = rows.filter(pl.col("level") == level) if level else rows
    means = [
        ((pl.col(c) * pl.col("n")).sum() / pl.col("n").sum()).alias(c)
        for c in ("crps", "crps_straight_line", "crps_no_change", "covered")
    ]
    cases = pl.col("date_n").fill_null(0)
    late = ((pl.col("date_error").fill_null(0.0) * cases).sum() / cases.sum()).fill_nan(None).alias("date_error")
    sorted_rows = rows.sort("signal", "level", "method", "horizon")
    return sorted_rows.group_by(by, maintain_order=True).agg(
        *means, late, pl.col("n").sum().alias("cases"), cases.sum().alias("returns")
    )


def _score(row: dict[str, Any]) -> dict[str, Any]:
    ends = {"crps": row["crps"], "line": row["crps_straight_line"], "same": row["crps_no_change"]}
    top = max((value for value in ends.values() if value is not None), default=0.0)
    return {
        "level": say(f"forecast.levels.{row['level']}") if "level" in row else None,
        "method": say(f"methods_of.{row['method']}"),
        "horizon": say("forecast.days", n=int(row["horizon"])),
        "n": formats.count(row["cases"]),
        "covered": formats.share(row["covered"]),
        "returns": formats.count(row["returns"]),
        "error": formats.tenth(row["date_error"]),
        **{name: formats.tenth(value) for name, value in ends.items()},
        **{f"{name}_bar": bar(value, top) for name, value in ends.items()},
    }
