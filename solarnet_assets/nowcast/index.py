"""The composite index of an area: components in percent of normal, weighted, with what is missing estimated.

Two indices side by side, both from one dynamic factor model per area (:mod:`~solarnet_assets.nowcast.common_factor`):

* ``weights``: the components times their fixed weights. A component that a day lacks is what the Kalman smoother
  expects of it given the other components and its own other days: never the last value carried forward.
* ``factor``: the same weights on what the components have in common, loading times factor, so that a swing of one of
  them alone does not show.

Both are sums over components, and so are their distances from 100: the contributions.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from solarnet_assets.nowcast.common_factor import fit

Array = NDArray[np.float64]

PAST_DAYS = 120
"""Days that the model is fitted to. Ours: four months hold calm, fall and return."""

FEWEST_DAYS = 28
"""Days of each component from which a model is fitted: fewer say nothing of how they move together. Until then an area
has the weighted index alone, on days with all components. Ours."""

SHOWN_DAYS = 22
"""Days up to the as-of day that are estimated anew: those of which components have new vintages."""

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
    every = pl.col("signal").n_unique().over("level", "region") == len(names)
    rows = known.filter(window, pl.col("signal").is_in(names), pl.col("value").is_finite()).filter(every)
    found = [SCHEMA.to_frame()]
    for (level, region), own in rows.sort("level", "region", "day").group_by("level", "region", maintain_order=True):
        days, value, errors = _arrays(own, names, as_of)
        place = {"level": pl.lit(level), "region": pl.lit(region)}
        for kind, frame in (_indices(names, share, days, value, errors) if days else {}).items():
            found.append(frame.with_columns(**place, kind=pl.lit(kind)).select(SCHEMA.names()))
    return pl.concat(found)


def _arrays(own: pl.DataFrame, names: list[str], as_of: date) -> tuple[list[date], Array, Array]:
    """Return the days since all components began, values (T, K) and half widths below and above them (2, T, K).

    No days where one of them has not begun, or has stopped since the others began.
    """
    begun = own.group_by("signal").agg(pl.col("day").min())
    first = max(begun["day"].to_list())
    days = [first + timedelta(days=n) for n in range((as_of - first).days + 1)]
    value, errors = np.full((len(days), len(names)), np.nan), np.full((2, len(days), len(names)), np.nan)
    for k, name in enumerate(names):
        mine = own.filter(pl.col("signal") == name, pl.col("day") >= first)
        at = (mine["day"] - first).dt.total_days().to_numpy()
        value[at, k] = mine["value"].to_numpy()
        errors[0, at, k] = (mine["value"] - mine["lower"]).to_numpy()
        errors[1, at, k] = (mine["upper"] - mine["value"]).to_numpy()
    there = np.isfinite(value) & np.isfinite(errors).all(axis=0)
    return days if there.any(axis=0).all() else [], value, errors


def _indices(names: list[str], share: Array, days: list[date], value: Array, errors: Array) -> dict[str, pl.DataFrame]:
    """Return each kind of index of one area on the days that are shown."""
    seen = np.isfinite(value)
    halves = np.where(np.isfinite(errors), errors, np.nanmedian(errors, axis=1, keepdims=True))
    measured = ((share * halves) ** 2).sum(axis=2)
    if (seen.sum(axis=0) < FEWEST_DAYS).any():
        shown = _shown(np.asarray(seen.all(axis=1)))
        return {"weights": _frame(names, share, days, value, np.sqrt(measured), seen, None, shown)}
    fitted, shown = fit(value, NORMAL), _shown(np.asarray(seen.any(axis=1)))
    missing, wide = share * ~seen, fitted.quantile**2
    unseen = wide * np.einsum("ti,tij,tj->t", missing, fitted.covariance, missing)
    swing = wide * (fitted.common_sd * (share @ fitted.loading)) ** 2
    # The model knows no floor; activity has one, and so have contributions.
    filled, common = np.where(seen, value, np.maximum(fitted.expected, 0.0)), np.maximum(fitted.common, 0.0)
    load = fitted.loading
    return {
        "weights": _frame(names, share, days, filled, np.sqrt(unseen + measured), seen, load, shown),
        "factor": _frame(names, share, days, common, np.sqrt(swing + measured), seen, load, shown),
    }


def _shown(usable: NDArray[np.bool_]) -> list[int]:
    first = max(len(usable) - SHOWN_DAYS, 0)
    return [int(n) for n in np.flatnonzero(usable) if n >= first]


def _frame(
    names: list[str],
    share: Array,
    days: list[date],
    parts: Array,
    half: Array,
    seen: NDArray[np.bool_],
    loading: Array | None,
    shown: list[int],
) -> pl.DataFrame:
    index = parts @ share
    data = {
        "date": [days[n] for n in shown],
        "value": index[shown],
        "lower": np.maximum(index - half[0], 0.0)[shown],
        "upper": (index + half[1])[shown],
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
