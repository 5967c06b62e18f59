"""Published figures beside what is measured, and the truth where there is one."""

from __future__ import annotations

from typing import Any

import polars as pl

from solarnet_assets.reports import formats
from solarnet_assets.reports.data import ReportData
from solarnet_assets.reports.palette import SIGNALS
from solarnet_assets.reports.sparkline import interval_mark
from solarnet_assets.reports.text import Text
from solarnet_assets.reports.words import quoted, say


def comparison(data: ReportData) -> list[dict[str, Any]]:
    """Return every published figure beside what is measured, and the truth where there is one."""
    order = {signal: n for n, signal in enumerate(SIGNALS)}
    rows = data["published_comparison"].sort(
        pl.col("signal").replace_strict(order, default=len(order), return_dtype=pl.Int64), "day", "item"
    )
    return [_compared(row) for row in rows.iter_rows(named=True)]


def addresses(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return every address once with its source, for paper, where nobody can click."""
    known = {row["url"]: {"url": row["url"], "source": row["source"]} for row in rows if row["url"]}
    return list(known.values())


def _compared(row: dict[str, Any]) -> dict[str, Any]:
    unit, year = row["unit"] or "", row["day"].year if row["day"] else 2020
    dated = unit == "day of the year"

    def shown(value: float | None) -> Text:
        return formats.day_of_year(value, year) if dated else formats.number(value, unit)

    lower, upper = row["lower"], row["upper"]
    mark: Any = ""
    if None not in (row["measured"], lower, upper, row["published"]):
        mark = interval_mark(row["measured"], lower, upper, row["published"], row["truth"])
    both = say("formats.range", low=shown(lower), high=shown(upper)) if dated and None not in (lower, upper) else None
    return {
        "item": quoted(row["item"]),
        "published": quoted(row["published_text"]) or shown(row["published"]),
        "source": quoted(row["published_source"]),
        "url": row["url"] if str(row["url"] or "").startswith("https://") else "",
        "measured": shown(row["measured"]),
        "interval": both or formats.interval(lower, upper, signed="since" in unit),
        "truth": shown(row["truth"]),
        "within": {True: "yes", False: "no"}.get(row["within"], "unknown"),
        "mark": mark,
        "note": quoted(row["note"]),
    }
