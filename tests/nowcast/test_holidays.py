from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from histories import AS_OF, fall_and_return, rows

from solarnet_assets.nowcast.forecasts import Forecaster
from solarnet_assets.nowcast.holidays import SPREAD, factors, long_breaks

DAYS_OFF = {AS_OF + timedelta(days=n) for n in (25, 26, 27)}


def test_breaks_of_three_days_are_holidays_and_weekends_are_not():
    days = [date(2020, 4, 1) + timedelta(days=n) for n in range(20)]
    off = {date(2020, 4, n) for n in (4, 5, 6, 11, 12)}
    assert long_breaks({day: day not in off for day in days}) == {date(2020, 4, n) for n in (4, 5, 6)}


def test_factors_spread_holidays_alone_and_shift_nothing():
    found = factors(AS_OF, 60, frozenset(DAYS_OFF))
    assert (found[:, :24] == 1).all()
    assert (found[:, 27:] == 1).all()
    assert (found[:, 24] == found[:, 26]).all()
    assert found[:, 24].std() == pytest.approx(SPREAD, rel=0.2)
    assert found[:, 24].mean() == pytest.approx(1.0, abs=1e-9)
    assert factors(AS_OF, 20, frozenset(DAYS_OFF)) is None


def test_forecasts_are_wider_on_holidays():
    history = rows(fall_and_return(sd=0.5)[0])
    known = {False: frozenset(), True: frozenset(DAYS_OFF)}
    plain, spread = (
        Forecaster(lambda day: history.filter(pl.col("day") <= day), known[with_holidays]).stacked(AS_OF)
        for with_holidays in (False, True)
    )
    widths = [np.diff(np.quantile(made.stack[0], (0.05, 0.95), axis=0), axis=0)[0] for made in (plain, spread)]
    assert (widths[1][24:27] > widths[0][24:27] + 3).all()
    assert widths[1][:24] == pytest.approx(widths[0][:24], rel=0.2)
    for name in ("straight_line", "no_change"):
        assert (plain.paths(name) == spread.paths(name)).all()
