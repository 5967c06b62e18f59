"""The one partition dimension, and the windows of days that assets look back on.

Sites, cities and sectors are columns, not partitions: the UI and the event log stay small. All
assets start on the same day so that they can be backfilled together.
"""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from solarnet_assets.config import load_config
from solarnet_assets.mobility.homework import rule_named

_CONFIG = load_config()
FIRST_DAY, ZONE = _CONFIG.first_day, _CONFIG.timezone
_END = None if _CONFIG.last_day is None else (_CONFIG.last_day + timedelta(days=1)).isoformat()
DAILY = dg.DailyPartitionsDefinition(start_date=FIRST_DAY.isoformat(), end_date=_END, timezone=ZONE)

HOME_WORK_DAYS = rule_named(_CONFIG.home_work.rule, _CONFIG.home_work.min_stay).window
"""Days of movement that home and work locations are read from."""

BASELINE_DAYS = 486
"""Longest way back to the first day (1 Sep) of the last complete September-December baseline."""


def trailing(days: int) -> dg.TimeWindowPartitionMapping:
    """Return the mapping to the last ``days`` days, the partition's own day included."""
    return dg.TimeWindowPartitionMapping(start_offset=1 - days)


def trailing_dep(asset: str | dg.AssetKey, days: int) -> dg.AssetDep:
    """Return a dependency on an asset's last ``days`` days."""
    return dg.AssetDep(asset, partition_mapping=trailing(days))


def year_before_dep(asset: str | dg.AssetKey) -> dg.AssetDep:
    """Return a dependency on the weeks around the Spring Festival of the year before.

    Two festivals lie 353 to 385 days apart; a day of the season (-14 to 21 days) reads from 50 days before to 42 days
    after the earlier one (:mod:`solarnet_assets.nowcast.festival`).
    """
    return dg.AssetDep(asset, partition_mapping=dg.TimeWindowPartitionMapping(-385 - 50 - 21, -353 + 42 + 14))
