from dataclasses import replace

import numpy as np
import pytest
import works

from solarnet_assets.imagery.raster import Grid
from solarnet_assets.steel.clusters import UNPLACED, find_clusters, network_input, saturation
from solarnet_assets.steel.detectors import CannotDecide
from solarnet_assets.steel.observe import heat_probability, observe


def flat(spots, background=0.12, **kwargs):
    """Return an even scene whose 2.2 um reflectance rises by ``spots`` (row, column, rise), and their mask."""
    scene = works.scene(level=0.0, noise=0.0, **kwargs)
    for band in scene.reflectance.values():
        band[:] = background
    mask = np.zeros((works.N, works.N), np.float32)
    for row, col, rise in spots:
        scene.reflectance["B12"][row, col] += rise
        mask[row, col] = 0.97
    return scene, mask


def test_a_cluster_says_how_much_it_radiates_over_its_surroundings():
    scene, mask = flat([(20, 30, 0.4), (20, 31, 0.2), (60, 60, 0.1)])
    (large, small), labels = find_clusters(scene, mask, 0.5)
    gain = scene.gain("B12")
    assert (large.pixels, small.pixels) == (2, 1)
    assert large.excess == pytest.approx(0.6 * gain, rel=1e-4)
    assert large.peak == pytest.approx(0.4 * gain, rel=1e-4)
    assert large.background == pytest.approx(0.12 * gain, rel=1e-4)
    assert small.excess == pytest.approx(0.1 * gain, rel=1e-3)
    assert large.probability == pytest.approx(0.97)
    assert not large.saturated
    assert (labels > 0).sum() == 3


def test_the_centre_is_that_of_the_excess_in_map_units():
    scene, mask = flat([(20, 30, 0.3), (20, 31, 0.1)])
    ((one,), _) = find_clusters(scene, mask, 0.5)
    assert one.x == pytest.approx(works.WEST + (30.75) * works.GSD, abs=0.1)
    assert one.y == pytest.approx(works.NORTH - 20.5 * works.GSD, abs=0.1)
    assert 116.9 < one.lon < 117.1
    assert 39.6 < one.lat < 39.8


def test_pixels_that_touch_by_a_corner_are_one_cluster():
    scene, mask = flat([(20, 30, 0.3), (21, 31, 0.3), (23, 33, 0.3)])
    assert [c.pixels for c in find_clusters(scene, mask, 0.5)[0]] == [2, 1]


def test_saturation_is_told_by_the_sensor():
    scene, mask = flat([(20, 30, 3.0)])
    assert find_clusters(scene, mask, 0.5)[0][0].saturated
    assert saturation("landsat-9") == 24.3
    assert saturation("sentinel-2b") == 24.5


def test_hot_neighbours_are_not_surroundings():
    """A ring full of other fires must not raise the background."""
    ring = [(20 + 4 * i, 30 + 4 * j, 0.5) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    scene, mask = flat(ring)
    for cluster in find_clusters(scene, mask, 0.5)[0]:
        assert cluster.background == pytest.approx(0.12 * scene.gain("B12"), rel=1e-4)


def test_nothing_hot_is_no_cluster_and_unseen_pixels_are_not_hot():
    scene, mask = flat([(20, 30, 0.3)])
    assert find_clusters(scene, mask * 0, 0.5)[0] == []
    blind = replace(scene, seen=~(mask > 0))
    assert find_clusters(blind, mask, 0.5)[0] == []


def test_an_image_without_position_counts_in_pixels():
    scene, mask = flat([(20, 30, 0.3)])
    nowhere = replace(scene, grid=Grid(UNPLACED, (1.0, 0.0, 0.0, 0.0, 1.0, 0.0), works.N, works.N))
    ((one,), _) = find_clusters(nowhere, mask, 0.5)
    assert (one.x, one.y) == (30.5, 20.5)
    assert np.isnan(one.lon)


def test_the_network_finds_the_units_of_a_works_and_nothing_of_a_cold_one():
    """Four units: the two strongest are far over any limit; glint on a roof stays out."""
    scene = works.scene(glint=True)
    clusters, labels = find_clusters(scene, heat_probability(scene), 0.5)
    for row, col, _ in works.UNITS[:3]:
        assert labels[row - 1 : row + 2, col - 1 : col + 2].any()
    assert labels[41, 36] == 0, "glint"
    assert len(clusters) <= len(works.UNITS)
    assert not find_clusters(works.scene(level=0.0, glint=True), heat_probability(works.scene(level=0.0)), 0.5)[0]


def test_bands_that_do_not_suffice_are_said():
    with pytest.raises(CannotDecide, match="B12"):
        network_input(works.scene(bands=("B04", "B8A", "B11")))
    with pytest.raises(CannotDecide, match="no band beside B12"):
        network_input(works.scene(bands=("B12",)))


def test_a_landsat_pass_of_30_m_is_observed_on_a_grid_of_its_own():
    """Same ground point, other sensor: heat is found, its excess is linear, and maps are not mixed with 20 m."""
    grid = Grid(32650, (30.0, 0.0, works.WEST - 400, 0.0, -30.0, works.NORTH + 400), works.N, works.N)
    rows = [
        observe(replace(works.scene(level, seed=9), grid=grid, platform="landsat-8"), "mill", works.WKT).row
        for level in (0.0, 0.5, 1.0)
    ]
    assert all(row["valid"] for row in rows)
    assert rows[2]["net_pixels"] > rows[0]["net_pixels"] == 0
    none, half, full = (row["excess_radiance"] for row in rows)
    assert (half - none) / (full - none) == pytest.approx(0.5, abs=0.03)
    assert rows[2]["map_grid"] != observe(works.scene(), "mill", works.WKT).row["map_grid"]
    assert ":30:-30:" in rows[2]["map_grid"]
