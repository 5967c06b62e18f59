"""Real Sentinel-2 chips through the readers, the detectors and the observation rules. Nothing is tuned to them."""

import os
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from solarnet_assets.evaluation.heat_images import Stated, read_image
from solarnet_assets.imagery import clouds, geometry
from solarnet_assets.imagery.ingest import read_scenes
from solarnet_assets.imagery.raster import grid_of, open_raster, read_pixels
from solarnet_assets.imagery.scene import open_scene
from solarnet_assets.landing import RawFile
from solarnet_assets.steel import figures
from solarnet_assets.steel.detectors import DETECTORS, CannotDecide, bands_of
from solarnet_assets.steel.model import engine, threshold
from solarnet_assets.steel.observe import heat_probability, observe_scenes
from solarnet_assets.steel.planes import planes

REAL = Path(os.environ.get("SOLARNET_REAL", Path(__file__).parents[3] / "shared" / "real"))
pytestmark = [pytest.mark.real, pytest.mark.skipif(not (REAL / "s2_fire").is_dir(), reason="no real data here")]


def frame_of(path):
    """Return WKT (EPSG:4326) of the middle of a raster."""
    with open_raster(path) as dataset:
        west, south, east, north = geometry.lonlat_bounds(grid_of(dataset, path.name))
    a, b = 0.1 * (east - west), 0.1 * (north - south)
    x, y = (west + a, east - a), (south + b, north - b)
    return f"POLYGON (({x[0]} {y[0]}, {x[1]} {y[0]}, {x[1]} {y[1]}, {x[0]} {y[1]}, {x[0]} {y[0]}))"


def land(files, day, **options):
    sites = pl.DataFrame([{"site_id": "here", "signal": "steel", "geometry": frame_of(files[0])}])
    raw = [RawFile(path, path.name) for path in files]
    landing = read_scenes(raw, day, {"sites": sites, "signal": "steel", "timezone": "UTC", **options})
    assert landing.n_in == landing.frame.height + landing.rejects.height
    return landing, sites


def opened(landing, tmp_path, n=0):
    for name, data in landing.blobs.items():
        (tmp_path / name).write_bytes(data)
    row = landing.frame.row(n, named=True)
    return open_scene(row, tmp_path / row["path"], tmp_path / row["mask_path"] if row["mask_path"] else None)


def fire():
    return land([REAL / "s2_fire" / "G90292_20230514.tif"], date(2023, 5, 14), offset=-0.1)


def test_the_flame_front_is_kept_by_every_detector(tmp_path):
    """All pixels over reflectance 1 at 2.2 um, nearly all over 0.5, and nothing away from the front."""
    landing, _ = fire()
    assert landing.frame["bands"].to_list() == [["B09", "B11", "B12"]]
    scene = opened(landing, tmp_path)
    with open_raster(REAL / "s2_fire" / "G90292_20230514_hot_pseudo.tif") as dataset:
        front = clouds.grow(read_pixels(dataset)[0] > 0, 2)
    bands = bands_of(scene.reflectance, scene.gain)
    assert bands.nir == "B09"
    for name, detector in DETECTORS.items():
        hot = detector(bands)
        assert hot[bands.r12 > 1.0].all(), name
        assert hot[bands.r12 > 0.5].mean() > 0.7, name
        assert not (hot & ~front).any(), name
        assert 30 <= hot.sum() <= 120, name


def test_the_network_keeps_the_flame_front(tmp_path):
    """All pixels over reflectance 1, nearly all over 0.5; beyond two pixels from the pseudo-label at most embers.

    Measured 23 Nov 2026: 13 of 13, all, 89 % of the label, precision 0.90 against it, and 3 pixels away from it, where
    2.2 um is twice and 1.6 um hardly as bright as around: hot by what the network is taught (``figures.truth``).
    """
    landing, _ = fire()
    scene = opened(landing, tmp_path)
    with open_raster(REAL / "s2_fire" / "G90292_20230514_hot_pseudo.tif") as dataset:
        label = read_pixels(dataset)[0] > 0
    hot = heat_probability(scene) >= threshold()
    r11, r12 = (scene.reflectance[name] for name in ("B11", "B12"))
    assert hot[r12 > 1.0].all()
    assert hot[r12 > 0.5].mean() > 0.9
    assert hot[label].mean() > 0.8
    assert np.count_nonzero(hot & ~clouds.grow(label, 1)) <= 12
    away = np.argwhere(hot & ~clouds.grow(label, 2))
    assert len(away) <= 5
    for row, col in away:
        part = (slice(row - 5, row + 6), slice(col - 5, col + 6))
        around, rise = (float(np.median(r12[part])), float(r12[row, col] - np.median(r12[part])))
        assert rise > 0.9 * (figures.HOT_FLOOR + figures.HOT_SHARE * around), "an ember, to a tenth of the limit"
        assert r11[row, col] - np.median(r11[part]) < 0.3 * rise, "and no bright ground"


def test_the_network_finds_next_to_nothing_hot_where_nothing_burns(tmp_path):
    """Burn scars and bright roofs in visible renderings, B8 and B12: at most two hot pixels in all eight chips."""
    found = 0
    for path in NEGATIVES:
        landing, _ = land([path], date.fromisoformat(path.stem[-8:]), offset=0.0, required=["B12"])
        scene = opened(landing, tmp_path)
        found += np.count_nonzero(heat_probability(scene) >= threshold())
    assert len(NEGATIVES) == 8
    assert found <= 2


