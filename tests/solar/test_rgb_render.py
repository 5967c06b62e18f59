import numpy as np
import pytest

from solarnet_assets.solar import rgb_arrays, rgb_decoys, rgb_scenes
from solarnet_assets.solar.rgb_canvas import JOINED, Canvas, rectangles
from solarnet_assets.solar.rgb_render import GSD, render


def _canvas(gsd=0.3, side=64):
    c = Canvas(np.random.default_rng(1), side, gsd, (0.5, -0.8))
    c.camera = np.eye(2) * 2 / gsd
    c.polygon(rectangles(np.zeros((1, 2)), (1e4, 1e4), 0)[0], c.material("grass"))
    return c


def test_chips_are_reproducible_pictures_of_all_scales_half_of_them_with_arrays():
    a, b = (render(np.random.default_rng([3, 4])) for _ in range(2))
    assert np.array_equal(a.image, b.image)
    assert np.array_equal(a.share, b.share)
    chips = [render(np.random.default_rng([5, n]), size=96) for n in range(60)]
    assert {(c.image.shape, c.image.dtype) for c in chips} == {((96, 96, 3), np.dtype(np.uint8))}
    scales = [c.gsd for c in chips]
    assert min(scales) >= GSD[0]
    assert min(scales) < 0.15
    assert 1.5 < max(scales) <= GSD[1]
    assert 0.25 < np.mean([c.share.any() for c in chips]) < 0.7
    assert all(c.share.min() >= 0 and c.share.max() <= 1 for c in chips)


def test_truth_is_what_was_drawn_and_gaps_up_to_the_limit_belong_to_it():
    c = _canvas(gsd=0.5)
    panel = c.material(np.array([30.0, 40, 80]), panel=True)
    gap = JOINED * c.gsd
    rows = np.array([(0.0, -6.0), (0.0, -6.0 + 4 + gap * 0.8), (0.0, 10.0)])
    c.polygons(rectangles(rows, (20.0, 4.0), 0), [panel] * 3)
    _, share = c.compose()
    middle = share[:, 32] > 0.5
    between = int(32 + (-6 + 2 + gap * 0.4) / c.gsd)
    assert middle[between]
    assert not middle[int(32 + 5 / c.gsd)]
    assert share.sum() * c.gsd**2 == pytest.approx(3 * 20 * 4 + 20 * gap * 0.8, rel=0.06)


def test_decoys_and_surroundings_are_never_truth():
    for n in range(12):
        c = Canvas(np.random.default_rng(n), 64, 0.4, (0.5, -0.8))
        (rgb_scenes.suburb, rgb_scenes.industry, rgb_scenes.country, rgb_scenes.village)[n % 4](c)
        rgb_scenes.waters(c)
        rgb_decoys.decoys(c)
        rgb_decoys.trees(c)
        assert not c.compose()[1].any()


def test_farm_of_rows_fills_ground_and_darkens_it():
    c = Canvas(np.random.default_rng(3), 128, 1.0, (0.5, -0.8))
    c.polygon(rectangles(np.zeros((1, 2)), (1e4, 1e4), 0)[0], c.material("sand"))
    rgb_arrays.rows_in(c, rectangles(np.zeros((1, 2)), (80.0, 60.0), 0)[0], 0.0, 0.4, 1.0)
    image, share = c.compose()
    assert 0.2 * 80 * 60 < share.sum() < 1.1 * 80 * 60
    assert image[share > 0.9].mean() < 0.8 * image[share == 0].mean()


def test_carports_are_arrays_over_parked_cars():
    found = []
    for n in range(8):
        c = Canvas(np.random.default_rng(n), 96, 0.4, (0.5, -0.8))
        rgb_arrays.carports(c)
        found.append(c.compose()[1].mean())
    assert sum(share > 0.01 for share in found) >= 5
    assert max(found) < 0.95
