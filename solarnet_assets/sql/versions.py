"""Which partitions of a lake were written by another version of this project, and what to do about them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq

from solarnet_assets.landing import BadInputError
from solarnet_assets.storage.lake import Lake
from solarnet_assets.storage.schemas import UNPARTITIONED
from solarnet_assets.storage.tables import check_columns


def check_versions(lake: Lake, assets: Collection[str]) -> None:
    """Refuse a lake that holds tables with other columns than its assets; reads the footer of every partition.

    Raises:
        BadInputError: names assets and days, and what to do.
    """
    old = {asset: list(_other(lake, asset)) for asset in assets}
    told = [f"{asset}{_days(days)}" for asset, days in old.items() if days]
    if told:
        raise BadInputError(
            f"the lake holds tables of another version of this project, or damaged ones: {'; '.join(told)}. "
            "Materialise them again (`solarnet demo` or `solarnet run` over those days does), or remove their folders "
            f"below {lake.root}"
        )


def _other(lake: Lake, asset: str) -> Iterator[date | None]:
    """Yield the partitions of an asset whose columns are others."""
    for day in [None] if asset in UNPARTITIONED else lake.days(asset):
        table = lake.table(asset, day)
        if table.exists():
            try:
                with table.open("rb") as file:
                    check_columns(asset, day, pq.read_schema(file).names)
            except (BadInputError, pa.ArrowException):
                yield day


def _days(days: list[date | None]) -> str:
    first, last = days[0], days[-1]
    return "" if first is None else f" of {first}" if first == last else f" of {first} to {last} ({len(days)} days)"
