import numpy as np
import polars as pl

from solarnet_assets.mobility.places import METRES_PER_DEGREE, CityGrid


def table(lon, lat, radius):
    return pl.DataFrame(
        {"lon": np.array(lon, float), "lat": np.array(lat, float), "radius_km": np.array(radius, float)}
    )


def one_by_one(cities, lat, lon):
    best, nearest = np.full(len(lat), -1), np.full(len(lat), np.inf)
    for row, (lon0, lat0, radius) in enumerate(cities.iter_rows()):
        away = np.hypot((lon - lon0) * np.cos(np.radians(lat0)), lat - lat0) * METRES_PER_DEGREE
        hit = (away <= radius * 1000) & (away < nearest)
        best[hit], nearest[hit] = row, away[hit]
    return best


def test_the_nearest_city_that_holds_a_point_is_found_among_many():
    rng = np.random.default_rng(2)
    cities = table(rng.uniform(110, 114, 60), rng.uniform(20, 24, 60), rng.uniform(1, 60, 60))
    lat, lon = rng.uniform(19, 25, 20_000), rng.uniform(109, 115, 20_000)
    found = CityGrid(cities).assign(lat, lon)
    assert np.array_equal(found, one_by_one(cities, lat, lon))
    assert 0.2 < (found < 0).mean() < 0.8


def test_cities_at_the_ends_of_the_earth():
    rng = np.random.default_rng(3)
    cities = table([179.9, -179.9, 10.0, 0.0], [0.0, -16.0, 89.0, -89.5], [30, 30, 60, 60])
    lat, lon = rng.uniform(-90, 90, 200_000), rng.uniform(-180, 180, 200_000)
    lat[:50_000] = rng.choice([0.0, -16.0, 89.0, -89.5], 50_000) + rng.normal(0, 0.2, 50_000)
    assert np.array_equal(CityGrid(cities).assign(lat, lon), one_by_one(cities, lat, lon))


def test_no_city_and_no_number_hold_nothing():
    nowhere = np.array([np.nan, np.inf, 39.9])
    assert CityGrid(table([], [], [])).assign(nowhere, nowhere).tolist() == [-1, -1, -1]
    assert CityGrid(table([116.4], [39.9], [15])).assign(nowhere, np.array([116.4] * 3)).tolist() == [-1, -1, 0]
