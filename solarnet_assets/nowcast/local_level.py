"""Local level with a damped drift, and its special case without drift: no change.

    value[t] = level[t] + noise[t]
    level[t] = level[t-1] + drift[t-1] + step[t]
    drift[t] = damping * drift[t-1] + turn[t]

(Harvey 1989, section 2.3; damped trend: Gardner and McKenzie 1985, doi:10.1287/mnsc.31.10.1237.) statsmodels fits such
a model by search, one series at a time, a tenth of a second each; a back-test asks for thousands. So the filter runs
over all series and a grid of variance ratios and dampings at once, the scale of the noise integrated out, and the
forecast averages over the grid by how well each point foretold the days so far (``tests/nowcast/test_local_level.py``
holds the filter against statsmodels). Days long ago count less, and those before the trough not at all: how fast a
series fell says little about how far a return strays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.nowcast.normals import Normals
from solarnet_assets.nowcast.series import Array, Series, newest_sd
from solarnet_assets.nowcast.troughs import troughs

MIN_DAYS = 7
"""Days with a figure that a level and a drift need here: as many as the published line."""

HALF_LIFE = 14.0
"""Days after which a day's say about variances and damping has halved. Ours, chosen on drawn recoveries."""

NOISE_SD, NOISE_DAYS = 2.0, 4.0
"""Prior of the noise: standard deviation in points and days that it is worth. Ours."""

SINCE_TROUGH = 10
"""Days after the trough from which variances are learned from them alone. Ours."""

FAR = 3.0
"""Standard deviations beyond which a day counts as if it lay there (Masreliez and Martin 1977,
doi:10.1109/TAC.1977.1101538)."""

WIDE = 1e4
"""Variance, relative to the noise, of level and drift before the first day."""


@dataclass(frozen=True)
class Grid:
    """Variance ratios to the noise and dampings, each (G,), and the prior of each point.

    Attributes:
        step: variance of the steps of the level.
        turn: variance of the turns of the drift.
        damping: share of the drift that is left after a day.
        prior: probability.
    """

    step: Array
    turn: Array
    damping: Array
    prior: Array


def grid(steps: tuple[float, ...], turns: tuple[float, ...], dampings: tuple[float, ...]) -> Grid:
    """Return all combinations, equally likely."""
    step, turn, damping = (a.ravel() for a in np.meshgrid(steps, turns, dampings, indexing="ij"))
    return Grid(step, turn, damping, np.full(step.size, 1.0 / step.size))


DAMPED = grid((0.05, 0.3, 2.0), (0.0, 0.001, 0.01), (0.8, 0.9, 0.95))
NO_DRIFT = grid((0.003, 0.03, 0.1, 0.3, 1.0, 3.0), (0.0,), (0.0,))


@dataclass(frozen=True)
class Filtered:
    """State on the as-of day of N series at G grid points.

    Attributes:
        level, drift: means, (N, G).
        p00, p01, p11: covariance relative to the noise variance, (N, G).
        weight: probability of each grid point given the days so far, (N, G).
        scale: noise variance of each grid point, points squared, (N, G).
        worth: days that the scale is told by, (N,).
    """

    level: Array
    drift: Array
    p00: Array
    p01: Array
    p11: Array
    weight: Array
    scale: Array
    worth: Array


