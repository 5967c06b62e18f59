import numpy as np
import pytest

from solarnet_assets.nowcast import bootstrap


def test_limits_are_those_of_the_mean_of_sites():
    """Forty sites of spread 20: the mean of as many others has standard error 20 / sqrt(40)."""
    level = np.random.default_rng(1).normal(60, 20, (40, 1))
    lower, upper = bootstrap.interval(np.full((1, 40), 1 / 40), level, np.zeros((40, 1)), seed=3)
    assert (upper - lower)[0, 0] / 2 == pytest.approx(1.645 * 20 / np.sqrt(40), rel=0.2)
    assert lower[0, 0] < level.mean() < upper[0, 0]


def test_equal_sites_are_as_sure_as_their_estimates():
    share, level, sd = np.full((1, 9), 1 / 9), np.full((9, 2), 80.0), np.full((9, 2), 6.0)
    lower, upper = bootstrap.interval(share, level, sd, seed=3)
    assert np.allclose(bootstrap.interval(share, level, 0 * sd, seed=3), 80.0)
    assert (upper - lower)[0] / 2 == pytest.approx([1.645 * 6 / 3 * np.sqrt(2)] * 2, rel=0.25)


def test_one_heavy_site_makes_the_limits_wide():
    level = np.r_[20.0, np.full(9, 100.0)][:, None]
    heavy, even = np.r_[10.0, np.ones(9)], np.ones(10)
    width = [np.ptp(bootstrap.interval((w / w.sum())[None], level, np.zeros((10, 1)), seed=1)) for w in (heavy, even)]
    assert width[0] > 1.5 * width[1]


def test_few_sites_have_none_and_the_seed_repeats_it():
    share = np.array([[0.25] * 4 + [0.0] * 4, [0.125] * 8])
    level = np.arange(8.0)[:, None]
    first, again = (bootstrap.interval(share, level, np.ones((8, 1)), seed=5) for _ in range(2))
    assert np.isnan(first[0][0, 0])
    assert np.isfinite(first[0][1, 0])
    assert np.array_equal(first, again, equal_nan=True)


def test_had_other_sites_been_chosen_the_truth_of_all_is_held():
    """Draws of 24 sites out of a population with mean 70: nine in ten intervals hold 70."""
    rng = np.random.default_rng(2)
    held = []
    for n in range(200):
        level = rng.normal(70, 25, (24, 1))
        weight = rng.lognormal(0, 0.5, 24)
        lower, upper = bootstrap.interval((weight / weight.sum())[None], level, np.zeros((24, 1)), seed=n)
        held.append(lower[0, 0] <= 70 <= upper[0, 0])
    assert 0.83 <= np.mean(held) <= 0.95
