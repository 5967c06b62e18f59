"""Forecasts as of each day, by every method, and scores of those that have come due.

Belongs here: reading the marts as they were known on a day, calling the nowcast package, writing. No statistics.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import dagster as dg
import polars as pl

from solarnet_assets.defs.daily import OWNERS, Day, run_days
from solarnet_assets.defs.partitions import DAILY, trailing_dep
from solarnet_assets.defs.resources import Project
from solarnet_assets.defs.shown import preview, table_metadata
from solarnet_assets.nowcast.forecasts import Forecaster, Known
from solarnet_assets.nowcast.frames import SCORED, SCORES_SCHEMA, frames, score
from solarnet_assets.nowcast.methods import STACK
from solarnet_assets.nowcast.series import PAST_DAYS
from solarnet_assets.nowcast.stack import BACK, SETTLING
from solarnet_assets.storage.warehouse import reader

SETTLED = dg.AssetKey(["intermediate", "int_recovery_known"])
VINTAGES = dg.AssetKey(["marts", "recovery_vintages"])
VINTAGE_DAYS = 21
"""Days that a vintage estimates again; older figures have settled."""

LOOK_BACK = max(BACK) + PAST_DAYS
COLUMNS = ("signal", "level", "region", "day", "value", "lower", "upper")


def known_on(
    project: Project,
    first: date,
    last: date,
    settled_table: str = "intermediate.int_recovery_known",
    vintages_table: str = "marts.recovery_vintages",
) -> Known:
    """Return what was known on each day from ``first`` to ``last``: its vintage, and what had settled by then.

    Files that came after a day are in neither.
    """
    start = first - timedelta(days=LOOK_BACK)
    with reader(project.warehouse) as con:
        settled = con.table(settled_table).pl().filter(pl.col("day").is_between(start, last))
        vintages = con.table(vintages_table).pl().filter(pl.col("as_of").is_between(start, last))
    by_day = vintages.select("as_of", *COLUMNS).partition_by("as_of", as_dict=True, include_key=False)
    settled = settled.select(*COLUMNS, "known_from", "known_until")

    def known(as_of: date) -> pl.DataFrame:
        then = (pl.col("known_from") <= as_of) & (pl.col("known_until") > as_of)
        older = settled.filter(then, pl.col("day") < as_of - timedelta(days=VINTAGE_DAYS)).select(COLUMNS)
        return pl.concat([by_day.get((as_of,), older.clear()), older])

    return known


def _spec(name: str, deps: list[dg.AssetDep], description: str) -> dict[str, Any]:
    return {
        "key": name,
        "group_name": "nowcast",
        "deps": deps,
        "partitions_def": DAILY,
        "kinds": {"parquet", "polars"},
        "owners": OWNERS,
        "tags": {"layer": "metric"},
        "metadata": table_metadata(name),
        "description": description,
    }


PAST = [trailing_dep(SETTLED, LOOK_BACK + 1), trailing_dep(VINTAGES, max(BACK) + 1)]


@dg.multi_asset(
    name="forecasts",
    specs=[
        dg.AssetSpec(
            **_spec(
                "forecast_paths",
                PAST,
                "Percent of normal 60 days ahead with 90 % intervals: the stack, the published straight line, and what "
                "the stack is made of. Made from what was known on the day.",
            )
        ),
        dg.AssetSpec(
            **_spec(
                "forecast_dates",
                PAST,
                "Day on which each signal is back at 90, 95 and 100 % of normal, as a distribution, by every method.",
            )
        ),
    ],
)
def forecasts(context: dg.AssetExecutionContext, project: Project) -> Iterator[Any]:
    """Forecast as of each day of the run."""
    days = [date.fromisoformat(key) for key in context.partition_keys]
    forecaster = Forecaster(known_on(project, min(days) - timedelta(days=max(BACK)), max(days)))
    for day in days:
        stacked = forecaster.stacked(day)
        for name, frame in zip(
            ("forecast_paths", "forecast_dates"), frames(stacked, forecaster.known(day)), strict=True
        ):
            counts = project.lake.write(name, day, frame)
            shown: dict[str, Any] = {"dagster/partition_row_count": counts.n_out, "preview": preview(frame)}
            if name == "forecast_dates":
                shown |= _days_to_normal(frame, day, project.config.country)
            context.add_asset_metadata(shown, asset_key=name, partition_key=day.isoformat())
    yield dg.MaterializeResult(asset_key="forecast_paths")
    yield dg.MaterializeResult(asset_key="forecast_dates")


@dg.asset(
    **_spec(
        "forecast_scores",
        [trailing_dep("forecast_paths", max(SCORED) + SETTLING + 1), trailing_dep(VINTAGES, 1)],
        "Forecasts of one, two and four weeks ago for the day that has just settled, scored by CRPS and coverage.",
    )
)
def forecast_scores(context: dg.AssetExecutionContext, project: Project) -> Iterator[Any]:
    """Score what has come due on each day of the run."""
    days = [date.fromisoformat(key) for key in context.partition_keys]
    known = known_on(project, min(days), max(days))

    def work(day: date) -> Day:
        due = day - timedelta(days=SETTLING)
        seen = known(day).filter(pl.col("day") == due).rename({"day": "date"})
        made = [due - timedelta(days=ahead) for ahead in SCORED]
        scored = [score(project.lake.read("forecast_paths", then), then, seen) for then in made]
        frame = pl.concat([SCORES_SCHEMA.to_frame(), *scored]).sort("method", "signal", "region", "horizon")
        return Day(frame, _mean_scores(frame))

    yield from run_days(context, project.lake, "forecast_scores", work)


def _mean_scores(scores: pl.DataFrame) -> dict[str, float]:
    """Return the stack's mean CRPS by horizon; the UI draws it over the partitions."""
    rows = scores.filter(pl.col("method") == STACK).group_by("horizon").agg(pl.col("crps").mean()).sort("horizon")
    return {f"crps_{horizon}_days": crps for horizon, crps in rows.iter_rows()}


def _days_to_normal(dates: pl.DataFrame, as_of: date, country: str) -> dict[str, int]:
    """Return days until each signal of the country is back at 100 %; the UI draws them over the partitions."""
    rows = dates.filter(
        pl.col("method") == STACK,
        pl.col("region") == country,
        pl.col("threshold") == 100,
        pl.col("date_median").is_not_null(),
    )
    return {f"days_to_normal_{s}": (d - as_of).days for s, d in rows.select("signal", "date_median").iter_rows()}
