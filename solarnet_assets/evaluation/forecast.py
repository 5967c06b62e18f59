"""Forecasts of anybody's series as of earlier days, scored by the days that came after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from solarnet_assets.evaluation.commuting_models import calendar_of
from solarnet_assets.nowcast.forecasts import HORIZON, Forecaster, Stacked
from solarnet_assets.nowcast.holidays import long_breaks
from solarnet_assets.nowcast.methods import STACK
from solarnet_assets.nowcast.returns import NEVER, REACH, THRESHOLDS, days_to_return, limits, seen_return
from solarnet_assets.nowcast.scores import crps, quantiles
from solarnet_assets.nowcast.series import Array, smoothed
from solarnet_assets.nowcast.stack import BACK
from solarnet_assets.nowcast.straight_line import METHOD as LINE

ALL = (LINE, "no_change", "local_level", "logistic", "gompertz", STACK)
WINDOWS = ((1, 7), (8, 14), (15, 28), (29, HORIZON), (1, HORIZON))
"""Days ahead that are scored together."""

CALENDARS = (1950, 2099)
"""Years between which holidays are known."""

SCORES_SCHEMA = pl.Schema(
    {
        "as_of": pl.Date,
        "method": pl.String,
        "first": pl.Int64,
        "last": pl.Int64,
        "cities": pl.Int64,
        "n": pl.Int64,
        "crps": pl.Float64,
        "relative": pl.Float64,
        "covered": pl.Float64,
        "width": pl.Float64,
    }
)

DATE_SCORES_SCHEMA = pl.Schema(
    {
        "as_of": pl.Date,
        "method": pl.String,
        "threshold": pl.Float64,
        "cities": pl.Int64,
        "returned": pl.Int64,
        "covered": pl.Float64,
        "held": pl.Float64,
        "error": pl.Float64,
        "relative": pl.Float64,
    }
)


@dataclass(frozen=True)
class Outcome:
    """Forecasts as of a day, and what came.

    Attributes:
        made: the forecasts.
        came: percent of normal from :data:`REACH` days before the as-of day on, NaN where the file has none,
            (N, REACH + 1 + HORIZON + REACH).
    """

    made: Stacked
    came: Array

    @property
    def as_of(self) -> date:
        """Day on which the forecasts are made."""
        return self.made.made.series.as_of

    @property
    def ahead(self) -> Array:
        """What came on the days of the horizon, (N, HORIZON)."""
        return self.came[:, REACH + 1 : REACH + 1 + HORIZON]


def outcomes(history: pl.DataFrame, days: list[date], country: str | None = "CN") -> Iterator[Outcome]:
    """Forecast as of each day in turn from nothing but the rows up to it.

    Args:
        history: signal, region, day, value, lower, upper.
        days: as-of days.
        country: whose holidays are known in advance, ISO 3166; None: there are none.

    Raises:
        BadInputError: nobody knows the country's holidays.
    """
    known = _holidays(country, days) if country else frozenset()
    forecaster = Forecaster(lambda as_of: history.filter(pl.col("day") <= as_of), known)
    for as_of in sorted(set(days)):
        made = forecaster.stacked(as_of)
        yield Outcome(made, _came(history, made.made.series.names, as_of))


def _holidays(country: str, days: list[date]) -> frozenset[date]:
    around = timedelta(days=HORIZON + 2 * max(BACK))
    if not days or min(days).year <= CALENDARS[0] or max(days).year >= CALENDARS[1]:
        return frozenset()
    calendar = calendar_of(country, min(days) - around, max(days) + around)
    return long_breaks(dict(calendar.select("date", "is_workday").iter_rows()))


def scores(outcome: Outcome) -> pl.DataFrame:
    """Return CRPS and coverage of every method by days ahead.

    Returns:
        as_of, method, first and last day ahead, ``cities`` and ``n`` scored (cities for which the method is identified
        and the line is, where it is for any), ``crps`` in points, ``relative`` to the straight line on the same
        cases, ``covered`` and mean ``width`` of the 90 % intervals. Only what came is scored.
    """
    seen = outcome.ahead
    found = {name: _scored(outcome, name) for name in ALL}
    line, rows = found[LINE][0], []
    compared = np.isfinite(line) if np.isfinite(line).any() else np.ones(line.shape, dtype=bool)
    for method, (score, held, width) in found.items():
        both = np.isfinite(score) & compared
        for first, last in WINDOWS:
            used = both & (np.arange(1, HORIZON + 1) >= first) & (np.arange(1, HORIZON + 1) <= last)
            if not used.any():
                continue
            mean, base = float(score[used].mean()), float(line[used].mean())
            counts = (int(used.any(axis=1).sum()), int(used.sum()))
            rest = (mean / base if base > 0 else None, float(held[used].mean()), float(width[used].mean()))
            rows.append((outcome.as_of, method, first, last, *counts, mean, *rest))
    if not np.isfinite(seen).any():
        return SCORES_SCHEMA.to_frame()
    return pl.DataFrame(rows, schema=SCORES_SCHEMA, orient="row")


def date_scores(outcome: Outcome) -> pl.DataFrame:
    """Return how well days of return were foreseen, by method and threshold.

    Cities that were known to be back are left out, by the mean of the as-of day and the days before it: what came may
    not choose the cases. Of a city that is not back when the file ends nobody knows the day: it counts as right where
    the interval reaches beyond the file, so that a short file flatters; not so in ``held``.

    Returns:
        as_of, method, threshold, ``cities``, ``returned`` (within the file), ``covered`` (share of 90 % intervals that
        are right), ``held`` (the same of those that returned), ``error`` (mean absolute error of the middle day in
        days, of those that returned and were foreseen), ``relative`` (the same divided by the straight line's, of those
        that both foresaw).
    """
    last = _last_day(outcome)
    came = np.where(np.arange(outcome.came.shape[1]) <= last + REACH, outcome.came, np.nan)
    day = seen_return(came)
    day = np.where(day <= last, day, NEVER)
    today = smoothed(outcome.came[:, : REACH + 1], REACH, least=1)[:, -1:]
    away = ~(today >= np.array(THRESHOLDS)) & (last > 0)
    rows, line = [], np.full(day.shape, np.nan)
    for method in ALL:
        told = _told(outcome, method)
        found = limits(days_to_return(outcome.made.made.series, outcome.made.paths(method)))
        lower, middle, upper = np.where(found <= HORIZON, found, NEVER)
        open_ = away & told[:, None]
        held = np.where(np.isfinite(day), (lower <= day) & (day <= upper), upper > last)
        foreseen = open_ & np.isfinite(day) & np.isfinite(middle)
        error = np.where(foreseen, np.abs(np.where(foreseen, day, 0.0) - np.where(foreseen, middle, 0.0)), np.nan)
        line = error if method == LINE else line
        for n, level in enumerate(THRESHOLDS):
            if not open_[:, n].any():
                continue
            back = open_[:, n] & np.isfinite(day[:, n])
            both = np.isfinite(error[:, n]) & np.isfinite(line[:, n])
            base = line[both, n].sum()
            ratio = float(error[both, n].sum() / base) if base > 0 else None
            shares = (_mean(held[open_[:, n], n]), _mean(held[back, n]), _mean(error[foreseen[:, n], n]), ratio)
            rows.append((outcome.as_of, method, level, int(open_[:, n].sum()), int(back.sum()), *shares))
    return pl.DataFrame(rows, schema=DATE_SCORES_SCHEMA, orient="row")


def _mean(values: Array | NDArray[np.bool_]) -> float | None:
    return float(values.mean()) if values.size else None


def _scored(outcome: Outcome, method: str) -> tuple[Array, Array, Array]:
    """Return CRPS, whether the interval holds what came, and its width, all (N, HORIZON); NaN where not scored."""
    paths, seen = outcome.made.paths(method)[:, :, :HORIZON], outcome.ahead
    score = np.where(_told(outcome, method)[:, None], crps(paths.transpose(0, 2, 1), seen), np.nan)
    low, high = quantiles(paths, (0.05, 0.95))
    return score, (seen >= low) & (seen <= high), high - low


def _told(outcome: Outcome, method: str) -> NDArray[np.bool_]:
    return np.array([why is None for why in outcome.made.reasons(method)], dtype=bool)


def _last_day(outcome: Outcome) -> int:
    """Return the last day ahead that the file has, 0 where it has none."""
    seen = np.flatnonzero(np.isfinite(outcome.ahead).any(axis=0))
    return int(seen[-1]) + 1 if seen.size else 0


def _came(history: pl.DataFrame, names: list[tuple[str, str]], as_of: date) -> Array:
    came = np.full((len(names), REACH + 1 + HORIZON + REACH), np.nan)
    first = as_of - timedelta(days=REACH)
    rows = history.filter(pl.col("day").is_between(first, first + timedelta(days=came.shape[1] - 1)))
    place = {name: n for n, name in enumerate(names)}
    index = np.array([place.get((s, r), -1) for s, r in rows.select("signal", "region").iter_rows()], dtype=np.int64)
    column = (rows["day"] - first).dt.total_days().to_numpy()
    came[index[index >= 0], column[index >= 0]] = rows["value"].to_numpy()[index >= 0]
    return came
