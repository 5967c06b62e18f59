"""How often the intervals hold the truth, and how far values are from it."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from solarnet_assets.storage.warehouse import reader

ESTIMATES = """
select signal, level, region as key, day, value, lower, upper from marts.recovery_daily
union all
select signal, 'site' as level, site_id as key, day, value, lower, upper from marts.site_daily
union all
select 'parking' as signal, 'group' as level, site_group as key, day, value, lower, upper from marts.parking_groups
union all
select 'sector' as signal, 'sector' as level, sector as key, day,
    100 + growth_pct as value, 100 + lower as lower, 100 + upper as upper
from marts.sector_growth
where lang = 'all' and growth_pct is not null
union all
select 'solar' as signal, if(site_id = 'all', 'country', 'area') as level,
    if(site_id = 'all', (select max(value) from seeds.settings where name = 'country'), site_id) as key,
    day, area_km2 as value, lower, upper
from marts.solar_daily
union all
select 'steel_ordinary' as signal, level, region as key, day, ordinary as value, ordinary_lower as lower,
    ordinary_upper as upper
from marts.steel_shock
where partner is not null
"""
"""All figures that have a truth, with their 90 % interval; sectors in percent of 1 January."""

TRUTH = "select signal, key, day, value from staging.stg_evaluation_truth order by all"

COMPARISON = """
select item, signal, unit, published, measured, lower, upper, truth, within
from marts.published_comparison
where truth is not null
"""

SUMMARY_SCHEMA = pl.Schema(
    {
        "signal": pl.String,
        "level": pl.String,
        "n": pl.Int64,
        "covered": pl.Float64,
        "bias": pl.Float64,
        "rmse": pl.Float64,
        "max_error": pl.Float64,
        "max_relative_error": pl.Float64,
        "half_width": pl.Float64,
    }
)


def coverage(warehouse: Path) -> pl.DataFrame:
    """Summarise every figure of a simulation against its truth.

    Args:
        warehouse: the DuckDB file.

    Returns:
        One row per signal and level (country, region, city, group of car parks, site, sector, area): ``n`` figures
        with a truth, ``covered`` (share whose 90 % interval holds the truth), ``bias``, ``rmse`` and ``max_error`` in
        points (solar: km2), ``max_relative_error`` (share of the truth), and the mean ``half_width`` of the interval.
        Empty outside a simulation.
    """
    return summarise(compared(warehouse))


def known_truth(warehouse: Path) -> pl.DataFrame:
    """Return what a simulation knows to be true: signal, key, day, value. Empty outside one."""
    with reader(warehouse) as con:
        return con.sql(TRUTH).pl()


def compared(warehouse: Path) -> pl.DataFrame:
    """Return every figure that has a truth: signal, level, key, day, value, lower, upper, truth."""
    with reader(warehouse) as con:
        estimates = con.sql(ESTIMATES).pl()
    truth = known_truth(warehouse).rename({"value": "truth"})
    return estimates.join(truth, on=["signal", "key", "day"]).sort("signal", "level", "key", "day")


def summarise(rows: pl.DataFrame) -> pl.DataFrame:
    """Summarise figures beside their truth (columns of :func:`compared`) by signal and level."""
    error = pl.col("value") - pl.col("truth")
    relative = pl.when(pl.col("truth").abs() > 0).then(error.abs() / pl.col("truth").abs())
    return (
        rows.group_by("signal", "level")
        .agg(
            n=pl.len().cast(pl.Int64),
            covered=pl.col("truth").is_between("lower", "upper").mean(),
            bias=error.mean(),
            rmse=(error**2).mean().sqrt(),
            max_error=error.abs().max(),
            max_relative_error=relative.max(),
            half_width=((pl.col("upper") - pl.col("lower")) / 2).mean(),
        )
        .sort("signal", "level")
        .match_to_schema(SUMMARY_SCHEMA)
    )


def published(warehouse: Path) -> pl.DataFrame:
    """Return the published figures that the simulation covers, with the error against the truth.

    Returns:
        Columns item, signal, unit, published, measured, lower, upper, truth, within, ``error`` (points) and
        ``relative_error``: of (100 + growth) for sectors, of the truth elsewhere; null where nothing is measured.
    """
    with reader(warehouse) as con:
        rows = con.sql(COMPARISON).pl()
    base = pl.when(pl.col("signal") == "sector").then(100 + pl.col("truth")).otherwise(pl.col("truth"))
    error = pl.col("measured") - pl.col("truth")
    return rows.with_columns(error=error, relative_error=error / pl.when(base != 0).then(base))
