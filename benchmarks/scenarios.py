"""The whole pipeline on drawn countries of six shapes, scored against their truth.

    python benchmarks/scenarios.py --seeds 11-13 --at-once 2           # every shape, drawn
    python benchmarks/scenarios.py --shape V --seed 11 --out V-11.json
    python benchmarks/scenarios.py --rendered --shape V --seed 11 --home DIR --out V-11.json
    python benchmarks/scenarios.py --summary *.json

A country is drawn (``evaluation/scenarios.py``): V, L, W, a second wave, a regional split, no shock. Drawn, its passes,
counts and commuters are written into a lake and the real assets from there on are materialised on the days that the
scores read: activity, the SQL models, composites and forecasts (65 s of CPU). Rendered, ``solarnet demo`` does
everything on all days, from pixels, pings and posts on. Either way levels, forecasts as of every seventh day after the
trough, and days of return are scored against the truth, in sums that ``--summary`` pools; a country is one course, and
standard errors are between countries.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
import yaml
from scenario_tables import console, show

from solarnet_assets.evaluation import scenario_summary as summary
from solarnet_assets.evaluation.scenario_lake import write_lake
from solarnet_assets.evaluation.scenario_scores import score
from solarnet_assets.evaluation.scenarios import SHAPES, Drawn, draw
from solarnet_assets.evaluation.truth import publish_truth
from solarnet_assets.nowcast.stack import BACK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dagster import AssetSpec

    from solarnet_assets.config import Config
    from solarnet_assets.defs.plan import Task
    from solarnet_assets.storage.lake import Lake
    from solarnet_assets.world.scenario import Scenario

WEEK = 7
SCORED = (
    "marts/recovery_daily", "marts/site_daily", "marts/parking_groups", "marts/sector_growth", "marts/solar_daily",
    "marts/steel_shock", "marts/recovery_index", "marts/recovery_forecast", "marts/recovery_dates",
    "marts/recovery_events", "staging/stg_evaluation_truth",
)  # fmt: skip
"""What scores are read from."""


def main(
    files: Annotated[list[Path] | None, typer.Argument(help="with --summary: scores to pool")] = None,
    shape: Annotated[str, typer.Option(help=f"one of {', '.join(SHAPES)}; default: all, with --seeds")] = "",
    seed: Annotated[int, typer.Option(help="of a single country")] = 11,
    seeds: Annotated[str, typer.Option(help="first and last, where every shape is run")] = "11-13",
    at_once: Annotated[int, typer.Option(help="countries at a time, where every shape is run")] = 1,
    rendered: Annotated[bool, typer.Option("--rendered", help="from pixels, pings and posts on")] = False,
    home: Annotated[Path | None, typer.Option(help="folder to work in; default: one that is thrown away")] = None,
    out: Annotated[Path | None, typer.Option(help="scores of a country (JSON); of every shape: a folder")] = None,
    summarise: Annotated[bool, typer.Option("--summary", help="pool scores that are there")] = False,
) -> None:
    """Run one country, or every shape with several seeds, and print the scores."""
    if summarise:
        show(summary.load(files or []))
    elif shape:
        with tempfile.TemporaryDirectory() as scratch:
            run(shape, seed, (home or Path(scratch)).resolve(), out or Path(scratch) / "scores.json", rendered)
            show(summary.load([out or Path(scratch) / "scores.json"]))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            show(summary.load(_every(seeds, out or Path(scratch), rendered, at_once)))


def _every(seeds: str, folder: Path, rendered: bool, at_once: int) -> list[Path]:
    """Run every shape with every seed, each in a process of its own, since definitions belong to one home."""
    first, last = (int(number) for number in seeds.split("-"))
    wanted = [(shape, number) for number in range(first, last + 1) for shape in SHAPES]

    def one(shape: str, number: int) -> Path | None:
        file = folder / f"{shape}-{number}.json"
        told = [__file__, "--shape", shape, "--seed", str(number), "--out", str(file)]
        made = subprocess.run([sys.executable, *told, *(["--rendered"] if rendered else [])], capture_output=True)
        console.print(f"{shape} {number}: " + ("done" if made.returncode == 0 else made.stderr.decode()[-2000:]))
        return file if made.returncode == 0 else None

    with ThreadPoolExecutor(at_once) as pool:
        return [file for file in pool.map(one, *zip(*wanted, strict=True)) if file]


def run(shape: str, seed: int, home: Path, out: Path, rendered: bool) -> None:
    """Run one country in a home and keep its scores."""
    from solarnet_assets.storage.lake import Lake

    drawn = draw(shape, seed)
    home.mkdir(parents=True, exist_ok=True)
    file = home / "scenario.yaml"
    file.write_text(yaml.safe_dump(drawn.scenario.model_dump(mode="json"), sort_keys=False), encoding="utf-8")
    lake = Lake(str(home / "lake"), home / "quarantine")
    _demo(home, file) if rendered else _downstream(drawn, home, file, lake)
    as_of = _as_of(drawn)
    found = score(home / "warehouse.duckdb", lake, as_of, drawn.scenario.end)
    told: dict[str, object] = {"rendered": rendered, "as_of": [f"{day}" for day in as_of], "cpu_seconds": round(_cpu())}
    summary.keep(found, shape, seed, told, out)


def _as_of(drawn: Drawn) -> list[date]:
    last = drawn.scenario.end
    return [drawn.trough + timedelta(days=n) for n in range(WEEK, (last - drawn.trough).days + 1, WEEK)]


def _demo(home: Path, scenario: Path) -> None:
    from solarnet_assets.cli import demo

    demo(home=home, scenario=str(scenario))


def _downstream(drawn: Drawn, home: Path, file: Path, lake: Lake) -> None:
    """Write what sensors would have said into the lake, and materialise everything that is made of it."""
    from solarnet_assets.config import Config
    from solarnet_assets.home import prepare_home

    told = drawn.scenario
    config: Config = Config(
        home=home, scenario=str(file), country=told.country, timezone=told.timezone, last_day=told.end
    )
    prepare_home(config)
    publish_truth(told, lake)
    write_lake(told, lake, told.start, told.end)
    from solarnet_assets.defs.launch import launch

    launch(list(_tasks(told, _as_of(drawn))), lambda task, finished: None)


def _tasks(told: Scenario, as_of: list[date]) -> Iterator[Task]:
    """Return what is materialised, one task after the other: of vintages only those that the scored days read.

    The newest vintage of a day is then 15 to 21 days younger than the day, not always 21.
    """
    from solarnet_assets.defs.build import build_definitions
    from solarnet_assets.defs.plan import Task

    specs = {s.key.to_user_string(): s for s in build_definitions().resolve_all_asset_specs()}
    models = [name for name, s in specs.items() if s.group_name == "warehouse"]
    first_part, second_part = (_above(specs, name) for name in ("recovery_index", "forecast_paths"))
    third_part = set(SCORED).union(*(_above(specs, name) for name in SCORED)) - first_part - second_part
    read = {day - timedelta(days=back) for day in as_of for back in (0, *BACK)} | {told.end}
    vintages = sorted(day for day in read if day >= told.start)
    steps: list[tuple[str, Sequence[str], date | None, date | None]]
    steps = [("places", ("sites", "cities", "calendar"), None, None)]
    steps += [(f"activity {day}", ("steel_activity", "parking_activity"), day, day) for day in vintages]
    steps += [("levels", [name for name in models if name in first_part], told.start, told.end)]
    steps += [(f"index {day}", ("recovery_index",), day, day) for day in vintages]
    steps += [("vintages", [name for name in models if name in second_part - first_part], told.start, told.end)]
    steps += [(f"forecast {day}", ("forecast_paths", "forecast_dates"), day, day) for day in as_of]
    steps += [("forecasts", [name for name in models if name in third_part], told.start, told.end)]
    before = frozenset[str]()
    for label, assets, first, last in steps:
        yield Task(label, tuple(assets), first, last, before)
        before = frozenset({label})


def _above(specs: Mapping[str, AssetSpec], name: str) -> set[str]:
    """Return everything that an asset is made of, directly or not."""
    parents = {dep.asset_key.to_user_string() for dep in specs[name].deps} & set(specs)
    return parents.union(*(_above(specs, parent) for parent in parents))


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    typer.run(main)
