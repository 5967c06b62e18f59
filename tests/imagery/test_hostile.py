"""Scenes that strangers made to fill the memory, to spoil the table of the day, or to lie nowhere."""

import numpy as np
import polars as pl
import pytest
from chips import BANDS, DAY, Drop, item, numbers, site, tif

from solarnet_assets.imagery import raster, scene
from solarnet_assets.imagery.ingest import read_lot_images, read_scenes
from solarnet_assets.imagery.raster import grid_of, open_raster
from solarnet_assets.imagery.scene import open_scene
from solarnet_assets.imagery.stac import joined_id
from solarnet_assets.landing import BadInputError
from solarnet_assets.storage.files import plain_name
from solarnet_assets.storage.lake import Lake


@pytest.fixture
def drop(tmp_path):
    found = Drop(tmp_path / "drop")
    found.put("good")
    return found


@pytest.fixture
def land(drop, tmp_path):
    """Land the drop and write it: a row that does not fit the table would lose the whole day."""

    def _land(reader=read_scenes, **options):
        places = pl.DataFrame([site(), site("lot", signal="parking", half=100.0)])
        landing = reader(drop.files(), DAY, {"sites": places, **options})
        asset = "lot_images" if reader is read_lot_images else "steel_scenes"
        assert Lake(tmp_path / "lake", tmp_path / "quarantine").write(asset, DAY, landing).balanced
        return landing

    return lambda **options: _land(**{"signal": "steel", **options})


def test_names_from_items_are_short_and_visible(drop, land):
    stac = item("bad", platform="\ud800\x1b[2J\u202e" + "x" * 9999, **{"s2:processing_baseline": "\ud800"})
    stac["assets"]["data"]["raster:bands"][3]["name"] = "B8A\ud800\0" + "y" * 9999
    drop.put("bad", numbers(seed=1), stac=stac)
    row = land().frame.filter(scene_id="bad").row(0, named=True)
    assert all(text.isprintable() and len(text) <= 80 for text in (row["platform"], row["baseline"], *row["bands"]))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"scale": float("inf")}, "give no reflectance"),
        ({"scale": 0}, "give no reflectance"),
        ({"scale": -1e-4}, "give no reflectance"),
        ({"scale": 1e308, "offset": -1e308}, "give no reflectance"),
        ({"offset": float("nan")}, "give no reflectance"),
        ({"scale": "x" * 9999}, "could not convert"),
    ],
)
def test_a_calibration_that_is_none_refuses_its_scene_alone(drop, land, change, says):
    stac = item("bad")
    for band in stac["assets"]["data"]["raster:bands"]:
        band.update(change)
    drop.put("bad", numbers(seed=1), stac=stac)
    landing = land()
    assert landing.frame["scene_id"].to_list() == ["good"]
    (reason,) = landing.rejects["reason"]
    assert says in reason
    assert len(reason) < 300


def test_a_reference_that_is_no_text_refuses_its_scene_alone(drop, land):
    stac = item("bad")
    stac["assets"]["scl"] = {"href": 5}
    drop.put("bad", numbers(seed=1), stac=stac)
    assert "which is not there" in land().rejects["reason"][0]


def test_descriptions_that_are_no_text_refuse_their_scene_alone(drop, land):
    path = drop.put("bad", numbers(seed=1), stac=False, names=("QQQQQQQQ",) * 6)
    path.write_bytes(path.read_bytes().replace(b"QQQQQQQQ", b"\xff\xfe\x1b[31mZ"))
    assert "not UTF-8" in land().rejects["reason"][0]


def test_long_descriptions_give_a_short_reason(drop, land):
    drop.put("bad", numbers(seed=1), stac=False, names=("Q" * 99_999,) * 6)
    assert len(land().rejects["reason"][0]) <= 400


def test_numbers_that_are_no_measurements_are_refused(tmp_path):
    path = tif(tmp_path / "a.tif", np.ones((1, 8, 8), np.complex64))
    with pytest.raises(BadInputError, match="complex64 numbers"), open_raster(path):
        pass


@pytest.mark.parametrize(("west", "gsd"), [(1e300, 1e290), (1e308, 1e308), (0.0, 1e-300), (0.0, float("nan"))])
def test_what_lies_beyond_the_earth_lies_nowhere(tmp_path, west, gsd):
    path = tif(tmp_path / "a.tif", numbers(1, 8), west=west, gsd=gsd)
    with pytest.raises(BadInputError, match="broken geotransform"), open_raster(path) as dataset:
        grid_of(dataset, "a.tif")


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(raster, "MAX_HELD_BYTES", 10_000)


@pytest.mark.usefixtures("small")
def test_pixels_that_do_not_fit_into_memory_are_refused_before_they_are_read(drop, land, monkeypatch):
    monkeypatch.setattr("solarnet_assets.imagery.landed.decode_all", lambda _: pytest.fail("it was read"))
    assert "more than" in land().rejects["reason"][0]


@pytest.mark.usefixtures("small")
def test_a_cut_that_does_not_fit_into_memory_is_refused(drop, land):
    drop.put("good", numbers(n=512))
    landing = land(margin=2000.0)
    assert "of pixels there" in landing.rejects["reason"][0]


def test_a_classification_that_does_not_fit_into_memory_is_refused(drop, land, monkeypatch):
    drop.put("bad", numbers(seed=1), stac=item("bad", scl="./bad_SCL.tif"))
    tif(drop.root / "2020-02-09" / "bad_SCL.tif", np.ones((1, 400, 400)), gsd=1.0)
    monkeypatch.setattr(raster, "MAX_HELD_BYTES", 500_000)
    landing = land()
    assert landing.frame["scene_id"].to_list() == ["good"]
    assert "bad_SCL.tif holds" in landing.rejects["reason"][0]


@pytest.mark.usefixtures("small")
def test_a_lot_image_without_position_is_measured_too(drop, land):
    drop.put("bad", numbers(3, 128), stac=False, epsg=None)
    (drop.root / "2020-02-09" / "good.tif").unlink()
    (drop.root / "2020-02-09" / "good.json").unlink()
    assert "of pixels there" in land(reader=read_lot_images, signal="parking", site="lot", gsd=0.3).rejects["reason"][0]


def test_damage_is_met_wherever_it_lies_though_rows_are_decoded_a_few_at_a_time(drop, land, monkeypatch):
    monkeypatch.setattr(raster, "DECODED_PIXELS", 1000)
    path = drop.put("bad", numbers(n=96, seed=1), blockysize=16)
    path.write_bytes(path.read_bytes()[:-9000])
    assert "damaged or truncated" in land().rejects["reason"][0]


def test_a_scene_too_large_to_be_held_whole_is_not_observed(drop, monkeypatch):
    monkeypatch.setattr(scene, "MAX_PIXELS", 1000)
    row = {"scene_id": "good", "bands": list(BANDS)}
    with pytest.raises(BadInputError, match="64 x 64 pixels, more than the 1,000"):
        open_scene(row, drop.root / "2020-02-09" / "good.tif")


def test_ids_of_sites_that_are_no_file_names_stay_apart():
    assert joined_id("S2A", "mill_1") == "S2A.mill_1"
    made = [joined_id("S2A", site_id) for site_id in ("../../x", "钢一", "钢二", "a b", "a/b", "<b>")]
    assert len(set(made)) == len(made)
    assert [plain_name(name) for name in made] == made
