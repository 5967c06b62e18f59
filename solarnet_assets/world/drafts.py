"""What is written on a simulated day, before it takes the shape of any network: who, when, about what, in which words.

The labels of a draft are the truth about it: they serve the evaluation and the tests, and are never written to a raw
file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.world.authors import Authors, active, authors, progress
from solarnet_assets.world.draws import Floats, keys, normal
from solarnet_assets.world.rng import generator
from solarnet_assets.world.scenario import Scenario, value_at
from solarnet_assets.world.words import SECTORS, Words, draws_of, fill, words

BASE_SHARE = {
    "remote_work": 0.043, "online_education": 0.043, "gaming": 0.049, "video_streaming": 0.052,
    "social_networking": 0.052, "e_commerce": 0.054, "express_delivery": 0.043,
}  # fmt: skip
"""Share of active people who write about a sector at 100 percent of normal, on the mean of both languages."""

CHINESE_TILT = {
    "remote_work": -0.15, "online_education": 0.25, "gaming": -0.1, "video_streaming": 0.1,
    "social_networking": -0.2, "e_commerce": 0.2, "express_delivery": 0.3,
}  # fmt: skip
"""How far the share among people who write Chinese lies above that mean, and among the others below it."""

MORE_AT_WEEKENDS = {
    "remote_work": -1.0, "online_education": -0.6, "gaming": 1.0, "video_streaming": 0.8,
    "social_networking": 0.3, "e_commerce": 0.4, "express_delivery": -0.7,
}  # fmt: skip
MOST_LIKELY = 0.95
"""Chance at most with which somebody writes about a sector on a day."""

STOPS = (".", ".", ".", "", ",", " -", "!", "...", "\n")
OFFICE_SHARE = 0.02
HOME_OFFICE_PART = 0.55
PLAIN_PART = 0.62
"""Part of posts about a sector that call it by its common names."""

SECOND_POST = 0.12
EXTRA_POSTS = 0.16

QUIET_TOPICS = (("daily", 0.55), ("sports", 0.13), ("news", 0.14), ("culture", 0.12), ("ambiguous", 0.035),
                ("chains", 0.015))  # fmt: skip
HOURS = {
    "zh": np.array([3, 2, 1, 1, 1, 1, 2, 4, 5, 6, 6, 6, 7, 6, 5, 5, 5, 6, 6, 7, 8, 9, 9, 6]),
    "en": np.array([5, 5, 5, 4, 4, 4, 5, 5, 4, 4, 4, 3, 3, 3, 3, 4, 4, 5, 5, 5, 6, 6, 6, 5]),
}
"""Relative frequency of posts by hour of the scenario's day; English writers live in many zones."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One post.

    Attributes:
        key: identity of the account; ``number``: its place in the pool, negative for a bot.
        chinese: the account's language; ``network``: where it writes.
        second: second of the local day.
        text: what it says.
        labels: sectors, and ``home_office`` or ``office`` for the first person at home or at the office.
        original: the post that this one passes on, if any.
    """

    key: int
    number: int
    chinese: bool
    network: int
    second: int
    text: str
    labels: tuple[str, ...]
    original: Draft | None = None


def trouble(scenario: Scenario, day: date) -> float:
    """Return how much the crisis of a scenario weighs on people's minds that day, 0 (none) to 1."""
    return min(1.0, max(0.0, (100.0 - value_at(scenario.signals.commuting, day)) / 70.0))


def sector_level(scenario: Scenario, sector: str, day: date) -> float:
    """Return a sector's curve as a share; 1 for a sector that the scenario does not mention."""
    curve = scenario.signals.sectors.get(sector)
    return 1.0 if curve is None else value_at(curve, day) / 100.0


