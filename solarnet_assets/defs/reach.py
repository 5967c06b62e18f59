"""From which day on each asset can hold anything, so that a command runs no empty days before that.

A baseline reaches back a year and more; a source of one week has nothing to say about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from graphlib import TopologicalSorter

import dagster as dg

from solarnet_assets.config import KINDS, Config
from solarnet_assets.defs.partitions import DAILY, FIRST_DAY
from solarnet_assets.landing import BadInputError
from solarnet_assets.sources import open_source


def first_days(specs: Mapping[str, dg.AssetSpec], config: Config) -> dict[str, date]:
    """Return, for every daily asset, the first day that its sources have anything of (``date.max``: never).

    Raises:
        BadInputError: a source is misconfigured.
        OSError: a source cannot be reached.
    """
    upstream = {name: {d.asset_key.to_user_string() for d in spec.deps} & set(specs) for name, spec in specs.items()}
    found: dict[str, date] = {}
    for name in TopologicalSorter(upstream).static_order():
        if name in KINDS:
            found[name] = max(open_source(config, name).since(), config.first_day)
        elif specs[name].partitions_def is not None:
            found[name] = min((found[other] for other in upstream[name] if other in found), default=config.first_day)
    return found


def check_span(start: date, end: date) -> None:
    """Raise BadInputError if [start, end] is not all partitions: before the first day, or not over yet."""
    if start < FIRST_DAY:
        raise BadInputError(f"{start} lies before the first partition, {FIRST_DAY}: set first_day in the configuration")
    if not DAILY.has_partition_key(end.isoformat()):
        raise BadInputError(f"{end} is not over yet: the last partition is {DAILY.get_last_partition_key()}")
