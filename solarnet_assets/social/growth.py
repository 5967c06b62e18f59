"""One row of ``sector_trends``: shares, ratios to both bases with their limits, and a note where one is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from solarnet_assets.social.errors import Floats
from solarnet_assets.social.levels import Level
from solarnet_assets.social.prevalence import LIMITS

LEAST_WEEK_DAYS = 4
LEAST_WEEKS = 2
"""Ours: days that make a week, weeks that make a median."""

NO_BASE_CHANCE = 0.05
"""A base whose draws are at or below zero more often has no growth: false positives alone could explain it."""

SHARES = ("share", "share_lower", "share_upper", "weekday_factor", "present", "base_share", "weeks_share")
RATIOS = ("ratio", "ratio_lower", "ratio_upper", "ratio_4w", "ratio_4w_lower", "ratio_4w_upper")


@dataclass(frozen=True)
class Levels:
    """Levels of the days in question, of the base and of the weeks before it, as far as there are posts."""

    now: Level | None
    base: Level | None
    weeks: list[Level]


@dataclass(frozen=True)
class Missing:
    """Networks that cannot be compared, with their part of the usual users (0..1)."""

    parts: Mapping[str, float]

    @property
    def part(self) -> float:
        """Their part together."""
        return sum(self.parts.values())

    @property
    def names(self) -> str:
        """Their names, as people read them."""
        return " and ".join(self.parts)


def figures(found: Levels, missing: Missing, why_not: str | None, *, has_rhythm: bool) -> dict[str, Any]:
    """Return the columns of a row from ``users`` on, as far as they are known.

    Args:
        found: levels that are compared.
        missing: networks that are not.
        why_not: why there is no growth; None where there is.
        has_rhythm: whether the weekdays' rhythm is known.
    """
    now, base = found.now, found.base
    row: dict[str, Any] = {"present": 1.0 - missing.part, "note": why_not}
    if now is None:
        return row
    factor = now.share / now.level if now.level > 0 and now.share > 0 else 1.0
    share = (min(max(x, 0.0), 1.0) for x in _interval(now.share, now.draws * factor))
    weeks = [week for week in found.weeks if week.days >= LEAST_WEEK_DAYS]
    middle = _median(weeks) if len(weeks) >= LEAST_WEEKS else None
    is_solid = middle is not None and is_above_zero(*middle)
    row |= {"users": now.users, "users_with": now.users_with, "weekday_factor": factor}
    row |= dict(zip(SHARES[:3], share, strict=True))
    row["base_share"] = None if base is None else max(base.level, 0.0)
    row["weeks_share"] = None if middle is None else max(middle[0], 0.0)
    if why_not is None and base is not None:
        row |= dict(zip(RATIOS[:3], _ratio(now, base.level, base.draws), strict=True))
    if why_not is None and middle is not None and is_solid:
        row |= dict(zip(RATIOS[3:], _ratio(now, *middle), strict=True))
    row["note"] = why_not or "; ".join(_remarks(missing, len(weeks), is_solid, has_rhythm)) or None
    return row


def _median(weeks: list[Level]) -> tuple[float, Floats]:
    """Return the median level of some weeks, and its draws."""
    return float(np.median([week.level for week in weeks])), np.median([week.draws for week in weeks], axis=0)


def _remarks(missing: Missing, weeks: int, is_solid: bool, has_rhythm: bool) -> list[str]:
    """Return what a reader of a figure should know."""
    remarks = [f"without {missing.names}, {100 * missing.part:.0f} % of the usual users"] if missing.parts else []
    if weeks < LEAST_WEEKS:
        remarks.append("too few days for the four weeks")
    elif not is_solid:
        remarks.append("the classifier's error alone could explain the four weeks")
    if not has_rhythm:
        remarks.append("too few days for a weekly rhythm")
    return remarks


def is_above_zero(level: float, draws: Floats) -> bool:
    """Whether more than the classifier's error is seen: a positive level, and few draws that are not."""
    return level > 0.0 and float((draws <= 0.0).mean()) <= NO_BASE_CHANCE


def _interval(value: float, draws: Floats) -> tuple[float, float, float]:
    """Return a value and its limits, which always enclose it."""
    low, high = np.quantile(draws, LIMITS)
    return value, min(float(low), value), max(float(high), value)


def _ratio(now: Level, level: float, draws: Floats) -> tuple[float, float, float]:
    """Return growth as a ratio with its limits, none below zero; a base at zero or below has an infinite one."""
    drawn = np.where(draws > 0.0, now.draws / np.where(draws > 0.0, draws, 1.0), np.inf)
    low, high = np.quantile(drawn, LIMITS, method="higher")
    value = max(now.level / level, 0.0)
    return value, max(min(float(low), value), 0.0), max(float(high), value)
