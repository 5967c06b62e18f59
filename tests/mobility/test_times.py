from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from solarnet_assets.mobility.times import _from_any_text, _from_text, day_bounds, to_utc

FORMS = [
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S%.6f",
    "%Y-%m-%d %H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S%.3f+08:00",
    "%Y-%m-%dT%H:%M:%S-0530",
    "%Y-%m-%d %H:%M:%S +0530",
]
ODD = ["2020-02-30T12:00:00Z", "", "2020-01-01T24:00:00Z", None, "2020-01-01T12:00:60Z", "2020-01-01T12:00:00+8:00",
       "2020-1-1 12:00:00Z", "2020-01-01T12:00:00 ", "1578456000", "2020-01-01T12:00:00Zx", "0000-00-00T00:00:00Z",
       "2020-01-01X12:00:00Z", "2020-13-01T00:00:00Z", "2020-01-01T12:00:00+99:00"]  # fmt: skip


@pytest.mark.parametrize("zone", [None, "Asia/Shanghai", "America/New_York"])
def test_times_that_are_read_at_once_are_those_that_are_read_by_form(zone):
    rng = np.random.default_rng(0)
    moments = pl.Series(rng.integers(0, 4_000_000_000, 2000) * 1_000_000 + 123_456).cast(pl.Datetime("us"))
    for form in FORMS:
        text = moments.dt.strftime(form)
        for got, wanted in zip(_from_text(text, zone), _from_any_text(text, zone), strict=True):
            assert got.equals(wanted, null_equal=True), form
    mixed = pl.Series([*ODD, *moments.dt.strftime(FORMS[0]).head(5)])
    for got, wanted in zip(_from_text(mixed, zone), _from_any_text(mixed, zone), strict=True):
        assert got.equals(wanted, null_equal=True)


def test_times_that_no_clock_shows_are_null():
    text = pl.Series(["1989-12-31T23:59:59Z", "1990-01-01T00:00:00Z", "2099-12-31T23:59:59Z", "2100-01-02T00:00:00Z"])
    assert to_utc(text, None)[0].is_null().to_list() == [True, False, False, True]
    typed = text.str.to_datetime("%Y-%m-%dT%H:%M:%SZ").dt.replace_time_zone("UTC")
    assert to_utc(typed, None)[0].is_null().to_list() == [True, False, False, True]


def test_days_when_clocks_change_have_23_and_25_hours():
    hours = [np.diff(day_bounds(date(2020, 3, d), "Europe/London"))[0] / 3.6e9 for d in (28, 29, 30)]
    assert hours == [24, 23, 24]
    assert np.diff(day_bounds(date(2020, 10, 25), "Europe/London"))[0] / 3.6e9 == 25
    start, _ = day_bounds(date(2020, 10, 25), "Europe/London")
    assert start == datetime(2020, 10, 24, 23, tzinfo=UTC).timestamp() * 1e6
