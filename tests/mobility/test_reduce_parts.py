"""The compiled reduction against the definition, written down in plain Polars, on random days."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from solarnet_assets.landing import BadInputError
from solarnet_assets.mobility import reduce
from solarnet_assets.mobility.kernel import BLOCK
from solarnet_assets.mobility.places import CELL_M, METRES_PER_DEGREE
from solarnet_assets.mobility.reduce import BUCKETS, MAX_ACCURACY_M, device_days, device_days_in_parts

ORDER = [pl.col("device") % BUCKETS, "device", "time", "lat", "lon"]
KEYS = ["bucket", "device", "city", "cell_x", "cell_y"]
CLOCKS_BACK, CLOCKS_FORWARD, USUAL = datetime(2020, 10, 25), datetime(2020, 3, 29), datetime(2020, 1, 8)


def random_day(seed, day=USUAL, devices=40, most=60):
    """Pings of a local day of two cities, in the order of the lake; some devices are in both."""
    rng = np.random.default_rng(seed)
    rows = []
    for device in rng.integers(0, 1 << 63, devices):
        spots = rng.normal(0.0, 400.0, (3, 2))
        for _ in range(rng.integers(1, most)):
            city = rng.choice(["here", "there", "nowhere"], p=[0.6, 0.37, 0.03])
            lon0, lat0, zone = (116.4, 39.9, 8) if city == "here" else (-0.1, 51.5, 0)
            x, y = spots[rng.integers(3)] + rng.normal(0.0, 40.0, 2)
            second = int(rng.integers(0, 86_400) if rng.random() < 0.8 else rng.integers(0, 12) * 7_200)
            time = day.replace(tzinfo=UTC) + timedelta(seconds=second) - timedelta(hours=zone)
            accuracy = [None, 5.0, 500.0, 501.0][rng.choice(4, p=[0.1, 0.7, 0.1, 0.1])]
            rows.append((int(device), time, lat0 + y / 111_195, lon0 + x / 111_195, accuracy, city))
    frame = pl.DataFrame(rows, schema=["device", "time", "lat", "lon", "accuracy", "city"], orient="row")
    kinds = {"device": pl.UInt64, "accuracy": pl.Float32, "time": pl.Datetime("us", "UTC")}
    return pl.concat([frame, frame.head(9)]).cast(kinds).sort(ORDER)


def cells():
    """The grid column and row of a place about its city's centre."""
    x = (pl.col("lon") - pl.col("lon0")) * (pl.col("lat0").radians().cos() * (METRES_PER_DEGREE / CELL_M))
    y = (pl.col("lat") - pl.col("lat0")) * (METRES_PER_DEGREE / CELL_M)
    return x.floor().cast(pl.Int32).alias("cell_x"), y.floor().cast(pl.Int32).alias("cell_y")


