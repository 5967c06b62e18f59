import json
import math

import numpy as np
import polars as pl
import pytest
from chips import DAY, EPSG, NORTH, WEST, site, tif

from solarnet_assets.imagery import landsat
from solarnet_assets.imagery.ingest import read_scenes
from solarnet_assets.imagery.scene import open_scene
from solarnet_assets.landing import BadInputError

ASSETS = {"blue": 2, "green": 3, "red": 4, "nir08": 5, "swir16": 6, "swir22": 7}
OLI = {"B02": 0.11, "B03": 0.12, "B04": 0.14, "B8A": 0.22, "B11": 0.31, "B12": 0.25}
"""Reflectance as OLI has it, under Sentinel-2's names."""
ELEVATION = 31.0
N = 48


def numbers(level):
    """Return uint16 planes of one reflectance each, as the two levels store them."""
    sine = math.sin(math.radians(ELEVATION)) if level == 1 else 1.0
    scale, offset = (2e-5, -0.1) if level == 1 else (2.75e-5, -0.2)
    return [np.full((1, N, N), round((value * sine - offset) / scale), np.uint16) for value in OLI.values()]


def bundle(drop, level, quality=None, **properties):
    """Write a scene with one file per band and an item such as USGS and its mirrors serve."""
    name = f"LC08_L{level}{'TP' if level == 1 else 'SP'}_122036_20200209_20200823_02_T1"
    folder = drop.root / "2020-02-09"
    assets = {}
    for (key, number), plane in zip(ASSETS.items(), numbers(level), strict=True):
        file = f"{name}_{'SR_' if level == 2 else ''}B{number}.TIF"
        tif(folder / file, plane, gsd=30.0)
        assets[key] = {"href": f"./{file}", "roles": ["data"], "eo:bands": [{"name": f"OLI_B{number}"}]}
        if level == 2:
            assets[key]["raster:bands"] = [{"scale": 2.75e-5, "offset": -0.2, "nodata": 0}]
    quality = np.full((1, N, N), 1 << 6, np.uint16) if quality is None else quality
    for key in ("qa_pixel", "qa_radsat"):
        file = f"{name}_{key.upper()}.TIF"
        tif(folder / file, quality if key == "qa_pixel" else 0 * quality, gsd=30.0, nodata=None)
        assets[key] = {"href": f"./{file}", "roles": ["cloud", "data-mask"] if key == "qa_pixel" else ["saturation"]}
    stated = {"datetime": "2020-02-09T02:47:00Z", "platform": "landsat-8", "proj:epsg": EPSG,
              "view:sun_elevation": ELEVATION, "landsat:correction": name[5:9]}  # fmt: skip
    item = {"type": "Feature", "stac_version": "1.0.0", "id": name, "collection": f"landsat-c2-l{level}",
            "geometry": None, "links": [], "properties": stated | properties, "assets": assets}  # fmt: skip
    drop.write(f"{name}_stac.json", json.dumps(item))
    return name


def land(drop, **options):
    sites = pl.DataFrame([site(east=WEST + 720, north=NORTH - 720)])
    return read_scenes(drop.files(), DAY, {"sites": sites, "signal": "steel", **options})


def opened(landing, tmp_path):
    row = landing.frame.row(0, named=True)
    for name, data in landing.blobs.items():
        (tmp_path / name).write_bytes(data)
    return open_scene(row, tmp_path / row["path"], tmp_path / row["mask_path"] if row["mask_path"] else None)


@pytest.mark.parametrize("level", [1, 2])
def test_both_levels_give_the_same_reflectance(drop, tmp_path, level):
    """Level 1 is divided by the sine of the sun's elevation, level 2 is not; then HLS's band passes."""
    bundle(drop, level)
    landing = land(drop)
    assert landing.rejects.is_empty()
    assert landing.frame["gsd"].to_list() == [30.0]
    scene = opened(landing, tmp_path)
    assert list(scene.reflectance) == ["B02", "B03", "B04", "B8A", "B11", "B12"]
    for name, value in OLI.items():
        slope, intercept = landsat.TO_OLI[name]
        assert scene.reflectance[name][5, 5] * slope + intercept == pytest.approx(value, abs=5e-5)
    assert scene.seen.all()
    assert not scene.cloud.any()
    assert scene.gain("B12") == pytest.approx(scene.gain("B11") * 85.46 / 247.55)


