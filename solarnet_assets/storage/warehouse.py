"""The served DuckDB file: readers open it read-only, a writer works on a private copy and swaps it in.

DuckDB lets one process write or many read. So nobody ever writes to the served file: :func:`rewrite`
hands out a private copy and renames it over the served one when all went well. A reader that has the old file
open keeps it until it closes; a kill leaves the old file.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import duckdb

from solarnet_assets.landing import BadInputError

CATALOG = "warehouse"
"""Name under which connections see the file: tables are ``marts.x``, in full ``warehouse.marts.x``."""


@dataclass(frozen=True)
class Limits:
    """What one connection may use.

    Attributes:
        memory: DuckDB size such as ``1GB``; beyond it operators spill to disk beside the file.
        threads: worker threads. One makes sums of floats repeatable to the last bit.
        wait_seconds: how long a writer waits for another writer to finish.
    """

    memory: str = "1GB"
    threads: int = 1
    wait_seconds: float = 600.0


@contextmanager
def reader(path: Path, limits: Limits | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse for reading: the file as it is now, whatever a writer does meanwhile.

    Read with ``con.sql(query).pl()``. Attached to a connection of its own, since DuckDB hands out one shared
    instance per path and process, which would go on showing a file that has been replaced.

    Raises:
        BadInputError: there is no warehouse yet, or the file is not one that this DuckDB reads.
    """
    if not path.exists():
        raise BadInputError(f"there is no warehouse at {path} yet; a refresh of the SQL models makes it")
    with _connection(path, read_only=True, limits=limits or Limits()) as con:
        yield con


@contextmanager
def rewrite(path: Path, limits: Limits | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a private copy of the warehouse for writing; swap it in when the block ends without an error.

    An unreadable file counts as none: the warehouse is derived, so the copy starts empty then.

    Raises:
        BadInputError: another writer did not finish within ``limits.wait_seconds``.
    """
    limits = limits or Limits()
    path.parent.mkdir(parents=True, exist_ok=True)
    with _only_writer(path, limits.wait_seconds):
        draft = path.with_name(f".{path.name}.draft")
        _remove(draft)
        try:
            if _readable(path):
                shutil.copyfile(path, draft)
            with _connection(draft, read_only=False, limits=limits) as con:
                yield con
                con.execute(f"checkpoint {CATALOG}")
            _swap_in(draft, path)
        finally:
            _remove(draft)


@contextmanager
def _connection(path: Path, *, read_only: bool, limits: Limits) -> Iterator[duckdb.DuckDBPyConnection]:
    spill = path.parent / f".{path.name}.spill"
    con = duckdb.connect(
        config={"memory_limit": limits.memory, "threads": limits.threads, "temp_directory": str(spill)}
    )
    try:
        _attach(con, path, read_only=read_only)
        yield con
    finally:
        con.close()


def _attach(con: duckdb.DuckDBPyConnection, path: Path, *, read_only: bool) -> None:
    option = " (read_only)" if read_only else ""
    try:
        con.execute(f"attach '{_literal(path)}' as {CATALOG}{option}")
    except duckdb.Error as error:
        raise BadInputError(f"{path} is not a warehouse that this DuckDB reads: {error}") from error
    con.execute(f"use {CATALOG}")
    con.execute("set timezone = 'UTC'")


def _literal(path: Path) -> str:
    return str(path).replace("'", "''")


def _readable(path: Path) -> bool:
    """Tell whether the file is there and is a DuckDB database that opens."""
    if not path.exists():
        return False
    con = duckdb.connect()
    try:
        con.execute(f"attach '{_literal(path)}' as probe (read_only)")
        return True
    except duckdb.Error:
        return False
    finally:
        con.close()


def _swap_in(draft: Path, path: Path) -> None:
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(draft, path)  # noqa: PTH105 - named for what it guarantees: readers see the old file or the new one
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _remove(draft: Path) -> None:
    """Remove a draft and its log; only the holder of the lock may, since the name is fixed."""
    for file in (draft, draft.with_name(f"{draft.name}.wal")):
        file.unlink(missing_ok=True)
    shutil.rmtree(draft.parent / f".{draft.name}.spill", ignore_errors=True)


@contextmanager
def _only_writer(path: Path, wait_seconds: float) -> Iterator[None]:
    """Hold the lock file of a warehouse; the system frees it when the process ends, however it ends."""
    with path.with_name(f".{path.name}.lock").open("a+", encoding="utf-8") as lock:
        deadline = time.monotonic() + wait_seconds
        while not _try_lock(lock):
            if time.monotonic() >= deadline:
                lock.seek(0)
                holder = lock.read().strip() or "unknown"
                raise BadInputError(
                    f"the warehouse {path} is being refreshed by process {holder}, which did not finish within "
                    f"{wait_seconds:g} s; let it finish or stop it, then try again"
                )
            time.sleep(0.05)
        lock.seek(0)
        lock.truncate()
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _try_lock(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
