"""Car parks: stalls, occupancy by type of day, pictures that match the polygon, files."""

import hashlib
from datetime import date, timedelta

import numpy as np
import pystac
import pytest
import rasterio
from pyproj import Transformer
from shapely import Polygon, contains_xy

from solarnet_assets.world import lot_paint, lot_plan, lots
from solarnet_assets.world.rng import generator
from solarnet_assets.world.scenario import Lot, load_scenario
from solarnet_assets.world.sun import Sun

HIGH_SUN = Sun(50.0, 165.0, 1.0)


@pytest.fixture(scope="module")
def country():
    return load_scenario("published")


@pytest.fixture(scope="module")
def lot(country):
    return next(x for x in country.lots if x.id == "jinjiang_mall")


@pytest.mark.parametrize("stalls", [1, 17, 90, 160, 400])
def test_a_plan_has_its_stalls_inside_its_outline(stalls):
    layout = lot_plan.plan(9, "p", stalls)
    assert len(layout.stalls) == stalls
    ring = Polygon(layout.ring)
    half = layout.side * lot_plan.GSD / 2
    assert contains_xy(ring, *np.array([layout.place(a, b) for a, b, _ in layout.stalls]).T).all()
    assert np.abs(np.array(layout.ring)).max() < half
    centres = layout.stalls[:, :2]
    gaps = np.hypot(*(centres[:, None] - centres[None]).transpose(2, 0, 1)) + 99 * np.eye(stalls)
    assert stalls == 1 or gaps.min() >= lot_plan.STALL_WIDTH - 1e-9


def test_every_vehicle_of_the_count_is_drawn_inside_the_lot(country, lot):
    layout = lot_plan.plan(country.seed, lot.id, lot.stalls)
    for count in (0, 1, 60, 100):
        vehicles = lots._parked(generator("v", count), layout, count)
        assert len(vehicles) == count
        if count:
            assert contains_xy(Polygon(layout.ring), [v.x for v in vehicles], [v.y for v in vehicles]).all()


def test_the_day_type_sets_the_base_rate_and_the_curve_is_relative_to_it(country):
    factory = Lot(
        id="x", name="X", region="R", group="factory", lon=121, lat=31, stalls=100, curve=[(date(2020, 1, 1), 50)]
    )
    festival, make_up_sunday, monday = date(2020, 1, 27), date(2020, 1, 19), date(2019, 11, 4)
    assert lots.expected_vehicles(country, factory, monday) == pytest.approx(37.5)
    assert lots.expected_vehicles(country, factory, make_up_sunday) == pytest.approx(37.5)
    assert lots.expected_vehicles(country, factory, festival) == pytest.approx(15.0)


def test_counts_average_to_the_expectation(country, lot):
    normal = lot.model_copy(update={"curve": [(date(2020, 1, 1), 100.0)]})
    days = [date(2018, 1, 1) + timedelta(days=k) for k in range(900)]
    ratio = [lots.draw_vehicles(country, normal, d) / lots.expected_vehicles(country, normal, d) for d in days]
    assert np.mean(ratio) == pytest.approx(1, abs=0.015)
    assert 0.05 < np.std(ratio) < 0.16


def test_the_polygon_of_the_reference_lies_on_the_drawn_lot(country, lot):
    """Only pixels inside the outline (and the longest shadow beside it) may change when the lot fills."""
    day = date(2020, 1, 8)
    empty, grid, _ = lots.render(country, lot, day, HIGH_SUN, 0)
    full, _, _ = lots.render(country, lot, day, HIGH_SUN, 95)
    to_map = Transformer.from_crs(4326, grid.epsg, always_xy=True)
    ring = Polygon([to_map.transform(*point) for point in lots.lot_ring(country, lot)])
    line = (np.arange(grid.n) + 0.5) * grid.gsd
    east, north = np.meshgrid(grid.west + line, grid.north - line)
    inside, near = contains_xy(ring, east, north), contains_xy(ring.buffer(4.0), east, north)
    scale = np.median(full[:, ~near]) / np.median(empty[:, ~near])
    change = np.abs(full.astype(float) - scale * empty.astype(float)).mean(axis=0)
    assert change[inside].mean() > 5 * change[~near].mean()
    assert (change[~near] > 40).mean() < 0.01


def test_dark_cars_stay_dark_and_cast_shadows():
    layout = lot_plan.plan(2, "q", 40)
    vehicle = lots._parked(generator("one"), layout, 1)[0]
    vehicle.colour = (26, 27, 30)
    body, shade = lot_paint_layers(layout, vehicle)
    assert body[..., 3].sum() / 255 * lot_plan.GSD**2 == pytest.approx(vehicle.length * vehicle.width, rel=0.15)
    assert body[body[..., 3] > 250][:, :3].mean() < 45
    assert shade.sum() > 0.5 * (body[..., 3] / 255).sum()


def lot_paint_layers(layout, vehicle):
    from solarnet_assets.world.lot_vehicles import vehicle_layers

    return vehicle_layers(layout, [vehicle], HIGH_SUN)


def test_low_sun_casts_longer_shadows():
    layout = lot_plan.plan(2, "q", 60)
    low = lot_paint.tall_shadows(layout, Sun(22.0, 150.0, 1.0), 1.0).sum()
    assert low > 1.5 * lot_paint.tall_shadows(layout, HIGH_SUN, 1.0).sum()


def test_files_are_deterministic_readable_and_about_weekly(country, tmp_path):
    few = country.model_copy(update={"lots": country.lots[7:8]})
    days = [date(2020, 1, 1) + timedelta(days=k) for k in range(60)]
    due = [d for d in days if lots.pass_due(few.seed, few.lots[0].id, d)]
    assert 7 <= len(due) <= 13
    sums = []
    for name in "ab":
        folder = tmp_path / name
        folder.mkdir()
        details = lots.write_lot_images(few, due[0], folder)
        sums.append({f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in folder.iterdir()})
    assert sums[0] == sums[1]
    item = pystac.Item.from_file(str(next(folder.glob("*.json"))))
    assert {"gsd", "view:off_nadir", "view:sun_elevation"} <= set(item.properties)
    with rasterio.open(next(folder.glob("*.tif"))) as raster:
        assert (raster.count, raster.dtypes[0], raster.res) == (3, "uint8", (0.3, 0.3))
        assert raster.read().std() > 15
    assert dict((q, v) for _, q, v in details)["vehicles"] >= 0
