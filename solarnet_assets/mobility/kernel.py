"""The inner loop of the daily reduction, compiled: one pass over pings that lie device by device in time.

The loop compiles when it is first called (numba: 2 s once on a machine, then read from its cache), so whoever
needs this module imports it where it is needed.
"""
# ruff: noqa: TID253 - nothing that is read at start-up imports this module

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from solarnet_assets.mobility.columns import HALF, QUARTER_US, QUARTERS, Cells, Columns, Grid
from solarnet_assets.mobility.reduce import BUCKETS, MAX_ACCURACY_M, NIGHT, WORK

_F = TypeVar("_F", bound=Callable[..., object])
_Keys = NDArray[np.int64]
_Counts = NDArray[np.int32]
_Floats = NDArray[np.float64]

BLOCK = 1 << 11
"""Pings whose cells and quarter hours are found at once: they stay in the processor's nearest memory."""

NOWHERE = -1
"""Cell of a ping that counts for none."""

NIGHT_END, WORK_BEGIN, WORK_END = (4 * hour for hour in (NIGHT[1], *WORK))
NIGHT_BIT = np.uint64(32)


def _bits() -> NDArray[np.uint64]:
    """Return the bit of each quarter hour of a day: of work from bit 0, of night from ``NIGHT_BIT``, others none."""
    bits = np.zeros(QUARTERS, np.uint64)
    bits[:NIGHT_END] = np.uint64(1) << (NIGHT_BIT + np.arange(NIGHT_END, dtype=np.uint64))
    bits[WORK_BEGIN:WORK_END] = np.uint64(1) << np.arange(WORK_END - WORK_BEGIN, dtype=np.uint64)
    return bits


BITS = _bits()

SUM_LAT, SUM_LON, SLOT_LAT, SLOT_LON = range(4)
"""Columns of a cell's sums: of the means of finished quarter hours, and of the pings of the running one."""

N_SLOTS, N_PINGS, SLOT, IN_SLOT = range(4)
"""Columns of a cell's counts; the last two are the running quarter hour and its pings."""


class _Device(NamedTuple):
    """Cells of one device; rows are in the order in which they were entered.

    Attributes:
        keys: city, column and row in one number, sorted.
        rows: where the cell of each key stands in the rest.
        sums: shape (n, 4), degrees.
        counts: shape (n, 4).
        hours: ``BITS`` of the quarter hours seen.
    """

    keys: _Keys
    rows: _Keys
    sums: _Floats
    counts: _Counts
    hours: NDArray[np.uint64]


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


def reduce_sorted(pings: Columns, grid: Grid) -> tuple[int, Cells]:
    """Reduce pings to device-cells in the order of bucket, device, city, column and row.

    A device has few cells: they are kept in a sorted list and found by halves, once for each run of pings in a cell.

    Args:
        pings: in the order of (bucket, device); a device's quarter hours must not fall back within a cell.
        grid: cities and hours.

    Returns:
        ``ORDERED``, or which order was broken (then the rest is meaningless), and the device-cells.
    """
    found = Cells.empty(len(pings.device))
    order, rows = _reduce(pings.frozen(), grid, found)
    return order, found.take(slice(rows))


@_compiled
def _reduce(pings: Columns, grid: Grid, found: Cells) -> tuple[int, int]:
    """Fill in ``found``; returns the order, and the number of rows."""
    n, buckets, own = len(pings.device), np.uint64(BUCKETS), _room(BLOCK)
    cell, slot = np.empty(BLOCK, np.int64), np.empty(BLOCK, np.int32)
    block, located, done, i, order = 0, 0, 0, 0, ORDERED
    while i < n and order != DEVICES:
        begin, device = i, pings.device[i]
        while i < n and pings.device[np.uint64(i)] == device:
            i += 1
        if begin > 0:
            before = pings.device[begin - 1]
            if (before % buckets, before) > (device % buckets, device):
                order = DEVICES
        if i - begin > len(slot):
            own, cell, slot = _room(i - begin), np.empty(i - begin, np.int64), np.empty(i - begin, np.int32)
        if i > located:
            block, located = begin, max(i, min(begin + BLOCK, n))
            _locate(pings, grid, block, located, cell, slot)
        a, b = begin - block, i - block
        cells = _visit(cell[a:b], slot[a:b], pings.lat[begin:i], pings.lon[begin:i], own)
        if cells < 0 and order != DEVICES:
            order = HOURS
        for place in range(cells):
            found.device[done], found.bucket[done] = device, device % buckets
            _put(found, done, own, place)
            done += 1
    return order, done


@_part
def _room(n: int) -> _Device:
    """Return memory for the cells of a device of up to ``n`` pings."""
    return _Device(
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.empty((n, 4), np.float64),
        np.empty((n, 4), np.int32),
        np.empty(n, np.uint64),
    )


