"""The day of return as a distribution: how likely it is to be back by a day, and not at all within the horizon."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl

from solarnet_assets.reports import formats
from solarnet_assets.reports.data import ReportData
from solarnet_assets.reports.forecast_charts import chance_chart
from solarnet_assets.reports.text import joined
from solarnet_assets.reports.words import say

AHEAD = (7, 14, 28)
"""Days within which the tables may say the probability of return."""


def chances(data: ReportData, signal: str, method: str) -> dict[str, Any] | None:
    """Return the chart of the probability of being back at each threshold by a day; None without such figures."""
    rows = data["recovery_dates"].filter(
        pl.col("region") == data.country, pl.col("signal") == signal, pl.col("method") == method
    )
    points = pl.concat([_points(row) for row in rows.sort("threshold").iter_rows(named=True)] or [_POINTS.to_frame()])
    if points.is_empty():
        return None
    last = [
        say("forecast.chance", threshold=formats.percent(row["threshold"]), chance=formats.share(row["prob_by"]))
        for row in rows.sort("threshold").iter_rows(named=True)
    ]
    day = formats.day(rows["horizon"][0], year=True)
    label = say("forecast.chances_label", name=say(f"signals.{signal}"), day=day, parts=joined(last, ", ", "，"))
    names = {f"{value:.0f} %": formats.percent(value) for value in rows["threshold"].unique()}
    return {
        "name": say(f"signals.{signal}"),
        "chart": chance_chart(points, signal, label, names),
        "never": joined(
            (say("forecast.never_one", threshold=formats.percent(row["threshold"]),
                 chance=formats.share(never(row))) for row in rows.sort("threshold").iter_rows(named=True)), ", ", "，"
        ),
        "horizon": day,
    }  # fmt: skip


_POINTS = pl.Schema({"day": pl.Date, "chance": pl.Float64, "threshold": pl.String})


def _points(row: dict[str, Any]) -> pl.DataFrame:
    """Return the computed points of one distribution of days of return, never falling: day, chance, threshold."""
    chances = [(row["as_of"] + timedelta(days=n), row[f"prob_by_{n}d"]) for n in AHEAD]
    quantiles = [(row["date_lower"], 0.05), (row["date_median"], 0.5), (row["date_upper"], 0.95)]
    start = [(row["as_of"], 0.0)] if row["date_lower"] is None or row["date_lower"] > row["as_of"] else []
    found = [
        (day, p) for day, p in [*start, *chances, *quantiles, (row["horizon"], row["prob_by"])] if day and p is not None
    ]
    frame = pl.DataFrame(found, schema={"day": pl.Date, "chance": pl.Float64}, orient="row")
    if row["prob_by"] is None:
        return _POINTS.to_frame()
    kept = (
        frame.filter(pl.col("day") <= row["horizon"])
        .sort("day", "chance")
        .unique("day", keep="last", maintain_order=True)
    )
    name = pl.lit(f"{row['threshold']:.0f} %").alias("threshold")
    return kept.with_columns(pl.col("chance").cum_max(), name)


def never(row: dict[str, Any]) -> float | None:
    """Return the probability of no return within the horizon; None where the method gives none."""
    return row["prob_never"] if row["prob_never"] is not None else _rest(row["prob_by"])


def _rest(prob: float | None) -> float | None:
    return None if prob is None else 1.0 - prob