def halves(band):
    tall, wide = (n // 2 for n in band.shape)
    return band[: 2 * tall, : 2 * wide].reshape(tall, 2, wide, 2).mean((1, 3)).astype(np.float32)


SPOILT = {
    "a forgotten offset": lambda name, band: band if name.startswith("TCI") else band + np.float32(0.1),
    "an offset taken twice": lambda name, band: band if name.startswith("TCI") else band - np.float32(0.1),
    "2.2 um too bright": lambda name, band: band * np.float32(1.4 if name == "B12" else 1.0),
    "2.2 um out of register": lambda name, band: np.roll(band, int(name == "B12"), 0),
    "pixels twice as wide": lambda _, band: halves(band),
    "pixels doubled": lambda _, band: np.kron(band, np.ones((2, 2), np.float32)),
}


@pytest.mark.parametrize("spoil", list(SPOILT.values()), ids=list(SPOILT))
def test_the_network_bears_what_happens_to_images(spoil):
    """At most two false pixels in all eight chips, and the brightest pixels of the fire kept; nothing was tuned."""
    false = 0
    for path in NEGATIVES:
        bands = read_image(path, Stated(offset=0)).scene.reflectance
        spoilt = {name: spoil(name, band) for name, band in bands.items()}
        false += np.count_nonzero(next(engine().run([planes(spoilt)])) >= threshold())
    assert false <= 2
    bands = read_image(REAL / "s2_fire" / "G90292_20230514.tif", Stated(offset=-1000, scale=1e4)).scene.reflectance
    spoilt = {name: spoil(name, band) for name, band in bands.items()}
    hot = next(engine().run([planes(spoilt)]))[0] >= threshold()
    assert hot[spoil("B11", bands["B12"]) > 1.1].mean() > 0.9


def test_the_fire_is_an_observation_with_its_caveats(tmp_path):
    landing, sites = fire()
    for name, data in landing.blobs.items():
        (tmp_path / name).write_bytes(data)
    frame, pictures = observe_scenes(
        landing.frame, dict(sites.select("site_id", "geometry").iter_rows()), lambda name: tmp_path / name
    )
    row = frame.row(0, named=True)
    assert row["valid"]
    assert row["cloud_share"] is None
    assert row["relative_sd"] >= 0.1
    assert row["saturated_pixels"] > 0
    assert row["excess_radiance"] > 200
    assert len(pictures) == 1


NEGATIVES = sorted((REAL / "s2_negatives").glob("*.tif"))


@pytest.mark.parametrize("path", NEGATIVES, ids=lambda path: path.stem)
def test_chips_without_the_second_infrared_band_are_not_judged(path, tmp_path):
    """They hold 0.84 and 2.2 um only: vegetation aside, every burn scar has r12 > 1.4 r8, so no rule may decide."""
    day = date.fromisoformat(path.stem[-8:])
    refused, _ = land([path], day, offset=0.0)
    assert "lacks band B11" in refused.rejects["reason"][0]
    landing, sites = land([path], day, offset=0.0, required=["B12"])
    scene = opened(landing, tmp_path)
    bands = bands_of(scene.reflectance, scene.gain)
    assert np.nanmax(bands.r12) < 0.7
    for detector in DETECTORS.values():
        with pytest.raises(CannotDecide, match="B11"):
            detector(bands)
    polygons = dict(sites.select("site_id", "geometry").iter_rows())
    frame, _ = observe_scenes(landing.frame, polygons, lambda name: tmp_path / name)
    assert frame["valid"].to_list() == [False]
    assert "B11 is missing" in frame["reason"][0]


TOA = [f"B{n}" for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)]
BOA = [name for name in TOA if name != "B10"]


@pytest.mark.parametrize("day", ["20170703", "20190723"])
def test_products_of_both_levels_are_read_and_have_no_hot_pixel(day, tmp_path):
    """Alpine lake, water and snow among it; DN 65535 is no data, baselines before 04.00 have no offset."""
    when = date.fromisoformat(day)
    l1c, _ = land([REAL / "s2_products" / f"S2A1C_{day}_022_Barbellino_TOA_10.tif"], when, bands=TOA, gsd=10)
    folder = REAL / "s2_products"
    names = [f"S2A2A_{day}_022_Barbellino_{kind}_10.tif" for kind in ("BOA", "SCL", "NDVI")]
    l2a, _ = land([folder / name for name in names], when, bands=BOA, gsd=10)
    assert l2a.rejects["reason"].str.contains("has 1 bands where the option 'bands' names 11").to_list() == [True]
    for landing in (l1c, l2a):
        assert landing.frame["offset"].to_list() == [0.0]
        scene = opened(landing, tmp_path)
        bands = bands_of(scene.reflectance, scene.gain)
        assert bands.nir == "B08"
        assert 0.0 < np.nanmedian(bands.r12) < 0.25
        assert not any(detector(bands).any() for detector in DETECTORS.values())
        assert heat_probability(scene).max() < threshold()
    scl = opened(l2a, tmp_path)
    with open_raster(folder / names[1]) as dataset:
        classes = read_pixels(dataset)[0]
    assert scl.cloud.sum() == 4 * np.isin(classes, (3, 8, 9, 10)).sum()
