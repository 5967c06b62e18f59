"""How far levels move from one day to the next, learned from the passes themselves.

The variance of a step is a scale times a shape. The shapes of common level and trend are local in time: a calm spell
closes the walk, a break opens it. Those of regions and of deviations are a profile in time that all of them share
(sites drift apart when something happens, also those that nobody has seen since) times a factor of each.

A shape has an inverse gamma prior about one, worth a few steps, which makes the steps heavy-tailed; a scale has none
to speak of. Updates are those of MacKay's evidence framework (1992, doi:10.1162/neco.1992.4.3.415): with ``q`` the
variance, ``q r**2`` sums the squares that the passes ask for and ``q N`` counts the steps that they determine, and at
the maximum of the likelihood the two agree. A multiplicative step towards that converges from above much faster than
expectation-maximisation, whose share of missing information is nearly one here (the same step, under a root, is the
minorisation of Zhou et al. 2019, doi:10.1080/10618600.2018.1529601). Shapes step first, the scale takes what they
leave. All start wide and are narrowed: from a narrow start a site that goes its own way looks like bad passes.

Variances are never known well: what a break looks like is told by two or three steps. Intervals that take them as
known are too narrow just where levels move (Kass and Steffey 1989, doi:10.1080/01621459.1989.10478825). Therefore they
are also drawn: the logarithm of a variance that ``n`` steps determine has about the variance ``2 / n`` (the Laplace
approximation in the logarithms, where the evidence's second derivative is ``n / 2``), and levels are averaged over
draws, as Rue et al. (2009, doi:10.1111/j.1467-9868.2008.00700.x) average over points.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

COMMON_START, TREND_START, OWN_START = 10.0, 1.0, 3.0
"""First guesses of the daily variances of common level, trend and the others, percent squared; wide."""

SMALLEST = 1e-5
"""Smallest daily variance, percent squared."""

ALERT, ALERT_DAYS = 1.0, 4.0
"""Daily variance added to the common level on the newest day, and the days over which it fades into the past: a break
that has just begun is not in the data yet. Ours."""

COMMON_DAYS, TREND_DAYS, SHARED_DAYS = 2.0, 4.0, 3.0
"""Scales (days, exponential kernel) on which the variances of the common level, of its trend, and those of regions and
deviations, may change. Ours."""

COMMON_PRIOR, SHARED_PRIOR, SITE_PRIOR, SCALE_PRIOR = 1.0, 2.0, 4.0, 0.5
"""Steps that the priors are worth: shapes of common level and trend, shared profiles, a factor, the scales. Ours."""


class StepVariances:
    """Variances of the steps, improved from smooth to smooth.

    Args:
        sites: number of sites S.
        days: number of days T.
        regions: number of regions R.
    """

    def __init__(self, sites: int, days: int, regions: int = 0) -> None:
        self._alert = ALERT * np.exp(-np.arange(days - 1)[::-1] / ALERT_DAYS)
        self.common = Variances(1, days - 1, COMMON_START, COMMON_DAYS, COMMON_PRIOR)
        self.trend = Variances(1, days - 1, TREND_START, TREND_DAYS, COMMON_PRIOR)
        self.regional = Variances(regions, days - 1, OWN_START, SHARED_DAYS, SHARED_PRIOR)
        self.own = Variances(sites, days - 1, OWN_START, SHARED_DAYS, SHARED_PRIOR)
        self._kinds = (self.common, self.trend, self.regional, self.own)
        self._ends = np.cumsum([1, 1, regions])

    @property
    def steps(self) -> Array:
        """Variances of all steps, (2 + R + S, T - 1)."""
        return self._joined([kind.values for kind in self._kinds])

    def update(self, pull: Array, information: Array) -> None:
        """Move scales and shapes towards the maximum of the likelihood.

        Args:
            pull: squared smoothing errors r**2 under the variances of now, (2 + R + S, T - 1).
            information: their variances N, (2 + R + S, T - 1).
        """
        parts = zip(np.split(pull, self._ends), np.split(information, self._ends), strict=True)
        for kind, (asked, counted) in zip(self._kinds, parts, strict=True):
            kind.update(asked, counted)

    def draws(self, pairs: int, rng: np.random.Generator) -> Iterator[Array]:
        """Draw variances of all steps, (2 + R + S, T - 1), in pairs that lie on opposite sides of what was learned."""
        for _ in range(pairs):
            moves = [kind.move(rng) for kind in self._kinds]
            for side in (1.0, -1.0):
                yield self._joined(
                    [kind.values * np.exp(side * move) for kind, move in zip(self._kinds, moves, strict=True)]
                )

    def _joined(self, parts: list[Array]) -> Array:
        return np.concatenate([parts[0] + self._alert, *parts[1:]])


class Variances:
    """Daily variances of one kind of step: a scale times a profile in time times a factor of each member.

    Args:
        members: how many share scale and profile, M; a single one has no factor.
        steps: number of steps.
        start: first guess of the scale, percent squared.
        days: scale of the profile's exponential kernel.
        prior: steps that the prior of the profile is worth.
    """

    def __init__(self, members: int, steps: int, start: float, days: float, prior: float) -> None:
        self._kernel = np.exp(-np.abs(np.subtract.outer(np.arange(steps), np.arange(steps))) / days)
        self._prior, self._steps_known, self._factor_known = prior, np.full(steps, prior), np.full((members, 1), np.inf)
        self.scale, self.profile, self.factor = start, np.ones(steps), np.ones((members, 1))

    @property
    def values(self) -> Array:
        """Variances, (M, steps)."""
        return np.maximum(self.scale * self.factor * self.profile, SMALLEST)

    def update(self, pull: Array, information: Array) -> None:
        """Move profile, factors and scale towards the maximum of the likelihood; arrays (M, steps)."""
        if not self.factor.size:
            return
        asked, counted, before = self.values * pull, self.values * information, self.factor * self.profile
        self._steps_known = self._prior + self._kernel @ counted.sum(axis=0)
        self.profile = (self._prior + self._kernel @ (self.profile * asked.sum(axis=0))) / self._steps_known
        if self.factor.size > 1:
            self._factor_known = SITE_PRIOR + counted.sum(axis=1, keepdims=True)
            self.factor = (SITE_PRIOR + self.factor * asked.sum(axis=1, keepdims=True)) / self._factor_known
        left = counted * self.factor * self.profile / before
        # The scale takes what the new shapes leave: scale and shape would otherwise make the same step twice.
        self.scale *= float((SCALE_PRIOR + asked.sum()) / (SCALE_PRIOR + left.sum()))

    def move(self, rng: np.random.Generator) -> Array:
        """Draw the error of the logarithm of the variances, (M, steps); days that share passes share errors."""
        along = self._kernel @ rng.standard_normal(self.profile.size) / np.sqrt((self._kernel**2).sum(axis=1))
        across = rng.standard_normal(self.factor.shape)
        return np.asarray(np.sqrt(2.0 / self._steps_known) * along + np.sqrt(2.0 / self._factor_known) * across)
