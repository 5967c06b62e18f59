"""What genuine people do that looks like a machine's work: shared news, share buttons, greetings, live reports.

None of it moves the truth: a text shared by many takes the place of a post with the same labels, and those who
report live or answer everybody add posts without labels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from math import log

from solarnet_assets.world.authors import MASTODON, WEIBO, authors
from solarnet_assets.world.drafts import Draft
from solarnet_assets.world.rng import generator
from solarnet_assets.world.scenario import Scenario
from solarnet_assets.world.words import SECTORS, Words, draws_of, fill, words

REPOSTS = 0.05
HEADLINES = 0.035
BUTTONS = 0.03
PASTA = 0.015
PASTA_DAYS = 0.6
GREETINGS = 0.02
BARE_HOME_OFFICE = 0.04
"""Shares of posts without labels, or of one sector, that are texts which many write alike. Ours."""

LIVE = 0.0006
CHATTY = 0.0006
"""Parts of people who report live, or answer everybody, on a day. Ours."""


@dataclass(frozen=True)
class _Story:
    """A text that goes round: when it appeared, and how long interest lasts, seconds."""

    text: str
    start: int
    fades: float


@dataclass
class _Day:
    """The stories of a day by language, and a source of draws."""

    draws: Iterator[int]
    stories: dict[tuple[bool, str], list[_Story]]

    def chance(self, share: float) -> bool:
        return next(self.draws) % 100_000 < 100_000 * share

    def story(self, chinese: bool, about: str) -> _Story:
        """Return one of the stories; of several the first is shared most."""
        mine = self.stories[chinese, about]
        return mine[min(next(self.draws) % len(mine), next(self.draws) % len(mine))]


def _words(chinese: bool) -> Words:
    return words("zh" if chinese else "en", troubled=False)


def _stories(draws: Iterator[int]) -> dict[tuple[bool, str], list[_Story]]:
    """Return what goes round that day: four headlines, one per sector, one chain letter; each by language."""
    out: dict[tuple[bool, str], list[_Story]] = {}
    for chinese in (False, True):
        topics, link = _words(chinese).topics, "http://t.cn/" if chinese else "https://t.co/"
        for about, many in (("any", 4), *((sector, 1) for sector in SECTORS)):
            for _ in range(many):
                text = f"{fill(topics[f'headlines {about}'], draws)} {link}{next(draws) % 10**7:07d}"
                story = _Story(text, next(draws) % 64_800, 1800.0 * (1 + next(draws) % 8))
                out.setdefault((chinese, about), []).append(story)
        out[chinese, "pasta"] = [_Story(fill(topics["pasta"], draws), next(draws) % 30_000, 14_400.0)]
    return out


def crowd_drafts(scenario: Scenario, day: date, people: list[Draft]) -> list[Draft]:
    """Return what people write when some share, copy and greet like everybody, report live, or answer everybody.

    Args:
        scenario: names the seed.
        day: local day.
        people: what each would have written alone.
    """
    rng = generator(scenario.seed, "posts", "crowds", day)
    draws = draws_of(rng)
    today = _Day(draws, _stories(draws))
    copying = PASTA if rng.random() < PASTA_DAYS else 0.0
    other = authors(scenario.seed, scenario.posts).other
    out = []
    for draft in people:
        if other[draft.number]:
            out.append(draft)
            continue
        out.append(_shared(draft, today, copying))
        if today.chance(LIVE):
            out += _live(draft, draws)
        elif today.chance(CHATTY):
            out += _chatty(draft, draws)
    return out


def _shared(draft: Draft, today: _Day, copying: float) -> Draft:
    """Return the post, or in its place one that others write too."""
    zh, topics = draft.chinese, _words(draft.chinese).topics
    if draft.labels == ("remote_work", "home_office") and today.chance(BARE_HOME_OFFICE):
        return replace(draft, text=fill(topics["greetings home_office"], today.draws))
    if len(draft.labels) > 1 or draft.labels == ("office",):
        return draft
    about = draft.labels[0] if draft.labels else "any"
    if today.chance(HEADLINES):
        return _told(draft, today.story(zh, about), today, [fill(topics[x], today.draws) for x in ("remark", "outlet")])
    if today.chance(BUTTONS):
        return replace(draft, text=fill(topics[f"buttons {about}"], today.draws))
    if not draft.labels and today.chance(copying):
        return _told(draft, today.story(zh, "pasta"), today, ["", ""])
    if not draft.labels and today.chance(GREETINGS):
        return replace(draft, text=fill(topics["greetings any"], today.draws))
    return draft


def _told(draft: Draft, story: _Story, today: _Day, about: list[str]) -> Draft:
    """Return a story as one person passes it on: soon after it appeared, with or without a word of their own."""
    draws = today.draws
    wait = -story.fades * log((next(draws) % 100_000 + 0.5) / 100_000)
    second = int(story.start + wait) % 86400
    text = f"{about[0]} {story.text}".strip()
    if about[1] and today.chance(0.3):
        text += f" via {about[1]}"
    if today.chance(0.15):
        text += f" {fill(_words(draft.chinese).after, draws)}"
    return replace(draft, text=text, second=second)


def _live(draft: Draft, draws: Iterator[int]) -> list[Draft]:
    """Return 12 to 45 short posts of one person within one to three hours."""
    live, length = _words(draft.chinese).topics["live"], 3600 * (1 + next(draws) % 3)
    start, many = next(draws) % (86400 - length), 12 + next(draws) % 34
    return [replace(draft, second=start + next(draws) % length, text=fill(live, draws), labels=()) for _ in range(many)]


def _chatty(draft: Draft, draws: Iterator[int]) -> list[Draft]:
    """Return 8 to 35 answers of one person in spells over a waking day."""
    topics = _words(draft.chinese).topics
    out, many = [], 8 + next(draws) % 28
    spells = [25_200 + next(draws) % 54_000 for _ in range(3 + next(draws) % 4)]
    for _ in range(many):
        second = spells[next(draws) % len(spells)] + next(draws) % 2400
        out.append(replace(draft, second=second, text=fill(topics["replies"], draws), labels=()))
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
        if first.key != sharer.key and first.original is None:
            comment = fill(words("zh" if first.chinese else "en", troubled=False).topics["comments"], draws)
            second = first.second + next(draws) % (86400 - first.second)
            out.append(replace(sharer, second=second, text=comment, labels=first.labels, original=first))
    return out
