import numpy as np
import pytest

from solarnet_assets.nowcast.methods import METHODS
from solarnet_assets.nowcast.scores import crps
from solarnet_assets.nowcast.stack import Case, Pool, learn
from solarnet_assets.nowcast.stack_prior import STILL, Prior

S, N = 200, 40
PRIOR = Prior(STILL, 0.7, 0.9)
EVEN = Prior(np.full(len(METHODS), 0.2), 1.0, 1.0)


def case(rng, good=4, sd=2.0):
    """A day that only method ``good`` foretold; the others are 15 points off."""
    seen = rng.normal(70, 10, N)
    centre = np.array([seen + (0 if m == good else 15) for m in range(len(METHODS))])
    draws = centre[:, :, None] + rng.normal(0, sd, (len(METHODS), N, S)) + rng.normal(0, sd, (1, N, 1))
    return Case(draws.astype(np.float32), seen)


def test_nothing_scored_gives_the_prior():
    assert learn([], PRIOR).weights == pytest.approx(list(STILL))
    empty = Case(np.zeros((len(METHODS), 3, S), dtype=np.float32), np.full(3, np.nan))
    pool = learn([empty], PRIOR)
    assert (pool.below, pool.above) == (0.7, 0.9)


def test_weight_goes_to_the_method_that_foretold_the_more_the_more_is_known():
    rng = np.random.default_rng(1)
    cases = [case(rng, good=2) for _ in range(10)]
    few = learn([Case(cases[0].draws[:, :1], cases[0].seen[:1])], EVEN).weights[2]
    many = learn(cases, EVEN).weights[2]
    assert 0.2 < few < many
    assert many > 0.7


def test_the_pool_of_weights_is_drawn_in_their_shares():
    draws = np.repeat(np.arange(len(METHODS), dtype=np.float32), S).reshape(len(METHODS), 1, S)
    mixed = Pool(np.array([0.1, 0.2, 0.3, 0.25, 0.15])).mix(draws)
    assert mixed.shape == (1, S)
    assert np.bincount(mixed[0].astype(int)).tolist() == [20, 40, 60, 50, 30]


def test_weights_are_the_best_of_a_grid():
    """Two methods on either side of the truth: their even mixture scores best, and is found."""
    rng = np.random.default_rng(2)
    seen = np.full(400, 50.0)
    draws = np.full((len(METHODS), 400, S), 500.0)
    draws[0] = 45 + rng.normal(0, 3, (400, S))
    draws[1] = 55 + rng.normal(0, 3, (400, S))
    weights = learn([Case(draws.astype(np.float32), seen)] * 30, EVEN).weights
    assert weights[:2] == pytest.approx([0.5, 0.5], abs=0.1)
    pools = [Pool(np.array([w, 1 - w, 0, 0, 0])) for w in (0.2, 0.5, 0.8)]
    scores = [crps(pool.mix(draws.astype(np.float32)), seen).mean() for pool in pools]
    assert scores[1] == min(scores)


def test_intervals_that_were_too_narrow_are_widened_about_the_median():
    rng = np.random.default_rng(3)
    seen = rng.normal(50, 10, 400)
    narrow = np.broadcast_to(50 + rng.normal(0, 3, (1, 1, S)), (len(METHODS), 400, S)).astype(np.float32)
    plain = Prior(STILL, 1.0, 1.0)
    few, many = (learn([Case(narrow, seen)] * n, plain) for n in (2, 40))
    assert 1.0 < few.below < many.below == many.above < 1.6
    assert np.std(many.mix(narrow)[0]) > 3.1
    assert Pool(STILL, 1.5, 1.5).mix(np.zeros_like(narrow)).min() >= 0


def test_each_side_of_the_median_has_its_own_width():
    draws = np.broadcast_to(np.linspace(40, 60, S, dtype=np.float32), (len(METHODS), 2, S))
    plain, spread = Pool(STILL).mix(draws), Pool(STILL, 0.5, 2.0).mix(draws)
    middle = np.median(plain)
    assert middle - spread.min() == pytest.approx((middle - plain.min()) / 2)
    assert spread.max() - middle == pytest.approx(2 * (plain.max() - middle))
