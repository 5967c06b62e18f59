"""Solar scenes: arrays of exactly the stated area that appear when they open."""

import hashlib
from datetime import date, timedelta

import numpy as np
import pytest
import rasterio

from solarnet_assets.landing import BadInputError
from solarnet_assets.world import farms
from solarnet_assets.world.scenario import Farm, load_scenario

OPENED = date(2020, 1, 15)


@pytest.fixture(scope="module")
def farm():
    return Farm(id="f", name="F", region="R", lon=117.0, lat=33.0, arrays=[(date(2018, 1, 1), 0.4), (OPENED, 0.25)])


@pytest.fixture(scope="module")
def country(farm):
    return load_scenario("published").model_copy(update={"farms": [farm]})


def month(scenario, year, number, folder):
    for day in range(1, 29):
        details = farms.write_solar_scenes(scenario, date(year, number, day), folder)
        if details:
            return date(year, number, day), details
    raise AssertionError("no scene in the month")


def read(folder):
    file = next(f for f in folder.glob("*.tif") if "SCL" not in f.name)
    with rasterio.open(file) as raster:
        return raster.read() / 10000


def test_arrays_have_exactly_their_area_and_stay_apart(country, farm):
    _, made = farms._area(country.seed, farm.id, farm.lon, farm.lat, (0.4, 0.25))
    assert [outline.sum() * 25 / 1e6 for outline in made.outline] == [pytest.approx(0.4), pytest.approx(0.25)]
    assert not (made.outline[0] & made.outline[1]).any()
    assert not made.outline[:, : farms.EDGE].any()
    assert (made.modules[0][made.outline[0][::2, ::2] & made.outline[0][1::2, 1::2]] > 0.2).mean() > 0.9


def test_one_scene_a_month_with_the_open_area_as_truth(country, tmp_path):
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    before, details = month(country, 2019, 9, tmp_path / "a")
    assert dict((q, v) for _, q, v in details)["open_area_km2"] == pytest.approx(0.4)
    _, details = month(country, 2020, 2, tmp_path / "b")
    assert dict((q, v) for _, q, v in details)["open_area_km2"] == pytest.approx(0.65)
    assert farms.write_solar_scenes(country, before + timedelta(days=1), tmp_path) == []


def test_modules_darken_the_ground_when_the_array_opens(country, farm):
    from solarnet_assets.world.rng import generator
    from solarnet_assets.world.sun import Sun

    ground, made = farms._area(country.seed, farm.id, farm.lon, farm.lat, (0.4, 0.25))
    sun = Sun(35.0, 160.0, 1.0)
    day = OPENED + timedelta(days=1)
    late = farm.model_copy(update={"arrays": [farm.arrays[0], (day + timedelta(days=400), 0.25)]})
    with_array = farms._surface(generator("s"), ground, made, farm, day, sun)
    without = farms._surface(generator("s"), ground, made, late, day, sun)
    inside = made.outline[1][::2, ::2] & made.outline[1][1::2, 1::2]
    drop = without[:, inside].mean(axis=1) - with_array[:, inside].mean(axis=1)
    assert drop[3] > 0.03
    assert np.allclose(with_array[:, ~made.outline[1].reshape(260, 2, 260, 2).any(axis=(1, 3))],
                       without[:, ~made.outline[1].reshape(260, 2, 260, 2).any(axis=(1, 3))])  # fmt: skip


def test_same_day_gives_identical_bytes(country, tmp_path):
    sums = []
    for name in "ab":
        (tmp_path / name).mkdir()
        farms._area.cache_clear()
        month(country, 2020, 1, tmp_path / name)
        sums.append({f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in (tmp_path / name).iterdir()})
    assert sums[0] == sums[1]
    assert len(sums[0]) == 3
    assert read(tmp_path / "a").shape == (6, 256, 256)


def test_too_large_an_array_is_refused_with_a_sentence():
    with pytest.raises(BadInputError, match="does not fit"):
        farms._area(1, "f", 117.0, 33.0, (6.6,))
