from datetime import UTC, date, datetime

import duckdb
import numpy as np
import polars as pl
import pytest
from shapely import box

from solarnet_assets.imagery.geometry import transformer
from solarnet_assets.solar.register import EQUAL_AREA, area_sds, register
from solarnet_assets.sql.folder import sql_folder
from solarnet_assets.storage.schemas import SolarFarms

X, Y = transformer(4326, EQUAL_AREA).transform(105.0, 37.0)


def _wkt(x, y, wide, high):
    """A rectangle in metres about a place in China, as the lake stores it."""
    to_degrees = transformer(EQUAL_AREA, 4326)
    left, bottom = to_degrees.transform(X + x, Y + y)
    right, top = to_degrees.transform(X + x + wide, Y + y + high)
    return box(left, bottom, right, top).wkt


def _row(day, *rectangle, score=0.8, hidden=None, site="a"):
    return {
        "day": day, "site_id": site, "scene_id": f"{site}{day}",
        "time": datetime(day.year, day.month, day.day, 3, tzinfo=UTC),
        "polygon": 0, "geometry": _wkt(*rectangle), "area_m2": rectangle[2] * rectangle[3], "score": score,
        "hidden": hidden, "evidence": f"solar/{day}.png",
    }  # fmt: skip


SEP, OCT, NOV, DEC = (date(2019, month, 5) for month in (9, 10, 11, 12))
JAN = date(2020, 1, 5)


def test_a_single_faint_sighting_is_no_farm_and_a_second_makes_one():
    first, second = _row(SEP, 0, 0, 1000, 1000), _row(OCT, 20, 0, 1000, 1000)
    assert register(pl.DataFrame([first]), SEP).is_empty()
    (farm,) = register(pl.DataFrame([first, second]), OCT).to_dicts()
    assert (farm["first_seen"], farm["last_seen"], farm["n_obs"]) == (SEP, OCT, 2)
    assert farm["area_km2"] == pytest.approx(1.0, abs=0.03)
    assert farm["area_lower"] < farm["area_km2"] < farm["area_upper"]
    assert farm["lat"] == pytest.approx(37.0, abs=0.02)
    SolarFarms.validate(register(pl.DataFrame([first, second]), OCT))


def test_a_single_sure_sighting_counts():
    assert register(pl.DataFrame([_row(SEP, 0, 0, 500, 500, score=0.97)]), SEP).height == 1


def test_what_was_seen_later_is_not_known_earlier():
    rows = pl.DataFrame([_row(d, 0, 0, 1000, 1000) for d in (SEP, OCT, NOV)])
    assert register(rows, OCT)["n_obs"].to_list() == [2]
    assert register(rows, NOV)["n_obs"].to_list() == [3]


def test_cloud_over_half_a_farm_does_not_shrink_it():
    hidden = _wkt(500, -100, 2000, 1200)
    rows = [
        _row(SEP, 0, 0, 1000, 1000),
        _row(OCT, 0, 0, 500, 1000, hidden=hidden),
        _row(NOV, 0, 0, 500, 1000, hidden=hidden),
    ]
    (farm,) = register(pl.DataFrame(rows), NOV).to_dicts()
    assert farm["area_km2"] == pytest.approx(1.0, abs=0.03)


def test_two_veiled_scenes_do_not_undo_half_of_a_farm_but_three_do():
    rows = [_row(d, 0, 0, 1000, 1000) for d in (SEP, OCT)]
    rows += [_row(d, 0, 0, 500, 1000) for d in (NOV, DEC, JAN)]
    areas = [register(pl.DataFrame(rows), d)["area_km2"][0] for d in (DEC, JAN)]
    assert areas == pytest.approx([1.0, 0.5], abs=0.03)


def test_what_stays_faint_is_no_farm():
    rows = [_row(d, 0, 0, 1000, 1000, score=0.5) for d in (SEP, OCT, NOV)]
    assert register(pl.DataFrame(rows), NOV).is_empty()


def test_interval_has_the_errors_of_the_model_card():
    (farm,) = register(pl.DataFrame([_row(d, 0, 0, 1000, 1000) for d in (SEP, OCT)]), OCT).to_dicts()
    half = 1.645 * float(np.hypot(*area_sds())) * farm["area_km2"]
    assert farm["area_upper"] - farm["area_km2"] == pytest.approx(half, rel=1e-3)


def test_mart_adds_up_own_errors_in_squares_and_the_shared_one_as_it_is():
    sql = (sql_folder() / "marts" / "solar_daily.sql").read_text(encoding="utf-8")
    assert f"1.645 * {area_sds()[1]} * area_km2 as common" in sql
    shared, own = 1.645 * area_sds()[1], 0.2
    half = float(np.hypot(shared, own))
    farms = [("a", "a1", 1.0), ("a", "a2", 2.0), ("b", "b1", 1.0)]
    with duckdb.connect() as con:
        con.execute("create schema staging")
        con.execute(
            "create table staging.stg_solar_farms(site_id varchar, farm_id varchar, day date, area_km2 double, "
            "area_upper double, n_obs bigint)"
        )
        con.executemany(
            "insert into staging.stg_solar_farms values (?, ?, '2020-01-01', ?, ?, 3)",
            [(site, farm, area, area * (1 + half)) for site, farm, area in farms],
        )
        found = {row[0]: row for row in con.execute(sql).fetchall()}
    assert found["all"][2:4] == (3, 4.0)
    assert found["all"][5] - 4.0 == pytest.approx(np.hypot(4 * shared, own * 6**0.5), rel=1e-6)
    assert found["b"][4:6] == pytest.approx((1 - half, 1 + half))


def test_growth_is_followed():
    rows = [_row(SEP, 0, 0, 1000, 1000), *(_row(d, 0, 0, 1500, 1000) for d in (OCT, NOV, DEC))]
    (farm,) = register(pl.DataFrame(rows), DEC).to_dicts()
    assert farm["area_km2"] == pytest.approx(1.5, abs=0.04)
    assert farm["first_seen"] == SEP


def test_blocks_beside_a_road_are_one_farm_and_far_ones_two_and_names_are_stable():
    rows = []
    for day in (SEP, OCT):
        rows += [_row(day, 0, 0, 500, 500), _row(day, 530, 0, 500, 500) | {"polygon": 1}]
        rows += [_row(day, 3000, 0, 500, 500) | {"polygon": 2}]
    found = register(pl.DataFrame(rows), OCT)
    assert sorted(found["area_km2"].round(1).to_list()) == [0.2, 0.5]
    later = register(pl.DataFrame([*rows, _row(NOV, 10, 0, 500, 500)]), NOV)
    assert found["farm_id"].to_list() == later["farm_id"].to_list()


def test_nothing_gives_an_empty_table():
    empty = pl.DataFrame([_row(SEP, 0, 0, 10, 10)]).clear()
    assert register(empty, SEP).schema == SolarFarms.create_empty().schema
