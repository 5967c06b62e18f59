"""What each correction does to commuting: the country's days with and without it."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
from markupsafe import Markup

from solarnet_assets.reports import words
from solarnet_assets.reports.data import ReportData
from solarnet_assets.reports.sparkline import Frame, two_lines

NAMES = {
    "align_lunar": ("Same lunar day", "Without: the day 364 days before"),
    "match_working_days": ("Working days with working days", "Without: the lunar day alone, whatever it was"),
    "remove_base": ("Base removed", "Without: last year as it was, panels and publishers drift"),
    "correct_detection": ("Sparse phones", "Without: only those seen at work and at home"),
    "per_panel": ("Per device of the panel", "Without: as many devices as there happen to be"),
}
"""What a correction is called, and what stands in its place where it is left out."""

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
    shares = both.join(weights, on="city").filter(pl.col("workforce") > 0)
    weighed = [
        ((pl.col(side) * pl.col("workforce")).sum() / pl.col("workforce").sum()).alias(side)
        for side in ("value_with", "value_without")
    ]
    made = shares.group_by("correction", "is_on", "day").agg(weighed)
    return made.filter(pl.col("day").dt.year() == pl.col("day").dt.year().max()).sort("correction", "day")


def _item(name: str, rows: pl.DataFrame, frame: Frame) -> dict[str, Any] | None:
    if rows.is_empty():
        return None
    title, without = NAMES[name]
    quiet = rows.filter(pl.col("day").dt.month() == 1, pl.col("day").dt.day().is_between(*QUIET))
    spread = {side: quiet[side].std() for side in ("value_with", "value_without")}
    effect = rows.select(off=pl.col("value_with") - pl.col("value_without"), day="day")
    largest = effect.sort(pl.col("off").abs(), "day", descending=[True, False]).row(0, named=True)
    last = rows.row(-1, named=True)
    label = (
        f"{title}: {words.percent(last['value_with'])} with it and {words.percent(last['value_without'])} without on "
        f"{words.day(last['day'])}"
    )
    drawn = two_lines(
        rows.select("day", first="value_with", second="value_without"), frame, "--commuting", 100.0, label
    )
    return {
        "name": title,
        "without": without,
        "is_on": bool(rows["is_on"][0]),
        "picture": Markup(drawn),  # noqa: S704 - drawn here, its label escaped there
        "scatter": tuple(None if value is None else f"{value:.1f}" for value in spread.values()),
        "largest": _signed(largest["off"]),
        "largest_day": words.day(largest["day"]),
        "last": _signed(last["value_with"] - last["value_without"]),
        "last_day": words.day(last["day"]),
    }


def _signed(points: float) -> str:
    return f"{points:+.1f}".replace("-", "−")


def _list(days: list[date]) -> str:
    shown = [words.day(day, year=True) for day in days[-6:]]
    return ", ".join(shown)


def _day(value: Any) -> date:
    if not isinstance(value, date):
        raise TypeError(f"not a day: {value!r}")
    return value
