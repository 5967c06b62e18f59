"""Floor and height of growth curves at every point of a grid of speeds and middles, in closed form.

The model is linear in floor and rise, with Gaussian noise of unknown scale: normal-inverse-gamma algebra (O'Hagan and
Forster 2004, chapter 11). The prior's spread is held fixed in points, compared with a noise variance that the caller
has estimated, so that a quiet series does not come with a confident prior.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solarnet_assets.nowcast.series import Array

NOISE_SD, NOISE_DAYS = 2.0, 4.0
"""Prior of the noise: standard deviation in points and days that it is worth. Ours."""


@dataclass(frozen=True)
class Sums:
    """Weighted sums over the days that the fit needs, of N series on G grid points.

    Attributes:
        one: of the weights, (N,).
        value, value_square: of the values and their squares, (N,).
        share, share_square, product: of the share of the way, its square, and its product with the values, (N, G).
    """

    one: Array
    value: Array
    value_square: Array
    share: Array
    share_square: Array
    product: Array


def sums(value: Array, weight: Array, share: Array) -> Sums:
    """Sum over the days.

    Args:
        value: percent of normal, 0 where there is none, (N, T).
        weight: of each day, (N, T).
        share: of the way from floor to height, (N, G, T).
    """
    columns = np.stack([weight, weight * value], axis=2)
    linear = share @ columns
    square = (share**2 @ weight[:, :, None])[:, :, 0]
    plain, squares = (weight * value).sum(axis=1), (weight * value**2).sum(axis=1)
    return Sums(weight.sum(axis=1), plain, squares, linear[:, :, 0], square, linear[:, :, 1])


@dataclass(frozen=True)
class Posterior:
    """Curves of N series on G grid points, each given the days.

    Attributes:
        mean: floor and rise above it, points, (N, G, 2).
        root: Cholesky factor of their covariance relative to the noise variance, (N, G, 2, 2).
        weight: probability of the grid points, (N, G).
        scale: noise variance, points squared, (N, G).
        worth: days that tell it, (N,).
    """

    mean: Array
    root: Array
    weight: Array
    scale: Array
    worth: Array


def posterior(told: Sums, tempering: Array, prior: tuple[Array, Array], noise: Array) -> Posterior:
    """Fit floor and rise at every grid point.

    Args:
        told: sums over the days.
        tempering: factor of all weights, since neighbouring days tell the same, (N,).
        prior: mean (N, 2) and precision (2, 2) of floor and rise, points.
        noise: noise variance that the prior is compared with, (N,).
    """
    prior_mean, precision = prior
    lam = precision * noise[:, None, None]
    by_point = tempering[:, None, None]
    gram, right = np.empty((*told.share.shape, 2, 2)), np.empty((*told.share.shape, 2))
    gram[..., 0, 0], gram[..., 0, 1] = told.one[:, None], told.share
    gram[..., 1, 0], gram[..., 1, 1] = told.share, told.share_square
    right[..., 0], right[..., 1] = told.value[:, None], told.product
    gram = by_point[..., None] * gram + lam[:, None]
    right = by_point * right + np.einsum("np,npq->nq", prior_mean, lam)[:, None, :]
    inverse = np.linalg.inv(gram)
    mean = np.einsum("ngpq,ngq->ngp", inverse, right)
    total = tempering * told.value_square + np.einsum("np,npq,nq->n", prior_mean, lam, prior_mean)
    loss = np.maximum(total[:, None] - np.einsum("ngp,ngp->ng", mean, right), 1e-6)
    worth = NOISE_DAYS + tempering * told.one
    square = NOISE_DAYS * NOISE_SD**2 + loss
    log = -0.5 * worth[:, None] * np.log(square) - 0.5 * np.log(np.linalg.det(gram))
    weight = np.exp(log - log.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    root = np.asarray(np.linalg.cholesky(inverse), dtype=np.float64)
    return Posterior(mean, root, weight, square / worth[:, None], worth)
