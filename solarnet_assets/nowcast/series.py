"""Series side by side: what every forecasting method sees of the past, as arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

Array = NDArray[np.float64]

PAST_DAYS = 84
"""Days that methods look back on: three months hold a fall and the return so far. Ours."""

SHOWN = 2.0
"""Times the noise from day to day that a stated error may be without lasting: what lies beyond, as of levels that were
smoothed, the days do not show. Ours."""

NOISE_DAYS, MIN_CHANGES, USUAL_NOISE = 28, 5, 2.0
"""Newest days that tell the noise from day to day, the changes without which they do not, and the points that stand
then. Ours."""

RHYTHM_DAYS = 56
"""Days that tell the weekly rhythm: eight of each weekday."""

Z90 = 1.6448536269514722


@dataclass(frozen=True)
class Series:
    """The known past of N series, T days that end with the as-of day.

    Attributes:
        names: (signal, region) of each series, sorted.
        as_of: last day.
        value: percent of normal, NaN where a day has none, (N, T).
        sd: standard deviation that the intervals state, 0 where they state none, (N, T).
        rhythm: factor of each weekday that the values have been divided by, Monday first, (N, 7).
    """

    names: list[tuple[str, str]]
    as_of: date
    value: Array
    sd: Array
    rhythm: Array

    def ahead(self, horizon: int) -> Array:
        """Return the weekday factors of the ``horizon`` days after the as-of day, (N, horizon)."""
        days = (self.as_of.weekday() + 1 + np.arange(horizon)) % 7
        return self.rhythm[:, days]

    def take(self, rows: NDArray[np.int64]) -> Series:
        """Return some of the series."""
        names = [self.names[n] for n in rows]
        return Series(names, self.as_of, self.value[rows], self.sd[rows], self.rhythm[rows])


def series_of(history: pl.DataFrame, as_of: date, past: int = PAST_DAYS) -> Series:
    """Put a table into arrays and take the weekly rhythm out.

    Args:
        history: signal, region, day, value, lower, upper (90 %); later days than ``as_of`` are ignored, of two rows of
            a day the first counts.
        as_of: day on which the forecast is made.
        past: days to look back on.
    """
    start = as_of - timedelta(days=past - 1)
    known = (
        history.filter(pl.col("day").is_between(start, as_of), pl.col("value").is_finite())
        .unique(["signal", "region", "day"], keep="first", maintain_order=True)
        .sort("signal", "region", "day")
    )
    names = [(str(s), str(r)) for s, r in known.select("signal", "region").unique(maintain_order=True).rows()]
    value, sd = np.full((len(names), past), np.nan), np.zeros((len(names), past))
    if names:
        row = known.select(pl.struct("signal", "region").rle_id()).to_series().to_numpy()
        column = (known["day"] - start).dt.total_days().to_numpy()
        value[row, column] = known["value"].to_numpy()
        sd[row, column] = (known["upper"] - known["lower"]).fill_null(0.0).fill_nan(0.0).to_numpy() / (2 * Z90)
    found = Series(names, as_of, value, sd, np.ones((len(names), 7)))
    rhythm = weekly_rhythm(found)
    weekday = (start.weekday() + np.arange(past)) % 7
    return replace(found, value=value / rhythm[:, weekday], rhythm=rhythm)


def smoothed(value: Array, reach: int = 3, least: int = 4) -> Array:
    """Return the mean of the days about each day, NaN where fewer than ``least`` of them have a value; (N, T)."""
    padded = np.pad(value, ((0, 0), (reach, reach)), constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=1)
    seen = np.isfinite(windows)
    count = seen.sum(axis=2)
    total = np.where(seen, windows, 0.0).sum(axis=2)
    return np.where(count >= least, total / np.maximum(count, 1), np.nan)


def day_to_day(value: Array) -> Array:
    """Return the noise of each series from day to day, points, (N,).

    The median distance of its day-to-day changes from their median, as the standard deviation (Hampel 1974,
    doi:10.1080/01621459.1974.10482962) of one of the two days.

    Args:
        value: percent of normal without weekly rhythm, NaN where there is none, (N, T).
    """
    own = np.full(len(value), USUAL_NOISE)
    for n, row in enumerate(np.diff(value[:, -NOISE_DAYS - 1 :], axis=1)):
        change = row[np.isfinite(row)]
        if change.size >= MIN_CHANGES:
            own[n] = 1.4826 / np.sqrt(2) * np.median(np.abs(change - np.median(change)))
    return own


def newest_sd(series: Series) -> Array:
    """Return the standard deviation that the newest figure of each series states, 0 where it states none, (N,)."""
    stated = np.where(np.isfinite(series.value), series.sd, np.nan)
    return np.array([row[np.isfinite(row)][-1] if np.isfinite(row).any() else 0.0 for row in stated])


def weekly_rhythm(series: Series) -> Array:
    """Return what each weekday is of its week, Monday first, (N, 7).

    The mean over eight weeks of a day's ratio to the seven days about it, drawn to 1 by the share of its spread that
    chance explains (James and Stein 1961; Efron and Morris 1975, doi:10.1080/01621459.1975.10479864).
    """
    about = smoothed(series.value, least=6)
    about[:, :3], about[:, -3:] = np.nan, np.nan
    ratio = (series.value / np.maximum(about, 5.0) - 1.0)[:, -RHYTHM_DAYS:]
    ratio = np.clip(ratio, -0.5, 0.5)
    days = ratio.shape[1]
    weekday = (series.as_of.weekday() - (days - 1) + np.arange(days)) % 7
    return 1.0 + _shrunk(np.stack([ratio[:, weekday == d] for d in range(7)], axis=1))


def _shrunk(ratio: Array) -> Array:
    """Return shrunk means of (N, 7, weeks), 0 where a weekday was seen less than three times."""
    seen = np.isfinite(ratio)
    count = seen.sum(axis=2)
    filled = np.where(seen, ratio, 0.0)
    mean = filled.sum(axis=2) / np.maximum(count, 1)
    within = np.where(seen, (ratio - mean[:, :, None]) ** 2, 0.0).sum(axis=(1, 2)) / np.maximum(
        (count - 1).sum(axis=1), 1
    )
    chance = within / np.maximum(count.mean(axis=1), 1)
    mean -= mean.mean(axis=1, keepdims=True)
    between = (mean**2).sum(axis=1) / 6
    kept = np.maximum(1.0 - (4 / 6) * chance / np.maximum(between, 1e-12), 0.0)
    whole = (count >= 3).all(axis=1)
    return np.where(whole[:, None], kept[:, None] * mean, 0.0)
