"""Exact smoothing of a panel: a common random walk plus one Gaussian process per site, variances learned.

See :mod:`solarnet_assets.nowcast.panel` for the model. Shapes: S sites, M passes (padded), T days, C candidates of
the deviation menu. Values are in percent of the own baseline, variances in percent squared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.nowcast import deviations, walk
from solarnet_assets.nowcast.noise import Noise

Array = NDArray[np.float64]

ITERATIONS = 3
"""Steps of expectation-maximisation; more change nothing on average and start to follow outliers."""


@dataclass(frozen=True)
class Passes:
    """Passes as padded arrays of shape (S, M).

    Attributes:
        seen: where a pass is; the rest is padding.
        day: day index of the pass, 0..T-1.
        value: percent of the own baseline.
        sd: standard deviation as its maker states it, percent.
        baseline_sd: relative standard deviation of the site's baseline where it applies, else 0.
    """

    seen: NDArray[np.bool_]
    day: NDArray[np.int64]
    value: Array
    sd: Array
    baseline_sd: Array

    @property
    def pairs(self) -> NDArray[np.bool_]:
        """Where two passes of a site meet, shape (S, M, M)."""
        return self.seen[:, :, None] & self.seen[:, None, :]

    def spread(self, variance: Array) -> Array:
        """Return diagonal covariances (S, M, M); padding gets one."""
        return np.where(self.seen, variance, 1.0)[:, :, None] * np.eye(self.seen.shape[1])

    def beyond(self, common: Array) -> Array:
        """Return what is left of each pass after the common level, shape (S, M)."""
        return np.where(self.seen, self.value - common[self.day], 0.0)


@dataclass(frozen=True)
class Posterior:
    """Common level and deviations given all passes.

    Attributes:
        path: the common level.
        menu_weight: posterior weight of each deviation of the menu, shape (S, C).
        passes: the passes.
        inverse: inverse covariance of each site's passes given the common level, shape (S, M, M).
    """

    path: walk.Path
    menu_weight: Array
    passes: Passes
    inverse: Array

    def weighted(self, share: Array, days: NDArray[np.int64]) -> tuple[Array, Array]:
        """Return mean and sd of weighted means of site levels.

        Args:
            share: weights, shape (K, S); rows add up to one.
            days: day indices, shape (D,).

        Returns:
            Two arrays of shape (K, D).
        """
        n_days = self.path.mean.size
        menu = deviations.kernels(days[None, :, None], self.passes.day[:, None, :], n_days)
        cross = np.einsum("sdmc,sc->sdm", menu, self.menu_weight) * self.passes.seen[:, None, :]
        gain = cross @ self.inverse
        level = self.path.mean[days] + np.einsum("sdm,sm->sd", gain, self.passes.beyond(self.path.mean))
        own = self.menu_weight @ deviations.kernels(days, days, n_days).T - np.einsum("sdm,sdm->sd", gain, cross)
        mixed = np.einsum("ks,sdt->kdt", share, self._loading(gain, days), optimize=True)
        shared = np.einsum("kdt,kdt->kd", mixed @ self.path.covariance, mixed)
        return share @ level, np.sqrt(np.maximum(shared + share**2 @ np.maximum(own, 0.0), 0.0))

    def _loading(self, gain: Array, days: NDArray[np.int64]) -> Array:
        """Return how site levels move with the common level of each day, shape (S, D, T)."""
        loading = np.zeros((*gain.shape[:2], self.path.mean.size))
        site, day = np.indices(gain.shape[:2])
        loading[site, day, days[None, :]] = 1.0
        for m in range(gain.shape[2]):
            loading[site, day, self.passes.day[:, m][:, None]] -= gain[:, :, m] * self.passes.seen[:, m][:, None]
        return loading


def smooth(passes: Passes, n_days: int) -> Posterior:
    """Learn the variances of the panel and return the smoothed posterior.

    Args:
        passes: the passes of all sites.
        n_days: T; every ``passes.day`` lies in 0..T-1.
    """
    menu = deviations.kernels(passes.day[:, :, None], passes.day[:, None, :], n_days) * passes.pairs[..., None]
    noise = Noise(passes.seen, passes.value, passes.sd)
    common = _rough_common(passes, n_days)
    level = np.where(passes.seen, common[passes.day], 0.0)
    noise.doubt((passes.value - level) ** 2, noise.variance(level))
    prior, drift = deviations.first_log_prior(), np.zeros_like(menu[..., 0])
    weight = deviations.weigh(passes.beyond(common), passes.spread(noise.variance(level)), drift, menu, prior)
    steps = constant = walk.constant_steps(n_days)
    for turn in range(ITERATIONS):
        variance, drift = noise.variance(level), _baseline_drift(passes, level)
        inverse, evidence = _inform(passes, variance, np.einsum("smnc,sc->smn", menu, weight) + drift, n_days)
        path = walk.likeliest(evidence, steps)
        error, error_variance = _noise_moments(passes, variance, inverse, path)
        level = np.where(passes.seen, passes.value - error, 0.0)
        noise.update(error**2 + error_variance, variance)
        spread = passes.spread(noise.variance(level))
        weight = deviations.weigh(passes.beyond(path.mean), spread, drift, menu, prior)
        prior = deviations.learned_log_prior(weight)
        steps = walk.local_steps(path) + (constant if turn % 2 else [])
    total = np.einsum("smnc,sc->smn", menu, weight) + drift
    inverse, evidence = _inform(passes, noise.variance(level), total, n_days)
    return Posterior(walk.likeliest(evidence, steps), weight, passes, inverse)


def _rough_common(passes: Passes, n_days: int) -> Array:
    """Return a first common level, shape (T,): the median of the nearest passes, about four days either way."""
    day, value = passes.day[passes.seen], passes.value[passes.seen]
    count = min(max(8 * day.size // n_days, 5), 40, day.size)
    nearest = np.argsort(np.abs(np.arange(n_days)[:, None] - day), axis=1, kind="stable")[:, :count]
    rough: Array = np.median(value[nearest], axis=1)
    return rough


def _baseline_drift(passes: Passes, level: Array) -> Array:
    """Return the covariance that an error of the site's baseline puts into its passes, shape (S, M, M)."""
    drift = passes.baseline_sd * np.maximum(level, 0.0)
    return np.asarray(drift[:, :, None] * drift[:, None, :], dtype=np.float64)


