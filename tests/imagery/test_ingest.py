import hashlib
import json
import os
import warnings

import numpy as np
import polars as pl
import pytest
from chips import BANDS, DAY, EPSG, NORTH, WEST, item, numbers, site, tif

from solarnet_assets.imagery.ingest import read_lot_images, read_scenes
from solarnet_assets.imagery.raster import grid_of, open_raster, read_pixels
from solarnet_assets.imagery.scene import open_scene
from solarnet_assets.storage.schemas import LotImages, Scenes


def land(drop, sites, reader=read_scenes, **options):
    landing = reader(drop.files(), DAY, {"sites": sites, "signal": "steel", **options})
    schema = LotImages if reader is read_lot_images else Scenes
    schema.validate(landing.frame)
    assert landing.n_in == landing.frame.height + landing.rejects.height
    assert set(landing.frame["path"]) <= set(landing.blobs)
    return landing


def reason(landing):
    assert landing.frame.is_empty()
    (text,) = landing.rejects["reason"]
    assert text.count(". ") == 0
    assert 10 < len(text) < 200
    return text


def opened(landing, tmp_path, n=0):
    row = landing.frame.row(n, named=True)
    for name, data in landing.blobs.items():
        (tmp_path / name).write_bytes(data)
    mask = tmp_path / row["mask_path"] if row["mask_path"] else None
    return open_scene(row, tmp_path / row["path"], mask)


def test_a_small_scene_keeps_its_bytes(drop, sites, tmp_path):
    path = drop.put(scl=np.full((1, 64, 64), 4, np.uint8))
    landing = land(drop, sites)
    row = landing.frame.row(0, named=True)
    assert (row["site_id"], row["bands"], row["epsg"], row["gsd"]) == ("mill", list(BANDS), EPSG, 20.0)
    assert landing.blobs[row["path"]] == path.read_bytes()
    assert row["path"].startswith(hashlib.sha256(path.read_bytes()).hexdigest()[:16])
    assert row["sun_elevation"] == 35.0
    assert row["baseline"] == "02.09"
    assert row["platform"] == "sentinel-2a"
    scene = opened(landing, tmp_path)
    assert scene.reflectance["B12"] == pytest.approx(numbers()[5] * 1e-4, abs=1e-6)
    assert scene.seen.all()
    assert not scene.cloud.any()


@pytest.mark.parametrize(
    ("properties", "stated", "offset"),
    [
        ({"s2:processing_baseline": "05.09"}, None, -0.1),
        ({"s2:processing_baseline": "02.09"}, None, 0.0),
        ({"s2:processing_baseline": "05.09"}, 0, 0.0),
        ({"s2:processing_baseline": "02.09"}, -0.1, -0.1),
        ({"s2:processing_baseline": "05.09", "earthsearch:boa_offset_applied": True}, -0.1, 0.0),
    ],
)
def test_the_products_own_offset_comes_first(drop, sites, properties, stated, offset):
    stac = item("S2A", **properties)
    for band in stac["assets"]["data"]["raster:bands"]:
        band.pop("offset") if stated is None else band.update(offset=stated)
    drop.put(stac=stac)
    assert land(drop, sites).frame["offset"].to_list() == [offset]


def test_bands_in_files_of_their_own_come_onto_one_grid(drop, sites, tmp_path):
    """STAC 1.1, one asset per band: 10 m bands are averaged onto the 20 m grid of the heat."""
    assets = {}
    for number, name in enumerate(("B02", "B03", "B04", "B8A", "B11", "B12")):
        fine = number < 3
        pixels = numbers(1, 128, number) if fine else numbers(1, 64, number)
        tif(drop.root / "2020-02-09" / f"{name}.tif", pixels, gsd=10.0 if fine else 20.0)
        assets[name] = {"href": f"{name}.tif", "bands": [{"name": name}], "raster:scale": 0.0001, "raster:offset": 0}
    assets["thumbnail"] = {"href": "https://example.org/t.tif", "roles": ["thumbnail"]}
    stac = item("S2A", assets=assets)
    stac["properties"]["proj:epsg"] = EPSG
    del stac["properties"]["proj:code"]
    drop.write("S2A.json", json.dumps(stac))
    landing = land(drop, sites)
    assert landing.n_in == 1
    scene = opened(landing, tmp_path)
    assert scene.reflectance["B12"] == pytest.approx(numbers(1, 64, 5)[0] * 1e-4, abs=1e-6)
    average = numbers(1, 128, 0)[0].reshape(64, 2, 64, 2).mean(axis=(1, 3))
    assert scene.reflectance["B02"] == pytest.approx(average * 1e-4, abs=1e-4)


