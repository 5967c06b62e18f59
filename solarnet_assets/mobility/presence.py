"""Who of the panel was seen at work today, as sums per city and device bucket that can be added up.

A device that is seen in n quarter hours of the work hours is missed at work with a probability that falls with n. How
fast is known from the device's own past: of the quarter hours seen on its days at work, the share p that shows the
workplace (the first of each day left out, since by it the day is known). With the panel's own share as prior, worth
``prior_slots`` quarter hours, p is Beta distributed and a commuter is missed with probability E[(1 - p)^n]
(beta-binomial; Skellam 1948, Journal of the Royal Statistical Society B 10(2), 257-261). Each device found counts
1 / (1 - miss) (Horvitz and Thompson 1952, doi:10.1080/01621459.1952.10483446). Late shifts and part-timers, who are at
work in few of these hours, so count for those of them whom the day did not show.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import betaln

from solarnet_assets.mobility.places import metres_between
from solarnet_assets.mobility.reduce import BUCKETS

TALLY = pl.Schema(
    {
        "city": pl.String,
        "bucket": pl.UInt8,
        "panel": pl.Int64,
        "heard": pl.Int64,
        "weight": pl.Float64,
        "hidden": pl.Float64,
        "commuters_seen": pl.Int64,
    }
)
"""Sums per city and bucket.

panel: devices seen at all; heard: those seen in work hours; weight: what those at work count for; hidden: the variance
of that sum; commuters_seen: devices seen both at work and at home.
"""


@dataclass(frozen=True)
class Settings:
    """How presence becomes commuters.

    Attributes:
        at_home_m: seen within this distance of the home point.
        at_work_m: seen within this distance of the work point, and nearer to it than to home.
        prior_slots: quarter hours that the panel's share at work is worth beside a device's own.
        prior_share: the panel's share of quarter hours at work where nothing is known of it.
        max_weight: a device found counts for at most so many: bounds what one device can do to a figure.
    """

    at_home_m: float = 350.0
    at_work_m: float = 400.0
    prior_slots: float = 1.0
    prior_share: float = 0.85
    max_weight: int = 3


def tally(
    device_days: pl.DataFrame, places: pl.DataFrame, share: float, settings: Settings | None = None
) -> pl.DataFrame:
    """Sum up a day, or some buckets of it (:data:`TALLY`).

    Args:
        device_days: ``DeviceDays`` of the day.
        places: home and work per device (:func:`solarnet_assets.mobility.homework.known_places`).
        share: the panel's share of quarter hours at work (:func:`usual_share`).
        settings: thresholds.
    """
    settings = settings or Settings()
    known = presence(device_days, places, settings)
    miss = miss_probability(known["n"].to_numpy(), *_beta(known, share, settings))
    weights = np.minimum(1.0 / np.maximum(1.0 - miss, 1e-9), settings.max_weight)
    found = pl.col("k") > 0
    return (
        known.with_columns(w=pl.Series(weights), bucket=(pl.col("device") % BUCKETS).cast(pl.UInt8))
        .group_by("city", "bucket")
        .agg(
            panel=pl.len().cast(pl.Int64),
            heard=(pl.col("n") > 0).sum().cast(pl.Int64),
            weight=pl.col("w").filter(found).sum(),
            hidden=(pl.col("w") * (pl.col("w") - 1.0)).filter(found).sum(),
            commuters_seen=(found & pl.col("home")).sum().cast(pl.Int64),
        )
        .sort("city", "bucket")
        .match_to_schema(TALLY)
    )


def usual_share(homes: pl.LazyFrame | pl.DataFrame, settings: Settings | None = None) -> float:
    """Return the share of quarter hours on days at work that are spent there, over a whole ``HomeWork`` table."""
    seen, at_work = homes.lazy().select(pl.col("stay_slots", "stay_at_work").sum()).collect().row(0)
    settings = settings or Settings()
    prior = settings.prior_slots
    return float((at_work + prior * settings.prior_share) / (seen + prior))


def presence(device_days: pl.DataFrame, places: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Return the quarter hours in work hours (n), those at work (k) and whether home is seen, per known device."""
    first, newer = (metres_between(f"{p}_lat", f"{p}_lon", "lat", "lon") for p in ("work", "new"))
    to_home = metres_between("home_lat", "home_lon", "lat", "lon")
    rows = device_days.join(places, on=["city", "device"]).with_columns(
        to_work=pl.min_horizontal(first, newer), to_home=to_home
    )
    at_work = (pl.col("to_work") <= settings.at_work_m) & (pl.col("to_work") < pl.col("to_home"))
    mask = pl.col("work_mask")
    return (
        rows.group_by("city", "device")
        .agg(
            seen=mask.bitwise_or(),
            work=pl.when(at_work).then(mask).otherwise(0).cast(pl.UInt32).bitwise_or(),
            home=(pl.col("to_home") <= settings.at_home_m).any(),
            stay_slots=pl.col("stay_slots").first().fill_null(0),
            stay_at_work=pl.col("stay_at_work").first().fill_null(0),
        )
        .select(
            "city",
            "device",
            pl.col("seen").bitwise_count_ones().cast(pl.Int64).alias("n"),
            pl.col("work").bitwise_count_ones().cast(pl.Int64).alias("k"),
            "home",
            "stay_slots",
            "stay_at_work",
        )
        .sort("city", "device")
    )


def miss_probability(n: NDArray[np.int64], a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return E[(1 - p)^n] for p ~ Beta(a, b), element by element: B(a, b + n) / B(a, b); 1 where n = 0."""
    return np.asarray(np.exp(betaln(a, b + n) - betaln(a, b)), dtype=np.float64)


def _beta(known: pl.DataFrame, share: float, settings: Settings) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    seen, at_work = (known[c].to_numpy().astype(np.float64) for c in ("stay_slots", "stay_at_work"))
    prior = settings.prior_slots
    return prior * share + at_work, prior * (1.0 - share) + seen - at_work
