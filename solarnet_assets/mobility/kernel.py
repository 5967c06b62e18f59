"""The inner loop of the daily reduction, compiled: one pass over pings that lie device by device in time.

The loop compiles when it is first called (numba: 2 s once on a machine, then read from its cache), so whoever
needs this module imports it where it is needed.
"""
# ruff: noqa: TID253 - nothing that is read at start-up imports this module

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from solarnet_assets.mobility.columns import HALF, QUARTER_US, Cells, Columns, Grid
from solarnet_assets.mobility.reduce import BUCKETS, MAX_ACCURACY_M, NIGHT, WORK

_F = TypeVar("_F", bound=Callable[..., object])
_Keys = NDArray[np.int64]
_Counts = NDArray[np.int32]
_Floats = NDArray[np.float64]

NIGHT_END, WORK_BEGIN, WORK_END = (4 * hour for hour in (NIGHT[1], *WORK))

SUM_LAT, SUM_LON, SLOT_LAT, SLOT_LON = range(4)
"""Columns of a cell's sums: of the means of finished quarter hours, and of the pings of the running one."""

N_NIGHT, N_WORK, MASK, N_SLOTS, N_PINGS, SLOT, IN_SLOT = range(7)
"""Columns of a cell's counts; the last two are the running quarter hour and its pings."""


ORDERED, DEVICES, HOURS = range(3)
"""What :func:`reduce_sorted` says of the order of its input."""


def _compiled(function: _F) -> _F:
    """Compile to run without the interpreter's lock; keep the machine code where there is a folder for it."""
    try:
        return cast(_F, numba.njit(nogil=True, error_model="numpy", cache=True)(function))
    except RuntimeError:  # numba may write neither beside this file nor in the user's cache
        return cast(_F, numba.njit(nogil=True, error_model="numpy")(function))


def _part(function: _F) -> _F:
    """Mark a function as part of those that call it."""
    return cast(_F, numba.njit(inline="always")(function))


@_compiled
def reduce_sorted(pings: Columns, grid: Grid) -> tuple[int, Cells]:
    """Reduce pings to device-cells in the order of bucket, device, city, column and row.

    A device has few cells: they are kept in a sorted list and found by halves, and most pings are in the same
    cell as the one before.

    Args:
        pings: in the order of (bucket, device); a device's quarter hours must not fall back within a cell.
        grid: cities and hours.

    Returns:
        ``ORDERED``, or which order was broken (then the rest is meaningless), and the device-cells.
    """
    n, buckets = len(pings.device), np.uint64(BUCKETS)
    found = _empty(n)
    keys, ids = np.empty(n, np.int64), np.empty(n, np.int64)
    sums, counts = np.empty((n, 4)), np.empty((n, 7), np.int32)
    done, i, order = 0, 0, ORDERED
    while i < n and order != DEVICES:
        begin, device = i, pings.device[i]
        while i < n and pings.device[i] == device:
            i += 1
        if begin > 0:
            before = pings.device[begin - 1]
            if (before % buckets, before) > (device % buckets, device):
                order = DEVICES
        cells = _device(pings, grid, begin, i, keys, ids, sums, counts)
        if cells < 0 and order != DEVICES:
            order = HOURS
        for place in range(cells):
            found.device[done], found.bucket[done] = device, device % buckets
            _put(found, done, keys[place], sums, counts, ids[place])
            done += 1
    return order, _first(found, done)


@_part
def _empty(n: int) -> Cells:
    return Cells(
        np.empty(n, np.int32),
        np.empty(n, np.uint64),
        np.empty(n, np.uint8),
        np.empty(n, np.int32),
        np.empty(n, np.int32),
        np.empty(n, np.float64),
        np.empty(n, np.float64),
        np.empty(n, np.int16),
        np.empty(n, np.int16),
        np.empty(n, np.uint32),
        np.empty(n, np.int16),
        np.empty(n, np.int32),
    )


@_part
def _first(c: Cells, n: int) -> Cells:
    city, device, bucket, x, y, lat, lon, night, work, mask, slots, pings = c
    return Cells(
        city[:n],
        device[:n],
        bucket[:n],
        x[:n],
        y[:n],
        lat[:n],
        lon[:n],
        night[:n],
        work[:n],
        mask[:n],
        slots[:n],
        pings[:n],
    )