def test_bands_with_calibrations_of_their_own_become_reflectance(drop, sites, tmp_path):
    stac = item("S2A")
    stac["assets"]["data"]["raster:bands"][5]["scale"] = 0.0002
    drop.put(stac=stac)
    scene = opened(land(drop, sites), tmp_path)
    assert scene.reflectance["B12"] == pytest.approx(numbers()[5] * 2e-4, abs=1e-6)
    assert scene.reflectance["B11"] == pytest.approx(numbers()[4] * 1e-4, abs=1e-6)


def test_landsat_bands_get_the_names_of_their_wavelengths(drop, sites):
    drop.put(stac=item("LC08", href="S2A.tif", bands=("B2", "B3", "B4", "B5", "B6", "B7"), platform="landsat-8"))
    assert land(drop, sites).frame["bands"].to_list() == [["B02", "B03", "B04", "B8A", "B11", "B12"]]


def test_a_large_scene_is_cut_to_each_site_it_covers(drop, tmp_path):
    """400 x 400 pixels hold two mills: two rows, each with its own surroundings, and each counts."""
    pixels = numbers(n=400)
    drop.put(pixels=pixels, scl=np.full((1, 400, 400), 4, np.uint8))
    sites = pl.DataFrame([site("a"), site("b", WEST + 6000, NORTH - 6000), site("far", WEST + 60000, NORTH)])
    landing = land(drop, sites)
    assert landing.n_in == 2
    assert landing.frame["scene_id"].to_list() == ["S2A.a", "S2A.b"]
    scene = opened(landing, tmp_path, 1)
    row, col = round((NORTH - scene.grid.transform[5]) / 20), round((scene.grid.transform[2] - WEST) / 20)
    window = pixels[5, row : row + scene.grid.height, col : col + scene.grid.width]
    assert scene.grid.height < 100
    assert scene.reflectance["B12"] == pytest.approx(window * 1e-4, abs=1e-6)
    assert scene.cloud.shape == window.shape


def test_nodata_is_not_seen(drop, sites, tmp_path):
    pixels = numbers()
    pixels[2, :, :10] = 0
    drop.put(pixels=pixels)
    scene = opened(land(drop, sites), tmp_path)
    assert not scene.seen[:, :10].any()
    assert scene.seen[:, 10:].all()
    assert np.isnan(scene.reflectance["B04"][0, 0])
    assert np.isfinite(scene.reflectance["B12"][0, 0])


def test_a_coarser_classification_is_laid_over_the_scene(drop, sites, tmp_path):
    drop.put(pixels=numbers(n=64), gsd=10.0, scl=None, stac=item("S2A", scl="S2A_SCL.tif"))
    scl = np.full((1, 32, 32), 4, np.uint8)
    scl[0, :16] = 9
    tif(drop.root / "2020-02-09" / "S2A_SCL.tif", scl, gsd=20.0)
    scene = opened(land(drop, pl.DataFrame([site(east=WEST + 320, north=NORTH - 320)])), tmp_path)
    assert scene.cloud[:32].all()
    assert not scene.cloud[32:].any()


def chip(drop, name="chip_20200209.tif", **options):
    return tif(drop.root / "2020-02-09" / name, options.pop("pixels", numbers()), **options)


def test_a_chip_without_item_is_read_by_its_descriptions(drop, sites):
    chip(drop, names=["B2", "B3", "B4", "20 m: B8A", "B11 1610nm", "B12"])
    row = land(drop, sites).frame.row(0, named=True)
    assert row["bands"] == list(BANDS)
    assert row["scale"] == 0.0001
    assert row["offset"] == 0.0
    assert row["time"].strftime("%F %H:%M") == "2020-02-09 02:41"  # 10:30 at 117.0 degrees east


def test_a_chip_without_item_is_read_by_options(drop, sites):
    chip(drop, pixels=numbers(3))
    chip(drop, "chip_20200209_SCL.tif", pixels=np.full((1, 64, 64), 9, np.uint8))
    options = {"bands": ["B9", "B11", "B12"], "offset": -0.1, "datetime": "2020-02-09T10:00:00+08:00", "site": "mill"}
    landing = land(drop, sites, **options)
    row = landing.frame.row(0, named=True)
    assert (row["bands"], row["offset"], row["time"].hour) == (["B09", "B11", "B12"], -0.1, 2)
    assert landing.n_in == 1
    assert row["mask_path"] is not None


