"""Online sectors: what posts are about, and the share of active users who write about each sector.

Belongs here: reading partitions, calling one function of the social package, writing. No language, no statistics.
"""

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

import dagster as dg
import polars as pl

from solarnet_assets.config import Posts
from solarnet_assets.defs.daily import OWNERS, Day, run_days
from solarnet_assets.defs.partitions import BASELINE_DAYS, DAILY, trailing_dep
from solarnet_assets.defs.resources import Project
from solarnet_assets.defs.shown import table_metadata
from solarnet_assets.defs.windows import sector_settings, sector_weights

if TYPE_CHECKING:
    from solarnet_assets.social.classify import Settings


def label_day(project: Project, day: date) -> Day:
    """Clean and classify the posts of a day."""
    from solarnet_assets.social.clean import limits_of
    from solarnet_assets.social.labels import label_posts

    asked = project.config.posts
    done = label_posts(project.lake.read("posts", day), judging(asked), limits_of(asked.cleaning))
    lines = [f"- {name}: {count}" for name, count in done.counts.items() if not name.startswith("dropped")]
    shown: dict[str, Any] = {"kept": done.counts["kept"], "classifying": dg.MetadataValue.md("\n".join(lines))}
    shown["cleaning"] = dg.MetadataValue.md(reasons_table(done.frame))
    return Day(done.frame, shown | ({"note": done.note} if done.note else {}))


def judging(posts: Posts) -> "Settings":
    """Return what judges posts, from the configuration."""
    from solarnet_assets.social.classify import Settings
    from solarnet_assets.social.encoder import Spec

    named = Spec(**posts.encoder.model_dump()) if posts.encoder else None
    return Settings(named, posts.weights, posts.gazetteer)


def known_errors(posts: Posts) -> dict[str, Any]:
    """Return the error counts of what judges posts, by language and label."""
    from solarnet_assets.social.model import operating

    measured = operating(posts.weights)
    return dict(measured["evaluation" if posts.encoder else "evaluation_without_encoder"])


def reasons_table(labels: pl.DataFrame) -> str:
    """Return why posts of a day do not count, as a Markdown table; a user may stand in several rows."""
    from solarnet_assets.social.clean import drop_table

    head = ["| does not count | posts | % of posts | users | % of users |", "| :-- | --: | --: | --: | --: |"]
    rows = [
        f"| {r['reason']} | {r['posts']:,} | {r['posts_percent']:.2f} | {r['users']:,} | {r['users_percent']:.2f} |"
        for r in drop_table(labels).iter_rows(named=True)
    ]
    return "\n".join(head + rows)


def share_day(project: Project, day: date) -> Day:
    """Count the active users of a day by sector."""
    from solarnet_assets.social.prevalence import sector_shares

    frame = sector_shares(project.lake.read("post_labels", day), known_errors(project.config.posts))
    of_all = frame.filter(pl.col("lang") == "all", pl.col("network") == "all")
    plotted = {f"percent_{sector}": 100.0 * share for sector, share in of_all.select("sector", "share").iter_rows()}
    return Day(frame, {"active_users": sum(of_all["users"].head(1)), **plotted})


def trend_day(project: Project, day: date) -> Day:
    """Measure a day's growth against the base that the seeds name."""
    from solarnet_assets.social.trends import sector_trends

    settings = sector_settings()
    wanted = settings.days_of(day)
    shares = project.lake.scan("sector_shares", min(wanted), max(wanted)).filter(pl.col("day").is_in(wanted)).collect()
    frame = sector_trends(shares, day, settings, sector_weights(), known_errors(project.config.posts))
    shown = frame.filter(pl.col("lang") == "all", pl.col("days") == 1, pl.col("ratio").is_not_null())
    plotted = {
        f"growth_{sector}": 100.0 * ratio - 100.0 for sector, ratio in shown.select("sector", "ratio").iter_rows()
    }
    notes = [
        f"- {note}: {n}" for note, n in frame["note"].drop_nulls().value_counts(sort=True).sort("note").iter_rows()
    ]
    return Day(frame, plotted | ({"notes": dg.MetadataValue.md("\n".join(notes))} if notes else {}))


@dg.asset(
    group_name="social",
    partitions_def=DAILY,
    deps=["posts"],
    kinds={"parquet", "polars", "huggingface"},
    owners=OWNERS,
    tags={"layer": "inference"},
    pool="gpu",
    metadata=table_metadata("post_labels"),
    description="Sectors of each post (none to several) by names, n-grams and, where these are unsure and the language "
    "has one, a sentence encoder, stacked into calibrated probabilities; home office and office in the first person; "
    "which posts count and why others do not.",
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


@dg.asset(
    group_name="social",
    partitions_def=DAILY,
    deps=[trailing_dep("sector_shares", BASELINE_DAYS), ["seeds", "sector_settings"], ["seeds", "sector_strata"]],
    kinds={"parquet", "polars"},
    owners=OWNERS,
    tags={"layer": "metric"},
    metadata=table_metadata("sector_trends"),
    description="Growth of each sector against 1 January 2020 and the four weeks before it, for the day and the seven "
    "days up to it: post-stratified by language and network, without the weekly rhythm, each with its interval.",
)
def sector_trends(context: dg.AssetExecutionContext, project: Project) -> Iterator[Any]:
    """Measure growth on each day of the run."""
    yield from run_days(context, project.lake, "sector_trends", lambda day: trend_day(project, day))
