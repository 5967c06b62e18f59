from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from solarnet_assets.mobility.reduce import device_days
from solarnet_assets.storage.schemas import SCHEMAS

MIDNIGHT = datetime(2020, 1, 7, 16, tzinfo=UTC)
"""Midnight of 8 January in Shanghai."""


def pings(*rows):
    """Rows of (device, local hour, metres north of the centre, accuracy)."""
    frame = pl.DataFrame(
        [(d, MIDNIGHT + timedelta(hours=h), 39.9 + (m + 10) / 111_195, 116.4005, a, "here") for d, h, m, a in rows],
        schema=["device", "time", "lat", "lon", "accuracy", "city"],
        orient="row",
    )
    return frame.cast({"device": pl.UInt64, "accuracy": pl.Float32})


@pytest.fixture
def reduced(cities):
    def _reduced(*rows):
        return SCHEMAS["device_days"].validate(device_days(pings(*rows), cities))

    return _reduced


def test_a_burst_counts_its_quarter_hours_once(reduced):
    rows = [(1, 2 + n / 3600, 0, 5.0) for n in range(40)] + [(1, 3.0, 0, 5.0)]
    (row,) = reduced(*rows).rows(named=True)
    assert (row["night_slots"], row["work_slots"], row["slots"], row["pings"]) == (2, 0, 2, 41)


def test_hours_are_local_and_their_ends_excluded(reduced):
    (row,) = reduced(*((1, hour, 0, 5.0) for hour in (0.0, 5.99, 6.0, 8.99, 9.0, 15.99, 16.0))).rows(named=True)
    assert (row["night_slots"], row["work_slots"], row["slots"]) == (2, 2, 7)
    assert row["work_mask"] == 1 | 1 << 27


def test_cells_are_250_metres(reduced):
    frame = reduced((1, 10, 0, 5.0), (1, 11, 200, 5.0), (1, 12, 260, 5.0), (1, 13, -20, 5.0))
    assert frame.select("cell_x", "cell_y", "work_slots").rows() == [(0, -1, 1), (0, 0, 2), (0, 1, 1)]


def test_the_centre_is_weighted_by_dwell_not_by_fixes(reduced):
    burst = [(1, 10 + n / 3600, 0, 5.0) for n in range(50)]
    (row,) = reduced(*burst, (1, 11, 100, 5.0)).rows(named=True)
    assert row["lat"] == pytest.approx(39.9 + 60 / 111_195, abs=1e-9)


def test_fixes_of_no_use_are_left_out(reduced):
    frame = reduced((1, 10, 0, 900.0), (1, 11, 0, None), (2, 10, 0, 501.0))
    assert frame.select("device", "pings").rows() == [(1, 1)]


def test_each_city_has_its_own_hours_and_grid(cities):
    both = pl.concat(
        [pings((1, 10, 0, 5.0)), pings((2, 10, 0, 5.0)).with_columns(city=pl.lit("there"), lat=51.5, lon=-0.1)]
    )
    frame = device_days(both, cities).sort("device")
    assert frame.select("city", "night_slots", "work_slots").rows() == [("here", 0, 1), ("there", 1, 0)]
    assert device_days(both.clear(), cities).is_empty()


def test_order_of_pings_does_not_matter(cities):
    frame = pings(*((d, h / 4, 130 * (h % 3), 5.0) for d in range(1, 9) for h in range(96)))
    one, other = device_days(frame, cities), device_days(frame.reverse(), cities)
    assert one.drop("lat", "lon").equals(other.drop("lat", "lon"))
    assert one["lat"].to_list() == pytest.approx(other["lat"].to_list(), abs=1e-9)
