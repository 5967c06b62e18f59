"""The random numbers behind all paths: the same for every series and method of an as-of day.

Common random numbers make methods comparable draw by draw, a series' forecast independent of who else is forecast, and
cost nothing per series. They are drawn in pairs of opposite sign, so that means are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.nowcast.series import Array

PATHS, DAYS = 200, 63
"""Paths, an even number, and the longest horizon."""


@dataclass(frozen=True)
class Normals:
    """Standard normal and uniform draws of S paths over H days, at most :data:`DAYS`.

    Attributes:
        start: of the state on the as-of day, (3, S).
        step, turn, noise: of each day, (S, H).
        uniform: one of each path, spread evenly, (2, S).
        horizon: H.
    """

    start: Array
    step: Array
    turn: Array
    noise: Array
    uniform: Array
    horizon: int

    def pick(self, weight: Array) -> NDArray[np.int64]:
        """Return a grid point for each path, (N, S), by weights (N, G) that add up to one."""
        edges = np.cumsum(weight, axis=1)
        edges[:, -1] = 1.0 + 1e-9
        picked = [np.searchsorted(row, self.uniform[0], side="right") for row in edges]
        return np.array(picked, dtype=np.int64).reshape(len(edges), self.uniform.shape[1])

    def scale(self, worth: Array) -> Array:
        """Return draws of true over learned variance, (N, S): ``worth`` over chi-square of so many degrees (N,)."""
        # Wilson and Hilferty 1931, doi:10.1073/pnas.17.12.684: the cube root of chi-square over its degrees is normal
        spread = 2.0 / (9.0 * worth[:, None])
        normal = _normal_quantile(self.uniform[1])
        root = np.maximum(1.0 - spread + normal * np.sqrt(spread), 0.3)
        return 1.0 / root**3


def normals(as_of: date, horizon: int) -> Normals:
    """Return the draws of an as-of day; a shorter horizon has the first days of the longest."""
    whole = _normals(as_of)
    step, turn, noise = (part[:, :horizon] for part in (whole.step, whole.turn, whole.noise))
    return Normals(whole.start, step, turn, noise, whole.uniform, horizon)


@lru_cache(maxsize=64)
def _normals(as_of: date) -> Normals:
    rng = np.random.default_rng([as_of.toordinal()])
    uniform = np.array([(rng.permutation(PATHS) + 0.5) / PATHS for _ in range(2)])
    start, step, turn, noise = (_pairs(rng, n) for n in (3, DAYS, DAYS, DAYS))
    return Normals(start.T, step, turn, noise, uniform, DAYS)


def _pairs(rng: np.random.Generator, columns: int) -> Array:
    half = rng.standard_normal((PATHS // 2, columns))
    return np.concatenate([half, -half])


def _normal_quantile(share: Array) -> Array:
    from scipy.special import ndtri

    return np.asarray(ndtri(share))
