"""Drawn countries of stated shapes: falls and returns whose depth, speed and days differ by signal, province and place.

Ranges are ours and follow what is known of 2020: falls of three to nine days from 17 January on (the base of commuting
ends on the 16th), to 15-60 percent of normal, returns that take three to seven weeks. Places and calendar are those of
the shipped country. Every course reaches :data:`BEYOND` days past the end, so that days of return have a truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.world.scenario import Scenario, load_scenario

Array = NDArray[np.float64]
Rng = np.random.Generator

SHAPES = ("V", "L", "W", "second_wave", "split", "none")
BEYOND = 100
"""Days past the scenario's end that have a truth; a forecast looks 60 ahead."""

EARLIEST, LATEST = date(2020, 1, 17), date(2020, 1, 24)
SIGNALS = ("steel", "parking", "commuting")
FLOOR = 4.0
STEP = 3
"""Days between the dated points of a course that bends."""


@dataclass(frozen=True)
class Course:
    """What a country goes through, in shares of its greatest loss.

    Attributes:
        days: days since the fall began, ascending.
        loss: share of the greatest loss on these days; straight lines between them.
        trough: days until the first trough.
    """

    days: Array
    loss: Array
    trough: float


@dataclass(frozen=True)
class Change:
    """How an area lives through the course of its country.

    Attributes:
        depth: loss in points where the course's is 1.
        late: days that it starts later.
        slow: factor of the time that everything after the trough takes.
    """

    depth: float
    late: float
    slow: float

    def of(self, rng: Rng, spread: float) -> Change:
        """Return the change of a part of the area: by ``spread`` (a share) deeper and slower, and some days later."""
        depth, slow = self.depth * rng.lognormal(0, spread), self.slow * rng.lognormal(0, spread)
        return Change(min(depth, 100 - FLOOR), self.late + rng.normal(0, 8 * spread), slow)


@dataclass(frozen=True)
class Drawn:
    """A drawn country.

    Attributes:
        scenario: what ``solarnet demo --scenario`` takes.
        trough: day from which on forecasts are judged: the course's first trough; without a shock that of a V.
    """

    scenario: Scenario
    trough: date


def draw(shape: str, seed: int) -> Drawn:
    """Draw a country.

    Args:
        shape: of :data:`SHAPES`.
        seed: the same seed gives the same country.
    """
    told = load_scenario("published").model_dump()
    rng = np.random.default_rng([seed, SHAPES.index(shape)])
    start = EARLIEST + timedelta(days=int(rng.integers((LATEST - EARLIEST).days + 1)))
    course = _course("V" if shape in ("split", "none") else shape, rng)
    regions = sorted({place["region"] for kind in ("cities", "mills", "lots") for place in told[kind]})
    spared = set(rng.choice(regions, len(regions) // 2, replace=False).tolist()) if shape == "split" else set()
    end = told["end"] + timedelta(days=BEYOND)
    for signal, kind in zip(SIGNALS, ("mills", "lots", "cities"), strict=True):
        country = Change(rng.uniform(40, 82), rng.normal(0, 1.5) + 1.5, rng.lognormal(0, 0.2))
        areas = {region: _region(country, region in spared, rng) for region in regions}
        common = _wander(rng, 2.0)
        told["signals"][signal] = [(start, 100.0)]
        for place in told[kind]:
            own = areas[place["region"]].of(rng, 0.06)
            wandering = _wandering(common + _wander(rng, 1.0), end) if shape == "none" else None
            place["curve"] = wandering or _points(course, own, start, end)
    told |= {"name": f"{shape}-{seed}", "seed": seed}
    return Drawn(Scenario.model_validate(told), start + timedelta(days=round(course.trough)))


def _region(country: Change, is_spared: bool, rng: Rng) -> Change:
    """Return the change of a province; one that is spared falls by a tenth to a third of the country."""
    own = country.of(rng, 0.15)
    return Change(own.depth * rng.uniform(0.1, 0.33), own.late, own.slow) if is_spared else own


def _course(shape: str, rng: Rng) -> Course:
    """Return the course of a shape; a positive loss at its end is where it stays, a negative one is above normal."""
    fall, stay, rest = rng.uniform(3, 9), rng.uniform(0, 8), rng.uniform(-0.05, 0.05)
    if shape == "L":
        knots = [(fall, 1.0), (fall + stay, 1.0), (fall + stay + 60, rng.uniform(0.85, 1.0))]
        return _joined(knots, fall)
    if shape == "V":
        return _joined([(fall, 1.0), (fall + stay, 1.0)], fall, _back(rest, rng))
    if shape == "W":
        again = [rng.uniform(8, 12), rng.uniform(0, 3), rng.uniform(4, 7), rng.uniform(0, 6)]
        half, deep = rng.uniform(0.1, 0.35), rng.uniform(0.8, 1.05)
        stay = rng.uniform(0, 2)
    else:
        again = [rng.uniform(10, 16), rng.uniform(3, 8), rng.uniform(5, 10), rng.uniform(0, 10)]
        half, deep = rng.uniform(0.15, 0.35), rng.uniform(0.4, 0.75)
    at = fall + stay + np.cumsum(again)
    knots = [(fall, 1.0), (fall + stay, 1.0), (at[0], half), (at[1], half), (at[2], deep), (at[3], deep)]
    return _joined(knots, fall, _back(rest, rng))


def _back(rest: float, rng: Rng) -> tuple[Array, float]:
    """Return shares of the way back every :data:`STEP` days, by a line, a bending curve or an S, and ``rest``."""
    days, length = np.arange(0.0, 181.0, STEP), rng.uniform(20, 50)
    kind = rng.integers(3)
    line = np.minimum(days / length, 1.0)
    bent = 1 - np.exp(-2.5 * days / length)
    curve = 1 / (1 + np.exp(-8 * (days / length - 0.5)))
    s_shape = (curve - curve[0]) / (1 - curve[0])
    return (line, bent, s_shape)[kind], rest


def _joined(knots: list[tuple[float, float]], trough: float, back: tuple[Array, float] | None = None) -> Course:
    days, loss = [0.0, *(day for day, _ in knots)], [0.0, *(value for _, value in knots)]
    if back:
        share, rest = back
        last, low = days[-1], loss[-1]
        days += [last + n * STEP for n in range(1, len(share))]
        loss += [low + (rest - low) * float(x) for x in share[1:]]
    return Course(np.array(days), np.array(loss), trough)


def _wander(rng: Rng, size: float) -> Array:
    """Return how far from normal something wanders, at most ``size`` points, every second week from the start on."""
    return np.concatenate([[0.0], rng.uniform(-size, size, BEYOND // 7)])


def _wandering(points: Array, end: date) -> list[tuple[date, float]]:
    days = range(0, (end - EARLIEST).days + 14, 14)
    return [(EARLIEST + timedelta(days=n), round(100 + float(points[n // 14]), 2)) for n in days]


def _points(course: Course, change: Change, start: date, end: date) -> list[tuple[date, float]]:
    """Return the dated points of an area's course."""
    late = max(change.late, 0.0)
    after = np.maximum(course.days - course.trough, 0.0)
    moved = late + np.minimum(course.days, course.trough) + after * change.slow
    days = np.arange((end - start).days + 1)
    level = np.maximum(100 - change.depth * np.interp(days, moved, course.loss), FLOOR)
    bends = {n for n in np.round(moved).astype(int).tolist() if n < len(days)}
    kept = sorted({0, len(days) - 1, round(late), *bends})
    return [(start + timedelta(days=n), round(float(level[n]), 2)) for n in kept]
