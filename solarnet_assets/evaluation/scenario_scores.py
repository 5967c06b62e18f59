"""What a whole run says of a drawn country beside what is true: levels, forecasts and days of return, as sums to pool.

Rows are sums over one country, since days and places of one course hang together: shares over many countries, and how
sure they are, come from :mod:`solarnet_assets.evaluation.scenario_summary`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from solarnet_assets.evaluation.coverage import ESTIMATES, known_truth
from solarnet_assets.evaluation.scenario_dates import AREAS, date_sums, dates_beside, reliability
from solarnet_assets.evaluation.truth import composite, composite_weights
from solarnet_assets.nowcast.scores import crps_of_quantiles
from solarnet_assets.storage.lake import Lake
from solarnet_assets.storage.warehouse import reader

AHEAD = (7, 14, 28, 56)
"""Days ahead that values are scored at: every method keeps them."""

PATH = ("as_of", "method", "signal", "key", "day")
SIGNALS = ("steel", "parking", "commuting", "composite")
EXACT = 1e-6
"""Truths are rounded to this: a weighted mean of hundreds is no hundred otherwise."""

INDEX = (
    "select 'composite, factor' as signal, level, region as key, day, value, lower, upper from marts.recovery_index "
)
FACTOR = INDEX + "where kind = 'factor'"

FORECASTS = """
select f.as_of, f.method, f.signal, r.level, f.region as key, f.day, f.value, f.lower, f.upper
from marts.recovery_forecast as f
inner join (select distinct signal, region, level from marts.recovery_daily) as r
    on f.signal = r.signal and f.region = r.region
where f.as_of in (select unnest($days::date[])) and (f.day - f.as_of) in (select unnest($ahead::int[]))
"""

EVENTS = "select signal, key, day, direction from marts.recovery_events where level in ('site', 'city')"

NEWS = 8.0
"""Points of a fall ahead of an as-of day that nobody could know of."""

WINDOW, NEAREST, FEWEST = 28, 7, 10
"""Days that an event compares a day with: so many, up to so many before it, at least so many known."""

NEAR, FELL, SOON = 5.0, 20.0, 14
"""Points from the window's median that are no event, and below it that make a fall; days after which that is missed."""

DATES = """
select d.as_of, d.method, d.signal, r.level, d.region as key, d.threshold, d.date_lower, d.date_median, d.date_upper,
    d.prob_by, d.prob_by_7d, d.prob_by_14d, d.prob_by_28d
from marts.recovery_dates as d
inner join (select distinct signal, region, level from marts.recovery_daily) as r
    on d.signal = r.signal and d.region = r.region
where d.as_of in (select unnest($days::date[])) and d.prob_by is not null
"""


@dataclass(frozen=True)
class Scores:
    """Sums over one country.

    Attributes:
        values: by signal and level: ``n``, ``held`` (90 % intervals with the truth), ``squared`` error, ``width``.
        forecasts: by method, signal, level, ``ahead`` and ``news`` (the truth falls in between): the same,
            ``absolute`` error and ``crps`` (over ``scored``).
        dates: by method, signal, level and threshold of areas that the stack does not call back already: ``n``,
            ``held``; ``returned`` within the horizon, ``held_returned``; ``foreseen`` (and returned), sum of ``error``
            in days.
        reliability: by method, days ``within`` and bin of the stated probability: ``n``, ``stated``, ``came``,
            ``brier``.
        events: by signal: ``n`` site-days (commuting: city-days), ``false`` events (the truth lies within :data:`NEAR`
            points of its median in the window, or on the other side), ``fell`` (sites that fell by :data:`FELL`),
            ``caught`` within :data:`SOON` days of that, and their sum of ``delay`` in days.
    """

    values: pl.DataFrame
    forecasts: pl.DataFrame
    dates: pl.DataFrame
    reliability: pl.DataFrame
    events: pl.DataFrame


def score(warehouse: Path, lake: Lake, as_of: list[date], last: date) -> Scores:
    """Score a run against its truth.

    Args:
        warehouse: the DuckDB file.
        lake: the lake it was made from: says which sites make a city, and has the quantiles of forecasts.
        as_of: days whose forecasts are scored.
        last: last day of the run; levels are scored up to it.
    """
    truth = whole_truth(known_truth(warehouse), lake.read("sites"))
    with reader(warehouse) as con:
        levels = pl.concat([con.sql(ESTIMATES).pl(), con.sql(FACTOR).pl()])
        asked = {"days": as_of, "ahead": list(AHEAD)}
        made = con.sql(FORECASTS, params=asked).pl().join(_quantiles(lake, as_of), on=PATH, how="left")
        dates = con.sql(DATES, params={"days": as_of}).pl()
        raised = con.sql(EVENTS).pl()
    known = dates_beside(dates, truth)
    units = levels.filter(pl.col("level").is_in(["site", "city"])).select(AREAS).unique()
    events = event_sums(raised, truth.join(units, on=AREAS).filter(pl.col("day") <= last))
    sums = (value_sums(levels, truth, last), forecast_sums(made, truth), date_sums(known), reliability(known))
    return Scores(*sums, events)


def _quantiles(lake: Lake, as_of: list[date]) -> pl.DataFrame:
    rows = [lake.read("forecast_paths", day).with_columns(as_of=pl.lit(day)) for day in as_of]
    return pl.concat(rows).select(*PATH[:3], pl.col("region").alias("key"), pl.col("date").alias("day"), "quantiles")


