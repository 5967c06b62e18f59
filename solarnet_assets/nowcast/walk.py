"""The common level's prior: a random walk whose variance may change by the day.

A calm spell closes the walk, a break opens it. A walk of the slope (a local linear trend) was tried beside this one: in
simulated V, L, U and W shapes it was no closer to the truth and its intervals held it less often.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

Array = NDArray[np.float64]

START_LEVEL, START_SD = 100.0, 40.0
"""Prior of the level on the first day of the window."""

STEP_GRID = (0.003, 0.03, 0.3, 1.0, 3.0, 10.0, 30.0)
"""Constant daily variances (percent squared) that are tried."""

STEP_FLOOR = 0.003
"""Smallest daily variance: about half a point in three months."""

ALERT_STEP, ALERT_DAYS = 1.0, 4.0
"""Daily variance added on the newest day, and the days over which it fades into the past: a break that has just
begun is not in the data yet."""

LOCAL_DAYS = 4.0
"""Scale (days, exponential kernel) on which the variance may change."""

LOCAL_FACTORS = (0.3, 1.0, 3.0)
"""Multiples of the local variances among which, and against constant ones, the likelihood chooses."""

LOCAL_PRIOR = 1.0
"""Weight of the global variance in a local one, in days."""


@dataclass(frozen=True)
class Evidence:
    """What the passes say about the common level: information matrix (T, T), its vector (T,), and a constant."""

    information: Array
    pull: Array
    constant: float


@dataclass(frozen=True)
class Path:
    """The common level given the passes: mean (T,), covariance (T, T)."""

    mean: Array
    covariance: Array


def constant_steps(n_days: int) -> list[Array]:
    """Return candidates of constant variance, each of shape (T - 1,)."""
    return [_alert(np.full(n_days - 1, q)) for q in STEP_GRID]


def local_steps(path: Path) -> list[Array]:
    """Return candidates that follow the expected squared steps of a path, averaged over the days around."""
    moved, variance = np.diff(path.mean), np.diag(path.covariance)
    square = moved**2 + variance[1:] + variance[:-1] - 2.0 * np.diag(path.covariance, 1)
    gap = np.abs(np.subtract.outer(np.arange(square.size), np.arange(square.size)))
    kernel = np.exp(-gap / LOCAL_DAYS)
    local = (LOCAL_PRIOR * square.mean() + kernel @ square) / (LOCAL_PRIOR + kernel.sum(axis=1))
    return [_alert(np.maximum(factor * np.maximum(local, STEP_FLOOR), STEP_FLOOR)) for factor in LOCAL_FACTORS]


def likeliest(evidence: Evidence, steps: Sequence[Array]) -> Path:
    """Return the path under the candidate with the highest likelihood."""
    step = steps[int(np.argmax([loglik(evidence, step) for step in steps]))]
    covariance = np.linalg.inv(evidence.information + precision(step)).astype(np.float64)
    return Path(covariance @ _pull(evidence), covariance)


def loglik(evidence: Evidence, step: Array) -> float:
    """Return the log likelihood of all passes under daily variances, up to a constant."""
    factor = np.linalg.cholesky(evidence.information + precision(step))
    half = solve_triangular(factor, _pull(evidence), lower=True, check_finite=False)
    determinant = 2.0 * float(np.log(np.diag(factor)).sum()) + float(np.log(step).sum())
    return -0.5 * (evidence.constant + determinant - float(half @ half))


def precision(step: Array) -> Array:
    """Return the precision matrix of a random walk with the given step variances and a weak start."""
    inner = 1.0 / step
    main = np.append(inner, 0.0) + np.append(0.0, inner)
    main[0] += 1.0 / START_SD**2
    return np.diag(main) - np.diag(inner, 1) - np.diag(inner, -1)


def _alert(step: Array) -> Array:
    return step + ALERT_STEP * np.exp(-np.arange(step.size)[::-1] / ALERT_DAYS)


def _pull(evidence: Evidence) -> Array:
    pull = evidence.pull.copy()
    pull[0] += START_LEVEL / START_SD**2
    return pull
