"""Published figures beside what is measured, and the truth where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from solarnet_assets.reports import formats
from solarnet_assets.reports.data import ReportData
from solarnet_assets.reports.palette import SIGNALS
from solarnet_assets.reports.sparkline import interval_mark
from solarnet_assets.reports.text import Text
from solarnet_assets.reports.words import quoted, say

DATED = "day of the year"
"""Unit of figures that are days."""


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


def in_unit(row: Mapping[str, Any], column: str) -> Text:
    """Return a figure of a row as people read it: in percent, as a day, in km2 or farms.

    Args:
        row: of ``marts.published_comparison``.
        column: published, measured, lower, upper or truth.
    """
    unit, year = row["unit"] or "", row["day"].year if row["day"] else 2020
    return formats.day_of_year(row[column], year) if unit == DATED else formats.number(row[column], unit)


def interval(row: Mapping[str, Any]) -> Text:
    """Return the interval of a row as people read it; nothing where an end is missing."""
    unit, lower, upper = row["unit"] or "", row["lower"], row["upper"]
    if unit == DATED and None not in (lower, upper):
        return say("formats.range", low=in_unit(row, "lower"), high=in_unit(row, "upper"))
    return formats.interval(lower, upper, signed="since" in unit)


def _compared(row: dict[str, Any]) -> dict[str, Any]:
    lower, upper = row["lower"], row["upper"]
    mark: Any = ""
    if None not in (row["measured"], lower, upper, row["published"]):
        mark = interval_mark(row["measured"], lower, upper, row["published"], row["truth"])
    return {
        "item": quoted(row["item"]),
        "published": quoted(row["published_text"]) or in_unit(row, "published"),
        "source": quoted(row["published_source"]),
        "url": row["url"] if str(row["url"] or "").startswith("https://") else "",
        "measured": in_unit(row, "measured"),
        "interval": interval(row),
        "truth": in_unit(row, "truth"),
        "within": {True: "yes", False: "no"}.get(row["within"], "unknown"),
        "mark": mark,
        "note": quoted(row["note"]),
    }
