"""Day of return to a share of normal, as a distribution: first passage of smoothed paths.

A path is back on the first day, the as-of day or later, on which the mean of the seven days about it is at or above
the threshold. Seven days, so that a Monday or a holiday is no return; about the day and not before it, so that a smooth
path is back when it crosses and not three days later. Days before the as-of day are those that were seen.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.nowcast.series import Array, Series, smoothed

THRESHOLDS = (90.0, 95.0, 100.0)
REACH = 3
"""Days on either side of a day that its mean takes in."""

NEVER = np.inf
LIMITS = (0.05, 0.5, 0.95)


def first_passage(about: Array, threshold: float) -> Array:
    """Return the first index at or above a threshold along the last axis, infinity where there is none."""
    reached = about >= threshold
    return np.where(reached.any(axis=-1), reached.argmax(axis=-1), NEVER)


def days_to_return(series: Series, paths: NDArray[np.float32], thresholds: tuple[float, ...] = THRESHOLDS) -> Array:
    """Return the days from the as-of day until each path is back, (N, S, thresholds); infinity: not in sight.

    Args:
        series: the known past, whose newest :data:`REACH` days and as-of day begin the smoothed path.
        paths: percent of normal, (N, S, H); days up to H - :data:`REACH` are looked at.
        thresholds: percent of normal.
    """
    newest = _newest(series).astype(np.float32)
    known = np.isfinite(newest)
    past = np.broadcast_to(np.where(known, newest, 0.0)[:, None, :], (*paths.shape[:2], newest.shape[1]))
    whole = np.concatenate([past, paths], axis=2, dtype=np.float32)
    looked_at = paths.shape[2] - REACH + 1
    total = sum(whole[:, :, start : start + looked_at] for start in range(2 * REACH + 1))
    count = np.full((len(newest), looked_at), 2 * REACH + 1)
    for start in range(newest.shape[1]):  # the mean about day d takes in the seen days from d on
        count[:, : start + 1] -= ~known[:, start : start + 1]
    about = np.asarray(total) / count[:, None, :].astype(np.float32)
    return np.stack([first_passage(about, level) for level in thresholds], axis=2)


def seen_return(values: Array, thresholds: tuple[float, ...] = THRESHOLDS) -> Array:
    """Return when series that were seen are back, (N, thresholds), in days from the as-of day; infinity: not seen.

    Args:
        values: percent of normal, the :data:`REACH` days before the as-of day first, NaN where unknown, (N, T).
        thresholds: percent of normal.
    """
    about = smoothed(values, REACH)[:, REACH:]
    return np.stack([first_passage(about, level) for level in thresholds], axis=1)


def limits(days: Array) -> Array:
    """Return 5 %, 50 % and 95 % of days to return, (3, N, ...): whole days, infinity where so many never return.

    Args:
        days: of draws, (N, S, ...).
    """
    size = days.shape[1]
    place = [max(int(np.ceil(level * size)) - 1, 0) for level in LIMITS]
    return np.moveaxis(np.sort(days, axis=1)[:, place], 1, 0)


def _newest(series: Series) -> Array:
    """Return the as-of day and the :data:`REACH` days before, with their weekly rhythm, (N, REACH + 1)."""
    back = np.arange(-REACH, 1)
    weekday = (series.as_of.weekday() + back) % 7
    return series.value[:, back - 1] * series.rhythm[:, weekday]
