"""Truth, reference tables and the shipped scenarios."""

import csv
from datetime import date
from itertools import combinations

import polars as pl
import pytest
from shapely import from_wkt

from solarnet_assets.landing import BadInputError
from solarnet_assets.world import truth as truth_module
from solarnet_assets.world import write
from solarnet_assets.world.scenario import load_scenario
from solarnet_assets.world.scenes import mill_grid


@pytest.fixture(scope="module")
def country():
    return load_scenario("published")


@pytest.fixture(scope="module")
def true(country):
    return write.truth(country)


def at(true, signal, key, day):
    return true.filter(pl.col("signal") == signal, pl.col("key") == key, pl.col("date") == day)["value"].item()


@pytest.mark.parametrize(
    ("signal", "key", "day", "value"),
    [
        ("steel", "CN", date(2020, 1, 29), 29), ("steel", "CN", date(2020, 2, 9), 76),
        ("steel", "CN", date(2020, 3, 2), 90), ("commuting", "CN", date(2020, 2, 9), 20),
        ("commuting", "CN", date(2020, 3, 10), 72), ("commuting", "CN", date(2020, 3, 26), 100),
        ("parking", "tesla_shanghai", date(2020, 2, 10), 100), ("parking", "disney_shanghai", date(2020, 2, 15), 4),
        ("sector", "remote_work", date(2020, 3, 15), 637), ("sector", "express_delivery", date(2020, 3, 15), 99),
    ],
)  # fmt: skip
def test_published_scenario_follows_the_published_figures(true, signal, key, day, value):
    assert at(true, signal, key, day) == pytest.approx(value, abs=0.05)


def test_wuhan_is_slower_and_regions_are_weighted_means(country, true):
    day = date(2020, 3, 10)
    assert at(true, "commuting", "wuhan", day) < 20
    guangdong = [c for c in country.cities if c.region == "Guangdong"]
    mean = sum(c.workforce * at(true, "commuting", c.id, day) for c in guangdong) / sum(c.workforce for c in guangdong)
    assert at(true, "commuting", "Guangdong", day) == pytest.approx(mean)
    lots = [x for x in country.lots if x.group == "factory"]
    mean = sum(x.stalls * at(true, "parking", x.id, day) for x in lots) / sum(x.stalls for x in lots)
    assert at(true, "parking", "factory", day) == pytest.approx(mean)


def test_truth_has_one_value_per_key_and_day_up_to_the_last_dated_point(country, true):
    assert true.schema == truth_module.TRUTH_SCHEMA
    assert not true.select("signal", "key", "date").is_duplicated().any()
    assert true["date"].min() == country.start
    assert true["date"].max() == date(2020, 5, 20)


def test_solar_truth_grows_when_arrays_open(country, true):
    opened = truth_module.arrays(country).filter(pl.col("site_id") == "zhongwei")
    assert at(true, "solar", "zhongwei", date(2020, 1, 17)) == pytest.approx(1.4)
    assert at(true, "solar", "zhongwei", date(2020, 1, 18)) == pytest.approx(opened["area_km2"].sum())
    total = sum(at(true, "solar", farm.id, country.end) for farm in country.farms)
    assert at(true, "solar", "CN", country.end) == pytest.approx(total)


def test_the_ordinary_festival_dip_lies_a_lunar_year_before(true):
    """25 January 2020 is read against 5 February 2019, which is no part of the shock."""
    assert at(true, "steel_ordinary", "CN", date(2020, 1, 25)) == pytest.approx(82)
    assert at(true, "steel_ordinary", "qingshan", date(2020, 1, 25)) == pytest.approx(82)
    assert at(true, "steel_ordinary", "CN", date(2020, 1, 8)) == pytest.approx(100)
    assert at(true, "steel_ordinary", "CN", date(2020, 3, 1)) == pytest.approx(100)
    assert at(true, "steel", "CN", date(2020, 1, 20)) == pytest.approx(100)


def test_nothing_happens_in_the_quiet_scenario():
    quiet = write.truth(load_scenario("quiet")).filter(pl.col("signal") != "solar")
    assert quiet["value"].min() == pytest.approx(100)
    assert quiet["value"].max() == pytest.approx(100)
    assert set(quiet["signal"]) == {"steel", "steel_ordinary", "parking", "commuting", "sector"}


def test_reference_tables_name_every_place_with_a_polygon_around_it(country, tmp_path):
    write.write_reference(country, tmp_path)
    sites = list(csv.DictReader((tmp_path / "sites.csv").read_text("utf-8").splitlines()))
    columns = ["site_id", "signal", "name", "group", "region", "city", "lon", "lat", "capacity", "geometry"]
    assert list(sites[0]) == columns
    assert len(sites) == len(country.mills) + len(country.lots) + len(country.farms)
    for site in sites:
        polygon = from_wkt(site["geometry"])
        assert polygon.is_valid
        assert polygon.distance(from_wkt(f"POINT ({site['lon']} {site['lat']})")) < 2e-3
    cities = list(csv.DictReader((tmp_path / "cities.csv").read_text("utf-8").splitlines()))
    assert [c["city"] for c in cities] == [c.id for c in country.cities]


def test_scenes_of_two_mills_never_overlap(country):
    from shapely import Polygon

    prints = [Polygon(mill_grid(mill).outline()) for mill in country.mills]
    assert not any(a.intersects(b) for a, b in combinations(prints, 2))


def test_writing_a_day_returns_typed_details_and_unknown_kinds_are_refused(country, tmp_path):
    details = write.write_day(country, "lot_images", date(2020, 1, 6), tmp_path)
    assert details.schema == write.DETAILS_SCHEMA
    assert set(details["date"]) <= {date(2020, 1, 6)}
    with pytest.raises(BadInputError, match="no raw files of kind 'radar'"):
        write.write_day(country, "radar", date(2020, 1, 6), tmp_path)
