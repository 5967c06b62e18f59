"""Commuting: from pings to device-days, homes and workplaces, and commuters per city.

Belongs here: reading partitions, calling one function of the mobility package, writing. No geometry, no statistics.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any

import dagster as dg
import polars as pl

from solarnet_assets.defs.daily import OWNERS, Day, by_state, run_days
from solarnet_assets.defs.partitions import DAILY, HOME_WORK_DAYS, trailing_dep
from solarnet_assets.defs.resources import Project
from solarnet_assets.defs.shown import preview, table_metadata

PANEL_DAYS = 85
"""Days back to the oldest table of homes and workplaces that says who belongs to a day's panel, plus one."""

ROWS_AT_ONCE = 2_000_000
"""Device-days in memory while homes are found: about 1 GB with what the rule makes of them."""

BUCKETS_AT_ONCE = 16
"""Device buckets in memory while commuters are counted."""


def reduce_day(project: Project, day: date, known: date) -> Day:
    """Reduce the pings of a day that were known on another day, part by part."""
    from solarnet_assets.mobility.reduce import COLUMNS, device_days_in_parts

    shown = {"devices": 0, "pings": 0}

    def frames() -> Iterator[pl.DataFrame]:
        readers = project.lake.readers("pings", day, COLUMNS, dictionaries=["city"], known=known)
        for frame in device_days_in_parts(readers, project.lake.read("cities")):
            shown["devices"] += frame["device"].n_unique()
            shown["pings"] += int(frame["pings"].sum())
            yield frame

    return Day(frames(), shown)


def reduced(project: Project, day: date) -> Day:
    """Reduce a day, and what was known of it before late pings came."""
    return by_state(project.lake.states("pings", day), lambda known: reduce_day(project, day, known))


def locate_day(project: Project, day: date) -> Day:
    """Find homes and workplaces in the weeks up to a day as they are known then, some buckets of devices at a time."""
    from solarnet_assets.mobility.homework import home_work as locate
    from solarnet_assets.mobility.homework import rule_named
    from solarnet_assets.mobility.reduce import BUCKETS, bucket_groups

    chosen, lake, shown = project.config.home_work, project.lake, {"homes": 0, "workplaces": 0}
    rule = rule_named(chosen.rule, chosen.min_stay)
    first = day - timedelta(days=rule.window - 1)

    def frames() -> Iterator[pl.DataFrame]:
        recent, working = lake.scan("device_days", first, day, known=day), lake.read("calendar")
        for buckets in bucket_groups(lake.height("device_days", first, day), ROWS_AT_ONCE):
            frame = locate(recent.filter(pl.col("bucket").is_between(*buckets)), day, working, rule)
            shown["homes"] += frame.height
            shown["workplaces"] += int(frame["work_lat"].is_not_null().sum())
            yield frame.sort(pl.col("device") % BUCKETS, "device")

    return Day(frames(), shown)


def count_day(project: Project, day: date) -> Day:
    """Count the commuters of a day for each state of knowledge of its pings: nearly always one.

    The panel is what was known on the day itself.
    """
    from solarnet_assets.mobility.daily import count_day as count
    from solarnet_assets.mobility.noise import noise_of

    privacy = project.config.privacy
    noise = noise_of(privacy.epsilon, project.config.hash_key(), day)
    states = {}
    for known in project.lake.states("device_days", day):
        scan = partial(_scan, project, known)
        states[known] = count(scan, day, privacy.k, noise, BUCKETS_AT_ONCE)
    counted = states[max(states)]
    frame = counted.frame
    rows = [
        one.frame.with_columns(known_on=pl.lit(known if known > day else None, pl.Date), epsilon=pl.col("epsilon") * n)
        for n, (known, one) in enumerate(sorted(states.items()), start=1)  # each state is drawn for: budgets add up
    ]
    panel, commuters = int(frame["panel"].sum()), float(frame["commuters"].sum())
    shown = {"panel": panel, "commuters": round(commuters), "share": commuters / panel if panel else 0.0}
    return Day(pl.concat(rows), {**shown, "panel_from": str(counted.panel_day)})


def _scan(project: Project, known: date, asset: str, day: date) -> pl.LazyFrame:
    return project.lake.scan(asset, day, day, known)


@dg.asset(
    group_name="raw",
    kinds={"python"},
    owners=OWNERS,
    tags={"layer": "raw"},
    metadata=table_metadata("calendar"),
    description="Working days (make-up days and extensions included) and the day of the year before that each day is "
    "compared with: same lunar month and day in China, 364 days before elsewhere. To the end of next year.",
)
def calendar(project: Project) -> dg.MaterializeResult[Any]:
    """Write the calendar of the configured country."""
    from solarnet_assets.mobility.calendar import calendar_frame, last_day

    frame = calendar_frame(project.config.country, project.config.first_day, last_day(project.config.timezone))
    counts = project.lake.write("calendar", None, frame)
    return dg.MaterializeResult(metadata={"dagster/row_count": counts.n_out, "preview": preview(frame)})


@dg.asset(
    group_name="commuting",
    partitions_def=DAILY,
    deps=["pings", "cities"],
    kinds={"parquet", "polars"},
    owners=OWNERS,
    tags={"layer": "inference"},
    metadata=table_metadata("device_days"),
    description="Daily reduction: for each device and 250 m cell the quarter hours seen by night, in work hours and in "
    "all. Every ping is read once, here.",
)
def device_days(context: dg.AssetExecutionContext, project: Project) -> Iterator[Any]:
    """Reduce each day of the run."""
    yield from run_days(context, project.lake, "device_days", lambda day: reduced(project, day))


@dg.asset(
    group_name="commuting",
    partitions_def=DAILY,
    deps=[trailing_dep("device_days", HOME_WORK_DAYS), "calendar"],
    kinds={"parquet", "polars"},
    owners=OWNERS,
    tags={"layer": "inference"},
    metadata=table_metadata("home_work"),
    description="Home and workplace of each device from the last 28 days (42 by HoWDe's rule): most nights, and most "
    "working days away from where it sleeps, if they are enough of them and enough of their hours.",
)
def home_work(context: dg.AssetExecutionContext, project: Project) -> Iterator[Any]:
    """Locate homes and workplaces as of each day of the run."""
    yield from run_days(context, project.lake, "home_work", lambda day: locate_day(project, day))


@dg.asset(
    group_name="commuting",
    partitions_def=DAILY,
    deps=["device_days", trailing_dep("home_work", PANEL_DAYS)],
    kinds={"parquet", "polars"},
    owners=OWNERS,
    tags={"layer": "metric"},
    metadata=table_metadata("city_commuters"),
    description="Commuters per city: devices of the panel that are at work, corrected for those whose phones said too "
    "little. The panel is who had a workplace 84 days before, so that who stays at home now is not forgotten.",
)
def city_commuters(context: dg.AssetExecutionContext, project: Project) -> Iterator[Any]:
    """Count the commuters of each day of the run."""
    yield from run_days(context, project.lake, "city_commuters", lambda day: count_day(project, day))
