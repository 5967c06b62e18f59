"""Car parks: vehicles in each image, and activity in percent of each lot's own normal.

Belongs here: reading partitions, calling one function of the parking package, writing. No networks, no statistics.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from solarnet_assets.defs.daily import OWNERS, Day, by_state, run_days
from solarnet_assets.defs.partitions import BASELINE_DAYS, DAILY, trailing_dep
from solarnet_assets.defs.resources import Project
from solarnet_assets.defs.shown import listed, pictured, table_metadata
from solarnet_assets.defs.solar import weights_metadata
from solarnet_assets.parking.model import WEIGHTS, code_version


def count_day(project: Project, day: date, known: date) -> Day:
    """Count the vehicles in every image of a day that was known on another day."""
    from solarnet_assets.parking.passes import count_images

    lake = project.lake
    sites = lake.read("sites").filter(pl.col("signal") == "parking")
    lots = dict(sites.select("site_id", "geometry").iter_rows())
    stalls = dict(sites.drop_nulls("capacity").select("site_id", "capacity").iter_rows())
    images = lake.read("lot_images", day, known)
    rows, pictures = count_images(images, lots, lambda name: Path(str(lake.blob("lot_images", day, name))), stalls)
    stored = {key: project.evidence.write(f"parking/{day}/{key}.png", data) for key, data in pictures.items()}
    frame = rows.with_columns(evidence=pl.col("image_id").replace_strict(stored, default=None, return_dtype=pl.String))
    shown: dict[str, Any] = {"valid": int(frame["valid"].sum()), "vehicles": float(frame["vehicles"].sum())}
    shown |= pictured(project.evidence.root / f"parking/{day}", len(stored))
    taken = frame.select((pl.col("occupancy") * pl.col("stalls")).sum() / pl.col("stalls").sum()).item()
    return Day(frame, shown | ({} if taken is None or not taken >= 0 else {"occupancy": float(taken)}))


def counted(project: Project, day: date) -> Day:
    """Count a day, and what was known of it before late images came."""
    return by_state(project.lake.states("lot_images", day), lambda known: count_day(project, day, known))


def index_day(project: Project, day: date) -> Day:
    """Read the roughness of lots in every coarse image that landed on a day."""
    from solarnet_assets.parking.index import index_images

    lake = project.lake
    lots = dict(lake.read("sites").select("site_id", "geometry").iter_rows())
    images = lake.read("lot_images", day)
    rows = index_images(images, lots, lambda name: Path(str(lake.blob("lot_images", day, name))))
    return Day(rows, {"valid": int(rows["valid"].sum())})


def activity_of_day(project: Project, day: date) -> Day:
    """Estimate the activity of the weeks before a day with what is known on that day."""
    from solarnet_assets.nowcast.panel import levels
    from solarnet_assets.parking.activity import baseline_window, ratios

    lake = project.lake
    counts = lake.scan("lot_counts", baseline_window(day)[0], day, known=day).drop("candidates").collect()
    found = ratios(counts, lake.read("sites"), lake.read("calendar"), day)
    frame = levels(found.frame, day, project.config.country)
    now = frame.filter(pl.col("level") == "country", pl.col("date") == day)["value"].to_list()
    shown: dict[str, Any] = {"counts": found.frame.height, "left_out": listed(found.left_out)}
    return Day(frame, shown | ({"percent_of_baseline": float(now[0])} if now else {}))


@dg.asset(
    group_name="parking",
    partitions_def=DAILY,
    deps=["lot_images", "sites"],
    kinds={"parquet", "pytorch"},
    owners=OWNERS,
    tags={"layer": "inference"},
    pool="gpu",
    code_version=code_version(),
    metadata=table_metadata("lot_counts") | weights_metadata(WEIGHTS),
    description="Vehicles in images of car parks with a 90 % interval, vehicles a stall where the stalls are known, "
    "and the scored points that each number is made of; pixels above 1 m are refused.",
)
def lot_counts(context: dg.AssetExecutionContext, project: Project) -> Iterator[Any]:
    """Count the images of each day of the run."""
    yield from run_days(context, project.lake, "lot_counts", lambda day: counted(project, day))


@dg.asset(
    group_name="parking",
    partitions_def=DAILY,
    deps=["lot_images", "sites"],
    kinds={"parquet"},
    owners=OWNERS,
    tags={"layer": "inference"},
    metadata=table_metadata("lot_index"),
    description="How uneven car parks look in images of 1-10 m, which are too coarse to count in: what "
    "marts.lot_occupancy_index is made of. No vehicles, and no part of parking_activity.",
)
def lot_index(context: dg.AssetExecutionContext, project: Project) -> Iterator[Any]:
    """Read the coarse images of each day of the run."""
    yield from run_days(context, project.lake, "lot_index", lambda day: index_day(project, day))


@dg.asset(
    group_name="parking",
    partitions_def=DAILY,
    deps=[trailing_dep("lot_counts", BASELINE_DAYS), "sites", "calendar"],
    kinds={"parquet", "polars"},
    owners=OWNERS,
    tags={"layer": "metric"},
    metadata=table_metadata("parking_activity"),
    description="Vehicles in car parks, percent of the lot's own normal on that type of day (1 Sep - 31 Dec before), "
    "as known on the partition's day for that day and three weeks before.",
)
def parking_activity(context: dg.AssetExecutionContext, project: Project) -> Iterator[Any]:
    """Estimate the activity as of each day of the run."""
    yield from run_days(context, project.lake, "parking_activity", lambda day: activity_of_day(project, day))
