"""The SQL folder as assets: every file of ``dbt_like_sql`` an asset with its inputs, columns, lineage and checks.

Belongs here: the mapping from SQL files to Dagster, and one step that refreshes the asked ones together, since a step
costs a process. Does not belong here: SQL, or how a window is refreshed (``solarnet_assets.sql``).
"""

import base64
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from solarnet_assets.defs.daily import OWNERS, daily_check
from solarnet_assets.defs.partitions import DAILY
from solarnet_assets.defs.resources import Project
from solarnet_assets.defs.shown import preview
from solarnet_assets.sql.columns import Column, columns
from solarnet_assets.sql.folder import load_project
from solarnet_assets.sql.models import Check, Model, is_daily_input
from solarnet_assets.sql.outcome import CheckRun, ChecksFailedError, Refresh
from solarnet_assets.sql.run import refresh
from solarnet_assets.sql.show import newest_rows, picture, rows_by_day, series
from solarnet_assets.storage.warehouse import reader

SQL = load_project()
PREVIEW_ROWS = 10
FRESH = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=36), warn_window=timedelta(hours=26))
"""Marts are made every morning; a day without them is worth a look, a day and a half is a failure."""


def asset_key(table: str) -> dg.AssetKey:
    """Return the asset of a table: ``marts.x`` is ``marts/x``, ``lake.x`` is the lake's asset ``x``."""
    return dg.AssetKey(table.removeprefix("lake.").split("."))


def _dep(model: Model, table: str) -> dg.AssetDep:
    if model.history and is_daily_input(table):
        return dg.AssetDep(asset_key(table), partition_mapping=dg.TimeWindowPartitionMapping(-model.history, 0))
    return dg.AssetDep(asset_key(table))


def _column_metadata(made: Iterable[Column]) -> dict[str, Any]:
    """Return column view and lineage; the open-source UI draws no lineage, so it also stands in the description."""
    shown, lineage = [], {}
    for column in made:
        origin = ", ".join(f"{table}.{name}" for table, name in column.sources)
        text = " ".join(filter(None, [column.description, f"(from {origin})" if origin else "(computed here)"]))
        shown.append(dg.TableColumn(column.name, type=column.type, description=text))
        lineage[column.name] = [dg.TableColumnDep(asset_key(table), name) for table, name in column.sources]
    return {
        "dagster/column_schema": dg.TableSchema(columns=shown),
        "dagster/column_lineage": dg.TableColumnLineage(lineage),
    }


def _spec(model: Model, made: Iterable[Column]) -> dg.AssetSpec:
    return dg.AssetSpec(
        asset_key(model.table),
        group_name="warehouse",
        deps=[_dep(model, table) for table in model.depends],
        description=f"{model.description}\n\n```sql\n{_body(model)}\n```",
        partitions_def=DAILY if model.partition else None,
        kinds={"duckdb", "sql"},
        owners=[model.owner] if model.owner else OWNERS,
        tags={"layer": model.layer},
        skippable=True,
        automation_condition=dg.AutomationCondition.eager(),
        freshness_policy=FRESH if model.layer == "marts" else None,
        metadata={"dagster/table_name": model.table, **_column_metadata(made)},
    )


def _body(model: Model) -> str:
    """Return the SELECT without its front comment, which the UI shows in better ways."""
    lines = model.sql.splitlines()
    first = next(number for number, line in enumerate(lines) if line and not line.startswith("--"))
    return "\n".join(lines[first:])


def _check_spec(check: Check) -> dg.AssetCheckSpec:
    """Return a check: by day where its failures name a day, else one result for the table."""
    key = asset_key(check.asset)
    if check.partition:
        return daily_check(check.name, key, check.description, blocking=check.blocking)
    return dg.AssetCheckSpec(check.name, asset=key, description=check.description, blocking=check.blocking)


def _seed_metadata(path: Path) -> dict[str, Any]:
    """Return a seed's rows, which change with the code alone: nothing materialises a seed."""
    frame = pl.read_csv(path)
    return {"dagster/row_count": frame.height, "rows": preview(frame, max(frame.height, 1), frame.width)}


seeds = [
    dg.AssetSpec(
        ["seeds", name],
        group_name="seeds",
        kinds={"csv"},
        owners=OWNERS,
        tags={"layer": "seed"},
        description=f"Seed `{path.name}`: figures and settings that are part of the code.",
        metadata=_seed_metadata(path),
    )
    for name, path in SQL.seeds.items()
]

_MADE = columns(SQL)


