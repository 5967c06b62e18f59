"""Heat of steel mills: passes that count, and activity in percent of each mill's own baseline.

Belongs here: reading partitions, calling one function of the steel package, writing. No radiometry, no statistics.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from solarnet_assets.defs.daily import OWNERS, Day, run_days, table_metadata
from solarnet_assets.defs.partitions import BASELINE_DAYS, DAILY, trailing_dep
from solarnet_assets.defs.resources import Project


def observe_day(project: Project, day: date) -> Day:
    """Observe every scene that landed on a day."""
    from solarnet_assets.steel.observe import observe_scenes

    lake = project.lake
    polygons = dict(lake.read("sites").select("site_id", "geometry").iter_rows())
    rows, pictures = observe_scenes(
        lake.read("steel_scenes", day), polygons, lambda name: Path(str(lake.blob("steel_scenes", day, name)))
    )
    stored = {key: project.evidence.write(f"steel/{day}/{key}.png", data) for key, data in pictures.items()}
    frame = rows.with_columns(evidence=pl.col("scene_id").replace_strict(stored, default=None, return_dtype=pl.String))
    shown = {"valid": int(frame["valid"].sum()), "hot_pixels": int(frame["hot_pixels"].sum() or 0)}
    return Day(frame, shown)


def activity_of_day(project: Project, day: date) -> Day:
    """Estimate the activity of the weeks before a day with what is known on that day."""
    from solarnet_assets.nowcast.panel import levels
    from solarnet_assets.steel.activity import baseline_window, ratios

    passes = project.lake.scan("steel_observations", baseline_window(day)[0], day).collect()
    found = ratios(passes, project.lake.read("sites"), day)
    frame = levels(found.frame, day, project.config.country)
    now = frame.filter(pl.col("level") == "country", pl.col("date") == day)["value"].to_list()
    left_out = [f"- {mill}: {why}" for mill, why in found.left_out.items()]
    shown: dict[str, Any] = {"passes": found.frame.height, "mills_left_out": dg.MetadataValue.md("\n".join(left_out))}
    return Day(frame, shown | ({"percent_of_baseline": float(now[0])} if now else {}))


@dg.asset(
    group_name="steel",
    partitions_def=DAILY,
    deps=["steel_scenes", "sites"],
    kinds={"parquet", "polars"},
    owners=OWNERS,
    tags={"layer": "inference"},
    metadata=table_metadata("steel_observations"),
    description="Passes over steel mills: whether each counts (80 % seen, at most 20 % cloud), hot pixels by TAI and "
    "NHI, and 2.2 um radiance over what the ground reflects.",
)
def steel_observations(context: dg.AssetExecutionContext, project: Project) -> Iterator[Any]:
    """Observe the scenes of each day of the run."""
    yield from run_days(context, project.lake, "steel_observations", lambda day: observe_day(project, day))


@dg.asset(
    group_name="steel",
    partitions_def=DAILY,
    deps=[trailing_dep("steel_observations", BASELINE_DAYS), "sites"],
    kinds={"parquet", "polars"},
    owners=OWNERS,
    tags={"layer": "metric"},
    metadata=table_metadata("steel_activity"),
    description="Thermal activity of steel mills, percent of the own baseline (1 Sep - 31 Dec before), as known on the "
    "partition's day for that day and three weeks before. Not steel output.",
)
def steel_activity(context: dg.AssetExecutionContext, project: Project) -> Iterator[Any]:
    """Estimate the activity as of each day of the run."""
    yield from run_days(context, project.lake, "steel_activity", lambda day: activity_of_day(project, day))
