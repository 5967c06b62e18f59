"""Growth of sectors beside the truth of simulated worlds: how often intervals hold it, how wide they are, and bias.

The whole chain runs: posts are written as files, read, cleaned, classified, counted and compared by the warehouse's
own SQL. The truth is what the scenario states: the share of genuine people who write about a sector, in percent of
that weekday's normal.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import polars as pl

from solarnet_assets.evaluation.posts_growth_worlds import Held, World, shares_of, true_shares, truth_of, worlds
from solarnet_assets.social.classify import Settings as Judging
from solarnet_assets.social.trends import Settings, sector_trends
from solarnet_assets.sql.folder import sql_folder
from solarnet_assets.sql.run import refresh
from solarnet_assets.storage.lake import Lake
from solarnet_assets.storage.warehouse import reader

if TYPE_CHECKING:
    from rich.console import Console

DAILY = "select * from marts.sector_growth order by all"
WINDOW = "select * from intermediate.int_sector_window order by all"
SHARE = {"value": "share", "lower": "share_lower", "upper": "share_upper"}
TABLES = ["marts.sector_growth", "intermediate.int_sector_window"]


def settings() -> Settings:
    """Return what the shipped warehouse measures growth against."""
    seed = pl.read_csv(sql_folder() / "seeds" / "sector_settings.csv", infer_schema=False)
    return Settings.of(dict(seed.select("name", "value").iter_rows()))


def growth(shares: pl.DataFrame, days: Iterable[date], against: Settings) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return ``marts.sector_growth`` and ``int_sector_window`` of some days from ``sector_shares`` with ``day``."""
    with TemporaryDirectory(prefix="solarnet-") as folder:
        lake = Lake(Path(folder) / "lake", Path(folder) / "quarantine")
        for day in days:
            lake.write("sector_trends", day, sector_trends(shares, day, against))
        warehouse = Path(folder) / "warehouse.duckdb"
        refresh(lake, warehouse, models=TABLES)
        with reader(warehouse) as con:
            return con.sql(DAILY).pl(), con.sql(WINDOW).pl()


def scored(world: World, judging: Judging | None = None) -> pl.DataFrame:
    """Return the growth of every day after 1 January beside the truth.

    Args:
        world: what is simulated.
        judging: settings of the classifier.

    Returns:
        kind, bots, posts, sector, lang, day, figure ('day', '4 weeks': against them; '7 days'; 'share': of a language,
        in percent of the true one), value, lower, upper, truth (percent), note. Figures that are missing are null.
    """
    against, posts = settings(), world.scenario.posts
    days = [day for day in world.days() if day > against.base_day]
    shares = shares_of(world, judging)
    daily, window = growth(shares, days, against)
    columns = ("sector", "lang", "day", "note")
    weeks = {"value": "growth_pct_4w", "lower": "lower_4w", "upper": "upper_4w"}
    since = {"value": "growth_pct", "lower": "lower", "upper": "upper"}
    beside = shares.filter(pl.col("network") == "all").join(true_shares(world, days), on=["sector", "lang", "day"])
    part = {name: 100.0 * pl.col(column) / pl.col("true") - 100.0 for name, column in SHARE.items()}
    frames = [
        beside.select(
            "sector", "lang", "day", note=pl.lit(None, pl.String), figure=pl.lit("share"), **part, truth=pl.lit(0.0)
        ),
        daily.select(*columns, figure=pl.lit("day"), **since).join(truth_of(world, days, 1), on=["sector", "day"]),
        daily.select(*columns, figure=pl.lit("4 weeks"), **weeks).join(truth_of(world, days, 1), on=["sector", "day"]),
        window.select(*columns, figure=pl.lit("7 days"), **since).join(truth_of(world, days, 7), on=["sector", "day"]),
    ]
    return pl.concat(frames).with_columns(
        kind=pl.lit(world.kind), bots=pl.lit(posts.bots), posts=pl.lit(posts.per_day), seed=world.scenario.seed
    )


def summary(rows: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Return how good the figures of each group are.

    Returns:
        ``by``, ``n`` figures, ``missing`` (share without one), ``covered`` (share whose interval holds the truth),
        ``below`` and ``above`` (share whose truth lies there), ``bias`` and ``rmse`` of the ratio to the truth, and
        ``half_width`` (mean of the interval's half, a share of the true level).
    """
    level = 1.0 + pl.col("truth") / 100.0
    error = (pl.col("value") - pl.col("truth")) / 100.0 / level
    return (
        rows.group_by(by, maintain_order=True)
        .agg(
            n=pl.col("value").count(),
            missing=pl.col("value").is_null().mean(),
            covered=pl.col("truth").is_between("lower", "upper").mean(),
            below=(pl.col("truth") < pl.col("lower")).mean(),
            above=(pl.col("truth") > pl.col("upper")).mean(),
            bias=error.mean(),
            rmse=(error**2).mean().sqrt(),
            half_width=((pl.col("upper") - pl.col("lower")) / 200.0 / level).mean(),
        )
        .sort(by)
    )


def print_growth(held: Held, console: Console) -> None:
    """Score worlds and print the tables."""
    frames = []
    for world in worlds(held):
        frames.append(scored(world, Judging() if held.encoder else Judging(encoder=None)))
        posts = world.scenario.posts
        console.print(
            f"{world.kind}, seed {world.scenario.seed}, {posts.per_day} posts a day, {100 * posts.bots:.0f} % bots",
            highlight=False,
        )
    rows = pl.concat(frames).with_columns(
        weekend=pl.when(pl.col("day").dt.weekday() >= 6).then(pl.lit("weekend")).otherwise(pl.lit("working days")),
        since=pl.when(pl.col("day") < settings().base_day + timedelta(days=30))
        .then(pl.lit("January"))
        .otherwise(pl.lit("later")),
    )
    console.print(
        f"{held.count} worlds, seeds from {held.seed}; growth since 1 January, 90 % intervals", highlight=False
    )
    daily = rows.filter(pl.col("figure") == "day")
    _print(summary(rows, ["figure", "lang"]), console)
    for by in ("kind", "bots", "posts"):
        _print(summary(daily, [by, "lang"]), console)
    pooled = daily.filter(pl.col("lang") == "all")
    for by in ("sector", "weekend", "since"):
        _print(summary(pooled, [by]), console)
    notes = (
        daily.filter(pl.col("value").is_null())["note"]
        .value_counts(sort=True)
        .sort("count", "note", descending=[True, False])
    )
    for note, number in notes.iter_rows():
        console.print(f"{number} figures are missing: {note}", highlight=False)


def _print(table: pl.DataFrame, console: Console) -> None:
    from rich.table import Table

    numbers = ("n", "missing", "covered", "below", "above", "bias", "rmse", "half_width")
    by = [name for name in table.columns if name not in numbers]
    heads = ("figures", "missing", "interval holds", "truth below", "above", "bias", "rmse", "half width")
    shown = Table(*by, *heads)
    for row in table.iter_rows(named=True):
        percents = ["-" if row[name] is None else f"{100 * row[name]:.1f} %" for name in numbers[1:]]
        shown.add_row(*(str(row[name]) for name in by), str(row["n"]), *percents)
    console.print(shown)