@dg.multi_asset(
    name="warehouse",
    specs=[_spec(model, _MADE[model.table]) for model in SQL.models],
    check_specs=[_check_spec(check) for check in SQL.checks],
    can_subset=True,
)
def warehouse(context: dg.AssetExecutionContext, project: Project) -> Iterator[Any]:
    """Refresh the selected SQL models for the run's days."""
    days = [date.fromisoformat(key) for key in _partitions(context)]
    tables = [".".join(key.path) for key in context.selected_asset_keys]
    try:
        done = refresh(
            project.lake,
            project.warehouse,
            min(days, default=None),
            max(days, default=None),
            tables,
            project=SQL,
            settings=project.config.sql_settings,
        )
    except ChecksFailedError as error:
        yield from _evaluations(context, error.outcome, days)
        raise dg.Failure(str(error), allow_retries=False) from error
    yield from _materializations(context, project, done, days)
    yield from _evaluations(context, done, days)


def _partitions(context: dg.AssetExecutionContext) -> list[str]:
    return list(context.partition_keys) if context.has_partition_key or context.has_partition_key_range else []


def _materializations(
    context: dg.AssetExecutionContext, project: Project, done: Refresh, days: list[date]
) -> Iterator[dg.MaterializeResult[Any]]:
    """Yield what each selected table is now; its picture and newest rows stand with the newest day."""
    seconds = {run.table: run.seconds for run in done.models}
    with reader(project.warehouse) as con:
        for model in SQL.models:
            key = asset_key(model.table)
            if key not in context.selected_asset_keys:
                continue
            frame, counts = series(con, model), rows_by_day(con, model)
            shown = {"dagster/row_count": sum(counts.values()), "seconds": round(seconds.get(model.table, 0.0), 3)}
            shown |= _views(model, frame, newest_rows(con, model, max(days, default=None), PREVIEW_ROWS))
            if not model.partition:
                yield dg.MaterializeResult(asset_key=key, metadata=shown)
                continue
            for day in days:
                per_day = {"dagster/partition_row_count": counts.get(day, 0), **_values(frame, day)}
                metadata = per_day | (shown if day == days[-1] else {})
                context.add_asset_metadata(metadata, asset_key=key, partition_key=day.isoformat())
            yield dg.MaterializeResult(asset_key=key)


def _views(model: Model, frame: pl.DataFrame, newest: pl.DataFrame) -> dict[str, Any]:
    """Return the newest rows as a table and the series as a picture."""
    shown: dict[str, Any] = {"preview": preview(newest, PREVIEW_ROWS)}
    if frame.height:
        data = base64.b64encode(picture(frame)).decode()
        shown["plot"] = dg.MetadataValue.md(f"![{model.name}](data:image/png;base64,{data})")
    return shown


def _values(frame: pl.DataFrame, day: date) -> dict[str, float]:
    """Return a day's value of each series; the UI draws them over the partitions."""
    rows = frame.filter(pl.col("day") == day).select("series", "value").iter_rows()
    return {str(name): round(value, 2) for name, value in rows}


def _evaluations(
    context: dg.AssetExecutionContext, done: Refresh, days: list[date]
) -> Iterator[dg.AssetCheckResult | dg.AssetCheckEvaluation | dg.Output[None]]:
    """Yield the results of the selected checks: one for the table, or one for each day and each failing day."""
    for run in done.checks:
        key = asset_key(run.check.asset)
        if dg.AssetCheckKey(key, run.check.name) not in context.selected_asset_check_keys:
            continue
        column = run.check.partition
        if column is None:
            yield dg.AssetCheckResult(asset_key=key, check_name=run.check.name, **_verdict(run, run.failing))
            continue
        for day in sorted({*days, *run.failing[column]}):
            verdict = _verdict(run, run.failing.filter(pl.col(column) == day))
            partition = {"partition": day.isoformat(), "blocking": run.check.blocking}
            yield dg.AssetCheckEvaluation(asset_key=key, check_name=run.check.name, **verdict, **partition)
        yield dg.Output(None, output_name=f"{key.to_python_identifier()}_{run.check.name}")


def _verdict(run: CheckRun, failing: pl.DataFrame) -> dict[str, Any]:
    severity = dg.AssetCheckSeverity.WARN if run.check.severity == "warn" else dg.AssetCheckSeverity.ERROR
    return {"passed": failing.is_empty(), "severity": severity, "metadata": _failures(failing)}


def _failures(failing: pl.DataFrame) -> dict[str, Any]:
    if failing.is_empty():
        return {"failing_rows": 0}
    return {"failing_rows": failing.height, "failing": preview(failing, PREVIEW_ROWS)}
