"""Pings as arrays, and what the reduction's inner loop has to know of cities and hours."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from solarnet_assets.landing import BadInputError
from solarnet_assets.mobility.places import METRES_PER_DEGREE

_C = TypeVar("_C", "Columns", "Cells")

QUARTER_US = 900_000_000
"""Microseconds of a quarter hour."""

QUARTERS = 96
"""Quarter hours of a day."""

HALF = 1 << 23
"""Cells of a city are numbered from -HALF to HALF - 1 in either direction: half the world at 2.4 m."""

MIN_CELL_M = 5.0


class Columns(NamedTuple):
    """Pings as arrays of one length.

    Attributes:
        device: uint64.
        time: int64, microseconds since 1970, UTC.
        lat: float64, degrees.
        lon: float64, degrees.
        accuracy: float32, m; 0 where unknown.
        city: int32, row of the grid; -1 belongs nowhere.
    """

    device: NDArray[np.uint64]
    time: NDArray[np.int64]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    accuracy: NDArray[np.float32]
    city: NDArray[np.int32]

    def take(self, rows: slice | NDArray[np.int64]) -> Columns:
        """Return some of the rows."""
        return Columns._make(column[rows] for column in self)

    def frozen(self) -> Columns:
        """Return the same arrays read-only: what is compiled for one kind of array is not compiled for another."""
        return Columns._make(_frozen(column) for column in self)

    def head(self) -> Columns:
        """Return the pings of the first device, of a part in the order of devices."""
        return self.take(slice(_run(self.device)))

    def tail(self) -> Columns:
        """Return the pings of the last device."""
        return self.take(slice(len(self.device) - _run(self.device[::-1]), None))


class Grid(NamedTuple):
    """Cities and hours, one row per city in the order of their keys.

    Attributes:
        lat: of the centre, degrees, float64.
        lon: of the centre, degrees, float64.
        columns: cells per degree of longitude, float64.
        rows: cells per degree of latitude.
        zone: row of ``slots``, int64.
        slots: local quarter hour of the day, int64, shape (zones, quarter hours UTC).
        first: time of the first column of ``slots``, microseconds since 1970.
    """

    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    columns: NDArray[np.float64]
    rows: float
    zone: NDArray[np.int64]
    slots: NDArray[np.int64]
    first: int


class Cells(NamedTuple):
    """Columns of ``DeviceDays`` in its order, with the city's row in place of its name.

    Attributes:
        city: int32, row of the grid.
        device: uint64.
        bucket: uint8.
        cell_x: int32.
        cell_y: int32.
        lat: float64, degrees.
        lon: float64, degrees.
        night_slots: int16.
        work_slots: int16.
        work_mask: uint32.
        slots: int16.
        pings: int32.
    """

    city: NDArray[np.int32]
    device: NDArray[np.uint64]
    bucket: NDArray[np.uint8]
    cell_x: NDArray[np.int32]
    cell_y: NDArray[np.int32]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    night_slots: NDArray[np.int16]
    work_slots: NDArray[np.int16]
    work_mask: NDArray[np.uint32]
    slots: NDArray[np.int16]
    pings: NDArray[np.int32]

    @classmethod
    def empty(cls, rows: int) -> Cells:
        """Return columns that are still to be filled."""
        kinds = "int32 uint64 uint8 int32 int32 float64 float64 int16 int16 uint32 int16 int32"
        return cls._make(np.empty(rows, kind) for kind in kinds.split())

    def take(self, rows: slice) -> Cells:
        """Return some of the rows."""
        return Cells._make(column[rows] for column in self)

    def rows_of(self, device: np.uint64) -> int:
        """Return how many rows a device has."""
        return int(np.count_nonzero(self.device == device))


def columns_of(table: pa.Table, names: list[str]) -> Columns:
    """Return the columns of an Arrow table of ``Pings`` whose cities are a dictionary.

    Args:
        table: pings.
        names: cities in the order of the grid; others belong nowhere.
    """
    accuracy = table.column("accuracy")
    if accuracy.null_count:
        accuracy = pc.fill_null(accuracy, pa.scalar(0.0, pa.float32()))
    place = {name: row for row, name in enumerate(names)}
    city = _one(table.column("city").unify_dictionaries())
    rows = np.array([place.get(name, -1) for name in city.dictionary.to_pylist()], np.int32)
    return Columns(
        _numpy(table.column("device")),
        _numpy(_one(table.column("time")).view(pa.int64())),
        _numpy(table.column("lat")),
        _numpy(table.column("lon")),
        _numpy(accuracy),
        rows.take(_numpy(city.indices)) if len(city) else np.empty(0, np.int32),
    )


def grid_of(cities: pl.DataFrame, cell_m: float) -> Grid:
    """Return the grid of cities, still without hours.

    Raises:
        ValueError: cells are so small that their numbers would overflow.
    """
    if cell_m < MIN_CELL_M:
        raise ValueError(f"cells of {cell_m} m are too small: at least {MIN_CELL_M}")
    zones = zones_of(cities)
    return Grid(
        _frozen(cities["lat"].to_numpy()),
        _frozen(cities["lon"].to_numpy()),
        _frozen(cities.select(pl.col("lat").radians().cos() * (METRES_PER_DEGREE / cell_m)).to_series().to_numpy()),
        METRES_PER_DEGREE / cell_m,
        _frozen(np.array([zones.index(zone) for zone in cities["timezone"]], np.int64)),
        _frozen(np.empty((0, 0), np.int64)),
        0,
    )


def zones_of(cities: pl.DataFrame) -> tuple[str, ...]:
    """Return the time zones of cities, in the order of ``Grid.slots``."""
    return tuple(dict.fromkeys(cities["timezone"]))


def with_hours(grid: Grid, zones: tuple[str, ...], times: NDArray[np.int64]) -> Grid:
    """Return the grid with the hours of pings of these times (microseconds since 1970).

    Raises:
        BadInputError: a zone's offset is no whole number of quarter hours at that time.
    """
    ends = (times.min(), times.max()) if len(times) else (0, 0)
    first, last = (int(time) // (QUARTERS * QUARTER_US) for time in ends)
    return grid._replace(slots=_slots(zones, first, last), first=first * QUARTERS * QUARTER_US)


@lru_cache(maxsize=16)
def _slots(zones: tuple[str, ...], first: int, last: int) -> NDArray[np.int64]:
    """Return the local quarter hour of each quarter hour of the UTC days first .. last, per zone."""
    begin = pl.int_range(first * QUARTERS, (last + 1) * QUARTERS) * QUARTER_US
    ends = [_local_slot(begin + late, zone) for zone in zones for late in (0, QUARTER_US - 1)]
    found = pl.select(end.alias(str(number)) for number, end in enumerate(ends)).to_numpy()
    starts, stops = found[:, ::2].T, found[:, 1::2].T
    for zone, start, stop in zip(zones, starts, stops, strict=True):
        if not (start == stop).all():
            raise BadInputError(f"the offset of {zone} is no whole number of quarter hours on the days of these pings")
    return _frozen(np.ascontiguousarray(starts))


def _local_slot(times: pl.Expr, zone: str) -> pl.Expr:
    local = times.cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(zone).dt.replace_time_zone(None)
    return local.to_physical() // QUARTER_US % QUARTERS


def in_order(pings: Columns, grid: Grid, buckets: int) -> Columns:
    """Return pings in the order of the reduction: bucket, device, local quarter hour, time, latitude, longitude.

    The order of quarter hours is that of time but for the day on which clocks are set back.
    """
    slot = grid.slots[grid.zone[pings.city], (pings.time - grid.first) // QUARTER_US]
    order = np.lexsort((pings.lon, pings.lat, pings.time, slot, pings.device, pings.device % np.uint64(buckets)))
    return pings.take(order)


def joined(parts: Sequence[_C]) -> _C:
    """Return pings, or cells, one part after the other."""
    return type(parts[0])(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _run(device: NDArray[np.uint64]) -> int:
    """Return how many of the first values are equal."""
    length = 1
    while length < len(device) and device[length] == device[0]:
        length = min(2 * length, len(device))
        other = np.flatnonzero(device[:length] != device[0])
        if len(other):
            return int(other[0])
    return min(length, len(device))


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view


def _one(column: Any) -> Any:
    """Return a chunked column as one array."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _numpy(column: Any) -> Any:
    whole = _one(column) if isinstance(column, pa.ChunkedArray) else column
    return whole.to_numpy(zero_copy_only=False)
