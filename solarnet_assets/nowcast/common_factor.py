"""Components that move together: one dynamic factor whose steps, and those of each component's own, vary with the day.

Model, in points from normal, component *k*, day *t*:

    y[k,t] = loading[k] * f[t] + u[k,t],        f a random walk, u[k,t] = OWN_LASTS * u[k,t-1] + step

Own parts fade, so what components go on sharing is the factor's.

A day that lacks a component is a missing observation of a linear Gaussian state space, which statsmodels filters and
smooths. Everything else is learned by expectation maximisation about that smoother (Shumway and Stoffer 1982,
doi:10.1111/j.1467-9892.1982.tb00349.x; with missing days Bańbura and Modugno 2014, doi:10.1002/jae.2306):

* **Variances of the steps are local in time**: a scale times a profile with an inverse gamma prior, which makes steps
  heavy-tailed, smoothed over some days. The factor has a profile, and so has every component's own part; steps of the
  other components count there too, so that one that nobody sees is uncertain when the others part. With one variance
  for all days calm is drawn too wide and a fall too narrow (variances of common and own parts that drift, with
  outliers: Stock and Watson 2016, doi:10.1162/REST_a_00608; kernel and prior are ours).
* **Loadings** have the prior that a shock moves every component alike, give or take 0.4: what moved little in calm
  days tells nothing of a fall that has just begun. Ours.

Variances are not known well either. An interval from them takes Student's t with as many degrees of freedom as steps
tell the day's variance, as for the mean of a normal sample (Gelman et al. 2013, Bayesian Data Analysis, section 3.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ROUNDS = 15
"""Steps of expectation maximisation. Ten more change the weighted composite of drawn countries
(``benchmarks/composite_gaps.py``) by half a point at most, the common part by two where components part. Ours."""

LOCAL_DAYS = 4.0
"""Scale, in days, of the exponential kernel over which a variance may change. Ours."""

PRIOR_STEPS = 2.0
"""Steps that the prior of a profile is worth. Ours."""

FIRST_VARIANCE, LEAST_VARIANCE = 4.0, 1e-3
"""First guess and floor of the daily variances, points squared."""

LARGEST_RATIO = 9.0
"""Squared step, in units of its scale, up to which it counts for the other components: one that goes its own way by
more than three standard deviations is no reason to doubt the rest. Ours."""

LEVEL_SD, OWN_SD = 50.0, 15.0
"""Standard deviations, points, of factor and own parts on the first day: wide."""

OWN_LASTS = 0.9
"""What is left of a component's own part a day later. Ours: parts that never fade take a share of the common fall."""

READING_VARIANCE = 1e-2
"""Variance of an observation about the model's components, points squared: a tenth of a point, so that nothing is
singular. A component's error of measurement is part of its own walk, and the index adds it to the interval."""

SMALL_STEP = 3.0
"""Points a day below which steps say little of a loading: what trembles together is not what falls together. Ours."""

LOADING_SD, LOADING_ERROR = 0.4, 0.3
"""Standard deviation of the prior of a loading about one, and of how much the next move's loading differs from that of
the moves that were seen. Ours."""


@dataclass(frozen=True)
class Fitted:
    """What the model says of T days and K components, in percent of normal.

    Attributes:
        expected: each component on each day, given all others and its own other days, (T, K).
        covariance: of these within a day, (T, K, K); near nil where a component was observed.
        common: what the factor explains of each component, (T, K).
        common_sd: standard deviation of the factor on each day, in its own standard deviations, (T,).
        loading: points that a component moves with one standard deviation of the factor, (K,).
        steps: how many steps tell the variances of each day, (T,).
    """

    expected: Array
    covariance: Array
    common: Array
    common_sd: Array
    loading: Array
    steps: Array

    @property
    def quantile(self) -> Array:
        """95 % quantile of Student's t on each day, (T,): in place of 1.645 for what the model estimates."""
        from scipy.special import stdtrit

        return np.asarray(stdtrit(self.steps, 0.95))