def filtered(series: Series, points: Grid) -> Filtered:
    """Run the filter over all days, series and grid points."""
    value = series.value
    shape = (value.shape[0], points.step.size)
    relative = _relative_noise(series)
    level, drift = np.zeros(shape), np.zeros(shape)
    drifts = float(points.turn.any())
    p00, p01, p11 = np.full(shape, WIDE), np.zeros(shape), np.full(shape, WIDE * drifts / 100)
    square, log_det = np.full(shape, NOISE_DAYS * NOISE_SD**2), np.zeros(shape)
    worth, seen_before = np.full(shape[0], NOISE_DAYS), np.zeros(shape[0])
    fade, begin = 0.5 ** (1.0 / HALF_LIFE), _first_told(series)
    for t in range(value.shape[1]):
        level = level + drift
        drift = points.damping * drift
        p00, p01, p11 = (
            p00 + 2 * p01 + p11 + points.step,
            points.damping * (p01 + p11),
            points.damping**2 * p11 + points.turn,
        )
        seen = np.isfinite(value[:, t])
        first = seen_before < 2
        error = np.where(seen, value[:, t], 0.0)[:, None] - level
        spread = p00 + relative[:, t, None]
        reduced = error**2 / (spread * square / worth[:, None])
        far = np.where(first[:, None], 1.0, np.sqrt(np.maximum(reduced, FAR**2)) / FAR)
        k0, k1 = p00 / spread, p01 / spread
        use = np.where(seen, 1.0, 0.0)[:, None]
        level, drift = level + use * k0 * error / far, drift + use * k1 * error / far
        p00, p01, p11 = p00 - use * k0 * p00, p01 - use * k0 * p01, p11 - use * k1 * p01
        tells = use * (~first & (t > begin))[:, None]
        square, log_det = fade * square, fade * log_det
        worth = fade * worth + tells[:, 0]
        square = square + tells * error**2 / spread / far
        log_det = log_det + tells * np.log(spread)
        seen_before = seen_before + seen
    log_weight = np.log(points.prior) - 0.5 * log_det - 0.5 * worth[:, None] * np.log(square)
    weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    return Filtered(level, drift, p00, p01, p11, weight, square / worth[:, None], worth)


def paths(series: Series, points: Grid, normals: Normals) -> Array:
    """Draw paths of the days ahead, (N, S, H), before the weekly rhythm.

    Each path takes a grid point by its probability, a noise scale (chi-square about the learned one) and a state, and
    goes on by the model.
    """
    state = filtered(series, points)
    rows = np.arange(state.weight.shape[0])[:, None]
    pick = normals.pick(state.weight)
    sd = np.sqrt(state.scale[rows, pick] * normals.scale(state.worth))
    p00, p01, p11 = (p[rows, pick] for p in (state.p00, state.p01, state.p11))
    first, second = normals.start[0], normals.start[1]
    root = np.sqrt(np.maximum(p00, 1e-12))
    level = state.level[rows, pick] + sd * root * first
    below = np.sqrt(np.maximum(p11 - p01**2 / np.maximum(p00, 1e-12), 0.0))
    drift = state.drift[rows, pick] + sd * (p01 / root * first + below * second)
    step, turn, damping = np.sqrt(points.step)[pick], np.sqrt(points.turn)[pick], points.damping[pick]
    drawn = np.empty((*level.shape, normals.horizon))
    for h in range(normals.horizon):
        level = level + drift + sd * step * normals.step[:, h]
        drift = damping * drift + sd * turn * normals.turn[:, h]
        drawn[:, :, h] = level + sd * normals.noise[:, h]
    return drawn + _hidden_error(series, state)[:, None, None] * normals.start[2][:, None]


def _first_told(series: Series) -> NDArray[np.int64]:
    """Return the day after which variances are learned: the trough, or -1 (all days) where it has just been, (N,)."""
    trough, _ = troughs(series)
    return np.where(series.value.shape[1] - 1 - trough >= SINCE_TROUGH, trough, -1)


def _relative_noise(series: Series) -> Array:
    """Return each day's noise variance relative to that of a usual day of its series, (N, T), at most 25."""
    stated = np.where(np.isfinite(series.value), series.sd, np.nan) ** 2
    usual = np.nanmedian(np.where(np.isfinite(stated), stated, np.nan), axis=1, keepdims=True)
    relative: NDArray[np.float64] = np.clip((stated + 1.0) / (usual + 1.0), 0.2, 25.0)
    return np.where(np.isfinite(relative), relative, 1.0)


def _hidden_error(series: Series, state: Filtered) -> Array:
    """Return the error of the level that the days cannot show because they share it, (N,).

    Today's level is known no better than the newest interval says.
    """
    known = (state.weight * state.scale * state.p00).sum(axis=1)
    return np.sqrt(np.maximum(newest_sd(series) ** 2 - known, 0.0))
