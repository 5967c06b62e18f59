"""Real pings, stops and intensities through the same functions.

Of all this only the rule for home and work was tuned, to half of the labelled users (docs/commuting.md).
"""

import os
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from solarnet_assets.evaluation.commuting import score
from solarnet_assets.evaluation.commuting_index import read_whole, spreads
from solarnet_assets.evaluation.commuting_models import compare
from solarnet_assets.evaluation.commuting_pings import Asked, count_folder
from solarnet_assets.evaluation.commuting_stops import located
from solarnet_assets.landing import RawFile
from solarnet_assets.mobility.calendar import calendar_frame
from solarnet_assets.mobility.homework import home_work
from solarnet_assets.mobility.howde import HowdeRule
from solarnet_assets.mobility.readers import read_pings
from solarnet_assets.mobility.reduce import device_days
from solarnet_assets.mobility.stops import read_stops

REAL = Path(os.environ.get("SOLARNET_REAL", Path(__file__).parents[3] / "shared" / "real"))
pytestmark = [pytest.mark.real, pytest.mark.skipif(not (REAL / "mobility_index").is_dir(), reason="no real data here")]

CALENDAR = calendar_frame("CN", date(2018, 12, 1), date(2020, 12, 31))
BEIJING = pl.DataFrame(
    [("beijing", "Beijing", "Beijing", 116.4, 39.91, 60.0, "Asia/Shanghai", 1.0)],
    schema=["city", "name", "region", "lon", "lat", "radius_km", "timezone", "workforce"],
    orient="row",
)


@pytest.fixture(scope="module")
def compared():
    files = sorted((REAL / "mobility_index").glob("*.csv"))
    return compare({"mobility_index": pl.concat(read_whole(file).frame for file in files)})


@pytest.fixture(scope="module")
def mart(compared):
    return compared.mart.filter(pl.col("day") >= date(2020, 1, 1))


def test_the_four_cities_have_a_figure_with_an_interval_every_day(mart):
    assert mart["city"].unique().sort().to_list() == ["Beijing", "Guangzhou", "Nanning", "Wuhan"]
    figures = mart.filter(pl.col("value").is_not_null())
    assert figures.height == mart.height == 4 * 73
    assert (figures["lower"] < figures["value"]).all()
    assert (figures["value"] < figures["upper"]).all()


def test_alignment_and_base_leave_five_percent_before_the_outbreak(compared, mart):
    found = spreads(compared).filter(pl.col("year") == 2020)
    assert found.height == 4
    assert found["corrected"].max() <= 0.05
    assert found["raw"].max() > 0.3
    before = mart.filter(pl.col("day").is_between(date(2020, 1, 2), date(2020, 1, 16)))
    assert before["value"].mean() == pytest.approx(100, abs=2)


@pytest.mark.parametrize("city", ["Beijing", "Guangzhou", "Nanning", "Wuhan"])
def test_a_city_alone_is_compared_as_well(city):
    alone = spreads(compare({"mobility_index": read_whole(REAL / "mobility_index" / f"{city}.csv").frame}))
    assert alone["corrected"].max() <= 0.05


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
        assert landing.n_in == landing.frame.height + landing.n_rejected
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
    assert landing.n_in == landing.n_rejected == 217_653
    assert landing.rejects.height < 2000, "rows beyond the first thousand are counted"
    assert landing.rejects["reason"].unique().str.contains("no zone").all()


def test_homes_and_workplaces_of_labelled_users():
    stops = read_stops(REAL / "stops_howde" / "stops.parquet")
    assert stops.refused == {}
    found = score(stops.frame, located(stops.frame))
    assert (found.users, found.homes) == (240, 240)
    assert found.homes_right >= 0.99 * found.homes
    assert found.works_right >= 0.84 * found.works
    assert found.others_given <= 0.35 * found.others


def test_howde_scores_as_it_says_of_itself():
    """On all 500 users HoWDe 2.0 is right on 443 homes and 214 of 287 workplaces and gives one to 76 of 213 others."""
    stops = read_stops(REAL / "stops_howde" / "stops.parquet")
    found = score(stops.frame, located(stops.frame, HowdeRule()))
    assert found.homes_right / found.homes == pytest.approx(443 / 500, abs=0.03)
    assert found.works_right / found.works == pytest.approx(214 / 287, abs=0.06)
    assert found.others_given / found.others == pytest.approx(76 / 213, abs=0.06)


def test_anybodys_folder_is_counted_and_nothing_is_lost():
    found = count_folder(Asked(REAL / "gps_geolife", naive_timezone="UTC", k=1))
    assert found.read == found.used + found.refused["records"].sum() == 217_653
    assert found.cities["timezone"].to_list() == ["Etc/GMT-8"]
    assert found.seen["devices"].max() == 2
    assert found.seen["pings"].sum() == found.used
