"""Runs the demo of a small country as a user does: as a command."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb

DAYS = ("--start", "2020-03-09", "--end", "2020-03-10")
CLEAN = {k: v for k, v in os.environ.items() if not k.startswith(("SOLARNET", "DAGSTER"))}


def demo_command(home: Path, scenario: Path) -> list[str]:
    program = Path(sys.executable).with_name("solarnet")
    return [str(program), "demo", "--home", str(home), "--scenario", str(scenario), *DAYS]


def run_demo(home: Path, scenario: Path) -> subprocess.CompletedProcess[str]:
    command = demo_command(home, scenario)
    return subprocess.run(command, env=CLEAN, capture_output=True, text=True, check=False, timeout=500)


def tables(home: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return the sorted rows of every model of a home's warehouse."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        listed = con.sql(
            "SELECT table_schema, table_name FROM information_schema.tables "
            "WHERE table_schema IN ('staging', 'intermediate', 'marts') ORDER BY ALL"
        ).fetchall()
        return {f"{s}.{t}": sorted(con.sql(f"FROM {s}.{t}").fetchall(), key=repr) for s, t in listed}


def workers_of(home: Path) -> list[int]:
    """Return the processes that work on a home (Linux: from their environment)."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if f"SOLARNET_HOME={home}".encode() in environment:
            found.append(int(folder.name))
    return found
