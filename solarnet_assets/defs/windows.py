"""The exact days that an asset reads, where its partition mapping has to be wider."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache

from solarnet_assets.config import load_config
from solarnet_assets.defs.plan import Narrower
from solarnet_assets.mobility.calendar import comparison_days
from solarnet_assets.mobility.homework import snapshot_days
from solarnet_assets.nowcast import festival
from solarnet_assets.nowcast.baseline import months
from solarnet_assets.sql.folder import sql_folder

SECTOR_SETTINGS = "seeds/sector_settings.csv"


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
    """Return the day and the weeks that its growth is measured against (``seeds/sector_settings.csv``)."""
    settings = _sector_settings()
    base, weeks = date.fromisoformat(settings["base_day"]), int(settings["weeks_days"])
    before = [base - timedelta(days=n) for n in range(weeks + 1)]
    return [day, *(b for b in before if day >= base)]


@cache
def _sector_settings() -> dict[str, str]:
    with (sql_folder() / SECTOR_SETTINGS).open(encoding="utf-8") as file:
        return {row["name"]: row["value"] for row in csv.DictReader(file)}


NARROWER: Narrower = {
    ("steel_activity", "steel_observations"): baseline_and_recent,
    ("steel_festival", "steel_observations"): festival_weeks,
    ("parking_activity", "lot_counts"): baseline_and_recent,
    ("solar_farms", "solar_polygons"): baseline_and_recent,
    ("city_commuters", "home_work"): snapshot_days,
    ("staging/stg_sector_shares", "sector_shares"): day_and_sector_base,
    ("staging/stg_city_commuters", "city_commuters"): aligned_days,
    ("staging/stg_city_commuters", "mobility_index"): aligned_days,
}
