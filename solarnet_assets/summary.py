"""What a person reads after a run on their own sources: what came in, what was refused and why, what it led to."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from rich.console import Console
from rich.table import Table

from solarnet_assets.storage.lake import Lake
from solarnet_assets.storage.warehouse import reader

if TYPE_CHECKING:
    from solarnet_assets.config import Config

REASONS = 8


def show_landing(config: Config, start: date, end: date, console: Console) -> None:
    """Print, for each configured source, the records of [start, end]: in, kept, and quarantined with the reasons."""
    lake = Lake(config.lake_root, config.home / "quarantine")
    table = Table(title=f"Raw records of {start} to {end}", title_justify="left")
    for name in ("source", "days with data", "in", "kept", "quarantined"):
        table.add_column(name, justify="left" if name == "source" else "right")
    refused = []
    for kind in config.sources or {}:
        days = lake.days_between(kind, start, end)
        counts = [lake.counts(kind, day) for day in days]
        sums = (sum(getattr(c, name) for c in counts) for name in ("n_in", "n_out", "n_quarantined"))
        table.add_row(kind, f"{sum(c.n_out > 0 for c in counts)} of {len(days)}", *(f"{n:,}" for n in sums))
        refused += [lake.rejects(kind, day) for day, c in zip(days, counts, strict=True) if c.n_quarantined]
    console.print(table)
    if refused:
        _show_reasons(pl.concat(refused), config.home / "quarantine", console)


def show_results(config: Config, warehouse: Path, console: Console) -> None:
    """Print how many rows each mart of measurements holds, how many pictures there are, and where they are."""
    with reader(warehouse) as con:
        found = con.sql(
            "SELECT table_name FROM duckdb_tables() "
            "WHERE schema_name = 'marts' AND table_name <> 'published_comparison' ORDER BY ALL"
        ).fetchall()
        rows = {name: con.table(f"marts.{name}").count("*").fetchall()[0][0] for (name,) in found}
    filled = ", ".join(f"{name} {count:,}" for name, count in rows.items() if count)
    _say(console, f"Rows of marts in {warehouse}: {filled or 'none'}")
    pictures = sum(1 for _ in (config.home / "evidence").rglob("*.png"))
    if pictures:
        _say(console, f"Evidence pictures in {config.home / 'evidence'}: {pictures:,}")


def show_report(page: Path, console: Console) -> None:
    """Print where the report is."""
    _say(console, f"Report: {page}")


def _show_reasons(rejects: pl.DataFrame, folder: Path, console: Console) -> None:
    """Print why records were refused: whole files first, which somebody has to mend, then the most records."""
    grouped = (
        rejects.group_by("file", "reason")
        .agg(pl.col("records").sum(), whole=pl.col("row").is_null().any())
        .sort("whole", "records", "file", descending=[True, True, False])
    )
    _say(console, f"Quarantined, in {folder}:")
    for row in grouped.head(REASONS).iter_rows(named=True):
        _say(console, f"  {row['records']:,} x {row['file']}: {row['reason']}")
    if grouped.height > REASONS:
        _say(console, f"  and {grouped.height - REASONS} more kinds")


def _say(console: Console, text: str) -> None:
    """Print text that quotes files of strangers: no markup, no control characters, no wrapped paths."""
    plain = "".join(c if c.isprintable() else "?" for c in text)
    console.print(plain, markup=False, highlight=False, soft_wrap=True)
