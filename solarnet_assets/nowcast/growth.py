"""Logistic and Gompertz growth from a trough towards a height that is near normal.

    value[t] = floor + (height - floor) * share((t - middle) * speed) + residual[t]

with ``share(x) = 1 / (1 + exp(-x))`` (Verhulst 1838) or ``exp(-exp(-x))`` (Gompertz 1825). Floor and height enter
linearly, so for every speed and middle of a grid they are fitted exactly, under a prior, and the forecast averages over
the grid by posterior probability. There is no search that could end in the wrong place, and what the days do not tell
stays as wide as the prior.

The prior of the height is knowledge of 2020: resumption of Chinese cities rose like an S to 80-100 % of normal and
flattened there (docs/nowcast.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.nowcast.growth_posterior import NOISE_SD, Posterior, posterior, sums
from solarnet_assets.nowcast.normals import Normals
from solarnet_assets.nowcast.series import SHOWN, Array, Series, day_to_day, newest_sd
from solarnet_assets.nowcast.troughs import MIN_DAYS, troughs

Curve = Literal["logistic", "gompertz"]
CURVES: tuple[Curve, ...] = ("logistic", "gompertz")

HEIGHT, HEIGHT_SD = 94.0, 12.0
FLOOR_SD = 6.0
"""Priors in percent of normal; the floor's is about the trough that was seen. Ours."""

SPEEDS = np.geomspace(0.03, 0.5, 9)
"""A day; 1/speed * 4.4 days from a tenth to nine tenths of a logistic: nine days to five months."""

MIDDLES = 22
BEYOND = 35.0
"""Grid points of the middle, and how many days after the as-of day it may lie."""

HALF_LIFE = 21.0
RHO, RHO_DAYS = 0.6, 14.0
"""Prior of the residuals' day-to-day correlation and the days it is worth. Ours."""

MIN_SINCE, MIN_RISE = 10, 6.0
"""Days since the trough, and points above it, without which the days do not tell a curve. Ours."""

TOLD = 0.85
"""Share of the prior's spread of the height at which the days are held to tell nothing of it. Ours."""


@dataclass(frozen=True)
class Grown:
    """Curves of N series on G grid points; floor and height are (floor, height - floor).

    Attributes:
        impossible: why a series has no curve at all, None where it has one, N entries.
        reason: the same, or why the days do not tell the curve: it is then the prior's, N entries.
        middle: (N, G).
        speed: (G,).
        mean: floor and rise, (N, G, 2).
        root: their Cholesky factor relative to the noise, (N, G, 2, 2).
        weight: probability of the grid points, (N, G).
        scale: noise variance, (N, G).
        worth: days that tell it, (N,).
        rho: residuals' correlation from day to day, (N,).
        last: newest residual of each grid point, (N, G).
        lasting: standard deviation of the level that the newest interval states and the days do not show, (N,).
    """

    impossible: list[str | None]
    reason: list[str | None]
    middle: Array
    speed: Array
    mean: Array
    root: Array
    weight: Array
    scale: Array
    worth: Array
    rho: Array
    last: Array
    lasting: Array


def share(curve: Curve, x: Array) -> Array:
    """Return the share of the way from floor to height."""
    if curve == "logistic":
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -50, 50))))
    return np.asarray(np.exp(-np.exp(-np.clip(x, -5, 50))))


def fit(series: Series, curve: Curve) -> Grown:
    """Fit a curve to each series from its trough on."""
    days = series.value.shape[1]
    trough, level = troughs(series)
    back = np.arange(days) - (days - 1.0)
    usable = np.isfinite(series.value) & (np.arange(days) >= trough[:, None])
    weight = np.where(usable, 0.5 ** (-back / HALF_LIFE), 0.0)
    value = np.where(usable, series.value, 0.0)
    middle, speed = _grid(back[trough])
    basis = share(curve, speed[:, None] * (back - middle[:, :, None]))
    prior = np.stack([level, HEIGHT - level], axis=1), _prior_precision()
    rho, noise = np.full(len(level), RHO), np.full(len(level), NOISE_SD**2)
    told, rows = sums(value, weight, basis), np.arange(len(level))
    for _ in range(2):
        found = posterior(told, (1 - rho) / (1 + rho), prior, noise)
        best = found.weight.argmax(axis=1)
        fitted = found.mean[rows, best, :1] + found.mean[rows, best, 1:] * basis[rows, best]
        rho = _correlation(np.where(usable, value - fitted, 0.0), usable)
        noise = (found.weight * found.scale).sum(axis=1)
    last = _newest_residual(value, usable, basis, found.mean)
    impossible = _impossible(series)
    reason = [
        why or _untold(*facts)
        for why, *facts in zip(impossible, back[trough], _rise(series, trough, level), _height_sd(found), strict=True)
    ]
    lasting = np.maximum(newest_sd(series) - SHOWN * day_to_day(series.value), 0.0)
    curves = (found.mean, found.root, found.weight, found.scale, found.worth)
    return Grown(impossible, reason, middle, speed, *curves, rho, last, lasting)


