"""Columns of SQL models: names and types by DESCRIBE on empty typed tables, lineage by sqlglot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import Node, lineage

from solarnet_assets.landing import BadInputError
from solarnet_assets.sql.models import DIALECT, LAYERS, Model, Project
from solarnet_assets.storage.schemas import SCHEMAS, UNPARTITIONED

Source = tuple[str, str]
"""Qualified table and column."""

_Schema = dict[str, dict[str, dict[str, str]]]
"""Schema -> table -> column -> DuckDB type."""


@dataclass(frozen=True)
class Column:
    """One output column of a model.

    Attributes:
        name: name of the column.
        type: DuckDB type.
        description: what it holds; from the front comment, else from the column that it copies.
        sources: columns that its value is made of, sorted; empty for a constant.
    """

    name: str
    type: str
    description: str
    sources: tuple[Source, ...]


def lake_frame(asset: str) -> pl.DataFrame:
    """Return the empty typed frame of a lake asset, with its ``day`` column where it is partitioned."""
    frame = SCHEMAS[asset].create_empty()
    return frame if asset in UNPARTITIONED else frame.with_columns(pl.lit(None, pl.Date).alias("day"))


def create_seed(con: duckdb.DuckDBPyConnection, name: str, path: Path) -> None:
    """Create (or replace) table ``seeds.<name>`` from a CSV file; types are read off all its rows.

    Raises:
        BadInputError: the file is not a CSV with a header.
    """
    try:
        con.execute(
            f"create or replace table seeds.{quote(name)} as "  # noqa: S608
            "select * from read_csv($path, header = true, sample_size = -1, null_padding = false)",
            {"path": str(path)},
        )
    except duckdb.Error as error:
        raise BadInputError(f"seed {path.name} cannot be read as CSV: {str(error).splitlines()[0]}") from error


def quote(name: str) -> str:
    """Return an SQL identifier in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def columns(project: Project) -> dict[str, tuple[Column, ...]]:
    """Return the columns of every model of a project, by qualified model name.

    Raises:
        BadInputError: DuckDB refuses a model; the message names the file and DuckDB's reason.
    """
    con = duckdb.connect()
    try:
        schema = _empty_warehouse(con, project)
        docs = {f"lake.{asset}": _lake_docs(asset) for asset in SCHEMAS}
        result = {}
        for model in project.models:
            table = _describe(con, model)
            sources = _sources(model, list(table), schema)
            schema[model.layer][model.name] = table
            docs[model.table] = {name: _describe_column(model, name, sources[name], docs) for name in table}
            result[model.table] = tuple(
                Column(name, type_, docs[model.table][name], sources[name]) for name, type_ in table.items()
            )
        return result
    finally:
        con.close()


def _empty_warehouse(con: duckdb.DuckDBPyConnection, project: Project) -> _Schema:
    schema: _Schema = {"lake": {}, "seeds": {}, **{layer: {} for layer in LAYERS}}
    for name in schema:
        con.execute(f"create schema {name}")
    for asset in project.lake_assets(model.table for model in project.models):
        con.register("frame", lake_frame(asset))
        con.execute(f"create table lake.{quote(asset)} as select * from frame")  # noqa: S608
        con.unregister("frame")
        schema["lake"][asset] = _types(con, f"lake.{asset}")
    for name, path in project.seeds.items():
        create_seed(con, name, path)
        schema["seeds"][name] = _types(con, f"seeds.{name}")
    return schema


def _types(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    return {row[0]: row[1] for row in con.sql(f"describe {table}").fetchall()}


def _describe(con: duckdb.DuckDBPyConnection, model: Model) -> dict[str, str]:
    try:
        con.execute(f"create table {model.table} as select * from ({model.sql}\n) limit 0")  # noqa: S608
    except duckdb.Error as error:
        raise BadInputError(f"{model.layer}/{model.path.name}: {error}") from error
    table = _types(con, model.table)
    for name in (*model.unique, *model.notes, *model.plot, *([model.partition] if model.partition else [])):
        if name not in table:
            raise BadInputError(f"{model.layer}/{model.path.name}: the front comment names column '{name}', not made")
    if model.partition and table[model.partition] != "DATE":
        raise BadInputError(f"{model.layer}/{model.path.name}: partition column '{model.partition}' must be a DATE")
    return table


def _sources(
    model: Model, names: list[str], schema: dict[str, dict[str, dict[str, str]]]
) -> dict[str, tuple[Source, ...]]:
    """Return column -> source columns; empty tuples where sqlglot cannot follow the statement."""
    try:
        found = lineage(None, model.sql, schema, dialect=DIALECT, trim_selects=False)
        return {name: _leaves(found[name]) if name in found else () for name in names}
    except SqlglotError:
        return dict.fromkeys(names, ())


def _leaves(root: Node) -> tuple[Source, ...]:
    found = set()
    for node in root.walk():
        if isinstance(node.expression, exp.Table) and node.expression.db:
            column = exp.to_column(node.name).name.strip('"')
            if column != "*":
                found.add((f"{node.expression.db}.{node.expression.name}", column))
    return tuple(sorted(found))


def _lake_docs(asset: str) -> dict[str, str]:
    docs = {name: column.description or "" for name, column in SCHEMAS[asset].columns().items()}
    return docs if asset in UNPARTITIONED else {**docs, "day": "day of the lake partition"}


def _describe_column(
    model: Model, name: str, sources: tuple[Source, ...], docs: Mapping[str, Mapping[str, str]]
) -> str:
    if name in model.notes:
        return model.notes[name]
    texts = {docs.get(table, {}).get(column, "") for table, column in sources if column == name}
    return texts.pop() if len(texts) == 1 else ""
