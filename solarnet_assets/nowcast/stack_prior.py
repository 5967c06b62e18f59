"""What the stack starts from before its own past forecasts speak: weights and widths that go with how the series stand.

A pool whose weights know the state of the series (feature-based combination: Montero-Manso et al. 2020,
doi:10.1016/j.ijforecast.2019.02.011), here by two questions to all series of a signal together: do they rise, and if
not, have they been low for weeks? And a width that goes with how noisy they are: much of a pool's width is about who is
right, and smooth series have told that. All numbers were chosen on drawn recoveries (``benchmarks/forecast_prior.py``):
weights near the best of each state, widths near those that the interval score likes best (Gneiting and Raftery 2007,
doi:10.1198/016214506000001437, section 6.2). Ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solarnet_assets.nowcast.series import NOISE_DAYS, SHOWN, USUAL_NOISE, Array, Series, day_to_day
from solarnet_assets.nowcast.troughs import troughs

RISING = np.array([0.01, 0.02, 0.10, 0.20, 0.67])
STILL = np.array([0.01, 0.42, 0.05, 0.20, 0.32])
STUCK = np.array([0.10, 0.55, 0.10, 0.10, 0.15])
"""Weights of straight line, no change, local level, logistic, Gompertz: of series that rise, that do not (yet), and
that have stayed low for weeks."""

RISING_PACE = 0.6
"""Points a day from which series rise; half of it is half way."""

LONG_AGO = (15.0, 30.0)
LOW = (90.0, 80.0)
"""Days since the trough, and percent of normal, between which a series that does not rise gets stuck."""

PRIOR_WIDTHS = ((-0.50, 0.33), (-0.19, 0.16))
"""Factor of the pool's width below and above its median: its logarithm at a noise of 0.7 points, and how that grows
with the logarithm of the noise plus :data:`NOISE_FLOOR`."""

NOISE_FLOOR, MOST_NOISE = 0.3, 10.0
"""Points: added to the noise, and its largest."""

WEEK = 7


@dataclass(frozen=True)
class Prior:
    """Weights of the methods, and factors of the width below and above the median."""

    weights: Array
    below: float
    above: float


@dataclass(frozen=True)
class Standing:
    """How the series of a signal stand together, each from 0 to 1.

    Attributes:
        rises: whether they rise.
        low: whether they are below normal.
        long: whether their trough is long ago.
    """

    rises: float
    low: float
    long: float


def prior_of(series: Series) -> Prior:
    """Return the prior that goes with how the series of a signal stand.

    Where they are low and do not rise, the lower side stays as it is: smooth days say nothing of whether they will.
    """
    now = standing(series)
    below, above = widths_of(noise_of(series))
    return Prior(weights_of(now), below ** (1.0 - (1.0 - now.rises) * now.low), above)


def standing(series: Series) -> Standing:
    """Return how the series of a signal stand: the middle one's pace, level and days since the trough."""
    newest, before = _mean(series.value[:, -WEEK:]), _mean(series.value[:, -2 * WEEK : -WEEK])
    trough, _ = troughs(series)
    since = float(np.median(series.value.shape[1] - 1 - trough))
    rises = min(max(_median((newest - before) / WEEK, 0.0) / RISING_PACE, 0.0), 1.0)
    low = np.interp(-_median(newest, 100.0), -np.array(LOW), (0.0, 1.0))
    return Standing(rises, float(low), float(np.interp(since, LONG_AGO, (0.0, 1.0))))


def weights_of(now: Standing) -> Array:
    """Return the weights of the methods, (5,): a mixture of :data:`RISING`, :data:`STILL` and :data:`STUCK`."""
    stuck = now.low * now.long
    return np.asarray(now.rises * RISING + (1.0 - now.rises) * (stuck * STUCK + (1.0 - stuck) * STILL))


def widths_of(noise: float) -> tuple[float, float]:
    """Return the factors of the width below and above the median that go with a day-to-day noise, points."""
    log = np.log(NOISE_FLOOR + min(noise, MOST_NOISE))
    below, above = (float(np.exp(level + slope * log)) for level, slope in PRIOR_WIDTHS)
    return below, above


def noise_of(series: Series) -> float:
    """Return the noise of a figure, points: the middle one of the series' own.

    What intervals state beyond twice what the days show is an error that lasts, as of levels that were smoothed: smooth
    there does not mean well known. Errors that come and go from day to day are in the days already. Ours.
    """
    stated = np.where(np.isfinite(series.value), series.sd, np.nan)[:, -NOISE_DAYS:]
    lasting = np.maximum(_mean(stated) - SHOWN * day_to_day(series.value), 0.0)
    return _median(np.hypot(day_to_day(series.value), lasting), USUAL_NOISE)


def _mean(value: Array) -> Array:
    """Return the means of the days that have a value, (N,), NaN where none has."""
    count = np.isfinite(value).sum(axis=1)
    return np.where(count > 0, np.nansum(value, axis=1) / np.maximum(count, 1), np.nan)


def _median(value: Array, otherwise: float) -> float:
    known = value[np.isfinite(value)]
    return float(np.median(known)) if known.size else otherwise
