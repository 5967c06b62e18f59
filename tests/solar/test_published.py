import json
from datetime import UTC, date, datetime

import polars as pl
import pyarrow.parquet as pq
import pytest
from pyproj import CRS
from shapely import box, from_wkb

from solarnet_assets.imagery.geometry import transformer
from solarnet_assets.solar.polygons import area_m2
from solarnet_assets.solar.published import outlines, write_geoparquet
from solarnet_assets.solar.register import EQUAL_AREA

X, Y = transformer(4326, EQUAL_AREA).transform(105.0, 37.0)
DAYS = [date(2019, 9, 5), date(2019, 10, 5), date(2019, 11, 5), date(2019, 12, 5), date(2020, 1, 5)]


def _row(day, x, wide, polygon=0):
    to_degrees = transformer(EQUAL_AREA, 4326)
    left, bottom = to_degrees.transform(X + x, Y)
    right, top = to_degrees.transform(X + x + wide, Y + 1000)
    return {
        "day": day, "site_id": "a", "scene_id": f"a{day}",
        "time": datetime(day.year, day.month, day.day, 3, tzinfo=UTC), "polygon": polygon,
        "geometry": box(left, bottom, right, top).wkt, "area_m2": wide * 1000.0, "score": 0.9,
        "hidden": None, "evidence": None,
    }  # fmt: skip


@pytest.fixture
def farms():
    growing = [_row(d, 0, 1000) for d in DAYS[:2]] + [_row(d, 0, 1500) for d in DAYS[2:]]
    return outlines(pl.DataFrame([*growing, *(_row(d, 9000, 400, 1) for d in DAYS[:2])]), DAYS[-1])


def test_growth_is_told_since_a_farm_entered_the_register(farms):
    big, small = farms.sort("area_km2", descending=True).to_dicts()
    assert big["first_area_km2"] == pytest.approx(1.0, abs=0.03)
    assert big["growth_km2"] == pytest.approx(0.5, abs=0.05)
    assert big["growth_pct"] == pytest.approx(50, abs=5)
    assert small["growth_pct"] == pytest.approx(0, abs=1e-9)
    assert big["first_seen"] == DAYS[0]


def test_outline_has_the_area_of_the_register(farms):
    for farm in farms.iter_rows(named=True):
        assert area_m2(from_wkb(farm["geometry"])) / 1e6 == pytest.approx(farm["area_km2"], rel=1e-3)


def test_geoparquet_reads_back_and_says_what_it_is(farms, tmp_path):
    file = write_geoparquet(farms, tmp_path / "published" / "solar_farm_outlines.parquet")
    table = pq.read_table(file)
    geo = json.loads(table.schema.metadata[b"geo"])
    assert (geo["version"], geo["primary_column"]) == ("1.1.0", "geometry")
    column = geo["columns"]["geometry"]
    assert column["encoding"] == "WKB"
    assert set(column["geometry_types"]) <= {"Polygon", "MultiPolygon"}
    assert CRS.from_json_dict(column["crs"]).equals(CRS("OGC:CRS84"))
    shapes = from_wkb(table["geometry"].to_pylist())
    assert all(shape.is_valid and shape.exterior.is_ccw for shape in shapes)
    left, bottom, right, top = column["bbox"]
    assert (left, bottom) == pytest.approx((105.0, 37.0), abs=1e-3)
    assert all(box(left, bottom, right, top).covers(shape) for shape in shapes)
    assert table["bbox"].to_pylist()[0]["xmin"] == pytest.approx(shapes[0].bounds[0])
    assert {"farm_id", "first_seen", "area_km2", "growth_pct"} <= set(table.column_names)
    assert [f.name for f in file.parent.iterdir()] == ["solar_farm_outlines.parquet"]


def test_no_farms_make_an_empty_file_that_is_still_geoparquet(farms, tmp_path):
    file = write_geoparquet(farms.clear(), tmp_path / "none.parquet")
    table = pq.read_table(file)
    assert table.num_rows == 0
    assert json.loads(table.schema.metadata[b"geo"])["columns"]["geometry"]["geometry_types"] == []
