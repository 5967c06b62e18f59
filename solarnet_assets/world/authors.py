"""The people and accounts who write posts: stable ids, languages, networks, interests and rates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.world.draws import Floats, Keys, combine, keys, normal, uniform
from solarnet_assets.world.scenario import Posts, Scenario
from solarnet_assets.world.words import SECTORS, words

POOL_PER_POST = 6
ACTIVE_PER_POST = 0.78
GROWTH_PER_YEAR = 0.10
WEEKDAYS = (0.99, 0.98, 0.99, 1.0, 1.01, 1.03, 1.03)

TWITTER, TWITTER_OLD, MASTODON, WEIBO = range(4)
"""Networks; TWITTER_OLD accounts were exported by the older schema."""

NETWORKS = {"twitter": (TWITTER, TWITTER_OLD), "mastodon": (MASTODON,), "weibo": (WEIBO,)}


@dataclass(frozen=True)
class Authors:
    """A pool of accounts; all arrays have one entry per account.

    Attributes:
        key: identity.
        chinese: writes in Chinese; ``other``: in neither Chinese nor English.
        network: TWITTER .. WEIBO.
        weight: relative rate of writing, mean 1, heavy tail.
        interest: relative interest in each sector, shape (7, accounts).
        style: uniform draw for habits of writing.
    """

    key: Keys
    chinese: NDArray[np.bool_]
    other: NDArray[np.bool_]
    network: NDArray[np.int64]
    weight: Floats
    interest: Floats
    style: Floats


@lru_cache(maxsize=4)
def authors(seed: int, posts: Posts) -> Authors:
    """Return the accounts of genuine people in a scenario."""
    key = keys(seed, "author", np.arange(max(20, POOL_PER_POST * posts.per_day)))
    chinese = uniform(key, "language") < posts.chinese
    draw = uniform(key, "network")
    western = np.select([draw < 0.70, draw < 0.86], [TWITTER, TWITTER_OLD], MASTODON)
    weight = np.exp(0.9 * normal(key, "weight"))
    return Authors(
        key=key,
        chinese=chinese,
        other=uniform(key, "other language") < 0.012,
        network=np.where(chinese, np.where(draw < 0.94, WEIBO, TWITTER), western),
        weight=weight / weight.mean(),
        interest=np.exp([0.7 * normal(key, sector) for sector in SECTORS]),
        style=uniform(key, "style"),
    )


def active(scenario: Scenario, day: date) -> NDArray[np.int64]:
    """Return the numbers of the people who write anything on a day, ascending."""
    people = authors(scenario.seed, scenario.posts)
    years = (scenario.end - day).days / 365.0
    rate = ACTIVE_PER_POST * (1.0 - scenario.posts.bots) * WEEKDAYS[day.weekday()] * (1.0 - GROWTH_PER_YEAR * years)
    drift = scenario.posts.chinese_drift * progress(scenario, day)
    chance = np.minimum(0.95, people.weight * max(rate, 0.1) / POOL_PER_POST)
    chance *= np.where(people.chinese, np.exp(drift), np.exp(-drift)) * ~np.isin(people.network, silent(scenario, day))
    return np.flatnonzero(uniform(combine(people.key, day.toordinal()), "writes") < chance)


def progress(scenario: Scenario, day: date) -> float:
    """Return which part of the scenario has passed, 0 to 1."""
    return min(1.0, max(0.0, (day - scenario.start).days / max((scenario.end - scenario.start).days, 1)))


def silent(scenario: Scenario, day: date) -> list[int]:
    """Return the networks of which nothing is scraped on a day."""
    down = [outage.network for outage in scenario.posts.outages if outage.start <= day <= outage.end]
    return [number for name in down for number in NETWORKS[name]]


@dataclass(frozen=True)
class Account:
    """What a scraper sees of one account."""

    number: int
    name: str
    display: str
    network: int
    created: str
    followers: int
    following: int
    posts: int


def account(key: int, chinese: bool, network: int) -> Account:
    """Return an account's public face, a function of its key alone."""
    first, second = (words("zh" if chinese else "en", troubled=False).names[half] for half in ("first", "second"))
    a, b, number = key % len(first), key // 64 % len(second), key // 4096 % 10000
    display = f"{first[a]}{second[b]}"
    name = f"{display[:11]}{number}" if network == WEIBO or not chinese else f"user_{key % 10**9}"
    created = datetime(2009, 6, 1, tzinfo=UTC) + timedelta(seconds=key % 310_000_000)
    followers = int(np.exp(2.0 + (key >> 20) % 1000 / 150.0))
    return Account(
        number=10**9 + key % (6 * 10**9),
        name=name,
        display=display,
        network=network,
        created=created.isoformat(),
        followers=followers,
        following=int(followers**0.7) + key % 200,
        posts=key // 7 % 30000,
    )
