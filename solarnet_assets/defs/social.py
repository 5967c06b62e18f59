"""Online sectors: what posts are about, and the share of active users who write about each sector.

Belongs here: reading partitions, calling one function of the social package, writing. No language, no statistics.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg
import polars as pl

from solarnet_assets.defs.daily import OWNERS, Day, run_days, table_metadata
from solarnet_assets.defs.partitions import DAILY
from solarnet_assets.defs.resources import Project


def label_day(project: Project, day: date) -> Day:
    """Clean and classify the posts of a day."""
    from solarnet_assets.social.labels import label_posts

    done = label_posts(project.lake.read("posts", day))
    lines = [f"- {name}: {count}" for name, count in done.counts.items()]
    shown: dict[str, Any] = {"kept": done.counts["kept"], "cleaning": dg.MetadataValue.md("\n".join(lines))}
    return Day(done.frame, shown | ({"note": done.note} if done.note else {}))


def share_day(project: Project, day: date) -> Day:
    """Count the active users of a day by sector."""
    from solarnet_assets.social.prevalence import sector_shares

    frame = sector_shares(project.lake.read("post_labels", day))
    of_all = frame.filter(pl.col("lang") == "all")
    plotted = {f"percent_{sector}": 100.0 * share for sector, share in of_all.select("sector", "share").iter_rows()}
    return Day(frame, {"active_users": sum(of_all["users"].head(1)), **plotted})


@dg.asset(
    group_name="social",
    partitions_def=DAILY,
    deps=["posts"],
    kinds={"parquet", "polars", "huggingface"},
    owners=OWNERS,
    tags={"layer": "inference"},
    pool="gpu",
    metadata=table_metadata("post_labels"),
    description="Sectors of each post (none to several) by gazetteer, n-gram model and, for undecided English posts, a "
    "sentence encoder; home office and office in the first person; which posts count and why others do not.",
)
def post_labels(context: dg.AssetExecutionContext, project: Project) -> Iterator[Any]:
    """Label the posts of each day of the run."""
    yield from run_days(context, project.lake, "post_labels", lambda day: label_day(project, day))


@dg.asset(
    group_name="social",
    partitions_def=DAILY,
    deps=["post_labels"],
    kinds={"parquet", "polars"},
    owners=OWNERS,
    tags={"layer": "metric"},
    metadata=table_metadata("sector_shares"),
    description="Share of active users who wrote about a sector, one vote per user, day and sector, corrected for the "
    "classifier's measured error (Rogan-Gladen), with its standard deviation.",
)
def sector_shares(context: dg.AssetExecutionContext, project: Project) -> Iterator[Any]:
    """Count the sectors of each day of the run."""
    yield from run_days(context, project.lake, "sector_shares", lambda day: share_day(project, day))
