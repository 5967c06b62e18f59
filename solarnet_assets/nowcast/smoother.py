"""Levels of a panel of sites: the state space smoothed again and again while its variances are learned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from solarnet_assets.nowcast.noise import Noise
from solarnet_assets.nowcast.statespace import ALONE, PanelModel, Passes, Smoothed
from solarnet_assets.nowcast.variances import StepVariances

Array = NDArray[np.float64]

ITERATIONS = 10
"""Smooths until the variances have settled; more change little."""

PAIRS = 3
"""Pairs of draws of the variances over which the errors of levels are averaged. Ours."""

SEED = 0
"""Of the draws: the same passes give the same intervals."""

BLOCK = 32
"""Sites that are smoothed together. A filter's cost grows with the cube of its states: beyond this the others stand
beside a block as one site more."""

NEIGHBOURS = 2
"""Passes of the same site on either side that tell a first level."""


@dataclass(frozen=True)
class Posterior:
    """Levels given all passes.

    Attributes:
        sites: which sites these are, (B,).
        mean: levels, (B, T).
        covariance: of the levels by day, (B, B, T).
    """

    sites: NDArray[np.int64]
    mean: Array
    covariance: Array

    def weighted(self, share: Array, days: NDArray[np.int64]) -> tuple[Array, Array]:
        """Return mean and standard deviation of weighted sums of levels, both (R, D).

        Args:
            share: weights over all sites, (R, S).
            days: day indices, (D,).
        """
        own = share[:, self.sites]
        variance = np.einsum("ri,ijd,rj->rd", own, self.covariance[:, :, days], own, optimize=True)
        return own @ self.mean[:, days], np.sqrt(np.maximum(variance, 0.0))


def smooth(passes: Passes, order: NDArray[np.int64]) -> list[Posterior]:
    """Learn the variances and return the levels of all sites.

    Args:
        passes: the passes of S sites.
        order: sites in the order in which they are put into blocks of at most :data:`BLOCK`, (S,).

    Returns:
        One posterior for each block. Errors of two blocks share what they say about the common level.
    """
    blocks = np.array_split(order, -(-order.size // BLOCK))
    return [_smooth_block(_with_rest(passes, block), block) for block in blocks]


def weighted(posteriors: list[Posterior], share: Array, days: NDArray[np.int64]) -> tuple[Array, Array]:
    """Return mean and standard deviation of weighted means of levels over all blocks, both (R, D).

    Errors of different blocks are added as if they were the same error: an upper limit, and exact for one block.
    """
    parts = [posterior.weighted(share, days) for posterior in posteriors]
    return np.sum([mean for mean, _ in parts], axis=0), np.sum([sd for _, sd in parts], axis=0)


def _smooth_block(passes: Passes, block: NDArray[np.int64]) -> Posterior:
    """Smooth a block; sites of ``passes`` beyond those of the block (the rest of the panel) are not returned."""
    model = PanelModel(passes)
    with threadpool_limits(1, "blas"):  # matrices this small only lose by threads, the more so on busy cores
        return _learn(model, passes, block)


def _learn(model: PanelModel, passes: Passes, block: NDArray[np.int64]) -> Posterior:
    """Smooth and learn the variances in turn, then average over draws of them."""
    noise = Noise(passes.seen, passes.value, passes.sd)
    level = _first_level(passes)
    noise.doubt((passes.value - level) ** 2, noise.variance(level))
    sites, days = passes.value.shape
    steps = StepVariances(sites, days, model.regions)
    found = model.smooth(level, noise.variance(level), steps.steps)
    for _ in range(ITERATIONS - 1):
        steps.update(found.pull, found.information)
        noise.update(found.error**2 + found.error_variance, noise.variance(level))
        level = found.level
        found = model.smooth(level, noise.variance(level), steps.steps)
    drawn = [
        model.smooth(level, noise.variance(level), variances)
        for variances in steps.draws(PAIRS, np.random.default_rng(SEED))
    ]
    own = block.size
    return Posterior(block, found.mean[:own], _total_covariance(found.mean[:own], drawn))


def _total_covariance(mean: Array, drawn: list[Smoothed]) -> Array:
    """Return the covariance about the estimate, (B, B, T): of the draws within, and of their levels between."""
    own = mean.shape[0]
    away = np.array([found.mean[:own] - mean for found in drawn])
    within: Array = np.mean([found.covariance[:own, :own] for found in drawn], axis=0)
    return within + np.einsum("mit,mjt->ijt", away, away) / len(drawn)


def _with_rest(passes: Passes, block: NDArray[np.int64]) -> Passes:
    """Return a block's passes and, as one more site, the daily mean of everybody else's (weights: stated precision)."""
    rest = np.setdiff1d(np.arange(passes.value.shape[0]), block)
    kept = Passes(
        passes.seen[block], passes.value[block], passes.sd[block], passes.baseline_sd[block], passes.region[block]
    )
    if not rest.size:
        return kept
    weight = np.where(passes.seen[rest], passes.sd[rest] ** -2.0, 0.0)
    total = weight.sum(axis=0)
    safe = np.where(total > 0, total, 1.0)
    mean = (weight * passes.value[rest]).sum(axis=0) / safe
    error = np.sqrt((weight**2 * passes.baseline_sd[rest] ** 2).sum(axis=0)) / safe
    return Passes(
        seen=np.vstack([kept.seen, total > 0]),
        value=np.vstack([kept.value, mean]),
        sd=np.vstack([kept.sd, np.where(total > 0, safe**-0.5, 1.0)]),
        baseline_sd=np.vstack([kept.baseline_sd, error]),
        region=np.append(kept.region, ALONE),
    )


def _first_level(passes: Passes) -> Array:
    """Return a first level of each site and day, (S, T): the panel's or the site's own median about a pass.

    Of the two the one nearer to the pass is taken: the first follows a break that is common to all, the second a
    site that goes its own way. A pass that fits neither is the one to doubt.
    """
    common = _nearest_median(passes)
    level = np.tile(common, (passes.value.shape[0], 1))
    for row, value, seen in zip(level, passes.value, passes.seen, strict=True):
        at = np.flatnonzero(seen)
        if not at.size:
            continue
        padded = np.pad(value[at], NEIGHBOURS, mode="edge")
        own = np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * NEIGHBOURS + 1), axis=-1)
        row[at] = np.where(np.abs(value[at] - own) < np.abs(value[at] - row[at]), own, row[at])
    return np.maximum(level, 0.0)


def _nearest_median(passes: Passes) -> Array:
    """Return the median of the nearest passes of all sites by day, (T,): about four days either way."""
    day, value = np.nonzero(passes.seen)[1], passes.value[passes.seen]
    days = passes.value.shape[1]
    count = min(max(8 * day.size // days, 5), 40, day.size)
    nearest = np.argsort(np.abs(np.arange(days)[:, None] - day), axis=1, kind="stable")[:, :count]
    median: Array = np.median(value[nearest], axis=1)
    return median
