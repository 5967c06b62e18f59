"""What each correction does to commuting: the country's days with and without it."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from solarnet_assets.reports import formats
from solarnet_assets.reports.data import ReportData
from solarnet_assets.reports.sparkline import Frame, two_lines
from solarnet_assets.reports.text import NOTHING, Text, joined
from solarnet_assets.reports.words import say

NAMES = ("align_lunar", "match_working_days", "remove_base", "correct_detection", "per_panel")
"""Corrections in the order of the page."""

QUIET = (2, 16)
"""Days of January on which commuting is normal: a correction that is of use makes them scatter less."""


def section(data: ReportData) -> dict[str, Any] | None:
    """Return one picture per correction, its effect in words, and the days that have no partner; None without any."""
    rows = country_days(data)
    if rows.is_empty():
        return None
    days = pl.concat([rows["day"], data["recovery_daily"].filter(pl.col("signal") == "commuting")["day"]])
    frame = Frame(_day(days.min()), _day(days.max()), 0.0, 160.0)
    items = [_item(name, rows.filter(pl.col("correction") == name), frame) for name in NAMES]
    return {
        "items": [item for item in items if item],
        "alone": _list(
            data["commuting_corrections"]
            .filter(pl.col("baseline_kind") == "interpolated")["day"]
            .unique()
            .sort()
            .to_list()
        ),
        "last_day": frame.last,
    }


def country_days(data: ReportData) -> pl.DataFrame:
    """Return correction, is_on, day, and the country with and without it: cities by workforce, each day by itself."""
    both = data["commuting_corrections"].drop_nulls(["value_with", "value_without"])
    weights = data["stg_cities"].select("city", pl.col("workforce").fill_null(1.0))
    shares = both.join(weights, on="city", maintain_order="left").filter(pl.col("workforce") > 0)
    weighed = [
        ((pl.col(side) * pl.col("workforce")).sum() / pl.col("workforce").sum()).alias(side)
        for side in ("value_with", "value_without")
    ]
    made = shares.group_by("correction", "is_on", "day").agg(weighed)
    return made.filter(pl.col("day").dt.year() == pl.col("day").dt.year().max()).sort("correction", "day")


def _item(name: str, rows: pl.DataFrame, frame: Frame) -> dict[str, Any] | None:
    if rows.is_empty():
        return None
    title = say(f"corrections.{name}.name")
    quiet = rows.filter(pl.col("day").dt.month() == 1, pl.col("day").dt.day().is_between(*QUIET))
    spread = {side: quiet[side].std() for side in ("value_with", "value_without")}
    effect = rows.select(off=pl.col("value_with") - pl.col("value_without"), day="day")
    largest = effect.sort(pl.col("off").abs(), "day", descending=[True, False]).row(0, named=True)
    last = rows.row(-1, named=True)
    label = say(
        "corrections.label",
        name=title,
        with_it=formats.percent(last["value_with"]),
        without=formats.percent(last["value_without"]),
        day=formats.day(last["day"], year=True),
    )
    drawn = rows.select("day", first="value_with", second="value_without")
    return {
        "name": title,
        "without": say(f"corrections.{name}.without"),
        "is_on": bool(rows["is_on"][0]),
        "picture": two_lines(drawn, frame, "--commuting", 100.0, label),
        "scatter": _scatter(spread),
        "effect": say(
            "corrections.effect",
            largest=formats.tenth(largest["off"], signed=True),
            largest_day=formats.day(largest["day"]),
            last=formats.tenth(last["value_with"] - last["value_without"], signed=True),
            last_day=formats.day(last["day"]),
        ),
    }


def _scatter(spread: dict[str, Any]) -> Text:
    if None in spread.values():
        return NOTHING
    ends = {side: formats.tenth(value) for side, value in spread.items()}
    return say("corrections.scatter", with_it=ends["value_with"], without=ends["value_without"])


def _list(days: list[date]) -> Text:
    return joined(formats.day(day, year=True) for day in days[-6:])


def _day(value: Any) -> date:
    if not isinstance(value, date):
        raise TypeError(f"not a day: {value!r}")
    return value
