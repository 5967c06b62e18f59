"""The composite index as of each day: fixed weights and one factor side by side, missing components estimated.

Belongs here: reading the components as they were known on a day, calling one function, writing. No statistics.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg
import polars as pl

from solarnet_assets.defs.daily import OWNERS, Day, run_days
from solarnet_assets.defs.nowcast import known_on
from solarnet_assets.defs.partitions import DAILY, trailing_dep
from solarnet_assets.defs.resources import Project
from solarnet_assets.defs.shown import table_metadata
from solarnet_assets.nowcast.index import PAST_DAYS
from solarnet_assets.storage.warehouse import reader

SIGNALS = dg.AssetKey(["intermediate", "int_area_signals"])
VINTAGES = dg.AssetKey(["intermediate", "int_area_vintages"])


@dg.asset(
    group_name="nowcast",
    partitions_def=DAILY,
    deps=[
        trailing_dep(SIGNALS, PAST_DAYS),
        trailing_dep(VINTAGES, 1),
        dg.AssetKey(["seeds", "composite_weights"]),
    ],
    kinds={"parquet", "polars"},
    owners=OWNERS,
    tags={"layer": "metric"},
    metadata=table_metadata("recovery_index"),
    description="Composites of every area as of each day, for three weeks back: components times fixed weights, "
    "missing ones estimated by a dynamic factor model, and beside it what the components have in common.",
)
def recovery_index(context: dg.AssetExecutionContext, project: Project) -> Iterator[Any]:
    """Estimate the composites as of each day of the run."""
    from solarnet_assets.nowcast.index import recovery_index as estimate

    days = [date.fromisoformat(key) for key in context.partition_keys]
    known = known_on(project, min(days), max(days), "intermediate.int_area_signals", "intermediate.int_area_vintages")
    with reader(project.warehouse) as con:
        weights = dict(con.table("seeds.composite_weights").pl().select("signal", "weight").iter_rows())

    def work(day: date) -> Day:
        frame = estimate(known(day), weights, day)
        return Day(frame, _newest(frame, project.config.country))

    yield from run_days(context, project.lake, "recovery_index", work)


def _newest(frame: pl.DataFrame, country: str) -> dict[str, float]:
    """Return the country's newest value of each kind, and loadings in points; the UI draws them over the partitions."""
    rows = frame.filter(pl.col("region") == country).sort("date").group_by("kind", maintain_order=True).last()
    values = {f"percent_by_{kind}": round(value, 2) for kind, value in rows.select("kind", "value").iter_rows()}
    parts = rows.filter(pl.col("kind") == "factor").explode("parts").unnest("parts", separator="_")
    loadings = parts.select("parts_signal", "parts_loading").drop_nulls().iter_rows()
    return values | {f"loading_{signal}": round(loading, 2) for signal, loading in loadings}
