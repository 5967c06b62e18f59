"""The stack: a pool of all methods, weighted by how well they foretold the days that have come since.

The pool of distributions with weights w has the CRPS ``w'a - w'Bw / 2``, where a holds each method's mean distance to
what happened and B the mean distances between draws of two methods: a quadratic form, so the best weights are found
exactly (linear pools: Hall and Mitchell 2007, doi:10.1016/j.ijforecast.2006.08.006; CRPS: Gneiting and Raftery 2007,
doi:10.1198/016214506000001437). Forecasts of one, two, three and four weeks ago are scored by days up to the as-of day
only. Few scores say little: weights are drawn to a prior that goes with how the series stand (:mod:`stack_prior`). How
wide the pool should be is hardly told by its own past (series rise together, so four weeks of errors are one or two),
and stays near the prior's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.nowcast.methods import METHODS, Draws, Member
from solarnet_assets.nowcast.series import Array
from solarnet_assets.nowcast.stack_prior import Prior

AHEAD = (7, 14, 21, 28)
"""Days ahead that earlier forecasts are scored at."""

SETTLING = 2
"""Days until a figure has settled (commuting leans on the two days after it): the newest are not scored."""

BACK = tuple(days + SETTLING for days in AHEAD)
"""Days back at which forecasts are made again to be scored."""

PULL = 2.0
"""How strongly weights hold to the prior, in relative CRPS per squared distance at one scored case. Ours."""

WIDTHS = np.geomspace(0.5, 1.6, 13)
"""Factors about the median that the width of the pool is chosen from."""

WIDTH_CASES = 40.0
"""Cases that the prior's width is worth: on drawn recoveries the width that past cases liked best told little of the
width that later ones needed. Ours."""

MIN_SCALE = 0.3
"""Smallest mean CRPS, points, that a case is measured in."""


@dataclass(frozen=True)
class Case:
    """Forecasts made earlier for one later day, and what that day brought.

    Attributes:
        draws: of each method, in order of :data:`METHODS`, (M, N, S).
        seen: percent of normal, NaN where there is none, (N,).
    """

    draws: Draws
    seen: Array


@dataclass(frozen=True)
class Pool:
    """Weights of the methods, in order of :data:`METHODS`, and the factors that spread the pool about its median."""

    weights: Array
    below: float = 1.0
    above: float = 1.0

    def draw(self, members: Mapping[str, Member], rows: NDArray[np.int64]) -> Draws:
        """Return the pool's paths for some series, (rows, S, H)."""
        return self.mix(np.stack([members[name].paths[rows] for name in METHODS]))

    def mix(self, draws: Draws) -> Draws:
        """Return S draws out of those of the methods, (M, N, S, ...): of each as many as its weight."""
        size = draws.shape[2]
        ends = np.floor(np.cumsum(self.weights) * size + 0.5).astype(int)
        parts = [draws[m][:, _order(m, size)[:count]] for m, count in enumerate(np.diff(ends, prepend=0)) if count]
        mixed = np.concatenate(parts, axis=1)
        middle = np.median(mixed, axis=1, keepdims=True)
        away = mixed - middle
        return np.maximum(middle + away * np.where(away < 0, np.float32(self.below), np.float32(self.above)), 0.0)


def learn(cases: list[Case], prior: Prior) -> Pool:
    """Return the pool that earlier forecasts speak for; the prior where there are none.

    Args:
        cases: forecasts that were made earlier, scored by what has come.
        prior: that goes with how the series stand (:func:`stack_prior.prior_of`).
    """
    used = [case for case in cases if np.isfinite(case.seen).any()]
    if not used:
        return Pool(prior.weights, prior.below, prior.above)
    told = sum(trust(int(np.isfinite(case.seen).sum())) for case in used)
    near, between = quadratic(used, prior.weights)
    weights = _best(near, between, prior.weights, PULL / told)
    liked, trusted = _width(used, weights), told / (told + WIDTH_CASES)
    return Pool(weights, *(liked**trusted * wide ** (1.0 - trusted) for wide in (prior.below, prior.above)))


def trust(series: int) -> float:
    """Return what a case of so many series is worth: they rise together, so hundreds are not hundreds. Ours."""
    return series / (series + 10.0)


def quadratic(cases: list[Case], prior: Array) -> tuple[Array, Array]:
    """Return a (M,) and B (M, M), each case in units of what the prior pool scores on it."""
    near, between = np.zeros(prior.size), np.zeros((prior.size, prior.size))
    for case in cases:
        known = np.isfinite(case.seen)
        a = np.abs(case.draws[:, known] - case.seen[known, None]).mean(axis=(1, 2))
        b = _distances(case.draws[:, known])
        unit = max(float(prior @ a - prior @ b @ prior / 2), MIN_SCALE)
        near, between = near + a / unit, between + b / unit
    return near / len(cases), between / len(cases)


def _distances(draws: Draws) -> Array:
    """Return mean distances between draws of two methods, (M, M), fair within one: draws are (M, N, S)."""
    methods, _, size = draws.shape
    within = [_pair_sum(draws[m]) for m in range(methods)]
    found = np.diag([w / (size * (size - 1.0)) for w in within])
    for i in range(methods):
        for j in range(i):
            both = _pair_sum(np.concatenate([draws[i], draws[j]], axis=1))
            found[i, j] = found[j, i] = (both - within[i] - within[j]) / (2.0 * size**2)
    return found


def _pair_sum(draws: Draws) -> float:
    """Return the sum of distances over all ordered pairs of draws, averaged over series; draws are (N, S)."""
    size = draws.shape[1]
    rank = 2.0 * np.arange(1, size + 1) - size - 1.0
    return float(2.0 * (np.sort(draws, axis=1) @ rank).mean())


def _best(near: Array, between: Array, prior: Array, pull: float) -> Array:
    from scipy.optimize import minimize

    def loss(w: Array) -> float:
        return float(near @ w - w @ between @ w / 2 + pull * ((w - prior) ** 2).sum())

    def slope(w: Array) -> Array:
        return near - between @ w + 2 * pull * (w - prior)

    one = {"type": "eq", "fun": lambda w: w.sum() - 1.0, "jac": np.ones_like}
    found = minimize(loss, prior, jac=slope, bounds=[(0.0, 1.0)] * prior.size, constraints=[one], method="SLSQP")
    weights = np.maximum(found.x, 0.0)
    return np.asarray(weights / weights.sum())


def _width(cases: list[Case], weights: Array) -> float:
    """Return the factor of the width that scores best on the cases."""
    totals = np.zeros(WIDTHS.size)
    for case in cases:
        known = np.isfinite(case.seen)
        mixed = Pool(weights).mix(case.draws[:, known])
        middle = np.median(mixed, axis=1, keepdims=True)
        away, error = mixed - middle, case.seen[known, None] - middle
        near = np.array([np.abs(width * away - error).mean() for width in WIDTHS])
        size = mixed.shape[1]
        scores = near - WIDTHS * _pair_sum(mixed) / (2.0 * size * (size - 1.0))
        totals += scores / max(float(scores.min()), MIN_SCALE)
    return float(WIDTHS[totals.argmin()])


def _order(method: int, size: int) -> NDArray[np.int64]:
    """Return the order in which a method's draws are taken: pairs of opposite sign stay apart, always the same."""
    return np.random.default_rng([method, size]).permutation(size)
