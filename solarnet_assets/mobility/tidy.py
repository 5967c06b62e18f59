"""Pings of whole devices put in order, and freed of duplicates, second places and teleports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.mobility.places import METRES_PER_DEGREE
from solarnet_assets.mobility.spill import Columns

MAX_SPEED = 1000 / 3.6
"""m/s. An airliner cruises at 900 km/h; scikit-mobility's noise filter stops at 500 km/h, which loses flights."""

SLACK_M = 1000.0
"""A fix from radio masts may lie this far off; to it comes the radius that the fixes themselves report. Ours."""

MOST_FIXES = 200_000
"""A day has 86,400 seconds: an id with more fixes than this is shared by many phones. Ours."""

DUPLICATE = "exact duplicate of an earlier ping"
FLOOD = f"its device has more than {MOST_FIXES:,} pings on this day, more than one phone can make"
TWICE = "a second place of the device at the same moment"
TELEPORT = "the device would have come and gone faster than 1,000 km/h"

Flags = NDArray[np.bool_]

Tidied = tuple[Columns, list[tuple[str, Columns]]]
"""Rows to keep, and those refused, by reason."""


def tidy(rows: Columns) -> Tidied:
    """Return the rows to keep, by device, time, latitude and longitude, and those refused, by reason.

    A ping is refused if the jump to it and the jump away from it are both impossible while the fixes before and
    after it fit together (incoming *and* outgoing speed: Gupte et al. 2022, doi:10.1111/1365-2656.13610). A filter of
    the speed from the last fix that was kept, as in scikit-mobility, loses all that follows one wrong fix (its issue
    280); here nothing is compared with a fix that was refused.

    Args:
        rows: all pings of some devices, in any order (:data:`solarnet_assets.mobility.spill.FIELDS`).
    """
    rows = in_order(rows)
    refused = []
    for reason, fault in ((DUPLICATE, _duplicates), (FLOOD, _floods), (TWICE, _second_places), (TELEPORT, _teleports)):
        bad = fault(rows)
        if bad.any():
            refused.append((reason, _chosen(rows, bad)))
            rows = _chosen(rows, ~bad)
    return rows, refused


def without_floods(blocks: Callable[[], Iterable[Columns]]) -> Iterator[Tidied]:
    """Tidy pings of which one device may have more than fit into memory.

    Args:
        blocks: the pings, block by block; asked for twice.
    """
    counts: Counter[int] = Counter()
    for block in blocks():
        counts.update(
            dict(zip(*(values.tolist() for values in np.unique(block["device"], return_counts=True)), strict=True))
        )
    shared = np.array([device for device, count in counts.items() if count > MOST_FIXES], np.uint64)
    kept: list[Columns] = []
    for block in blocks():
        bad = np.isin(block["device"], shared)
        kept.append(_chosen(block, ~bad))
        yield _chosen(block, np.zeros(len(bad), bool)), [(FLOOD, _chosen(block, bad))]
    yield tidy({name: np.concatenate([block[name] for block in kept]) for name in kept[0]})


def _chosen(rows: Columns, flags: Flags) -> Columns:
    return {name: values[flags] for name, values in rows.items()}


def in_order(rows: Columns) -> Columns:
    """Return rows by device, time, latitude, longitude and order of arrival."""
    if not len(rows["device"]):
        return rows
    order = np.argsort(rows["device"])
    device = rows["device"][order]
    number = np.cumsum(np.diff(device, prepend=device[:1]) != 0, dtype=np.int64)
    time = rows["time"][order]
    start, span = int(time.min()), int(time.max() - time.min()) + 1
    if span < (1 << 62) // (int(number[-1]) + 1):
        code = number * span + (time - start)
        again = np.argsort(code)
        order = order[again]
        ties = np.flatnonzero(np.diff(code[again]) == 0)
    else:
        order, ties = order, np.arange(len(order) - 1)
    if len(ties):
        tied = np.union1d(ties, ties + 1)
        some = order[tied]
        keys = tuple(rows[name][some] for name in ("order", "lon", "lat", "time", "device"))
        order[tied] = some[np.lexsort(keys)]
    return {name: values[order] for name, values in rows.items()}


def _same(rows: Columns, *names: str) -> Flags:
    """Whether each row has the same values as the one before."""
    same = np.zeros(len(rows["device"]), bool)
    same[1:] = True
    for name in names:
        same[1:] &= rows[name][1:] == rows[name][:-1]
    return same


