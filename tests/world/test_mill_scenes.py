"""Steel scenes: physics, bookkeeping and file format of what the simulated satellite delivers."""

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pystac
import pytest
import rasterio
from rio_cogeo import cog_validate

from solarnet_assets.world import mills, scenes, toa
from solarnet_assets.world.rng import fractal, generator
from solarnet_assets.world.scenario import load_scenario
from solarnet_assets.world.sky import Sky
from solarnet_assets.world.spectra import ESUN, planck
from solarnet_assets.world.sun import sun_at

NOON = datetime(2020, 1, 15, 3, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def country():
    return load_scenario("published")


def first_pass(scenario, tmp, start=date(2020, 1, 1)):
    for step in range(5):
        day = start + timedelta(days=step)
        details = scenes.write_steel_scenes(scenario, day, tmp)
        if details:
            return day, details
    raise AssertionError("no pass in five days")


def digest(folder):
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in sorted(folder.iterdir())}


def clear_sky(n):
    zero = np.zeros((n, n), dtype=np.float32)
    return Sky(zero, zero, zero + 1, aerosol=0.1)


def test_planck_agrees_with_a_textbook_value():
    """1000 K at 2.2024 um: 1.191e8 / 51.82 / (exp(6.5327) - 1)."""
    assert planck(1000.0)[0, 5] == pytest.approx(3350, rel=0.01)


def test_sun_stands_where_the_almanac_says():
    solstice = sun_at(datetime(2020, 6, 20, 4, 1, tzinfo=UTC), 120.0, 23.44)
    winter = sun_at(datetime(2019, 12, 22, 4, 0, tzinfo=UTC), 120.0, 40.0)
    assert solstice.elevation > 89
    assert winter.elevation == pytest.approx(26.6, abs=0.4)
    assert winter.azimuth == pytest.approx(180, abs=1.5)
    assert winter.u == pytest.approx(1.033, abs=0.003)


def test_heat_image_holds_exactly_the_heat_that_was_asked_for():
    layout = mills.plant(3, "m", 12.0)
    image = mills.heat_image(layout, 200.0, generator("x"), 96, 20.0, np.zeros((6, 2)))
    assert image[5].sum() == pytest.approx(200, rel=1e-3)
    assert image[5].sum() > image[4].sum() / 3 > 0
    assert image[0].max() < 1e-3, "nothing of 1500 K or less glows blue"


def test_heat_is_sub_pixel_and_spread_by_the_optics():
    layout = mills.plant(3, "m", 12.0)
    image = mills.heat_image(layout, 200.0, generator("x"), 96, 20.0, np.zeros((6, 2)))[5]
    assert 0.02 < image.max() / 200 < 0.3
    moved = mills.heat_image(layout, 200.0, generator("x"), 96, 20.0, np.full((6, 2), 20.0))[5]
    assert np.allclose(moved[:-1, 1:], image[1:, :-1], atol=1e-3), "20 m east and north is one pixel"


def test_units_stand_inside_the_measured_polygon():
    from shapely import Polygon, contains_xy

    layout = mills.plant(5, "m", 8.0)
    assert contains_xy(Polygon(layout.ring), *layout.places.T).all()
    assert layout.kelvin.min() >= 600
    assert layout.kelvin.max() <= 1500


def test_exposure_converts_radiance_to_reflectance_and_saturates():
    n, sun = 8, sun_at(NOON, 118, 39)
    ground = np.full((6, n, n), 0.2, dtype=np.float32)
    fire = np.zeros((6, n, n), dtype=np.float32)
    fire[5, 2, 2], fire[5, 5, 5] = 8.0, 500.0
    seen, numbers = toa.expose(generator("a"), ground, fire, clear_sky(n), sun, NOON.date())
    unit = ESUN[5] * sun.cos_zenith * sun.u / np.pi
    rise = seen[5, 2, 2] - np.median(seen[5])
    assert rise == pytest.approx(8.0 / unit, rel=0.1)
    assert seen[5, 5, 5] == pytest.approx(toa.CEILING[5] / unit, rel=1e-4)
    assert numbers[5, 2, 2] == round(float(seen[5, 2, 2]) * 10000)


def test_cloud_shadow_darkens_ground_but_not_heat():
    n, sun = 8, sun_at(NOON, 118, 39)
    sky = clear_sky(n)
    dark = Sky(sky.depth, sky.depth + 1, sky.texture, 0.1)
    ground = np.full((6, n, n), 0.2, dtype=np.float32)
    fire = np.zeros((6, n, n), dtype=np.float32)
    fire[5, 2, 2] = 10.0
    lit, _ = toa.expose(generator("a"), ground, fire, sky, sun, NOON.date())
    shaded, _ = toa.expose(generator("a"), ground, fire, dark, sun, NOON.date())
    assert np.median(shaded[5]) < 0.2 * np.median(lit[5])
    assert shaded[5, 2, 2] - np.median(shaded[5]) == pytest.approx(lit[5, 2, 2] - np.median(lit[5]), rel=0.02)


