"""Levels of sites, groups, regions and the country from irregular, noisy passes over sites.

Model, in percent of the own baseline, for site ``i`` on day ``t``::

    pass_it = level_it + baseline_i * level_it + noise_it     level_it = common_t + deviation_it

* ``common`` is a random walk whose daily variance is learned and may change over time: it is re-estimated
  locally, from the expected squared steps, so that a break opens it up and a calm spell closes it.
* ``deviation`` is a Gaussian process of the site alone. Its covariance is the posterior average over a menu
  of scales and shapes, from none to "nothing in common with the others": the scale mixture is heavy tailed, so
  a closed site becomes its own series and stops pulling at the common level.
* ``baseline`` is the error of the site's own baseline, one number per site; it is uncertainty, not activity.
* ``noise`` grows with the level (multiplicative) above a floor (additive), has a scale learned from the data,
  and is Student-t, so that single bad passes weigh little.

Everything is linear and Gaussian given the variances, so the smoothed levels are exact (the same numbers
that a Kalman filter with a Rauch-Tung-Striebel smoother gives), and the variances come from a few steps of
expectation-maximisation that start from a likelihood grid (Shumway and Stoffer 1982,
doi:10.1111/j.1467-9892.1982.tb00349.x; Student-t weights after Lange et al. 1989, doi:10.1080/01621459.1989.10478852).
Sites are independent given the common level, which makes the cost linear in the number of sites.

Intervals are those of the estimate: the target is the weighted mean of the levels of exactly these sites, so
the model's posterior covariance is used. A bootstrap over sites would answer another question, how other sites
might have fared, and is wider wherever sites truly differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from solarnet_assets.nowcast import baseline, smoother

Array = NDArray[np.float64]

WINDOW = 120
"""Days of history that a level is estimated from; older passes serve the baseline only."""

INFORMS = 10
"""A pass counts in ``n_obs`` of the days at most this many days away from it."""

Z90 = 1.6448536269514722

ROWS_SCHEMA = pl.Schema(
    {
        "date": pl.Date,
        "level": pl.String,
        "key": pl.String,
        "value": pl.Float64,
        "lower": pl.Float64,
        "upper": pl.Float64,
        "n_obs": pl.Int64,
        "evidence": pl.String,
    }
)


@dataclass(frozen=True)
class _Members:
    """Sites as columns: what they are called, where they belong, what they weigh."""

    key: list[str]
    group: list[str]
    region: list[str]
    weight: Array


def levels(ratios: pl.DataFrame, as_of: date, country: str, lag: int = 21) -> pl.DataFrame:
    """Estimate the levels of the days ``as_of - lag .. as_of`` from what was seen up to ``as_of``.

    Args:
        ratios: one row per pass: ``key``, ``region``, ``group`` (strings), ``weight`` (>= 0), ``date``,
            ``ratio`` (1.0 = own baseline), ``sd`` of the ratio; optionally ``evidence`` (string). Rows after
            ``as_of`` are ignored, so the same frame gives every vintage.
        as_of: the day whose knowledge is used.
        country: key of the country row.
        lag: days before ``as_of`` that are estimated again.

    Returns:
        Rows of the ``Activity`` schema for the levels site, group, region and country: ``value`` in percent of
        the own baseline, a 90 % interval, and ``n_obs``, the passes within ten days of the row's date. Days
        before the first pass have no row; no pass at all gives an empty frame.
    """
    known = baseline.usable(ratios, as_of)
    start = as_of - timedelta(days=WINDOW)
    if known.filter(pl.col("date") >= start).is_empty():
        return ROWS_SCHEMA.to_frame()
    known, error = baseline.normalise(known, as_of)
    seen = known.filter(pl.col("date") >= start)
    members, passes = _pack(seen, error, start)
    posterior = smoother.smooth(passes, n_days=WINDOW + 1)
    days = np.arange(max(WINDOW - lag, int(passes.day[passes.seen].min())), WINDOW + 1)
    rows = _rows(*_aggregates(members, country), days, start, posterior, passes)
    return _with_evidence(rows, known).match_to_schema(ROWS_SCHEMA)


def _pack(seen: pl.DataFrame, error: dict[str, float], start: date) -> tuple[_Members, smoother.Passes]:
    """Turn passes into padded (site, pass) arrays; days are counted from ``start``."""
    seen = seen.sort("key", "date", "ratio").with_columns(
        site=pl.col("key").rle_id(), rank=pl.int_range(pl.len()).over("key"), t=(pl.col("date") - start).dt.total_days()
    )
    last = seen.group_by("key", maintain_order=True).last()
    shape = (last.height, int(seen["rank"].max()) + 1)  # type: ignore[arg-type]
    at = (seen["site"].to_numpy(), seen["rank"].to_numpy())
    seen_mask, day = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=np.int64)
    value, sd, after = np.zeros(shape), np.ones(shape), np.zeros(shape)
    seen_mask[at] = True
    day[at] = seen["t"].to_numpy()
    value[at] = 100.0 * seen["ratio"].to_numpy()
    sd[at] = 100.0 * seen["sd"].to_numpy()
    after[at] = ~seen["in_baseline"].to_numpy()
    drift = np.array([error[key] for key in last["key"]])
    passes = smoother.Passes(seen=seen_mask, day=day, value=value, sd=sd, baseline_sd=after * drift[:, None])
    members = _Members(
        key=last["key"].to_list(),
        group=last["group"].to_list(),
        region=last["region"].to_list(),
        weight=last["weight"].to_numpy().astype(float),
    )
    return members, passes


def _aggregates(members: _Members, country: str) -> tuple[list[str], list[str], Array]:
    """Return levels and keys of all rows, and weights of shape (rows, sites) that add up to one in each row."""
    labels = {
        "site": members.key,
        "group": members.group,
        "region": members.region,
        "country": [country] * len(members.key),
    }
    pairs = [(level, key) for level, names in labels.items() for key in sorted(set(names))]
    belongs = np.array([[float(name == key) for name in labels[level]] for level, key in pairs])
    share = belongs * members.weight
    share = np.where(share.sum(axis=1, keepdims=True) > 0, share, belongs)
    return [level for level, _ in pairs], [key for _, key in pairs], share / share.sum(axis=1, keepdims=True)


def _rows(
    level: list[str],
    key: list[str],
    share: Array,
    days: NDArray[np.int64],
    start: date,
    posterior: smoother.Posterior,
    passes: smoother.Passes,
) -> pl.DataFrame:
    """Weigh site levels into rows, ordered by level, key and date."""
    mean, sd = posterior.weighted(share, days)
    near = passes.seen[:, :, None] & (np.abs(passes.day[:, :, None] - days) <= INFORMS)
    half = Z90 * sd
    return pl.DataFrame(
        {
            "date": pl.Series([start + timedelta(days=int(d)) for d in days] * len(key), dtype=pl.Date),
            "level": pl.Series(level).gather(np.repeat(np.arange(len(key)), days.size)),
            "key": pl.Series(key).gather(np.repeat(np.arange(len(key)), days.size)),
            "value": np.maximum(mean, 0.0).ravel(),
            "lower": np.maximum(mean - half, 0.0).ravel(),
            "upper": np.maximum(mean + half, 0.0).ravel(),
            "n_obs": ((share > 0).astype(np.int64) @ near.sum(axis=1)).ravel(),
        }
    )


def _with_evidence(rows: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Add the newest evidence of a site on or before each date (null elsewhere)."""
    if "evidence" not in known.columns:
        return rows.with_columns(evidence=pl.lit(None, dtype=pl.String))
    pictures = known.filter(pl.col("evidence").is_not_null()).select("key", "date", "evidence")
    pictures = pictures.with_columns(level=pl.lit("site")).sort("date")
    order = rows.with_row_index("order").sort("date")
    joined = order.join_asof(pictures, on="date", by=["level", "key"], check_sortedness=False)
    return joined.sort("order").drop("order")