def daily_share(scenario: Scenario, sector: str, chinese: bool, day: date) -> float:
    """Return the chance that an active person writes about a sector: its curve, the weekday's, and the day's own."""
    weekend = MORE_AT_WEEKENDS[sector] * (1.0 if day.weekday() >= 5 else -0.4)
    own = normal(keys(scenario.seed, f"{sector} {'zh' if chinese else 'en'}", np.array([day.toordinal()])), "day")[0]
    noise = np.exp(scenario.posts.noise * own - scenario.posts.noise**2 / 2.0)
    tilt = 1.0 + CHINESE_TILT[sector] * (1.0 if chinese else -1.0)
    share = BASE_SHARE[sector] * tilt * sector_level(scenario, sector, day)
    return float(share * (1.0 + scenario.posts.rhythm * weekend) * noise)


def _choose(share: float, interest: Floats, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return who writes: each for themselves, by interest, with a mean chance of ``share`` over all of them."""
    chance = np.full(len(interest), min(share, MOST_LIKELY))
    capped = np.zeros(len(interest), dtype=bool)
    while chance[~capped].size:
        left = min(share, MOST_LIKELY) * len(interest) - MOST_LIKELY * capped.sum()
        chance = np.where(capped, MOST_LIKELY, interest * left / interest[~capped].sum())
        if not (chance > MOST_LIKELY).any():
            break
        capped |= chance > MOST_LIKELY
    return np.flatnonzero(rng.random(len(interest)) < chance)


def mentions(
    scenario: Scenario, day: date, rng: np.random.Generator, people: NDArray[np.int64]
) -> dict[int, list[str]]:
    """Return the topics with a label that each active person (by position in ``people``) writes about."""
    pool = authors(scenario.seed, scenario.posts)
    office = value_at(scenario.signals.commuting, day) / 100.0
    out: dict[int, list[str]] = {}
    for chinese in (False, True):
        group = np.flatnonzero((pool.chinese[people] == chinese) & ~pool.other[people])
        shares = [(s, daily_share(scenario, s, chinese, day)) for s in SECTORS]
        for index, (topic, share) in enumerate([*shares, ("office", OFFICE_SHARE * office)]):
            liking = pool.interest[index][people[group]] if topic in SECTORS else np.ones(len(group))
            for rank, person in enumerate(group[_choose(share, liking, rng)].tolist()):
                at_home = topic == "remote_work" and (rank * HOME_OFFICE_PART) % 1.0 < HOME_OFFICE_PART
                out.setdefault(person, []).append("home_office" if at_home else topic)
    return out


def _pairs(topics: list[str], known: Words, draws: Iterator[int]) -> list[str]:
    """Return topics with two sectors joined into one post where somebody would put them so, half of the time."""
    for i, first in enumerate(topics):
        for second in topics[i + 1 :]:
            for pair in (f"{first}+{second}", f"{second}+{first}"):
                if pair in known.topics and next(draws) % 2:
                    return [pair, *(t for t in topics if t not in (first, second))]
    return topics


def labels_of(topic: str) -> tuple[str, ...]:
    """Return the true labels of a topic."""
    if topic == "home_office":
        return ("remote_work", "home_office")
    parts = tuple(topic.split("+"))
    return parts if topic == "office" or parts[0] in SECTORS else ()


def _typo(text: str, draws: Iterator[int]) -> str:
    """Return a text with two neighbouring letters swapped somewhere."""
    at = next(draws) % max(1, len(text) - 2)
    pair = text[at : at + 2]
    return text[:at] + pair[::-1] + text[at + 2 :] if pair.isalpha() else text


def compose_text(topic: str, chinese: bool, known: Words, style: float, draws: Iterator[int]) -> str:
    """Return a text on a topic: an opener, the matter and a closer, in the manner of its writer."""
    plain = known.topics.get(f"{topic} plain")
    core = fill(plain if plain and next(draws) % 100 < 100 * PLAIN_PART else known.topics[topic], draws)
    if topic in ("chains", "other_language"):
        return core
    dice = next(draws) % 1000 / 1000.0
    before = fill(known.before, draws) if dice < 0.72 else ""
    after = fill(known.after, draws) if dice > 0.22 else ""
    more = fill(known.after, draws) if 0.3 < dice < 0.52 else ""
    if chinese:
        return f"【{core}】{after}{more}" if style > 0.94 else f"{before}{core}{after}{more}"
    stop = "" if core[-1] in "?!)." or not after else STOPS[next(draws) % len(STOPS)]
    text = " ".join(x for x in (before, core + stop, after, more) if x)
    if style < 0.18:
        text = text.lower()
    elif style > 0.6 and not before:
        text = text[0].upper() + text[1:]
    if next(draws) % 100 < 5:
        text = _typo(text, draws)
    return text.replace(" & ", " &amp; ")


def _off_topic(people: int, scenario: Scenario, day: date, rng: np.random.Generator) -> list[str]:
    names = ["troubled", *(name for name, _ in QUIET_TOPICS)]
    heavy = 0.03 + 0.5 * trouble(scenario, day)
    weights = np.array([heavy, *((1.0 - heavy) * w for _, w in QUIET_TOPICS)])
    weights[names.index("ambiguous")] = dict(QUIET_TOPICS)["ambiguous"]
    return [names[i] for i in rng.choice(len(names), people, p=weights / weights.sum()).tolist()]


def _seconds(chinese: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.int64]:
    drawn = rng.random(len(chinese))
    out = np.zeros(len(chinese))
    for name, mine in (("zh", chinese), ("en", ~chinese)):
        share = np.concatenate([[0.0], np.cumsum(HOURS[name]) / HOURS[name].sum()])
        out[mine] = np.interp(drawn[mine], share, np.arange(25) * 3600.0)
    return np.minimum(out, 86399).astype(np.int64)


def people_drafts(scenario: Scenario, day: date) -> list[Draft]:
    """Return what genuine people write on a day, reposts apart."""
    rng = generator(scenario.seed, "posts", "people", day)
    draws = draws_of(rng)
    pool, people = authors(scenario.seed, scenario.posts), active(scenario, day)
    about = mentions(scenario, day, rng, people)
    wanted = 1 + rng.poisson(EXTRA_POSTS * np.sqrt(pool.weight[people]))
    mood = trouble(scenario, day)
    posts: list[tuple[int, str]] = []
    for person, language in enumerate(pool.chinese[people].tolist()):
        topics = about.get(person, [])
        if topics:
            topics = _pairs(topics, words("zh" if language else "en", troubled=False), draws)
            topics += [t for t in topics if next(draws) % 100 < SECOND_POST * 100]
        posts += [(person, topic) for topic in topics]
        posts += [(person, "")] * max(0, int(wanted[person]) - len(topics))
    fillers = iter(_off_topic(len(posts), scenario, day, rng))
    unknown = scenario.posts.new_words * progress(scenario, day)
    return _written(posts, fillers, pool, people, (mood, unknown), rng, draws)


def _written(
    posts: list[tuple[int, str]], fillers: Iterator[str], pool: Authors, people: NDArray[np.int64],
    times: tuple[float, float], rng: np.random.Generator, draws: Iterator[int],
) -> list[Draft]:  # fmt: skip
    """Return the posts; ``times`` says how troubled they are, and how often they call a thing by an unknown word."""
    mood, unknown = times
    number = people[[person for person, _ in posts]] if posts else people[:0]
    seconds = _seconds(pool.chinese[number], rng).tolist()
    out = []
    columns = (pool.key, pool.chinese, pool.other, pool.network, pool.style)
    rows = zip(*(column[number].tolist() for column in columns), strict=True)
    lexicon = {(z, t): words("zh" if z else "en", troubled=t) for z in (False, True) for t in (False, True)}
    for (_, topic), who, (key, chinese, other, network, style), second in zip(
        posts, number.tolist(), rows, seconds, strict=True
    ):
        known = lexicon[chinese, next(draws) % 1000 < 1000 * mood]
        topic = "other_language" if other else topic or next(fillers)
        said = "daily" if labels_of(topic) and next(draws) % 1000 < 1000 * unknown else topic
        text = compose_text(said, chinese, known, style, draws)
        out.append(Draft(key, who, chinese, network, second, text, labels_of(topic)))
    return out
