"""Homes and workplaces of users with ready stops, by either rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import polars as pl

from solarnet_assets.mobility.homework import home_work
from solarnet_assets.mobility.howde import HowdeRule, best_homes, best_works
from solarnet_assets.mobility.robust import Rule
from solarnet_assets.mobility.stop_days import HOWDE_NIGHT, HOWDE_WORK, days_of, device_days, hour_shares, place

FOUND = pl.Schema({"user": pl.String, "kind": pl.String, "location": pl.String})
"""What a rule finds: ``kind`` H or W; a user has at most one of each by our rule, several by HoWDe's."""

USERS_AT_ONCE = 200
"""Bounds memory: stops become quarter hours, and HoWDe, which looks at every day's own window, copies days 42 times."""


def located(stops: pl.DataFrame, rule: Rule | HowdeRule | None = None) -> pl.DataFrame:
    """Return homes and workplaces (:data:`FOUND`).

    Args:
        stops: as :func:`solarnet_assets.mobility.stops.read_stops` gives them; Monday to Friday are working days.
        rule: our rule, which looks back on all days of the file at once and gives one place; or HoWDe's, which looks at
            the days around each day and gives whatever it finds on any of them, as its own tests count.
    """
    rule = rule or Rule()
    parts = [
        _by_howde(some, rule) if isinstance(rule, HowdeRule) else _by_our_rule(some, rule) for some in _users(stops)
    ]
    return pl.concat([FOUND.to_frame(), *parts]).sort("user", "kind", "location")


def _users(stops: pl.DataFrame) -> Iterator[pl.DataFrame]:
    users = stops["user"].unique().sort()
    for first in range(0, len(users), USERS_AT_ONCE):
        yield stops.filter(pl.col("user").is_in(users.slice(first, USERS_AT_ONCE).implode()))


def _by_our_rule(stops: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    days, users, places = device_days(stops)
    first, last = days["day"].min(), days["day"].max()
    if not isinstance(first, date) or not isinstance(last, date):
        return FOUND.to_frame()
    dates = pl.date_range(first, last, eager=True)
    week = pl.DataFrame({"date": dates}).with_columns(is_workday=pl.col("date").dt.weekday() <= 5)
    found = home_work(days, last, week, replace(rule, window=len(dates)))
    names = pl.DataFrame({"number": range(len(places)), "location": places}, schema_overrides={"number": pl.Int32})
    people = pl.DataFrame({"device": range(len(users)), "user": users}, schema_overrides={"device": pl.UInt64})
    each = pl.concat(
        found.select("device", kind=pl.lit(kind), number=place(pl.col(f"{which}_lon")))
        for kind, which in (("H", "home"), ("W", "work"))
    )
    return each.join(people, on="device").join(names, on="number").select(*FOUND)


def _by_howde(stops: pl.DataFrame, rule: HowdeRule) -> pl.DataFrame:
    weekday = (pl.col("day") + 3) % 7 < 5
    seen = days_of(stops).select("device", "day").unique().with_columns(is_workday=weekday)
    night = hour_shares(stops, HOWDE_NIGHT, rule.min_hours)
    homes = best_homes(_around(seen, rule.window_home), _targets(night, seen, rule.window_home), rule)
    ever = homes.select("device", place="home").unique()
    work = hour_shares(stops, HOWDE_WORK, rule.min_hours).filter(weekday).join(ever, on=["device", "place"], how="anti")
    housed = seen.join(homes.select("device").unique(), on="device", how="semi")
    works = best_works(_around(housed, rule.window_work), _targets(work, housed, rule.window_work), rule)
    each = [
        frame.select(user="device", kind=pl.lit(kind), location=which).unique()
        for frame, kind, which in ((homes, "H", "home"), (works, "W", "work"))
    ]
    return pl.concat(each)


def _around(days: pl.DataFrame, window: int) -> pl.DataFrame:
    """Return the days seen within half a window of each day seen (``target``)."""
    half = window // 2
    targets = days.select("device", target="day", day=pl.int_ranges(pl.col("day") - half, pl.col("day") + half + 1))
    return targets.explode("day").join(days, on=["device", "day"])


def _targets(shares: pl.DataFrame, days: pl.DataFrame, window: int) -> pl.DataFrame:
    return _around(days, window).select("device", "target", "day").join(shares, on=["device", "day"])
