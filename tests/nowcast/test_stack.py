import numpy as np
import pytest

from solarnet_assets.nowcast.methods import METHODS
from solarnet_assets.nowcast.scores import crps
from solarnet_assets.nowcast.stack import PRIOR, PRIOR_WIDTH, Case, Pool, learn

S, N = 200, 40


def case(rng, good=4, sd=2.0):
    """A day that only method ``good`` foretold; the others are 15 points off."""
    seen = rng.normal(70, 10, N)
    centre = np.array([seen + (0 if m == good else 15) for m in range(len(METHODS))])
    draws = centre[:, :, None] + rng.normal(0, sd, (len(METHODS), N, S)) + rng.normal(0, sd, (1, N, 1))
    return Case(draws.astype(np.float32), seen)


def test_nothing_scored_gives_the_prior():
    assert learn([]).weights == pytest.approx(list(PRIOR.values()))
    empty = Case(np.zeros((len(METHODS), 3, S), dtype=np.float32), np.full(3, np.nan))
    assert learn([empty]).width == PRIOR_WIDTH
    assert sum(PRIOR.values()) == pytest.approx(1.0)


def test_weight_goes_to_the_method_that_foretold_the_more_the_more_is_known():
    rng = np.random.default_rng(1)
    cases = [case(rng, good=2) for _ in range(10)]
    few = learn([Case(cases[0].draws[:, :1], cases[0].seen[:1])]).weights[2]
    many = learn(cases).weights[2]
    assert list(PRIOR.values())[2] < few < many
    assert many > 0.8


def test_the_pool_of_weights_is_drawn_in_their_shares():
    draws = np.repeat(np.arange(len(METHODS), dtype=np.float32), S).reshape(len(METHODS), 1, S)
    mixed = Pool(np.array([0.1, 0.2, 0.3, 0.25, 0.15]), 1.0).mix(draws)
    assert mixed.shape == (1, S)
    assert np.bincount(mixed[0].astype(int)).tolist() == [20, 40, 60, 50, 30]


def test_weights_are_the_best_of_a_grid():
    """Two methods on either side of the truth: their even mixture scores best, and is found."""
    rng = np.random.default_rng(2)
    seen = np.full(400, 50.0)
    draws = np.full((len(METHODS), 400, S), 500.0)
    draws[0] = 45 + rng.normal(0, 3, (400, S))
    draws[1] = 55 + rng.normal(0, 3, (400, S))
    weights = learn([Case(draws.astype(np.float32), seen)] * 30).weights
    assert weights[:2] == pytest.approx([0.5, 0.5], abs=0.1)
    pools = [Pool(np.array([w, 1 - w, 0, 0, 0]), 1.0) for w in (0.2, 0.5, 0.8)]
    scores = [crps(pool.mix(draws.astype(np.float32)), seen).mean() for pool in pools]
    assert scores[1] == min(scores)


def test_intervals_that_were_too_narrow_are_widened_about_the_median():
    rng = np.random.default_rng(3)
    seen = rng.normal(50, 10, 400)
    narrow = np.broadcast_to(50 + rng.normal(0, 3, (1, 1, S)), (len(METHODS), 400, S)).astype(np.float32)
    pool = learn([Case(narrow, seen)] * 12)
    assert 1.05 < pool.width < 1.6
    assert np.std(pool.mix(narrow)[0]) > 3.1
    assert Pool(pool.weights, 1.5).mix(np.zeros_like(narrow)).min() >= 0
