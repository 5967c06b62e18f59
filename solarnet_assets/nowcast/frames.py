"""Forecasts as the rows that the lake keeps: paths, days of return, and scores of what has come since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from solarnet_assets.nowcast import straight_line
from solarnet_assets.nowcast.forecasts import HORIZON, Stacked
from solarnet_assets.nowcast.methods import METHODS, STACK
from solarnet_assets.nowcast.returns import LIMITS, NEVER, THRESHOLDS, days_to_return, limits
from solarnet_assets.nowcast.scores import crps_of_quantiles, quantiles
from solarnet_assets.nowcast.series import Array

SCORED = (7, 14, 28)
"""Days ahead that are scored."""

LEVELS = tuple((n + 0.5) / 21 for n in range(21))
"""Levels of the quantiles that are kept for scoring."""

WEEKLY = 7
"""The stack and the published line keep every day, the methods that it is made of every seventh."""

PATHS_SCHEMA = pl.Schema({**straight_line.PATHS_SCHEMA, "quantiles": pl.List(pl.Float32)})
SCORES_SCHEMA = pl.Schema(
    {
        "method": pl.String,
        "signal": pl.String,
        "region": pl.String,
        "horizon": pl.Int64,
        "as_of": pl.Date,
        "date": pl.Date,
        "value": pl.Float64,
        "crps": pl.Float64,
        "covered": pl.Boolean,
    }
)


def frames(stacked: Stacked, history: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return ``ForecastPaths`` and ``ForecastDates`` rows of all methods.

    The straight line's values, limits and dates are the published ones, in closed form
    (:func:`straight_line.forecast`); its quantiles are those of its paths.

    Args:
        stacked: all forecasts as of a day.
        history: what they were made from.
    """
    as_of = stacked.made.series.as_of
    lines, line_dates = straight_line.forecast(history, as_of, horizon=HORIZON)
    drawn = pl.concat([_path_rows(stacked, method) for method in (*METHODS, STACK)])
    keys = ["method", "signal", "region", "date"]
    lines = lines.join(drawn.select(*keys, "quantiles"), on=keys, how="left")
    others = drawn.filter(pl.col("method") != straight_line.METHOD)
    short = [(*name, why) for name, why in stacked.made.short.items()]
    rows = [
        part(method)
        for method in (*METHODS, STACK)
        for part in (partial(_date_rows, stacked), partial(_named, short, stacked))
    ]
    dates = pl.concat([line_dates, *rows])
    dates = dates.unique(["method", "signal", "region", "threshold"], keep="first", maintain_order=True)
    return (
        pl.concat([lines.match_to_schema(PATHS_SCHEMA), others]).sort(keys),
        dates.sort("method", "signal", "region", "threshold"),
    )


def score(paths: pl.DataFrame, made: date, seen: pl.DataFrame) -> pl.DataFrame:
    """Score the forecasts that were made on a day for a later one.

    Args:
        paths: ``ForecastPaths`` rows as of ``made``.
        made: day on which they were made.
        seen: signal, region, date, value: what came.

    Returns:
        ``ForecastScores`` rows, those that have quantiles and came.
    """
    rows = paths.filter(pl.col("quantiles").is_not_null()).join(
        seen.select("signal", "region", "date", seen="value"), on=["signal", "region", "date"]
    )
    if rows.is_empty():
        return SCORES_SCHEMA.to_frame()
    quantiles = np.array(rows["quantiles"].to_list(), dtype=np.float64)
    return rows.select(
        "method",
        "signal",
        "region",
        horizon=(pl.col("date") - made).dt.total_days(),
        as_of=pl.lit(made, pl.Date),
        date="date",
        value="seen",
        crps=pl.Series(crps_of_quantiles(quantiles, rows["seen"].to_numpy()), dtype=pl.Float64),
        covered=pl.col("seen").is_between("lower", "upper"),
    ).match_to_schema(SCORES_SCHEMA)