def paths(grown: Grown, curve: Curve, normals: Normals) -> Array:
    """Draw paths of the days ahead, (N, S, H), before the weekly rhythm; rows with a reason mean nothing."""
    rows = np.arange(grown.weight.shape[0])[:, None]
    pick = normals.pick(grown.weight)
    sd = np.sqrt(grown.scale[rows, pick] * normals.scale(grown.worth))
    drawn = np.einsum("nspq,qs->nsp", grown.root[rows, pick], normals.start[:2])
    line = grown.mean[rows, pick] + sd[..., None] * drawn
    ahead = np.arange(1, normals.horizon + 1)
    basis = share(curve, grown.speed[pick][..., None] * (ahead - grown.middle[rows, pick][..., None]))
    rho = grown.rho[:, None]
    residual = grown.last[rows, pick]
    noise = np.empty_like(basis)
    for h in range(normals.horizon):
        residual = rho * residual + np.sqrt(1 - rho**2) * sd * normals.noise[:, h]
        noise[:, :, h] = residual
    level = grown.lasting[:, None, None] * normals.start[2][:, None]
    return line[..., :1] + line[..., 1:] * basis + noise + level


def _grid(trough: Array) -> tuple[Array, Array]:
    """Return middles (N, G) in days after the as-of day, and speeds (G,)."""
    along = (np.arange(MIDDLES) + 0.5) / MIDDLES
    middle = trough[:, None] + along * (BEYOND - trough[:, None])
    return np.repeat(middle, SPEEDS.size, axis=1), np.tile(SPEEDS, MIDDLES)


def _prior_precision() -> Array:
    """Return the precision of (floor, height - floor) in points, (2, 2), floor and height being independent."""
    to_height = np.array([[1.0, 0.0], [1.0, 1.0]])
    return to_height.T @ np.diag([FLOOR_SD**-2.0, HEIGHT_SD**-2.0]) @ to_height


def _correlation(residual: Array, usable: NDArray[np.bool_]) -> Array:
    """Return the correlation of neighbouring residuals, drawn to its prior, (N,)."""
    both = usable[:, 1:] & usable[:, :-1]
    product = (residual[:, 1:] * residual[:, :-1] * both).sum(axis=1)
    square = (residual**2).sum(axis=1)
    n = usable.sum(axis=1)
    return np.clip((n * product / np.maximum(square, 1e-9) + RHO_DAYS * RHO) / (n + RHO_DAYS), 0.0, 0.95)


def _newest_residual(value: Array, usable: NDArray[np.bool_], basis: Array, mean: Array) -> Array:
    """Return how far the newest days lie from each curve, (N, G): a mean whose weights fall by 0.7 a day."""
    back = np.arange(value.shape[1]) - (value.shape[1] - 1.0)
    recent = np.where(usable, 0.7 ** (-back), 0.0)
    recent /= np.maximum(recent.sum(axis=1, keepdims=True), 1e-9)
    newest = (recent * value).sum(axis=1, keepdims=True)
    floor = recent.sum(axis=1, keepdims=True) * mean[:, :, 0]
    return newest - floor - mean[:, :, 1] * (basis @ recent[:, :, None])[:, :, 0]


def _impossible(series: Series) -> list[str | None]:
    counts = np.isfinite(series.value).sum(axis=1)
    return [f"{n} days with a figure, {MIN_DAYS} are needed for a curve" if n < MIN_DAYS else None for n in counts]


def _rise(series: Series, trough: NDArray[np.int64], level: Array) -> Array:
    """Return the points by which the newest week lies above the trough, (N,)."""
    newest = np.array([row[np.isfinite(row)][-7:].mean() if np.isfinite(row).any() else 0.0 for row in series.value])
    return newest - level


def _height_sd(found: Posterior) -> Array:
    """Return the standard deviation of the height given the days, (N,)."""
    height = found.mean.sum(axis=2)
    within = found.scale * (found.root.sum(axis=2) ** 2).sum(axis=2)
    middle = (found.weight * height).sum(axis=1, keepdims=True)
    return np.sqrt((found.weight * (within + (height - middle) ** 2)).sum(axis=1))


def _untold(trough: float, rise: float, height_sd: float) -> str | None:
    """Return why the days do not tell a curve."""
    if -trough < MIN_SINCE:
        return f"{abs(trough):.0f} days since the trough, {MIN_SINCE} are needed"
    if rise < MIN_RISE:
        return f"the newest week lies {rise:.0f} points above the trough, {MIN_RISE:.0f} are needed"
    if height_sd > TOLD * HEIGHT_SD:
        return "the curve has not bent yet: its height would be the prior's"
    return None
