"""Drawn countries to count events on: steel mills, car parks, cities and sectors as the warehouse would show them.

Every country is normal until a day in February. Then nothing happens (``quiet``), or single units depart to a level of
their own (``single``), or all of them together (``all``): within two days, and for good. Rows are those of every
vintage, so that an event can be dated by the day on which it would have been seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import steel_drawn
from parking_levels import drawn_counts

from solarnet_assets.mobility.calendar import calendar_frame
from solarnet_assets.nowcast.panel import levels
from solarnet_assets.parking.activity import ratios
from solarnet_assets.social.trends import Settings, sector_trends
from solarnet_assets.sql.folder import sql_folder
from solarnet_assets.sql.run import refresh
from solarnet_assets.storage.lake import Lake
from solarnet_assets.storage.schemas import SCHEMAS
from solarnet_assets.storage.warehouse import reader
from solarnet_assets.world.scenario import Scenario, load_scenario
from solarnet_assets.world.write import sites

FIRST, LOOKED, LAST = date(2020, 1, 1), date(2020, 1, 18), date(2020, 3, 15)
"""First day with a figure, first and last one on which events are looked for."""

DEPTHS = (10.0, 20.0, 40.0, 70.0)
SINGLE = 0.3
"""Part of the units that depart where they depart singly."""

DAYS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
SINGLE_UNITS = ("site", "city", "sector")
"""Levels of what departs; the others are made of these."""

COLUMNS = ("as_of", "signal", "level", "key", "day", "value", "lower", "upper")


@dataclass(frozen=True)
class Departure:
    """The first day below normal, and by how many points in the end; a departure of 0 never happens."""

    start: date
    depth: float

    def level(self, day: date) -> float:
        """Return percent of normal."""
        return 100.0 - self.depth * float(np.clip(((day - self.start).days + 1) / 2, 0, 1))

    def curve(self) -> list[list[object]]:
        """Return the same as the dated points of a scenario."""
        fallen = [[self.start - timedelta(days=1), 100.0], [self.start + timedelta(days=1), 100.0 - self.depth]]
        return [[date(2019, 9, 1), 100.0], *fallen]


def departures(kind: str, units: list[str], rng: np.random.Generator) -> dict[str, Departure]:
    """Draw when and how far each unit departs."""
    found = {}
    shared = Departure(date(2020, 2, 1) + timedelta(days=int(rng.integers(20))), float(rng.choice(DEPTHS)))
    for unit in units:
        own = Departure(date(2020, 2, 1) + timedelta(days=int(rng.integers(20))), float(rng.choice(DEPTHS)))
        goes = kind == "all" or (kind == "single" and rng.random() < SINGLE)
        found[unit] = (shared if kind == "all" else own) if goes else Departure(LAST, 0.0)
    return found


def as_of_days() -> Iterator[date]:
    """Return the as-of days that are estimated: weekly while nothing is looked for, then daily."""
    return (day for day in DAYS if day >= LOOKED or (LOOKED - day).days % 7 == 0)


def scenario_of(seed: int, moved: dict[str, Departure]) -> Scenario:
    """Return the shipped quiet country with another seed, and mills and lots that depart."""
    told = load_scenario("quiet").model_dump() | {"seed": seed, "name": f"drawn{seed}"}
    for site in (*told["mills"], *told["lots"]):
        gone = moved.get(site["id"])
        site["curve"] = gone.curve() if gone and gone.depth else None
    return Scenario.model_validate(told)


def steel(kind: str, seed: int) -> tuple[pl.DataFrame, dict[str, Departure]]:
    """Return every vintage of a country of mills, and who departs."""
    moved = departures(kind, [mill.id for mill in load_scenario("quiet").mills], np.random.default_rng([seed, 1]))
    scenario = scenario_of(seed, moved)
    passes = steel_drawn.drawn_ratios(scenario, seed)
    vintages = [levels(passes, day, "CN").with_columns(as_of=pl.lit(day)) for day in as_of_days()]
    return _rows(pl.concat(vintages), "steel"), moved


def parking(kind: str, seed: int) -> tuple[pl.DataFrame, dict[str, Departure]]:
    """Return every vintage of a country of car parks, and who departs."""
    moved = departures(kind, [lot.id for lot in load_scenario("quiet").lots], np.random.default_rng([seed, 2]))
    scenario = scenario_of(seed, moved)
    counts, calendar = drawn_counts(scenario, 0.04, 1.5, 0.05), calendar_frame("CN", date(2019, 9, 1), LAST)
    vintages = []
    for day in as_of_days():
        found = ratios(counts.filter(pl.col("day") <= day), sites(scenario), calendar, day)
        vintages.append(levels(found.frame, day, "CN").with_columns(as_of=pl.lit(day)))
    return _rows(pl.concat(vintages), "parking"), moved


def _rows(vintages: pl.DataFrame, signal: str) -> pl.DataFrame:
    named = vintages.filter(pl.col("level") != "group").rename({"date": "day"}).with_columns(signal=pl.lit(signal))
    return named.select(COLUMNS)


PANELS = (100, 300, 1000, 4000)
"""Devices of a city's panel whose home and work are known."""


