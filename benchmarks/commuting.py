"""Pings a second and peak memory of the commuting chain, beside other libraries and the bare Parquet scan.

    python benchmarks/commuting.py                                        # 2.7 M and 27 M pings, two minutes
    python benchmarks/commuting.py --million 2.7 --million 27 --million 270 --peers PEERS/bin/python

Pings of a made-up nation (28 a day and phone, ``commuting_pings.py``) are landed in a lake of their own, in two shapes:
four weeks of so many people as make up the number (what the chain needs), and a single day of 28 times as many (a
nation's day). Every job runs in a fresh process, alone, with two threads; jobs take turns, medians are shown. Files
lie in the page cache. Peak memory is that of the whole process (VmHWM). Peers are measured without reading.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import polars as pl
import typer
from commuting_jobs import days_of, generate, lake_of, prepare

HERE = Path(__file__).parent
DAYS, PER_DAY = 28, 28
SCANS = ["scan_pyarrow", "scan_readers", "scan_polars", "scan_duckdb"]
PEERS = ["transbigdata", "scikit-mobility", "trackintel"]
PEER_SECONDS = 150.0


def job(name: str, home: Path, days: int) -> dict[str, Any]:
    """Run one job in a fresh process."""
    command = [sys.executable, str(HERE / "commuting_jobs.py"), name, str(home), str(days)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "POLARS_MAX_THREADS": "2"})
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def turns(names: list[str], home: Path, days: int, repeats: int) -> dict[str, dict[str, float]]:
    """Run jobs in turn; returns medians of seconds and CPU seconds, and the largest peak."""
    runs = [{name: job(name, home, days) for name in names} for _ in range(repeats)]
    return {
        name: {
            "seconds": statistics.median(run[name]["seconds"] for run in runs),
            "cpu": statistics.median(run[name]["cpu"] for run in runs),
            "peak": max(run[name]["peak"] for run in runs),
        }
        for name in names
    }


def show(title: str, pings: int, found: dict[str, dict[str, float]]) -> None:
    """Print rates, memory and the share of the fastest scan, by wall clock and by CPU time."""
    scans = [found[name] for name in SCANS]
    wall, cpu = (min(scan[kind] for scan in scans) for kind in ("seconds", "cpu"))
    print(f"\n{title}: {pings:,} pings")
    print(f"{'':14} {'s':>8} {'M pings/s':>10} {'MiB':>7} {'of the scan':>12} {'CPU ns/ping':>12} {'by CPU':>7}")
    for name, run in found.items():
        rate, each = pings / run["seconds"] / 1e6, run["cpu"] / pings * 1e9
        shares = f"{wall / run['seconds']:12.2f} {each:12.1f} {cpu / run['cpu']:7.2f}"
        print(f"{name:14} {run['seconds']:8.2f} {rate:10.2f} {run['peak']:7.0f} {shares}", flush=True)


def measured(folder: Path, million: float, repeats: int, history: bool) -> None:
    """Generate, measure and delete one size in one shape."""
    home, days = folder / "home", DAYS if history else 1
    prepare(home)
    people = round(million * 1e6 / (days * PER_DAY))
    pings = generate(home, days_of(days), people)
    files = lake_of(home).root / "pings"
    size = sum(file.stat().st_size for file in files.rglob("*.parquet")) / pings
    jobs = [*SCANS, "reduction", "asset", "locate", "count", "chain"] if history else [*SCANS, "reduction", "asset"]
    shape = "four weeks" if history else "one day"
    show(f"{shape}, {people:,} people, {size:.1f} bytes a ping", pings, turns(jobs, home, days, repeats))
    shutil.rmtree(home)


def backfill(folder: Path, people: int, days: int) -> None:
    """Show the seconds of the chain's day over a year."""
    home = folder / "year"
    prepare(home)
    pings = generate(home, days_of(days), people)
    run = job("backfill", home, days)
    quarter = days // 4
    each = [1000 * statistics.mean(run["found"][n : n + quarter]) for n in range(0, 4 * quarter, quarter)]
    print(f"\n{days} days of {people:,} people ({pings:,} pings) one after the other, peak {run['peak']:.0f} MiB")
    print("ms a day in each quarter of the year: " + ", ".join(f"{ms:.0f}" for ms in each), flush=True)
    shutil.rmtree(home)


def peers(folder: Path, python: str) -> None:
    """Run each library on ever larger files while it promises to end in time."""
    home = folder / "peers"
    prepare(home)
    print(f"\npeers\n{'':16} {'pings':>12} {'s':>8} {'k pings/s':>10} {'MiB':>7}")
    slow: dict[str, float] = {}
    for million in (0.27, 2.7, 27.0):
        if file := _array(home, million) if len(slow) < len(PEERS) else None:
            for name in PEERS:
                if slow.get(name, 0.0) < PEER_SECONDS:
                    slow[name] = 10 * _peer(python, name, file)
    shutil.rmtree(home)


def _array(home: Path, million: float) -> Path:
    generate(home, days_of(DAYS), round(million * 1e6 / (DAYS * PER_DAY)))
    days = days_of(DAYS)
    frame = lake_of(home).scan("pings", days[0], days[-1]).select("device", "time", "lat", "lon").collect()
    frame = frame.with_columns(pl.col("device").rank("dense"), pl.col("time").dt.epoch("s")).sort("device", "time")
    np.savez(home / "pings.npz", **{c: frame[c].to_numpy() for c in frame.columns})
    return home / "pings.npz"


def _peer(python: str, name: str, file: Path) -> float:
    """Run one library on one file; returns its seconds, infinite if it did not end."""
    command = [python, str(HERE / "commuting_peers.py"), name, str(file)]
    pings = int(np.load(file)["device"].shape[0])
    limit = 1.5 * PEER_SECONDS
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=limit)
    except subprocess.TimeoutExpired:
        print(f"{name:16} {pings:12,} more than {limit:.0f} s", flush=True)
        return float("inf")
    except subprocess.CalledProcessError as error:
        print(
            f"{name:16} {pings:12,} failed: {(error.stderr.strip().splitlines() or ['killed'])[-1][:100]}", flush=True
        )
        return float("inf")
    run = json.loads(done.stdout.splitlines()[-1])
    rate = pings / run["seconds"] / 1e3
    print(f"{name:16} {pings:12,} {run['seconds']:8.1f} {rate:10.1f} {run['peak']:7.0f}", flush=True)
    return float(run["seconds"])


def main(
    million: Annotated[list[float] | None, typer.Option(help="pings, millions; may be given several times")] = None,
    repeats: Annotated[int, typer.Option(help="turns; sizes of 100 million and more take one")] = 3,
    folder: Annotated[Path | None, typer.Option(help="where pings are written: 17 bytes each")] = None,
    python: Annotated[str, typer.Option("--peers", help="Python of benchmarks/peers-commuting.txt")] = "",
    days: Annotated[int, typer.Option(help="days of the backfill; 0: none")] = 365,
) -> None:
    """Print all tables."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        for size in million or [2.7, 27.0]:
            for history in (True, False):
                measured(Path(name), size, 1 if size >= 100 else repeats, history)
        if days:
            backfill(Path(name), 1_000, days)
        if python:
            peers(Path(name), python)


if __name__ == "__main__":
    typer.run(main)
