"""Real pings, stops and intensities through the same functions. Nothing is tuned to them."""

import os
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from solarnet_assets.evaluation.commuting import located, score
from solarnet_assets.landing import RawFile
from solarnet_assets.mobility.calendar import calendar_frame
from solarnet_assets.mobility.homework import home_work
from solarnet_assets.mobility.readers import read_index, read_pings
from solarnet_assets.mobility.reduce import device_days
from solarnet_assets.mobility.stops import read_stops
from solarnet_assets.storage.schemas import SCHEMAS

REAL = Path(os.environ.get("SOLARNET_REAL", Path(__file__).parents[3] / "shared" / "real"))
SQL = Path(__file__).parents[2] / "dbt_like_sql"
pytestmark = [pytest.mark.real, pytest.mark.skipif(not (REAL / "mobility_index").is_dir(), reason="no real data here")]

CALENDAR = calendar_frame("CN", date(2018, 12, 1), date(2020, 12, 31))
BEIJING = pl.DataFrame(
    [("beijing", "Beijing", "Beijing", 116.4, 39.91, 60.0, "Asia/Shanghai", 1.0)],
    schema=["city", "name", "region", "lon", "lat", "radius_km", "timezone", "workforce"],
    orient="row",
)
MODELS = ["int_commuting_aligned", "int_commuting_dispersion", "int_commuting_base", "int_commuting_ratio"]


@pytest.fixture(scope="module")
def mart():
    files = [RawFile(path, path.name, whole=True) for path in sorted((REAL / "mobility_index").glob("*.csv"))]
    days = [date(2019, 1, 12) + timedelta(days=n) for n in range(427)]
    frames = []
    for day in days:
        landing = read_index(files, day, {"provider": "baidu"})
        assert landing.rejects.is_empty()
        frames.append(landing.frame.with_columns(day=pl.lit(day, dtype=pl.Date)))
    con = duckdb.connect()
    for schema in ("lake", "staging", "intermediate", "marts"):
        con.execute(f"create schema {schema}")
    nobody = SCHEMAS["city_commuters"].create_empty().with_columns(day=pl.lit(None, pl.Date))
    for name, frame in {"mobility_index": pl.concat(frames), "calendar": CALENDAR, "city_commuters": nobody}.items():
        con.register(f"in_{name}", frame)
        con.execute(f"create view lake.{name} as select * from in_{name}")  # noqa: S608
    names = ["staging/stg_city_commuters", *(f"intermediate/{m}" for m in MODELS), "marts/city_commuters"]
    for name in names:
        con.execute(f"create table {name.replace('/', '.')} as {(SQL / f'{name}.sql').read_text()}")
    return con.sql("select * from marts.city_commuters where day >= '2020-01-01' order by city, day").pl()


def test_the_four_cities_have_a_figure_with_an_interval_every_day(mart):
    assert mart["city"].unique().sort().to_list() == ["Beijing", "Guangzhou", "Nanning", "Wuhan"]
    figures = mart.filter(pl.col("value").is_not_null())
    assert figures.height == mart.height == 4 * 73
    assert (figures["lower"] < figures["value"]).all()
    assert (figures["value"] < figures["upper"]).all()


def test_alignment_and_base_leave_five_percent_before_the_outbreak(mart):
    before = mart.filter(pl.col("day").is_between(date(2020, 1, 2), date(2020, 1, 16)))
    spread = before.group_by("city").agg(pl.col("value_day").std() / 100)
    assert spread["value_day"].max() <= 0.05
    assert before["value"].mean() == pytest.approx(100, abs=2)


def test_intervals_hold_a_normal_january(mart):
    quiet = mart.filter(pl.col("day").is_between(date(2020, 1, 2), date(2020, 1, 19)))
    held = ((quiet["lower"] <= 100) & (quiet["upper"] >= 100)).mean()
    assert held >= 0.85


def test_the_outbreak_is_there(mart):
    figures = {(r["city"], r["day"]): r for r in mart.iter_rows(named=True)}
    for city, low, high in (("Beijing", 25, 40), ("Guangzhou", 20, 35), ("Nanning", 30, 45), ("Wuhan", 10, 20)):
        assert low < figures[city, date(2020, 2, 9)]["value"] < high
    week = [figures["Beijing", date(2020, 3, d)]["value"] for d in range(7, 14)]
    assert np.mean(week) == pytest.approx(46, abs=4)  # an independent resumption index says 47
    assert figures["Wuhan", date(2020, 3, 10)]["upper"] < 20


def test_geolife_goes_through_readers_reduction_and_rule():
    file = RawFile(REAL / "gps_geolife" / "geolife_sample.txt.gz", "geolife_sample.txt.gz", whole=True)
    options = {"cities": BEIJING, "hash_key": b"test", "naive_timezone": "UTC"}
    rows, frames = 0, []
    days = [date(2008, 10, 20) + timedelta(days=n) for n in range(28)]
    for day in days:
        landing = read_pings([file], day, options)
        assert landing.n_in == landing.frame.height + landing.rejects.height
        rows += landing.frame.height
        frames.append(device_days(landing.frame, BEIJING).with_columns(day=pl.lit(day, dtype=pl.Date)))
    reduced = pl.concat(frames)
    assert reduced["pings"].sum() == rows > 30_000
    assert reduced["slots"].max() <= 96
    calendar = calendar_frame("CN", days[0], days[-1])
    places = home_work(reduced, days[-1], calendar)
    assert 1 <= places.height <= 2
    assert places["home_lat"].is_between(39.7, 40.2).all()


def test_times_of_geolife_are_refused_without_their_zone():
    file = RawFile(REAL / "gps_geolife" / "geolife_sample.txt.gz", "geolife_sample.txt.gz", whole=True)
    landing = read_pings([file], date(2008, 10, 23), {"cities": BEIJING, "hash_key": b"test"})
    assert landing.frame.is_empty()
    assert landing.n_in == landing.rejects.height == 217_653
    assert landing.rejects["reason"].unique().str.contains("no zone").all()


def test_homes_and_workplaces_of_labelled_users():
    stops = read_stops(REAL / "stops_howde" / "stops.parquet")
    assert stops.refused == {}
    found = score(stops.frame, located(stops.frame))
    assert (found.users, found.homes) == (240, 240)
    assert found.homes_right >= 0.99 * found.homes
    assert found.works_right >= 0.65 * found.works
    assert found.others_given <= 0.35 * found.others
