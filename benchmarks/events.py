"""How often events are raised where nothing happens, and how soon where something does.

    python benchmarks/events.py                    # countries of mills, car parks, cities, sectors
    python benchmarks/events.py --signals commuting,sector --seeds 8001-8008
    python benchmarks/events.py --sites 4000       # time and memory of the mart for three years of so many sites

The countries are those of ``events_drawn.py``. The SQL of ``marts.recovery_events`` is run on what was known on each
day; a unit is flagged on a day on which any of the seven days up to its newest figure is an event, which is what a
reader sees. Printed per signal and level: flags that are new though the unit is still normal, per 100 units and month
(areas: in countries in which no unit departs alone); and per depth of a departure the share that was flagged within
three weeks, the median delay from its first day on, and the median day after which the flag was gone.
"""

from __future__ import annotations

import resource
import time
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import duckdb
import polars as pl
import typer
from events_drawn import DRAWN, LOOKED, SINGLE_UNITS, Departure

from solarnet_assets.sql.folder import load_project, sql_folder

MODEL = load_project().model("marts.recovery_events")
KINDS = ("quiet", "single", "all")
MEMORY_DAYS = 50
"""Days of a look: an event rests on 44."""

SOON, MONTH = 21, 30.4
THREE_YEARS = 1096

_EMPTY = (
    "select '' as {key}, date '2020-01-01' as day, 1.0 as {value}, 1.0 as lower, 1.0 as upper, 1 as n_obs{more} limit 0"
)
_UNITS = """
create table marts.recovery_daily as
select
    signal, level || '/' || key || '@' || look as region, level, day,
    arg_max(value, as_of) as value, arg_max(lower, as_of) as lower, arg_max(upper, as_of) as upper, 1 as n_obs
from rows
inner join (select distinct as_of as look from rows) as looks on rows.as_of <= look and rows.day > look - {days}
group by all
"""


def opened(con: duckdb.DuckDBPyConnection) -> None:
    """Create what the model reads besides the units: no sites, no sectors, the shipped settings."""
    con.execute("create schema marts; create schema seeds")
    settings = sql_folder() / "seeds" / "settings.csv"
    con.execute(f"create table seeds.settings as from read_csv('{settings}', all_varchar = true)")
    growth = _EMPTY.format(key="sector", value="growth_pct", more=", 'all' as lang")
    con.execute(f"create table marts.sector_growth as {growth}")


