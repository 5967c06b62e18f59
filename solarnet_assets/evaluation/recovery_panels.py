"""Drawn panels by the calendar of 2020: movement of a few cities, resumption indices of many, movement of provinces.

:mod:`recoveries` draws countries of a few places whose recoveries may go anywhere. These panels are of the kinds that
were published about China: many places that fell in late January and rose together, each with its own delay, speed and
height, weekly rhythm, holidays on their days, noise that neighbours share. Ranges are ours, from what is known of 2020:
no published series was fitted. Curves of :data:`BUILDING` serve building, :data:`HELD_OUT` scoring alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Rng = np.random.Generator
Curve = Callable[[Array, Rng], Array]

FIRST = date(2020, 1, 1)
DAYS = 150
HOLIDAYS = (slice(94, 97), slice(121, 126))
"""Days of :data:`FIRST`'s year that are Qingming (4-6 April) and Labour Day (1-5 May), from 0."""

SHORT = 0.2
"""Share of panels that begin after the fall, in late January or early February."""

AS_OF = (date(2020, 2, 20), date(2020, 3, 1), date(2020, 3, 10), date(2020, 3, 25), date(2020, 4, 12))


@dataclass(frozen=True)
class Kind:
    """What sets a kind of published index apart: ranges that a panel draws from.

    Attributes:
        places: fewest and most.
        noise: standard deviation of a day at 70 % of normal, points.
        rhythm: standard deviation of a weekday's factor.
        holiday: lowest and highest factor of a holiday.
        depth: percent of normal in the trough.
        capped: share of panels whose values never exceed 100.
        travel: highest percent of normal in the travel season before the fall.
    """

    places: tuple[int, int]
    noise: tuple[float, float]
    rhythm: tuple[float, float]
    holiday: tuple[float, float]
    depth: tuple[float, float]
    capped: float
    travel: float


KINDS = {
    "cities": Kind((3, 8), (1.5, 5.0), (0.0, 0.03), (0.85, 1.1), (12, 40), 0.0, 105.0),
    "resumption": Kind((150, 250), (0.2, 1.5), (0.0, 0.02), (0.9, 1.05), (5, 45), 0.5, 100.0),
    "provinces": Kind((28, 32), (1.0, 4.0), (0.02, 0.08), (0.8, 1.3), (12, 40), 0.0, 160.0),
}


def _logistic(days: Array, rng: Rng) -> Array:
    speed, middle = rng.uniform(0.07, 0.22), rng.uniform(8, 32)
    return np.asarray(1 / (1 + np.exp(-speed * (days - middle))))


def _bending(days: Array, rng: Rng) -> Array:
    return np.asarray(1 - np.exp(-days / rng.uniform(10, 40)))


def _kinked(days: Array, rng: Rng) -> Array:
    turns = np.cumsum([0.0, *rng.uniform(6, 30, 3)])
    return np.interp(days, turns, [0.0, *np.sort(rng.uniform(0.15, 0.97, 2)), 1.0])


def _gompertz(days: Array, rng: Rng) -> Array:
    return np.asarray(np.exp(-np.exp(-rng.uniform(0.05, 0.14) * (days - rng.uniform(4, 20)))))


def _weibull(days: Array, rng: Rng) -> Array:
    return np.asarray(1 - np.exp(-((days / rng.uniform(14, 42)) ** rng.uniform(0.8, 2.2))))


def _two_speeds(days: Array, rng: Rng) -> Array:
    fast = rng.uniform(0.4, 0.8)
    slow = np.clip(days / rng.uniform(50, 110), 0, 1)
    return np.asarray(fast / (1 + np.exp(-rng.uniform(0.12, 0.3) * (days - rng.uniform(8, 20)))) + (1 - fast) * slow)


def _rebound(days: Array, rng: Rng) -> Array:
    back = rng.uniform(12, 28)
    over = rng.uniform(0.0, 0.15) * np.exp(-(((days - 3 * back) / (1.5 * back)) ** 2))
    return np.asarray(1 - np.exp(-((days / back) ** 1.5)) + over)


BUILDING: dict[str, Curve] = {"logistic": _logistic, "bending": _bending, "kinked": _kinked, "gompertz": _gompertz}
HELD_OUT: dict[str, Curve] = {"weibull": _weibull, "two speeds": _two_speeds, "rebound": _rebound, "S": _logistic}


