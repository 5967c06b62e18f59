"""Reads the folder ``dbt_like_sql``: one SELECT per file, into models, checks and seeds in the order to run.

``staging/``, ``intermediate/`` and ``marts/`` hold models: the table ``<folder>.<file name>``. ``checks/`` holds
SELECTs of rows that fail. ``seeds/`` holds CSV files. A model names what it reads as ``lake.<asset>``,
``seeds.<file>`` or ``<folder>.<model>``; nothing else, so that the graph is what the text says.
"""

from __future__ import annotations

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import sqlglot
from sqlglot import exp

from solarnet_assets.landing import BadInputError
from solarnet_assets.sql.front import Front, parse_front
from solarnet_assets.sql.models import DIALECT, LAYERS, Check, Model, Project
from solarnet_assets.storage.schemas import SCHEMAS

_PACKAGE = Path(__file__).resolve().parents[1]


def sql_folder() -> Path:
    """Return ``dbt_like_sql``: of the repository, or the copy inside an installed package.

    Raises:
        BadInputError: neither is there.
    """
    for folder in (_PACKAGE / "_dbt_like_sql", _PACKAGE.parent / "dbt_like_sql"):
        if folder.is_dir():
            return folder
    raise BadInputError(f"the folder of SQL files is missing: looked for dbt_like_sql beside {_PACKAGE}")


def load_project(folder: Path | None = None) -> Project:
    """Read every SQL file and seed of a folder.

    Args:
        folder: a folder with ``staging``, ``intermediate``, ``marts``, ``checks`` and ``seeds``; None: the shipped one.

    Raises:
        BadInputError: a file that is not one SELECT, a bad front comment, a name used twice, a table that nobody
            makes, or models that read each other in a circle; the message names the file.
    """
    folder = folder or sql_folder()
    models = [_read_model(path, layer) for layer in LAYERS for path in sorted((folder / layer).glob("*.sql"))]
    seeds = {path.stem: path for path in sorted((folder / "seeds").glob("*.csv"))}
    _refuse_duplicates(models)
    known = {m.table for m in models} | {f"seeds.{s}" for s in seeds} | {f"lake.{a}" for a in SCHEMAS}
    for model in models:
        _refuse_unknown(model.depends, known, model.path)
    ordered = _in_order(models)
    own = [_read_check(path, ordered) for path in sorted((folder / "checks").glob("*.sql"))]
    for check in own:
        _refuse_unknown(check.depends, known, folder / "checks" / f"{check.name}.sql")
    checks = [_unique_check(model) for model in ordered if model.unique] + own
    return Project(folder, ordered, tuple(checks), seeds)


def tables_of(sql: str, file: str) -> tuple[str, ...]:
    """Return the qualified names of the tables that a SELECT reads, sorted, its CTEs left out.

    Args:
        sql: text of one SELECT.
        file: name for messages.

    Raises:
        BadInputError: not exactly one SELECT, a table without a schema, or a function that reads files.
    """
    tree = _one_select(sql, file)
    ctes = {cte.alias_or_name for cte in tree.find_all(exp.CTE)}
    names = set()
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier) and table.db:
            names.add(f"{table.db}.{table.name}")
        elif isinstance(table.this, exp.Identifier) and table.name not in ctes:
            raise BadInputError(f"{file}: table '{table.name}' needs its schema (lake, seeds, {', '.join(LAYERS)})")
        elif not isinstance(table.this, exp.Identifier) and "read" in table.this.sql(DIALECT).lower():
            raise BadInputError(f"{file}: reads files by itself ({table.this.sql(DIALECT)}); name a lake table instead")
    return tuple(sorted(names))


def _one_select(sql: str, file: str) -> exp.Query:
    try:
        statements = [s for s in sqlglot.parse(sql, read=DIALECT) if s is not None and not isinstance(s, exp.Semicolon)]
    except sqlglot.errors.ParseError as error:
        first = error.errors[0] if error.errors else {}
        raise BadInputError(
            f"{file}: line {first.get('line', '?')}: {first.get('description', error)} near '{first.get('highlight')}'"
        ) from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise BadInputError(f"{file}: must hold exactly one SELECT, it holds {len(statements)} statement(s)")
    return statements[0]


def _read_model(path: Path, layer: str) -> Model:
    file, sql = f"{layer}/{path.name}", path.read_text(encoding="utf-8")
    front = parse_front(sql, file)
    _require(front, ("description", "partition"), file)
    return Model(
        layer=layer,
        name=path.stem,
        path=path,
        sql=sql.strip().rstrip(";"),
        partition=front.partition,
        lookback=front.days("lookback", file),
        lookahead=front.days("lookahead", file),
        history=front.days("history", file),
        unique=front.names("unique"),
        owner=front.values.get("owner"),
        description=front.values["description"],
        notes=front.columns,
        plot=_plot(front, file),
        plot_where=front.values.get("plot_where", "true"),
        depends=tables_of(sql, file),
    )


def _plot(front: Front, file: str) -> tuple[str, ...]:
    names = front.names("plot")
    if names and len(names) != 5:
        raise BadInputError(f"{file}: plot names series, day, value, lower and upper column, not {len(names)} columns")
    return names


def _read_check(path: Path, models: Iterable[Model]) -> Check:
    file, sql = f"checks/{path.name}", path.read_text(encoding="utf-8")
    front = parse_front(sql, file)
    _require(front, ("description", "asset"), file)
    asset = front.values["asset"]
    if asset not in {model.table for model in models}:
        raise BadInputError(f"{file}: judges '{asset}', which no SQL file makes")
    return Check(
        name=path.stem,
        asset=asset,
        sql=sql.strip().rstrip(";"),
        description=front.values["description"],
        severity=front.choice("severity", ("error", "warn"), file),
        blocking=front.choice("blocking", ("no", "yes"), file) == "yes",
        partition=front.partition,
        depends=tables_of(sql, file),
    )


def _unique_check(model: Model) -> Check:
    keys = ", ".join(model.unique)
    missing = " or ".join(f"{key} is null" for key in model.unique)
    sql = f"select {keys}, count(*) as n from {model.table} group by {keys} having count(*) > 1 or {missing}"  # noqa: S608
    text = f"One row per {keys}, none of them null."
    return Check("unique_rows", model.table, sql, text, "error", blocking=True, partition=None, depends=(model.table,))


def _require(front: Front, keys: tuple[str, ...], file: str) -> None:
    for key in keys:
        if not front.values.get(key):
            raise BadInputError(f"{file}: the front comment must say '{key}: ...'")


def _refuse_duplicates(models: list[Model]) -> None:
    seen: dict[str, Path] = {}
    for model in models:
        if model.name in seen:
            raise BadInputError(f"two SQL files make '{model.name}': {seen[model.name]} and {model.path}")
        seen[model.name] = model.path


def _refuse_unknown(depends: Iterable[str], known: set[str], path: Path) -> None:
    for table in depends:
        if table not in known:
            raise BadInputError(f"{path.parent.name}/{path.name}: reads '{table}', which nothing makes")


def _in_order(models: list[Model]) -> tuple[Model, ...]:
    by_table = {model.table: model for model in models}
    graph = {table: [d for d in model.depends if d in by_table] for table, model in by_table.items()}
    try:
        return tuple(by_table[table] for table in TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise BadInputError(f"SQL models read each other in a circle: {' -> '.join(error.args[1])}") from error
