import numpy as np
import pytest

from solarnet_assets.parking import kit
from solarnet_assets.parking.calibrate import estimates
from solarnet_assets.parking.detect import Detections
from solarnet_assets.parking.estimate import Calibration, expit
from solarnet_assets.parking.observe import Scene, _scene
from solarnet_assets.parking.real import Place, fit_real, read, write
from solarnet_assets.parking.render import LotChip

RENDERS = Calibration(0.1, 0.0, 2.0, 0.0, 0.0, 0.6, -3.0, 0.0, 0.0, -6.0, 0.2)


def _photographs(count, seed, shift, rate):
    rng, scenes = np.random.default_rng(seed), []
    for _ in range(count):
        scores = rng.uniform(0.1, 0.95, rng.integers(5, 25)).astype(np.float32)
        b = rng.normal(shift, RENDERS.spread)
        hit = rng.random(len(scores)) < expit(2.0 * np.log(scores / (1 - scores)) + b)
        lost = int(rng.poisson(rate * hit.sum()))
        vehicles = np.zeros((int(hit.sum()) + lost, 2))
        scenes.append(Scene(np.zeros((len(scores), 2)), scores, hit, np.zeros(0), lost, vehicles, 0.3, 0.17))
    return scenes


def _place(scenes, times=1.0):
    return Place("a", times, RENDERS, scenes)


def test_photographs_that_look_timid_shift_the_calibration_and_counts_become_right():
    places = [_place(_photographs(80, 1, 0.8, 0.15)), _place(_photographs(80, 2, 0.8, 0.15))]
    known, facts = fit_real(places, RENDERS)
    assert facts["shift"] == pytest.approx(0.8, abs=0.2)
    assert facts["missed_factor"] == pytest.approx(3.0, abs=0.9)
    assert known.spread > RENDERS.spread
    other = _photographs(400, 4, 0.8, 0.15)
    truth = sum(scene.truth for scene in other)
    assert sum(one.mean for one in estimates(other, known)) == pytest.approx(truth, rel=0.05)
    assert sum(one.mean for one in estimates(other, RENDERS)) < 0.9 * truth


def test_what_was_photographed_often_says_little_and_leaves_the_spread_wide():
    scenes = _photographs(80, 1, 0.8, 0.15)
    sure, _ = fit_real([_place(scenes)], RENDERS)
    unsure, facts = fit_real([_place(scenes, 40.0)], RENDERS)
    assert 0 < unsure.offset < sure.offset
    assert unsure.spread > sure.spread
    assert facts["places"]["a"]["times"] == 40.0


def test_what_the_fit_needs_lies_beside_the_weights(tmp_path):
    places = [_place(_photographs(12, 1, 0.4, 0.2), 3.5)]
    write(tmp_path, places)
    assert fit_real(read(tmp_path), RENDERS)[0] == fit_real(places, RENDERS)[0]
    assert read(tmp_path / "elsewhere") == []


def test_windows_keep_away_from_the_edge_and_vehicles_stay_where_they_are():
    image = np.full((400, 700, 3), 60, np.uint8)
    rng = np.random.default_rng(1)
    boxes = [(x, y, 30, 14) for x in range(40, 700, 60) for y in range(30, 400, 40)]
    image[:20] = image[-20:] = image[:, :20] = image[:, -20:] = 255
    for x, y, w, h in boxes[20:]:
        image[y - h // 2 : y + h // 2, x - w // 2 : x + w // 2] = 200
    frame = kit.Frame(image, np.array(boxes[20:], np.float32), "made_up")
    for _ in range(8):
        scene = kit.window(frame, rng)
        assert scene.canvas.shape == (272, 272, 3)
        assert scene.canvas.max() < 255
        assert len(scene.centres) > 10
        for x, y in scene.centres * 2:
            assert scene.canvas[min(int(y), 271), min(int(x), 271)].min() > 120


def test_vehicles_under_crowns_are_not_asked_for_where_nobody_labelled_them():
    canopy = np.zeros((40, 40), bool)
    canopy[:, 20:] = True
    centres = np.array([(10, 10), (30, 10), (30, 30)], np.float32)
    chip = LotChip(np.full((40, 40, 3), 9, np.uint8), centres, np.zeros(3, np.float32), np.zeros((2, 40, 40)), 0.3)
    none = np.zeros((40, 40), bool)
    found = Detections(np.array([(30.0, 30.5)]), np.array([0.8], np.float32), canopy, none, ~none)
    assert (_scene(chip, found, True).lost, _scene(chip, found, False).lost) == (2, 1)
    assert _scene(chip, found, False).hit.all()
