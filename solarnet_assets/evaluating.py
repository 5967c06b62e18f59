"""``solarnet evaluate``: scores what was measured, or anybody's own data, against what is known."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from solarnet_assets.options import Home, home_folder

app = typer.Typer(help="Score what was measured against what is known.", no_args_is_help=True)
console = Console(width=None if sys.stdout.isatty() else 120)


@app.command()
def simulation(home: Home = None) -> None:
    """Print, for every signal of a simulated run, how often its 90 % intervals hold the truth, and the errors."""
    from solarnet_assets.evaluation.coverage import coverage
    from solarnet_assets.progress import show_comparison, show_coverage

    warehouse = home_folder(home) / "warehouse.duckdb"
    show_comparison(warehouse, console)
    show_coverage(coverage(warehouse), console)
