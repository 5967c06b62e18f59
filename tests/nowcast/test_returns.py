import numpy as np
import pytest
from histories import AS_OF, rows

from solarnet_assets.nowcast.returns import days_to_return, first_passage, limits, seen_return
from solarnet_assets.nowcast.series import series_of


def test_first_passage_by_hand():
    about = np.array([[80.0, 91.0, 89.0, 92.0], [80.0, 81.0, 82.0, 83.0], [95.0, 80.0, 80.0, 80.0]])
    assert first_passage(about, 90.0).tolist() == [1, np.inf, 0]


def days(past, future, threshold=90.0):
    series = series_of(rows(past), AS_OF)
    paths = np.asarray(future, dtype=np.float32)[None, None, :]
    return days_to_return(series, paths, (threshold,))[0, 0, 0]


def test_a_step_is_back_when_half_of_its_week_is():
    """Past and first three days at 80, then 100: the mean of the seven days about day 4 is (3 * 80 + 4 * 100) / 7."""
    assert days(np.full(20, 80.0), np.r_[np.full(3, 80.0), np.full(20, 100.0)]) == 4


def test_a_line_is_back_when_it_crosses():
    assert days(60 + np.arange(20.0), 80 + np.arange(30.0), 90.0) == 11  # 79 today, a point a day


def test_one_good_day_is_no_return_and_a_recovered_series_is_back_today():
    assert days(np.full(20, 80.0), np.r_[np.full(5, 80.0), 130.0, np.full(20, 80.0)]) == np.inf
    assert days(np.full(20, 95.0), np.full(20, 95.0)) == 0


def test_missing_newest_days_do_not_count():
    past = np.full(20, 95.0)
    past[-2:] = np.nan
    assert days(past, np.full(20, 95.0)) == 0
    assert days(past, np.full(20, 60.0)) == np.inf


def test_what_came_is_judged_by_the_same_rule():
    came = np.r_[np.full(7, 80.0), np.full(20, 100.0)][None]  # three days before today, today, three days, then 100
    assert seen_return(came, (90.0, 101.0)).tolist() == [[4, np.inf]]


def test_limits_are_whole_days_or_never():
    found = limits(np.r_[np.arange(1.0, 91.0), np.full(10, np.inf)][None, :, None])
    assert found[:, 0, 0].tolist() == [5, 50, np.inf]
    assert limits(np.full((1, 10, 1), 3.0))[:, 0, 0] == pytest.approx([3, 3, 3])
