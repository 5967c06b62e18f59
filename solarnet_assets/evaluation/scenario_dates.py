"""Days of return that were forecast beside the true ones: intervals, middle days, and stated probabilities."""

from __future__ import annotations

import numpy as np
import polars as pl

from solarnet_assets.nowcast.forecasts import HORIZON
from solarnet_assets.nowcast.frames import SCORED
from solarnet_assets.nowcast.returns import NEVER, REACH, THRESHOLDS, seen_return

BINS = 10
"""Bins of the reliability table."""

AREAS = ("signal", "key")


def dates_beside(dates: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """Put the true day of return beside each forecast of areas that the stack does not call back already.

    Cases are chosen by what was known, never by the truth: of areas at the threshold, those that the truth has just
    short of it would otherwise stay and those that it has just above would go, and every sure forecast looked wrong.

    The true day is the one that forecasts mean (:func:`solarnet_assets.nowcast.returns.seen_return`) on the true curve:
    the first day, the as-of day or later, about which seven days are at or above the threshold on average.

    Args:
        dates: as_of, method, signal, level, key, threshold, date_lower, date_median, date_upper and probabilities.
        truth: signal, key, day, value.

    Returns:
        The rows with ``came``, ``low``, ``middle`` and ``high`` in days from the as-of day; infinity lies beyond the
        horizon.
    """
    asked = dates.select("as_of", *AREAS).unique(maintain_order=True)
    ahead = pl.int_ranges(-REACH, HORIZON + REACH + 1)
    days = asked.with_columns(n=ahead).explode("n", empty_as_null=False, keep_nulls=False)
    days = days.with_columns(day=pl.col("as_of") + pl.duration(days="n")).join(truth, on=[*AREAS, "day"], how="left")
    curves = days.sort("as_of", *AREAS, "n").group_by("as_of", *AREAS, maintain_order=True).agg("value")
    came = seen_return(np.array(curves["value"].to_list(), dtype=np.float64))
    came = np.where(came <= HORIZON, came, NEVER)
    wide = curves.drop("value").with_columns(came=pl.Series(came, dtype=pl.List(pl.Float64)))
    wide = wide.with_columns(threshold=pl.lit(list(THRESHOLDS)))
    long = wide.explode("came", "threshold", empty_as_null=False, keep_nulls=False)
    told = zip(("low", "middle", "high"), ("date_lower", "date_median", "date_upper"), strict=True)
    since = [(pl.col(b) - pl.col("as_of")).dt.total_days().cast(pl.Float64).fill_null(NEVER).alias(a) for a, b in told]
    rows = dates.join(long, on=["as_of", *AREAS, "threshold"]).with_columns(since)
    open_ = rows.filter(pl.col("method") == "stack", pl.col("middle") > 0)
    return rows.join(open_, on=["as_of", *AREAS, "threshold"], how="semi")


def date_sums(rows: pl.DataFrame) -> pl.DataFrame:
    """Return sums over :func:`dates_beside`; an area that never returns is right where the interval reaches beyond."""
    returned = pl.col("came").is_finite()
    held = pl.when(returned).then(pl.col("came").is_between("low", "high")).otherwise(pl.col("high").is_infinite())
    foreseen = returned & pl.col("middle").is_finite()
    by = ["method", "signal", "level", "threshold"]
    return (
        rows.with_columns(held=held, back=returned, foreseen=foreseen)
        .group_by(by)
        .agg(
            pl.len().cast(pl.Int64).alias("n"),
            pl.col("held").sum().cast(pl.Int64),
            pl.col("back").sum().cast(pl.Int64).alias("returned"),
            (pl.col("held") & pl.col("back")).sum().cast(pl.Int64).alias("held_returned"),
            pl.col("foreseen").sum().cast(pl.Int64),
            (pl.col("middle") - pl.col("came")).filter("foreseen").abs().sum().alias("error"),
        )
        .sort(by)
    )


def reliability(rows: pl.DataFrame) -> pl.DataFrame:
    """Return, by method, days and bin of the stated probability of return, how often it came (from dates_beside)."""
    parts = []
    for within, name in zip((*SCORED, HORIZON), ("prob_by_7d", "prob_by_14d", "prob_by_28d", "prob_by"), strict=True):
        came = (pl.col("came") <= within).cast(pl.Float64)
        parts.append(
            rows.filter(pl.col(name).is_not_null())
            .with_columns(p=pl.col(name), came=came, within=pl.lit(within, pl.Int64))
            .with_columns(bin=(pl.col("p") * BINS).floor().clip(0, BINS - 1).cast(pl.Int64))
            .group_by("method", "within", "bin")
            .agg(
                pl.len().cast(pl.Int64).alias("n"),
                pl.col("p").sum().alias("stated"),
                pl.col("came").sum(),
                ((pl.col("p") - pl.col("came")) ** 2).sum().alias("brier"),
            )
        )
    return pl.concat(parts).sort("method", "within", "bin")
