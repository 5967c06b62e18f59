"""How scores of the solar networks are shown on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from rich.table import Table

from solarnet_assets.evaluation.solar import Scored, presence_figures, totals
from solarnet_assets.solar.model import weights_of

if TYPE_CHECKING:
    from rich.console import Console

MOST = 40
"""Tiles without masks that are listed; all of them are in the CSV."""


def show(scored: Scored, console: Console) -> None:
    """Print one line an image, then the totals, or how many tiles show panels."""
    rows = scored.rows
    if "iou" in rows.columns:
        _show_masks(rows, console)
    _show_presence(rows, console, listed="iou" not in rows.columns)
    if scored.refused:
        console.print(f"{len(scored.refused)} of {len(scored.refused) + rows.height} files could not be used.")


def _show_masks(rows: pl.DataFrame, console: Console) -> None:
    table = Table("image", "network", "IoU", "precision", "recall", "farm F1", "presence", title="Found against masks")
    for row in rows.iter_rows(named=True):
        figures = [_number(row[name]) for name in ("iou", "precision", "recall", "farm_f1", "presence")]
        table.add_row(row["image"], row["kind"], *figures)
    whole = totals(rows)
    table.add_section()
    table.add_row("all pixels", "", *(_number(whole[name]) for name in ("iou", "precision", "recall", "farm_f1")), "")
    console.print(table)
    console.print(f"Mean IoU of the images with panels: {_number(whole['mean_iou'])}")


def _show_presence(rows: pl.DataFrame, console: Console, *, listed: bool) -> None:
    pictures = rows.filter(pl.col("kind") == "rgb")
    if listed:
        table = Table("image", "network", "share of the ground", "presence", title="What tiles show")
        for row in rows.head(MOST).iter_rows(named=True):
            table.add_row(row["image"], row["kind"], _number(row["found"]), _number(row["presence"]))
        console.print(table)
        if rows.height > MOST:
            console.print(f"... and {rows.height - MOST} more; --out writes all of them into solar.csv.")
    if pictures.is_empty():
        return
    threshold = float(weights_of("rgb").card["presence"]["threshold"])
    figures = presence_figures(pictures, threshold)
    text = f"Share of {pictures.height} pictures with a presence above {threshold:g}: {_number(figures['share_above'])}"
    if figures["accuracy"] is not None:
        text += f"; by their folders: accuracy {_number(figures['accuracy'])}, AUC {_number(figures['auc'])}"
    console.print(text)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
