"""What sensors would have said of a drawn country, without a pixel: drawn about the truth and written into a lake.

As often and as noisy as what the pipeline makes of rendered scenes (``docs/nowcast.md``): what is written are passes of
mills, counts of car parks, commuters of cities and a published index, which the estimates are made of.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from solarnet_assets.mobility.calendar import comparison_days
from solarnet_assets.mobility.commute import city_commuters
from solarnet_assets.mobility.presence import TALLY, Settings
from solarnet_assets.mobility.reduce import BUCKETS
from solarnet_assets.storage.lake import Lake
from solarnet_assets.storage.schemas import SCHEMAS
from solarnet_assets.world.devices import devices_of, owners_of
from solarnet_assets.world.draws import uniform
from solarnet_assets.world.index import NOISE, normal_level
from solarnet_assets.world.lots import SOLAR_HOUR, draw_vehicles, pass_due
from solarnet_assets.world.scenario import City, Scenario, value_at

PASS_EVERY, PASS_VALID = 5, 0.455
"""Days between passes over a mill, and the share of them that count, as found on rendered scenes."""

RELATIVE, ADDITIVE, DOF = 0.125, 0.02, 5
"""Noise of a mill's pass: relative (in part Student-t of so many degrees of freedom) and additive, in baselines."""

STATED = 0.03
"""Relative standard deviation that a pass states of itself (median of rendered ones)."""

MAP_STEPS = 10_000
"""Steps of the one-pixel map that stand for a mill's baseline (the map counts in 16 bits)."""

PASS: dict[str, pl.DataType | type[pl.DataType]] = {
    "site_id": pl.String,
    "day": pl.Date,
    "time": pl.Datetime("us"),
}
"""Columns that both kinds of passes begin with."""

COUNT_ERROR, COUNT_FLOOR, LOT_BIAS = 0.04, 1.5, 0.05
"""Error of a count: relative, in vehicles, and of a whole lot (``benchmarks/parking_levels.py``)."""

SNAPSHOT = timedelta(days=84)
LOCATED = 0.8
"""Age of the table that says who belongs to the panel, and the share of workers seen then whose workplace it has."""

SLOTS_A_PING = 0.3
"""Quarter hours of the work hours that one of a device's daily fixes stands for: seven of 24 hours, waking ones."""

AT_WORK, ABSENT, PASSING = 0.85, 0.01, 0.005
"""Chance that a quarter hour of a working day is at work; commuters with another workplace; others who come by."""


def write_lake(scenario: Scenario, lake: Lake, first: date, last: date) -> None:
    """Write everything that is measured from ``first`` to ``last``, and what baselines and comparisons read besides."""
    autumn = date(first.year - 1, 9, 1)
    span = [autumn + timedelta(days=n) for n in range((last - autumn).days + 1)]
    for asset, rows in (
        ("steel_observations", steel_passes(scenario, span)),
        ("lot_counts", lot_counts(scenario, span)),
    ):
        for (day,), part in rows.partition_by("day", as_dict=True, include_key=False).items():
            lake.write(asset, day, complete(asset, part))
    compared = {other for day in span if day >= first for other in comparison_days(day, scenario.country)}
    for day in sorted(compared):
        lake.write("city_commuters", day, complete("city_commuters", commuters(scenario, day)))
        lake.write("mobility_index", day, complete("mobility_index", published_index(scenario, day)))