def test_products_from_baseline_0400_on_carry_the_offset(country, tmp_path):
    first_pass(country, tmp_path, date(2022, 6, 1))
    item = json.loads(next(tmp_path.glob("*.json")).read_text())
    assert item["properties"]["s2:processing_baseline"] == "04.00"
    assert item["assets"]["data"]["raster:bands"][0]["offset"] == -0.1
    ground, sun = np.full((6, 4, 4), 0.3, dtype=np.float32), sun_at(NOON, 118, 39)
    _, old = toa.expose(generator("a"), ground, None, clear_sky(4), sun, date(2022, 1, 24))
    _, new = toa.expose(generator("a"), ground, None, clear_sky(4), sun, date(2022, 1, 25))
    assert (new.astype(int) - old == 1000).all()


def test_same_scenario_and_day_give_identical_bytes_in_any_order(country, tmp_path):
    one, two = tmp_path / "1", tmp_path / "2"
    one.mkdir(), two.mkdir()
    day, _ = first_pass(country, one)
    scenes._land.cache_clear(), mills.plant.cache_clear()
    scenes.write_steel_scenes(country, day + timedelta(days=5), tmp_path)
    scenes.write_steel_scenes(country, day, two)
    assert digest(one) == digest(two)
    other = tmp_path / "3"
    other.mkdir()
    scenes.write_steel_scenes(country.model_copy(update={"seed": 1}), day, other)
    assert not set(digest(one).values()) & set(digest(other).values())


def test_a_scene_is_a_cog_with_a_stac_item_over_its_mill(country, tmp_path):
    first_pass(country, tmp_path)
    path = next(tmp_path.glob("*.json"))
    item = pystac.Item.from_file(str(path))
    mill = next(m for m in country.mills if path.stem.endswith(m.id))
    west, south, east, north = item.bbox
    assert west < mill.lon < east
    assert south < mill.lat < north
    for key, count, kind in (("data", 6, "uint16"), ("scl", 1, "uint8")):
        file = path.parent / item.assets[key].href
        valid, errors, _ = cog_validate(file)
        assert valid, errors
        with rasterio.open(file) as raster:
            assert (raster.count, raster.dtypes[0], raster.shape, raster.nodata) == (count, kind, (96, 96), 0)
            assert item.properties["proj:code"] == f"EPSG:{raster.crs.to_epsg()}"
    assert [b["name"] for b in item.assets["data"].extra_fields["raster:bands"]] == list(scenes.BANDS)


def test_pixels_outside_the_swath_are_nodata_in_both_files(country, tmp_path):
    partial = 0
    for step in range(10):
        scenes.write_steel_scenes(country, date(2020, 2, 1) + timedelta(days=step), tmp_path)
    for file in tmp_path.glob("*_SCL.tif"):
        with rasterio.open(file) as scl, rasterio.open(str(file).replace("_SCL", "")) as data:
            outside = scl.read(1) == 0
            assert ((data.read(1) == 0) == outside).all()
            partial += 0 < outside.mean() < 1
    assert partial, "some swath edge crosses a scene in ten days"


def test_passes_come_every_five_days_and_some_are_missing(country):
    start = date(2019, 9, 1)
    for mill in country.mills[:6]:
        days = [d for d in (start + timedelta(days=k) for k in range(200))
                if scenes.revisits(country.seed, scenes.KIND, mill.id, d, scenes.EVERY, scenes.MISSING)]  # fmt: skip
        gaps = {(b - a).days % 5 for a, b in pairwise(days)}
        assert gaps == {0}
        assert 30 <= len(days) <= 40


def test_heat_follows_the_curve_on_average(country):
    mill = country.mills[4]
    ratio = [scenes.pass_heat(country, mill, date(2019, 1, 1) + timedelta(days=k)) for k in range(1500)]
    noise = np.array([actual / expected for expected, actual in ratio if expected])
    assert noise.mean() == pytest.approx(1.0, abs=0.012)
    assert np.log(noise).std() == pytest.approx(mills.PASS_SD, rel=0.1)
    low, _ = scenes.pass_heat(country, mill, date(2020, 1, 29))
    assert low / mills.normal_heat(mill) == pytest.approx(0.29)


def test_fields_are_periodic_unit_and_smooth():
    field = fractal(generator("f"), 64, 2.0)
    assert field.std() == pytest.approx(1, abs=1e-3)
    assert np.abs(np.diff(field, axis=0)).mean() < 0.35
