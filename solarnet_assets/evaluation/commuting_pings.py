"""The chain's counts on anybody's folder of pings: readers, device-days, home and work, commuters per city and day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from solarnet_assets.evaluation.commuting_models import calendar_of
from solarnet_assets.evaluation.commuting_survey import Survey, city_about, city_row, survey
from solarnet_assets.landing import BadInputError
from solarnet_assets.mobility.daily import count_day
from solarnet_assets.mobility.homework import home_work
from solarnet_assets.mobility.readers import read_pings
from solarnet_assets.mobility.reduce import device_days
from solarnet_assets.sources.files import FileSource
from solarnet_assets.storage.lake import Lake
from solarnet_assets.storage.schemas import SCHEMAS

WINDOW = 28


@dataclass(frozen=True)
class Asked:
    """What to count.

    Attributes:
        folder: of pings: Parquet, CSV(.gz), text, PLT; or one file.
        cities: CSV with city, lon, lat, radius_km, timezone (others are filled in); None: one about the median ping.
        country: ISO 3166 code, for working days.
        naive_timezone: zone of times without one; None: such times are refused.
        k: smallest panel that is shown.
    """

    folder: Path
    cities: Path | None = None
    country: str = "CN"
    naive_timezone: str | None = None
    k: int = 20


@dataclass(frozen=True)
class Found:
    """What came out.

    Attributes:
        read, used: records that came in, and pings that were kept.
        refused: reason and records.
        cities: the ``Cities`` that were counted.
        seen: city, day, devices and pings that were kept.
        counts: ``CityCommuters`` with ``day`` and ``panel_day``, the day whose homes and workplaces the panel is.
        places: homes and workplaces known at the end.
    """

    read: int
    used: int
    refused: pl.DataFrame
    cities: pl.DataFrame
    seen: pl.DataFrame
    counts: pl.DataFrame
    places: tuple[int, int]


@dataclass
class _Tally:
    read: int = 0
    used: int = 0
    rejects: list[pl.DataFrame] = field(default_factory=list)
    seen: list[pl.DataFrame] = field(default_factory=list)


def count_folder(asked: Asked) -> Found:
    """Run the chain on a folder in a lake that is thrown away.

    Raises:
        BadInputError: nothing to read, or nothing that can be used; names folder and reason.
    """
    source = FileSource(asked.folder)
    looked = survey(source, asked.naive_timezone)
    cities = city_about(looked) if asked.cities is None else _read_cities(asked.cities)
    days = looked.days_in(cities["timezone"][0])
    with TemporaryDirectory(prefix="solarnet-") as folder:
        lake = Lake(Path(folder) / "lake", Path(folder) / "quarantine")
        tally = _land(lake, source, days, cities, asked)
        if not tally.used:
            raise BadInputError(f"{asked.folder}: no ping can be used ({_reasons(tally, looked)})")
        landed = lake.days("device_days")
        anchor = _locate(lake, landed, asked.country)
        counts = [_count(lake, day, anchor, asked.k) for day in landed]
        last = lake.read("home_work", landed[-1])
    refused = pl.concat([frame.select("reason", "records") for frame in tally.rejects])
    return Found(
        tally.read,
        tally.used,
        refused.group_by("reason").agg(pl.col("records").sum()).sort("records", "reason", descending=[True, False]),
        cities,
        pl.concat(tally.seen),
        pl.concat(counts),
        (last.height, int(last["work_lat"].count())),
    )


def _reasons(tally: _Tally, looked: Survey) -> str:
    reasons = pl.concat(tally.rejects)["reason"].unique(maintain_order=True).to_list() if tally.rejects else []
    return "; ".join([*reasons, *looked.unreadable][:3]) or "no day holds any"


def _land(lake: Lake, source: FileSource, days: list[date], cities: pl.DataFrame, asked: Asked) -> _Tally:
    tally = _Tally()
    options: dict[str, Any] = {"cities": cities, "hash_key": b"evaluation", "timezone": cities["timezone"][0]}
    if asked.naive_timezone:
        options["naive_timezone"] = asked.naive_timezone
    source = FileSource(source.root, days[0])
    for day in days:
        landing = read_pings(source.files(day), day, options)
        tally.read += landing.n_in
        tally.used += landing.frame.height
        tally.rejects.append(landing.rejects)
        by_city = landing.frame.group_by("city", maintain_order=True)
        tally.seen.append(by_city.agg(day=pl.lit(day), devices=pl.col("device").n_unique(), pings=pl.len()))
        if landing.frame.height:
            lake.write("device_days", day, device_days(landing.frame, cities))
    return tally


def _locate(lake: Lake, days: list[date], country: str) -> date:
    """Write ``home_work`` of every day from the first full window on; return the first of them.

    Data younger than a window have one table, of the last day; days before it are counted with that panel.
    """
    anchor = min(days[0] + timedelta(days=WINDOW - 1), days[-1])
    calendar = calendar_of(country, days[0] - timedelta(days=WINDOW), days[-1])
    for day in [anchor, *(day for day in days if day > anchor)]:
        recent = lake.scan("device_days", day - timedelta(days=WINDOW - 1), day)
        lake.write("home_work", day, home_work(recent, day, calendar))
    return anchor


def _count(lake: Lake, day: date, anchor: date, k: int) -> pl.DataFrame:
    first = anchor - timedelta(days=WINDOW - 1)

    def scan(asset: str, wanted: date) -> pl.LazyFrame:
        if asset == "home_work" and first <= wanted < anchor:
            wanted = anchor
        return lake.scan(asset, wanted, wanted)

    counted = count_day(scan, day, k)
    known = None if counted.panel_day is None else max(counted.panel_day, anchor)
    return counted.frame.with_columns(day=pl.lit(day), panel_day=pl.lit(known, dtype=pl.Date))


def _read_cities(path: Path) -> pl.DataFrame:
    """Read a CSV of cities; name, region, workforce, radius (15 km) and zone (by longitude) are filled in.

    Raises:
        BadInputError: it is missing, is no CSV, or lacks city, lon or lat.
    """
    try:
        raw = pl.read_csv(path, glob=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise BadInputError(f"{path} cannot be read as CSV of cities: {str(error).splitlines()[0]}") from error
    lacking = [name for name in ("city", "lon", "lat") if name not in raw.columns]
    if lacking:
        raise BadInputError(f"{path} lacks the column {lacking[0]}; needed are city, lon and lat")
    rows = [city_row(**{k: v for k, v in row.items() if v is not None}) for row in raw.iter_rows(named=True)]
    schema = SCHEMAS["cities"]
    try:
        return schema.validate(pl.DataFrame(rows, infer_schema_length=None).select(schema.column_names()), cast=True)
    except Exception as error:
        raise BadInputError(f"{path}: a city has a value that does not fit: {str(error).splitlines()[0]}") from error
