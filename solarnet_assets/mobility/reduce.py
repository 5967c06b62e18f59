"""Daily reduction: every ping is read once, and what remains is who was where in which quarter hours."""

from __future__ import annotations

import polars as pl

from solarnet_assets.mobility.places import CELL_M, cell_expressions

BUCKETS = 64
"""Hash buckets of devices: what looks back over weeks reads one bucket at a time."""

SLOT_MINUTES = 15
NIGHT = (0, 6)
WORK = (9, 16)
"""Local hours of night and of work, end excluded (HoWDe, arXiv:2506.20679, uses 00-06 and 09-16)."""

MAX_ACCURACY_M = 500.0
"""Fixes that are less accurate than this place nobody in a cell of 250 m."""

_PER_HOUR = 60 // SLOT_MINUTES


def device_days(pings: pl.DataFrame, cities: pl.DataFrame, cell_m: float = CELL_M) -> pl.DataFrame:
    """Reduce one day's pings to one row per city, device and cell (``DeviceDays``).

    A burst of fixes counts as the quarter hours that it touches; the centre of a cell is the mean over quarter
    hours of their mean positions, so that it is weighted by dwell and not by the number of fixes.

    Args:
        pings: ``Pings`` of one local day.
        cities: ``Cities``; centres of the grids, and the zones that hours are counted in.
        cell_m: side of a cell, m.

    Returns:
        Rows sorted by bucket, device, city and cell.
    """
    grid = cities.lazy().select("city", lon0="lon", lat0="lat")
    zones = cities.select("city", "timezone").group_by("timezone", maintain_order=True).agg("city").rows()
    frames = [_reduced(pings.lazy(), grid, zone, names, cell_m) for zone, names in zones]
    if not frames:
        return _reduced(pings.lazy(), grid, "UTC", [], cell_m).collect()
    return pl.concat(frames).collect().sort("bucket", "device", "city", "cell_x", "cell_y")


def _reduced(pings: pl.LazyFrame, grid: pl.LazyFrame, zone: str, names: list[str], cell_m: float) -> pl.LazyFrame:
    local = pl.col("time").dt.convert_time_zone(zone)
    slot = local.dt.hour().cast(pl.UInt32) * _PER_HOUR + local.dt.minute() // SLOT_MINUTES
    keys = ["city", "device", "cell_x", "cell_y"]
    per_slot = (
        pings.filter(pl.col("city").is_in(names), pl.col("accuracy").fill_null(0) <= MAX_ACCURACY_M)
        .join(grid, on="city")
        .select("city", "device", *cell_expressions(cell_m), "lat", "lon", slot=slot.cast(pl.UInt32))
        .group_by(*keys, "slot")
        .agg(pl.col("lat", "lon").mean(), pings=pl.len().cast(pl.Int32))
    )
    night, work = (
        pl.col("slot") < NIGHT[1] * _PER_HOUR,
        pl.col("slot").is_between(WORK[0] * _PER_HOUR, WORK[1] * _PER_HOUR - 1),
    )
    bit = pl.lit(2, pl.UInt32).pow(pl.col("slot") - WORK[0] * _PER_HOUR)
    return (
        per_slot.with_columns(night=night, bit=pl.when(work).then(bit).otherwise(0).cast(pl.UInt32))
        .group_by(keys)
        .agg(
            pl.col("lat", "lon").mean(),
            pl.col("night").sum().cast(pl.Int16).alias("night_slots"),
            pl.col("bit").sum().cast(pl.UInt32).alias("work_mask"),
            pl.len().cast(pl.Int16).alias("slots"),
            pl.col("pings").sum().cast(pl.Int32),
        )
        .with_columns(
            bucket=(pl.col("device") % BUCKETS).cast(pl.UInt8),
            work_slots=pl.col("work_mask").bitwise_count_ones().cast(pl.Int16),
        )
        .select(
            "city",
            "device",
            "bucket",
            "cell_x",
            "cell_y",
            "lat",
            "lon",
            "night_slots",
            "work_slots",
            "work_mask",
            "slots",
            "pings",
        )
    )