def test_files_of_many_days_give_the_asked_day_only(drop, sites):
    drop.put("S2A")
    drop.put("S2B", pixels=numbers(seed=1), stac=item("S2B", datetime="2020-02-14T02:50:00Z"))
    landing = read_scenes(drop.files(whole=True), DAY, {"sites": sites, "signal": "steel"})
    assert landing.frame["scene_id"].to_list() == ["S2A"]
    assert landing.n_in == 1


def refused(drop, sites, says, **options):
    assert says in reason(land(drop, sites, **options))


def test_bad_scenes_are_refused_with_a_readable_reason(drop, sites):
    """One at a time: each leaves the folder clean for the next."""
    other = "EPSG:32649"
    cases = [
        (lambda: drop.put(stac=item("S2A", **{"proj:code": other})), "states EPSG:32649"),
        (lambda: drop.put(epsg=None), "no coordinate reference system"),
        (lambda: drop.put(west=WEST + 90_000), "covers none of the 1 sites"),
        (lambda: drop.put(pixels=numbers(5), stac=item("S2A", bands=BANDS[:5])), "lacks band B12"),
        (lambda: drop.put(pixels=numbers(5)), "has 5 bands, but its item names 6"),
        (lambda: drop.put(stac=item("S2A", href="../S2A.tif")), "leaves its folder"),
        (lambda: drop.put(stac=item("S2A", href="/etc/passwd.tif")), "only files beside it"),
        (lambda: drop.put(stac=item("S2A", href="https://example.org/S2A.tif")), "only files beside it"),
        (lambda: drop.put(stac=item("S2A", href="/vsicurl/http://x/S2A.tif")), "only files beside it"),
        (lambda: drop.put(stac=item("S2A", href="gone.tif")), "not there"),
        (lambda: drop.put(stac=item("S2A", datetime="2020-02-09T02:50:00")), "without a time zone"),
        (lambda: drop.put(stac=item("S2A", datetime="yesterday")), "not ISO 8601"),
        (lambda: drop.put(stac=item("S2A", datetime="2020-03-09T02:50:00Z")), "was taken on 2020-03-09"),
        (lambda: drop.put(stac=item("S2A", **{"s2:processing_baseline": "x"})), "x"),
        (lambda: drop.put(stac=item("S2A", **{"view:sun_elevation": 135})), "states 135"),
        (lambda: drop.put(stac={"type": "Feature", "assets": {"a": 1}, "properties": {"datetime": "x"}}), "not ISO"),
        (lambda: drop.put(stac={"hello": "world"}), "not a STAC item"),
        (lambda: drop.write("S2A.json", "{"), "not JSON"),
        (lambda: drop.write("S2A.json", "[" * 100_000), "not JSON"),
        (lambda: drop.write("a.tif", "hello"), "it holds text"),
        (lambda: drop.write("a.zip", "hello"), "neither an image nor a STAC item"),
        (lambda: chip(drop), "name them with the option 'bands'"),
        (lambda: tif(drop.root / "2020-02-09" / "a_SCL.tif", numbers(1)), "without its scene"),
    ]
    import shutil

    for make, says in cases:
        make()
        if says == "x":
            stac = json.loads((drop.root / "2020-02-09" / "S2A.json").read_text())
            for band in stac["assets"]["data"]["raster:bands"]:
                del band["offset"]
            drop.write("S2A.json", json.dumps(stac))
            says = "processing baseline 'x'"
        refused(drop, sites, says)
        shutil.rmtree(drop.root)


def test_truncated_files_are_refused_and_the_rest_of_the_day_is_landed(drop, sites):
    drop.put("good")
    bad = drop.put("bad", pixels=numbers(seed=3))
    bad.write_bytes(bad.read_bytes()[:-9000])
    scl = drop.put(
        "worse", pixels=numbers(seed=4), scl=np.random.default_rng(0).integers(0, 11, (1, 64, 64)).astype(np.uint8)
    )
    scl = scl.with_name("worse_SCL.tif")
    scl.write_bytes(scl.read_bytes()[:-900])
    landing = land(drop, sites)
    assert landing.frame["scene_id"].to_list() == ["good"]
    assert landing.rejects["file"].to_list() == ["2020-02-09/bad.json", "2020-02-09/worse.json"]
    assert all("damaged or truncated" in text for text in landing.rejects["reason"])


