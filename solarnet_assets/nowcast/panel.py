"""Levels of sites, groups, regions and the country from irregular, noisy passes over sites.

Model, in percent of the own baseline, for site ``i`` on day ``t``::

    pass_it = level_it + baseline_i * level_it + noise_it     level_it = common_t + regional_jt + deviation_it

* ``common`` is a random walk with a trend that fades, ``regional`` and ``deviation`` are autoregressions of each region
  ``j`` and each site; how far they move in a day is learned and changes over time
  (:mod:`solarnet_assets.nowcast.variances`): calm spells close them, breaks open them. That variances are learned from
  few steps widens the intervals.
* ``baseline`` is the error of the site's own baseline, one number per site; it is uncertainty, not activity.
* ``noise`` grows with the level (multiplicative) above a floor (additive), keeps what a pass states about itself (cloud
  share, saturation), has a scale learned from the data, and is Student-t, so that single bad passes weigh little
  (weights after Lange et al. 1989, doi:10.1080/01621459.1989.10478852).

Given the variances it is a linear Gaussian state space that statsmodels filters and smooths
(:mod:`solarnet_assets.nowcast.statespace`); statsmodels does not learn variances that change over time or heavy tails,
so that part is ours.

Two intervals stand beside each other. ``lower`` and ``upper`` are those of the estimate: the target is the weighted
mean of the levels of exactly these sites. ``sampling_lower`` and ``sampling_upper`` say how the mean might have come
out had other sites been chosen (:mod:`solarnet_assets.nowcast.bootstrap`), another question.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from solarnet_assets.nowcast import baseline, bootstrap, smoother
from solarnet_assets.nowcast.statespace import Passes

Array = NDArray[np.float64]

WINDOW = 120
"""Days of history that a level is estimated from; older passes serve the baseline only."""

INFORMS = 10
"""A pass counts in ``n_obs`` of the days at most this many days away from it."""

SMALLEST_SD = 1e-3
"""Smallest standard deviation that a pass may state, as a ratio."""

Z90 = 1.6448536269514722

ROWS_SCHEMA = pl.Schema(
    {
        "date": pl.Date,
        "level": pl.String,
        "key": pl.String,
        "value": pl.Float64,
        "lower": pl.Float64,
        "upper": pl.Float64,
        "sampling_lower": pl.Float64,
        "sampling_upper": pl.Float64,
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


def levels(
    ratios: pl.DataFrame,
    as_of: date,
    country: str,
    lag: int = 21,
    *,
    window: int = WINDOW,
    spans: baseline.Spans | None = None,
) -> pl.DataFrame:
    """Estimate the levels of the days ``as_of - lag .. as_of`` from what was seen up to ``as_of``.

    Args:
        ratios: one row per pass: ``key``, ``region``, ``group`` (strings), ``weight`` (>= 0), ``date``,
            ``ratio`` (1.0 = own baseline), ``sd`` of the ratio; optionally ``evidence`` (string). Rows after
            ``as_of`` are ignored, so the same frame gives every vintage.
        as_of: the day whose knowledge is used.
        country: key of the country row.
        lag: days before ``as_of`` that are estimated again.
        window: days before ``as_of`` that passes are taken from; older ones serve the baseline only.
        spans: first and last days of the baseline; default: the last complete September to December.

    Returns:
        Rows of the ``Activity`` schema for the levels site, group, region and country: ``value`` in percent of
        the own baseline, a 90 % interval, the interval of a bootstrap over sites (null for sites and where there
        are few), and ``n_obs``, the passes within ten days of the row's date. Days before the first pass have no
        row; no pass at all gives an empty frame.
    """
    known = baseline.usable(ratios, as_of, spans)
    start = as_of - timedelta(days=window)
    if known.filter(pl.col("date") >= start).is_empty():
        return ROWS_SCHEMA.to_frame()
    known, error = baseline.normalise(known)
    seen = known.filter(pl.col("date") >= start).with_columns(t=(pl.col("date") - start).dt.total_days())
    members, passes = _pack(seen, error, window + 1)
    posterior = smoother.smooth(passes, np.array(sorted(range(len(members.key)), key=members.region.__getitem__)))
    days = np.arange(max(window - lag, int(np.flatnonzero(passes.seen.any(axis=0))[0])), window + 1)
    rows = _rows(*_aggregates(members, country), days, as_of, posterior, _counts(seen, members.key, window + 1))
    return _with_evidence(rows, known).match_to_schema(ROWS_SCHEMA)


def _pack(seen: pl.DataFrame, error: dict[str, float], n_days: int) -> tuple[_Members, Passes]:
    """Turn passes with a day index ``t`` into (site, day) arrays; passes of one site and day become their mean."""
    precision = 1.0 / pl.col("sd").clip(lower_bound=SMALLEST_SD) ** 2
    daily = (
        seen.with_columns(precision=precision, weighed=pl.col("ratio") * precision)
        .group_by("key", "t", "group", "region", "weight", "in_baseline")
        .agg(pl.col("weighed", "precision").sum())
        .sort("key", "t")
        .with_columns(site=pl.col("key").rle_id(), value=pl.col("weighed") / pl.col("precision"))
    )
    sites = daily.group_by("key", maintain_order=True).last()
    at = (daily["site"].to_numpy(), daily["t"].to_numpy())
    mask = np.zeros((sites.height, n_days), dtype=bool)
    value, sd, drift = np.zeros(mask.shape), np.ones(mask.shape), np.zeros(mask.shape)
    mask[at] = True
    value[at], sd[at] = 100.0 * daily["value"].to_numpy(), 100.0 * daily["precision"].to_numpy() ** -0.5
    drift[at] = ~daily["in_baseline"].to_numpy() * daily["key"].replace_strict(error).to_numpy()
    members = _Members(
        key=sites["key"].to_list(),
        group=sites["group"].to_list(),
        region=sites["region"].to_list(),
        weight=sites["weight"].to_numpy().astype(float),
    )
    region = np.unique(members.region, return_inverse=True)[1]
    return members, Passes(seen=mask, value=value, sd=sd, baseline_sd=drift, region=region)


def _counts(seen: pl.DataFrame, keys: list[str], n_days: int) -> NDArray[np.int64]:
    """Return the number of passes within :data:`INFORMS` days by site and day, (S, T)."""
    count = np.zeros((len(keys), n_days), dtype=np.int64)
    order = {key: n for n, key in enumerate(keys)}
    np.add.at(count, (seen["key"].replace_strict(order).to_numpy(), seen["t"].to_numpy()), 1)
    padded = np.pad(count, ((0, 0), (INFORMS, INFORMS)))
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * INFORMS + 1, axis=1).sum(axis=-1)


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
    as_of: date,
    posterior: list[smoother.Posterior],
    counts: NDArray[np.int64],
) -> pl.DataFrame:
    """Weigh site levels into rows, ordered by level, key and date."""
    mean, sd = smoother.weighted(posterior, share, days)
    own = smoother.weighted(posterior, np.eye(share.shape[1]), days)
    sampled = bootstrap.interval(share, *own, seed=as_of.toordinal())
    first = as_of - timedelta(days=counts.shape[1] - 1)
    half = Z90 * sd
    shown = {"value": mean, "lower": mean - half, "upper": mean + half}
    shown |= dict(zip(("sampling_lower", "sampling_upper"), sampled, strict=True))
    return pl.DataFrame(
        {
            "date": pl.Series([first + timedelta(days=int(d)) for d in days] * len(key), dtype=pl.Date),
            "level": pl.Series(level).gather(np.repeat(np.arange(len(key)), days.size)),
            "key": pl.Series(key).gather(np.repeat(np.arange(len(key)), days.size)),
            **{name: np.maximum(values, 0.0).ravel() for name, values in shown.items()},
            "n_obs": ((share > 0).astype(np.int64) @ counts[:, days]).ravel(),
        }
    ).with_columns(pl.col("sampling_lower", "sampling_upper").fill_nan(None))


def _with_evidence(rows: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Add the newest evidence of a site on or before each date (null elsewhere)."""
    if "evidence" not in known.columns:
        return rows.with_columns(evidence=pl.lit(None, dtype=pl.String))
    pictures = known.filter(pl.col("evidence").is_not_null()).select("key", "date", "evidence")
    pictures = pictures.with_columns(level=pl.lit("site")).sort("date")
    order = rows.with_row_index("order").sort("date")
    joined = order.join_asof(pictures, on="date", by=["level", "key"], check_sortedness=False)
    return joined.sort("order").drop("order")
