from itertools import product

import numpy as np
import pytest

from solarnet_assets.parking.calibrate import check, fit
from solarnet_assets.parking.detect import FLOOR
from solarnet_assets.parking.estimate import Calibration, distribution, expit, probabilities, summarise
from solarnet_assets.parking.model import WEIGHTS
from solarnet_assets.parking.observe import Scene, match

CERTAIN = {"gsd": 0.0, "slope_gsd": 0.0, "missed_gsd": 0.0, "missed_shared": 0.0, "empty": -20.0, "place": 0.2}
PLAIN = Calibration(floor=0.1, offset=0.0, slope=1.0, spread=0.0, missed=-20.0, **CERTAIN)


def test_the_distribution_is_that_of_independent_draws():
    scores = np.array([0.9, 0.5, 0.3])
    expected = np.zeros(4)
    for drawn in product((0, 1), repeat=3):
        expected[sum(drawn)] += np.prod(np.where(drawn, scores, 1 - scores))
    mass = distribution(scores, np.ones(3), 0.3, 0.1, PLAIN)
    assert mass[:4] == pytest.approx(expected, abs=1e-6)
    assert mass.sum() == pytest.approx(1)


def test_many_candidates_share_probabilities_without_moving_the_count():
    scores = np.random.default_rng(2).uniform(0.1, 0.99, 700)
    found = summarise(distribution(scores, np.ones(700), 0.3, 0.1, PLAIN))
    assert found.mean == pytest.approx(scores.sum(), rel=1e-3)
    assert found.sd == pytest.approx(np.sqrt((scores * (1 - scores)).sum()), rel=0.02)


def test_scenes_that_differ_widen_the_interval_and_missed_vehicles_raise_the_count():
    scores, inside = np.full(50, 0.8), np.ones(50)
    plain = summarise(distribution(scores, inside, 0.3, 0.1, PLAIN))
    spread = summarise(distribution(scores, inside, 0.3, 0.1, Calibration(**{**vars(PLAIN), "spread": 1.0})))
    missed = summarise(distribution(scores, inside, 0.3, 0.1, Calibration(**{**vars(PLAIN), "missed": np.log(0.1)})))
    assert spread.upper - spread.lower > 1.5 * (plain.upper - plain.lower)
    assert missed.mean == pytest.approx(1.1 * plain.mean)
    unseen = summarise(distribution(scores, inside, 0.3, 0.1, PLAIN, [(0.5, 4.0)]))
    assert unseen.mean == pytest.approx(1.5 * plain.mean)
    assert unseen.sd == pytest.approx(np.sqrt(50 * 0.16 * 1.5**2 + 20 + (0.5 * 20) ** 2), rel=0.1)


def test_nothing_found_is_nothing_counted():
    found = summarise(distribution(np.zeros(0), np.zeros(0), 0.3, 0.1, PLAIN))
    assert (found.whole, found.lower, found.upper) == (0, 0, 0)


def test_each_point_takes_the_nearest_free_vehicle_best_first():
    which, off = match(np.array([[1.0, 0], [0.0, 0], [9.0, 9]]), np.array([[0.0, 0], [1.5, 0]]), 2.0)
    assert which.tolist() == [1, 0, -1]
    assert off.tolist() == pytest.approx([0.5, 0.0, np.inf])
    assert match(np.zeros((0, 2)), np.array([[0.0, 0]]), 2.0)[0].size == 0
    assert match(np.array([[0.0, 0]]), np.zeros((0, 2)), 2.0)[0].tolist() == [-1]


def _scenes(count, seed, slope=2.0, spread=0.8, rate=0.05):
    rng = np.random.default_rng(seed)
    scenes = []
    for _ in range(count):
        shift = rng.normal(0, spread)
        scores = rng.uniform(0.1, 0.95, rng.integers(5, 80)).astype(np.float32)
        hit = rng.random(len(scores)) < expit(0.5 + slope * np.log(scores / (1 - scores)) + shift)
        lost = int(rng.poisson(rate * hit.sum()))
        places = rng.uniform(0, 190, (int(hit.sum()) + lost, 2))
        off = np.abs(rng.normal(0, 0.3, int(hit.sum())))
        scenes.append(Scene(np.zeros((len(scores), 2)), scores, hit, off, lost, places, 0.3, 0.33))
    return scenes


def test_the_fit_finds_what_made_the_scenes_and_its_intervals_hold():
    known = fit(_scenes(150, 1))
    assert known.slope == pytest.approx(2.0, abs=0.3)
    assert known.spread == pytest.approx(0.8, abs=0.2)
    assert np.exp(known.missed) == pytest.approx(0.05, abs=0.02)
    figures = check(_scenes(150, 2), known)
    assert 0.85 <= figures["coverage_90"] <= 0.99
    assert abs(figures["total_error"]) < 0.05
    bold = Calibration(**{**vars(known), "spread": 0.0})
    assert check(_scenes(150, 2), bold)["coverage_90"] < figures["coverage_90"] - 0.1


def test_the_shipped_calibration_says_how_its_intervals_did_on_other_scenes():
    stated = WEIGHTS.card["count"]
    assert Calibration.of(WEIGHTS.card).floor == FLOOR
    assert stated["seeds"]["fit"] != stated["seeds"]["check"]
    assert 0.86 <= stated["check"]["coverage_90"] <= 0.97
    assert abs(stated["check"]["total_error"]) < 0.05


def test_probabilities_average_over_scenes():
    shy = Calibration(**{**vars(PLAIN), "spread": 1.5})
    assert probabilities(np.array([0.9]), 0.3, shy)[0] < 0.9
    assert probabilities(np.array([0.9]), 0.3, PLAIN)[0] == pytest.approx(0.9)
