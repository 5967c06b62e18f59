"""How sure an aggregate is if other sites had been chosen: a bootstrap over sites.

Another question than that of the interval beside it, which is how well the mean of exactly these sites is known. Where
sites go different ways, a mean of few sites that are known to a point may stand for all sites to ten points only; where
they go the same way, resampling tells nothing of the errors that all estimates share, and its limits are too narrow for
the mean of these sites.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

DRAWS = 400
"""Resamples: the limits then wander by about a tenth of the half width. Ours."""

MIN_SITES = 5
"""Sites of an aggregate below which resampling says nothing. Ours."""


def interval(share: Array, mean: Array, sd: Array, seed: int) -> tuple[Array, Array]:
    """Return the 5 % and 95 % limits of weighted means over resampled sites.

    Sites of a row are drawn with replacement, as many as it has (Efron 1979, doi:10.1214/aos/1176344552), each with a
    draw from its estimate: the model pulls estimates together, and without the draw sites would look too alike.

    Args:
        share: weights of the sites in each row, (R, S).
        mean: levels, (S, D).
        sd: their standard deviations, (S, D).
        seed: of the random numbers; the same seed gives the same limits.

    Returns:
        Two arrays (R, D); NaN in rows of fewer than :data:`MIN_SITES` sites.
    """
    rng = np.random.default_rng(seed)
    limits = np.full((2, share.shape[0], mean.shape[1]), np.nan)
    for row, weights in enumerate(share):
        members = np.flatnonzero(weights)
        if members.size < MIN_SITES:
            continue
        times = rng.multinomial(members.size, np.full(members.size, 1.0 / members.size), size=DRAWS)
        drawn = times * weights[members]
        drawn /= drawn.sum(axis=1, keepdims=True)
        levels = drawn @ mean[members] + (drawn * rng.standard_normal(drawn.shape)) @ sd[members]
        limits[:, row] = np.quantile(levels, (0.05, 0.95), axis=0)
    return limits[0], limits[1]
