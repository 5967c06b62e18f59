"""What a warehouse remembers of itself, in schema ``meta``: fingerprints, partitions that it has seen, pending days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import duckdb
import polars as pl

from solarnet_assets.sql.plan import Stamps

_TABLES = {
    "models": pl.Schema({"model": pl.String, "fingerprint": pl.String}),
    "partitions": pl.Schema({"asset": pl.String, "day": pl.Date, "stamp": pl.String}),
    "pending": pl.Schema({"model": pl.String, "day": pl.Date}),
}


@dataclass(frozen=True)
class State:
    """What earlier refreshes left.

    Attributes:
        fingerprints: model -> fingerprint that its table was made with.
        stamps: lake partitions as they were seen.
        pending: model -> days that are known to be out of date.
    """

    fingerprints: dict[str, str]
    stamps: Stamps
    pending: dict[str, set[date]]


def load_state(con: duckdb.DuckDBPyConnection) -> State:
    """Read the state of a warehouse; empty for a new one."""
    con.execute("create schema if not exists meta")
    for name, schema in _TABLES.items():
        if not _exists(con, name):
            _store(con, name, schema.to_frame())
    pending: dict[str, set[date]] = {}
    for model, day in con.sql("select model, day from meta.pending").fetchall():
        pending.setdefault(model, set()).add(day)
    return State(
        dict(con.sql("select model, fingerprint from meta.models").fetchall()),
        {(asset, day): stamp for asset, day, stamp in con.sql("select * from meta.partitions").fetchall()},
        pending,
    )


def save_state(con: duckdb.DuckDBPyConnection, state: State) -> None:
    """Replace the state of a warehouse."""
    _store(con, "models", _frame("models", sorted(state.fingerprints.items())))
    _store(con, "partitions", _frame("partitions", ((*key, stamp) for key, stamp in sorted(state.stamps.items()))))
    _store(con, "pending", _frame("pending", _rows(state.pending)))


def _rows(pending: Mapping[str, set[date]]) -> list[tuple[str, date]]:
    return [(model, day) for model, days in sorted(pending.items()) for day in sorted(days)]


def _frame(name: str, rows: Iterable[tuple[object, ...]]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=_TABLES[name], orient="row")


def _exists(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    tables = con.sql("select schema_name, table_name from duckdb_tables() where database_name = current_database()")
    return ("meta", name) in tables.fetchall()


def _store(con: duckdb.DuckDBPyConnection, name: str, frame: pl.DataFrame) -> None:
    con.register("state_frame", frame)
    con.execute(f"create or replace table meta.{name} as select * from state_frame")  # noqa: S608
    con.unregister("state_frame")
