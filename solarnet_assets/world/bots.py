"""What nobody means on a simulated day: six kinds of accounts that are not people, as the literature describes them.

* ``flood``: posts round the clock at a high rate; chatter, advertisements, or people's talk (Varol et al. 2017,
  arXiv:1703.03107; Howard and Kollanyi 2016, arXiv:1606.06356).
* ``timer``: a program posts every so many minutes, with some jitter, all day or in office hours (Chu et al. 2012,
  doi:10.1109/TDSC.2012.75; Zhang and Paxson 2011, doi:10.1007/978-3-642-19260-9_11).
* ``slow``: one to four posts a day at people's hours, half of them people's talk, the others one advertisement in
  ever new words for weeks: the social spambots of Cresci et al. 2017, doi:10.1145/3041021.3055135.
* ``leaflet``: many accounts post one text, equal or varied, over an hour or a day (Ferrara et al. 2016,
  doi:10.1145/2818717).
* ``burst``: a group of puppets posts the same within minutes, several times a day (Pacheco et al. 2021,
  doi:10.1609/icwsm.v15i1.18075; Keller et al. 2020, doi:10.1080/10584609.2019.1661888).
* ``ring``: a group passes on the same posts within seconds to minutes, and seldom writes (Giglietto et al. 2020,
  doi:10.1080/1369118X.2020.1739732).

Accounts last: the same ones write every day; puppets of leaflets last a week.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from solarnet_assets.world.authors import TWITTER, WEIBO
from solarnet_assets.world.crowds import crowd_drafts, reposts
from solarnet_assets.world.disguise import disguised, one_of, respun
from solarnet_assets.world.drafts import HOURS, Draft, compose_text, people_drafts
from solarnet_assets.world.draws import keys
from solarnet_assets.world.rng import generator
from solarnet_assets.world.scenario import Scenario
from solarnet_assets.world.words import SECTORS, Words, draws_of, fill, words

KINDS = ("flood", "timer", "slow", "leaflet", "burst", "ring")
"""A bot's draft has the number -1 less the index of its kind."""

LEAFLET_DAYS = 0.6
PERIODS = (10, 15, 20, 30, 30, 60, 60, 90)
DAY = 86400


@dataclass
class Desk:
    """Where one kind of bot is at work: the scenario, the day, and a source of draws."""

    scenario: Scenario
    day: date
    kind: str
    draws: Iterator[int]

    def account(self, number: int) -> int:
        """Return the identity of the bot of this kind with a number, the same on every day."""
        return int(keys(self.scenario.seed, f"bot/{self.kind}", np.array([number]))[0])

    def chinese(self, key: int) -> bool:
        """Return the language of an account or a campaign, a function of its identity."""
        return key % 1009 / 1009.0 < self.scenario.posts.chinese

    def chance(self, share: float) -> bool:
        """Return True with a chance."""
        return next(self.draws) % 100_000 < 100_000 * share

    def post(self, key: int, chinese: bool, second: float, text: str, labels: tuple[str, ...] = ()) -> Draft:
        """Return a post of a bot of this kind; what would fall out of the day falls on its edge."""
        at = int(min(max(second, 0), DAY - 1))
        network = WEIBO if chinese else TWITTER
        return Draft(key, -1 - KINDS.index(self.kind), chinese, network, at, text, labels)

    def waking(self, chinese: bool) -> float:
        """Return a second of the day at which people write."""
        hours = HOURS["zh" if chinese else "en"]
        hour = np.searchsorted(np.cumsum(hours), next(self.draws) % int(hours.sum()), side="right")
        return float(hour * 3600 + next(self.draws) % 3600)


def _lexicon(chinese: bool) -> Words:
    return words("zh" if chinese else "en", troubled=False)