def commuting(kind: str, seed: int) -> tuple[pl.DataFrame, dict[str, Departure]]:
    """Return what the warehouse makes of drawn commuters of twelve cities, and who departs."""
    rng = np.random.default_rng([seed, 3])
    cities = [f"c{n}" for n in range(12)]
    moved = departures(kind, cities, rng)
    span = [*_days(date(2018, 12, 10), date(2019, 4, 5)), *_days(date(2019, 12, 10), LAST)]
    calendar = calendar_frame("CN", date(2018, 12, 1), date(2020, 12, 31))
    working = dict(calendar.select("date", "is_workday").iter_rows())
    with TemporaryDirectory(prefix="solarnet-") as folder:
        lake = Lake(Path(folder) / "lake", Path(folder) / "quarantine")
        lake.write("calendar", None, calendar)
        lake.write("cities", None, _table("cities", [_city(n, city) for n, city in enumerate(cities)]))
        for day in span:
            share = [_normal(day, working[day]) * moved[city].level(day) / 100 for city in cities]
            found = [_counted(city, PANELS[n % 4], share[n], rng) for n, city in enumerate(cities)]
            lake.write("city_commuters", day, _table("city_commuters", found))
        refresh(lake, Path(folder) / "warehouse.duckdb", models=["marts.recovery_daily"])
        with reader(Path(folder) / "warehouse.duckdb") as con:
            made = con.sql("from marts.recovery_daily where signal = 'commuting'").pl()
    known = made.filter(pl.col("day").is_between(FIRST, LAST)).with_columns(as_of=pl.col("day") + timedelta(days=2))
    return known.rename({"region": "key"}).select(COLUMNS), moved


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _normal(day: date, works: bool) -> float:
    near = (day - {2018: date(2019, 2, 5), 2019: date(2019, 2, 5), 2020: date(2020, 1, 25)}[day.year]).days
    return (0.8 if works else 0.25) * (1 - 0.4 * float(np.exp(-0.5 * (near / 7) ** 2)))


def _city(number: int, city: str) -> dict[str, object]:
    place = {"region": f"r{number // 3}", "lon": 110.0, "lat": 30.0, "radius_km": 20.0, "timezone": "Asia/Shanghai"}
    return {"city": city, "name": city, "workforce": 1e6 * (1 + number % 3), **place}


def _counted(city: str, panel: int, share: float, rng: np.random.Generator) -> dict[str, object]:
    seen = int(rng.binomial(panel, share * float(np.exp(rng.normal(0, 0.02)))))
    sd = float(np.sqrt(seen / panel * (1 - seen / panel) / panel + (0.5 / panel) ** 2))
    counts = {"panel": panel, "commuters": float(seen), "commuters_seen": seen, "share": seen / panel, "share_sd": sd}
    return {"city": city, "detection": 1.0, "suppressed": False, "commuters_sd": 0.0, **counts}


def _table(asset: str, rows: list[dict[str, object]]) -> pl.DataFrame:
    """Return rows as the schema of a lake asset wants them; nullable columns that nobody names are null."""
    types = {name: column.dtype for name, column in SCHEMAS[asset].columns().items()}
    return pl.DataFrame([{name: row.get(name) for name in types} for row in rows], schema=types)


SECTORS = ("remote_work", "gaming", "video_streaming", "express_delivery")
USERS = {"en": 800, "zh": 1200}
USUAL = (0.02, 0.04, 0.08, 0.16)
"""Share of users that write about each sector on a usual day."""


def sectors(kind: str, seed: int) -> tuple[pl.DataFrame, dict[str, Departure]]:
    """Return growth of four sectors of drawn users, and which of them depart."""
    rng = np.random.default_rng([seed, 4])
    moved = departures(kind, list(SECTORS), rng)
    span, rows = _days(date(2019, 12, 4), LAST), []
    for sector, usual in zip(SECTORS, USUAL, strict=True):
        week = np.exp(rng.normal(0, 0.1, 7))
        for day in span:
            share = usual * week[day.weekday()] * moved[sector].level(day) / 100 * float(np.exp(rng.normal(0, 0.03)))
            for lang, users in USERS.items():
                counts = {"users": users, "users_with": int(rng.binomial(users, share)), "network": "weibo"}
                rates = {"sensitivity": 0.9, "false_rate": 0.001, "other": 0.0}
                rows.append({"sector": sector, "lang": lang, "day": day, **counts, **rates})
    shares, seed_file = pl.DataFrame(rows), pl.read_csv(sql_folder() / "seeds/sector_settings.csv", infer_schema=False)
    against = Settings.of(dict(seed_file.select("name", "value").iter_rows()))
    made = [sector_trends(shares, day, against).with_columns(day=pl.lit(day)) for day in DAYS if day > FIRST]
    own = pl.concat(made).filter(pl.col("lang") == "all", pl.col("days") == 1, pl.col("sector").is_in(SECTORS))
    limits = {"value": 100 * pl.col("ratio")} | {end: 100 * pl.col(f"ratio_{end}") for end in ("lower", "upper")}
    kinds = {"signal": pl.lit("sector"), "level": pl.lit("sector"), "key": pl.col("sector")}
    return own.with_columns(as_of=pl.col("day"), **kinds, **limits).select(COLUMNS).drop_nulls("value"), moved


DRAWN = {"steel": steel, "parking": parking, "commuting": commuting, "sector": sectors}
