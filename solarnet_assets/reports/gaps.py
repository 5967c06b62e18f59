"""What is missing: days without a figure, and records that were refused."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl

from solarnet_assets.reports import formats
from solarnet_assets.reports.country import LEVELS
from solarnet_assets.reports.data import ReportData
from solarnet_assets.reports.text import Text, joined
from solarnet_assets.reports.words import reason, say

MAX_REFUSED = 40
MAX_RANGES = 8


def gaps(data: ReportData) -> list[dict[str, Any]]:
    """Return, for every signal of the country, the days of the report without a figure."""
    span = data.span
    if span is None:
        return []
    calendar = pl.date_range(*span, eager=True).to_list()
    country = data["recovery_daily"].filter(pl.col("region") == data.country, pl.col("value").is_not_null())
    known = {signal: set(country.filter(pl.col("signal") == signal)["day"]) for signal in LEVELS}
    pooled = data["sector_growth"].filter(pl.col("lang") == "all", pl.col("growth_pct").is_not_null())
    known["sector"] = set(pooled["day"])
    known["solar"] = set(data["solar_daily"]["day"])
    return [
        {
            "name": say(f"signals.{signal}"),
            "there": formats.count(len(days & set(calendar))),
            "of": formats.count(len(calendar)),
            "share": round(100 * len(days & set(calendar)) / len(calendar)),
            "missing": _ranges([day for day in calendar if day not in days]),
        }
        for signal, days in known.items()
    ]


def _ranges(days: list[date]) -> Text:
    """Return days as ranges such as ``3 January to 5 January, 9 February``."""
    runs: list[list[date]] = []
    for day in days:
        if runs and day - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    if not runs:
        return say("gaps.none")
    texts = [formats.day(run[0]) if len(run) == 1 else formats.days_between(run[0], run[-1]) for run in runs]
    shown = joined(texts[:MAX_RANGES])
    return shown if len(texts) <= MAX_RANGES else say("gaps.more", shown=shown, n=len(texts) - MAX_RANGES)


def refused(data: ReportData) -> dict[str, Any]:
    """Return counts of refused records by asset and reason, wordings that differ in a number counted as one."""
    wordings = {text: reason(text) for text in data.rejects["reason"].unique().to_list()}
    rows = data.rejects.with_columns(
        said=pl.col("reason").replace_strict({k: v.en for k, v in wordings.items()}, return_dtype=pl.String)
    )
    by_reason = rows.group_by("asset", "said").agg(
        pl.col("records").sum(), pl.col("reason").min(),
        files=pl.col("file").n_unique(), days=pl.col("day").n_unique(),
    )  # fmt: skip
    shown = by_reason.sort("records", "asset", "said", descending=[True, False, False])
    return {
        "title": _refused_title(int(rows["records"].sum()), int(data["raw_files"]["records_in"].sum())),
        "rows": [_refused(row, wordings) for row in shown.head(MAX_REFUSED).iter_rows(named=True)],
        "more": max(shown.height - MAX_REFUSED, 0),
    }


def _refused_title(n: int, came: int) -> Text:
    """Return how many records were refused, of how many that came in where the register of raw files says so."""
    if came < max(n, 1):
        return say("gaps.refused", n=formats.count(n))
    return say("gaps.refused_of", n=formats.count(n), of=formats.count(came), share=formats.percent(100 * n / came))


def _refused(row: dict[str, Any], wordings: dict[str, Text]) -> dict[str, Any]:
    numbers = {name: formats.count(row[name]) for name in ("records", "files", "days")}
    said = wordings[row["reason"]]
    return {"asset": row["asset"], "reason": said, "foreign": said.en == said.zh, **numbers}
