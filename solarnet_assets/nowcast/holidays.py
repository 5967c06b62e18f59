"""Public holidays ahead: days on which a series may leave its course, and nobody knows which way.

Movement may fall on a holiday (no work) or rise (travel), and a first holiday after a shock has no precedent. So paths
of these days are spread, all days of a holiday alike, and nothing is shifted.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np

from solarnet_assets.nowcast.normals import PATHS
from solarnet_assets.nowcast.series import Array

SPREAD = 0.15
"""Standard deviation of a holiday's factor. Ours."""

LONG = 3
"""Days off in a row from which a break is a holiday and no weekend."""


def long_breaks(is_workday: Mapping[date, bool]) -> frozenset[date]:
    """Return the days of breaks of :data:`LONG` days or more.

    Args:
        is_workday: of every day of a span.
    """
    off = sorted(day for day, works in is_workday.items() if not works)
    breaks: list[list[date]] = []
    for day in off:
        if breaks and breaks[-1][-1] + timedelta(days=1) == day:
            breaks[-1].append(day)
        else:
            breaks.append([day])
    return frozenset(day for days in breaks if len(days) >= LONG for day in days)


def factors(as_of: date, horizon: int, holidays: frozenset[date]) -> Array | None:
    """Return the factor of each path on the days after ``as_of``, (S, horizon); None where no day is a holiday.

    Draws come in pairs of opposite sign and are the same for all series, as :mod:`normals` are.
    """
    ahead = [as_of + timedelta(days=n) for n in range(1, horizon + 1)]
    if holidays.isdisjoint(ahead):
        return None
    found = np.ones((PATHS, horizon))
    draw = np.zeros(PATHS)
    for place, day in enumerate(ahead):
        if day in holidays:
            if place == 0 or ahead[place - 1] not in holidays:
                half = np.random.default_rng([as_of.toordinal(), day.toordinal()]).standard_normal(PATHS // 2)
                draw = np.concatenate([half, -half])
            found[:, place] = np.maximum(1.0 + SPREAD * draw, 0.0)
    return found
