"""The published forecast, a straight line, as a method with its uncertainty.

The recovery article drew a line through 20 % on 9 February and 72 % on 10 March 2020 and read off 26 March:
:func:`two_point_date`. :func:`forecast` fits the line by weighted least squares to a trailing window and says how
uncertain it is. Two kinds of error count: the wiggles around the line, which are autocorrelated (Newey and West
1987, doi:10.2307/1913610), and the error of the estimates themselves, which neighbouring days share. What is not in
the interval is that recoveries bend: a straight line has no idea of saturation, and 28 days cannot show one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from solarnet_assets.nowcast.normals import Normals
from solarnet_assets.nowcast.series import Series

Array = NDArray[np.float64]

METHOD = "straight_line"
WINDOW, HORIZON, MIN_DAYS = 28, 60, 7
THRESHOLDS = (90.0, 95.0, 100.0)
DRAWS = 2000
NEWEY_WEST_LAGS = 7
ERROR_DAYS = 7.0
"""Days over which errors of the estimates are shared (exponential correlation)."""

SD_FLOOR = 0.5
"""Smallest standard deviation of one day's value, percent."""

Z90 = 1.6448536269514722

PATHS_SCHEMA = pl.Schema(
    {
        "method": pl.String,
        "signal": pl.String,
        "region": pl.String,
        "date": pl.Date,
        "value": pl.Float64,
        "lower": pl.Float64,
        "upper": pl.Float64,
    }
)
DATES_SCHEMA = pl.Schema(
    {
        "method": pl.String,
        "signal": pl.String,
        "region": pl.String,
        "threshold": pl.Float64,
        "date_median": pl.Date,
        "date_lower": pl.Date,
        "date_upper": pl.Date,
        "prob_by": pl.Float64,
        "prob_never": pl.Float64,
        "prob_by_7d": pl.Float64,
        "prob_by_14d": pl.Float64,
        "prob_by_28d": pl.Float64,
        "horizon": pl.Date,
        "note": pl.String,
    }
)


@dataclass(frozen=True)
class Lines:
    """Fitted lines of N series; the level is that of the as-of day.

    Attributes:
        names: (signal, region) of each series.
        line: level (percent) and slope (percent a day), shape (N, 2).
        covariance: of level and slope, shape (N, 2, 2).
        residual_sd: standard deviation of a day around the line, shape (N,).
    """

    names: list[tuple[str, str]]
    line: Array
    covariance: Array
    residual_sd: Array


