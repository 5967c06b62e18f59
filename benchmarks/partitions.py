"""What a daily partition costs in orchestration alone: Dagster's stock SQLite event log beside the one of a home.

Run: ``python benchmarks/partitions.py [days]``. Each row is one run over a range of days of an asset that does nothing
but write a tiny table, with its check and metadata. The floor is the same loop without Dagster: lake writes alone.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import polars as pl
import yaml

from solarnet_assets.defs.daily import Day, counts_check, run_days
from solarnet_assets.defs.partitions import DAILY
from solarnet_assets.home import INSTANCE_SETTINGS
from solarnet_assets.storage.lake import Lake

FIRST = date(2020, 1, 1)
ROW = pl.DataFrame({"city": ["a"], "intensity": [1.0], "provider": ["p"]})


def timed_run(settings: dict[str, object], days: int, folder: Path) -> float:
    """Return CPU seconds of one run over ``days`` partitions with these instance settings."""
    lake = Lake(folder / "lake", folder / "quarantine")

    @dg.asset(name="mobility_index", partitions_def=DAILY, check_specs=[counts_check("mobility_index")])
    def tiny(context):  # noqa: ANN001, ANN202
        yield from run_days(context, lake, "mobility_index", lambda day: Day(ROW))

    (folder / "dagster.yaml").write_text(yaml.safe_dump(settings))
    os.environ["DAGSTER_HOME"] = str(folder)
    last = FIRST + timedelta(days=days - 1)
    tags = {"dagster/asset_partition_range_start": f"{FIRST}", "dagster/asset_partition_range_end": f"{last}"}
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        dg.materialize([tiny], instance=instance, partition_key=f"{FIRST}", run_config=quiet)
        begun = time.process_time()
        dg.materialize([tiny], instance=instance, tags=tags, run_config=quiet)
        return time.process_time() - begun


def floor(days: int, folder: Path) -> float:
    """Return CPU seconds of the lake writes and the counts check alone."""
    lake = Lake(folder / "lake", folder / "quarantine")
    begun = time.process_time()
    for n in range(days):
        lake.write("mobility_index", FIRST + timedelta(days=n), ROW)
        lake.counts("mobility_index", FIRST + timedelta(days=n))
    return time.process_time() - begun


def main() -> None:
    """Print CPU milliseconds per partition and the ratio to the stock log."""
    days = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    stock = {name: value for name, value in INSTANCE_SETTINGS.items() if name != "event_log_storage"}
    with tempfile.TemporaryDirectory() as a, tempfile.TemporaryDirectory() as b, tempfile.TemporaryDirectory() as c:
        seconds = {
            "stock event log": timed_run(stock, days, Path(a)),
            "kept connections": timed_run(INSTANCE_SETTINGS, days, Path(b)),
            "lake writes alone": floor(days, Path(c)),
        }
    for name, value in seconds.items():
        print(f"{name:18} {1000 * value / days:6.1f} ms/partition  {value / seconds['stock event log']:5.2f} of stock")


if __name__ == "__main__":
    main()