class _Steps:
    """Variances of the daily steps of factor and own parts: scales (1 + K,) times profiles, and what tells them."""

    def __init__(self, days: int, count: int) -> None:
        apart = np.abs(np.subtract.outer(np.arange(days), np.arange(days)))
        self._kernel = np.exp(-apart / LOCAL_DAYS)
        self._kernel[:, -1] = 0.0  # the last step leads out of what was seen
        self._scale, self._profile = np.full(1 + count, FIRST_VARIANCE), np.ones((1 + count, days))
        self.told = np.full(days, PRIOR_STEPS)

    @property
    def values(self) -> Array:
        """Variances, (1 + K, T); the one of day t is that of the step to t + 1."""
        return np.maximum(self._scale[:, None] * self._profile, LEAST_VARIANCE)

    def update(self, squares: Array, left: Array) -> None:
        """Take expected squares of the steps, and the variances they still have, (1 + K, T) each."""
        weight, ratio = self._kernel.sum(axis=1), squares / self._scale[:, None]
        self.told = PRIOR_STEPS + self._kernel @ np.clip(1 - left[0] / self.values[0], 0, 1)
        shared = np.minimum(ratio[1:], LARGEST_RATIO)
        own = ratio[1:] + shared.sum(axis=0) - shared
        told = PRIOR_STEPS + np.vstack([weight, *[len(own) * weight] * len(own)])
        self._profile = (PRIOR_STEPS + np.vstack([ratio[:1], own]) @ self._kernel.T) / told
        # Half a step keeps the scale of something that never moves off zero.
        total = (squares / self._profile)[:, :-1].sum(axis=1)
        self._scale = (total + 0.5 * self._scale) / (squares.shape[1] - 0.5)


def fit(value: Array, normal: float = 100.0) -> Fitted:
    """Fit the model to components and smooth it.

    Args:
        value: percent of normal, (T, K), NaN where a day lacks a component; each has some days.
        normal: what the walks are measured from.
    """
    seen, (days, count) = value - normal, value.shape
    loading, precision, steps = np.ones(count), np.ones(count), _Steps(days, count)
    smoothed = _smooth(seen, loading, steps.values)
    for _ in range(ROUNDS):
        left = np.einsum("iit->it", smoothed.smoothed_state_disturbance_cov)
        steps.update(smoothed.smoothed_state_disturbance**2 + left, left)
        loading, precision = _loadings(seen, smoothed, left[0], steps.values)
        smoothed = _smooth(seen, loading, steps.values)
    design = np.column_stack([loading, np.eye(count)])
    state, spread = smoothed.smoothed_state.T, np.moveaxis(smoothed.smoothed_state_cov, 2, 0)
    factor = state[:, 0]
    covariance = design @ spread @ design.T
    covariance[:, np.arange(count), np.arange(count)] += _unsure(seen, factor, precision)
    unit = float(factor.std()) or 1.0
    common_sd = np.sqrt(spread[:, 0, 0]) / unit
    expected, common = normal + state @ design.T, normal + np.outer(factor, loading)
    return Fitted(expected, covariance, common, common_sd, loading * unit, steps.told)


def _smooth(seen: Array, loading: Array, variances: Array) -> Any:
    """Return statsmodels' smoother output for given loadings and variances of the steps."""
    from statsmodels.tsa.statespace.kalman_smoother import KalmanSmoother

    count = len(loading)
    # Components one at a time: no inverse of a nearly singular matrix (Koopman and Durbin 2000,
    # doi:10.1111/1467-9892.00186).
    model = KalmanSmoother(count, count + 1, count + 1, filter_univariate=True)
    model.bind(seen)
    model["design"] = np.column_stack([loading, np.eye(count)])
    model["transition"] = np.diag([1.0] + [OWN_LASTS] * count)
    model["selection"] = np.eye(count + 1)
    model["obs_cov"] = READING_VARIANCE * np.eye(count)
    model["state_cov"] = np.eye(count + 1)[:, :, None] * variances[:, None]
    model.initialize_known(np.zeros(count + 1), np.diag([LEVEL_SD**2] + [OWN_SD**2] * count))
    return model.smooth()


def _loadings(seen: Array, smoothed: Any, left: Array, variances: Array) -> tuple[Array, Array]:
    """Return loadings and their precisions: a regression of steps on the factor's, each by its day's own variance."""
    factor = smoothed.smoothed_state[0][:, None]
    steps, moved = seen[1:] - OWN_LASTS * seen[:-1], factor[1:] - OWN_LASTS * factor[:-1]
    weight = np.where(np.isfinite(steps), 1 / (variances[1:, :-1].T + SMALL_STEP**2), 0.0)
    precision = (weight * (moved**2 + left[:-1, None])).sum(axis=0) + LOADING_SD**-2
    told = (weight * moved * np.nan_to_num(steps)).sum(axis=0) + LOADING_SD**-2
    return told / precision, precision


def _unsure(seen: Array, factor: Array, precision: Array) -> Array:
    """Return the variance, (T, K), that an unsure loading adds: by how far the factor went since a component was seen.

    Between two days with the component, the distance is that from the straight line between them.
    """
    at, present = np.arange(len(factor)), np.isfinite(seen)
    known = [np.interp(at, at[days], factor[days]) for days in present.T]
    return np.asarray((factor[:, None] - np.transpose(known)) ** 2 * (1 / precision + LOADING_ERROR**2))