def forecast(
    history: pl.DataFrame,
    as_of: date,
    *,
    window: int = WINDOW,
    horizon: int = HORIZON,
    thresholds: tuple[float, ...] = THRESHOLDS,
    seed: int = 0,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Draw the straight line of every series and its day of return.

    Args:
        history: rows of ``recovery_daily``: signal, region, day, value, lower, upper (90 %). Rows outside the
            ``window`` days that end with ``as_of`` are ignored; a series with fewer than seven days there gets no rows.
        as_of: day on which the forecast is made.
        window: days that the line is fitted to.
        horizon: days that are forecast.
        thresholds: percent of normal to return to.
        seed: of the draws behind the dates.

    Returns:
        ``ForecastPaths`` rows (``horizon`` days, 90 % interval of a day's value) and ``ForecastDates`` rows. A date is
        that of the line reaching the threshold; ``as_of`` where it already has; null where it lies beyond the horizon
        for the median, lower or upper draw. ``prob_by`` is the share of draws that get there,
        ``prob_never`` the rest, ``prob_by_7d`` and so on the share that get there within so many days.
    """
    lines = fit(history, as_of, window=window)
    if not lines.names:
        return PATHS_SCHEMA.to_frame(), DATES_SCHEMA.to_frame()
    return _paths(lines, as_of, horizon), _dates(lines, as_of, horizon, thresholds, seed)


def fit(history: pl.DataFrame, as_of: date, *, window: int = WINDOW) -> Lines:
    """Fit the lines of all series that have at least seven days in the window."""
    start = as_of - timedelta(days=window - 1)
    recent = (
        history.filter(pl.col("day").is_between(start, as_of), pl.col("value").is_finite())
        .unique(["signal", "region", "day"], keep="first", maintain_order=True)
        .filter(pl.len().over("signal", "region") >= MIN_DAYS)
        .sort("signal", "region", "day")
    )
    if recent.is_empty():
        return Lines([], np.empty((0, 2)), np.empty((0, 2, 2)), np.empty(0))
    names = recent.select("signal", "region").unique(maintain_order=True).rows()
    row = recent.select(pl.struct("signal", "region").rle_id()).to_series().to_numpy()
    column = (recent["day"] - start).dt.total_days().to_numpy()
    value, sd = np.zeros((len(names), window)), np.zeros((len(names), window))
    value[row, column] = recent["value"].to_numpy()
    width = (recent["upper"] - recent["lower"]).fill_null(0.0).fill_nan(0.0).to_numpy() / (2 * Z90)
    sd[row, column] = np.hypot(width, SD_FLOOR)
    return _weighted_lines([(str(s), str(r)) for s, r in names], value, sd)


def paths(series: Series, normals: Normals) -> tuple[Array, list[str | None]]:
    """Draw paths of the same lines, (N, S, H), and say why a series has none; those rows mean nothing.

    Args:
        series: the known past; the line takes its newest :data:`WINDOW` days.
        normals: random numbers; each path has a line of its own, each day a deviation.
    """
    value, sd = series.value[:, -WINDOW:], series.sd[:, -WINDOW:]
    seen = np.isfinite(value)
    count = seen.sum(axis=1)
    enough = np.flatnonzero(count >= MIN_DAYS)
    drawn = np.zeros((len(series.names), normals.start.shape[1], normals.horizon))
    if enough.size:
        kept = seen[enough]
        lines = _weighted_lines(
            [series.names[n] for n in enough],
            np.where(kept, value[enough], 0.0),
            np.where(kept, np.hypot(sd[enough], SD_FLOOR), 0.0),
        )
        root = np.linalg.cholesky(lines.covariance + 1e-12 * np.eye(2))
        line = lines.line[:, None, :] + np.einsum("npq,qs->nsp", root, normals.start[:2])
        ahead = np.arange(1, normals.horizon + 1)
        drawn[enough] = line[..., :1] + line[..., 1:] * ahead + lines.residual_sd[:, None, None] * normals.noise
    return drawn, [
        None if n >= MIN_DAYS else f"{n} days with a figure in the last {WINDOW}, {MIN_DAYS} are needed for a line"
        for n in count
    ]


def two_point_date(first: tuple[date, float], second: tuple[date, float], threshold: float = 100.0) -> date | None:
    """Return the day nearest to where the straight line through two points meets the threshold.

    Args:
        first: day and percent of normal.
        second: a later day and its percent of normal.
        threshold: percent of normal to return to.

    Returns:
        The day, ``second``'s own day if it has reached the threshold, or None if the line never gets there.
    """
    slope = (second[1] - first[1]) / (second[0] - first[0]).days
    if second[1] >= threshold:
        return second[0]
    return second[0] + timedelta(days=round((threshold - second[1]) / slope)) if slope > 0 else None


def _weighted_lines(names: list[tuple[str, str]], value: Array, sd: Array) -> Lines:
    """Fit lines to padded series of shape (N, W); sd 0 marks a missing day."""
    seen = sd > 0
    weight = np.where(seen, 1.0 / np.where(seen, sd, 1.0) ** 2, 0.0)
    design = np.stack([np.ones(value.shape[1]), np.arange(value.shape[1]) - (value.shape[1] - 1.0)])
    solver = np.linalg.inv(np.einsum("pw,nw,qw->npq", design, weight, design)) @ (design * weight[:, None, :])
    line = np.einsum("npw,nw->np", solver, value)
    residual = np.where(seen, value - line @ design, 0.0)
    count = seen.sum(axis=1)
    residual *= np.sqrt(count / (count - 2.0))[:, None]
    scores = solver * residual[:, None, :]
    covariance = np.einsum("npw,nqw->npq", scores, scores)
    for lag in range(1, min(NEWEY_WEST_LAGS, value.shape[1] - 1) + 1):
        cross = np.einsum("npw,nqw->npq", scores[:, :, lag:], scores[:, :, :-lag])
        covariance += (1.0 - lag / (NEWEY_WEST_LAGS + 1.0)) * (cross + cross.transpose(0, 2, 1))
    shared = np.exp(-np.abs(np.subtract.outer(design[1], design[1])) / ERROR_DAYS)
    carried = solver * sd[:, None, :]
    covariance += carried @ shared @ carried.transpose(0, 2, 1)
    return Lines(names, line, covariance, np.sqrt((residual**2).sum(axis=1) / count))


def _paths(lines: Lines, as_of: date, horizon: int) -> pl.DataFrame:
    ahead = np.arange(1, horizon + 1, dtype=float)
    basis = np.stack([np.ones(horizon), ahead])
    value = lines.line @ basis
    variance = np.einsum("ph,npq,qh->nh", basis, lines.covariance, basis) + lines.residual_sd[:, None] ** 2
    half = Z90 * np.sqrt(variance)
    days = [as_of + timedelta(days=int(h)) for h in ahead]
    index = np.repeat(np.arange(len(lines.names)), horizon)
    return pl.DataFrame(
        {
            "method": pl.Series([METHOD]).gather(np.zeros(index.size, dtype=np.int64)),
            "signal": pl.Series([s for s, _ in lines.names]).gather(index),
            "region": pl.Series([r for _, r in lines.names]).gather(index),
            "date": pl.Series(days * len(lines.names), dtype=pl.Date),
            "value": np.maximum(value, 0.0).ravel(),
            "lower": np.maximum(value - half, 0.0).ravel(),
            "upper": np.maximum(value + half, 0.0).ravel(),
        },
        schema=PATHS_SCHEMA,
    )


def _dates(lines: Lines, as_of: date, horizon: int, thresholds: tuple[float, ...], seed: int) -> pl.DataFrame:
    half = DRAWS // 2
    normal = np.random.default_rng(seed).standard_normal((half, 2))
    normal = np.concatenate([normal, -normal])
    root = np.linalg.cholesky(lines.covariance + 1e-12 * np.eye(2))
    draws = lines.line[:, None, :] + np.einsum("npq,dq->ndp", root, normal)
    rows = []
    for (signal, region), level, slope in zip(lines.names, draws[..., 0], draws[..., 1], strict=True):
        for threshold in thresholds:
            days = _days_to(level, slope, threshold)
            by = [float((days <= n).mean()) for n in (horizon, 7, 14, 28)]
            lower, median, upper = np.quantile(days, [0.05, 0.5, 0.95], method="inverted_cdf")
            found = [_day(as_of, n, horizon) for n in (median, lower, upper)]
            shares = (by[0], 1.0 - by[0], *by[1:])
            rows.append((METHOD, signal, region, threshold, *found, *shares, as_of + timedelta(days=horizon), None))
    return pl.DataFrame(rows, schema=DATES_SCHEMA, orient="row")


def _days_to(level: Array, slope: Array, threshold: float) -> Array:
    """Return whole days until lines reach the threshold: 0 where they have, infinity where they never do."""
    missing = threshold - level
    rising = np.where(slope > 0, slope, 1.0)
    ahead = np.where(slope > 0, np.rint(np.maximum(missing, 0.0) / rising), np.inf)
    days: Array = np.where(missing <= 0, 0.0, ahead)
    return days


def _day(as_of: date, days: float, horizon: int) -> date | None:
    return as_of + timedelta(days=int(days)) if days <= horizon else None