def _duplicates(rows: Columns) -> Flags:
    return _same(rows, "device", "time", "lat", "lon")


def _floods(rows: Columns) -> Flags:
    starts = np.flatnonzero(~_same(rows, "device"))
    counts = np.diff(starts, append=len(rows["device"]))
    return np.repeat(counts > MOST_FIXES, counts)


def metres(rows: Columns, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the great-circle distances, m, between rows ``a`` and ``b`` (haversine formula)."""
    lat_a, lat_b = np.radians(rows["lat"][a]), np.radians(rows["lat"][b])
    half_lat, half_lon = (lat_b - lat_a) / 2, np.radians(rows["lon"][b] - rows["lon"][a]) / 2
    chord = np.sin(half_lat) ** 2 + np.cos(lat_a) * np.cos(lat_b) * np.sin(half_lon) ** 2
    return np.degrees(2 * np.arcsin(np.sqrt(np.minimum(chord, 1)))) * METRES_PER_DEGREE


def _impossible(rows: Columns, a: NDArray[np.int64], b: NDArray[np.int64]) -> Flags:
    """Whether nobody gets from row ``a`` to the later row ``b`` of a device."""
    seconds = (rows["time"][b] - rows["time"][a]) / 1e6
    off = np.nan_to_num(rows["accuracy"][a]) + np.nan_to_num(rows["accuracy"][b])
    return metres(rows, a, b) > MAX_SPEED * seconds + SLACK_M + off


def _jumps(rows: Columns) -> NDArray[np.int64]:
    """Return the rows from which a device jumps impossibly to its next one."""
    near = SLACK_M / METRES_PER_DEGREE / np.sqrt(2)
    far = (np.abs(np.diff(rows["lat"])) > near) | (np.abs(np.diff(rows["lon"])) > near)
    far &= rows["device"][1:] == rows["device"][:-1]
    some = np.flatnonzero(far)
    return some[_impossible(rows, some, some + 1)]


def _second_places(rows: Columns) -> Flags:
    """Of two places at one moment the one that is the longer way round from the fix before to the fix after."""
    bad = np.zeros(len(rows["device"]), bool)
    first = _jumps(rows)
    first = first[rows["time"][first] == rows["time"][first + 1]]
    if len(first):
        way = [np.zeros(len(first)), np.zeros(len(first))]
        for other in (first - 1, first + 2):
            known = np.clip(other, 0, len(bad) - 1)
            known = np.where((known == other) & (rows["device"][known] == rows["device"][first]), other, -1)
            for i in (0, 1):
                way[i] += np.where(known < 0, 0.0, metres(rows, first + i, known))
        bad[np.where(way[0] > way[1], first, first + 1)] = True
    return bad


def _teleports(rows: Columns) -> Flags:
    """Fixes between two jumps, if they are fewer than those before and after, which fit together.

    Where such stretches follow each other (A B A B A), every other one is refused, from the first on: what it leaves
    fits together.
    """
    bad = np.zeros(len(rows["device"]), bool)
    jumps = _jumps(rows)
    if len(jumps) < 2:
        return bad
    device = rows["device"]
    starts = np.searchsorted(device, device[jumps])
    ends = np.searchsorted(device, device[jumps], side="right")
    same = device[jumps[1:]] == device[jumps[:-1]]
    before = jumps - np.maximum(starts, np.concatenate([[-1], np.where(same, jumps[:-1], -1)]) + 1) + 1
    after = np.minimum(ends, np.concatenate([np.where(same, jumps[1:], len(bad)), [len(bad)]]) + 1) - jumps - 1
    first, last = jumps[:-1], jumps[1:]
    wrong = same & (last - first < before[:-1] + after[1:])
    some = np.flatnonzero(wrong)
    wrong[some] = ~_impossible(rows, first[some], last[some] + 1)
    for k in _every_other(wrong):
        bad[first[k] + 1 : last[k] + 1] = True
    return bad


def _every_other(flags: Flags) -> NDArray[np.int64]:
    """Return the first, third, fifth ... of each series of true values."""
    at = np.arange(len(flags))
    series = np.maximum.accumulate(np.where(flags, -1, at))
    return np.flatnonzero(flags & ((at - series) % 2 == 1))