def draw_panel(kind: Kind, curve: Curve, rng: Rng) -> Array:
    """Draw a panel.

    Args:
        kind: of :data:`KINDS`.
        curve: share of the way back by day after the rise began, of :data:`BUILDING` or :data:`HELD_OUT`.
        rng: random numbers.

    Returns:
        Percent of normal from :data:`FIRST` on, (places, DAYS), NaN where a day is missing.
    """
    places = int(rng.integers(*kind.places, endpoint=True))
    level = _levels(kind, curve, places, rng)
    values = np.maximum(level * _factors(kind, places, rng) + _noise(kind, level, rng), 0.0)
    if rng.random() < kind.capped:
        values = np.minimum(values, 100.0)
    values[rng.random(values.shape) < rng.choice([0.0, 0.0, 0.05])] = np.nan
    if rng.random() < SHORT:
        values[:, : int(rng.integers(24, 42))] = np.nan
    return values


def _levels(kind: Kind, curve: Curve, places: int, rng: Rng) -> Array:
    """Return levels: one course, with a delay, speed, depth and height of each place; a few are hit hard."""
    day = np.arange(DAYS, dtype=float)
    fall, rise = rng.uniform(18, 24), rng.uniform(33, 48)
    common = np.interp(np.arange(0, 4.0 * DAYS), np.arange(4 * DAYS), curve(np.arange(0, 4.0 * DAYS), rng))
    common = (common - common[0]) / max(common.max() - common[0], 1e-6)
    own = rng.uniform(0.5, 1.3)
    hard = rng.random(places) < rng.choice([0.0, 0.05])
    late = own * rng.normal(0, 4, places) + hard * rng.uniform(15, 45, places)
    speed = rng.lognormal(0, 0.22 * own, places)
    after = np.clip((day - rise - late[:, None]) * speed[:, None], 0, 4 * DAYS - 1.0)
    share = np.interp(after, np.arange(4 * DAYS), common)
    depth = np.maximum(rng.uniform(*kind.depth) + own * rng.normal(0, 6, places), 3.0)[:, None]
    top = rng.normal(98, 4) if rng.random() < 0.85 else rng.uniform(60, 90)
    top = np.maximum(top + own * rng.normal(0, 4, places)[:, None], depth + 5)
    season = np.interp(day, [4, fall - 3, fall], [100.0, max(100.0, rng.uniform(95, kind.travel)), 100.0])
    begun = fall + own * rng.normal(0, 1.0, places)[:, None]
    fallen = np.clip((day - begun) / rng.uniform(3, 9), 0, 1)
    rising = depth + (top - depth) * share
    return np.asarray((1 - fallen) * season + fallen * rising)


def _factors(kind: Kind, places: int, rng: Rng) -> Array:
    """Return the factors of weekdays and holidays, mostly shared, (places, DAYS)."""
    size = rng.uniform(*kind.rhythm)
    week = size * (rng.normal(0, 1, 7) + 0.4 * rng.normal(0, 1, (places, 7)))
    factor = 1 + (week - week.mean(axis=1, keepdims=True))[:, np.arange(DAYS) % 7]
    for days in HOLIDAYS:
        factor[:, days] *= rng.uniform(*kind.holiday) + 0.03 * rng.normal(0, 1, (places, 1))
    return factor


def _noise(kind: Kind, level: Array, rng: Rng) -> Array:
    """Return noise that lasts from day to day and that all places share in part, (places, DAYS)."""
    places = len(level)
    size = rng.uniform(*kind.noise) * rng.lognormal(0, 0.3, places)[:, None]
    rho, shared = rng.uniform(0, 0.85), rng.uniform(0.1, 0.7)
    shocks = rng.standard_t(6, (places + 1, DAYS)) / np.sqrt(1.5)
    noise = np.zeros_like(shocks)
    for day in range(DAYS):
        noise[:, day] = rho * noise[:, day - 1] + np.sqrt(1 - rho**2) * shocks[:, day]
    mixed = np.sqrt(shared) * noise[0] + np.sqrt(1 - shared) * noise[1:]
    return np.asarray(size * mixed * np.sqrt(np.maximum(level, 5) / 70))