def _inform(passes: Passes, variance: Array, total: Array, n_days: int) -> tuple[Array, walk.Evidence]:
    """Integrate out deviations, baselines and noise.

    Args:
        passes: the passes.
        variance: noise variances, shape (S, M).
        total: covariance of everything but the common level and noise, shape (S, M, M); 0 at padding.
        n_days: T.

    Returns:
        The inverse covariance of each site's passes (S, M, M), and what they say about the common level.
    """
    covariance = total + passes.spread(variance)
    inverse = np.where(passes.pairs, np.linalg.inv(covariance), 0.0).astype(np.float64)
    value = np.where(passes.seen, passes.value, 0.0)
    pull = np.einsum("smn,sn->sm", inverse, value)
    flat = (passes.day[:, :, None] * n_days + passes.day[:, None, :]).ravel()
    information = _tally(flat, inverse, n_days * n_days).reshape(n_days, n_days)
    constant = float(np.linalg.slogdet(covariance)[1].sum() + (value * pull).sum())
    return inverse, walk.Evidence(information, _tally(passes.day.ravel(), pull, n_days), constant)


def _tally(where: NDArray[np.int64], values: Array, size: int) -> Array:
    """Add values up by index."""
    return np.bincount(where, values.ravel(), size).astype(np.float64)


def _noise_moments(passes: Passes, variance: Array, inverse: Array, path: walk.Path) -> tuple[Array, Array]:
    """Return posterior mean and variance of each pass's noise, both of shape (S, M)."""
    mean = variance * np.einsum("smn,sn->sm", inverse, passes.beyond(path.mean))
    among = path.covariance[passes.day[:, :, None], passes.day[:, None, :]]
    marginal = inverse - inverse @ among @ inverse
    left = variance - variance**2 * np.einsum("smm->sm", marginal)
    return np.where(passes.seen, mean, 0.0), np.where(passes.seen, np.maximum(left, 0.0), 0.0)
