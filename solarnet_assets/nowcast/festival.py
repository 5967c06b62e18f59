"""The Spring Festival: what is ordinary for its weeks, from the same weeks of the year before.

China's smelters dip every Spring Festival (SAVANT), and its date moves by up to a month, so days are compared by their
distance from it. The level of the year before is read against the ordinary weeks on both sides of the season, since
the level of a mill wanders over a year by more than a festival. That the year before was an ordinary year is assumed:
it was not in 2020, so nothing is to be said of 2021 this way.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache

import polars as pl
from lunardate import LunarDate

COUNTRIES = frozenset({"CN"})
"""Countries that keep it (the method: wherever the lunar calendar sets a holiday that stops industry)."""

SEASON = (-14, 21)
"""First and last day, from the festival, on which activity may differ from the ordinary: two weeks in which people
travel home, and a week beyond the Lantern Festival on day 14. Ours."""

REACH = (-50, 42)
"""First and last day of what is looked at: the season and the ordinary weeks on both sides. Ours."""

FEWEST = 3
"""Passes in the ordinary weeks without which a site is left out: there are nine weeks of them, not seventeen. Ours."""

ROWS_SCHEMA = pl.Schema(
    {
        "level": pl.String, "key": pl.String, "partner": pl.Date, "ordinary": pl.Float64, "lower": pl.Float64,
        "upper": pl.Float64, "n_obs": pl.Int64,
    }
)  # fmt: skip


@cache
def spring_festival(year: int) -> date:
    """Return the day of the Spring Festival (first day of the first lunar month) in a year."""
    found = LunarDate(year, 1, 1).to_solar_date()
    return date(found.year, found.month, found.day)


def partner(day: date, country: str) -> date | None:
    """Return the day of the year before that lies as far from its festival, or None outside the season."""
    offset = (day - spring_festival(day.year)).days
    if country not in COUNTRIES or not SEASON[0] <= offset <= SEASON[1]:
        return None
    return spring_festival(day.year - 1) + timedelta(days=offset)


def days(day: date, country: str) -> Iterable[date]:
    """Return the days of the year before that what is ordinary on a day is read from; none outside the season."""
    if partner(day, country) is None:
        return []
    first, last = reach(day.year - 1)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def reach(year: int) -> tuple[date, date]:
    """Return first and last day of what is looked at around the festival of a year."""
    festival = spring_festival(year)
    return festival + timedelta(days=REACH[0]), festival + timedelta(days=REACH[1])


def ordinary_weeks(year: int) -> list[tuple[date, date]]:
    """Return the spans before and after the season of a year that its levels are read against."""
    festival, (first, last) = spring_festival(year), reach(year)
    return [
        (first, festival + timedelta(days=SEASON[0] - 1)),
        (festival + timedelta(days=SEASON[1] + 1), last),
    ]


def ordinary(day: date, country: str, season: pl.DataFrame) -> pl.DataFrame:
    """Return what is ordinary on a day (schema ``Festival``).

    Args:
        day: the day.
        country: ISO 3166 code; key of the country row.
        season: levels of the year before, as :func:`solarnet_assets.nowcast.panel.levels` returns them.
    """
    like = partner(day, country)
    if like is None:
        row = {"level": "country", "key": country, "ordinary": 100.0, "lower": 100.0, "upper": 100.0, "n_obs": 0}
        return pl.DataFrame([row]).with_columns(partner=pl.lit(None, pl.Date)).match_to_schema(ROWS_SCHEMA)
    found = season.filter(pl.col("date") == like, pl.col("level") != "group")
    return found.select(
        "level", "key", pl.col("date").alias("partner"), pl.col("value").alias("ordinary"), "lower", "upper", "n_obs"
    ).match_to_schema(ROWS_SCHEMA)
