"""What ``solarnet evaluate parking`` prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl
from rich.table import Table

from solarnet_assets.evaluation.parking import Scored, totals

if TYPE_CHECKING:
    from rich.console import Console

MOST = 120
"""Blocks that are listed; all of them are in the CSV."""


def show(scored: Scored, console: Console) -> None:
    """Print a line a block, then the summary."""
    table = Table(title="Vehicles per block", title_justify="left")
    table.add_column("image")
    for head in ("row", "vehicles", "90 % interval", "expected", "detections", "by eye", "error"):
        table.add_column(head, justify="right")
    for row in scored.rows.head(MOST).iter_rows(named=True):
        table.add_row(*_cells(row))
    console.print(table)
    if scored.rows.height > MOST:
        console.print(f"... and {scored.rows.height - MOST} more; all of them are in blocks.csv.")
    if scored.refused:
        console.print(f"{len(scored.refused)} rows or images could not be used; the reasons are above.")
    known = scored.rows.filter(pl.col("truth").is_not_null())
    console.print(summary(totals(known)) if known.height else _counted(scored.rows), highlight=False, soft_wrap=True)


def _cells(row: Mapping[str, Any]) -> list[str]:
    cells = [row["image"], str(row["row"] or ""), str(row["estimate"]), f"{row['lower']} to {row['upper']}"]
    cells += [f"{row['expected']:.1f}", str(row["detections"])]
    return cells + (["", ""] if row["truth"] is None else [f"{row['truth']:g}", f"{row['error']:+g}"])


def summary(found: Mapping[str, float]) -> str:
    """Return the summary lines: MAE, bias and total, the first of whole vehicles."""
    whole = _line(found, "") + (
        f"; the 90 % interval holds {found['inside']:.0%} of the blocks, "
        f"{found['within_tolerance']:.0%} are within tolerance"
    )
    others = (
        f"{name}: {_line(found, prefix)}"
        for name, prefix in (("expected values", "expected_"), ("detections", "detections_"))
    )
    return f"{found['blocks']:.0f} blocks, {found['truth']:g} vehicles by eye: {whole}\n" + "\n".join(others)


def _line(found: Mapping[str, float], prefix: str) -> str:
    total, truth = found[f"{prefix}total"], found["truth"]
    share = f" ({total / truth - 1:+.1%})" if truth else ""
    return f"MAE {found[f'{prefix}mae']:.2f}, bias {found[f'{prefix}bias']:+.2f} a block, total {total:.4g}{share}"


def _counted(rows: pl.DataFrame) -> str:
    return f"{rows.height} areas, {rows['estimate'].sum()} vehicles (expected values: {rows['expected'].sum():.1f})"


def held_out(title: str, rows: list[dict[str, Any]]) -> Table:
    """Return a row per kind of scene: precision and recall of detections, errors and intervals of counts."""
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for head in ("scenes", "vehicles", "precision", "recall", "MAE", "bias", "total", "90 % interval holds"):
        table.add_column(head, justify="right")
    for row in rows:
        shares = ("-" if row[key] is None else f"{row[key]:.3f}" for key in ("precision", "recall"))
        errors = (f"{row['mae']:.2f}", f"{row['bias']:+.2f}", f"{row['total_error']:+.1%}")
        seen = (row["name"], str(row["scenes"]), str(row["vehicles"]))
        table.add_row(*seen, *shares, *errors, f"{row['coverage_90']:.0%}")
    return table
