from datetime import date, timedelta

import polars as pl
import pytest

from solarnet_assets.mobility.calendar import calendar_frame, comparison_days
from solarnet_assets.storage.schemas import SCHEMAS


@pytest.fixture(scope="module")
def china():
    frame = calendar_frame("CN", date(2018, 12, 1), date(2020, 12, 31))
    return SCHEMAS["calendar"].validate(frame)


def at(frame, day, column):
    return frame.filter(pl.col("date") == day)[column].item()


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (date(2020, 1, 19), True),  # Sunday, made up for the festival
        (date(2020, 1, 31), False),  # Friday, holiday extended
        (date(2020, 2, 2), False),
        (date(2020, 2, 3), True),
        (date(2019, 2, 2), True),  # Saturday, made up
        (date(2020, 2, 9), False),
    ],
)
def test_working_days_follow_the_state_council(china, day, working):
    assert at(china, day, "is_workday") is working


def test_partners_share_the_lunar_day(china):
    assert at(china, date(2020, 1, 25), "partner") == date(2019, 2, 5)  # New Year
    assert at(china, date(2020, 2, 22), "partner") == date(2020, 2, 22) - timedelta(days=354)
    assert at(china, date(2020, 2, 23), "partner") == date(2020, 2, 23) - timedelta(days=353)
    assert at(china, date(2020, 8, 1), "partner") == date(2020, 8, 1) - timedelta(days=384)


def test_three_days_of_2020_have_no_partner(china):
    lonely = china.filter(pl.col("partner").is_null(), pl.col("date").dt.year() == 2020)
    assert lonely["date"].to_list() == [date(2020, 3, 23), date(2020, 5, 22), date(2020, 12, 14)]
    assert lonely["partner_kind"].null_count() == 3


def test_other_countries_compare_weekdays():
    frame = calendar_frame("DE", date(2020, 5, 1), date(2020, 5, 4))
    assert frame["is_workday"].to_list() == [False, False, False, True]
    assert frame["partner"][0] == date(2019, 5, 3)
    assert frame["partner_kind"].unique().to_list() == ["weekday"]


def test_years_beyond_the_published_decisions_have_a_calendar():
    frame = calendar_frame("CN", date(2031, 9, 30), date(2031, 10, 1))
    assert frame["is_workday"].to_list() == [True, False]


def test_comparison_days_hold_baseline_and_base():
    days = comparison_days(date(2020, 3, 10))
    partner = date(2019, 3, 23)
    assert {partner + timedelta(days=n) for n in range(-5, 6)} <= set(days)
    assert {date(2020, 1, 2), date(2020, 1, 16), date(2020, 3, 10)} <= set(days)
    assert max(days) == date(2020, 3, 10)
    assert date(2020, 2, 1) not in days
    assert max(comparison_days(date(2020, 1, 5))) == date(2020, 1, 5)
