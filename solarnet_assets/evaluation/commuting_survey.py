"""A first look at a folder of pings: which days it holds, and where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from solarnet_assets.landing import BadInputError, RawFile
from solarnet_assets.mobility.chunks import text_chunks
from solarnet_assets.mobility.parquet import parquet_chunks
from solarnet_assets.mobility.readers import ALIASES, MAX_BYTES
from solarnet_assets.mobility.times import to_utc
from solarnet_assets.sources.files import FileSource, day_of

RADIUS_KM = 50.0
"""A folder without a list of cities is one city: the pings within this distance of their median."""

SAMPLE = 500
"""Positions of a chunk that the median is taken of."""

STRAY = 1e-4
"""A day with a smaller share of the pings than this comes from a clock that was wrong, and is not read."""


NO_ZONE = "times have no zone: say which one with --timezone"


@dataclass
class Survey:
    """What was seen.

    Attributes:
        hours: pings by hour since 1970 (UTC).
        dated: days that paths name.
        lat, lon: some positions, degrees.
        unreadable: file and reason.
    """

    hours: Counter[int] = field(default_factory=Counter)
    dated: set[date] = field(default_factory=set)
    lat: list[float] = field(default_factory=list)
    lon: list[float] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)

    def days_in(self, timezone: str) -> list[date]:
        """Return the days of a zone that hold pings, in order.

        Raises:
            BadInputError: there is none.
        """
        zone = ZoneInfo(timezone)
        days: Counter[date] = Counter()
        for hour, pings in self.hours.items():
            days[datetime.fromtimestamp(hour * 3600, UTC).astimezone(zone).date()] += pings
        least = STRAY * sum(days.values())
        found = {day for day, pings in days.items() if pings >= least} | self.dated
        if not found:
            raise BadInputError("; ".join(self.unreadable[:1]) or "there are no pings")
        return sorted(found)


def survey(source: FileSource, naive_timezone: str | None) -> Survey:
    """Look at every file of a folder, chunk by chunk.

    Raises:
        BadInputError: there is no folder or no file in it.
    """
    paths = source.paths()
    if not paths:
        raise BadInputError(f"{source.root}: there is no file")
    found = Survey()
    for path in paths:
        name = path.relative_to(source.base)
        try:
            for chunk in _chunks(path, name.as_posix()):
                _look(chunk, naive_timezone, found)
        except (BadInputError, OSError, pl.exceptions.PolarsError) as error:
            found.unreadable.append(f"{name.as_posix()}: {str(error).splitlines()[0]}")
        day = day_of(name)
        found.dated |= {day} if day else set()
    return found


def city_about(looked: Survey) -> pl.DataFrame:
    """Return one ``Cities`` row: :data:`RADIUS_KM` about the median position, hours by its longitude.

    Raises:
        BadInputError: no position can be read.
    """
    lat, lon = (pl.Series(values, dtype=pl.Float64).median() for values in (looked.lat, looked.lon))
    if not isinstance(lat, float) or not isinstance(lon, float):
        raise BadInputError("; ".join(looked.unreadable[:1]) or "no position can be read")
    return pl.DataFrame([city_row("here", lon, lat, radius_km=RADIUS_KM)])


def city_row(city: object, lon: float, lat: float, **known: Any) -> dict[str, Any]:
    """Return a row of ``Cities``, what is not known filled in."""
    zone = round(float(lon) / 15)
    row = {
        "name": str(city),
        "region": str(city),
        "radius_km": 15.0,
        "timezone": f"Etc/GMT{-zone:+d}",
        "workforce": 1.0,
    }
    return {"city": str(city), **row, **known, "lon": float(lon), "lat": float(lat)}


def _chunks(path: Path, name: str) -> Iterator[pl.DataFrame]:
    with path.open("rb") as handle:
        head = handle.read(4)
    if head == b"PAR1":
        yield from (chunk for _, chunk in parquet_chunks(path, ALIASES, None))
    elif head:
        yield from text_chunks(RawFile(path, name, whole=True), ALIASES, MAX_BYTES)


def _look(chunk: pl.DataFrame, naive_timezone: str | None, found: Survey) -> None:
    times, naive = to_utc(chunk["time"], naive_timezone)
    if naive.any() and NO_ZONE not in found.unreadable:
        found.unreadable.append(NO_ZONE)
    hours = (times.dt.epoch("s") // 3600).drop_nulls().value_counts()
    for hour, pings in hours.iter_rows():
        found.hours[hour] += pings
    places = chunk.select(pl.col("lat", "lon").cast(pl.Float64, strict=False)).filter(
        pl.col("lat").is_between(-90, 90), pl.col("lon").is_between(-180, 180)
    )
    some = places.gather_every(max(places.height // SAMPLE, 1))
    found.lat += some["lat"].to_list()
    found.lon += some["lon"].to_list()
