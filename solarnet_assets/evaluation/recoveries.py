"""Drawn recoveries: falls and returns of many shapes with the troubles of real series, to build and score forecasts on.

What is drawn is ours throughout. Ranges follow what is known of 2020: falls of a few days to 10-70 % of normal, returns
over two weeks to four months that bend as they near normal, some that never return. Shapes of :data:`SHAPES` serve
building; :data:`HELD_OUT` serves scoring alone, with other seeds, and half of its shapes differ in kind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

Array = NDArray[np.float64]
Rng = np.random.Generator

DAYS = 220
FIRST = date(2020, 1, 1)


@dataclass(frozen=True)
class Fall:
    """How far and when a series fell.

    Attributes:
        start: first day of the fall.
        end: day on which the trough is reached.
        stay: days spent in the trough.
        depth: percent of normal in the trough.
        top: percent of normal that is returned to.
    """

    start: int
    end: int
    stay: int
    depth: float
    top: float

    @property
    def rise(self) -> int:
        """First day of the return."""
        return self.end + self.stay


def _risen(fall: Fall, share: Array) -> Array:
    """Return levels for the share of the way back, by day after the trough."""
    level = np.interp(np.arange(DAYS), [0, fall.start, fall.end], [100.0, 100.0, fall.depth])
    level[fall.rise :] = fall.depth + (fall.top - fall.depth) * share[: DAYS - fall.rise]
    return level


_AFTER = np.arange(DAYS, dtype=float)


def _line(fall: Fall, rng: Rng) -> Array:
    return _risen(fall, np.minimum(_AFTER / rng.uniform(12, 70), 1.0))


def _bending(fall: Fall, rng: Rng) -> Array:
    return _risen(fall, 1 - np.exp(-_AFTER / rng.uniform(8, 45)))


def _logistic(fall: Fall, rng: Rng) -> Array:
    speed, middle = rng.uniform(0.06, 0.3), rng.uniform(5, 45)
    share = 1 / (1 + np.exp(-speed * (_AFTER - middle)))
    return _risen(fall, (share - share[0]) / (1 - share[0]))


def _plateau(fall: Fall, rng: Rng) -> Array:
    return _logistic(_with_top(fall, rng.uniform(fall.depth + 10, 92)), rng)


def _flat(fall: Fall, rng: Rng) -> Array:
    return _risen(fall, rng.uniform(0, 0.12) * np.minimum(_AFTER / 60, 1.0))


def _none(fall: Fall, rng: Rng) -> Array:
    return np.full(DAYS, rng.uniform(96, 104))


def _staged(fall: Fall, rng: Rng) -> Array:
    steps = int(rng.integers(3, 7))
    heights = np.sort(rng.uniform(0, 1, steps))
    starts = np.sort(rng.uniform(0, 80, steps))
    share = sum(
        height * np.clip((_AFTER - start) / rng.uniform(1, 6), 0, 1)
        for start, height in zip(starts, np.diff(heights, prepend=0.0), strict=True)
    )
    return _risen(fall, np.asarray(share / heights[-1]))


def _second(fall: Fall, rng: Rng) -> Array:
    level, begin = _bending(fall, rng), fall.rise + int(rng.uniform(15, 60))
    dip = rng.uniform(0.15, 0.7) * np.interp(_AFTER, [begin, begin + rng.uniform(3, 12)], [0, 1])
    return level * (1 - dip * np.exp(-np.maximum(_AFTER - begin - 12, 0) / rng.uniform(8, 30)))


def _gompertz(fall: Fall, rng: Rng) -> Array:
    share = np.exp(-np.exp(-rng.uniform(0.04, 0.15) * (_AFTER - rng.uniform(3, 30))))
    return _risen(fall, (share - share[0]) / (1 - share[0]))


def _overshoot(fall: Fall, rng: Rng) -> Array:
    back = rng.uniform(8, 30)
    over = rng.uniform(0.05, 0.25) * np.exp(-(((_AFTER - 3 * back) / (1.5 * back)) ** 2))
    return _risen(fall, 1 - np.exp(-_AFTER / back) + over)


def _kinked(fall: Fall, rng: Rng) -> Array:
    days = np.concatenate([[0.0], np.sort(rng.uniform(3, 90, 3))])
    return _risen(fall, np.interp(_AFTER, days, [0.0, *np.sort(rng.uniform(0.1, 0.95, 2)), 1.0]))


def _late(fall: Fall, rng: Rng) -> Array:
    return _bending(Fall(fall.start, fall.end, fall.stay + int(rng.uniform(20, 60)), fall.depth, fall.top), rng)


def _slipping(fall: Fall, rng: Rng) -> Array:
    return _bending(fall, rng) - rng.uniform(0.05, 0.25) * np.maximum(_AFTER - fall.rise - rng.uniform(20, 50), 0)


Shape = Callable[[Fall, Rng], Array]
SHAPES: dict[str, Shape] = {
    "line": _line,
    "bending": _bending,
    "logistic": _logistic,
    "plateau": _plateau,
    "flat": _flat,
    "none": _none,
    "staged": _staged,
    "second wave": _second,
}
HELD_OUT: dict[str, Shape] = {
    "V": _line,
    "S": _logistic,
    "L": _flat,
    "no shock": _none,
    "W": _second,
    "Gompertz": _gompertz,
    "overshoot": _overshoot,
    "kinked": _kinked,
    "late": _late,
    "slipping": _slipping,
}


def _with_top(fall: Fall, top: float) -> Fall:
    return Fall(fall.start, fall.end, fall.stay, fall.depth, top)


def _fall(rng: Rng) -> Fall:
    start = int(rng.integers(20, 50))
    end = start + int(rng.integers(2, 12))
    return Fall(start, end, int(rng.integers(0, 22)), rng.uniform(10, 75), rng.normal(98, 5))


@dataclass(frozen=True)
class Trouble:
    """What the days of a country have in common beside their level.

    Attributes:
        week: factor of each weekday less one, (7,).
        holidays: factor of each day, (DAYS,).
        rho: day-to-day correlation of the noise.
        size: standard deviation of the noise at 70 % of normal, points.
        common: standard normal noise that all places share, (DAYS,).
    """

    week: Array
    holidays: Array
    rho: float
    size: float
    common: Array


def _trouble(rng: Rng) -> Trouble:
    week = rng.normal(0, rng.choice([0.0, 0.01, 0.04]), 7)
    holidays = np.ones(DAYS)
    for _ in range(rng.poisson(1.6)):  # Qingming, 1 May and the like: one to five days
        first = int(rng.integers(60, DAYS - 5))
        holidays[first : first + int(rng.integers(1, 6))] *= rng.uniform(0.78, 1.08)
    rho = rng.uniform(0, 0.85)
    return Trouble(week - week.mean(), holidays, rho, rng.gamma(2.0, 1.1), _noise(rho, rng))


def _noise(rho: float, rng: Rng) -> Array:
    noise = np.zeros(DAYS)
    for day, shock in enumerate(rng.standard_t(5, DAYS) / np.sqrt(5 / 3)):
        noise[day] = rho * noise[day - 1] + np.sqrt(1 - rho**2) * shock
    return noise


def _troubled(level: Array, trouble: Trouble, rng: Rng) -> Array:
    """Add noise, weekly rhythm, holidays, shifts and single bad days."""
    factor = (1 + trouble.week[np.arange(DAYS) % 7]) * trouble.holidays
    noise = 0.6 * trouble.common + 0.8 * _noise(trouble.rho, rng)
    shifts = np.zeros(DAYS)
    for _ in range(rng.poisson(0.8)):
        shifts[int(rng.integers(50, DAYS)) :] += rng.normal(0, 3)
    bad = rng.random(DAYS) < rng.choice([0.0, 0.01])
    values = (level + shifts) * factor + trouble.size * noise * np.sqrt(np.maximum(level, 5) / 70)
    return np.maximum(np.where(bad, values * rng.uniform(0.4, 1.4, DAYS), values), 0.0)


def _place(common: Array, start: int, rng: Rng) -> Array:
    """Return the level of one place of a country: as deep, as fast and as soon as the country, give or take."""
    depth, speed, late = rng.lognormal(0, 0.25), rng.lognormal(0, 0.2), rng.normal(0, 3)
    moved = start + (np.arange(DAYS) - start - late) * speed
    level = np.interp(moved, np.arange(DAYS), common)
    return np.maximum(100 - depth * (100 - level) + rng.normal(0, 2), 2.0)


def draw_country(shape: Shape, places: int, rng: Rng) -> tuple[Array, int]:
    """Draw a country whose places fall and return together.

    Args:
        shape: of :data:`SHAPES` or :data:`HELD_OUT`.
        places: how many.
        rng: random numbers.

    Returns:
        Percent of normal, (places, DAYS), NaN where a day is missing, and the first day of the fall.
    """
    fall, trouble = _fall(rng), _trouble(rng)
    common, gaps = shape(fall, rng), rng.choice([0.0, 0.0, 0.15])
    values = np.array([_troubled(_place(common, fall.start, rng), trouble, rng) for _ in range(places)])
    values[rng.random(values.shape) < gaps] = np.nan
    return values, fall.start


def table(values: Array, start: int, signal: str) -> pl.DataFrame:
    """Return rows signal, region, day, value, lower, upper (no interval: both are the value).

    The fall begins on :data:`FIRST`, so that an as-of day is a number of days into it for every country.
    """
    first = FIRST - timedelta(days=start)
    region, day = np.nonzero(np.isfinite(values))
    seen = values[region, day]
    names = pl.Series([f"{signal} {n}" for n in range(values.shape[0])])
    return pl.DataFrame(
        {
            "signal": pl.repeat(signal, seen.size, eager=True),
            "region": names.gather(region),
            "day": pl.Series(np.datetime64(first) + day).cast(pl.Date),
            "value": seen,
            "lower": seen,
            "upper": seen,
        }
    )