@_part
def _device(
    pings: Columns, grid: Grid, begin: int, end: int, keys: _Keys, ids: _Keys, sums: _Floats, counts: _Counts
) -> int:
    """Fill in the cells of one device; returns how many, or -1 where quarter hours fall back."""
    _, times, lats, lons, accuracies, cities = pings
    lat0, lon0, columns, rows, zone, slots, first = grid
    cells, last, c = 0, np.int64(-1), np.int64(0)
    for j in range(begin, end):
        city = cities[j]
        if city < 0 or not accuracies[j] <= MAX_ACCURACY_M:
            continue
        x = np.int64(np.floor((lons[j] - lon0[city]) * columns[city]) + HALF)
        y = np.int64(np.floor((lats[j] - lat0[city]) * rows) + HALF)
        key = np.int64(city) << 48 | x << 24 | y
        if key != last:
            place = _place(keys, cells, key)
            if place == cells or keys[place] != key:
                _insert(keys, ids, sums, counts, cells, place, key)
                cells += 1
            c, last = ids[place], key
        slot = slots[zone[city], np.uint64(times[j] - first) // np.uint64(QUARTER_US)]
        if slot != counts[c, SLOT]:
            if slot < counts[c, SLOT]:
                return -1
            _begin(sums, counts, c, slot)
        sums[c, SLOT_LAT] += lats[j]
        sums[c, SLOT_LON] += lons[j]
        counts[c, IN_SLOT] += 1
        counts[c, N_PINGS] += 1
    return cells


@_part
def _place(keys: _Keys, cells: int, key: np.int64) -> int:
    """Return where a key stands, or would stand, among the sorted first ``cells`` keys."""
    low, high = 0, cells
    while low < high:
        middle = (low + high) >> 1
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low


@_part
def _insert(keys: _Keys, ids: _Keys, sums: _Floats, counts: _Counts, cells: int, place: int, key: np.int64) -> None:
    """Add an empty cell before ``place``."""
    for m in range(cells, place, -1):
        keys[m], ids[m] = keys[m - 1], ids[m - 1]
    keys[place], ids[place] = key, cells
    for column in range(4):
        sums[cells, column] = 0.0
    for column in range(7):
        counts[cells, column] = 0
    counts[cells, SLOT] = -1


@_part
def _begin(sums: _Floats, counts: _Counts, c: np.int64, slot: np.int64) -> None:
    """Finish the running quarter hour of a cell and begin another."""
    if counts[c, IN_SLOT] > 0:
        sums[c, SUM_LAT] += sums[c, SLOT_LAT] / counts[c, IN_SLOT]
        sums[c, SUM_LON] += sums[c, SLOT_LON] / counts[c, IN_SLOT]
    sums[c, SLOT_LAT] = sums[c, SLOT_LON] = 0.0
    counts[c, SLOT], counts[c, IN_SLOT] = slot, 0
    counts[c, N_SLOTS] += 1
    if slot < NIGHT_END:
        counts[c, N_NIGHT] += 1
    if WORK_BEGIN <= slot < WORK_END:
        counts[c, N_WORK] += 1
        counts[c, MASK] |= 1 << (slot - WORK_BEGIN)


@_part
def _put(found: Cells, row: int, key: np.int64, sums: _Floats, counts: _Counts, c: np.int64) -> None:
    """Write one finished cell."""
    found.city[row] = key >> 48
    found.cell_x[row] = ((key >> 24) & (2 * HALF - 1)) - HALF
    found.cell_y[row] = (key & (2 * HALF - 1)) - HALF
    found.lat[row] = (sums[c, SUM_LAT] + sums[c, SLOT_LAT] / counts[c, IN_SLOT]) / counts[c, N_SLOTS]
    found.lon[row] = (sums[c, SUM_LON] + sums[c, SLOT_LON] / counts[c, IN_SLOT]) / counts[c, N_SLOTS]
    found.night_slots[row] = counts[c, N_NIGHT]
    found.work_slots[row] = counts[c, N_WORK]
    found.work_mask[row] = counts[c, MASK]
    found.slots[row] = counts[c, N_SLOTS]
    found.pings[row] = counts[c, N_PINGS]
