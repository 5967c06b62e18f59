"""The shipped SQL on a made-up lake: the same rows whatever the order of arrival, and figures checked by hand."""

import random
from datetime import date, timedelta
from math import sqrt

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from solarnet_assets.sql.folder import load_project
from solarnet_assets.sql.run import refresh
from solarnet_assets.storage.lake import Lake
from solarnet_assets.storage.warehouse import reader

PROJECT = load_project()
COMMUTING = ("city_commuters", "mobility_index")


def everything(country):
    recent = country.span(date(2019, 12, 28), date(2020, 2, 6))
    year_before = country.span(date(2019, 1, 6), date(2019, 2, 22))
    return [(a, d) for a in country.DAILY for d in recent] + [(a, d) for a in COMMUTING for d in year_before]


def contents(path):
    with reader(path) as con:
        return {m.table: con.table(m.table).pl().sort(m.unique) for m in PROJECT.models}


def test_any_history_ends_where_one_rebuild_does(tmp_path, country):
    lake, dice = Lake(tmp_path / "lake", tmp_path / "q"), random.Random(7)
    country.write_reference(lake)
    arrivals = everything(country)
    dice.shuffle(arrivals)
    late = [(asset, date(2020, 1, 14)) for asset in country.DAILY]
    batches = [[a for a in arrivals[n::5] if a not in late] for n in range(5)]
    for number, batch in enumerate([*batches, *([one] for one in late)]):
        for asset, day in batch:
            country.write_day(lake, asset, day)
        for asset, day in dice.sample(batches[number - 1], 5) if 0 < number < 5 else []:
            country.write_day(lake, asset, day, version=1)
        if number == 3:
            country.write_truth(lake, 80.0)
        some = dice.sample(PROJECT.tables, 6) if 0 < number < 4 else None
        refresh(lake, tmp_path / "history", *([batch[0][1]] * 2 if number % 2 else []), models=some, project=PROJECT)
    refresh(lake, tmp_path / "rebuild", project=PROJECT)
    history, rebuild = contents(tmp_path / "history"), contents(tmp_path / "rebuild")
    assert {name for name, frame in rebuild.items() if frame.is_empty()} == set()
    for name, frame in rebuild.items():
        assert_frame_equal(history[name], frame, rel_tol=1e-9, abs_tol=1e-9)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory, country):
    """A lake with one day of figures that can be followed by hand."""
    root = tmp_path_factory.mktemp("hand")
    lake = Lake(root / "lake", root / "q")
    country.write_reference(lake)
    country.write_truth(lake, 80.0)
    as_of, later = date(2020, 2, 9), date(2020, 2, 20)
    for signal, value in (("steel", 70.0), ("parking", 40.0)):
        lake.write(f"{signal}_activity", as_of, activity(country, signal, as_of, value))
    lake.write("steel_activity", later, activity(country, "steel", as_of, 76.0))
    lake.write("steel_activity", as_of + timedelta(days=22), activity(country, "steel", as_of, 99.0))
    lake.write("steel_festival", as_of, ordinary(country, 95.0, 90.0, 98.0))
    country.write_day(lake, "solar_farms", as_of)
    refresh(lake, root / "w", project=PROJECT, settings={"country": "CN"})
    return root / "w"


def ordinary(country, value, lower, upper):
    """The country's ordinary level, and that of one mill."""
    keys = [("country", "CN", 0.0), ("site", "mill0", -15.0)]
    rows = [
        {"level": level, "key": key, "partner": date(2019, 2, 20), "ordinary": value + more, "lower": lower + more,
         "upper": upper + more, "n_obs": 3}
        for level, key, more in keys
    ]  # fmt: skip
    return country.table("steel_festival", rows)


def activity(country, signal, day, value):
    keys = [("site", s["site_id"]) for s in country.SITES if s["signal"] == signal] + [
        ("region", "Hebei"),
        ("country", "CN"),
    ]
    rows = [
        {"date": day, "level": level, "key": key, "value": value, "lower": value - 4, "upper": value + 6, "n_obs": 2}
        for level, key in keys
    ]
    return country.table(f"{signal}_activity", rows)


def rows(path, query):
    with reader(path) as con:
        return con.sql(query).fetchall()


def test_a_day_takes_the_newest_vintage_within_three_weeks(warehouse):
    found = rows(
        warehouse,
        "select value, lower, upper, n_obs from marts.recovery_daily where signal = 'steel' and region = 'CN'",
    )
    assert found == [(76.0, 72.0, 82.0, 2)]


def test_the_festival_is_set_apart_from_the_shock(warehouse):
    """76 where 95 is ordinary is a shock of 80; errors of the two years add up as squares."""
    query = "select value, ordinary, shock, shock_lower, shock_upper, partner from marts.steel_shock where region = "
    ((value, usual, shock, lower, upper, partner),) = rows(warehouse, f"{query} 'CN'")
    assert (value, usual, partner) == (76.0, 95.0, date(2019, 2, 20))
    assert shock == pytest.approx(80)
    assert shock - lower == pytest.approx(100 / 95 * sqrt(4**2 + (0.8 * 3) ** 2))
    assert upper - shock == pytest.approx(100 / 95 * sqrt(6**2 + (0.8 * 5) ** 2))


def test_a_place_unseen_the_year_before_takes_the_countrys_ordinary_level(warehouse):
    found = dict(rows(warehouse, "select region, ordinary from marts.steel_shock where level <> 'country'"))
    assert found["mill0"] == 80.0
    assert {found["Hebei"], found["mill1"]} == {95.0}


