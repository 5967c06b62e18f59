"""The marts as files that anybody reads: Parquet, one CSV, a data dictionary, a manifest of what belongs together.

Each file replaces its older version by rename, and one run at a time does so. The manifest comes last and names every
file by its SHA-256, so a reader who needs all tables of one state checks them against it; a kill on the way leaves the
older manifest, which then names digests that some files no longer have, and the next run mends it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb
from upath import UPath

from solarnet_assets.sql.columns import columns, quote
from solarnet_assets.sql.models import Model, Project
from solarnet_assets.storage.files import held
from solarnet_assets.storage.spreadsheet import FORMULA
from solarnet_assets.storage.warehouse import reader

MANIFEST, DICTIONARY = "manifest.json", "data_dictionary.csv"
AS_CSV = ("recovery_daily",)
"""Marts that are written as CSV too, for spreadsheets and statistics programs."""


def publish(warehouse: Path, folder: Path, project: Project, others: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Write every mart into a folder, with its dictionary.

    Args:
        warehouse: the served DuckDB file.
        folder: where the files go; made if it is not there. Files of other origin in it are left alone.
        project: the SQL files that made the warehouse.
        others: Parquet files that others write into the folder; those that are there stand in the manifest too.

    Returns:
        One entry per file, as in the manifest: file, rows, bytes, sha256. The same tables give the same bytes.

    Raises:
        BadInputError: there is no readable warehouse.
    """
    with held(UPath(folder)), reader(warehouse) as con:
        marts = [model for model in project.models if model.layer == "marts" and _is_made(con, model)]
        entries = [entry for model in marts for entry in _files(con, model, folder)]
        entries.append(_write(con, folder / DICTIONARY, _dictionary(con, project, marts), "format csv, header"))
        for file in (folder / name for name in others):
            if file.exists():
                entries.append(_entry(file, _count(con, file)))
        draft = _draft(folder / MANIFEST)
        draft.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
        draft.replace(folder / MANIFEST)
    return entries


def _is_made(con: duckdb.DuckDBPyConnection, model: Model) -> bool:
    found = con.execute(
        "select count(*) from duckdb_tables() where schema_name = ? and table_name = ?", [model.layer, model.name]
    ).fetchall()
    return bool(found[0][0])


def _files(con: duckdb.DuckDBPyConnection, model: Model, folder: Path) -> Iterator[dict[str, Any]]:
    order = ", ".join(map(quote, model.unique)) or "all"
    query = f"select * from {model.table} order by {order}"  # noqa: S608 - identifiers of our own files
    yield _write(con, folder / f"{model.name}.parquet", query, "format parquet, compression zstd")
    if model.name in AS_CSV:
        yield _write(con, folder / f"{model.name}.csv", _inert(con, query), "format csv, header")


def _inert(con: duckdb.DuckDBPyConnection, query: str) -> str:
    """Return a query whose texts no spreadsheet takes for a formula, as :func:`storage.spreadsheet.inert` does."""
    texts = [quote(name) for name, kind, *_ in con.execute(f"describe {query}").fetchall() if kind == "VARCHAR"]
    parts = [f"case when regexp_matches({t}, '{FORMULA}') then concat('''', {t}) else {t} end as {t}" for t in texts]
    return f"select * replace ({', '.join(parts)}) from ({query})" if parts else query  # noqa: S608 - as above


def _dictionary(con: duckdb.DuckDBPyConnection, project: Project, marts: Iterable[Model]) -> str:
    """Return the query of the dictionary: one row per column, in the order of the tables."""
    known = columns(project)
    rows = [
        (model.name, place, column.name, column.type, column.description, _origin(column.sources), model.description)
        for model in marts
        for place, column in enumerate(known[model.table], 1)
    ]
    con.execute(
        "create or replace temp table dictionary (table_name varchar, position integer, column_name varchar, "
        "type varchar, description varchar, made_from varchar, table_description varchar)"
    )
    con.executemany("insert into dictionary values (?, ?, ?, ?, ?, ?, ?)", rows)
    return "select * from dictionary order by table_name, position"


def _origin(sources: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{table}.{column}" for table, column in sources)


def _write(con: duckdb.DuckDBPyConnection, path: Path, query: str, options: str) -> dict[str, Any]:
    """Copy the rows of a query into a file; returns the file's entry in the manifest."""
    draft = _draft(path)
    rows = con.execute(f"copy ({query}) to '{_literal(draft)}' ({options})").fetchall()[0][0]
    draft.replace(path)
    return _entry(path, int(rows))


def _count(con: duckdb.DuckDBPyConnection, file: Path) -> int:
    return int(con.execute(f"select count(*) from read_parquet('{_literal(file)}')").fetchall()[0][0])  # noqa: S608


def _entry(file: Path, rows: int) -> dict[str, Any]:
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {"file": file.name, "rows": rows, "bytes": file.stat().st_size, "sha256": digest}


def _literal(path: Path) -> str:
    return str(path).replace("'", "''")


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.draft")
