"""The panel as a linear Gaussian state space, filtered and smoothed by statsmodels.

Shapes: S sites in R regions of at least two, T days, K = 2 + R + 2 S states. In percent of the own baseline, for site
``i`` of region ``j`` on day ``t``::

    level[i, t]    = common[t] + regional[j, t] + deviation[i, t]
    pass[i, t]     = level[i, t] + baseline[i] * level[i, t] + noise[i, t]
    common[t+1]    = common[t] + trend[t] + step,           step ~ N(0, q[t])
    trend[t+1]     = TREND * trend[t] + turn,               turn ~ N(0, q'[t])
    regional[t+1]  = PERSISTENCE * regional[t] + step,      step ~ N(0, q[j, t])
    deviation[t+1] = PERSISTENCE * deviation[t] + step,     step ~ N(0, q[i, t])

Common level and trend are the local linear trend of Harvey (1989, Forecasting, Structural Time Series Models and the
Kalman Filter, 2.3.2), damped (Gardner and McKenzie 1985, doi:10.1287/mnsc.31.10.1237): a fall or a recovery goes on
for some days, and a jump is a step. Common, regional and own parts are those of the multi-level factor model of Kose
et al. (2003, doi:10.1257/000282803769206278), with all loadings one. ``baseline[i]`` is the relative error of the
site's own baseline: constant, seen through the level, and part of no level. A day without a pass is a missing
observation; two passes of a day are merged before. The filter and the smoother are those of Durbin and Koopman (2012,
Time Series Analysis by State Space Methods, chapters 4 and 5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

START_LEVEL, START_SD = 100.0, 40.0
"""Prior of the common level on the first day of the window."""

PERSISTENCE = float(np.exp(-1.0 / 40.0))
"""What is left of a deviation a day later: it fades within some forty days of silence. Ours."""

TREND = float(np.exp(-1.0 / 10.0))
"""What is left of the common trend a day later: a fall or a recovery turns within some ten days. Ours."""

FIRST_DAYS = 30
"""Days whose step variances stand for those before the window (variance of a deviation on the first day)."""

ALONE = -1
"""Region of a site that has none."""


@dataclass(frozen=True)
class Passes:
    """Passes by site and day, arrays of shape (S, T); where ``seen`` is false the others are 0 (``sd`` 1).

    Attributes:
        seen: where a pass is.
        value: percent of the own baseline.
        sd: standard deviation as its maker states it, percent.
        baseline_sd: relative standard deviation of the site's baseline where it applies, else 0.
        region: number of each site's region, :data:`ALONE` for none, (S,).
    """

    seen: NDArray[np.bool_]
    value: Array
    sd: Array
    baseline_sd: Array
    region: NDArray[np.int64]


@dataclass(frozen=True)
class Smoothed:
    """States given all passes, and what the passes say about the variances.

    Attributes:
        mean: levels of the sites, (S, T).
        covariance: their covariance by day, (S, S, T).
        error: noise of each pass given everything, (S, T); 0 where there is none.
        error_variance: its variance given everything, (S, T).
        pull: squared scaled smoothing errors r**2 of the steps into days 1..T-1 by state, (2 + R + S, T - 1).
        information: their variances N under the model; the slope of the log likelihood in a step's variance is
            (r**2 - N) / 2 (Koopman and Shephard 1992, doi:10.1093/biomet/79.4.823).
    """

    mean: Array
    covariance: Array
    error: Array
    error_variance: Array
    pull: Array
    information: Array

    @property
    def level(self) -> Array:
        """Levels as no level is, below zero cut off, (S, T)."""
        return np.maximum(self.mean, 0.0)


class PanelModel:
    """A panel of passes with given variances.

    Args:
        passes: the passes of S sites on T days.
    """

    def __init__(self, passes: Passes) -> None:
        from statsmodels.tsa.statespace.kalman_smoother import KalmanSmoother

        sites, days = passes.value.shape
        self.passes, self.sites = passes, np.arange(sites)
        self.loads = np.hstack([np.ones((sites, 1)), np.zeros((sites, 1)), _membership(passes.region), np.eye(sites)])
        self.moving = self.loads.shape[1]
        self.regions = self.moving - 2 - sites
        self._fading = np.r_[1.0, TREND, np.full(self.moving - 2, PERSISTENCE)]
        self.model: Any = KalmanSmoother(sites, self.moving + sites, k_posdef=self.moving)
        self.model.bind(np.ascontiguousarray(np.where(passes.seen, passes.value, np.nan).T))
        transition = np.diag(np.r_[self._fading, np.ones(sites)])
        transition[0, 1] = 1.0
        self.model["transition"] = transition
        self.model["selection"] = np.eye(self.moving + sites, self.moving)
        self._design = np.zeros((sites, self.moving + sites, days))
        self._design[:, : self.moving] = self.loads[:, :, None]
        self._noise = np.zeros((sites, sites, days))
        self._steps = np.zeros((self.moving, self.moving, days))

    def smooth(self, level: Array, noise: Array, steps: Array) -> Smoothed:
        """Smooth with given variances.

        Args:
            level: levels that errors of baselines are in proportion to, (S, T).
            noise: variances of the passes, (S, T).
            steps: variances of the steps of common level, trend, regions and deviations, (2 + R + S, T - 1).
        """
        from statsmodels.tsa.statespace import kalman_smoother as kalman

        self._set(level, noise, steps)
        states, disturbances = kalman.SMOOTHER_STATE, kalman.SMOOTHER_DISTURBANCE
        covariances = kalman.SMOOTHER_STATE_COV | kalman.SMOOTHER_DISTURBANCE_COV
        found = self.model.smooth(smoother_output=states | disturbances | covariances)
        own, seen = slice(self.moving), self.passes.seen
        noise_covariance = found.smoothed_measurement_disturbance_cov[self.sites, self.sites]
        information = np.einsum("kkt->kt", found.scaled_smoothed_estimator_cov)
        across = np.tensordot(self.loads, found.smoothed_state_cov[own, own], axes=1)
        return Smoothed(
            mean=self.loads @ found.smoothed_state[own],
            covariance=np.einsum("ikt,jk->ijt", across, self.loads, optimize=True),
            error=np.where(seen, found.smoothed_measurement_disturbance, 0.0),
            error_variance=np.where(seen, noise_covariance, 0.0),
            pull=found.scaled_smoothed_estimator[own, :-1] ** 2,
            information=information[own, :-1],
        )

    def _set(self, level: Array, noise: Array, steps: Array) -> None:
        """Put variances and the levels that baseline errors are seen through into the model."""
        at, states = self.sites, np.arange(self.moving)
        self._design[at, self.moving + at] = np.where(self.passes.baseline_sd > 0, level, 0.0)
        self._noise[at, at] = noise
        self._steps[states, states, :-1] = steps
        for name, matrix in (("design", self._design), ("obs_cov", self._noise), ("state_cov", self._steps)):
            self.model[name] = matrix
        settled = steps[1:, :FIRST_DAYS].mean(axis=1) / (1.0 - self._fading[1:] ** 2)
        prior = np.r_[START_SD**2, settled, self.passes.baseline_sd.max(axis=1) ** 2]
        self.model.initialize_known(np.r_[START_LEVEL, np.zeros(prior.size - 1)], np.diag(prior))


def _membership(region: NDArray[np.int64]) -> Array:
    """Return which sites belong to which region of at least two sites, (S, R)."""
    names, sizes = np.unique(region[region != ALONE], return_counts=True)
    return np.asarray(region[:, None] == names[sizes > 1], dtype=np.float64)
