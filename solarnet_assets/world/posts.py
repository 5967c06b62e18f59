"""Raw social posts of a simulated day: one gzipped file of JSON lines, as a scraper leaves it."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from solarnet_assets.landing import BadInputError
from solarnet_assets.world.authors import active, authors, silent
from solarnet_assets.world.bots import drafts
from solarnet_assets.world.drafts import Draft, sector_level
from solarnet_assets.world.pings import DETAILS
from solarnet_assets.world.rng import generator
from solarnet_assets.world.scenario import Scenario
from solarnet_assets.world.snscrape_lines import Day
from solarnet_assets.world.words import SECTORS, draws_of

SCRAPED_TWICE = 0.006
CUT_OFF = 0.12
"""Chance that the scraper of a day was stopped in the middle of a line."""


def write_posts(scenario: Scenario, day: date, dest: Path) -> pl.DataFrame:
    """Write ``posts.jsonl.gz`` of a local day, in order of time; return what is true of it.

    Returns:
        Truth details of signal ``sector``: key a sector, ``home_office``, ``office`` or ``all``; quantities
        ``users_all``, ``users_en``, ``users_zh`` (genuine people who wrote about it that day; for the key
        ``all`` everybody who wrote; reposts and bots do not count) and ``percent_of_normal`` of sectors.

    Raises:
        BadInputError: the scenario has a curve for a sector that nobody has words for.
    """
    unknown = sorted(set(scenario.signals.sectors) - set(SECTORS))
    if unknown:
        raise BadInputError(f"scenario {scenario.name}: unknown sector {unknown[0]!r}; known are {', '.join(SECTORS)}")
    everything, genuine = drafts(scenario, day)
    everything = [draft for draft in everything if draft.network not in silent(scenario, day)]
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(scenario.timezone))
    offset = midnight.utcoffset()
    rng = generator(scenario.seed, "posts", "file", day)
    draws = draws_of(rng)
    writer = Day(day, int(midnight.timestamp()), offset.total_seconds() / 3600.0 if offset else 0.0, draws)
    data = "".join(_lines(everything, writer, draws)).encode("utf-8")
    if everything and rng.random() < CUT_OFF:
        data = data[: -2 - next(draws) % 200]
    (dest / "posts.jsonl.gz").write_bytes(gzip.compress(data, compresslevel=1, mtime=0))
    return truth_of(scenario, day, genuine)


def _lines(everything: list[Draft], writer: Day, draws: Iterator[int]) -> Iterator[str]:
    limit = round(SCRAPED_TWICE * 100_000)
    for draft in everything:
        line = writer.line(draft)
        yield f"{line}\n"
        if next(draws) % 100_000 < limit:
            yield f"{line}\n"


def truth_of(scenario: Scenario, day: date, genuine: list[Draft]) -> pl.DataFrame:
    """Return how many people wrote about what, from the labels that they wrote with."""
    people = authors(scenario.seed, scenario.posts)
    wrote = active(scenario, day)
    neither = set(wrote[people.other[wrote]].tolist())
    topics = (*SECTORS, "home_office", "office")
    who: dict[tuple[str, bool], set[int]] = {(topic, zh): set() for topic in (*topics, "all") for zh in (False, True)}
    for draft in genuine:
        if draft.number not in neither:
            for label in (*draft.labels, "all"):
                who[label, draft.chinese].add(draft.number)
    rows = []
    for topic in (*topics, "all"):
        english, chinese = len(who[topic, False]), len(who[topic, True])
        counts = {"users_all": english + chinese, "users_en": english, "users_zh": chinese}
        rows += [("sector", topic, day, quantity, float(value)) for quantity, value in counts.items()]
        if topic in SECTORS:
            rows.append(("sector", topic, day, "percent_of_normal", 100.0 * sector_level(scenario, topic, day)))
    return pl.DataFrame(rows, schema=DETAILS, orient="row")
