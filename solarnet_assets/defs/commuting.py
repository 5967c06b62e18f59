"""Commuting: from pings to device-days, homes and workplaces, and commuters per city.

Belongs here: reading partitions, calling one function of the mobility package, writing. No geometry, no statistics.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import dagster as dg

from solarnet_assets.defs.daily import OWNERS, Day, preview, run_days, table_metadata
from solarnet_assets.defs.partitions import DAILY, HOME_WORK_DAYS, trailing_dep
from solarnet_assets.defs.resources import Project

PANEL_DAYS = 85
"""Days back to the oldest table of homes and workplaces that says who belongs to a day's panel, plus one."""


def reduce_day(project: Project, day: date) -> Day:
    """Reduce the pings of a day."""
    from solarnet_assets.mobility.reduce import device_days as reduce

    frame = reduce(project.lake.read("pings", day), project.lake.read("cities"))
    return Day(frame, {"devices": frame["device"].n_unique(), "pings": int(frame["pings"].sum())})


def locate_day(project: Project, day: date) -> Day:
    """Find homes and workplaces in the four weeks up to a day."""
    from solarnet_assets.mobility.homework import home_work as locate

    recent = project.lake.scan("device_days", day - timedelta(days=HOME_WORK_DAYS - 1), day)
    frame = locate(recent, day, project.lake.read("calendar"))
    return Day(frame, {"homes": frame.height, "workplaces": int(frame["work_lat"].is_not_null().sum())})


def count_day(project: Project, day: date) -> Day:
    """Count the commuters of a day."""
    from solarnet_assets.mobility.commute import city_commuters as count
    from solarnet_assets.mobility.homework import known_places, snapshot_days

    lake = project.lake
    places = known_places([lake.read("home_work", d) for d in snapshot_days(day)])
    frame = count(lake.read("device_days", day), places)
    panel, commuters = int(frame["panel"].sum()), float(frame["commuters"].sum())
    return Day(frame, {"panel": panel, "commuters": round(commuters), "share": commuters / panel if panel else 0.0})


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
    yield from run_days(context, project.lake, "device_days", lambda day: reduce_day(project, day))


@dg.asset(
    group_name="commuting",
    partitions_def=DAILY,
    deps=[trailing_dep("device_days", HOME_WORK_DAYS), "calendar"],
    kinds={"parquet", "polars"},
    owners=OWNERS,
    tags={"layer": "inference"},
    metadata=table_metadata("home_work"),
    description="Home and workplace of each device from the last 28 days: most nights, and most working days away from "
    "home if they are enough of them and enough of their hours.",
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
