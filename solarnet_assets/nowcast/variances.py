"""How far levels move from one day to the next, learned from the passes themselves.

The variance of a step is a scale times a shape. The common level's shape is local in time: a calm spell closes the
walk, a break opens it. The deviations' shape is a profile in time that all sites share (sites drift apart when
something happens, also those that nobody has seen since) times a factor of each site.

A shape has an inverse gamma prior about one, worth a few steps, which makes the steps heavy-tailed; a scale has none
to speak of. Updates are those of MacKay's evidence framework (1992, doi:10.1162/neco.1992.4.3.415): with ``q`` the
variance, ``q r**2`` sums the squares that the passes ask for and ``q N`` counts the steps that they determine, and at
the maximum of the likelihood the two agree. A multiplicative step towards that converges from above much faster than
expectation-maximisation, whose share of missing information is nearly one here (the same step, under a root, is the
minorisation of Zhou et al. 2019, doi:10.1080/10618600.2018.1529601). Shapes step first, the scale takes what they
leave. All start wide and are narrowed: from a narrow start a site that goes its own way looks like bad passes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

COMMON_START, OWN_START = 10.0, 3.0
"""First guesses of the daily variances, percent squared; wide."""

SMALLEST = 1e-3
"""Smallest daily variance, percent squared."""

ALERT, ALERT_DAYS = 1.0, 4.0
"""Daily variance added to the common level on the newest day, and the days over which it fades into the past: a break
that has just begun is not in the data yet. Ours."""

COMMON_DAYS, SHARED_DAYS = 2.0, 3.0
"""Scales (days, exponential kernel) on which the variance of the common level, and that of all deviations, may
change. Ours."""

COMMON_PRIOR, SHARED_PRIOR, SITE_PRIOR, SCALE_PRIOR = 1.0, 2.0, 4.0, 0.5
"""Steps that the priors are worth: common level's shape, shared profile, a site's factor, the scales. Ours."""


class StepVariances:
    """Variances of the steps, improved from smooth to smooth.

    Args:
        sites: number of sites S.
        days: number of days T.
    """

    def __init__(self, sites: int, days: int) -> None:
        gap = np.abs(np.subtract.outer(np.arange(days - 1), np.arange(days - 1)))
        self._near = np.exp(-gap / COMMON_DAYS)
        self._around = np.exp(-gap / SHARED_DAYS)
        self._alert = ALERT * np.exp(-np.arange(days - 1)[::-1] / ALERT_DAYS)
        self.common_scale, self.common_shape = COMMON_START, np.ones(days - 1)
        self.own_scale, self.profile, self.factor = OWN_START, np.ones(days - 1), np.ones((sites, 1))

    @property
    def common(self) -> Array:
        """Variances of the common level's steps, (T - 1,), without what is added for the newest days."""
        return np.maximum(self.common_scale * self.common_shape, SMALLEST)

    @property
    def own(self) -> Array:
        """Variances of the deviations' steps, (S, T - 1)."""
        return np.maximum(self.own_scale * self.factor * self.profile, SMALLEST)

    @property
    def steps(self) -> Array:
        """Variances of all steps, (1 + S, T - 1)."""
        return np.concatenate([(self.common + self._alert)[None], self.own])

    def update(self, pull: Array, information: Array) -> None:
        """Move scales and shapes towards the maximum of the likelihood.

        Args:
            pull: squared smoothing errors r**2 under the variances of now, (1 + S, T - 1).
            information: their variances N, (1 + S, T - 1).
        """
        asked, counted, before = self.common * pull[0], self.common * information[0], self.common_shape
        self.common_shape = _shape(before, asked, counted, self._near, COMMON_PRIOR)
        self.common_scale *= _left(asked, counted * self.common_shape / before)
        own = self.own
        asked, counted, before = own * pull[1:], own * information[1:], self.factor * self.profile
        self.profile = _shape(self.profile, asked.sum(axis=0), counted.sum(axis=0), self._around, SHARED_PRIOR)
        steps, freedom = self.factor * asked.sum(axis=1, keepdims=True), counted.sum(axis=1, keepdims=True)
        self.factor = (SITE_PRIOR + steps) / (SITE_PRIOR + freedom)
        self.own_scale *= _left(asked, counted * self.factor * self.profile / before)


def _shape(shape: Array, asked: Array, counted: Array, kernel: Array, prior: float) -> Array:
    return np.asarray((prior + kernel @ (shape * asked)) / (prior + kernel @ counted), dtype=np.float64)


def _left(asked: Array, counted: Array) -> float:
    """Return what the new shapes leave to the scale: scale and shape would otherwise make the same step twice."""
    return float((SCALE_PRIOR + asked.sum()) / (SCALE_PRIOR + counted.sum()))
