"""Forecasts: the published straight line, made for every signal and area as of each day.

Belongs here: reading the mart, calling one function of the nowcast package, writing. No statistics.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import dagster as dg
import polars as pl

from solarnet_assets.defs.daily import OWNERS, preview, table_metadata
from solarnet_assets.defs.partitions import DAILY, trailing_dep
from solarnet_assets.defs.resources import Project
from solarnet_assets.nowcast.straight_line import WINDOW, forecast
from solarnet_assets.storage.warehouse import reader

RECOVERY = dg.AssetKey(["marts", "recovery_daily"])


def read_history(project: Project, first: date, last: date) -> pl.DataFrame:
    """Read what forecasts as of ``first`` to ``last`` look back on."""
    with reader(project.warehouse) as con:
        rows = con.table("marts.recovery_daily").pl()
    window = pl.col("day").is_between(first - timedelta(days=WINDOW - 1), last)
    return rows.filter(window).select("signal", "region", "day", "value", "lower", "upper")


def _spec(name: str, description: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        name,
        group_name="nowcast",
        deps=[trailing_dep(RECOVERY, WINDOW)],
        partitions_def=DAILY,
        kinds={"parquet", "polars"},
        owners=OWNERS,
        tags={"layer": "metric"},
        metadata=table_metadata(name),
        description=description,
    )


@dg.multi_asset(
    name="straight_line",
    specs=[
        _spec("forecast_paths", "Straight line through the last 28 days, 60 days ahead, with its 90 % interval."),
        _spec(
            "forecast_dates", "Day on which the straight line is back at 90, 95 and 100 % of normal, as a distribution."
        ),
    ],
)
def straight_line(context: dg.AssetExecutionContext, project: Project) -> Iterator[Any]:
    """Forecast as of each day of the run."""
    days = [date.fromisoformat(key) for key in context.partition_keys]
    history = read_history(project, min(days), max(days))
    for day in days:
        for name, frame in zip(("forecast_paths", "forecast_dates"), forecast(history, day), strict=True):
            counts = project.lake.write(name, day, frame)
            shown = {"dagster/partition_row_count": counts.n_out, "preview": preview(frame)}
            if name == "forecast_dates":
                shown |= _days_to_normal(frame, day, project.config.country)
            context.add_asset_metadata(shown, asset_key=name, partition_key=day.isoformat())
    yield dg.MaterializeResult(asset_key="forecast_paths")
    yield dg.MaterializeResult(asset_key="forecast_dates")


def _days_to_normal(dates: pl.DataFrame, as_of: date, country: str) -> dict[str, int]:
    """Return days until each signal of the country is back at 100 %; the UI draws them over the partitions."""
    rows = dates.filter(pl.col("region") == country, pl.col("threshold") == 100, pl.col("date_median").is_not_null())
    return {f"days_to_normal_{s}": (d - as_of).days for s, d in rows.select("signal", "date_median").iter_rows()}
