"""Refresh the warehouse: make the asked window of the asked models from the lake, check it, serve it.

The lake is seen through views of a catalog that lives in memory, so the served file holds real tables
only and goes on working when the lake moves.
"""

from __future__ import annotations

import glob
import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb

from solarnet_assets.landing import BadInputError
from solarnet_assets.sql.columns import create_seed, lake_frame, quote
from solarnet_assets.sql.folder import load_project
from solarnet_assets.sql.models import LAYERS, Check, Model, Project
from solarnet_assets.sql.outcome import CheckRun, ChecksFailedError, ModelRun, Refresh
from solarnet_assets.sql.plan import Plan, Span, changed_days, fingerprints, plan, stamps
from solarnet_assets.sql.state import State, load_state, save_state
from solarnet_assets.sql.versions import check_versions
from solarnet_assets.storage.lake import TABLE, Lake
from solarnet_assets.storage.schemas import UNPARTITIONED
from solarnet_assets.storage.tables import KNOWN_ON
from solarnet_assets.storage.warehouse import Limits, rewrite

_LACKING = (
    "select file_name from parquet_schema('{files}') group by file_name having not list_has_all(list(name), ?) limit 1"
)
"""Tables without a column that they should have; by name they would be read with nulls."""

FAILING_ROWS = 1000
"""Failing rows of a check that are kept to be shown."""


def refresh(
    lake: Lake,
    path: Path,
    start: date | None = None,
    end: date | None = None,
    models: Collection[str] | None = None,
    *,
    project: Project | None = None,
    settings: Mapping[str, str] | None = None,
    limits: Limits | None = None,
) -> Refresh:
    """Bring models up to date with the lake, make the rows of its days [start, end] anew, and serve the result.

    Lake partitions that changed outside the window are seen and taken in too, as are inputs of the asked models that
    are out of date; models that were never made or whose SQL changed are made as a whole.

    Args:
        lake: the lake that is read.
        path: the served DuckDB file.
        start: first lake day whose rows are made anew even if nothing changed; None: only what changed.
        end: last one.
        models: qualified names (``marts.recovery_daily``); None: all.
        project: the SQL files; None: the shipped ones.
        settings: replaces values of ``seeds.settings`` by name.
        limits: memory, threads and patience.

    Returns:
        What was made and checked.

    Raises:
        BadInputError: an unknown model, a SELECT that DuckDB refuses (names the file), or a busy writer.
        ChecksFailedError: a blocking check failed; the served file is unchanged.
    """
    begun = time.perf_counter()
    project, settings = project or load_project(), settings or {}
    selected = {model.table for model in (project.models if models is None else map(project.model, models))}
    window = Span(start, end) if start and end else None
    with rewrite(path, limits) as con:
        _prepare(con, project, settings)
        work, state = _planned(con, project, lake, settings, selected, window)
        made, checked = _made(con, project, lake, work)
        outcome = Refresh(made, checked, time.perf_counter() - begun)
        if any(run.check.blocking and not run.passed for run in checked):
            raise ChecksFailedError(outcome)
        save_state(con, state)
    return replace(outcome, seconds=time.perf_counter() - begun)


def _planned(
    con: duckdb.DuckDBPyConnection,
    project: Project,
    lake: Lake,
    settings: Mapping[str, str],
    selected: Collection[str],
    window: Span | None,
) -> tuple[Plan, State]:
    """Return what is to be made, and what the warehouse remembers once it is."""
    state = load_state(con)
    wanted = fingerprints(project, lake, settings)
    current = {t for t in _tables(con) if t in wanted and state.fingerprints.get(t) == wanted[t]}
    seen = stamps(lake, project.lake_assets(wanted))
    work = plan(project, selected, current, changed_days(state.stamps, seen), state.pending, window)
    kept = {t: f for t, f in state.fingerprints.items() if t in wanted}
    return work, State({**kept, **{t: wanted[t] for t in work.todo}}, seen, work.pending)


def _made(
    con: duckdb.DuckDBPyConnection, project: Project, lake: Lake, work: Plan
) -> tuple[tuple[ModelRun, ...], tuple[CheckRun, ...]]:
    """Make the models of a plan, and run their checks."""
    checks = [check for check in project.checks if check.asset in work.todo]
    assets = _lake_reads(project, work.todo, checks)
    try:
        _open_lake(con, lake, assets)
        runs = tuple(_make(con, project.model(table), spans) for table, spans in work.todo.items())
        return runs, tuple(_check(con, check) for check in checks)
    except (duckdb.Error, BadInputError):
        check_versions(lake, assets)  # the likeliest cause, and one that DuckDB tells in its own words
        raise


