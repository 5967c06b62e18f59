"""Commuters per city and day: who of the panel is at work, corrected for those whose phone said too little.

A device with n quarter hours in work hours that is at work today is missed with a probability that falls with
n. That probability is read off today's own data: devices that are surely at work and are seen often are
thinned to m quarter hours without replacement, and the share of draws that miss the workplace is counted
exactly (hypergeometric). Each device found at work then counts 1 / (1 - miss(n)) (Horvitz and Thompson 1952,
doi:10.1080/01621459.1952.10483446).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import gammaln

from solarnet_assets.mobility.places import metres_between
from solarnet_assets.mobility.reduce import WORK

WORK_SLOTS = (WORK[1] - WORK[0]) * 4

SCHEMA = pl.Schema(
    {
        "city": pl.String,
        "panel": pl.Int64,
        "commuters": pl.Float64,
        "commuters_seen": pl.Int64,
        "detection": pl.Float64,
        "share": pl.Float64,
        "share_sd": pl.Float64,
        "suppressed": pl.Boolean,
    }
)


@dataclass(frozen=True)
class Settings:
    """How presence becomes commuters.

    Attributes:
        k: panels of fewer devices are suppressed.
        min_slots: quarter hours in work hours below which a device says nothing about the day.
        at_home_m: seen within this distance of the home point.
        at_work_m: seen within this distance of the work point, and nearer to it than to home.
        prior_devices: weight of the prior miss curve against today's devices.
        prior_miss: probability that one quarter hour of a commuter shows another place.
        rich_slots: quarter hours from which a device can be thinned.
    """

    k: int = 20
    min_slots: int = 1
    at_home_m: float = 350.0
    at_work_m: float = 400.0
    prior_devices: float = 20.0
    prior_miss: float = 0.2
    rich_slots: int = 6


def city_commuters(device_days: pl.DataFrame, places: pl.DataFrame, settings: Settings | None = None) -> pl.DataFrame:
    """Return one row per city with a panel (``CityCommuters``).

    Args:
        device_days: ``DeviceDays`` of the day.
        places: home and work per device (:func:`solarnet_assets.mobility.homework.known_places`).
        settings: thresholds.

    Returns:
        ``commuters`` estimates the panel's devices at work; ``commuters_seen`` are those found both at work and
        at home; ``detection`` is the ratio of the two. Figures of suppressed cities are zero or null.
    """
    settings = settings or Settings()
    panel = presence(device_days, places, settings).filter(pl.col("n") >= settings.min_slots)
    miss = miss_curve(panel["n"].to_numpy(), panel["k"].to_numpy(), settings)
    caught = 1.0 - miss[panel["n"].to_numpy()]
    weighted = panel.with_columns(
        weight=pl.Series(np.where(panel["k"].to_numpy() > 0, 1.0 / caught, 0.0), dtype=pl.Float64)
    )
    counted = weighted.group_by("city").agg(
        panel=pl.len().cast(pl.Int64),
        commuters=pl.col("weight").sum(),
        squares=(pl.col("weight") ** 2).sum(),
        commuters_seen=((pl.col("k") > 0) & pl.col("home")).sum().cast(pl.Int64),
    )
    return _published(counted, settings.k)


def presence(device_days: pl.DataFrame, places: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Return the quarter hours in work hours (n), those at work (k) and whether home is seen, per known device."""
    to_work = metres_between("work_lat", "work_lon", "lat", "lon")
    to_home = metres_between("home_lat", "home_lon", "lat", "lon")
    rows = device_days.join(places, on=["city", "device"]).with_columns(to_work=to_work, to_home=to_home)
    at_work = (pl.col("to_work") <= settings.at_work_m) & (pl.col("to_work") < pl.col("to_home"))
    mask = pl.col("work_mask")
    return (
        rows.group_by("city", "device")
        .agg(
            seen=mask.bitwise_or(),
            work=pl.when(at_work).then(mask).otherwise(0).cast(pl.UInt32).bitwise_or(),
            home=(pl.col("to_home") <= settings.at_home_m).any(),
        )
        .select(
            "city",
            "device",
            pl.col("seen").bitwise_count_ones().cast(pl.Int64).alias("n"),
            pl.col("work").bitwise_count_ones().cast(pl.Int64).alias("k"),
            "home",
        )
    )


def miss_curve(n: NDArray[np.int64], k: NDArray[np.int64], settings: Settings) -> NDArray[np.float64]:
    """Return the probability that a commuter seen in m quarter hours is never seen at work, for m = 0 .. 28.

    Args:
        n: quarter hours seen in work hours, per device.
        k: those at work.
        settings: prior and the floor of what can be thinned.

    Returns:
        shape (WORK_SLOTS + 1,), falling, 1 at m = 0.
    """
    m = np.arange(WORK_SLOTS + 1)
    prior = settings.prior_miss**m
    sure = (n >= settings.rich_slots) & (2 * k >= n)
    seen, away = n[sure][:, None].astype(float), (n - k)[sure][:, None].astype(float)
    drawable = m[None, :] <= seen
    ways = _log_choose(away, m) - _log_choose(seen, m)
    missed = np.where(drawable & (m[None, :] <= away), np.exp(ways), 0.0)
    weight = settings.prior_devices
    curve = (missed.sum(axis=0) + weight * prior) / (drawable.sum(axis=0) + weight)
    return np.minimum.accumulate(curve)


def _log_choose(n: NDArray[np.float64], m: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return log binomial coefficients; meaningless where m > n, which callers mask."""
    return gammaln(n + 1) - gammaln(m + 1) - gammaln(np.maximum(n - m, 0) + 1)


def _published(counted: pl.DataFrame, k: int) -> pl.DataFrame:
    """Add shares and their deviation, and blank the cities whose panel is below k."""
    share = pl.col("commuters") / pl.col("panel")
    variance = (pl.col("squares") / pl.col("panel") - share**2).clip(lower_bound=0.0)
    floor = 0.5 / pl.col("panel")
    sd = (variance / pl.col("panel") + floor**2).sqrt()
    detection = (pl.col("commuters_seen") / pl.col("commuters")).clip(0.0, 1.0)
    small = pl.col("panel") < k
    figures = counted.with_columns(
        share=share,
        share_sd=sd,
        detection=pl.when(pl.col("commuters") > 0).then(detection),
        suppressed=small,
    )
    blank = {"panel": 0, "commuters": 0.0, "commuters_seen": 0, "detection": None, "share": None, "share_sd": None}
    return (
        figures.with_columns(
            pl.when(small).then(pl.lit(value)).otherwise(pl.col(c)).alias(c) for c, value in blank.items()
        )
        .select(pl.col(c).cast(t) for c, t in SCHEMA.items())
        .sort("city")
    )
