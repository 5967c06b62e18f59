"""The factor model itself: what a missing component is expected to be, what moves with what, and how sure that is."""

import numpy as np
import pytest

from solarnet_assets.nowcast.common_factor import PRIOR_STEPS, fit

DAYS, FALL = 80, 50


def fallen(depths, sd=0.5, seed=0):
    """Components that are normal and fall within four days by depths of their own, (DAYS, K)."""
    share = np.clip((np.arange(DAYS) - FALL) / 4, 0, 1)[:, None]
    noise = np.random.default_rng(seed).normal(0, sd, (DAYS, len(depths)))
    return 100 - share * np.array(depths) + noise


def test_components_that_fall_twice_as_far_load_twice_as_much():
    found = fit(fallen((60.0, 30.0)))
    assert found.loading[0] / found.loading[1] == pytest.approx(2.0, rel=0.15)
    assert fit(fallen((0.0, 0.0))).loading == pytest.approx(fit(fallen((0.0, 0.0))).loading[[1, 0]], rel=0.3)


def test_what_is_seen_is_expected_and_what_is_not_follows_the_others():
    values = fallen((50.0, 50.0, 50.0))
    hidden = values.copy()
    hidden[FALL : FALL + 8, 0] = np.nan
    found = fit(hidden)
    seen = np.isfinite(hidden)
    assert found.expected[seen] == pytest.approx(values[seen], abs=0.5)
    assert found.expected[~seen] == pytest.approx(values[~seen], abs=5.0)
    sd = np.sqrt(np.diagonal(found.covariance, axis1=1, axis2=2))
    assert sd[seen].max() < 0.2 < sd[~seen].min()


def test_units_of_the_factor_do_not_matter():
    found = fit(fallen((60.0, 30.0)))
    factor = (found.common - 100) / found.loading
    assert factor[:, 0] == pytest.approx(factor[:, 1])
    assert factor[:, 0].std() == pytest.approx(1.0)


def test_a_fall_that_nobody_saw_is_told_by_fewer_steps():
    values = fallen((50.0, 50.0, 50.0))
    unseen = values.copy()
    unseen[FALL - 2 : FALL + 7] = np.nan
    seen, guessed = fit(values), fit(unseen)
    assert (guessed.steps >= PRIOR_STEPS).all()
    assert guessed.quantile[FALL + 2] > seen.quantile[FALL + 2] + 0.1 > 1.745
    assert guessed.quantile.max() < 2.92  # Student's t of two steps
