"""A day's commuters from the lake's tables, device bucket by device bucket, so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import polars as pl

from solarnet_assets.mobility.commute import K, city_commuters
from solarnet_assets.mobility.homework import known_places, oldest_complete, snapshot_days
from solarnet_assets.mobility.noise import Noise
from solarnet_assets.mobility.presence import TALLY, tally, usual_share
from solarnet_assets.mobility.reduce import BUCKETS

Scan = Callable[[str, date], pl.LazyFrame]
"""Gives one day of a lake asset, empty but typed where there is none."""


@dataclass(frozen=True)
class Counted:
    """A day's ``CityCommuters``, and the day of the ``HomeWork`` table that its panel is known from."""

    frame: pl.DataFrame
    panel_day: date | None


def count_day(scan: Scan, day: date, k: int = K, noise: Noise | None = None, buckets_at_once: int = BUCKETS) -> Counted:
    """Count the commuters of a day.

    Args:
        scan: reads ``home_work`` and ``device_days``.
        day: the day.
        k: smallest panel that is published.
        noise: Laplace noise; None: none.
        buckets_at_once: device buckets in memory at a time; the result does not depend on it.
    """
    days = snapshot_days(day)
    tables = [scan("home_work", earlier) for earlier in days]
    number = oldest_complete([table.select(pl.len()).collect().item() for table in tables])
    if number is None:
        return Counted(city_commuters(TALLY.to_frame()), None)
    share = usual_share(tables[number])
    tallies = [TALLY.to_frame()]
    for start in range(0, BUCKETS, buckets_at_once):
        last = start + buckets_at_once - 1
        mine = (pl.col("device") % BUCKETS).is_between(start, last)
        homes = [table.filter(mine).collect() for table in tables[: number + 1]]
        seen = scan("device_days", day).filter(pl.col("bucket").is_between(start, last)).collect()
        tallies.append(tally(seen, known_places(homes[-1], homes[:-1]), share))
    return Counted(city_commuters(pl.concat(tallies), k, noise), days[number])
