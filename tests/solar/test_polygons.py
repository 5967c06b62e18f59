from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest
from shapely import from_wkt

from solarnet_assets.imagery.raster import Grid, encode_geotiff
from solarnet_assets.imagery.scene import Scene
from solarnet_assets.landing import BadInputError
from solarnet_assets.solar import polygons, search
from solarnet_assets.storage.schemas import SolarPolygons

GRID = Grid(32650, (10.0, 0.0, 500_000.0, 0.0, -10.0, 4_000_000.0), 100, 120)
TIME = datetime(2020, 1, 5, 3, tzinfo=UTC)


def _scene(cloud=None, reflectance=None):
    bands = reflectance or {name: np.full((100, 120), 0.2, np.float32) for name in polygons.BANDS}
    return Scene("s", bands, np.ones((100, 120), bool), cloud, GRID, TIME, "sentinel-2a", 40.0)


def _blob():
    probability = np.full((100, 120), 0.05, np.float32)
    probability[20:60, 30:80] = 0.9
    probability[30:40, 40:50] = 0.1
    return probability


def test_area_holes_and_score_of_an_outline():
    (found,) = polygons.find(_scene(), "a", None, _blob()).rows
    shape = from_wkt(found["geometry"])
    assert found["area_m2"] == pytest.approx((40 * 50 - 100) * 100, rel=0.002)
    assert len(shape.interiors) == 1
    assert found["score"] == pytest.approx(0.9, abs=1e-3)
    assert shape.centroid.x == pytest.approx(117.0, abs=0.02)
    assert found["hidden"] is None


def test_small_patches_and_patches_outside_the_area_are_left_out():
    probability = _blob()
    probability[90:94, 90:94] = 0.95
    assert len(polygons.find(_scene(), "a", None, probability).rows) == 1
    far = "POLYGON((10 10, 10.1 10, 10.1 10.1, 10 10.1, 10 10))"
    assert polygons.find(_scene(), "a", far, probability).rows == []


def test_cloud_hides_and_says_so_but_specks_do_not():
    cloud = np.zeros((100, 120), bool)
    cloud[40, 60] = True
    (found,) = polygons.find(_scene(cloud), "a", None, _blob()).rows
    assert found["hidden"] is None
    cloud[20:60, 60:90] = True
    (found,) = polygons.find(_scene(cloud), "a", None, _blob()).rows
    assert found["area_m2"] == pytest.approx((40 * 28 - 100) * 100, rel=0.01)
    assert polygons.area_m2(from_wkt(found["hidden"])) == pytest.approx(44 * 34 * 100, rel=0.05)


def test_missing_band_and_wrong_pixel_size_are_refused_in_words():
    bands = {name: np.full((100, 120), 0.2, np.float32) for name in polygons.BANDS if name != "B11"}
    with pytest.raises(BadInputError, match="lacks band B11"):
        polygons.network_input(_scene(reflectance=bands))
    coarse = Grid(32650, (60.0, 0.0, 500_000.0, 0.0, -60.0, 4_000_000.0), 100, 120)
    scene = Scene("s", _scene().reflectance, np.ones((100, 120), bool), None, coarse, TIME, "sentinel-2a", 40.0)
    with pytest.raises(BadInputError, match="60.0 m"):
        polygons.network_input(scene)


def test_scenes_go_through_files_and_a_damaged_one_is_named(tmp_path):
    pixels = np.full((6, 100, 120), 2000, np.uint16)
    (tmp_path / "good.tif").write_bytes(encode_geotiff(pixels, GRID, polygons.BANDS, 0))
    (tmp_path / "bad.tif").write_bytes(b"II*\0nonsense")
    rows = [
        {"scene_id": name, "site_id": "a", "time": TIME, "platform": "sentinel-2a",
         "path": f"{name}.tif", "mask_path": None,
         "bands": list(polygons.BANDS), "scale": 1e-4, "offset": 0.0, "sun_elevation": 40.0}
        for name in ("good", "bad")
    ]  # fmt: skip
    frame, pictures, refused = search.observe_scenes(pl.DataFrame(rows), {}, lambda name: tmp_path / name, "cpu")
    assert set(pictures) == {"good"}
    assert pictures["good"].startswith(b"\x89PNG")
    assert list(refused) == ["bad"]
    assert frame.schema == SolarPolygons.create_empty().schema
    assert frame.is_empty()
    assert date(2020, 1, 5) == TIME.date()
