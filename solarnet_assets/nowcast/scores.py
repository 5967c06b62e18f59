"""How good a predictive distribution was: CRPS and coverage."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.nowcast.series import Array


def crps(draws: Array | NDArray[np.float32], seen: Array) -> Array:
    """Return the continuous ranked probability score of draws, in the unit of the values; smaller is better.

    ``E|X - y| - E|X - X'| / 2`` (Gneiting and Raftery 2007, doi:10.1198/016214506000001437, equation 21) with the mean
    over pairs of different draws, which is fair to ensembles of any size (Ferro 2014, doi:10.1002/qj.2270).

    Args:
        draws: (..., S), S at least 2.
        seen: what happened, (...); NaN gives NaN.
    """
    size = draws.shape[-1]
    away = np.abs(draws - seen[..., None]).mean(axis=-1)
    ranked = np.sort(draws, axis=-1)
    gaps = (ranked * (2.0 * np.arange(1, size + 1) - size - 1.0)).sum(axis=-1)  # sum over pairs of |x - x'|
    return np.asarray(away - gaps / (size * (size - 1.0)))


def crps_of_quantiles(quantiles: Array, seen: Array) -> Array:
    """Return the CRPS of a distribution that is known by quantiles at the levels ``(i + 0.5) / Q``.

    Twice the mean pinball loss over the levels (Gneiting and Ranjan 2011, doi:10.1198/jbes.2010.08110, equation 7).

    Args:
        quantiles: (..., Q).
        seen: what happened, (...).
    """
    size = quantiles.shape[-1]
    level = (np.arange(size) + 0.5) / size
    error = seen[..., None] - quantiles
    return np.asarray(2.0 * np.maximum(level * error, (level - 1.0) * error).mean(axis=-1))


def quantiles(draws: NDArray[np.float32], levels: Sequence[float]) -> Array:
    """Return quantiles of draws (N, S, H) at the levels, (levels, N, H), linear between order statistics."""
    ranked = np.sort(np.ascontiguousarray(draws.transpose(0, 2, 1)), axis=2)
    place = np.asarray(levels) * (draws.shape[1] - 1)
    below = np.minimum(place.astype(np.int64), draws.shape[1] - 2)
    low, high = ranked[:, :, below], ranked[:, :, below + 1]
    return np.moveaxis(low + (high - low) * (place - below), 2, 0).astype(np.float64)