def _prepare(con: duckdb.DuckDBPyConnection, project: Project, settings: Mapping[str, str]) -> None:
    """Create what a fresh file lacks, load the seeds, and drop tables whose file is gone."""
    for schema in ("seeds", *LAYERS):
        con.execute(f"create schema if not exists {schema}")
    known = {model.table for model in project.models} | {f"seeds.{name}" for name in project.seeds}
    for table in _tables(con) - known:
        schema, name = table.split(".", 1)
        con.execute(f"drop table {schema}.{quote(name)}")
    for name, path in project.seeds.items():
        create_seed(con, name, path)
    for name, value in settings.items():
        con.execute("update seeds.settings set value = $value where name = $name", {"value": value, "name": name})


def _tables(con: duckdb.DuckDBPyConnection) -> set[str]:
    rows = con.sql(
        "select schema_name, table_name from duckdb_tables() "
        "where database_name = current_database() and schema_name <> 'meta'"
    )
    return {f"{schema}.{name}" for schema, name in rows.fetchall()}


def _lake_reads(project: Project, todo: Collection[str], checks: Collection[Check]) -> list[str]:
    by_checks = {name.removeprefix("lake.") for c in checks for name in c.depends if name.startswith("lake.")}
    return sorted(by_checks | set(project.lake_assets(todo)))


def _open_lake(con: duckdb.DuckDBPyConnection, lake: Lake, assets: Collection[str]) -> None:
    """Show lake assets as ``lake.<asset>``: a view over what is there, a typed empty table over what is not."""
    if lake.root.protocol not in ("", "file"):
        con.register_filesystem(lake.root.fs)
    con.execute("attach ':memory:' as lake")
    for asset in assets:
        frame = lake_frame(asset)
        pattern = TABLE if asset in UNPARTITIONED else f"day=*/{TABLE}"
        if not any((lake.root / asset).glob(pattern)):
            con.register("empty_frame", frame)
            con.execute(f"create table lake.main.{asset} as select * from empty_frame")  # noqa: S608
            con.unregister("empty_frame")
            continue
        files = f"{glob.escape(str(lake.root / asset))}/{pattern}".replace("'", "''")
        options = "" if asset in UNPARTITIONED else ", hive_partitioning = true, hive_types = {'day': date}"
        names = ", ".join(map(quote, frame.columns))
        found = f"read_parquet('{files}'{options})"
        if KNOWN_ON in frame.columns:  # earlier versions wrote no such column: what they have was known in time
            others = [name for name in frame.columns if name not in (KNOWN_ON, "day")]
            if con.execute(_LACKING.format(files=files), [others]).fetchall():
                check_versions(lake, [asset])
            con.execute(f"create table lake.main.{asset}_columns ({KNOWN_ON} date)")
            found = f"read_parquet('{files}'{options}, union_by_name = true)"
            found = f"(select * from {found} union all by name select * from lake.main.{asset}_columns)"  # noqa: S608
        con.execute(f"create view lake.main.{asset} as select {names} from {found}")  # noqa: S608


def _make(con: duckdb.DuckDBPyConnection, model: Model, spans: tuple[Span, ...] | None) -> ModelRun:
    """Replace a model, or days of it, in one transaction."""
    begun = time.perf_counter()
    con.execute("begin")
    try:
        rows = _create(con, model) if spans is None else _replace(con, model, spans)
        con.execute("commit")
    except duckdb.Error as error:
        con.execute("rollback")
        raise BadInputError(f"{model.layer}/{model.path.name}: {error}") from error
    total = _count(con, f"select count(*) from {model.table}")  # noqa: S608
    return ModelRun(model.table, spans, rows, total, time.perf_counter() - begun)


def _create(con: duckdb.DuckDBPyConnection, model: Model) -> int:
    return _count(con, f"create or replace table {model.table} as {_select(model)}")


def _replace(con: duckdb.DuckDBPyConnection, model: Model, spans: tuple[Span, ...]) -> int:
    column = quote(model.partition or "")
    days = " or ".join(f"{column} between date '{span.start}' and date '{span.end}'" for span in spans)
    con.execute(f"delete from {model.table} where {days}")  # noqa: S608
    return _count(con, f"insert into {model.table} {_select(model, days)}")


def _select(model: Model, condition: str = "true") -> str:
    order = f" order by {', '.join(map(quote, model.unique))}" if model.unique else ""
    return f"select * from (\n{model.sql}\n) as made where {condition}{order}"  # noqa: S608


def _count(con: duckdb.DuckDBPyConnection, statement: str) -> int:
    rows = con.execute(statement).fetchall()  # all of them: DuckDB keeps a connection with an unread result to itself
    return int(rows[0][0]) if rows else 0


def _check(con: duckdb.DuckDBPyConnection, check: Check) -> CheckRun:
    try:
        failing = con.sql(f"select * from (\n{check.sql}\n) as failing limit {FAILING_ROWS}").pl()  # noqa: S608
    except duckdb.Error as error:
        raise BadInputError(f"check {check.name} of {check.asset}: {error}") from error
    return CheckRun(check, failing)
