"""The exact days that an asset reads, where its partition mapping has to be wider."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache

from solarnet_assets.config import load_config
from solarnet_assets.defs.plan import Narrower
from solarnet_assets.landing import BadInputError
from solarnet_assets.mobility.calendar import comparison_days
from solarnet_assets.mobility.homework import snapshot_days
from solarnet_assets.nowcast import festival
from solarnet_assets.nowcast.baseline import months
from solarnet_assets.social.trends import Settings
from solarnet_assets.sql.folder import sql_folder


def baseline_and_recent(as_of: date) -> Iterable[date]:
    """Return the last complete September-December before ``as_of``, and what came since."""
    first, _ = months(as_of)
    return (first + timedelta(days=n) for n in range((as_of - first).days + 1))


def aligned_days(day: date) -> Iterable[date]:
    """Return the days that a day's commuters are compared with, in the configured country's calendar."""
    return comparison_days(day, load_config().country)


def festival_weeks(day: date) -> Iterable[date]:
    """Return the weeks around the Spring Festival of the year before that a day of its season is compared with."""
    return festival.days(day, load_config().country)


def day_and_sector_base(day: date) -> Iterable[date]:
    """Return the week up to a day, and the weeks that its growth is measured against."""
    return sector_settings().days_of(day)


@cache
def sector_settings() -> Settings:
    """Return what growth of sectors is against (``seeds/sector_settings.csv``)."""
    return Settings.of({row["name"]: row["value"] for row in _seed("sector_settings")})


@cache
def sector_weights() -> dict[tuple[str, str], float] | None:
    """Return weights of language and network (``seeds/sector_strata.csv``); None (measured ones) if it is empty.

    Raises:
        BadInputError: a row without the columns lang, network and weight, or a weight that is no number above 0.
    """
    weights = {}
    for line, row in enumerate(_seed("sector_strata"), start=2):
        try:
            weights[row["lang"], row["network"]] = weight = float(row["weight"])
        except (KeyError, TypeError, ValueError) as error:
            raise BadInputError(
                f"seeds/sector_strata.csv, line {line}: lang, network and a weight are wanted"
            ) from error
        if not 0.0 < weight < float("inf"):
            raise BadInputError(f"seeds/sector_strata.csv, line {line}: the weight {weight:g} is not above 0")
    return weights or None


def _seed(name: str) -> list[dict[str, str]]:
    with (sql_folder() / "seeds" / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


NARROWER: Narrower = {
    ("steel_activity", "steel_observations"): baseline_and_recent,
    ("steel_festival", "steel_observations"): festival_weeks,
    ("parking_activity", "lot_counts"): baseline_and_recent,
    ("solar_farms", "solar_polygons"): baseline_and_recent,
    ("city_commuters", "home_work"): snapshot_days,
    ("sector_trends", "sector_shares"): day_and_sector_base,
    ("staging/stg_city_commuters", "city_commuters"): aligned_days,
    ("staging/stg_city_commuters", "mobility_index"): aligned_days,
}
