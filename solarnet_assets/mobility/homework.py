"""Tables of homes and workplaces: the trailing window through one of the two rules, and who a day's panel is.

The rules are :mod:`solarnet_assets.mobility.robust` (ours, the default) and :mod:`solarnet_assets.mobility.howde`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import polars as pl

from solarnet_assets.mobility import howde, robust
from solarnet_assets.mobility.howde import HowdeRule
from solarnet_assets.mobility.places import metres_between
from solarnet_assets.mobility.reduce import BUCKETS
from solarnet_assets.mobility.robust import Rule

SCHEMA = pl.Schema(
    {
        "city": pl.String,
        "device": pl.UInt64,
        "home_lat": pl.Float64,
        "home_lon": pl.Float64,
        "work_lat": pl.Float64,
        "work_lon": pl.Float64,
        "nights": pl.Int32,
        "workdays": pl.Int32,
        "observed_workdays": pl.Int32,
        "confidence": pl.Float64,
        "work_confidence": pl.Float64,
        "stay_slots": pl.Float64,
        "stay_at_work": pl.Float64,
    }
)

SNAPSHOT_DAYS = (0, 28, 56, 84)
"""Ages, in days, of the ``HomeWork`` tables that a day's panel is known from."""

MEMBER_SHARE = 0.7
"""An older table with fewer homes than this share of the newest comes from the first days of the data."""

MOVED_SHARE, MOVED_M = 0.5, 400.0
"""A newer workplace this far from the old one counts where it is seen on this share of the working days."""

PLACES = ("city", "device", "home_lat", "home_lon", "work_lat", "work_lon", "new_lat", "new_lon", "stay_slots",
          "stay_at_work")  # fmt: skip

_OWN = ("home_lat", "home_lon", "work_lat", "work_lon")
_NEEDED = ["day", "city", "device", "cell_x", "cell_y", "lat", "lon", "night_slots", "work_slots", "slots"]


def rule_named(name: str, min_stay: float) -> Rule | HowdeRule:
    """Return the rule that the configuration names: ``robust`` or ``howde``."""
    return HowdeRule() if name == "howde" else Rule(min_stay=min_stay)


def home_work(
    device_days: pl.LazyFrame | pl.DataFrame,
    day: date,
    calendar: pl.DataFrame,
    rule: Rule | HowdeRule | None = None,
    buckets_at_once: int = BUCKETS,
) -> pl.DataFrame:
    """Return home and work (``HomeWork``) of every device with a home, as of a day.

    Args:
        device_days: ``DeviceDays`` with ``day``; days outside the window are ignored.
        day: last day of the window.
        calendar: ``Calendar``; days that it lacks count as rest days.
        rule: thresholds; their class says which rule.
        buckets_at_once: device buckets in memory at a time; the result does not depend on it.
    """
    rule = rule or Rule()
    first = day - timedelta(days=rule.window - 1)
    workdays = calendar.filter(pl.col("is_workday"), pl.col("date").is_between(first, day))["date"]
    recent = device_days.lazy().filter(pl.col("day").is_between(first, day))
    parts = [_located(part, workdays, rule) for part in _buckets(recent, buckets_at_once)]
    return pl.concat([SCHEMA.to_frame(), *parts]).sort("device")


def oldest_complete(homes: Sequence[int]) -> int | None:
    """Return which of several ``HomeWork`` tables a day's panel is known from: the oldest that is complete.

    The window that ends today forgets the workplace of everybody who has stayed at home for four weeks, and of
    newcomers it knows only those who already commute: the share of commuters would rise because people stay
    away. A table of three months before knows neither. It is one table and not the union of all, so that a
    panel of the first months of data is made like every later one.

    Args:
        homes: rows of the tables, newest first; under ``MEMBER_SHARE`` of the newest one's is not complete.

    Returns:
        Its number; None where there is no home at all.
    """
    complete = [number for number, count in enumerate(homes) if count >= MEMBER_SHARE * homes[0]]
    return complete[-1] if homes and homes[0] > 0 else None


def known_places(oldest: pl.DataFrame, newer: Sequence[pl.DataFrame] = ()) -> pl.DataFrame:
    """Return the panel's homes and workplaces.

    Who changed jobs since is at work at either place: the newest table that knows says where, if that is
    neither of the known places and it is there on half of the working days or more.

    Args:
        oldest: the ``HomeWork`` table of :func:`oldest_complete`, or some buckets of it.
        newer: the newer ones, newest first, the same buckets.

    Returns:
        :data:`PLACES`: home, work and newer work (null for most) of each device with both places; sorted by device.
    """
    known = oldest.filter(pl.col("work_lat").is_not_null())
    keys = ["city", "device"]
    firm = pl.col("work_lat").is_not_null() & (pl.col("workdays") >= MOVED_SHARE * pl.col("observed_workdays"))
    later = [frame.filter(firm).select(*keys, new_lat="work_lat", new_lon="work_lon") for frame in newer]
    empty = SCHEMA.to_frame().select(*keys, new_lat="work_lat", new_lon="work_lon")
    elsewhere = metres_between("work_lat", "work_lon", "new_lat", "new_lon") > MOVED_M
    elsewhere &= metres_between("home_lat", "home_lon", "new_lat", "new_lon") > MOVED_M
    found = known.select(*keys, *_OWN).join(pl.concat([empty, *later]), keys, maintain_order="right")
    moved = found.filter(elsewhere).unique(keys, keep="first", maintain_order=True).drop(_OWN)
    return known.join(moved, keys, "left").select(*PLACES).sort("device")


def snapshot_days(day: date) -> list[date]:
    """Return the days whose ``HomeWork`` tables a day's panel is known from, newest first."""
    return [day - timedelta(days=age) for age in SNAPSHOT_DAYS]


def _buckets(recent: pl.LazyFrame, at_once: int) -> Iterator[pl.DataFrame]:
    for start in range(0, BUCKETS, at_once):
        part = recent if at_once >= BUCKETS else recent.filter(pl.col("bucket").is_between(start, start + at_once - 1))
        yield part.select(_NEEDED).collect()


def _located(rows: pl.DataFrame, workdays: pl.Series, rule: Rule | HowdeRule) -> pl.DataFrame:
    if isinstance(rule, HowdeRule):
        return _typed(howde.locate(rows, workdays, rule))
    return _typed(robust.locate(rows, workdays, rule))


def _typed(found: pl.DataFrame) -> pl.DataFrame:
    return found.select(pl.col(c).cast(t) for c, t in SCHEMA.items())
