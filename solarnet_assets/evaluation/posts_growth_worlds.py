"""Simulated worlds of posts to score growth on: shipped scenarios with other seeds, and ones that are drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np
import polars as pl

from solarnet_assets.landing import RawFile
from solarnet_assets.social.classify import Settings as Judging
from solarnet_assets.social.labels import label_posts
from solarnet_assets.social.prevalence import sector_shares
from solarnet_assets.social.readers import read_posts
from solarnet_assets.world.drafts import daily_share
from solarnet_assets.world.posts import write_posts
from solarnet_assets.world.scenario import Curve, Outage, Posts, Scenario, load_scenario, value_at
from solarnet_assets.world.words import SECTORS

FIRST_SEED = 7001
"""Seeds of held-out worlds; those from 101 to 199 were used while building."""

KINDS = ("published", "drawn", "quiet", "drawn")
BOTS = (0.0, 0.05, 0.1, 0.2)
SIZES = (600, 2000)
"""Posts a day."""

BEFORE = 28
"""Days before 1 January that are simulated: the base weeks."""


@dataclass(frozen=True)
class World:
    """A scenario and what kind it is: its name, its share of bots and its posts a day tell it from others."""

    kind: str
    scenario: Scenario

    def days(self) -> list[date]:
        """Return the days whose posts are read."""
        first = self.scenario.start - timedelta(days=BEFORE)
        return [first + timedelta(days=n) for n in range((self.scenario.end - first).days + 1)]


@dataclass(frozen=True)
class Held:
    """Which worlds are scored.

    Attributes:
        count: how many; 16 give every kind every share of bots.
        bots: share of posts by bots; several when None.
        size: posts a day; several when None.
        new_words: part of a sector's posts that no list knows at the end of the scenario.
        encoder: ask the sentence encoder too.
        seed: of the first one.
    """

    count: int
    bots: float | None = None
    size: int | None = None
    new_words: float = 0.0
    encoder: bool = True
    seed: int = FIRST_SEED


def worlds(held: Held) -> Iterator[World]:
    """Yield worlds: kinds in turn, shares of bots and sizes in turns that do not keep step with them."""
    for n in range(held.count):
        part = BOTS[(n + n // 4) % len(BOTS)] if held.bots is None else held.bots
        per_day = SIZES[(n + n // 8) % len(SIZES)] if held.size is None else held.size
        posts = Posts(per_day=per_day, bots=part, new_words=held.new_words)
        yield draw(KINDS[n % len(KINDS)], held.seed + n, posts)


def draw(kind: str, seed: int, posts: Posts) -> World:
    """Return a world: a shipped scenario under another seed, or one whose curves, mix and outages are drawn.

    Curves stay at 100 until 1 January, as growth "since 1 January" is read against the weeks before.
    """
    shipped = load_scenario(kind if kind in ("published", "quiet") else "quiet")
    if kind != "drawn":
        return World(kind, shipped.model_copy(update={"seed": seed, "posts": posts}))
    rng = np.random.default_rng(seed)
    sectors = {sector: _curve(shipped, rng) for sector in SECTORS}
    habits = {
        "chinese": float(rng.uniform(0.3, 0.7)),
        "rhythm": float(rng.uniform(0.0, 0.2)),
        "noise": float(rng.uniform(0.0, 0.1)),
        "chinese_drift": float(rng.uniform(-0.4, 0.4)),
        "outages": tuple(_outage(shipped, rng) for _ in range(2)),
    }
    signals = shipped.signals.model_copy(update={"sectors": sectors})
    changed = {"seed": seed, "signals": signals, "posts": posts.model_copy(update=habits)}
    return World(kind, shipped.model_copy(update=changed))


def _curve(scenario: Scenario, rng: np.random.Generator) -> Curve:
    """Return a curve with three turns, each level log-normal about 100 with a standard deviation of 0.6."""
    last = (scenario.end - scenario.start).days
    turns = sorted(rng.choice(np.arange(5, last), 3, replace=False).tolist())
    levels = np.exp(rng.normal(0.0, 0.6, 3))
    points = [
        (scenario.start + timedelta(days=day), float(100.0 * level)) for day, level in zip(turns, levels, strict=True)
    ]
    return [(scenario.start, 100.0), *points]


def _outage(scenario: Scenario, rng: np.random.Generator) -> Outage:
    networks: tuple[Literal["weibo", "twitter", "mastodon"], ...] = ("weibo", "twitter", "mastodon")
    network = networks[int(rng.integers(3))]
    start = scenario.start + timedelta(days=int(rng.integers(3, 70)))
    return Outage(network=network, start=start, end=start + timedelta(days=int(rng.integers(3))))


def shares_of(world: World, judging: Judging | None = None) -> pl.DataFrame:
    """Return the ``sector_shares`` of every day, with ``day``: written, read, cleaned, classified as in the field."""
    frames = []
    with TemporaryDirectory(prefix="solarnet-") as folder:
        for day in world.days():
            write_posts(world.scenario, day, Path(folder))
            file = RawFile(Path(folder) / "posts.jsonl.gz", "posts.jsonl.gz")
            options = {"hash_key": b"evaluation", "timezone": world.scenario.timezone}
            labelled = label_posts(read_posts([file], day, options).frame, judging)
            frames.append(sector_shares(labelled.frame).with_columns(day=pl.lit(day)))
    return pl.concat(frames)


def true_shares(world: World, days: Sequence[date]) -> pl.DataFrame:
    """Return the share of people who write about a sector: sector, lang, day, ``true``; chance of the day apart."""
    rows = [
        (sector, lang, day, daily_share(world.scenario, sector, lang == "zh", day))
        for sector in SECTORS
        for lang in ("en", "zh")
        for day in days
    ]
    schema = {"sector": pl.String, "lang": pl.String, "day": pl.Date, "true": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def truth_of(world: World, days: Sequence[date], length: int) -> pl.DataFrame:
    """Return true growth: sector, day, ``truth`` in percent since 1 January, mean of ``length`` days up to each."""
    rows = []
    for sector, curve in world.scenario.signals.sectors.items():
        start = value_at(curve, world.scenario.start)
        for day in days:
            window = [value_at(curve, day - timedelta(days=n)) for n in range(length)]
            rows.append((sector, day, 100.0 * (sum(window) / length / start - 1.0)))
    return pl.DataFrame(rows, schema={"sector": pl.String, "day": pl.Date, "truth": pl.Float64}, orient="row")
