"""What nobody means on a simulated day: bots that never sleep, campaigns of copied posts, and plain reposts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import numpy as np

from solarnet_assets.world.authors import MASTODON, TWITTER, WEIBO
from solarnet_assets.world.drafts import Draft, people_drafts
from solarnet_assets.world.draws import keys, uniform
from solarnet_assets.world.rng import generator
from solarnet_assets.world.scenario import Scenario
from solarnet_assets.world.words import SECTORS, draws_of, fill, words

CAMPAIGN_PART = 0.45
CAMPAIGN_DAYS = 0.6
REPOSTS = 0.05


def bot_drafts(scenario: Scenario, day: date) -> list[Draft]:
    """Return what bots write: a few accounts that never sleep, and on some days a campaign of copied posts."""
    rng = generator(scenario.seed, "posts", "bots", day)
    draws = draws_of(rng)
    budget = round(scenario.posts.per_day * scenario.posts.bots)
    campaign = rng.random() < CAMPAIGN_DAYS
    copies = round(budget * CAMPAIGN_PART) if campaign else 0
    chinese = bool(rng.random() < scenario.posts.chinese)
    known = words("zh" if chinese else "en", troubled=False)
    sector = SECTORS[next(draws) % len(SECTORS)]
    leaflet = known.campaigns[sector][next(draws) % len(known.campaigns[sector])]
    fixed = rng.integers(0, 1 << 30, 60).tolist()
    out = []
    for copy in range(copies):
        puppet = int(keys(scenario.seed, f"puppet/{day}", np.array([copy * 3 // 4]))[0])
        varied = iter([*fixed[:-7], *(next(draws) for _ in range(7))]) if copy % 3 else iter(fixed)
        text = leaflet if isinstance(leaflet, str) else leaflet.fill(varied)
        network = WEIBO if chinese else TWITTER
        out.append(Draft(puppet, -1, chinese, network, next(draws) % 86400, text, (sector,)))
    return out + _tireless(scenario, budget - copies, draws)


def _tireless(scenario: Scenario, budget: int, draws: Iterator[int]) -> list[Draft]:
    """Return the posts of the accounts with a high rate, 25 to 60 a day each; a third of them advertises."""
    key = keys(scenario.seed, "bot", np.arange(max(1, budget // 25)))
    each = 25 + (35 * uniform(key, "rate")).astype(np.int64)
    out: list[Draft] = []
    for bot, many, language in zip(key.tolist(), each.tolist(), uniform(key, "language").tolist(), strict=True):
        chinese = language < scenario.posts.chinese
        known = words("zh" if chinese else "en", troubled=False)
        sector = SECTORS[bot % len(SECTORS)]
        for _ in range(min(many, budget - len(out))):
            advertises = bot % 3 == 0
            text = fill(known.campaigns[sector] if advertises else known.topics["chatter"], draws)
            labels = (sector,) if advertises else ()
            out.append(Draft(bot, -1, chinese, WEIBO if chinese else TWITTER, next(draws) % 86400, text, labels))
    return out


def _circle(draft: Draft) -> tuple[bool, bool, bool]:
    """Return what two accounts have in common when one can repost the other."""
    return draft.chinese, draft.network == WEIBO, draft.network == MASTODON


def reposts(scenario: Scenario, day: date, written: list[Draft], people: list[Draft]) -> list[Draft]:
    """Return reposts by people who are active that day, of what others wrote on the same network before."""
    rng = generator(scenario.seed, "posts", "reposts", day)
    draws = draws_of(rng)
    circles: dict[tuple[bool, bool, bool], list[Draft]] = {}
    for person in people:
        circles.setdefault(_circle(person), []).append(person)
    out = []
    for _ in range(round(REPOSTS * len(written))):
        first = written[next(draws) % len(written)]
        circle = circles.get(_circle(first), [first])
        sharer = circle[next(draws) % len(circle)]
        if first.key != sharer.key:
            comment = fill(words("zh" if first.chinese else "en", troubled=False).topics["comments"], draws)
            second = first.second + next(draws) % (86400 - first.second)
            out.append(replace(sharer, second=second, text=comment, labels=first.labels, original=first))
    return out


def drafts(scenario: Scenario, day: date) -> tuple[list[Draft], list[Draft]]:
    """Return all that is written on a day in order of time, and the part that genuine people wrote themselves."""
    people = people_drafts(scenario, day)
    written = people + bot_drafts(scenario, day)
    everything = written + (reposts(scenario, day, written, people) if people else [])
    return sorted(everything, key=lambda d: d.second), people
