"""Seconds, file size and peak memory of the report over a warehouse of many sites and years.

    python benchmarks/report.py                          # 1,000 sites, 3 years, 60 cities
    python benchmarks/report.py --sites 4000 --years 3   # where the limit lies
    python benchmarks/report.py --home .solarnet         # a home that is there, as it is

The warehouse has the marts' own schemas and is filled with drawn curves; the build runs in a process of its own, with
one thread. 'CPU' is that process with its imports, 'peak' the most memory that it ever held (VmHWM; Linux). Written
twice, the two files must be equal.
"""

from __future__ import annotations

import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import duckdb
import numpy as np
import polars as pl
import typer

LAST = date(2021, 12, 31)
PROVINCES = 31
SECTORS = ("remote_work", "online_education", "gaming", "video_streaming", "social_networking", "e_commerce")


def series(rng: np.random.Generator, days: int, keys: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    """Return value, lower and upper of every key on every day: a fall, a recovery and noise, some days missing."""
    dates = pl.date_range(LAST - timedelta(days=days - 1), LAST, eager=True)
    shape = np.interp(np.arange(days), [0, days * 0.3, days * 0.33, days * 0.6, days], [100, 100, 35, 95, 101])
    frames = []
    for key in keys:
        value = np.maximum(shape * rng.normal(1, 0.08) + rng.normal(0, 3, days), 0)
        half = np.abs(rng.normal(8, 2, days))
        frame = pl.DataFrame(
            {"day": dates, "value": value, "lower": np.maximum(value - half, 0), "upper": value + half}
        )
        kept = frame.filter(pl.Series(rng.random(days) > 0.03))
        frames.append(kept.with_columns(pl.lit(9).alias("n_obs"), **{k: pl.lit(v) for k, v in key.items()}))
    return pl.concat(frames)


def fill(path: Path, sites: int, cities: int, days: int) -> None:
    """Write a warehouse with the columns that the report reads."""
    rng = np.random.default_rng(3)
    signals = ("composite", "steel", "parking", "commuting")
    areas = [("CN", "country")] + [(f"Province {n}", "region") for n in range(PROVINCES)]
    areas += [(f"city{n}", "city") for n in range(cities)]
    kinds = ["steel" if n % 2 else "parking" for n in range(sites)]
    place = pl.DataFrame(
        {
            "site_id": [f"site{n}" for n in range(sites)], "name": [f"Works {n}" for n in range(sites)],
            "signal": kinds, "region": [f"Province {n % PROVINCES}" for n in range(sites)],
            "lon": rng.uniform(90, 122, sites), "lat": rng.uniform(21, 46, sites),
        }
    )  # fmt: skip
    watched = [
        {"signal": row["signal"], "site_id": row["site_id"], "name": row["name"], "region": row["region"],
         "evidence": f"{row['signal']}/{LAST}/{row['site_id']}.png"}
        for row in place.iter_rows(named=True)
    ]  # fmt: skip
    sectors = [{"sector": name, "lang": lang} for name in SECTORS for lang in ("all", "en", "zh")]
    tables = {
        "marts.recovery_daily": series(
            rng, days, [{"signal": s, "region": r, "level": level} for s in signals for r, level in areas]
        ),
        "marts.site_daily": series(rng, days, watched),
        "marts.sector_growth": series(rng, days, sectors).rename({"value": "growth_pct"}),
        "marts.recovery_forecast": forecast(rng, signals, [area for area, _ in areas]),
        "marts.recovery_dates": dates(signals, [area for area, _ in areas]),
        "marts.recovery_events": events(rng, place, days),
        "marts.index_contributions": contributions(rng, days),
        "marts.raw_files": raw_files(days),
        "staging.stg_sites": place,
        "staging.stg_cities": pl.DataFrame(
            {"city": [f"city{n}" for n in range(cities)], "name": [f"City {n}" for n in range(cities)],
             "region": [f"Province {n % PROVINCES}" for n in range(cities)],
             "lon": rng.uniform(90, 122, cities), "lat": rng.uniform(21, 46, cities)}
        ),
    }  # fmt: skip
    with duckdb.connect(str(path)) as con:
        for schema in ("marts", "staging"):
            con.execute(f"create schema {schema}")
        for name, frame in tables.items():
            con.register("frame", frame)
            con.execute(f"create table {name} as select * from frame")  # noqa: S608 - our own names
            con.unregister("frame")


def forecast(rng: np.random.Generator, signals: tuple[str, ...], areas: list[str]) -> pl.DataFrame:
    """Return sixty days ahead of every signal and area by two methods."""
    ahead = [
        {"signal": s, "region": a, "method": m} for s in signals for a in areas for m in ("stack", "straight_line")
    ]
    paths = series(rng, 60, ahead).with_columns(day=pl.col("day") + timedelta(days=60), as_of=pl.lit(LAST))
    return paths.drop("n_obs")


def dates(signals: tuple[str, ...], areas: list[str]) -> pl.DataFrame:
    """Return days of return of every signal and area by two methods."""
    keys = [
        (s, a, m, t) for s in signals for a in areas for m in ("stack", "straight_line") for t in (90.0, 95.0, 100.0)
    ]
    frame = pl.DataFrame(keys, schema=["signal", "region", "method", "threshold"], orient="row")
    day = {f"date_{n}": pl.lit(LAST + timedelta(days=k)) for n, k in (("lower", 9), ("median", 20), ("upper", 44))}
    return frame.with_columns(
        as_of=pl.lit(LAST), horizon=pl.lit(LAST + timedelta(days=60)), prob_by=pl.lit(0.97), **day
    )


def events(rng: np.random.Generator, place: pl.DataFrame, days: int) -> pl.DataFrame:
    """Return a shock in which every site is outside its own interval for four weeks, and a stray event each."""
    fall = LAST - timedelta(days=round(days * 0.68))
    spells = pl.DataFrame(
        [(row["signal"], row["site_id"], first, length) for row in place.iter_rows(named=True)
         for first, length in ((fall, 28), (LAST - timedelta(days=int(rng.integers(1, days))), 2))],
        schema=["signal", "key", "day", "length"], orient="row",
    )  # fmt: skip
    rows = spells.with_columns(n=pl.int_ranges("length")).explode("n")
    limits = {"value": 40.0, "lower": 31.0, "upper": 49.0, "usual_lower": 92.0, "usual_upper": 108.0, "score": 6.0}
    return rows.select(
        "signal", "key", pl.col("day") + pl.duration(days=pl.col("n")), level=pl.lit("site"),
        direction=pl.lit("below"), is_new=pl.col("n") == 0, evidence=pl.lit(None, dtype=pl.String),
        **{name: pl.lit(value) for name, value in limits.items()},
    )  # fmt: skip


def contributions(rng: np.random.Generator, days: int) -> pl.DataFrame:
    """Return both composites of the country."""
    keys = [
        {"kind": kind, "signal": signal, "weight": weight, "region": "CN", "observed": True, "loading": 20.0}
        for kind in ("weights", "factor")
        for signal, weight in (("commuting", 0.6), ("steel", 0.25), ("parking", 0.15))
    ]
    return series(rng, days, keys).with_columns(contribution=pl.col("weight") * (pl.col("value") - 100))


def raw_files(days: int) -> pl.DataFrame:
    """Return two files of pings and one of posts a day, some of them late."""
    dates = pl.date_range(LAST - timedelta(days=days - 1), LAST, eager=True).alias("day").to_frame()
    files = [dates.with_columns(kind=pl.lit(k), file=pl.format("{}-{}-{}.gz", pl.lit(k), "day", pl.lit(n)))
             for k, n in (("pings", 0), ("pings", 1), ("posts", 0))]  # fmt: skip
    counts = {"bytes": 10**8, "records_in": 10**6, "records_kept": 10**6, "records_refused": 0}
    late = pl.duration(days=pl.when(pl.col("day").dt.day() == 1).then(3).otherwise(0))
    return pl.concat(files).with_columns(
        sha256=pl.lit("0" * 64), arrived=pl.col("day") + late, **{k: pl.lit(v) for k, v in counts.items()}
    )


def peak() -> float:
    """Return the most memory that this process has held, MiB; ru_maxrss begins with what its parent held."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def build(home: Path) -> None:
    """Build the report of a home and print seconds, CPU seconds, bytes, MiB and digest; a process of its own."""
    began, root = time.perf_counter(), home / "report-benchmark"
    from solarnet_assets.reports import build_report

    page = build_report(home / "warehouse.duckdb", home / "evidence", root / "index.html")
    seconds, used = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    digest = hashlib.sha256(page.read_bytes()).hexdigest()
    sys.stdout.write(f"{seconds} {used.ru_utime + used.ru_stime} {page.stat().st_size} {peak()} {digest}\n")
    page.unlink()
    root.rmdir()


def main(
    sites: Annotated[int, typer.Option(help="Mills and car parks.")] = 1000,
    years: Annotated[float, typer.Option(help="Years of days.")] = 3.0,
    cities: Annotated[int, typer.Option(help="Cities.")] = 60,
    home: Annotated[Path | None, typer.Option(help="A home to measure instead.")] = None,
    of: Annotated[Path | None, typer.Option(hidden=True)] = None,
) -> None:
    """Measure the report twice and print what it takes."""
    if of is not None:
        build(of)
        return
    with tempfile.TemporaryDirectory() as folder:
        place = home or Path(folder)
        if home is None:
            fill(place / "warehouse.duckdb", sites, cities, round(365 * years))
        digests = set()
        for _ in range(2):
            command = [sys.executable, __file__, "--of", str(place)]
            one = {**os.environ, "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
            out = subprocess.run(command, capture_output=True, text=True, check=True, env=one).stdout.split()
            seconds, cpu, size, memory = (float(value) for value in out[:4])
            digests.add(out[4])
            typer.echo(
                f"{seconds:6.1f} s  {cpu:6.1f} s CPU  {size / 1e6:6.2f} MB  peak {memory:5.0f} MiB  {out[4][:12]}"
            )
        if len(digests) > 1:
            raise SystemExit("the two files differ")


if __name__ == "__main__":
    typer.run(main)
