"""The panel as a linear Gaussian state space, filtered and smoothed by statsmodels.

Shapes: S sites, T days, K = 1 + 2 S states. In percent of the own baseline, for site ``i`` on day ``t``::

    pass[i, t]     = common[t] + deviation[i, t] + baseline[i] * level[i, t] + noise[i, t]
    common[t+1]    = common[t] + step,                      step ~ N(0, q[t])
    deviation[t+1] = PERSISTENCE * deviation[t] + own step,  own step ~ N(0, q[i, t])

``baseline[i]`` is the relative error of the site's own baseline: constant, seen through the level, and part of no
level. A day without a pass is a missing observation; two passes of a day are merged before. The filter and the
smoother are those of Durbin and Koopman (2012, Time Series Analysis by State Space Methods, chapters 4 and 5).
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

FIRST_DAYS = 30
"""Days whose step variances stand for those before the window (variance of a deviation on the first day)."""


@dataclass(frozen=True)
class Passes:
    """Passes by site and day, arrays of shape (S, T); where ``seen`` is false the others are 0 (``sd`` 1).

    Attributes:
        seen: where a pass is.
        value: percent of the own baseline.
        sd: standard deviation as its maker states it, percent.
        baseline_sd: relative standard deviation of the site's baseline where it applies, else 0.
    """

    seen: NDArray[np.bool_]
    value: Array
    sd: Array
    baseline_sd: Array


@dataclass(frozen=True)
class Smoothed:
    """States given all passes, and what the passes say about the variances.

    Attributes:
        level: levels of the sites, (S, T).
        error: noise of each pass given everything, (S, T); 0 where there is none.
        error_variance: its variance given everything, (S, T).
        pull: squared scaled smoothing errors r**2 of the steps into days 1..T-1 by state, (1 + S, T - 1).
        information: their variances N under the model; the slope of the log likelihood in a step's variance is
            (r**2 - N) / 2 (Koopman and Shephard 1992, doi:10.1093/biomet/79.4.823).
        mean: common level and deviations, (1 + S, T).
        covariance: their covariance by day, (1 + S, 1 + S, T).
    """

    level: Array
    error: Array
    error_variance: Array
    pull: Array
    information: Array
    mean: Array
    covariance: Array


class PanelModel:
    """A panel of passes with given variances.

    Args:
        passes: the passes of S sites on T days.
    """

    def __init__(self, passes: Passes) -> None:
        from statsmodels.tsa.statespace.kalman_smoother import KalmanSmoother

        sites, days = passes.value.shape
        self.passes, self.sites, self.days = passes, np.arange(sites), days
        self.model: Any = KalmanSmoother(sites, 1 + 2 * sites, k_posdef=1 + sites)
        self.model.bind(np.ascontiguousarray(np.where(passes.seen, passes.value, np.nan).T))
        self.model["transition"] = np.diag(np.r_[1.0, np.full(sites, PERSISTENCE), np.ones(sites)])
        self.model["selection"] = np.eye(1 + 2 * sites, 1 + sites)
        self._design = np.zeros((sites, 1 + 2 * sites, days))
        self._design[:, 0] = self._design[self.sites, 1 + self.sites] = 1.0
        self._noise = np.zeros((sites, sites, days))
        self._steps = np.zeros((1 + sites, 1 + sites, days))

    def smooth(self, level: Array, noise: Array, steps: Array) -> Smoothed:
        """Smooth with given variances.

        Args:
            level: levels that errors of baselines are in proportion to, (S, T).
            noise: variances of the passes, (S, T).
            steps: variances of the steps of the common level and of each deviation, (1 + S, T - 1).
        """
        from statsmodels.tsa.statespace import kalman_smoother as kalman

        self._set(level, noise, steps)
        states, disturbances = kalman.SMOOTHER_STATE, kalman.SMOOTHER_DISTURBANCE
        covariances = kalman.SMOOTHER_STATE_COV | kalman.SMOOTHER_DISTURBANCE_COV
        found = self.model.smooth(smoother_output=states | disturbances | covariances)
        own = 1 + self.sites.size
        mean = found.smoothed_state[:own]
        noise_covariance = found.smoothed_measurement_disturbance_cov[self.sites, self.sites]
        information = np.einsum("kkt->kt", found.scaled_smoothed_estimator_cov)
        return Smoothed(
            level=np.maximum(mean[0] + mean[1:], 0.0),
            error=np.where(self.passes.seen, found.smoothed_measurement_disturbance, 0.0),
            error_variance=np.where(self.passes.seen, noise_covariance, 0.0),
            pull=found.scaled_smoothed_estimator[:own, :-1] ** 2,
            information=information[:own, :-1],
            mean=mean,
            covariance=found.smoothed_state_cov[:own, :own],
        )

    def _set(self, level: Array, noise: Array, steps: Array) -> None:
        """Put variances and the levels that baseline errors are seen through into the model."""
        at, states = self.sites, np.arange(steps.shape[0])
        self._design[at, 1 + at.size + at] = np.where(self.passes.baseline_sd > 0, level, 0.0)
        self._noise[at, at] = noise
        self._steps[states, states, :-1] = steps
        for name, matrix in (("design", self._design), ("obs_cov", self._noise), ("state_cov", self._steps)):
            self.model[name] = matrix
        settled = steps[1:, :FIRST_DAYS].mean(axis=1) / (1.0 - PERSISTENCE**2)
        prior = np.r_[START_SD**2, settled, self.passes.baseline_sd.max(axis=1) ** 2]
        self.model.initialize_known(np.r_[START_LEVEL, np.zeros(2 * at.size)], np.diag(prior))