def flags(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the units that were flagged on each day: level, key, direction, look.

    Args:
        rows: every vintage, as ``events_drawn`` returns them, keys unique over countries.
    """
    with duckdb.connect() as con:
        opened(con)
        site = _EMPTY.format(key="site_id", value="value", more=", '' as signal, '' as evidence")
        con.execute(f"create table marts.site_daily as {site}")
        con.register("rows", rows)
        con.execute(_UNITS.format(days=MEMORY_DAYS))
        newest = con.table("marts.recovery_daily").aggregate("region as key, max(day) as newest")
        made = con.sql(MODEL.sql).join(newest, "key").filter("day > newest - 7")
        found = made.select("level", "key", "direction").pl()
    parts = pl.col("key").str.extract_groups(r"^[a-z]+/(?<key>.*)@(?<look>.*)$")
    named = found.unique().select("level", "direction", parts).unnest("key")
    return named.with_columns(pl.col("look").str.to_date())


def drawn(signal: str, seeds: range) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return every vintage of the countries of a signal, and start and depth of the departure of every judged unit."""
    rows, truths = [], []
    for kind, seed in product(KINDS, seeds):
        own, moved = DRAWN[signal](kind, seed)
        areas = own.filter(~pl.col("level").is_in(SINGLE_UNITS))["key"].unique(maintain_order=True)
        shared = next(iter(moved.values())) if kind != "single" else None
        judged: dict[str, Departure] = moved | ({area: shared for area in areas} if shared else {})
        rows.append(own.with_columns(key=pl.lit(f"{kind}{seed} ") + pl.col("key")))
        truths += [(f"{kind}{seed} {unit}", gone.start, gone.depth) for unit, gone in judged.items()]
    schema = {"key": pl.String, "start": pl.Date, "depth": pl.Float64}
    return pl.concat(rows), pl.DataFrame(truths, schema=schema, orient="row")


def judge(signal: str, seeds: range) -> None:
    """Print the false alarms of a signal by level, and what was found by depth."""
    rows, truth = drawn(signal, seeds)
    at_all = rows.select("level", "key", look="as_of").unique().filter(pl.col("look") >= LOOKED)
    looks = at_all.join(truth, on="key")
    found = flags(rows).join(truth, on="key").filter(pl.col("look") >= LOOKED).sort("level", "key", "direction", "look")
    since = pl.col("look").diff().dt.total_days().over("level", "key", "direction")
    found = found.with_columns(is_new=(since > 7).fill_null(value=True))
    normal = (pl.col("depth") == 0) | (pl.col("look") < pl.col("start"))
    for level in looks["level"].unique().sort():
        own, at = found.filter(pl.col("level") == level), looks.filter(pl.col("level") == level)
        months, false = at.filter(normal).height / MONTH, own.filter(normal, "is_new").height
        told = f"{signal:9} {level:8} {false:3} false in {months:4.0f} unit months: {100 * false / months:4.1f} in 100"
        days = own.filter(normal, "is_new")["look"].value_counts().sort("count", "look", descending=[True, False])
        told += f" ({days['count'][0]} of them seen on {days['look'][0]})" if false else ""
        print(" | ".join([told, *(departed(own, at, depth) for depth in (10, 20, 40, 70))]), flush=True)


def departed(found: pl.DataFrame, looks: pl.DataFrame, depth: float) -> str:
    """Return the share of departures of a depth that were flagged soon, its delay and how long it went on."""
    units = looks.filter(pl.col("depth") == depth)["key"].n_unique()
    if not units:
        return f"{depth:2.0f}: none"
    late = (pl.col("look") - pl.col("start")).dt.total_days()
    below = found.filter(pl.col("depth") == depth, pl.col("direction") == "below", late >= 0)
    spell = pl.col("is_new").cum_sum().over("key") <= 1
    first = below.filter(spell).group_by("key").agg(delay=late.min(), until=late.max() + 1)
    soon = first.filter(pl.col("delay") <= SOON)
    share = f"{depth:2.0f}: {soon.height:3} of {units:3}"
    if soon.is_empty():
        return share
    return f"{share}, after {soon['delay'].median():.0f}, until {soon['until'].median():.0f} days"


def measure(sites: int) -> None:
    """Print time and memory of the mart for three years of sites, as a whole and for one month of them."""
    made = (
        "select 'steel' as signal, 's' || s as site_id, date '2019-01-01' + d::int as day, "
        "100 + 5 * sin(s + d / 9.0) + hash(s, d) % 1000 / 1000.0 as value, value - 5 as lower, value + 5 as upper, "
        "3 as n_obs, 's/' || d as evidence from range($sites) t(s), range($days) u(d) order by day"
    )
    with TemporaryDirectory(prefix="solarnet-") as folder, duckdb.connect(str(Path(folder) / "w.duckdb")) as con:
        con.execute(f"set threads = 2; set memory_limit = '2GB'; set temp_directory = '{folder}'")
        opened(con)
        con.execute(f"create table marts.site_daily as {made}", {"sites": sites, "days": THREE_YEARS})
        area = _EMPTY.format(key="region", value="value", more=", '' as signal, '' as level")
        con.execute(f"create table marts.recovery_daily as {area}")
        for part in ("true", "day between date '2021-12-01' and date '2021-12-31'"):
            begun, wall = time.process_time(), time.perf_counter()
            con.execute(f"create or replace table made as select * from ({MODEL.sql}) as made where {part}")  # noqa: S608
            spent, wall = time.process_time() - begun, time.perf_counter() - wall
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
            print(f"{sites} sites x 3 years, where {part}: {spent:.1f} s CPU, {wall:.1f} s, peak {memory:.2f} GiB")


def main(
    signals: Annotated[str, typer.Option(help="of steel, parking, commuting, sector")] = ",".join(DRAWN),
    seeds: Annotated[str, typer.Option(help="first and last; below 100 were used while building")] = "8001-8003",
    sites: Annotated[int, typer.Option(help="measure time and memory for so many sites instead")] = 0,
) -> None:
    """Print false alarms and departures by signal and level, or what the mart costs."""
    if sites:
        measure(sites)
        return
    first, last = (int(seed) for seed in seeds.split("-"))
    for signal in signals.split(","):
        judge(signal, range(first, last + 1))


if __name__ == "__main__":
    typer.run(main)
