"""Forecasts of drawn panels of the kinds that were published about China, day by day of the calendar of 2020.

    python benchmarks/forecast_panels.py                 # held-out curves: the table of docs/nowcast.md
    python benchmarks/forecast_panels.py --building      # the curves that were used while building

What is pooled is what a reader of one file sees: all places and all days after an as-of day. Places of a panel rise
together, so a panel's share of days held is one draw more than many: its spread over panels is printed beside its mean.
"""

from __future__ import annotations

import time
from typing import Annotated

import numpy as np
import polars as pl
import typer
from rich.console import Console
from rich.table import Table

from solarnet_assets.evaluation import recoveries, recovery_panels
from solarnet_assets.evaluation.forecast import date_scores, outcomes, scores

SEED, BUILDING_SEED = 31031, 100
console = Console(width=140)


def main(
    each: Annotated[int, typer.Option(help="panels of a kind and curve")] = 6,
    most: Annotated[int, typer.Option(help="places of a panel that are kept, 0: all")] = 40,
    seed: Annotated[int, typer.Option(help="of the held-out panels")] = SEED,
    building: Annotated[bool, typer.Option(help="curves and seed used while building")] = False,
) -> None:
    """Print CRPS of the stack beside the straight line's, and coverage, by kind of panel and as-of day."""
    curves = recovery_panels.BUILDING if building else recovery_panels.HELD_OUT
    begun = time.process_time()
    values, dates = [], []
    for k, (name, kind) in enumerate(recovery_panels.KINDS.items()):
        for c, curve in enumerate(curves.values()):
            for n in range(each):
                rng = np.random.default_rng([BUILDING_SEED if building else seed, k, c, n])
                drawn = recovery_panels.draw_panel(kind, curve, rng)[: most or None]
                for outcome in outcomes(recoveries.table(drawn, 0, name), list(recovery_panels.AS_OF)):
                    panel = {"kind": pl.lit(name), "panel": pl.lit(f"{c} {n}")}
                    values.append(scores(outcome).with_columns(**panel))
                    dates.append(date_scores(outcome).with_columns(**panel))
    _print_values(pl.concat(values))
    _print_dates(pl.concat(dates))
    console.print(f"{time.process_time() - begun:.0f} s of CPU")


def _print_values(rows: pl.DataFrame) -> None:
    whole = rows.filter(pl.col("method") == "stack", pl.col("first") == 1, pl.col("last") == 60)
    found = whole.group_by("kind", "as_of", maintain_order=True).agg(
        panels=pl.len(),
        crps=pl.col("crps").mean(),
        of_line=pl.col("crps").sum() / (pl.col("crps") / pl.col("relative")).sum(),
        better=(pl.col("relative") < 1).mean(),
        held=pl.col("covered").mean(),
        middle=pl.col("covered").median(),
        within=pl.col("covered").is_between(0.85, 0.95).mean(),
        few=(pl.col("covered") < 0.75).mean(),
        width=pl.col("width").mean(),
    )
    heads = (
        "kind",
        "as of",
        "panels",
        "CRPS",
        "of the line's",
        "better",
        "held",
        "median",
        "85-95 %",
        "< 75 %",
        "width",
    )
    table = Table(*heads, title="Stack, all days after the as-of day")
    for row in found.iter_rows(named=True):
        shares = (f"{100 * row[name]:.0f} %" for name in ("better", "held", "middle", "within", "few"))
        numbers = (str(row["panels"]), f"{row['crps']:.2f}", f"{row['of_line']:.2f}", *shares, f"{row['width']:.0f}")
        table.add_row(row["kind"], f"{row['as_of']:%d %b}", *numbers)
    console.print(table)


def _print_dates(rows: pl.DataFrame) -> None:
    table = Table("kind", "places", "returned", "right", "of returned", "error, days", title="Days of return, stack")
    stack = rows.filter(pl.col("method") == "stack")
    for kind in stack["kind"].unique(maintain_order=True):
        part = stack.filter(pl.col("kind") == kind)
        right = part.select((pl.col("covered") * pl.col("cities")).sum() / pl.col("cities").sum()).item()
        back = part.filter(pl.col("returned") > 0)
        held = back.select((pl.col("held") * pl.col("returned")).sum() / pl.col("returned").sum()).item()
        known = back.filter(pl.col("error").is_not_null())
        error = known.select((pl.col("error") * pl.col("returned")).sum() / pl.col("returned").sum()).item()
        counts = (str(part["cities"].sum()), str(part["returned"].sum()))
        table.add_row(kind, *counts, f"{100 * right:.0f} %", f"{100 * held:.0f} %", f"{error:.1f}")
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