def _flood(desk: Desk, budget: int) -> Iterator[Draft]:
    """Yield posts of accounts with 24 to 140 posts a day at any hour; a third each: adverts, feeds, people's talk."""
    number = 0
    while budget > 0:
        key = desk.account(number := number + 1)
        chinese, sector, style = desk.chinese(key), SECTORS[key % len(SECTORS)], key // 7 % 3
        known = _lexicon(chinese)
        rate = 24 + int(116 * (key // 21 % 1000 / 1000.0) ** 2)
        for _ in range(min(rate, budget)):
            texts = (known.campaigns[sector], known.topics["chatter"], known.topics["daily"])[style]
            labels = (sector,) if style == 0 else ()
            yield desk.post(key, chinese, next(desk.draws) % DAY, fill(texts, desk.draws), labels)
        budget -= rate


def _timer(desk: Desk, budget: int) -> Iterator[Draft]:
    """Yield posts every 10 to 90 minutes; each account has its jitter, its lapses and its working hours."""
    number = 0
    while budget > 0:
        key = desk.account(number := number + 1)
        chinese, sector = desk.chinese(key), SECTORS[key % len(SECTORS)]
        known, period = _lexicon(chinese), 60 * PERIODS[key // 7 % len(PERIODS)]
        jitter, lapses, nine_to_five = key // 61 % 45, key // 67 % 4 / 10.0, key // 71 % 3 == 0
        feed, second = key // 73 % 3, key // 79 % period + (9 * 3600 if nine_to_five else 0)
        while second < (18 * 3600 if nine_to_five else DAY) and budget > 0:
            if not desk.chance(lapses):
                texts = known.topics[("feeds", "headlines any", f"spun {sector}")[feed]]
                at = second + next(desk.draws) % (2 * jitter + 1) - jitter
                yield desk.post(key, chinese, at, fill(texts, desk.draws), (sector,) if feed == 2 else ())
                budget -= 1
            second += period


def _slow(desk: Desk, budget: int) -> Iterator[Draft]:
    """Yield one to four posts a day per account: people's talk, and one advertisement in ever new words."""
    number = 0
    while budget > 0:
        key = desk.account(number := number + 1)
        chinese = desk.chinese(key)
        known, sector = _lexicon(chinese), SECTORS[key // 11 % len(SECTORS)]
        for _ in range(min(1 + key // 13 % 4, budget)):
            budget -= 1
            at = desk.waking(chinese)
            if desk.chance(0.5):
                yield desk.post(key, chinese, at, compose_text("daily", chinese, known, key % 97 / 97.0, desk.draws))
            else:
                text = fill(known.topics[f"spun {sector}"], desk.draws)
                yield desk.post(key, chinese, at, disguised(text, key // 17 % 5, desk.draws), (sector,))


def _leaflet(desk: Desk, budget: int) -> Iterator[Draft]:
    """Yield the copies of one to three leaflets, by puppets that last a week and post one or two copies each."""
    week = desk.day.toordinal() // 7
    parts = 1 + next(desk.draws) % 3
    for part in range(parts):
        chinese = desk.chance(desk.scenario.posts.chinese)
        known, sector = _lexicon(chinese), SECTORS[next(desk.draws) % len(SECTORS)]
        texts = known.campaigns[sector] if desk.chance(0.4) else known.topics[f"spun {sector}"]
        template, fixed = one_of(texts, desk.draws), [next(desk.draws) for _ in range(40)]
        spin, skill = (0.0, 0.1, 0.3, 0.6)[next(desk.draws) % 4], next(desk.draws) % 5
        start, length = next(desk.draws) % 70_000, (3600, 14_400, DAY)[next(desk.draws) % 3]
        copies = budget // parts + (part < budget % parts)
        for copy in range(copies):
            puppet = desk.account(week * 1_000_000 + part * 100_000 + copy * 3 // 4)
            at = (start + next(desk.draws) % length) % DAY
            text = disguised(respun(template, fixed, desk.draws, spin), skill, desk.draws)
            yield desk.post(puppet, chinese, at, text, (sector,))


def _burst(desk: Desk, budget: int) -> Iterator[Draft]:
    """Yield the rounds of groups of 6 to 25 puppets: two to four a day, each one text within 5 minutes."""
    group = 0
    while budget > 0:
        group += 1
        root = desk.account(group * 1000)
        chinese, members = desk.chinese(root), 6 + root // 3 % 20
        known, sector = _lexicon(chinese), SECTORS[root % len(SECTORS)]
        political, skill, width = root // 5 % 3 == 0, root // 7 % 5, (20, 60, 120, 300)[root // 11 % 4]
        spin = (0.0, 0.1, 0.3)[root // 13 % 3]
        for _ in range(2 + root // 17 % 3):
            texts = known.topics["astroturf" if political else f"spun {sector}"]
            template, fixed = one_of(texts, desk.draws), [next(desk.draws) for _ in range(40)]
            start = desk.waking(chinese)
            for member in range(members):
                if budget > 0 and desk.chance(0.8):
                    text = disguised(respun(template, fixed, desk.draws, spin), skill, desk.draws)
                    at, who = start + next(desk.draws) % width, desk.account(group * 1000 + member + 1)
                    yield desk.post(who, chinese, at, text, () if political else (sector,))
                    budget -= 1


def _ring(desk: Desk, budget: int, written: list[Draft]) -> Iterator[Draft]:
    """Yield reposts of the same posts by groups of 5 to 15 accounts; a tenth of what they do is a post of their own."""
    group = 0
    circles = {zh: [d for d in written if d.network == (WEIBO if zh else TWITTER)] for zh in (False, True)}
    while budget > 0 and all(circles.values()):
        group += 1
        root = desk.account(group * 1000)
        chinese, members, width = desk.chinese(root), 5 + root // 3 % 11, (15, 60, 180)[root // 5 % 3]
        known = _lexicon(chinese)
        for _ in range(3 + root // 7 % 6):
            first = circles[chinese][next(desk.draws) % len(circles[chinese])]
            start = first.second + next(desk.draws) % 1800
            for member in range(members):
                if budget > 0 and desk.chance(0.8):
                    key, at = desk.account(group * 1000 + member + 1), start + next(desk.draws) % width
                    own = desk.post(key, chinese, at, fill(known.topics["comments"], desk.draws), first.labels)
                    if desk.chance(0.1):
                        yield replace(own, text=fill(known.topics["chatter"], desk.draws), labels=())
                    else:
                        yield replace(own, original=first, second=max(own.second, first.second))
                    budget -= 1


MAKERS: dict[str, Callable[[Desk, int], Iterator[Draft]]] = {
    "flood": _flood, "timer": _timer, "slow": _slow, "leaflet": _leaflet, "burst": _burst,
}  # fmt: skip


def bot_drafts(scenario: Scenario, day: date, written: list[Draft]) -> list[Draft]:
    """Return what bots write on a day, by kind in the proportions of the scenario.

    On days without a leaflet the slow bots write that share. A ring passes on what stands in ``written``.
    """
    budget = round(scenario.posts.per_day * scenario.posts.bots)
    weights = scenario.posts.mix.model_dump()
    if generator(scenario.seed, "posts", "leaflets", day).random() > LEAFLET_DAYS and weights["slow"] > 0:
        weights["slow"] += weights.pop("leaflet")
    total, given, passed = sum(weights.values()), 0, 0.0
    out: list[Draft] = []
    for kind, weight in weights.items():
        passed += weight
        part, given = round(budget * passed / total) - given, round(budget * passed / total)
        desk = Desk(scenario, day, kind, draws_of(generator(scenario.seed, "posts", "bots", kind, day)))
        out += _ring(desk, part, written) if kind == "ring" else MAKERS[kind](desk, part)
    return out


def drafts(scenario: Scenario, day: date) -> tuple[list[Draft], list[Draft]]:
    """Return all that is written on a day in order of time, and the part that genuine people wrote themselves."""
    people = crowd_drafts(scenario, day, people_drafts(scenario, day))
    written = people + bot_drafts(scenario, day, people)
    everything = written + (reposts(scenario, day, written, people) if people else [])
    return sorted(everything, key=lambda d: d.second), people
