"""Percent of normal of anybody's counts or index, by the SQL models of the warehouse on a lake that is thrown away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from solarnet_assets.landing import BadInputError
from solarnet_assets.mobility.calendar import calendar_frame
from solarnet_assets.sql.run import refresh
from solarnet_assets.storage.lake import Lake
from solarnet_assets.storage.warehouse import reader

MART = "select * from marts.city_commuters order by city, day"
CORRECTIONS = "select * from marts.commuting_corrections order by city, day, correction"
STAGES = """
select
    city,
    day,
    max(100 * ratio * coalesce(base, 1)) filter (where variant = 'match_working_days') as raw,
    max(100 * ratio) filter (where variant = 'remove_base') as aligned,
    max(100 * ratio) filter (where variant = 'as_set') as corrected
from intermediate.int_commuting_ratio
where known_until = date '9999-12-31'
group by city, day
order by city, day
"""
"""Each day against the partner day alone, against matching days about it, and with the base removed: as known now."""


@dataclass(frozen=True)
class Compared:
    """What the models make.

    Attributes:
        mart: ``marts.city_commuters``.
        corrections: ``marts.commuting_corrections``.
        stages: city, day, and percent of normal ``raw``, ``aligned`` and ``corrected``, each day by itself.
    """

    mart: pl.DataFrame
    corrections: pl.DataFrame
    stages: pl.DataFrame


def compare(
    daily: Mapping[str, pl.DataFrame], country: str = "CN", settings: Mapping[str, str] | None = None
) -> Compared:
    """Run the commuting models.

    Args:
        daily: ``city_commuters`` or ``mobility_index`` by name, each with ``day``.
        country: ISO 3166 code, for working days and partner days.
        settings: values of ``seeds.settings`` to replace, such as ``{"remove_base": "0"}``.

    Raises:
        BadInputError: no days, or a country without a calendar.
    """
    days = pl.concat([frame.select("day") for frame in daily.values()])["day"]
    first, last = days.min(), days.max()
    if not isinstance(first, date) or not isinstance(last, date):
        raise BadInputError("there is no day with a usable figure")
    with TemporaryDirectory(prefix="solarnet-") as folder:
        lake = Lake(Path(folder) / "lake", Path(folder) / "quarantine")
        lake.write("calendar", None, calendar_of(country, first - timedelta(days=2), last))
        for asset, frame in daily.items():
            for (day,), rows in frame.group_by("day", maintain_order=True):
                lake.write(asset, day, rows.drop("day"))
        warehouse = Path(folder) / "warehouse.duckdb"
        refresh(
            lake, warehouse, models=["marts.commuting_corrections"], settings={"country": country, **(settings or {})}
        )
        with reader(warehouse) as con:
            return Compared(*(con.sql(query).pl() for query in (MART, CORRECTIONS, STAGES)))


def calendar_of(country: str, first: date, last: date) -> pl.DataFrame:
    """Return the ``Calendar`` of a country.

    Raises:
        BadInputError: nobody knows the country's holidays.
    """
    try:
        return calendar_frame(country, first, last)
    except (NotImplementedError, KeyError) as error:
        raise BadInputError(
            f"country {country!r}: no calendar of working days is known; write a code such as CN"
        ) from error
