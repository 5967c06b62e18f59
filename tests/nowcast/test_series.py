from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from histories import AS_OF, rows

from solarnet_assets.nowcast.series import series_of, smoothed


def test_values_lie_on_their_days_and_later_days_are_not_there():
    history = rows([10.0, np.nan, 30.0], half=1.645)
    later = history.with_columns(day=pl.col("day") + timedelta(days=5), value=pl.lit(99.0))
    series = series_of(pl.concat([later, history]), AS_OF)
    assert series.names == [("commuting", "CN")]
    assert series.value[0, -3:] == pytest.approx([10, np.nan, 30], nan_ok=True)
    assert np.isnan(series.value[0, :-3]).all()
    assert series.sd[0, -1] == pytest.approx(1.0, abs=1e-3)


def test_weekly_rhythm_is_taken_out_and_comes_back():
    rng = np.random.default_rng(1)
    factor = np.array([1.04, 1.02, 1.0, 1.0, 1.0, 0.97, 0.97])
    days = [AS_OF - timedelta(days=83 - n) for n in range(84)]
    values = 80 * factor[[d.weekday() for d in days]] + 0.5 * rng.normal(size=84)
    series = series_of(rows(values), AS_OF)
    assert series.rhythm[0] == pytest.approx(factor, abs=0.012)
    assert series.value[0].std() < 0.7
    assert series.ahead(7)[0, 0] == series.rhythm[0, (AS_OF.weekday() + 1) % 7]


def test_chance_is_no_rhythm():
    found = [
        np.abs(series_of(rows(80 + 4 * np.random.default_rng(n).normal(size=84)), AS_OF).rhythm - 1).max()
        for n in range(20)
    ]
    assert np.mean(found) < 0.01


def test_smoothed_needs_half_a_week():
    value = np.array([[1.0, np.nan, np.nan, np.nan, np.nan, 5.0, 6.0, 7.0, 8.0]])
    assert np.isnan(smoothed(value)[0, 2])
    assert smoothed(value)[0, 7] == pytest.approx(6.5)