def complete(asset: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Add the columns of an asset that are not drawn: those that may be null are null."""
    optional = [name for name, column in SCHEMAS[asset].columns().items() if column.nullable]
    return rows.with_columns(pl.lit(None).alias(name) for name in optional if name not in rows.columns)


def steel_passes(scenario: Scenario, days: list[date]) -> pl.DataFrame:
    """Draw passes over mills about the truth: ``SteelObservations`` columns that activity reads, and ``day``.

    Each map is one pixel whose excess is the mill's whole heat, so that the ratio to the baseline is the drawn one.
    """
    rng, rows = np.random.default_rng([scenario.seed, 99]), []
    for mill in scenario.mills:
        due = range(int(rng.integers(PASS_EVERY)), len(days), PASS_EVERY)
        at = np.array([n for n in due if rng.random() < PASS_VALID], dtype=np.int64)
        level = np.array([value_at(mill.curve or scenario.signals.steel, days[n]) / 100 for n in at])
        tails = rng.standard_t(DOF, at.size) * np.sqrt((DOF - 2) / DOF)
        logarithm = RELATIVE * (0.9 * rng.standard_normal(at.size) + 0.5 * tails)
        ratio = level * np.exp(logarithm - RELATIVE**2 / 2) + ADDITIVE * rng.standard_normal(at.size)
        steps = np.clip(np.round(MAP_STEPS * ratio), -32_000, 32_000).astype(int)
        rows += [(mill.id, days[n], _hour(days[n], mill.lon, 10.5), [int(x)]) for n, x in zip(at, steps, strict=True)]
    names = PASS | {"excess_map": pl.List(pl.Int16)}
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(
        scene_id=pl.col("site_id") + "_" + pl.col("day").cast(pl.String),
        valid=True,
        seen_share=1.0,
        cloud_share=0.0,
        relative_sd=STATED,
        map_width=1,
        map_grid=pl.lit("drawn"),
    )


def _hour(day: date, lon: float, solar: float) -> datetime:
    return datetime.combine(day, time()) + timedelta(hours=solar - lon / 15)


def lot_counts(scenario: Scenario, days: list[date]) -> pl.DataFrame:
    """Draw counts of car parks about the vehicles that stood there: columns of ``LotCounts`` and ``day``."""
    rng, rows = np.random.default_rng([scenario.seed, 5]), []
    for lot in scenario.lots:
        wrong = float(np.exp(LOT_BIAS * rng.standard_normal()))
        for day in (d for d in days if pass_due(scenario.seed, lot.id, d)):
            true = draw_vehicles(scenario, lot, day)
            error = float(np.hypot(COUNT_FLOOR, COUNT_ERROR * true)) * rng.standard_normal()
            seen = max(true * wrong + error, 0.0)
            sd = float(np.hypot(COUNT_FLOOR, COUNT_ERROR * seen))
            rows.append((lot.id, day, _hour(day, lot.lon, SOLAR_HOUR), seen, sd, float(lot.stalls)))
    names = PASS | {"vehicles": pl.Float64, "sd": pl.Float64, "stalls": pl.Float64}
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(
        image_id=pl.col("site_id") + "_" + pl.col("day").cast(pl.String),
        valid=True,
        gsd=0.3,
        visible_share=1.0,
        lower=(pl.col("vehicles") - 1.645 * pl.col("sd")).clip(lower_bound=0),
        upper=pl.col("vehicles") + 1.645 * pl.col("sd"),
    )


def commuters(scenario: Scenario, day: date) -> pl.DataFrame:
    """Return the ``CityCommuters`` of a day: really the simulated phones, but drawn presence instead of pings."""
    parts = [TALLY.to_frame(), *(_tally(scenario, city, day) for city in scenario.cities if city.panel > 0)]
    return city_commuters(pl.concat(parts))


def _tally(scenario: Scenario, city: City, day: date) -> pl.DataFrame:
    """Draw the sums of a city's panel (:data:`solarnet_assets.mobility.presence.TALLY`)."""
    devices = devices_of(scenario, city, day)
    known = np.isin(devices.key, owners_of(scenario, city, day - SNAPSHOT).key)
    located = uniform(devices.key, "located") < LOCATED
    panel = np.flatnonzero(devices.visible & ~devices.away & devices.workers & known & located)
    rng = np.random.default_rng([scenario.seed, day.toordinal(), list(scenario.cities).index(city)])
    slots = np.minimum(rng.poisson(SLOTS_A_PING * devices.pings_a_day[panel]), 28)
    miss = (1 - AT_WORK) ** slots.astype(float)
    weight = np.minimum(1 / np.maximum(1 - miss, 1e-9), Settings().max_weight)
    goes = np.where(rng.random(panel.size) < np.where(devices.commutes[panel], ABSENT, PASSING), 1, 0)
    there = devices.commutes[panel] ^ goes.astype(bool)
    found = there & (rng.random(panel.size) > miss) & (slots > 0)
    return _sums(city.id, devices.key[panel], slots > 0, np.where(found, weight, 0.0))


def _sums(city: str, key: NDArray[np.uint64], heard: NDArray[np.bool_], weight: NDArray[np.float64]) -> pl.DataFrame:
    frame = pl.DataFrame({"bucket": key % BUCKETS, "heard": heard, "w": weight})
    return (
        frame.group_by("bucket")
        .agg(
            panel=pl.len().cast(pl.Int64),
            heard=pl.col("heard").sum().cast(pl.Int64),
            weight=pl.col("w").sum(),
            hidden=(pl.col("w") * (pl.col("w") - 1)).clip(lower_bound=0).sum(),
            commuters_seen=(pl.col("w") > 0).sum().cast(pl.Int64),
        )
        .select(pl.lit(city).alias("city"), pl.col("bucket").cast(pl.UInt8), pl.exclude("bucket"))
        .sort("bucket")
        .match_to_schema(TALLY)
    )


def published_index(scenario: Scenario, day: date) -> pl.DataFrame:
    """Draw the published index of a day for the cities that have one."""
    rows = []
    for number, city in enumerate(scenario.cities):
        if city.index:
            rng = np.random.default_rng([scenario.seed, 17, day.toordinal(), number])
            level = value_at(city.curve or scenario.signals.commuting, day) / 100
            drawn = normal_level(scenario, city, day) * level * float(np.exp(NOISE * rng.standard_normal()))
            rows.append((city.id, drawn, "simulated"))
    return pl.DataFrame(rows, schema=["city", "intensity", "provider"], orient="row")
