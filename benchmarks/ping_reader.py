"""Pings a second and peak memory of landing raw pings in the lake, beside the bare scan of the same files.

    python benchmarks/ping_reader.py                                   # 2.7 M and 27 M pings, a few minutes
    python benchmarks/ping_reader.py --million 270 --form parquet --folder DIR      # 25 GB of disk

A day of a made-up nation (28 pings a phone, ``commuting_pings.py``) is written as exports are: one file for each hour,
ids as text of 36 characters, times as epoch seconds (Parquet, zstd) or ISO text (CSV.gz). In an hour a phone speaks
about once, so that nearly each ping brings another id. Every job runs in a fresh process with two threads; jobs take
turns, medians are shown. Files lie in the page cache. Peak memory is that of the whole process (ru_maxrss).
"""

from __future__ import annotations

import gzip
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import pyarrow.parquet as pq
import typer
from commuting_pings import BUCKETS, cities, pings

from solarnet_assets.landing import RawFile
from solarnet_assets.mobility.readers import stream_pings
from solarnet_assets.storage.lake import Lake

DAY = date(2019, 11, 4)
PER_DAY = 28
NAMES = ["device_id", "timestamp", "latitude", "longitude", "horizontal_accuracy"]
JOBS = ["scan", "land"]


def generate(folder: Path, people: int, form: str) -> int:
    """Write a day's raw files; returns the number of pings."""
    writers: dict[int, Any] = {}
    rows = 0
    for bucket in range(BUCKETS):
        frame = raw(bucket, people // BUCKETS)
        rows += frame.height
        for (hour,), part in frame.group_by("hour", maintain_order=True):
            write(writers, folder, int(str(hour)), part.drop("hour"), form)
    for writer in writers.values():
        writer.close()
    return rows


def raw(bucket: int, people: int) -> pl.DataFrame:
    """Return pings of one bucket as an export names them, with the local ``hour``."""
    made = pings(bucket, DAY, people, PER_DAY)
    device = pl.col("device").cast(pl.String).str.zfill(20)
    parts = [device.str.slice(start, length) for start, length in ((0, 8), (4, 4), (8, 4), (12, 4), (8, 12))]
    columns = [pl.concat_str(parts, separator="-"), pl.col("time").dt.epoch("s"), "lat", "lon", "accuracy"]
    named = made.select(
        pl.col(c).alias(n) if isinstance(c, str) else c.alias(n) for c, n in zip(columns, NAMES, strict=True)
    )
    return named.with_columns(made["time"].dt.convert_time_zone("Asia/Shanghai").dt.hour().alias("hour"))


def write(writers: dict[int, Any], folder: Path, hour: int, part: pl.DataFrame, form: str) -> None:
    """Append to the file of an hour."""
    path = folder / f"{DAY}" / f"{hour:02}.{form}"
    path.parent.mkdir(parents=True, exist_ok=True)
    if form == "parquet":
        table = part.to_arrow(compat_level=pl.CompatLevel.oldest())
        if hour not in writers:
            writers[hour] = pq.ParquetWriter(path, table.schema, compression="zstd")
        writers[hour].write_table(table)
        return
    if first := hour not in writers:
        writers[hour] = gzip.open(path, "wb", compresslevel=1)  # noqa: SIM115 - closed by the caller
    clock = pl.from_epoch("timestamp").dt.to_string("%Y-%m-%dT%H:%M:%S+00:00")
    writers[hour].write(part.with_columns(timestamp=clock).write_csv(include_header=first).encode())


def job(name: str, folder: Path) -> dict[str, float]:
    """Run one job in this process."""
    files = sorted((folder / f"{DAY}").iterdir())
    begin, cpu = time.perf_counter(), time.process_time()
    if name == "scan":
        scan = pl.scan_parquet if files[0].suffix == ".parquet" else pl.scan_csv
        whole = [scan(file).select(pl.col(NAMES).max()) for file in files]
        rows = sum(frame.collect(engine="streaming").height for frame in whole)
    else:
        rows = land(files, folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds, spent = time.perf_counter() - begin, time.process_time() - cpu
    return {"seconds": seconds, "cpu": spent, "peak": peak, "rows": rows}


def land(files: list[Path], folder: Path) -> int:
    """Land the files as the asset ``pings`` does."""
    lake = Lake(folder / "lake", folder / "quarantine")
    given = [RawFile(file, file.relative_to(folder).as_posix()) for file in files]
    options = {"cities": cities(), "hash_key": b"benchmark", "scratch": folder}
    counts = lake.write_stream("pings", DAY, stream_pings(given, DAY, options))
    if not counts.balanced:
        raise SystemExit(f"records were lost: {counts}")
    return counts.n_out


def apart(name: str, folder: Path) -> dict[str, float]:
    """Run one job in a fresh process."""
    command = [sys.executable, __file__, "--job", name, "--folder", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "POLARS_MAX_THREADS": "2"})
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr[-2000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def measured(folder: Path, million: float, form: str, repeats: int) -> None:
    """Generate, measure and delete one size in one form."""
    rows = generate(folder, round(million * 1e6 / PER_DAY), form)
    size = sum(file.stat().st_size for file in (folder / f"{DAY}").iterdir()) / rows
    runs = [{name: apart(name, folder) for name in JOBS} for _ in range(repeats)]
    print(f"\n{rows:,} pings, {form}, {size:.1f} bytes a ping")
    print(f"{'':6} {'s':>8} {'M pings/s':>10} {'CPU ns/ping':>12} {'MiB':>7}")
    for name in JOBS:
        seconds, cpu = (statistics.median(run[name][kind] for run in runs) for kind in ("seconds", "cpu"))
        peak = max(run[name]["peak"] for run in runs)
        print(f"{name:6} {seconds:8.2f} {rows / seconds / 1e6:10.2f} {cpu / rows * 1e9:12.0f} {peak:7.0f}", flush=True)


def main(
    million: Annotated[list[float] | None, typer.Option(help="pings, millions; may be given several times")] = None,
    form: Annotated[list[str] | None, typer.Option(help="parquet, csv.gz; may be given several times")] = None,
    repeats: Annotated[int, typer.Option(help="turns")] = 3,
    folder: Annotated[Path | None, typer.Option(help="where files are written")] = None,
    job_name: Annotated[str, typer.Option("--job", help="for the benchmark itself: run one job and print it")] = "",
) -> None:
    """Print all tables."""
    if job_name and folder:
        print(json.dumps(job(job_name, folder)))
        return
    for size in million or [2.7, 27.0]:
        for kind in form or ["parquet", "csv.gz"]:
            with tempfile.TemporaryDirectory(dir=folder) as name:
                measured(Path(name), size, kind, repeats)


if __name__ == "__main__":
    typer.run(main)