def reference(pings, cities):
    """The definition: distinct quarter hours of a device and cell, and the mean over them of their mean places."""
    clock = [
        pl.when(pl.col("city") == city).then(
            pl.col("time").dt.convert_time_zone(zone).dt.strftime("%H%M").cast(pl.Int32)
        )
        for city, zone in cities.select("city", "timezone").iter_rows()
    ]
    at = pl.coalesce(clock)
    grid = cities.select("city", lon0="lon", lat0="lat")
    slot = ((at // 100) * 4 + (at % 100) // 15).alias("slot")
    useful = pings.filter(pl.col("accuracy").is_null() | (pl.col("accuracy") <= MAX_ACCURACY_M)).join(grid, on="city")
    rows = useful.select("city", "device", "lat", "lon", *cells(), slot)
    keys = ["city", "device", "cell_x", "cell_y"]
    slots = rows.group_by(*keys, "slot").agg(pl.col("lat", "lon").mean(), pings=pl.len())
    work = pl.col("slot").is_between(36, 63)
    return (
        slots.group_by(keys)
        .agg(
            pl.col("lat", "lon").mean(),
            night_slots=(pl.col("slot") < 24).sum(),
            work_slots=work.sum(),
            work_mask=(2.0 ** (pl.col("slot") - 36)).filter(work).sum(),
            slots=pl.len(),
            pings=pl.col("pings").sum(),
        )
        .with_columns(bucket=pl.col("device") % BUCKETS)
        .sort(KEYS)
    )


def assert_same(found, wanted):
    exact = [*KEYS, "night_slots", "work_slots", "work_mask", "slots", "pings"]
    assert found.select(exact).rows() == wanted.select(exact).cast(found.select(exact).schema).rows()
    for column in ("lat", "lon"):
        np.testing.assert_allclose(found[column], wanted[column], rtol=0, atol=1e-12)


def parts_of(pings, cuts):
    table = pings.with_columns(pl.col("city").cast(pl.Categorical)).to_arrow()
    ends = [0, *cuts, table.num_rows]
    return [lambda a=a, b=b: table.slice(a, b - a) for a, b in pairwise(ends)]


@pytest.mark.parametrize("day", [USUAL, CLOCKS_BACK, CLOCKS_FORWARD])
@pytest.mark.parametrize("seed", range(3))
def test_the_reduction_is_its_definition(cities, seed, day):
    pings = random_day(seed, day)
    assert_same(device_days(pings, cities), reference(pings, cities))


@pytest.mark.parametrize("seed", range(8))
def test_a_day_in_parts_is_the_day(cities, seed, monkeypatch):
    monkeypatch.setattr(reduce, "FRAME_ROWS", 50)
    pings = random_day(seed)
    cuts = sorted(np.random.default_rng(seed).integers(0, pings.height, 2 ** (seed + 1)).tolist())
    found = list(device_days_in_parts(parts_of(pings, cuts), cities))
    assert_same(pl.concat(found), reference(pings, cities))
    again = list(device_days_in_parts(parts_of(pings, cuts), cities, threads=1))
    assert len(again) == len(found)
    assert all(one.equals(other) for one, other in zip(found, again, strict=True))


def test_a_device_may_fill_several_parts(cities):
    pings = random_day(1, devices=3, most=400)
    found = pl.concat(device_days_in_parts(parts_of(pings, range(1, pings.height, 7)), cities))
    assert_same(found, reference(pings, cities))
    assert list(device_days_in_parts(parts_of(pings.clear(), []), cities)) == []


def test_a_device_may_have_more_pings_than_are_located_at_once(cities):
    pings = random_day(3, devices=5, most=6_000)
    assert pings["device"].value_counts()["count"].max() > 2 * BLOCK
    assert_same(device_days(pings, cities), reference(pings, cities))


def test_order_changes_no_bit(cities):
    pings = random_day(2)
    assert device_days(pings.sample(fraction=1.0, shuffle=True, seed=3), cities).equals(device_days(pings, cities))


def test_parts_out_of_order_are_refused(cities):
    pings = random_day(3)
    middle = pings.height // 2
    with pytest.raises(BadInputError, match="materialise pings of that day again"):
        list(device_days_in_parts(parts_of(pings.reverse(), [middle]), cities))
    swapped = parts_of(pings, [middle])[::-1]
    with pytest.raises(BadInputError, match="materialise pings of that day again"):
        list(device_days_in_parts(swapped, cities))


def test_frames_of_parts_do_not_share_devices(cities, monkeypatch):
    monkeypatch.setattr(reduce, "FRAME_ROWS", 100)
    found = list(device_days_in_parts(parts_of(random_day(4), [200, 500, 900]), cities))
    devices = [set(frame["device"]) for frame in found]
    assert len(devices) > 1
    assert sum(map(len, devices)) == len(set().union(*devices))


@pytest.mark.parametrize(("rows", "groups"), [(0, 1), (100, 1), (101, 2), (300, 4), (10**9, BUCKETS)])
def test_groups_of_buckets_hold_what_fits(rows, groups):
    found = reduce.bucket_groups(rows, at_once=100)
    assert len(found) == groups
    assert [bucket for first, last in found for bucket in range(first, last + 1)] == list(range(BUCKETS))
