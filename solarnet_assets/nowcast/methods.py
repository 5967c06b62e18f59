"""Every forecasting method over the same series, as paths drawn from the same random numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.nowcast import growth, local_level, straight_line
from solarnet_assets.nowcast.normals import Normals
from solarnet_assets.nowcast.series import Array, Series

METHODS = ("straight_line", "no_change", "local_level", "logistic", "gompertz")
STACK = "stack"
CHUNK = 128
"""Series that are worked on together: bounds the memory of the grids to some 200 MiB."""

Draws = NDArray[np.float32]


@dataclass(frozen=True)
class Member:
    """What one method says of N series.

    Attributes:
        paths: percent of normal, S paths of H days, (N, S, H); a series that the method cannot draw at all has the
            paths of no change.
        reason: why the method is not identified for a series, None where it is; N entries. A curve whose height only
            the prior tells has paths, which the stack uses, and a reason, so that nobody is shown it alone.
    """

    paths: Draws
    reason: list[str | None]


def members(series: Series, normals: Normals, holidays: Array | None = None) -> dict[str, Member]:
    """Run all :data:`METHODS`.

    Args:
        series: the known past; every series needs :data:`local_level.MIN_DAYS` days.
        normals: random numbers of the as-of day; their horizon is that of the paths.
        holidays: factor of each path's days, (S, H), one where there is no holiday; None: there is none.
    """
    rows = np.arange(len(series.names))
    parts = [_members(series.take(rows[n : n + CHUNK]), normals, holidays) for n in range(0, max(rows.size, 1), CHUNK)]
    return {
        name: Member(
            np.concatenate([part[name].paths for part in parts]), [why for part in parts for why in part[name].reason]
        )
        for name in METHODS
    }


def _members(series: Series, normals: Normals, holidays: Array | None) -> dict[str, Member]:
    told: list[str | None] = [None] * len(series.names)
    rhythm = series.ahead(normals.horizon)[:, None, :]
    course = rhythm if holidays is None else rhythm * holidays  # the two benchmarks stay as they are
    no_change = _values(local_level.paths(series, local_level.NO_DRIFT, normals), rhythm)
    lines, why = straight_line.paths(series, normals)
    found = {
        "straight_line": Member(_either(why, _values(lines, rhythm), no_change), why),
        "no_change": Member(no_change, told),
        "local_level": Member(_values(local_level.paths(series, local_level.DAMPED, normals), course), told),
    }
    for curve in growth.CURVES:
        grown = growth.fit(series, curve)
        drawn = _values(growth.paths(grown, curve, normals), course)
        found[curve] = Member(_either(grown.impossible, drawn, no_change), grown.reason)
    return found


def _values(paths: Array, rhythm: Array) -> Draws:
    """Put the weekly rhythm back; nothing is below zero."""
    return np.maximum(paths * rhythm, 0.0).astype(np.float32)


def _either(reason: list[str | None], paths: Draws, instead: Draws) -> Draws:
    without = np.array([why is not None for why in reason], dtype=bool)
    return np.where(without[:, None, None], instead, paths)
