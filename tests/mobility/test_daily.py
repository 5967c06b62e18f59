"""A day counted from tables as the lake gives them."""

from datetime import timedelta

import polars as pl
import pytest
from month import DAYS, LAST, commuter, frame, located

from solarnet_assets.mobility.daily import count_day
from solarnet_assets.mobility.noise import Noise

ROWS = [r for device in range(1, 41) for r in commuter(device, share=1.0 if device % 4 else 0.0)]
TABLES = {
    ("home_work", LAST): located(ROWS),
    ("home_work", LAST - timedelta(days=28)): located(ROWS),
    ("device_days", LAST): frame(r for r in ROWS if r["day"] == LAST),
}


def scan(asset, day):
    empty = TABLES[asset, LAST].clear()
    return TABLES.get((asset, day), empty).lazy()


def test_commuters_of_the_oldest_complete_panel():
    counted = count_day(scan, LAST)
    assert counted.panel_day == LAST - timedelta(days=28)
    (row,) = counted.frame.rows(named=True)
    assert (row["panel"], row["commuters_seen"], row["suppressed"]) == (30, 30, False)


@pytest.mark.parametrize("at_once", [1, 7])
def test_buckets_do_not_change_the_result(at_once):
    assert count_day(scan, LAST, buckets_at_once=at_once).frame.equals(count_day(scan, LAST).frame)


def test_k_and_noise_reach_the_rows():
    assert count_day(scan, LAST, k=31).frame["suppressed"].item()
    noise = Noise(2.0, b"key", LAST)
    assert count_day(scan, LAST, k=1, noise=noise).frame["epsilon"].item() == 2.0


def test_without_homes_there_is_no_panel():
    counted = count_day(scan, DAYS[0] - timedelta(days=400))
    assert counted.panel_day is None
    assert isinstance(counted.frame, pl.DataFrame)
    assert counted.frame.is_empty()
