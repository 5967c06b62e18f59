"""Commuters per city and day: estimates from the sums of :mod:`presence`, with two kinds of error.

``commuters`` is about exactly the devices of the panel, and errs by what phones did not say: who was at work unseen,
and who was not heard of in work hours at all. ``share`` is about the city, and errs besides by which devices happen to
be in the panel: the delete-a-group jackknife over the 64 hash buckets of devices (Kott 2001, Journal of Official
Statistics 17(4), 521-526), which is the bootstrap over buckets to first order and needs no draws.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from solarnet_assets.mobility.noise import Noise, Sums

K = 20
"""Panels of fewer devices are suppressed."""

SCHEMA = pl.Schema(
    {
        "city": pl.String,
        "known_on": pl.Date,
        "panel": pl.Int64,
        "commuters": pl.Float64,
        "commuters_sd": pl.Float64,
        "commuters_seen": pl.Int64,
        "detection": pl.Float64,
        "share": pl.Float64,
        "share_sd": pl.Float64,
        "epsilon": pl.Float64,
        "suppressed": pl.Boolean,
    }
)

MISTAKEN, UNSURE = 0.01, 0.005
"""Ours: errors of a count that sums do not show. Variance per commuter of those who are mistaken one by one (a
workplace that is wrong or not known yet, a passer-by), and the relative error that all have in common."""


def city_commuters(tallies: pl.DataFrame, k: int = K, noise: Noise | None = None) -> pl.DataFrame:
    """Return one row per city with a panel (``CityCommuters``).

    Args:
        tallies: sums of all buckets (:data:`solarnet_assets.mobility.presence.TALLY`), in any order.
        k: smallest panel that is published.
        noise: Laplace noise to add to the sums of each city; None: none.

    Returns:
        Figures of suppressed cities are zero or null; ``known_on`` is null: all devices were there in time.
    """
    cities = tallies.sort("city", "bucket").group_by("city", maintain_order=True)
    rows = [_estimate(str(city), buckets, noise) for (city,), buckets in cities]
    return _suppressed(pl.DataFrame(rows, schema=SCHEMA), k)


def jackknife(weight: NDArray[np.float64], heard: NDArray[np.float64]) -> float:
    """Return the variance of sum(weight) / sum(heard) over groups of devices (delete-a-group jackknife, Kott 2001).

    Args:
        weight: numerators by bucket, shape (groups,).
        heard: denominators by bucket; buckets without devices are no groups.

    Returns:
        (G - 1) / G times the squared deviations of the G ratios that leave one group out; infinite for one group.
    """
    used = heard > 0
    groups = int(used.sum())
    if groups < 2:
        return float("inf")
    left = (weight.sum() - weight[used]) / (heard.sum() - heard[used])
    return float((groups - 1) / groups * ((left - left.mean()) ** 2).sum())


def _estimate(city: str, buckets: pl.DataFrame, noise: Noise | None) -> dict[str, object]:
    """Return one row, whatever its size; under noise everything follows from the noisy sums alone."""
    sums = Sums(*(float(buckets[name].sum()) for name in ("panel", "heard", "weight", "hidden", "commuters_seen")))
    added = 0.0
    if noise:
        sums, added = noise.add(city, sums)
    if sums.heard < 1:
        return {"city": city, "panel": int(sums.panel), "commuters": 0.0, "commuters_seen": 0, "suppressed": False}
    share = min(sums.weight / sums.heard, 1.0)
    chance = share * (1 - share) / sums.heard
    arrays = [buckets[name].to_numpy().astype(np.float64) for name in ("weight", "heard")]
    sampling = 1.2 * chance if noise else min(jackknife(*arrays), 0.25)
    scale = sums.panel / sums.heard
    commuters = sums.panel * share
    unsaid = scale**2 * sums.hidden + sums.panel * (sums.panel - sums.heard) * chance
    unsaid += MISTAKEN * commuters + (UNSURE * commuters) ** 2
    return {
        "city": city,
        "panel": int(sums.panel),
        "commuters": commuters,
        "commuters_sd": float(np.sqrt(unsaid + added * (scale**2 * (1 + share**2) + share**2))),
        "commuters_seen": int(sums.commuters_seen),
        "detection": min(sums.commuters_seen / commuters, 1.0) if commuters > 0 else None,
        "share": share,
        "share_sd": float(np.sqrt(sampling + (0.5 / sums.panel) ** 2 + added * (1 + share**2) / sums.heard**2)),
        "epsilon": noise.epsilon if noise else None,
        "suppressed": False,
    }


def _suppressed(figures: pl.DataFrame, k: int) -> pl.DataFrame:
    """Blank the cities whose panel, as published, is below k."""
    small = (pl.col("panel") < k) | pl.col("share").is_null()
    unknown = dict.fromkeys(("commuters_sd", "detection", "share", "share_sd"))
    blank = {"panel": 0, "commuters": 0.0, "commuters_seen": 0, **unknown}
    return (
        figures.with_columns(suppressed=small)
        .with_columns(pl.when(small).then(pl.lit(value)).otherwise(pl.col(c)).alias(c) for c, value in blank.items())
        .select(pl.col(c).cast(t) for c, t in SCHEMA.items())
        .sort("city")
    )
