"""The trough that a series returns from: what comes before it tells of the fall, not of the return."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.nowcast.series import Array, Series, smoothed

MIN_DAYS = 7
"""Days with a figure without which no trough is looked for."""

SECOND_FALL = 12.0
"""Points below an earlier top that make a later low the trough to start from. Ours."""

NEAR = 2.0
"""Points above the lowest day within which a day belongs to the trough: a flat one is long. Ours."""


def troughs(series: Series) -> tuple[NDArray[np.int64], Array]:
    """Return index and level of each series' trough, (N,) both; the last day and 100 where days are too few."""
    about = smoothed(series.value, least=1)
    index = np.full(len(about), about.shape[1] - 1)
    level = np.full(len(about), 100.0)
    for n, row in enumerate(about):
        if np.isfinite(series.value[n]).sum() >= MIN_DAYS:
            index[n] = _trough(row, np.flatnonzero(np.isfinite(row)))
            level[n] = row[index[n]]
    return index, level


def _trough(row: Array, days: NDArray[np.int64]) -> int:
    """Return the first day near the lowest, or near the lowest after a later top from which the series fell again."""
    low = _first_low(row, days)
    while True:
        after = days[days > low]
        if after.size < 2:
            return low
        top = after[np.argmax(row[after])]
        later = days[days > top]
        if not later.size or row[top] - row[later].min() < max(SECOND_FALL, 0.25 * (row[top] - row[low])):
            return low
        low = _first_low(row, later)


def _first_low(row: Array, days: NDArray[np.int64]) -> int:
    return int(days[np.argmax(row[days] <= row[days].min() + NEAR)])
