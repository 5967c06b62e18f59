import numpy as np
import polars as pl
import pytest
from histories import AS_OF, fall_and_return, rows

from solarnet_assets.nowcast.methods import METHODS
from solarnet_assets.nowcast.series import USUAL_NOISE, day_to_day, series_of
from solarnet_assets.nowcast.stack_prior import (
    RISING,
    STILL,
    STUCK,
    noise_of,
    prior_of,
    standing,
    weights_of,
    widths_of,
)


def series(*values):
    return series_of(pl.concat([rows(v, region=f"city{n}") for n, v in enumerate(values)]), AS_OF)


def weights(*values):
    return weights_of(standing(series(*values)))


def fallen(days_ago, level):
    return np.where(np.arange(84) < 84 - days_ago, 100.0, level) + np.random.default_rng(1).normal(0, 0.5, 84)


def test_weights_go_with_how_the_series_stand():
    rising = [fall_and_return(seed=n)[0][:-20] for n in range(3)]
    assert weights(*rising) == pytest.approx(RISING)
    assert weights(fallen(60, 40.0), fallen(55, 30.0)) == pytest.approx(STUCK, abs=0.03)
    assert weights(fallen(12, 40.0)) == pytest.approx(STILL, abs=0.03)
    assert weights(np.full(84, 100.0)) == pytest.approx(STILL, abs=0.03)
    for state in (RISING, STILL, STUCK):
        assert len(state) == len(METHODS)
        assert state.sum() == pytest.approx(1.0)


def test_noise_is_found_whatever_the_course_and_single_bad_days():
    rng = np.random.default_rng(2)
    value = np.linspace(20, 90, 84) + rng.normal(0, 1.5, (30, 84))
    value[:, 70] = 5.0
    assert np.median(day_to_day(value)) == pytest.approx(1.5, rel=0.15)
    value[:, ::2] = np.nan  # no two days in a row
    assert (day_to_day(value) == USUAL_NOISE).all()


def test_errors_that_last_are_noise_though_the_days_are_smooth():
    level = fall_and_return(sd=0.1)[0]
    stated = series_of(rows(level, half=8.0), AS_OF)
    assert noise_of(series_of(rows(level), AS_OF)) < 1.0
    assert 3.0 < noise_of(stated) < 8.0 / 1.645
    rough = rows(fall_and_return(sd=3.0)[0], half=6.0)  # what is stated comes and goes from day to day
    assert noise_of(series_of(rough, AS_OF)) == pytest.approx(3.0, rel=0.35)


def test_smooth_series_have_narrower_pools_above_all_below():
    smooth, rough = widths_of(0.3), widths_of(4.0)
    assert smooth[0] < smooth[1] < rough[1]
    assert smooth[0] < rough[0]
    assert widths_of(10.0) == widths_of(500.0)
    prior = prior_of(series(fall_and_return(sd=0.3)[0][:-20]))
    assert prior.below < prior_of(series(fall_and_return(sd=4.0)[0][:-20])).below


def test_the_lower_side_of_smooth_series_that_stay_low_is_not_narrowed():
    assert prior_of(series(fallen(60, 40.0))).below == pytest.approx(1.0, abs=0.05)
    assert prior_of(series(fallen(60, 99.0))).below < 0.8
