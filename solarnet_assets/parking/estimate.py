"""From scored candidates to the distribution of the number of vehicles among them.

Every peak of the heat-map above a low floor is a candidate. Its score is turned into the probability that a vehicle
stands there by logistic calibration (Platt 1999) with the pixel size as a second input. Scenes differ: in one image
all scores are too timid, in another too bold. So the logit carries a normal shift b common to a scene, and so does
the rate of vehicles without any candidate. Given b the count is a sum of independent draws (Poisson-binomial) plus a
Poisson number of missed ones; its distribution comes from the characteristic function (Hong 2013,
doi:10.1016/j.csda.2012.10.006), averaged over b by Gauss-Hermite quadrature. The combination is ours; all constants
are fitted on held-out renders (:mod:`solarnet_assets.parking.calibrate`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NODES = 9
"""Points of the quadrature over the shift of a scene."""

BINS = 32
"""Candidates of nearly equal score share a probability where there are more than this."""

HELD = 0.9
"""Probability that an interval holds at least. It is the shortest run of whole numbers that does: one with equal tails,
each of at most 5 %, is an eighth longer on held-out renders and holds more than it says."""

Unseen = tuple[float, float]
"""Vehicles where nobody could look, for each that was counted, and the shape of their gamma-Poisson number, whose rate
has a relative sd of 1 / sqrt(shape)."""


@dataclass(frozen=True)
class Calibration:
    """How scores, pixel size and scene make vehicles; see the module's text.

    Attributes:
        floor: smallest score of a candidate.
        offset, slope, gsd, slope_gsd: logit p = offset + gsd g + (slope + slope_gsd g) logit(score) + b, with g the
            logarithm of the pixel size over 0.3 m.
        spread: sd of b between scenes.
        missed, missed_gsd, missed_shared: logarithm of vehicles without a candidate per vehicle with one, its change
            with g, and with b.
        empty: logarithm of missed vehicles per hectare without any vehicle found.
        place: sd of a candidate's place along each axis, m.
    """

    floor: float
    offset: float
    slope: float
    gsd: float
    slope_gsd: float
    spread: float
    missed: float
    missed_gsd: float
    missed_shared: float
    empty: float
    place: float

    @classmethod
    def of(cls, card: Mapping[str, Any], *, renders: bool = False) -> Calibration:
        """Return the calibration of a model card, for photographs or for ``renders``."""
        return cls(**card["count"]["renders" if renders else "calibration"])


@dataclass(frozen=True)
class Estimate:
    """A number of vehicles.

    Attributes:
        mean: expected number.
        sd: standard deviation.
        whole: median, a whole number.
        lower, upper: limits of the 90 % interval, whole numbers.
    """

    mean: float
    sd: float
    whole: int
    lower: int
    upper: int


@lru_cache(maxsize=1)
def nodes() -> tuple[Array, Array]:
    """Return places and weights of the quadrature over a standard normal."""
    places, weights = np.polynomial.hermite_e.hermegauss(NODES)
    return places, weights / weights.sum()


def logits(scores: NDArray[Any], gsd: float | Array, known: Calibration) -> Array:
    """Return the calibrated logit of each candidate for a scene without shift, (n,)."""
    share = np.clip(np.asarray(scores, np.float64), 1e-6, 1 - 1e-6)
    raw, g = np.log(share / (1 - share)), np.log(gsd / 0.3)
    return np.asarray(known.offset + known.gsd * g + (known.slope + known.slope_gsd * g) * raw)


def expit(x: Array) -> Array:
    """Return 1 / (1 + exp(-x))."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)))


def probabilities(scores: NDArray[Any], gsd: float, known: Calibration) -> Array:
    """Return the probability that a vehicle stands at each candidate, (n,)."""
    places, weights = nodes()
    return expit(logits(scores, gsd, known)[:, None] + known.spread * places) @ weights


def missed(found: Array, gsd: float | Array, hectares: float | Array, known: Calibration, places: Array) -> Array:
    """Return the expected vehicles without a candidate at each node, given those with one, (nodes,)."""
    rate = known.missed + known.missed_gsd * np.log(gsd / 0.3) + known.missed_shared * known.spread * places
    return np.asarray(np.exp(rate) * found + np.exp(known.empty) * hectares)


def distribution(
    scores: NDArray[Any],
    inside: Array,
    gsd: float,
    hectares: float,
    known: Calibration,
    unseen: Sequence[Unseen] = (),
) -> Array:
    """Return the probabilities of 0, 1, 2 ... vehicles.

    Args:
        scores: of the candidates, (n,).
        inside: probability that each lies in the area that is counted, (n,).
        gsd: metres per pixel of the image.
        hectares: open area that is counted.
        known: the calibration.
        unseen: what could not be looked at, such as (0.25, 4) where a fifth is under cloud.
    """
    places, weights = nodes()
    kept = inside > 1e-3
    logit = logits(np.asarray(scores)[kept], gsd, known)
    chance, many = _binned(expit(logit[:, None] + known.spread * places) * inside[kept, None], logit)
    found = many @ chance
    lost = missed(found, gsd, hectares, known, places)
    size = int(many.sum() + 4 * lost.max() + 8 * sum(share for share, _ in unseen) * (found + lost).max() + 24)
    turn = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)[:, None] - 1
    made = np.exp(lost * turn)
    for p, n in zip(chance, many.tolist(), strict=True):
        factor = 1 + p * turn
        for _ in range(n):
            made *= factor
    for share, shape in unseen:
        made *= (1 - share * (found + lost) / shape * turn) ** -shape
    mass = np.clip(np.fft.irfft(made, size, axis=0), 0, None) @ weights
    return np.asarray(mass / mass.sum())


def _binned(chance: Array, logit: Array) -> tuple[Array, NDArray[np.int64]]:
    """Return probabilities (bins, nodes) and how many candidates share them."""
    if len(chance) <= BINS:
        return chance, np.ones(len(chance), np.int64)
    parts = np.array_split(np.argsort(logit, kind="stable"), BINS)
    return np.stack([chance[part].mean(0) for part in parts]), np.array([len(part) for part in parts])


def summarise(mass: Array) -> Estimate:
    """Return mean, sd, median and the shortest 90 % interval of a distribution over 0, 1, 2 ..."""
    numbers, below = np.arange(len(mass)), np.cumsum(mass)
    mean = float(mass @ numbers)
    sd = float(np.sqrt(mass @ (numbers - mean) ** 2))
    return Estimate(mean, sd, int(np.searchsorted(below, 0.5 - 1e-9)), *_shortest(below))


def _shortest(below: Array) -> tuple[int, int]:
    """Return first and last of the fewest whole numbers in a row that hold :data:`HELD`; of several, of the likeliest.

    Args:
        below: probability of each number or less.
    """
    before = np.concatenate([[0.0], below[:-1]])
    last = np.searchsorted(below, before + HELD - 1e-9)
    first = np.flatnonzero(last < len(below))
    length = last[first] - first
    best = first[length == length.min()]
    start = int(best[np.argmax(below[last[best]] - before[best])])
    return start, int(last[start])
