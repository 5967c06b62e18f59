"""Raw pings judged chunk by chunk: whose day they belong to, which city holds them, and whether they can be used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from solarnet_assets.landing import RawFile
from solarnet_assets.mobility.ids import Hasher
from solarnet_assets.mobility.places import CityGrid
from solarnet_assets.mobility.spill import Columns
from solarnet_assets.mobility.stays import fixes
from solarnet_assets.mobility.times import day_bounds, to_utc

DEFAULT_TIMEZONE = "Asia/Shanghai"

STOPS = 1 << 12
"""Stops that are brought to fixes at once: at most 5 million of them, usually 60,000."""

LARGEST_M = 1e8
"""Metres, more than twice round the Earth: an accuracy beyond, or infinite, is unknown."""

LONGEST_ID = 256
NOBODY = frozenset({"", "00000000-0000-0000-0000-000000000000", "0" * 32})
"""Ids that are none; zeros are the advertising id of every phone whose owner has opted out."""

_UNKNOWN_TIME = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Judged:
    """A chunk that was judged.

    Attributes:
        accepted: its good rows.
        refused: its bad rows, with ``reason``.
        mine: how many of its rows are this day's business.
        last: number of its last row, or -1.
    """

    accepted: Columns
    refused: pl.DataFrame
    mine: int
    last: int


class Judge:
    """What is known of a day before its files are read.

    Args:
        day: calendar day in the time zone of the city that holds a ping (elsewhere: option ``timezone``).
        options: as for :func:`solarnet_assets.mobility.readers.read_pings`.
    """

    def __init__(self, day: date, options: Mapping[str, Any]) -> None:
        cities = options["cities"]
        zones = [*cities["timezone"], options.get("timezone", DEFAULT_TIMEZONE)]
        self.day = day
        self.grid = CityGrid(cities)
        self.bounds = np.array([day_bounds(day, zone) for zone in zones], np.int64)
        self.naive_timezone = options.get("naive_timezone")
        self.hashed = Hasher(options["hash_key"])

    @property
    def span(self) -> tuple[int, int]:
        """The day's first microsecond (UTC) in any zone, and the first after it."""
        return int(self.bounds[:, 0].min()), int(self.bounds[:, 1].max())

    def typed(self, raw: pl.DataFrame, first: int, span: tuple[int, int] | None) -> Iterator[pl.DataFrame]:
        """Yield a chunk with its types: row, id, time (UTC), naive, lat, lon, accuracy, fault.

        Args:
            raw: columns of a file under our names.
            first: number of its first row.
            span: microseconds outside of which nothing of a stop is wanted.
        """
        times, naive = to_utc(raw["time"], self.naive_timezone)
        accuracy = pl.col("accuracy").cast(pl.Float32, strict=False) if "accuracy" in raw.columns else pl.lit(None)
        rows = raw.select(
            pl.int_range(first, first + pl.len(), dtype=pl.Int64).alias("row"),
            pl.col("id").cast(pl.String, strict=False),
            times.alias("time"),
            naive.alias("naive"),
            pl.col("lat", "lon").cast(pl.Float64, strict=False),
            pl.when(accuracy.is_between(0, LARGEST_M)).then(accuracy).cast(pl.Float32).alias("accuracy"),
        )
        if "end" not in raw.columns:
            yield rows.with_columns(fault=pl.lit(None, pl.String))
            return
        stops = rows.with_columns(end=to_utc(raw["end"], self.naive_timezone)[0])
        for some in stops.iter_slices(STOPS):
            yield fixes(some, span)

    def __call__(self, file: RawFile, rows: pl.DataFrame, offset: int) -> Judged:
        """Judge a chunk.

        Args:
            file: where they come from. Of a ``whole`` file the rows of other days are nobody's business today.
            rows: from :meth:`typed`.
            offset: number of the file's first row within the day.
        """
        lat, lon = (rows[name].fill_null(float("nan")).to_numpy() for name in ("lat", "lon"))
        micros = rows["time"].to_physical().fill_null(_UNKNOWN_TIME).to_numpy()
        place = self.grid.assign(lat, lon)
        start, end = self._bounds(place)
        today = (micros >= start) & (micros < end)
        good = today & (place >= 0) & _known(rows["id"]) & rows["fault"].is_null().to_numpy()
        mine = today | (micros == _UNKNOWN_TIME) & file.owns_undated if file.whole else np.ones(len(today), bool)
        bad = rows.filter(pl.Series(mine & ~good))
        bad = bad.with_columns(today=pl.Series(today[mine & ~good])).with_columns(reason=_reason(self.day))
        kept = np.flatnonzero(good)
        columns = {
            "device": self.hashed(rows["id"].gather(kept)),
            "time": micros[kept],
            "lat": lat[kept],
            "lon": lon[kept],
            "accuracy": rows["accuracy"].fill_null(float("nan")).to_numpy()[kept],
            "city": place[kept],
            "order": rows["row"].to_numpy()[kept] + offset,
        }
        last = rows["row"].to_numpy().max(initial=-1)
        return Judged(columns, bad, int(np.count_nonzero(mine)), int(last))

    def _bounds(self, place: NDArray[np.int32]) -> tuple[Any, Any]:
        """Return the day's bounds per row (index -1 is the default zone), as scalars where all zones agree."""
        bounds = self.bounds
        if (bounds == bounds[0]).all():
            return bounds[0, 0], bounds[0, 1]
        return bounds[place, 0], bounds[place, 1]


def _known(ids: pl.Series) -> NDArray[np.bool_]:
    known = ids.str.len_bytes().is_between(1, LONGEST_ID) & ~ids.is_in(list(NOBODY))
    return known.fill_null(False).to_numpy()


def _reason(day: date) -> pl.Expr:
    """Return the first reason to refuse a row."""
    device, lat, lon = pl.col("id"), pl.col("lat"), pl.col("lon")
    unreadable = "the time cannot be read, or lies outside 1990 to 2099"
    return (
        pl.when(device.is_null() | (device == "")).then(pl.lit("the device id is missing"))
        .when(device.is_in(list(NOBODY))).then(pl.lit("the device id is all zeros, which many phones share"))
        .when(device.str.len_bytes() > LONGEST_ID).then(pl.lit(f"the device id is longer than {LONGEST_ID} bytes"))
        .when(pl.col("fault").is_not_null()).then("fault")
        .when(lat.is_null() | lat.is_nan() | lon.is_null() | lon.is_nan()).then(pl.lit("the position is not a number"))
        .when(~lat.is_between(-90, 90)).then(pl.lit("latitude lies outside -90..90 degrees"))
        .when(~lon.is_between(-180, 180)).then(pl.lit("longitude lies outside -180..180 degrees"))
        .when(pl.col("time").is_null() & pl.col("naive"))
        .then(pl.lit("the time has no zone (write +08:00 or Z, or set naive_timezone in the source's options)"))
        .when(pl.col("time").is_null()).then(pl.lit(unreadable))
        .when(~pl.col("today")).then(pl.lit(f"the ping belongs to another local day than {day}"))
        .when((lat == 0) & (lon == 0)).then(pl.lit("the position is 0, 0: a phone without a fix"))
        .otherwise(pl.lit("outside every city"))
    )  # fmt: skip
