import io

import numpy as np
import polars as pl
import pytest
import works
from PIL import Image

from solarnet_assets.imagery.raster import encode_geotiff
from solarnet_assets.steel.observe import MAP_UNIT, evidence_picture, observe, observe_scenes
from solarnet_assets.storage.schemas import Scenes, SteelObservations


def seen(**kwargs):
    return observe(works.scene(**kwargs), "mill", works.WKT)


def half_cloud(columns):
    mask = np.zeros((works.N, works.N), bool)
    mask[:, : 24 + columns] = True
    return mask


def test_a_clear_pass_counts():
    row = seen(cloud=half_cloud(0)).row
    assert row["valid"]
    assert row["reason"] is None
    assert row["seen_share"] == pytest.approx(1.0)
    assert row["cloud_share"] < 0.06
    assert 4 <= row["hot_pixels"] <= 40
    assert row["nhi_pixels"] <= row["hot_pixels"]
    assert row["saturated_pixels"] == 0


def test_the_map_adds_up_to_the_figure():
    row = seen().row
    values = np.array([np.nan if v is None else v * MAP_UNIT for v in row["excess_map"]])
    assert values.size % row["map_width"] == 0
    assert np.nansum(values) == pytest.approx(row["excess_radiance"], abs=0.01 * values.size / 2)
    assert row["map_grid"].startswith("32650:")
    assert row["relative_sd"] == pytest.approx(0.1), "nothing tells clouds"


def test_what_cloud_hides_is_made_up_for():
    clear, part = (seen(cloud=half_cloud(n)).row["excess_radiance"] for n in (0, 4))
    assert part == pytest.approx(clear * 32 / 28, rel=0.1)


@pytest.mark.parametrize(("columns", "valid"), [(5, True), (9, False)])
def test_more_than_a_fifth_under_cloud_is_no_observation(columns, valid):
    row = seen(cloud=half_cloud(columns)).row
    assert row["valid"] is valid
    assert valid or ("under cloud" in row["reason"] and row["excess_radiance"] is None)


@pytest.mark.parametrize(("columns", "valid"), [(6, True), (7, False)])
def test_less_than_four_fifths_seen_is_no_observation(columns, valid):
    row = seen(seen=~half_cloud(columns)).row
    assert row["valid"] is valid
    assert valid or "inside the scene" in row["reason"]


def test_saturation_is_flagged_and_trusted_less():
    scene = works.scene(cloud=half_cloud(0))
    scene.reflectance["B12"][30, 34] = 2.6
    row = observe(scene, "mill", works.WKT).row
    assert row["saturated_pixels"] == 1
    assert row["relative_sd"] > seen(cloud=half_cloud(0)).row["relative_sd"] + 0.01


def test_without_a_band_nothing_is_claimed():
    row = seen(bands=("B04", "B8A", "B12")).row
    assert not row["valid"]
    assert "B11 is missing" in row["reason"]
    assert row["hot_pixels"] is None


def test_a_cold_mill_reads_about_nothing_and_not_exactly_zero():
    value = seen(level=0.0).row["excess_radiance"]
    assert value != 0.0
    assert abs(value) < 0.06 * works.HEAT


def test_the_picture_shows_polygon_and_hot_pixels():
    observation = seen(cloud=half_cloud(0))
    picture = evidence_picture(works.scene(cloud=half_cloud(0)), observation, works.WKT)
    image = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int)
    assert image.shape[:2] == (320, 320)
    for colour in ((80, 220, 255), (255, 235, 0)):
        assert (np.abs(image - colour).sum(axis=2) < 40).sum() > 20


def landed(tmp_path, scene_id="s", mill="mill"):
    scene = works.scene()
    numbers = np.stack([np.round(scene.reflectance[b] * 10000) for b in works.BANDS]).astype(np.uint16)
    (tmp_path / "a.tif").write_bytes(encode_geotiff(numbers, works.GRID, works.BANDS, 0))
    (tmp_path / "b.tif").write_bytes((tmp_path / "a.tif").read_bytes()[:3000])
    row = {"scene_id": scene_id, "site_id": mill, "time": works.TIME, "platform": "sentinel-2a", "path": "a.tif",
           "mask_path": None, "bands": list(works.BANDS), "scale": 1e-4, "offset": 0.0, "baseline": None,
           "sun_elevation": 35.0, "epsg": 32650, "gsd": 20.0, "source_file": "x", "sha256": "y"}  # fmt: skip
    return row


def test_landed_scenes_become_rows_and_pictures(tmp_path):
    rows = [landed(tmp_path), landed(tmp_path, "t") | {"path": "b.tif"}, landed(tmp_path, "u", "gone")]
    scenes = pl.DataFrame(rows, schema=Scenes.create_empty().schema)
    frame, pictures = observe_scenes(scenes, {"mill": works.WKT}, lambda name: tmp_path / name)
    SteelObservations.validate(frame)
    assert frame["valid"].to_list() == [True, False, False]
    assert "damaged" in frame["reason"][1]
    assert "not in the table" in frame["reason"][2]
    assert list(pictures) == ["s"]
    again, same = observe_scenes(scenes, {"mill": works.WKT}, lambda name: tmp_path / name)
    assert again.equals(frame)
    assert same == pictures


def test_a_day_without_scenes_is_an_empty_table(tmp_path):
    frame, pictures = observe_scenes(Scenes.create_empty(), {}, lambda name: tmp_path / name)
    assert frame.is_empty()
    assert not pictures
    SteelObservations.validate(frame)


def test_clusters_of_the_network_stand_beside_the_counts():
    row = seen(cloud=half_cloud(0)).row
    assert row["net_pixels"] >= 3
    assert row["clusters"] == len(row["hot_clusters"])
    assert 1 <= row["clusters"] <= len(works.UNITS)
    assert row["cluster_excess"] == pytest.approx(sum(c["excess"] for c in row["hot_clusters"]))
    assert 0.3 * works.HEAT < row["cluster_excess"] < 1.2 * works.HEAT
    cold = seen(level=0.0).row
    assert (cold["net_pixels"], cold["clusters"], cold["hot_clusters"]) == (0, 0, [])


def test_without_b11_the_pass_is_no_observation_but_the_network_has_looked():
    row = seen(bands=("B02", "B03", "B04", "B8A", "B12")).row
    assert not row["valid"]
    assert row["hot_clusters"] is not None
    assert seen(bands=("B04", "B8A", "B11")).row["hot_clusters"] is None


def test_heat_far_from_the_polygon_is_not_the_mills():
    scene = works.scene(level=0.0)
    for band, rise in (("B11", 0.3), ("B12", 1.2)):
        scene.reflectance[band][6, 6] += rise
    observation = observe(scene, "mill", works.WKT)
    assert observation.hot[5:8, 5:8].any(), "seen and framed"
    assert observation.row["clusters"] == 0
