"""Words of simulated posts: templates and names in YAML beside this file, and their expansion.

Everything here was written for the simulated country alone. It must never be taken from, or handed to,
what recognises sectors: a recogniser that knows the words of its test has learnt nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

SECTORS = (
    "remote_work", "online_education", "gaming", "video_streaming",
    "social_networking", "e_commerce", "express_delivery",
)  # fmt: skip
PLAIN_TOPICS = ("office", "ambiguous", "other_language", "chatter", "chains", "comments", "pasta", "live", "replies",
                "outlet", "remark", "astroturf", "feeds")  # fmt: skip
ABOUT = ("headlines", "greetings", "buttons", "spun")
"""What many write alike, by what it is about: a sector, or ``any``."""

CODE = "23456789abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
BRACES = re.compile(r"\{(\w+)\}")

Options = list["str | Template"]


class Template:
    """A text with holes; ``parts`` alternates literals and the options that may fill the hole (None: a code)."""

    __slots__ = ("parts",)

    def __init__(self, parts: list[str | Options | None]) -> None:
        self.parts = parts

    def fill(self, draws: Iterator[int]) -> str:
        """Return one expansion; every hole takes one draw, holes inside of it more."""
        out = []
        for part in self.parts:
            if isinstance(part, str):
                out.append(part)
            elif part is None:
                out.append("".join(CODE[next(draws) % len(CODE)] for _ in range(7)))
            else:
                out.append(fill(part, draws))
        return "".join(out)


def fill(options: Options, draws: Iterator[int]) -> str:
    """Return one of the options, expanded."""
    chosen = options[next(draws) % len(options)]
    return chosen if isinstance(chosen, str) else chosen.fill(draws)


@dataclass(frozen=True)
class Words:
    """The words of one language at one mood.

    Attributes:
        before: openers that say nothing about a sector; ``after``: closers of that kind.
        topics: templates by topic: a sector (``home_office`` for remote work in the first person), each with
            a second list under "<topic> plain" that names things by their common names; a "sector+sector"
            pair, ``office``, ``ambiguous``, ``daily``, ``troubled``, ``sports`` ...;
            "headlines <sector>" and "spun <sector>".
        campaigns: templates of bot floods by sector; ``chatter`` is what other bots write.
        names: first and second halves of user names.
    """

    before: Options
    after: Options
    topics: Mapping[str, Options]
    campaigns: Mapping[str, Options]
    names: Mapping[str, list[str]]


def draws_of(rng: np.random.Generator) -> Iterator[int]:
    """Yield non-negative integers for ever, drawn in blocks."""
    while True:
        yield from rng.integers(0, 1 << 30, 8192).tolist()


def _compiled(texts: list[str], slots: Mapping[str, Options]) -> Options:
    out: Options = []
    for text in texts:
        pieces = BRACES.split(text)
        if len(pieces) == 1:
            out.append(text)
            continue
        holes = [None if name == "code" else slots[name] for name in pieces[1::2]]
        parts: list[str | Options | None] = [pieces[0]]
        for hole, literal in zip(holes, pieces[2::2], strict=True):
            parts += [hole, literal]
        out.append(Template(parts))
    return out


def _slots(raw: Mapping[str, list[str]], troubled: bool) -> dict[str, Options]:
    names = {name.rstrip("!") for name in raw}
    chosen = {name: raw.get(f"{name}!", raw[name]) if troubled else raw[name] for name in names}
    done: dict[str, Options] = {name: list(texts) for name, texts in chosen.items() if not any("{" in t for t in texts)}
    for name in sorted(set(chosen) - set(done)):
        done[name] = _compiled(chosen[name], done)
    return done


@lru_cache(maxsize=4)
def words(language: str, troubled: bool) -> Words:
    """Return the words of a language ('en', 'zh'), as they are in quiet or in troubled times."""
    raw: dict[str, Any] = {}
    for part in ("slots", "sectors", "other", "crowds"):
        text = (Path(__file__).parent / f"{language}_{part}.yaml").read_text(encoding="utf-8")
        raw |= yaml.safe_load(text)
    slots = _slots(raw["slots"] | raw["crowd_slots"], troubled)
    topics: dict[str, list[str]] = {}
    for sector, kinds in raw["sectors"].items():
        topics |= {sector: kinds["said"], f"{sector} plain": kinds["plain"]}
    topics |= {"home_office": raw["sectors"]["remote_work"]["home_office"]}
    topics |= {"home_office plain": raw["sectors"]["remote_work"]["home_office_plain"]}
    topics |= raw["pairs"] | raw["other"]
    topics |= {name: raw[name] for name in PLAIN_TOPICS}
    topics |= {f"{kind} {about}": texts for kind in ABOUT for about, texts in raw[kind].items()}
    return Words(
        before=_compiled(raw["before"], slots),
        after=_compiled(raw["after"], slots),
        topics={name: _compiled(texts, slots) for name, texts in topics.items()},
        campaigns={sector: _compiled(texts, slots) for sector, texts in raw["campaigns"].items()},
        names=raw["names"],
    )
