"""The composite index of an area: components in percent of normal, weighted, with what is missing estimated.

Two indices side by side, both from one dynamic factor model per area (one factor and one autoregression for what is a
component's own; Bańbura and Modugno 2014, doi:10.1002/jae.2306), which statsmodels fits by expectation maximisation:

* ``weights``: the components times their fixed weights. A component that a day lacks is what the Kalman smoother
  expects of it given the other components and its own other days: never the last value carried forward.
* ``factor``: the same weights on what the components have in common, loading times factor, so that a swing of one of
  them alone does not show.

Both are sums over components, and so are their distances from 100: the contributions.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

Array = NDArray[np.float64]

PAST_DAYS = 120
"""Days that the model is fitted to. Ours: four months hold calm, fall and return."""

FEWEST_DAYS = 28
"""Days of each component from which a model is fitted: fewer say nothing of how they move together. Until then an area
has the weighted index alone, on days with all components. Ours."""

SHOWN_DAYS = 22
"""Days up to the as-of day that are estimated anew: those of which components have new vintages."""

LEAST_SPREAD = 0.05
"""Standard deviation, in points, from which a component counts as moving; a constant one is left out of the factor."""

Z90 = 1.6448536269514722
NORMAL = 100.0

PART = pl.Struct(
    {
        "signal": pl.String,
        "weight": pl.Float64,
        "loading": pl.Float64,
        "value": pl.Float64,
        "observed": pl.Boolean,
        "contribution": pl.Float64,
    }
)
SCHEMA = pl.Schema(
    [
        ("level", pl.String),
        ("region", pl.String),
        ("kind", pl.String),
        ("date", pl.Date),
        ("value", pl.Float64),
        ("lower", pl.Float64),
        ("upper", pl.Float64),
        ("parts", pl.List(PART)),
    ]
)


@dataclass(frozen=True)
class Fitted:
    """What the model says of T days and K components, in percent of normal.

    Attributes:
        expected: each component on each day, given all others and its own other days, (T, K).
        covariance: of these within a day, (T, K, K); nil where a component was observed.
        common: what the factor explains of each component, (T, K).
        common_sd: standard deviation of the factor on each day, in its own standard deviations, (T,).
        loading: points that a component moves with one standard deviation of the factor, (K,).
    """

    expected: Array
    covariance: Array
    common: Array
    common_sd: Array
    loading: Array


def recovery_index(known: pl.DataFrame, weights: Mapping[str, float], as_of: date) -> pl.DataFrame:
    """Return both indices of every area for the weeks up to a day.

    Args:
        known: what was known on the day: level, region, signal, day, value, lower, upper (90 %).
        weights: component -> weight; they are made to add up to one. An area needs every one of them.
        as_of: last day; later rows are not looked at.

    Returns:
        Rows as :data:`SCHEMA`, on days on which a component was observed. ``parts`` holds for each component its
        weight, loading (null without a model), value (``factor``: its common part), whether it was observed, and
        contribution (weight times distance from 100): these add up to the index's own distance.
    """
    names = sorted(name for name, weight in weights.items() if weight > 0)
    share = np.array([weights[name] for name in names]) / sum(weights[name] for name in names)
    window = pl.col("day").is_between(as_of - timedelta(days=PAST_DAYS - 1), as_of)
    rows = known.filter(window, pl.col("signal").is_in(names), pl.col("value").is_finite())
    found = [SCHEMA.to_frame()]
    for (level, region), own in rows.sort("level", "region", "day").group_by("level", "region", maintain_order=True):
        days, value, sd = _arrays(own, names, as_of)
        place = {"level": pl.lit(level), "region": pl.lit(region)}
        for kind, frame in (_indices(names, share, days, value, sd) if days else {}).items():
            found.append(frame.with_columns(**place, kind=pl.lit(kind)).select(SCHEMA.names()))
    return pl.concat(found)


def _arrays(own: pl.DataFrame, names: list[str], as_of: date) -> tuple[list[date], Array, Array]:
    """Return the days from the first on which all components have begun, values and standard deviations."""
    begun = own.group_by("signal").agg(pl.col("day").min())
    if begun.height < len(names):
        return [], np.empty((0, 0)), np.empty((0, 0))
    first = max(begun["day"].to_list())
    days = [first + timedelta(days=n) for n in range((as_of - first).days + 1)]
    value, sd = (np.full((len(days), len(names)), np.nan) for _ in range(2))
    for k, name in enumerate(names):
        mine = own.filter(pl.col("signal") == name, pl.col("day") >= first)
        at = (mine["day"] - first).dt.total_days().to_numpy()
        value[at, k] = mine["value"].to_numpy()
        sd[at, k] = ((mine["upper"] - mine["lower"]) / (2 * Z90)).to_numpy()
    return days, value, sd


def _indices(names: list[str], share: Array, days: list[date], value: Array, sd: Array) -> dict[str, pl.DataFrame]:
    """Return each kind of index of one area on the days that are shown."""
    seen = np.isfinite(value)
    errors = ((share * np.where(np.isfinite(sd), sd, np.nanmedian(sd, axis=0))) ** 2).sum(axis=1)
    if (seen.sum(axis=0) < FEWEST_DAYS).any():
        shown = _shown(np.asarray(seen.all(axis=1)))
        return {"weights": _frame(names, share, days, value, np.sqrt(errors), seen, None, shown)}
    fitted, shown = fit(value), _shown(np.asarray(seen.any(axis=1)))
    missing = share * ~seen
    unseen = np.einsum("ti,tij,tj->t", missing, fitted.covariance, missing)
    swing = (fitted.common_sd * (share @ fitted.loading)) ** 2
    filled, load = np.where(seen, value, fitted.expected), fitted.loading
    return {
        "weights": _frame(names, share, days, filled, np.sqrt(unseen + errors), seen, load, shown),
        "factor": _frame(names, share, days, fitted.common, np.sqrt(swing + errors), seen, load, shown),
    }


def _shown(usable: NDArray[np.bool_]) -> list[int]:
    first = max(len(usable) - SHOWN_DAYS, 0)
    return [int(n) for n in np.flatnonzero(usable) if n >= first]


def _frame(
    names: list[str],
    share: Array,
    days: list[date],
    parts: Array,
    sd: Array,
    seen: NDArray[np.bool_],
    loading: Array | None,
    shown: list[int],
) -> pl.DataFrame:
    index = parts @ share
    data = {
        "date": [days[n] for n in shown],
        "value": index[shown],
        "lower": np.maximum(index - Z90 * sd, 0.0)[shown],
        "upper": (index + Z90 * sd)[shown],
        "parts": [_parts(names, share, loading, parts[n], seen[n]) for n in shown],
    }
    return pl.DataFrame(data, schema={name: SCHEMA[name] for name in data})


def _parts(
    names: list[str], share: Array, loading: Array | None, value: Array, seen: NDArray[np.bool_]
) -> list[dict[str, Any]]:
    return [
        {
            "signal": name,
            "weight": float(share[k]),
            "loading": None if loading is None else float(loading[k]),
            "value": float(value[k]),
            "observed": bool(seen[k]),
            "contribution": float(share[k] * (value[k] - NORMAL)),
        }
        for k, name in enumerate(names)
    ]


def fit(value: Array) -> Fitted:
    """Fit the model to components, (T, K), NaN where a day has none, and smooth it.

    A component that does not move stays its own constant, with loading 0.
    """
    days, count = value.shape
    constant = np.repeat(np.nanmean(value, axis=0)[None], days, axis=0)
    fitted = Fitted(constant, np.zeros((days, count, count)), constant.copy(), np.zeros(days), np.zeros(count))
    moving = np.flatnonzero(np.nanstd(value, axis=0) > LEAST_SPREAD)
    if not len(moving):
        return fitted
    mean, spread = np.nanmean(value[:, moving], axis=0), np.nanstd(value[:, moving], axis=0)
    result = _estimate((value[:, moving] - mean) / spread)
    design = result.model.ssm["design"] * spread[:, None]
    state, covariance = result.smoothed_state.T, np.moveaxis(result.smoothed_state_cov, 2, 0)
    unit = (state[:, 0].std() or 1.0) * (np.sign(design[:, 0].sum()) or 1.0)
    fitted.expected[:, moving] = mean + state @ design.T
    fitted.covariance[np.ix_(np.arange(days), moving, moving)] = design @ covariance @ design.T
    fitted.common[:, moving] = mean + state[:, :1] * design[:, 0]
    fitted.common_sd[:] = np.sqrt(covariance[:, 0, 0]) / abs(unit)
    fitted.loading[moving] = design[:, 0] * unit
    return fitted


def _estimate(standardised: Array) -> Any:
    """Return statsmodels' smoothed results; a fit that stops before it has converged is good enough to fill gaps."""
    import pandas as pd
    from statsmodels.tools.sm_exceptions import ConvergenceWarning, EstimationWarning
    from statsmodels.tsa.statespace.dynamic_factor_mq import DynamicFactorMQ

    index = pd.period_range("2000-01-01", periods=len(standardised), freq="D")
    frame = pd.DataFrame(standardised, index=index)
    model = DynamicFactorMQ(frame, factors=1, factor_orders=1, idiosyncratic_ar1=True, standardize=False)
    # Components are observed without error here, so their joint covariance is nearly singular at times: one at a time
    # they are filtered without its inverse (Koopman and Durbin 2000, doi:10.1111/1467-9892.00186).
    model.ssm.filter_univariate = True
    with warnings.catch_warnings():
        for kind in (ConvergenceWarning, EstimationWarning):
            warnings.simplefilter("ignore", kind)
        return model.fit(disp=False, maxiter=100, tolerance=1e-4)