def whole_truth(truth: pl.DataFrame, sites: pl.DataFrame) -> pl.DataFrame:
    """Add what is true of cities seen from above (mean of their sites by capacity) and their composite.

    Args:
        truth: signal, key, day, value.
        sites: site_id, signal, city, capacity.
    """
    inside = sites.filter(pl.col("city").is_not_null()).select("signal", "city", "capacity", key="site_id")
    cities = (
        truth.join(inside, on=["signal", "key"])
        .group_by("signal", "city", "day")
        .agg(value=(pl.col("value") * pl.col("capacity")).sum() / pl.col("capacity").sum())
        .select("signal", pl.col("city").alias("key"), "day", "value")
    )
    own = truth.join(cities, on=["signal", "key", "day"], how="anti")
    parts = pl.concat([own, cities.match_to_schema(own.schema)])
    whole = composite(parts.filter(pl.col("signal") != "composite").rename({"day": "date"}), composite_weights())
    whole = whole.rename({"date": "day"}).match_to_schema(own.schema)
    parts = pl.concat([parts.filter(pl.col("signal") != "composite"), whole])
    factor = whole.with_columns(signal=pl.lit("composite, factor"))
    return pl.concat([parts, factor]).with_columns((pl.col("value") / EXACT).round() * EXACT)


def value_sums(levels: pl.DataFrame, truth: pl.DataFrame, last: date) -> pl.DataFrame:
    """Return sums of levels (signal, level, key, day, value, lower, upper) up to a day beside their truth."""
    rows = levels.filter(pl.col("day") <= last, pl.col("signal").is_in([*SIGNALS, "composite, factor"]))
    rows = rows.join(truth.rename({"value": "truth"}), on=[*AREAS, "day"])
    return rows.group_by("signal", "level").agg(_sums()).sort("signal", "level")


def _sums() -> list[pl.Expr]:
    error = pl.col("value") - pl.col("truth")
    return [
        pl.len().cast(pl.Int64).alias("n"),
        pl.col("truth").is_between("lower", "upper").sum().cast(pl.Int64).alias("held"),
        (error**2).sum().alias("squared"),
        (pl.col("upper") - pl.col("lower")).sum().alias("width"),
    ]


def forecast_sums(made: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """Return sums of forecasts (columns of :data:`FORECASTS`) beside what is true of the days that they are for."""
    rows = made.join(truth.rename({"value": "truth"}), on=[*AREAS, "day"])
    known = rows.filter(pl.col("quantiles").is_not_null())
    crps = crps_of_quantiles(np.array(known["quantiles"].to_list(), dtype=np.float64), known["truth"].to_numpy())
    rows = rows.join(known.select(PATH).with_columns(crps=pl.Series(crps, dtype=pl.Float64)), on=PATH, how="left")
    rows = rows.with_columns(ahead=(pl.col("day") - pl.col("as_of")).dt.total_days())
    more = [
        (pl.col("value") - pl.col("truth")).abs().sum().alias("absolute"),
        pl.col("crps").is_not_null().sum().cast(pl.Int64).alias("scored"),
        pl.col("crps").sum(),
    ]
    rows = rows.join(_falls_ahead(rows, truth), on=["as_of", *AREAS, "day"])
    by = ["method", "signal", "level", "ahead", "news"]
    return rows.group_by(by).agg(_sums() + more).sort(by)


def _falls_ahead(rows: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """Say of each as-of day, area and later day whether the truth falls by :data:`NEWS` points in between."""
    asked = rows.select("as_of", *AREAS).unique()
    days = asked.join(truth, on=AREAS).filter(pl.col("day") >= pl.col("as_of"))
    fall = pl.col("value").cum_max() - pl.col("value")
    by = ["as_of", *AREAS]
    return days.sort(*by, "day").select(*by, "day", news=(fall.cum_max() >= NEWS).over(by))


def event_sums(raised: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """Return how often events were false, and how many falls raised one.

    Args:
        raised: signal, key, day, direction.
        truth: signal, key, day, value of the sites and cities that can raise an event.
    """
    before = pl.col("value").shift(NEAREST)
    known = truth.sort(*AREAS, "day").with_columns(usual=before.rolling_median(WINDOW, min_samples=FEWEST).over(AREAS))
    known = known.filter(pl.col("usual").is_not_null())
    is_below = pl.col("direction") == "below"
    out = pl.when(is_below).then(pl.col("usual") - pl.col("value")).otherwise(pl.col("value") - pl.col("usual"))
    wrong = (
        raised.join(known, on=[*AREAS, "day"]).filter(out < NEAR).group_by("signal").agg(false=pl.len().cast(pl.Int64))
    )
    fell = known.filter(pl.col("value") <= pl.col("usual") - FELL).group_by(AREAS).agg(fell=pl.col("day").min())
    delay = (pl.col("day") - pl.col("fell")).dt.total_days()
    below = fell.join(raised.filter(pl.col("direction") == "below"), on=AREAS).with_columns(delay=delay)
    first = below.filter(pl.col("delay").is_between(-NEAREST, SOON)).group_by(AREAS).agg(pl.col("delay").min())
    caught = first.group_by("signal").agg(caught=pl.len().cast(pl.Int64), delay=pl.col("delay").sum())
    sums = known.group_by("signal").agg(n=pl.len().cast(pl.Int64)).join(wrong, on="signal", how="left")
    sums = sums.join(fell.group_by("signal").agg(fell=pl.len().cast(pl.Int64)), on="signal", how="left")
    return sums.join(caught, on="signal", how="left").with_columns(pl.exclude("signal").fill_null(0)).sort("signal")
