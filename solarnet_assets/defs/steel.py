"""Heat of steel mills: passes that count, and activity in percent of each mill's own baseline.

Belongs here: reading partitions, calling one function of the steel package, writing. No radiometry, no statistics.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

import dagster as dg
import polars as pl

from solarnet_assets.defs.daily import OWNERS, Day, by_state, run_days
from solarnet_assets.defs.partitions import BASELINE_DAYS, DAILY, trailing_dep, year_before_dep
from solarnet_assets.defs.resources import Project
from solarnet_assets.defs.shown import listed, pictured, table_metadata
from solarnet_assets.defs.solar import weights_metadata
from solarnet_assets.steel.model import WEIGHTS, code_version

PERSISTENCE_DAYS = 90
"""Days back to which heat at a place is looked up: about eighteen passes."""


def observe_day(project: Project, day: date, known: date) -> Day:
    """Observe every scene of a day that was known on another day."""
    from solarnet_assets.steel.observe import observe_scenes

    lake = project.lake
    polygons = dict(lake.read("sites").select("site_id", "geometry").iter_rows())
    rows, pictures = observe_scenes(
        lake.read("steel_scenes", day, known), polygons, lambda name: Path(str(lake.blob("steel_scenes", day, name)))
    )
    stored = {key: project.evidence.write(f"steel/{day}/{key}.png", data) for key, data in pictures.items()}
    frame = rows.with_columns(evidence=pl.col("scene_id").replace_strict(stored, default=None, return_dtype=pl.String))
    counts = ("net_pixels", "clusters", "hot_pixels", "nhi_pixels")
    shown = {"valid": int(frame["valid"].sum())} | {name: int(frame[name].sum() or 0) for name in counts}
    return Day(frame, shown | pictured(project.evidence.root / f"steel/{day}", len(stored)))


def observed(project: Project, day: date) -> Day:
    """Observe a day, and what was known of it before late scenes came: a scene that is the same is observed once."""
    states = project.lake.states("steel_scenes", day)
    newest, scenes = observe_day(project, day, states[-1]), project.lake.read("steel_scenes", day).drop("bands")

    def then(known: date) -> Day:
        earlier = project.lake.read("steel_scenes", day, known).drop("bands")
        if not earlier.join(scenes, on=scenes.columns, how="anti", nulls_equal=True).is_empty():
            return observe_day(project, day, known)
        return Day(cast("pl.DataFrame", newest.content).filter(pl.col("scene_id").is_in(earlier["scene_id"].to_list())))

    return by_state(states, lambda known: newest if known == states[-1] else then(known))


def clusters_of_day(project: Project, day: date) -> Day:
    """List a day's hot clusters and count in how many earlier passes their places were hot."""
    from solarnet_assets.steel.persistence import PERSISTENT, explode, persistence

    start = max(project.config.first_day, day - timedelta(days=PERSISTENCE_DAYS - 1))
    passes = project.lake.scan("steel_observations", start, day)
    wanted = passes.select("site_id", "scene_id", "time", "day", "hot_clusters").collect()
    frame = persistence(wanted.filter(pl.col("day") < day), explode(wanted.filter(pl.col("day") == day), day)).drop(
        "day"
    )
    return Day(frame, {"clusters": frame.height, "persistent": int((frame["hot_before"] >= PERSISTENT).sum())})


def activity_of_day(project: Project, day: date) -> Day:
    """Estimate the activity of the weeks before a day with what is known on that day."""
    from solarnet_assets.nowcast.panel import levels
    from solarnet_assets.steel.activity import baseline_window, ratios

    passes = project.lake.scan("steel_observations", baseline_window(day)[0], day, known=day).collect()
    found = ratios(passes, project.lake.read("sites"), day)
    frame = levels(found.frame, day, project.config.country)
    now = frame.filter(pl.col("level") == "country", pl.col("date") == day)["value"].to_list()
    shown: dict[str, Any] = {"passes": found.frame.height, "mills_left_out": listed(found.left_out)}
    return Day(frame, shown | ({"percent_of_baseline": float(now[0])} if now else {}))


def season_of_year(project: Project, year: int) -> pl.DataFrame:
    """Estimate the levels around the Spring Festival of a year, percent of the ordinary weeks on both sides."""
    from solarnet_assets.nowcast.festival import FEWEST, ordinary_weeks, reach
    from solarnet_assets.nowcast.panel import levels
    from solarnet_assets.steel.activity import ratios

    (first, last), spans = reach(year), ordinary_weeks(year)
    passes = project.lake.scan("steel_observations", first, last).collect()
    found = ratios(passes, project.lake.read("sites"), last, spans, FEWEST)
    window = (last - first).days
    return levels(found.frame, last, project.config.country, window, window=window, spans=spans)


def festival_of_day(project: Project, day: date, season: Callable[[int], pl.DataFrame]) -> Day:
    """Say what is ordinary on a day from the season of the year before."""
    from solarnet_assets.nowcast.festival import ordinary, partner

    country = project.config.country
    like = partner(day, country)
    frame = ordinary(day, country, season(like.year) if like else pl.DataFrame())
    now = frame.filter(pl.col("level") == "country")["ordinary"].to_list()
    return Day(frame, {"ordinary_percent": float(now[0])} if now else {})


@dg.asset(
    group_name="steel",
    partitions_def=DAILY,
    deps=["steel_scenes", "sites"],
    kinds={"parquet", "pytorch"},
    owners=OWNERS,
    tags={"layer": "inference"},
    pool="gpu",
    code_version=code_version(),
    metadata=table_metadata("steel_observations") | weights_metadata(WEIGHTS),
    description="Passes over steel mills: whether each counts (80 % seen, at most 20 % cloud), hot clusters by "
    "HeatNet, hot pixels by TAI and NHI, and 2.2 um radiance over what the ground reflects.",
)
def steel_observations(context: dg.AssetExecutionContext, project: Project) -> Iterator[Any]:
    """Observe the scenes of each day of the run."""
    yield from run_days(context, project.lake, "steel_observations", lambda day: observed(project, day))


@dg.asset(
    group_name="steel",
    partitions_def=DAILY,
    deps=[trailing_dep("steel_observations", PERSISTENCE_DAYS)],
    kinds={"parquet", "polars"},
    owners=OWNERS,
    tags={"layer": "metric"},
    metadata=table_metadata("steel_clusters"),
    description="Hot clusters of the day's passes over steel mills: size, excess radiance, probability, place, and in "
    "how many passes of the 90 days before their place was hot too.",
)
def steel_clusters(context: dg.AssetExecutionContext, project: Project) -> Iterator[Any]:
    """List the hot clusters of each day of the run."""
    yield from run_days(context, project.lake, "steel_clusters", lambda day: clusters_of_day(project, day))


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


@dg.asset(
    group_name="steel",
    partitions_def=DAILY,
    deps=[year_before_dep("steel_observations"), "sites"],
    kinds={"parquet", "polars"},
    owners=OWNERS,
    tags={"layer": "metric"},
    metadata=table_metadata("steel_festival"),
    description="What is ordinary for mills at the day's distance from the Spring Festival: their level on that day of "
    "the year before, percent of the ordinary weeks around the season. 100 by definition on all other days.",
)
def steel_festival(context: dg.AssetExecutionContext, project: Project) -> Iterator[Any]:
    """Say what is ordinary on each day of the run; the season of a year is estimated once."""
    season = cache(lambda year: season_of_year(project, year))
    yield from run_days(context, project.lake, "steel_festival", lambda day: festival_of_day(project, day, season))
