"""What a person sees while a range of days is run, and at its end."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from solarnet_assets.storage.warehouse import reader

if TYPE_CHECKING:
    from solarnet_assets.defs.plan import Task
    from solarnet_assets.reports.text import Text


def run_with_progress(start: date, end: date, console: Console, *, alone: bool = False) -> str | None:
    """Run everything that [start, end] needs, or these days ``alone``; return why it failed, or None.

    The bar counts partitions: one asset on one day.
    """
    from solarnet_assets.defs.launch import RunFailedError, launch, plan_days

    tasks = plan_days(start, end, alone=alone)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("partitions", total=sum(_partitions(task) for task in tasks))
        rows: dict[str, TaskID] = {}

        def _report(task: Task, finished: bool) -> None:
            if finished:
                progress.advance(bar, _partitions(task))
                progress.remove_task(rows.pop(task.label))
            else:
                rows[task.label] = progress.add_task(task.label, total=None)

        try:
            launch(tasks, _report)
        except RunFailedError as error:
            return str(error)
    return None


def show_comparison(warehouse: Path, console: Console) -> None:
    """Print what was published beside what was measured, and the truth where a simulation knows it.

    Of real sources only what they measure is shown: nothing, where they are of another place or year.
    """
    with reader(warehouse) as con:
        rows = con.sql("SELECT * FROM marts.published_comparison ORDER BY position").pl()
    if rows["truth"].is_null().all():
        rows = rows.filter(pl.col("measured").is_not_null())
        if rows.is_empty():
            return
    table = Table(title="Published 2020 beside measured here", title_justify="left")
    for name in ("item", "published", "measured", "90 % interval", "truth", "within"):
        table.add_column(name, justify="left" if name in ("item", "within") else "right")
    for row in rows.iter_rows(named=True):
        table.add_row(*_cells(row))
    console.print(table)
    known = rows.filter(pl.col("within").is_not_null())
    if known.height:
        console.print(f"{known['within'].sum()} of {known.height} intervals hold the simulation's truth.")


def show_coverage(rows: pl.DataFrame, console: Console) -> None:
    """Print how often intervals hold the truth (:func:`solarnet_assets.evaluation.coverage.coverage`)."""
    table = Table(title="Every figure beside the truth (points; solar: km2)", title_justify="left")
    for name in ("signal", "level", "figures", "interval holds truth", "bias", "RMSE", "largest error"):
        table.add_column(name, justify="left" if name in ("signal", "level") else "right")
    for row in rows.iter_rows(named=True):
        shown = (f"{row['covered']:.0%}", *(f"{row[name]:.1f}" for name in ("bias", "rmse", "max_error")))
        table.add_row(row["signal"], row["level"], str(row["n"]), *shown)
    console.print(table)


def _cells(row: dict[str, object]) -> list[str]:
    from solarnet_assets.reports.compare import in_unit, interval
    from solarnet_assets.reports.text import DASH

    figures = [in_unit(row, name) for name in ("published", "measured", "truth")]
    published, measured, truth = ("" if text == DASH else _plain(text) for text in figures)
    within = {True: "yes", False: "no", None: ""}[row["within"]]  # type: ignore[index]
    return [str(row["item"]), published, measured, _plain(interval(row)), truth, within]


def _plain(text: Text) -> str:
    """Return English text in signs that every terminal has."""
    return text.en.replace("\u00a0", " ").replace("\u2212", "-")


def _partitions(task: Task) -> int:
    return task.days * len(task.assets)
