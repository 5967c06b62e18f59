"""Dagster's SQLite event log with its connections kept open.

A range of days writes thousands of events, and the stock storage opens a new engine for each statement. This one
keeps one engine per database; ``benchmarks/partitions.py`` prints what that saves. It is the embedded default of a
home (``dagster.yaml``); production uses Postgres, where nothing of this is needed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dagster._core.storage.event_log.sqlite.sqlite_event_log import (
    INDEX_SHARD_NAME,
    SqliteEventLogStorage,
)
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.pool import StaticPool

BUSY_SECONDS = 60
OPEN_RUNS = 16


class KeptSqliteEventLog(SqliteEventLogStorage):
    """The stock storage, below ``$DAGSTER_HOME/history/runs``, with one connection per database and thread lock.

    Commits are left to the system to flush: a killed process loses nothing; a power cut could lose the newest
    events, never the file (sqlite.org/pragma.html#pragma_synchronous).
    """

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, Engine] = {}
        super().__init__(base_dir=str(Path(os.environ["DAGSTER_HOME"]) / "history" / "runs"), inst_data=inst_data)

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Take no settings."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> KeptSqliteEventLog:
        """Open the storage of this Dagster home."""
        return cls(inst_data=inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock, self._engine(shard).begin() as connection:
            yield connection

    def _engine(self, shard: str) -> Engine:
        if shard not in self._engines:
            engine = create_engine(
                self.conn_string_for_shard(shard),
                poolclass=StaticPool,
                connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
            )
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA synchronous = NORMAL")
            self._close_oldest()
            self._engines[shard] = engine
        return self._engines[shard]

    def _close_oldest(self) -> None:
        """Keep a long-lived web server from holding one open file for every run there ever was."""
        runs = [shard for shard in self._engines if shard != INDEX_SHARD_NAME]
        for shard in runs[: max(0, len(runs) + 1 - OPEN_RUNS)]:
            self._engines.pop(shard).dispose()

    def dispose(self) -> None:
        """Close all connections."""
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()
        super().dispose()