def test_a_file_that_is_padded_without_end_is_not_held(drop, sites, monkeypatch):
    monkeypatch.setattr("solarnet_assets.imagery.landed.MAX_HELD_BYTES", 1_000_000)
    path = drop.put()
    assert land(drop, sites).frame.height == 1
    os.truncate(path, 1_000_001)  # a hole: it takes no disk
    assert reason(land(drop, sites)).endswith("has 1,000,001 bytes, more than 1,000,000")


def test_a_duplicate_is_refused_once(drop, sites):
    first = drop.put("S2A")
    second = drop.put("S2Z")
    assert first.read_bytes() == second.read_bytes()
    landing = land(drop, sites)
    assert landing.frame["scene_id"].to_list() == ["S2A"]
    assert landing.rejects["reason"].to_list() == ["2020-02-09/S2Z.json has the same content as 2020-02-09/S2A.json"]


def test_an_empty_day_is_an_empty_landing(drop, sites):
    drop.root.mkdir()
    landing = land(drop, sites)
    assert landing.n_in == 0
    assert landing.frame.is_empty()
    assert landing.rejects.is_empty()


def test_a_collection_beside_items_is_no_record(drop, sites):
    drop.put()
    drop.write("collection.json", json.dumps({"type": "Collection"}))
    assert land(drop, sites).n_in == 1


def rgb(n=100, seed=0):
    return np.random.default_rng(seed).integers(0, 255, (3, n, n)).astype(np.uint8)


def test_lot_images_keep_their_bytes_and_view(drop, sites):
    stac = item("L1", bands=("R", "G", "B"), **{"view:off_nadir": 12.5, "eo:cloud_cover": 25})
    path = drop.put("L1", rgb(), stac=stac, gsd=0.3, west=WEST + 625, north=NORTH - 625, nodata=None)
    landing = land(drop, sites, read_lot_images, signal="parking")
    row = landing.frame.row(0, named=True)
    assert (row["site_id"], row["off_nadir"], row["cloud_cover"]) == ("lot", 12.5, 0.25)
    assert row["gsd"] == pytest.approx(0.3)
    assert landing.blobs[row["path"]] == path.read_bytes()


def test_a_large_lot_image_is_cut(drop, sites, tmp_path):
    drop.put("L1", rgb(1200), stac=item("L1"), gsd=0.5, west=WEST + 400, north=NORTH - 400, nodata=None)
    landing = land(drop, sites, read_lot_images, signal="parking")
    (tmp_path / "a.tif").write_bytes(next(iter(landing.blobs.values())))
    with open_raster(tmp_path / "a.tif") as dataset:
        grid, pixels = grid_of(dataset, "a"), read_pixels(dataset)
    row, col = round((NORTH - 400 - grid.transform[5]) / 0.5), round((grid.transform[2] - WEST - 400) / 0.5)
    assert np.array_equal(pixels, rgb(1200)[:, row : row + grid.height, col : col + grid.width])
    assert 150 < grid.height < 250


def test_a_png_of_a_lot_needs_site_and_pixel_size(drop, sites):
    from PIL import Image

    (drop.root / "2020-02-09").mkdir(parents=True)
    Image.fromarray(rgb().transpose(1, 2, 0)).save(drop.root / "2020-02-09" / "lot.png")
    assert "option 'gsd'" in reason(land(drop, sites, read_lot_images, signal="parking"))
    assert "option 'site'" in reason(land(drop, sites, read_lot_images, signal="parking", gsd=0.3))
    assert "no site" in reason(land(drop, sites, read_lot_images, signal="parking", gsd=0.3, site="nowhere"))
    row = land(drop, sites, read_lot_images, signal="parking", gsd=0.3, site="lot").frame.row(0, named=True)
    assert row["path"].endswith(".png")
    assert row["gsd"] == 0.3
    data = (drop.root / "2020-02-09" / "lot.png").read_bytes()
    drop.write("lot.png", data[: len(data) // 2])
    assert "damaged or truncated" in reason(land(drop, sites, read_lot_images, signal="parking", gsd=0.3, site="lot"))


def test_a_lot_image_must_be_rgb(drop, sites):
    drop.put("L1", rgb()[:1], stac=item("L1"), gsd=0.3, nodata=None)
    assert "RGB" in reason(land(drop, sites, read_lot_images, signal="parking"))


def test_no_warning_escapes_for_a_file_without_position(drop, sites):
    chip(drop, epsg=None, names=BANDS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        refused(drop, sites, "no coordinate reference system")
