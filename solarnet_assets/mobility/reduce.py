"""Daily reduction: every ping is read once, and what remains is who was where in which quarter hours.

A burst of fixes counts as the quarter hours that it touches; the centre of a cell is the mean over quarter hours of
their mean positions, so that it is weighted by dwell and not by the number of fixes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import polars as pl
import pyarrow as pa

from solarnet_assets.landing import BadInputError
from solarnet_assets.mobility.columns import (
    Cells,
    Columns,
    Grid,
    columns_of,
    grid_of,
    in_order,
    joined,
    with_hours,
    zones_of,
)
from solarnet_assets.mobility.places import CELL_M

_T = TypeVar("_T")

BUCKETS = 64
"""Hash buckets of devices: what looks back over weeks reads one bucket at a time."""

NIGHT = (0, 6)
WORK = (9, 16)
"""Local hours of night and of work, end excluded (HoWDe, arXiv:2506.20679, uses 00-06 and 09-16)."""

MAX_ACCURACY_M = 500.0
"""Fixes that are less accurate than this place nobody in a cell of 250 m."""

COLUMNS = ["device", "time", "lat", "lon", "accuracy", "city"]
"""Columns of ``Pings`` that the reduction reads."""

FRAME_ROWS = 1 << 17
"""Rows of a frame that is handed on: to check and to write a frame costs 5 ms, however small it is."""

THREADS = 2
"""Parts of a day that are reduced side by side; memory grows with them."""


def device_days(pings: pl.DataFrame, cities: pl.DataFrame, cell_m: float = CELL_M) -> pl.DataFrame:
    """Reduce one day's pings to one row per city, device and cell (``DeviceDays``).

    Args:
        pings: ``Pings`` of one local day, in any order.
        cities: ``Cities``; centres of the grids, and the zones that hours are counted in.
        cell_m: side of a cell, m.

    Returns:
        Rows sorted by bucket, device, city and cell.
    """
    ground = _ground(cities, cell_m)
    table = pings.select(pl.col(COLUMNS)).with_columns(pl.col("city").cast(pl.Categorical)).to_arrow()
    return ground.frame([ground.reduced(columns_of(table, ground.places), sort=True)])


def device_days_in_parts(
    parts: Sequence[Callable[[], pa.Table]], cities: pl.DataFrame, cell_m: float = CELL_M, threads: int = THREADS
) -> Iterator[pl.DataFrame]:
    """Reduce a day that lies in the order of the lake, with a few parts of it in memory at a time.

    The rows are those of :func:`device_days`, in frames of ``FRAME_ROWS`` or a little more. No device stands in two.

    Args:
        parts: functions that each return the next ``COLUMNS`` of ``Pings``, with ``city`` as a dictionary.
        cities: ``Cities``.
        cell_m: side of a cell, m.
        threads: parts that are read and reduced side by side.

    Raises:
        BadInputError: the pings are not sorted by bucket and device.
    """
    ground = _ground(cities, cell_m)
    waiting: list[Cells] = []
    for cells in _whole(ground, _ahead([partial(ground.part, read) for read in parts], threads)):
        waiting += cells
        if sum(len(kept.device) for kept in waiting) >= FRAME_ROWS:
            yield ground.frame(waiting)
            waiting = []
    if waiting:
        yield ground.frame(waiting)


def _whole(ground: _Ground, parts: Iterable[_Part | None]) -> Iterator[list[Cells]]:
    """Yield the cells of each part; a device whose pings lie in several parts is whole, in the first of them."""
    before: _Part | None = None
    for part in parts:
        if before is None or part is None:
            before = before or part
            continue
        if before.last.device[0] == part.first.device[0]:
            before, part = ground.bridged(before, part)
        elif _key(before.last) > _key(part.first):
            raise _unsorted()
        if part is not None:
            yield before.cells
            before = part
    if before is not None:
        yield before.cells


def bucket_groups(rows: int, at_once: int) -> list[tuple[int, int]]:
    """Return first and last bucket of groups of buckets that hold about ``at_once`` of all rows each, or one bucket.

    Groups halve, so that few sizes occur: 1, 2, 4 .. 64 of one size.
    """
    groups = 1
    while groups < BUCKETS and rows > at_once * groups:
        groups *= 2
    size = BUCKETS // groups
    return [(first, first + size - 1) for first in range(0, BUCKETS, size)]


@dataclass(frozen=True)
class _Part:
    """A reduced part, and the pings of its first and last device, which may go on in its neighbours."""

    cells: list[Cells]
    first: Columns
    last: Columns


@dataclass(frozen=True)
class _Ground:
    """Cities in the order of their keys, the zones of their clocks and the grid of their cells."""

    names: pl.Series
    zones: tuple[str, ...]
    grid: Grid

    @property
    def places(self) -> list[str]:
        return self.names.to_list()

    def part(self, read: Callable[[], pa.Table]) -> _Part | None:
        """Read and reduce a part; None if it holds nothing."""
        columns = columns_of(read(), self.places)
        if not len(columns.device):
            return None
        return _Part([self.reduced(columns, sort=False)], columns.head(), columns.tail())

    def bridged(self, before: _Part, part: _Part) -> tuple[_Part, _Part | None]:
        """Return two parts of which the first has all of the device that lay in both; the second may be used up."""
        device = before.last.device[0]
        whole = joined([before.last, part.first])
        *others, kept, rest = *before.cells, *part.cells
        kept = kept.take(slice(len(kept.device) - kept.rows_of(device)))
        rest = rest.take(slice(rest.rows_of(device), None))
        cells = [*others, kept, self.reduced(whole, sort=False)]
        one_device = part.last.device[0] == device
        return _Part(cells, before.first, whole), None if one_device else _Part([rest], part.first, part.last)

    def reduced(self, columns: Columns, sort: bool) -> Cells:
        """Reduce pings; where clocks are set back a quarter hour comes twice, and they are sorted by it."""
        from solarnet_assets.mobility.kernel import DEVICES, ORDERED, reduce_sorted

        grid = with_hours(self.grid, self.zones, columns.time)
        order, cells = reduce_sorted(columns, grid)
        if order == DEVICES and not sort:
            raise _unsorted()
        if order != ORDERED:
            order, cells = reduce_sorted(in_order(columns, grid, BUCKETS), grid)
        return cells

    def frame(self, cells: Sequence[Cells]) -> pl.DataFrame:
        """Return cells as a table, with the names of their cities."""
        whole = joined(cells)
        return pl.DataFrame({**whole._asdict(), "city": self.names.gather(whole.city)})


def _ground(cities: pl.DataFrame, cell_m: float) -> _Ground:
    rows = cities.sort("city")
    return _Ground(rows["city"], zones_of(rows), grid_of(rows, cell_m))


def _ahead(tasks: Sequence[Callable[[], _T]], threads: int) -> Iterator[_T]:
    """Yield what tasks return, in order, while as many as there are threads, and one, are at work or waiting."""
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[_T]] = deque()
        for task in tasks:
            waiting.append(pool.submit(task))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _key(device: Columns) -> tuple[int, int]:
    return int(device.device[0]) % BUCKETS, int(device.device[0])


def _unsorted() -> BadInputError:
    return BadInputError(
        "the pings of the day do not lie in the order of bucket and device: materialise pings of that day again"
    )
