"""How well and how fast posts are cleaned: python benchmarks/post_cleaning.py [--days N] [--speed POSTS].

Days of the simulated country, with seeds that nothing was built on (100 and up), at four shares of bots. Per kind of
bot: the share of its posts that do not count and of its accounts that lose their vote; how many voters are bots. Of
people: the share of those who wrote, and of those who wrote of a sector, that lose their vote, per language. With
--speed: posts a second and the most memory, on one day of that many posts.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import polars.selectors as cs
from rich.console import Console
from rich.table import Table

from solarnet_assets.social.clean import clean, drop_table
from solarnet_assets.social.text import language
from solarnet_assets.storage.schemas import SCHEMAS
from solarnet_assets.world.bots import KINDS, drafts
from solarnet_assets.world.drafts import Draft
from solarnet_assets.world.scenario import Posts, Scenario, Signals
from solarnet_assets.world.words import SECTORS

SHARES = (0.0, 0.05, 0.10, 0.20)
FIRST_SEED = 100
DAY = date(2020, 2, 3)
NORMAL = [(date(2020, 1, 1), 100.0)]


def scenario(seed: int, bots: float, per_day: int) -> Scenario:
    """Return a country where nothing happens but posts."""
    signals = Signals(steel=NORMAL, parking=NORMAL, commuting=NORMAL, sectors={s: NORMAL for s in SECTORS})
    return Scenario(
        name="cleaning", seed=seed, start=date(2020, 1, 1), end=date(2020, 3, 15), signals=signals, cities=[], mills=[],
        lots=[], farms=[], posts=Posts(per_day=per_day, bots=bots),
    )  # fmt: skip


def _text(draft: Draft) -> str:
    """Return a draft's text as the networks show it: what is passed on behind the comment, or behind RT."""
    if draft.original is None:
        return draft.text
    return f"{draft.text}//@x:{draft.original.text}" if draft.chinese else f"RT @x: {draft.original.text}"[:140]


def frame(everything: list[Draft], day: date) -> pl.DataFrame:
    """Return drafts as the lake's ``posts``, with what they truly are: kind, language, labels."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=8)
    rows = [
        (d.key, midnight + timedelta(seconds=d.second), _text(d), d.original is not None,
         KINDS[-1 - d.number] if d.number < 0 else "people", "zh" if d.chinese else "en", list(d.labels))
        for d in everything
    ]  # fmt: skip
    kinds = {"user": pl.UInt64, "time": pl.Datetime("us", "UTC"), "text": pl.String, "repost": pl.Boolean,
             "kind": pl.String, "writes": pl.String, "labels": pl.List(pl.String)}  # fmt: skip
    table = pl.DataFrame(rows, schema=kinds, orient="row").with_row_index("post")
    return table.with_columns(pl.col("post").cast(pl.UInt64), lang=language(pl.col("text")), network=pl.lit("x"))


def cleaned_days(share: float, days: int, per_day: int, first_seed: int) -> pl.DataFrame:
    """Return several cleaned days of as many countries."""
    out = []
    for number in range(days):
        day = DAY + timedelta(days=number)
        posts = frame(drafts(scenario(first_seed + number, share, per_day), day)[0], day)
        out.append(clean(posts).with_columns(day=pl.lit(day)))
    return pl.concat(out)


def recall(cleaned: pl.DataFrame) -> pl.DataFrame:
    """Return per kind of bot: posts, share of them removed, accounts, share of them without a vote."""
    bots = cleaned.filter(pl.col("kind") != "people")
    posts = bots.group_by("kind").agg(posts=pl.len(), removed=1.0 - pl.col("kept").mean())
    voted = bots.group_by("kind", "day", "user").agg(pl.col("kept").any())
    accounts = voted.group_by("kind").agg(accounts=pl.len(), silenced=1.0 - pl.col("kept").mean())
    return posts.join(accounts, on="kind").sort(pl.col("kind").cast(pl.Enum(KINDS)))


def bots_left(cleaned: pl.DataFrame) -> float:
    """Return the share of bots among the users who keep a vote."""
    voters = cleaned.filter("kept").group_by("day", "user").agg(bot=(pl.col("kind") != "people").any())
    return voters["bot"].cast(pl.Float64).sum() / max(voters.height, 1)


def _silenced(votes: pl.DataFrame, about: str) -> pl.DataFrame:
    return votes.group_by("writes").agg(about=pl.lit(about), people=pl.len(), silenced=1.0 - pl.col("kept").mean())


def lost_people(cleaned: pl.DataFrame) -> pl.DataFrame:
    """Return the share of people, all and per sector, whose own posts all fell, by language."""
    own = cleaned.filter((pl.col("kind") == "people") & ~pl.col("repost"))
    everybody = own.group_by("writes", "day", "user").agg(pl.col("kept").any())
    about = (
        own.explode("labels").drop_nulls("labels").group_by("writes", "labels", "day", "user").agg(pl.col("kept").any())
    )
    parts = [_silenced(everybody, "anything")]
    parts += [_silenced(about.filter(pl.col("labels") == sector), sector) for sector in (*SECTORS, "home_office")]
    return pl.concat(parts).pivot("writes", index="about", values=["people", "silenced"])


def false_reasons(cleaned: pl.DataFrame) -> pl.DataFrame:
    """Return why posts of people fell."""
    own = cleaned.filter((pl.col("kind") == "people") & ~pl.col("repost"))
    return drop_table(own).with_columns(cs.float() / 100.0)


def show(title: str, table: pl.DataFrame) -> None:
    """Print a table, shares in percent."""
    out = Table(title=title)
    for name in table.columns:
        out.add_column(name)
    for row in table.iter_rows():
        out.add_row(*(f"{100 * x:.2f} %" if isinstance(x, float) else str(x) for x in row))
    Console(width=120).print(out)


def speed(posts: int) -> None:
    """Print posts a second and memory of one day, made by another process."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "posts.parquet"
        subprocess.run([sys.executable, __file__, "--write", str(path), "--per-day", str(posts)], check=True)
        table = pl.read_parquet(path, columns=list(SCHEMAS["posts"].columns()))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    start, used = time.perf_counter(), time.process_time()
    done = clean(table)
    wall, used = time.perf_counter() - start, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    figures = {"posts": f"{done.height:,}", "seconds": f"{wall:.1f}", "core seconds": f"{used:.1f}"}
    figures |= {"posts/s": f"{done.height / wall:,.0f}", "GB before": f"{before:.2f}", "GB most": f"{peak:.2f}"}
    show("speed", pl.DataFrame({name: [value] for name, value in figures.items()}))
    show("reasons", drop_table(done).with_columns(cs.float() / 100.0))


def main() -> None:
    """Measure."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--days", type=int, default=5)
    arguments.add_argument("--per-day", type=int, default=6000)
    arguments.add_argument("--first-seed", type=int, default=FIRST_SEED)
    arguments.add_argument("--speed", type=int, default=0)
    arguments.add_argument("--write", type=Path, help="write a day for --speed and stop")
    asked = arguments.parse_args()
    if asked.write:
        frame(drafts(scenario(FIRST_SEED, 0.05, asked.per_day), DAY)[0], DAY).write_parquet(asked.write)
        return
    if asked.speed:
        speed(asked.speed)
        return
    for share in SHARES:
        done = cleaned_days(share, asked.days, asked.per_day, asked.first_seed)
        if share:
            show(f"bots, {share:.0%} of posts; {bots_left(done):.2%} of users who vote", recall(done))
        show(f"people with {share:.0%} bots: who lost their vote", lost_people(done))
        show("why", false_reasons(done))


if __name__ == "__main__":
    main()