@_part
def _locate(pings: Columns, grid: Grid, begin: int, end: int, cell: _Keys, slot: _Counts) -> None:
    """Fill in the cell and the local quarter hour of the pings begin .. end, from the first row on."""
    _, times, lats, lons, accuracies, cities = pings
    lat0, lon0, columns, rows, zone, slots, first = grid
    for k in range(end - begin):
        j, to = np.uint64(begin + k), np.uint64(k)
        city = cities[j]
        if city < 0 or not accuracies[j] <= MAX_ACCURACY_M:
            cell[to] = NOWHERE
            continue
        here = np.uint32(city)
        x = np.int64(np.floor((lons[j] - lon0[here]) * columns[here]) + HALF)
        y = np.int64(np.floor((lats[j] - lat0[here]) * rows) + HALF)
        cell[to] = np.int64(city) << 48 | x << 24 | y
        slot[to] = slots[np.uint64(zone[here]), np.uint64(times[j] - first) // np.uint64(QUARTER_US)]


@_part
def _visit(cell: _Keys, slot: _Counts, lats: _Floats, lons: _Floats, own: _Device) -> int:
    """Fill in the cells of one device; returns how many, or -1 where quarter hours fall back.

    What hangs on the quarter hour is written without branches: a new one comes with three pings of four, and no
    processor can guess which.
    """
    sums, counts, n = own.sums, own.counts, np.uint64(len(cell))
    cells, j = 0, np.uint64(0)
    while j < n:
        key = cell[j]
        if key == NOWHERE:
            j += np.uint64(1)
            continue
        place = _place(own.keys, cells, key)
        if place == cells or own.keys[place] != key:
            _insert(own, cells, place, key)
            cells += 1
        row, begin = np.uint64(own.rows[place]), j
        lat, lon, slot_lat, slot_lon = sums[row, SUM_LAT], sums[row, SUM_LON], sums[row, SLOT_LAT], sums[row, SLOT_LON]
        n_slots, running, in_slot, hours = counts[row, N_SLOTS], counts[row, SLOT], counts[row, IN_SLOT], own.hours[row]
        while j < n and cell[j] == key:
            new = slot[j] != running
            if slot[j] < running:
                return -1
            lat += slot_lat / in_slot if new else 0.0
            lon += slot_lon / in_slot if new else 0.0
            slot_lat = lats[j] + (0.0 if new else slot_lat)
            slot_lon = lons[j] + (0.0 if new else slot_lon)
            in_slot = 1 if new else in_slot + 1
            n_slots += new
            running = slot[j]
            hours |= BITS[np.uint32(running)]
            j += np.uint64(1)
        sums[row, SUM_LAT], sums[row, SUM_LON], sums[row, SLOT_LAT], sums[row, SLOT_LON] = lat, lon, slot_lat, slot_lon
        counts[row, N_SLOTS], counts[row, SLOT], counts[row, IN_SLOT], own.hours[row] = n_slots, running, in_slot, hours
        counts[row, N_PINGS] += j - begin
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
def _insert(own: _Device, cells: int, place: int, key: np.int64) -> None:
    """Add an empty cell before ``place``."""
    for m in range(cells, place, -1):
        own.keys[m], own.rows[m] = own.keys[m - 1], own.rows[m - 1]
    own.keys[place], own.rows[place], own.hours[cells] = key, cells, 0
    for column in range(4):
        own.sums[cells, column] = 0.0
        own.counts[cells, column] = 0
    own.counts[cells, SLOT], own.counts[cells, IN_SLOT] = -1, 1


@_part
def _put(found: Cells, done: int, own: _Device, place: int) -> None:
    """Write one finished cell."""
    key, row = own.keys[place], own.rows[place]
    sums, counts, hours = own.sums, own.counts, own.hours[row]
    work = hours & np.uint64(0xFFFFFFFF)
    found.city[done] = key >> 48
    found.cell_x[done] = ((key >> 24) & (2 * HALF - 1)) - HALF
    found.cell_y[done] = (key & (2 * HALF - 1)) - HALF
    found.lat[done] = (sums[row, SUM_LAT] + sums[row, SLOT_LAT] / counts[row, IN_SLOT]) / counts[row, N_SLOTS]
    found.lon[done] = (sums[row, SUM_LON] + sums[row, SLOT_LON] / counts[row, IN_SLOT]) / counts[row, N_SLOTS]
    found.night_slots[done] = _ones(hours >> NIGHT_BIT)
    found.work_slots[done] = _ones(work)
    found.work_mask[done] = work
    found.slots[done] = counts[row, N_SLOTS]
    found.pings[done] = counts[row, N_PINGS]


@_part
def _ones(bits: np.uint64) -> int:
    """Return how many bits are set (Kernighan and Ritchie 1988, exercise 2-9)."""
    n = 0
    while bits:
        bits &= bits - np.uint64(1)
        n += 1
    return n
