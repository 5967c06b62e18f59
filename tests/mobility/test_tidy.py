"""Order, duplicates and teleports of whole devices."""

import numpy as np
import pytest

from solarnet_assets.mobility import tidy as module
from solarnet_assets.mobility.tidy import DUPLICATE, FLOOD, TELEPORT, TWICE, tidy, without_floods

MINUTE = 60_000_000
KM = 1 / 111.195
A, B = 0.0, 20.0
"""Two places, km north of 39.9 degrees."""


def day(*fixes, device=7, accuracy=np.nan):
    """Return pings from (minutes, km north)."""
    minutes, north = (np.array(column, float) for column in zip(*fixes, strict=True))
    n = len(fixes)
    return {
        "device": np.full(n, device, np.uint64),
        "time": (minutes * MINUTE).astype(np.int64),
        "lat": 39.9 + north * KM,
        "lon": np.full(n, 116.4),
        "accuracy": np.full(n, accuracy, np.float32),
        "city": np.zeros(n, np.int32),
        "order": np.arange(n),
    }


def joined(*parts):
    rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return {**rows, "order": np.arange(len(rows["order"]))}


def told(rows):
    """Return the orders that are kept, and those refused by reason."""
    kept, refused = tidy(rows)
    return kept["order"].tolist(), {reason: some["order"].tolist() for reason, some in refused}


CASES = {
    "one wrong fix": ([(0, A), (10, A), (10.1, B), (10.2, A), (20, A)], [2]),
    "a stuck pair": ([(0, A), (10, A), (10.1, B), (10.2, B), (10.3, A), (20, A)], [2, 3]),
    "two wrong fixes one after the other": ([(0, A), (10, A), (10.1, B), (10.2, A), (10.3, B), (10.4, A)], [2, 4]),
    "as many there as here": ([(0, A), (0.1, B), (0.2, B), (0.3, A)], []),
    "it only leaves": ([(0, A), (10, A), (10.1, B), (20, B)], []),
    "it starts elsewhere": ([(0, B), (0.1, A), (10, A), (20, A)], []),
    "there and on to a third place": ([(0, A), (10, A), (10.1, B), (10.2, -B), (20, -B)], []),
    "a train": ([(0, 0), (10, 50), (20, 100), (30, 50), (40, 0)], []),
    "a flight to and fro": ([(0, 0), (130, 1900), (200, 1900), (330, 0), (340, 0)], []),
    "masts near each other": ([(0, 0), (0.05, 0.9), (0.1, 0), (0.15, 0.9), (0.2, 0)], []),
}


@pytest.mark.parametrize("name", CASES)
def test_teleports(name):
    fixes, refused = CASES[name]
    kept, reasons = told(day(*fixes))
    assert reasons.get(TELEPORT, []) == refused
    assert kept == [n for n in range(len(fixes)) if n not in refused]


def test_a_fix_that_says_how_wrong_it_may_be_is_no_teleport():
    fixes = [(0, A), (10, A), (10.1, 3.5), (10.2, A), (20, A)]
    assert told(day(*fixes))[1] == {TELEPORT: [2]}
    assert told(day(*fixes, accuracy=1500.0))[1] == {}


def test_other_devices_do_not_matter():
    here, there = day((0, A), (2, A), (4, A)), day((1, B), (3, B), (5, B), device=8)
    assert told(joined(here, there)) == ([0, 1, 2, 3, 4, 5], {})


def test_teleports_of_many_devices_are_those_of_each():
    rng = np.random.default_rng(3)
    parts = []
    for device in range(300):
        minutes = np.sort(rng.integers(0, 60, 25)) + rng.random(25) / 9
        parts.append(day(*zip(minutes, rng.choice([A, 0.3, B], 25, p=[0.7, 0.2, 0.1]), strict=True), device=device))
    together = joined(*parts)
    alone = [tidy(part) for part in parts]
    kept, refused = tidy(together)
    assert np.array_equal(kept["time"], np.concatenate([one["time"] for one, _ in alone]))
    assert sum(len(some["order"]) for _, some in refused) == sum(len(s["order"]) for _, r in alone for _, s in r) > 300


def test_of_two_places_at_one_moment_the_one_out_of_the_way_goes():
    assert told(day((0, A), (60, A), (60, B), (120, 1.0)))[1] == {TWICE: [2]}
    assert told(day((0, B), (60, A), (60, B), (120, B - 1)))[1] == {TWICE: [1]}
    assert told(day((60, A), (60, 0.5)))[1] == {}
    kept, reasons = told(day((60, A), (60, B)))
    assert (len(kept), list(reasons)) == (1, [TWICE])


def test_the_first_of_equal_pings_is_kept_and_rows_are_in_order():
    rng = np.random.default_rng(5)
    devices = rng.integers(0, 2**63, 40, dtype=np.uint64)
    rows = {
        "device": rng.choice(devices, 4000),
        "time": rng.integers(0, 30, 4000) * MINUTE,
        "lat": 39.9 + rng.integers(0, 3, 4000) / 1e4,
        "lon": 116.4 + rng.integers(0, 2, 4000) / 1e4,
        "accuracy": np.zeros(4000, np.float32),
        "city": np.zeros(4000, np.int32),
        "order": rng.permutation(4000),
    }
    kept, refused = tidy(rows)
    found = list(zip(*(kept[name].tolist() for name in ("device", "time", "lat", "lon")), strict=True))
    assert found == sorted(set(found))
    first = {}
    for order, *key in sorted(zip(*(rows[n].tolist() for n in ("order", "device", "time", "lat", "lon")), strict=True)):
        first.setdefault(tuple(key), order)
    assert kept["order"].tolist() == [first[key] for key in found]
    assert len(found) + len(dict(refused)[DUPLICATE]["order"]) == 4000


def test_an_id_that_many_phones_share_is_refused(monkeypatch):
    monkeypatch.setattr(module, "MOST_FIXES", 50)
    shared = day(*((n, A) for n in range(60)), device=9)
    rows = joined(day((0, A), (1, A)), shared, day((0, A), device=11))
    kept, refused = tidy(rows)
    assert kept["device"].tolist() == [7, 7, 11]
    assert len(dict(refused)[FLOOD]["order"]) == 60
    blocks = [{name: values[n : n + 10] for name, values in rows.items()} for n in range(0, 63, 10)]
    parts = list(without_floods(lambda: blocks))
    assert np.concatenate([kept["device"] for kept, _ in parts]).tolist() == [7, 7, 11]
    assert sum(len(some["order"]) for _, refused in parts for _, some in refused) == 60