def test_where_nobody_was_seen_the_year_before_there_is_no_shock(tmp_path, country):
    lake, as_of = Lake(tmp_path / "lake", tmp_path / "q"), date(2020, 2, 9)
    country.write_reference(lake)
    lake.write("steel_activity", as_of, activity(country, "steel", as_of, 70.0))
    refresh(lake, tmp_path / "w", project=PROJECT, settings={"country": "CN"})
    assert set(rows(tmp_path / "w", "select value, ordinary, shock from marts.steel_shock")) == {(70.0, None, None)}


def test_a_city_is_the_weighted_mean_of_its_sites(warehouse):
    found = rows(
        warehouse,
        "select value, lower, upper, n_obs from marts.recovery_daily where signal = 'steel' and region = 'tangshan'",
    )
    weights = [5.0, 8.0]  # mill0 and mill3
    shrink = sqrt(sum(w**2 for w in weights)) / sum(weights)
    assert found == [(pytest.approx(76.0), pytest.approx(76 - 4 * shrink), pytest.approx(76 + 6 * shrink), 4)]


def test_a_city_that_is_its_province_has_one_row(warehouse):
    assert rows(warehouse, "select count(*) from marts.recovery_daily where region = 'Shanghai'") == [(0,)]


def test_no_composite_without_all_components(warehouse):
    assert rows(warehouse, "select count(*) from marts.recovery_daily where signal = 'composite'") == [(0,)]


def test_published_figures_stand_beside_measured_and_truth(warehouse):
    found = rows(
        warehouse,
        "select item, measured, truth, within from marts.published_comparison "
        "where measured is not null order by position",
    )
    assert found == [
        ("Steel, 9 February", 76.0, 80.0, True),
        ("Solar farms of China", 3.0, None, None),
        ("Solar farm area of China", pytest.approx(found[2][1]), 80.0, False),
    ]


def test_every_published_figure_is_compared_once(warehouse):
    published = pl.read_csv(PROJECT.seeds["published_figures"])
    assert (
        rows(warehouse, "select item from marts.published_comparison order by position")
        == published.select("item").rows()
    )


def test_weights_of_the_composite_add_up():
    weights = pl.read_csv(PROJECT.seeds["composite_weights"])
    assert weights["weight"].sum() == pytest.approx(1)
    assert set(weights["signal"]) == {"steel", "parking", "commuting"}


def test_country_commuting_widens_for_cities_without_a_figure(tmp_path, country):
    """Two of three cities report: the third's share of the workforce widens the interval."""
    con_rows = commuting_by_hand(tmp_path, country)
    assert con_rows["Hebei"] == (pytest.approx(50.0), pytest.approx(40.0), pytest.approx(60.0))
    value, lower, upper = con_rows["CN"]
    assert value == pytest.approx((1 * 50 + 2 * 80) / 3)
    own = 0.75 * ((1 * 10) ** 2 + (2 * 10) ** 2) / 9 + 0.25 * 10**2
    spread = 1.645 * 0.5 * max(sqrt((50**2 + 2 * 80**2) / 3 - 70**2), 5)
    assert upper - value == pytest.approx(sqrt(own + spread**2))
    assert value - lower == pytest.approx(sqrt(own + spread**2))
    assert "Shanghai" not in con_rows


def commuting_by_hand(tmp_path, country):
    import duckdb

    country.write_reference(lake := Lake(tmp_path / "lake", tmp_path / "q"))
    con = duckdb.connect()
    con.execute("create schema staging; create schema marts; create schema seeds; create schema intermediate")
    con.register("cities", lake.read("cities").with_columns(workforce=pl.Series([1e6, 2e6, 3e6])))
    con.execute("create table staging.stg_cities as select city, name, region, workforce from cities")
    con.execute(f"create table seeds.settings as from read_csv('{PROJECT.seeds['settings']}')")
    con.execute(
        "create table intermediate.int_commuting_figures as select *, date '2020-02-11' as known_from, "
        "date '9999-12-31' as known_until from (values "
        "('tangshan', date '2020-02-09', 50.0, 40.0, 60.0, 10), ('wuhan', date '2020-02-09', 80.0, 70.0, 90.0, 10)) "
        "t(city, day, value, lower, upper, n_obs)"
    )
    made = con.sql(PROJECT.model("intermediate.int_area_commuting").sql).pl()
    con.close()
    return {r["region"]: (r["value"], r["lower"], r["upper"]) for r in made.iter_rows(named=True)}


def test_days_that_an_earlier_version_wrote_were_known_in_time(tmp_path, country):
    """Its tables have no column known_on, and are read beside newer ones and alone."""
    lake = Lake(tmp_path / "lake", tmp_path / "q")
    country.write_reference(lake)
    for n, day in enumerate(country.span(date(2020, 2, 8), date(2020, 2, 9))):
        country.write_day(lake, "mobility_index", day)
        table = lake.folder("mobility_index", day) / "data.parquet"
        pl.read_parquet(str(table)).drop("known_on").write_parquet(str(table))
        if n:
            country.write_day(lake, "mobility_index", date(2020, 2, 10))
        refresh(lake, tmp_path / "w", models=["staging.stg_city_commuters"], project=PROJECT)
        with reader(tmp_path / "w") as con:
            rows = con.table("staging.stg_city_commuters").pl().filter(pl.col("day") <= day)
        assert rows["known_from"].to_list() == rows["day"].to_list()
        assert rows.height == n + 1
