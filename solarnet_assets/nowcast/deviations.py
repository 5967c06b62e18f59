"""How a site may differ from the others: a menu of Gaussian processes, weighed by the data.

The menu goes from no deviation to one of a hundred percent; the weights of all sites are learned together, so
that a country of look-alikes shrinks each site to the common level and a divided one does not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NONE = (0.5, 60.0, False, 0, 3.0)


def _heavy(tau: float) -> float:
    """Return the prior weight of a scale: falls with the scale as a half-Cauchy does."""
    return 8.0 / max(tau, 8.0)


MENU = (
    NONE,
    *((tau, 40.0, False, 0, _heavy(tau)) for tau in (4.0, 8.0, 16.0)),
    *((tau, 20.0, True, 0, _heavy(tau)) for tau in (8.0, 16.0, 32.0, 64.0)),
    *((tau, 20.0, False, 60, _heavy(tau)) for tau in (8.0, 16.0, 32.0, 64.0)),
    *((tau, 20.0, False, 30, _heavy(tau)) for tau in (8.0, 16.0, 32.0, 64.0)),
)
"""Each entry: sd in percent, range in days, smooth (Matern 3/2) or rough (exponential), how many days ago it began
(0: always there), prior weight."""

PRIOR = np.array([row[-1] for row in MENU])


def kernels(left: NDArray[np.int64], right: NDArray[np.int64], n_days: int) -> Array:
    """Return the menu's covariances between days, broadcast; shape of ``left - right`` + (C,)."""
    lag = np.arange(n_days, dtype=float)
    table, since = np.empty((n_days, len(MENU))), np.empty((n_days, len(MENU)))
    for c, (tau, span, smooth, began, _) in enumerate(MENU):
        scaled = (np.sqrt(3.0) if smooth else 1.0) * lag / span
        table[:, c] = tau**2 * np.exp(-scaled) * (1.0 + scaled if smooth else 1.0)
        since[:, c] = lag >= n_days - began if began else 1.0
    found: Array = table[np.abs(left - right)]
    found *= since[left]
    found *= since[right]
    return found


def first_log_prior() -> Array:
    """Return log prior weights of the menu, shape (C,)."""
    return np.log(PRIOR / PRIOR.sum())


def learned_log_prior(weight: Array) -> Array:
    """Return log prior weights after the posterior weights (S, C) of all sites."""
    return np.log((PRIOR + weight.sum(axis=0)) / (PRIOR.sum() + weight.shape[0]))


def weigh(residual: Array, noise: Array, drift: Array, menu: Array, log_prior: Array) -> Array:
    """Return posterior weights of the menu given what is left of each pass after the common level.

    One Cholesky factor of the covariance bordered by the residual yields both its determinant and the residual's
    quadratic form.

    Args:
        residual: shape (S, M); 0 at padding.
        noise: diagonal covariance of the noise, shape (S, M, M); 1 at padding.
        drift: covariance of the baseline's error, shape (S, M, M); 0 at padding.
        menu: covariances of the menu, shape (S, M, M, C); 0 at padding.
        log_prior: shape (C,).

    Returns:
        Weights that add up to one per site, shape (S, C).
    """
    size = residual.shape[1]
    bordered = np.empty((menu.shape[0], menu.shape[-1], size + 1, size + 1))
    bordered[:, :, :size, :size] = np.moveaxis(menu, -1, 1) + (noise + drift)[:, None]
    bordered[:, :, size, :size] = bordered[:, :, :size, size] = residual[:, None, :]
    smallest = np.einsum("smm->sm", noise).min(axis=1)
    bound = 1.0 + (residual**2).sum(axis=1) / smallest
    bordered[:, :, size, size] = bound[:, None]
    pivot = np.einsum("scmm->scm", np.linalg.cholesky(bordered))
    score = log_prior - np.log(pivot[:, :, :size]).sum(axis=2) - 0.5 * (bound[:, None] - pivot[:, :, size] ** 2)
    weight = np.exp(score - score.max(axis=1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=1, keepdims=True), dtype=np.float64)
