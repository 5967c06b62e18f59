import numpy as np
import pytest
from scipy.stats import norm

from solarnet_assets.nowcast.scores import crps, crps_of_quantiles, quantiles


def gaussian(mean, sd, seen):
    """Gneiting and Raftery 2007, equation 20."""
    z = (seen - mean) / sd
    return sd * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))


@pytest.mark.parametrize("seen", [70.0, 76.0, 95.0])
def test_crps_of_draws_is_that_of_the_gaussian_they_come_from(seen):
    draws = np.random.default_rng(1).normal(70, 5, 200_000)
    assert crps(draws, np.array(seen)) == pytest.approx(gaussian(70, 5, seen), rel=0.01)


def test_crps_by_hand():
    assert crps(np.array([1.0, 3.0]), np.array(2.0)) == pytest.approx(1.0 - 2.0 / 2)
    assert np.isnan(crps(np.array([1.0, 3.0]), np.array(np.nan)))


def test_few_draws_score_as_many_on_average():
    rng = np.random.default_rng(2)
    few = crps(rng.normal(0, 1, (40_000, 4)), np.full(40_000, 0.5))
    assert few.mean() == pytest.approx(gaussian(0, 1, 0.5), rel=0.02)


def test_crps_of_quantiles_is_that_of_the_gaussian():
    levels = (np.arange(21) + 0.5) / 21
    for seen in (0.0, 1.0, 3.0):
        assert crps_of_quantiles(norm.ppf(levels), np.array(seen)) == pytest.approx(gaussian(0, 1, seen), abs=0.02)


def test_quantiles_are_those_of_numpy():
    draws = np.random.default_rng(3).normal(size=(3, 50, 4)).astype(np.float32)
    assert quantiles(draws, (0.05, 0.5, 0.95)) == pytest.approx(np.quantile(draws, (0.05, 0.5, 0.95), axis=1), abs=1e-6)
