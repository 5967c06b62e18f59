"""Checks: rows that fail on days that somebody should look at, and on no others."""

from datetime import date, timedelta

import duckdb
import polars as pl
import pytest

from solarnet_assets.sql.folder import load_project
from solarnet_assets.sql.run import refresh
from solarnet_assets.storage.lake import Lake

CHECKS = {check.name: check for check in load_project().checks}
FIRST = date(2020, 3, 1)


@pytest.fixture
def missing():
    """A function from days with files, by kind, of ten days to the rows that the check on them returns."""

    def run(**there: str) -> list[tuple[str, date]]:
        rows = [
            {"kind": kind, "day": FIRST + timedelta(days=n), "file": "a.csv" if sign == "x" else ""}
            for kind, signs in there.items() for n, sign in enumerate(signs)
        ]  # fmt: skip
        frame = pl.DataFrame(rows)
        with duckdb.connect() as con:
            con.execute("create schema marts")
            con.register("rows", frame)
            con.execute("create table marts.raw_files as from rows")
            return con.sql(f"from ({CHECKS['files_arrived'].sql}) order by all").fetchall()

    return run


def test_a_day_without_files_of_what_comes_every_day_is_told(missing):
    told = missing(pings="xxxxxxx.xx", posts="xxxxxxxxxx", mobility_index="xxxxxxx...")
    assert told == [("mobility_index", date(2020, 3, d)) for d in (8, 9, 10)] + [("pings", date(2020, 3, 8))]


def test_what_comes_now_and_then_or_has_just_begun_is_not(missing):
    assert missing(pings=".xx.x.x.x.", posts="...xxxxxxx", steel_scenes="xxxxxxx.xx") == []


BREAKS = {
    "composites_agree": "update marts.recovery_index set upper = upper + 1 where kind = 'weights'",
    "composites_agree, a limit missing": "update marts.recovery_index set upper = null where kind = 'weights'",
    "contributions_add_up": "update marts.index_contributions set contribution = contribution + 1",
    "contributions_add_up, one has none": "delete from marts.index_contributions where kind = 'factor'",
    "dates_in_order": "update marts.recovery_dates set date_lower = date_upper + 1",
    "dates_in_order, no reason": "update marts.recovery_dates set prob_by = null, note = null",
    "dates_in_order, no share": "update marts.recovery_dates set prob_by = 1.1, note = null",
    "event_outside": "insert into marts.recovery_events by name select 'steel' as signal, 'm' as key, "
    "'below' as direction, 50 as value, 40 as lower, 60 as upper, 45 as usual_lower, 100 as usual_upper",
    "files_arrived": "update marts.raw_files set file = '' where kind = 'pings' and day = date '2020-02-06'",
    "forecast_interval": "update marts.recovery_forecast set upper = value - 1",
    "forecast_interval, of the past": "update marts.recovery_forecast set day = as_of - 1",
    "lot_index_apart": "insert into marts.lot_passes by name select image_id, day from marts.lot_occupancy_index",
    "lot_interval": "update marts.lot_passes set lower = -1",
    "lot_interval, coarse": "update marts.lot_passes set gsd = 1.5",
    "published_complete": "delete from marts.published_comparison",
    "published_complete, twice": "insert into marts.published_comparison from marts.published_comparison",
    "published_complete, no source": "update marts.published_comparison set published_source = null",
    "recovery_coverage": "delete from marts.recovery_daily where level = 'country' and day = date '2020-02-01'",
    "recovery_interval": "update marts.recovery_daily set lower = value + 1",
    "recovery_interval, none": "update marts.recovery_daily set upper = null",
    "sector_interval": "update marts.sector_growth set growth_pct = -101",
    "sector_interval, no reason": "update marts.sector_growth set growth_pct = null, note = null",
    "shock_interval": "update marts.steel_shock set ordinary = 100, shock_upper = shock - 1",
    "site_interval": "update marts.site_daily set value = 'nan'",
    "site_known": "update marts.site_daily set name = null",
    "solar_interval": "update marts.solar_farms set area_upper = area_km2 - 1",
    "solar_interval, no confidence": "update marts.solar_farms set confidence = null",
    "weights_add_up": "update seeds.composite_weights set weight = weight / 2",
    "weights_add_up, one missing": "update seeds.composite_weights set weight = null where signal = 'steel'",
}  # fmt: skip
"""What each check is there to see, by its name."""


@pytest.fixture(scope="module")
def served(tmp_path_factory, country):
    """A warehouse of every model, as a refresh serves it."""
    root = tmp_path_factory.mktemp("checks")
    lake = Lake(root / "lake", root / "q")
    country.write_reference(lake)
    country.write_truth(lake, 80.0)
    recent = country.span(date(2020, 1, 1), date(2020, 2, 6))
    before = country.span(date(2019, 1, 6), date(2019, 2, 22))
    days = [(a, d) for a in country.DAILY for d in recent]
    for asset, day in days + [(a, d) for a in ("city_commuters", "mobility_index") for d in before]:
        country.write_day(lake, asset, day)
    refresh(lake, root / "warehouse")
    return root / "warehouse"


def failing(con, name):
    return len(con.sql(CHECKS[name.split(",")[0]].sql).fetchall())


@pytest.mark.parametrize("name", BREAKS)
def test_a_check_sees_what_it_is_there_to_see(served, name):
    with duckdb.connect() as con:
        con.execute(f"attach '{served}' as served (read_only)")
        con.execute("copy from database served to memory")
        before = failing(con, name)
        con.execute(BREAKS[name])
        assert failing(con, name) > before


def test_every_check_is_broken_once():
    shared = {"unique_rows"}  # made for every model; tests/sql/test_run.py breaks it
    assert {name.split(",")[0] for name in BREAKS} == set(CHECKS) - shared
