"""Ready stops with coordinates (user, start, end, latitude, longitude) as the fixes that a phone would have sent."""

from __future__ import annotations

import polars as pl

from solarnet_assets.mobility.stops import LONGEST

QUARTER = 900_000_000
"""Microseconds of a quarter hour: all that the daily reduction knows of time."""

TURNED = "the stop ends before it starts"
LONG = "the stop lasts more than two weeks"


def fixes(stops: pl.DataFrame, span: tuple[int, int] | None) -> pl.DataFrame:
    """Return one fix for each quarter hour that a stop touches, in the middle of what it has of it.

    Args:
        stops: ``time`` and ``end`` (UTC microseconds), and any other columns, which are repeated.
        span: microseconds (UTC) outside of which no fix is wanted; None wants all.

    Returns:
        The columns without ``end``, with ``fault``: null, or why a stop (kept as one row) is refused.
    """
    start = pl.col("time").dt.epoch("us")
    end = pl.max_horizontal(pl.col("end").dt.epoch("us"), start + 1)
    turned, long = pl.col("end") < pl.col("time"), end - start > LONGEST * 1_000_000
    judged = stops.with_columns(fault=pl.when(turned).then(pl.lit(TURNED)).when(long).then(pl.lit(LONG)))
    unfit = pl.col("fault").is_not_null() | pl.col("time").is_null() | pl.col("end").is_null()
    bad = judged.filter(unfit).with_columns(time=pl.when(pl.col("end").is_not_null()).then("time")).drop("end")
    low, high = span or (-(1 << 62), 1 << 62)
    good = judged.filter(~unfit, end > low, start < high).with_columns(
        slot=pl.int_ranges(pl.max_horizontal(start, low) // QUARTER, (pl.min_horizontal(end, high) - 1) // QUARTER + 1)
    )
    first = pl.col("slot") * QUARTER
    middle = (pl.max_horizontal(first, start) + pl.min_horizontal(first + QUARTER, end)) // 2
    seen = good.explode("slot").drop_nulls("slot")
    seen = seen.with_columns(time=middle.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")).drop("end", "slot")
    return pl.concat([seen, bad.select(seen.columns)])