def test_the_sun_is_computed_where_level_1_does_not_state_it(drop, tmp_path):
    bundle(drop, 1, **{"view:sun_elevation": None})
    scene = opened(land(drop), tmp_path)
    sine = math.sin(math.radians(scene.sun_elevation))
    expected = OLI["B12"] * math.sin(math.radians(ELEVATION)) / sine
    assert scene.reflectance["B12"][0, 0] == pytest.approx((expected + 0.0012) / 1.003, abs=2e-3)


def test_clouds_come_from_the_quality_band(drop, tmp_path):
    """Bits 1 to 4 hide the ground: dilated cloud, cirrus, cloud, shadow; snow, clear and water do not."""
    quality = np.full((1, N, N), 1 << 6, np.uint16)
    for bit in range(8):
        quality[0, bit] = 1 << bit
    bundle(drop, 2, quality)
    scene = opened(land(drop), tmp_path)
    assert np.flatnonzero(scene.cloud[:, 3]).tolist() == [1, 2, 3, 4]
    assert landsat.hidden(np.array([22280, 21824, 23888], np.uint16)).tolist() == [True, False, True]


def test_fill_is_not_seen(drop, tmp_path):
    name = bundle(drop, 2)
    plane = numbers(2)[5]
    plane[0, :, :7] = 0
    tif(drop.root / "2020-02-09" / f"{name}_SR_B7.TIF", plane, gsd=30.0)
    scene = opened(land(drop), tmp_path)
    assert not scene.seen[:, :7].any()
    assert scene.seen[:, 7:].all()


def test_an_unknown_level_is_refused_and_not_guessed(drop):
    name = bundle(drop, 2)
    item = json.loads((drop.root / "2020-02-09" / f"{name}_stac.json").read_text())
    item |= {"id": "pass", "collection": "x"}
    item["properties"].pop("landsat:correction")
    for asset in item["assets"].values():
        asset.pop("raster:bands", None)
    drop.write(f"{name}_stac.json", json.dumps(item))
    assert "level 1 or level 2" in land(drop).rejects["reason"][0]


def test_an_image_without_an_item_is_read_by_its_name(drop, tmp_path):
    pixels = np.concatenate(numbers(2))
    tif(drop.root / "2020-02-09" / "LC09_L2SP_122036_20200209.tif", pixels, gsd=30.0,
        names=[f"SR_B{n}" for n in ASSETS.values()])  # fmt: skip
    quality = np.full((1, N, N), 1 << 3, np.uint16)
    tif(drop.root / "2020-02-09" / "LC09_L2SP_122036_20200209_QA_PIXEL.tif", quality, gsd=30.0)
    scene = opened(land(drop, platform="landsat-9"), tmp_path)
    assert scene.reflectance["B8A"][0, 0] == pytest.approx((0.22 + 0.0001) / 0.9983, abs=1e-4)
    assert scene.cloud.all()


@pytest.mark.parametrize(
    ("texts", "level"),
    [
        (("L1TP",), 1), (("L2SP",), 2), ((None, "landsat-c2-l2"), 2), (("landsat-c2l2-sr",), 2), (("landsat-c2l1",), 1),
        (("LC08_L1GT_1",), 1), (("x.tif", "SR_B5"), 2), (("scene", None), None), (("HTML1",), None),
    ],
)  # fmt: skip
def test_levels_are_told_by_names(texts, level):
    assert landsat.level_of(*texts) == level


def test_a_sun_below_the_horizon_is_refused():
    with pytest.raises(BadInputError, match="horizon"):
        landsat.calibration(1, -3.0, "scene")


def test_band_passes_are_those_of_hls_backwards():
    """Claverie et al. 2018: OLI's 2.2 um = 1.003 MSI - 0.0012."""
    msi = landsat.as_sentinel({"B12": np.float32([0.25]), "B05": np.float32([0.3])})
    assert msi["B12"][0] == pytest.approx((0.25 + 0.0012) / 1.003)
    assert msi["B05"][0] == np.float32(0.3)
