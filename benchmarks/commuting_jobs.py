"""What the benchmark of the commuting chain measures: each job has a process of its own and prints a line of JSON.

python benchmarks/commuting_jobs.py JOB HOME DAYS     # started by benchmarks/commuting.py
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import duckdb
import polars as pl
import pyarrow.parquet as pq
from commuting_pings import cities, pings

from solarnet_assets.config import Config
from solarnet_assets.defs.commuting import count_day, locate_day, reduced
from solarnet_assets.mobility.calendar import calendar_frame
from solarnet_assets.mobility.reduce import COLUMNS, THREADS, device_days, device_days_in_parts
from solarnet_assets.storage.lake import Lake

FIRST = date(2019, 11, 4)
"""A Monday without holidays in the four weeks after it."""


def lake_of(home: Path) -> Lake:
    """Return the lake of a home."""
    return Lake(home / "lake", home / "quarantine")


def days_of(days: int) -> list[date]:
    """Return the first days."""
    return [FIRST + timedelta(days=n) for n in range(days)]


def prepare(home: Path) -> None:
    """Write what the chain reads beside pings."""
    lake_of(home).write("cities", None, cities())
    lake_of(home).write("calendar", None, calendar_frame("CN", FIRST, FIRST + timedelta(days=400)))


def generate(home: Path, days: list[date], devices: int) -> int:
    """Land the pings of some days of ``devices`` people; returns their number."""
    lake = lake_of(home)
    share = [devices // 64 + (bucket < devices % 64) for bucket in range(64)]
    return sum(
        lake.write_stream("pings", day, (pings(bucket, day, share[bucket]) for bucket in range(64))).n_out
        for day in days
    )


def _files(home: Path, days: list[date]) -> list[str]:
    return [str(lake_of(home).folder("pings", day) / "data.parquet") for day in days]


def scan_pyarrow(home: Path, days: list[date]) -> None:
    """Decode whole row groups, two at a time."""

    def read(part: tuple[str, int]) -> int:
        file = pq.ParquetFile(part[0], read_dictionary=["city"])
        return int(file.read_row_group(part[1], COLUMNS, use_threads=False).num_rows)

    parts = [(file, n) for file in _files(home, days) for n in range(pq.read_metadata(file).num_row_groups)]
    with ThreadPoolExecutor(THREADS) as pool:
        sum(pool.map(read, parts))


def scan_readers(home: Path, days: list[date]) -> None:
    """Decode as the reduction does, and do nothing else."""
    with ThreadPoolExecutor(THREADS) as pool:
        for day in days:
            readers = lake_of(home).readers("pings", day, COLUMNS, dictionaries=["city"])
            sum(pool.map(lambda read: int(read().num_rows), readers))


def scan_polars(home: Path, days: list[date]) -> None:
    """Sum up each column, so that each must be decoded."""
    sums = [pl.col(c).sum() for c in ("lat", "lon", "accuracy")]
    sums += [pl.col("device").bitwise_xor(), pl.col("time").to_physical().sum(), pl.col("city").count()]
    pl.scan_parquet(_files(home, days), hive_partitioning=False).select(sums).collect(engine="streaming")


def scan_duckdb(home: Path, days: list[date]) -> None:
    """The same in DuckDB."""
    connection = duckdb.connect()
    connection.execute(f"SET threads = {THREADS}")
    sums = "sum(lat), sum(lon), sum(accuracy), bit_xor(device), sum(epoch_us(time)), max(city)"
    table = connection.from_parquet(_files(home, days), hive_partitioning=False)
    table.aggregate(sums).fetchall()


def _frames(home: Path, days: list[date]) -> Iterator[pl.DataFrame]:
    lake = lake_of(home)
    for day in days:
        readers = lake.readers("pings", day, COLUMNS, dictionaries=["city"])
        yield from device_days_in_parts(readers, lake.read("cities"))


def reduction(home: Path, days: list[date]) -> None:
    """Read and reduce; the rows are counted and dropped."""
    rows = sum(frame.height for frame in _frames(home, days))
    assert rows


def _project(home: Path) -> SimpleNamespace:
    return SimpleNamespace(lake=lake_of(home), config=Config(home=home))


def _write(home: Path, asset: str, work: Callable[..., object], days: list[date]) -> None:
    for day in days:
        content = work(_project(home), day).content
        write = lake_of(home).write if isinstance(content, pl.DataFrame) else lake_of(home).write_stream
        write(asset, day, content)


def asset(home: Path, days: list[date]) -> None:
    """What the asset ``device_days`` does: read, reduce, validate, write."""
    _write(home, "device_days", reduced, days)


def locate(home: Path, days: list[date]) -> None:
    """What the asset ``home_work`` does for the last day: it reads four weeks of device-days."""
    _write(home, "home_work", locate_day, days[-1:])


def count(home: Path, days: list[date]) -> None:
    """What the asset ``city_commuters`` does for the last day."""
    _write(home, "city_commuters", count_day, days[-1:])


def chain(home: Path, days: list[date]) -> None:
    """All three: every day reduced, homes and workplaces of the last day, its commuters."""
    asset(home, days)
    locate(home, days)
    count(home, days)


def backfill(home: Path, days: list[date]) -> list[float]:
    """All three, day by day; returns the seconds of each day."""
    seconds = []
    for day in days:
        begun = time.perf_counter()
        chain(home, [day])
        seconds.append(time.perf_counter() - begun)
    return seconds


JOBS = [scan_pyarrow, scan_readers, scan_polars, scan_duckdb, reduction, asset, locate, count, chain, backfill]


def peak() -> float:
    """Return the most memory that this process had, MiB (Linux).

    ``ru_maxrss`` would not do: it begins with what the process that started this one had.
    """
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) / 1024


def main() -> None:
    """Run one job and print its seconds, those of compiling, and the most memory that the process had, MiB."""
    name, home, days = sys.argv[1], Path(sys.argv[2]), days_of(int(sys.argv[3]))
    job = next(job for job in JOBS if job.__name__ == name)
    begun = time.perf_counter()
    device_days(pings(0, FIRST, 2), cities())
    compiled = time.perf_counter() - begun
    begun, used = time.perf_counter(), time.process_time()
    found = job(home, days)
    seconds, cpu = time.perf_counter() - begun, time.process_time() - used
    print(json.dumps({"seconds": seconds, "cpu": cpu, "compiled": compiled, "peak": peak(), "found": found}))


if __name__ == "__main__":
    main()
