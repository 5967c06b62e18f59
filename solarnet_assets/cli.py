"""The ``solarnet`` command: demo, run, collect, train, evaluate, report, world.

Exit codes: 0 done, 1 failed with a one-paragraph reason, 2 bad arguments.
"""

from __future__ import annotations

import os
import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from solarnet_assets.collecting import app as collections
from solarnet_assets.evaluating import app as evaluations
from solarnet_assets.landing import BadInputError, printable
from solarnet_assets.options import Home, home_folder
from solarnet_assets.screen import Screen
from solarnet_assets.training import app as training

if TYPE_CHECKING:
    from solarnet_assets.config import Config

app = typer.Typer(
    help="Economic recovery from satellites, pings and posts.", no_args_is_help=True, add_completion=False
)
app.add_typer(collections, name="collect")
app.add_typer(training, name="train")
app.add_typer(evaluations, name="evaluate")
NO_ADVICE = "ignore:Function `dev_command` is superseded"
"""``dagster dev`` advises its successor, which needs a package that only development installs."""

console = Screen(width=None if sys.stdout.isatty() else 120)

Start = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day of the metrics.")]
End = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day of the metrics.")]


@app.command()
def demo(
    home: Home = None,
    scenario: Annotated[str, typer.Option(help="A shipped scenario (published, quiet) or a YAML file.")] = "published",
    start: Start = None,
    end: End = None,
) -> None:
    """Simulate a country, run everything on it, and compare with what was published and what is true."""
    from solarnet_assets.config.files import validated
    from solarnet_assets.world.scenario import load_scenario

    told = load_scenario(scenario)
    named = str(Path(scenario).resolve()) if Path(scenario).suffix in {".yaml", ".yml"} else scenario
    first, last = _day(start, told.start), _day(end, told.end)
    fields = {"home": home_folder(home), "scenario": named, "country": told.country, "timezone": told.timezone}
    config = validated(Path(scenario), {**fields, "last_day": max(last, told.end)})
    _execute(config, first, last)


@app.command()
def run(
    config: Annotated[Path, typer.Option(help="YAML file that names the sources.")],
    start: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="First day.")],
    end: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Last day.")],
    alone: Annotated[bool, typer.Option("--alone", help="These days only: what they look back on is there.")] = False,
    home: Home = None,
) -> None:
    """Run everything on your own sources for a range of days."""
    from solarnet_assets.config import load_config

    if home is not None:
        os.environ["SOLARNET_HOME"] = str(home)
    _execute(load_config(config), start.date(), end.date(), alone=alone)


@app.command()
def report(home: Home = None) -> None:
    """Write report/index.html from the warehouse."""
    from solarnet_assets.evaluation.coverage import known_truth
    from solarnet_assets.reports import build_report

    folder = home_folder(home)
    warehouse = folder / "warehouse.duckdb"
    if not warehouse.exists():
        raise BadInputError(f"{folder} holds no warehouse.duckdb: run `solarnet demo` or `solarnet run` first")
    truth = known_truth(warehouse)
    console.print(str(build_report(warehouse, folder / "evidence", folder / "report" / "index.html", truth=truth)))


@app.command()
def world(
    kind: Annotated[str, typer.Argument(help="steel_scenes, solar_scenes, lot_images, pings, mobility_index or posts")],
    day: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"])],
    to: Annotated[Path, typer.Option(help="Folder that the raw files are written to.")],
    scenario: Annotated[str, typer.Option(help="A shipped scenario or a YAML file.")] = "published",
) -> None:
    """Write the raw files of one day of the simulated country."""
    from solarnet_assets.config import KINDS
    from solarnet_assets.world.scenario import load_scenario
    from solarnet_assets.world.write import write_day

    if kind not in KINDS:
        raise typer.BadParameter(f"{kind} is none of {', '.join(KINDS)}")
    folder = to / kind / f"{day:%Y-%m-%d}"
    folder.mkdir(parents=True, exist_ok=True)
    write_day(load_scenario(scenario), kind, day.date(), folder)
    console.print(f"{len(list(folder.iterdir()))} files in {folder}")


@app.command()
def ui(
    home: Home = None,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 3000,
) -> None:
    """Open the Dagster UI on the same home, on 127.0.0.1 only."""
    from solarnet_assets.config import load_config
    from solarnet_assets.home import prepare_home

    if home is not None:
        os.environ["SOLARNET_HOME"] = str(home)
    prepare_home(load_config())
    dagster = Path(sys.executable).with_name("dagster")
    place = ["-w", "workspace.yaml"] if Path("workspace.yaml").exists() else ["-m", "solarnet_assets.definitions"]
    os.environ.setdefault("PYTHONWARNINGS", NO_ADVICE)
    os.execv(dagster, [str(dagster), "dev", *place, "--host", "127.0.0.1", "--port", str(port)])  # noqa: S606 - our own interpreter's command, no shell


def main() -> None:
    """Run the command line; turn an expected failure into one paragraph and exit code 1."""
    try:
        app()
    except (BadInputError, OSError) as error:
        _fail(str(error))


def _fail(reason: str) -> None:
    paragraph = Text.assemble(("solarnet:", "bold red"), " ", printable(" ".join(reason.split())))
    Screen(stderr=True).print(paragraph, highlight=False, soft_wrap=True)
    raise SystemExit(1)


def _day(given: datetime | None, default: date) -> date:
    return given.date() if given else default


def _execute(config: Config, start: date, end: date, *, alone: bool = False) -> None:
    """Run all tasks of [start, end] with a progress display, then show what was published and what was measured."""
    if end < start:
        raise typer.BadParameter(f"end {end} lies before start {start}")
    from solarnet_assets.home import only_command, prepare_home

    with only_command(config.home):
        prepare_home(config)
        from solarnet_assets.progress import run_with_progress, show_comparison
        from solarnet_assets.summary import show_landing, show_report, show_results

        if config.simulated:
            _publish_truth(config)
        reason = run_with_progress(start, end, console, alone=alone)
    if reason:
        _fail(reason)
    if config.sources:
        show_landing(config, start, end, console)
        show_results(config, config.home / "warehouse.duckdb", console)
    show_comparison(config.home / "warehouse.duckdb", console)
    show_report(config.home / "report" / "index.html", console)


def _publish_truth(config: Config) -> None:
    """Give the evaluation, and nothing else, what the simulation knows to be true."""
    from solarnet_assets.evaluation.truth import publish_truth
    from solarnet_assets.storage.lake import Lake
    from solarnet_assets.world.scenario import load_scenario

    publish_truth(load_scenario(config.scenario), Lake(config.lake_root, config.home / "quarantine"))