def _path_rows(stacked: Stacked, method: str) -> pl.DataFrame:
    series, told = stacked.made.series, _told(stacked, method)
    step = 1 if method in (STACK, straight_line.METHOD) else WEEKLY
    ahead = np.union1d(np.arange(step, HORIZON + 1, step), SCORED)
    paths = stacked.paths(method)[told]
    values = quantiles(paths[:, :, ahead - 1], LIMITS).reshape(len(LIMITS), -1)
    levels = quantiles(paths[:, :, np.array(SCORED) - 1], LEVELS).reshape(len(LEVELS), -1)
    kept = pl.Series(list(levels.T.astype(np.float32)), dtype=pl.List(pl.Float32))
    index = np.repeat(told, ahead.size)
    scored = np.tile(np.isin(ahead, SCORED), told.size)
    place = np.where(scored, np.cumsum(scored) - 1, 0)
    return pl.DataFrame(
        {
            "method": pl.repeat(method, index.size, eager=True),
            "signal": pl.Series([signal for signal, _ in series.names], dtype=pl.String).gather(index),
            "region": pl.Series([region for _, region in series.names], dtype=pl.String).gather(index),
            "date": _days(series.as_of, np.tile(ahead, told.size).astype(float)),
            "value": values[1],
            "lower": values[0],
            "upper": values[2],
            "quantiles": _where(kept, place, scored),
        },
        schema=PATHS_SCHEMA,
    )


def _date_rows(stacked: Stacked, method: str) -> pl.DataFrame:
    series, reasons = stacked.made.series, stacked.reasons(method)
    told = _told(stacked, method)
    days = days_to_return(series.take(told), stacked.paths(method)[told])
    days = np.where(days <= HORIZON, days, NEVER)
    found = limits(days).reshape(len(LIMITS), -1)
    by = [(days <= n).mean(axis=1).ravel() for n in (HORIZON, *SCORED)]
    drawn = _named([(*series.names[n], None) for n in told], stacked, method).with_columns(
        date_median=_days(series.as_of, found[1]),
        date_lower=_days(series.as_of, found[0]),
        date_upper=_days(series.as_of, found[2]),
        prob_by=by[0],
        prob_never=1.0 - by[0],
        prob_by_7d=by[1],
        prob_by_14d=by[2],
        prob_by_28d=by[3],
    )
    untold = [(*name, why) for name, why in zip(series.names, reasons, strict=True) if why is not None]
    return pl.concat([drawn, _named(untold, stacked, method)])


def _named(places: Sequence[tuple[str, str, str | None]], stacked: Stacked, method: str) -> pl.DataFrame:
    """Return a row for every (signal, region, note) and threshold, without dates."""
    horizon = stacked.made.series.as_of + timedelta(days=HORIZON)
    rows = [(method, signal, region, level, horizon, note) for signal, region, note in places for level in THRESHOLDS]
    named = ("method", "signal", "region", "threshold", "horizon", "note")
    schema = {name: straight_line.DATES_SCHEMA[name] for name in named}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.match_to_schema(straight_line.DATES_SCHEMA, missing_columns="insert")


def _told(stacked: Stacked, method: str) -> NDArray[np.int64]:
    """Return the series for which a method is identified."""
    return np.flatnonzero([why is None for why in stacked.reasons(method)])


def _days(as_of: date, ahead: Array) -> pl.Series:
    """Return days after the as-of day as dates, null for infinity."""
    known = np.isfinite(ahead)
    day = np.datetime64(as_of) + np.where(known, ahead, 0).astype(np.int64)
    return pl.DataFrame({"day": day, "known": known}).select(pl.when("known").then(pl.col("day")).cast(pl.Date))["day"]


def _where(values: pl.Series, place: NDArray[np.int64], known: NDArray[np.bool_]) -> pl.Series:
    frame = pl.DataFrame({"value": values.gather(place), "known": known})
    return frame.select(pl.when("known").then(pl.col("value")))["value"]
