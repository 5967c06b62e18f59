"""What the report shows, read from the warehouse, the evidence folder and the quarantine."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from solarnet_assets.reports.tables import read_tables
from solarnet_assets.storage.lake import Lake
from solarnet_assets.storage.warehouse import reader

PUBLISHED = "straight_line"
"""The published method of forecasting; tables without a ``method`` hold it alone."""

REJECTS = pl.Schema({"asset": pl.String, "day": pl.String, "file": pl.String, "reason": pl.String, "records": pl.Int64})


TRUTH = pl.Schema({"signal": pl.String, "key": pl.String, "day": pl.Date, "value": pl.Float64})


@dataclass(frozen=True)
class ReportData:
    """Frames by table name without its schema, and what lies beside the warehouse.

    Attributes:
        tables: keys such as ``recovery_daily``; columns as in :data:`tables.TABLES`.
        rejects: refused records: asset, day, file, reason, records.
        truth: what a simulation knows to be true: signal, key, day, value; empty outside one.
        evidence_root: folder that evidence paths are relative to.
        lake: the partitions that the warehouse was made from; None where they are not at hand.
    """

    tables: dict[str, pl.DataFrame]
    rejects: pl.DataFrame = field(default_factory=lambda: REJECTS.to_frame())
    truth: pl.DataFrame = field(default_factory=lambda: TRUTH.to_frame())
    evidence_root: Path = Path("evidence")
    lake: Lake | None = None

    def __getitem__(self, name: str) -> pl.DataFrame:
        """Return one table."""
        return self.tables[name]

    @property
    def country(self) -> str:
        """Key of the country's rows."""
        rows = self["recovery_daily"].filter(pl.col("level") == "country")["region"]
        named = self["settings"].filter(pl.col("name") == "country")["value"]
        return str(rows[0]) if len(rows) else str(named[0]) if len(named) else "CN"

    @property
    def simulated(self) -> bool:
        """Whether the truth of any figure is known."""
        return self.truth.height > 0 or self["published_comparison"]["truth"].null_count() < len(
            self["published_comparison"]
        )

    @property
    def span(self) -> tuple[date, date] | None:
        """First and last day with any figure."""
        days = pl.concat([self[t].select("day") for t in ("recovery_daily", "site_daily", "sector_growth")])["day"]
        first, last = days.min(), days.max()
        return (first, last) if isinstance(first, date) and isinstance(last, date) else None


def read(
    warehouse: Path,
    evidence_root: Path,
    quarantine_root: Path,
    truth: pl.DataFrame | None = None,
    lake: Lake | None = None,
) -> ReportData:
    """Read everything that the report shows; the truth of a simulation is handed in by whoever may know it."""
    with reader(warehouse) as con:
        tables = read_tables(con)
    for name in ("recovery_forecast", "recovery_dates", "return_days"):
        tables[name] = tables[name].with_columns(pl.col("method").fill_null(PUBLISHED))
    known = TRUTH.to_frame() if truth is None else truth.select(TRUTH.names()).sort(TRUTH.names())
    return ReportData(tables, _rejects(quarantine_root), known, evidence_root, lake)


def _rejects(root: Path) -> pl.DataFrame:
    """Count refused records by asset, day, file and reason."""
    files = sorted(root.glob("*/**/rejects-*.parquet")) if root.is_dir() else []
    if not files:
        return REJECTS.to_frame()
    places = {str(file): file.relative_to(root).parts for file in files}
    found = pl.scan_parquet(
        files,
        schema={"file": pl.String, "reason": pl.String, "records": pl.Int64},
        missing_columns="insert",
        extra_columns="ignore",
        include_file_paths="path",
        glob=False,
        hive_partitioning=False,
    )
    counted = found.group_by("path", "file", "reason").agg(pl.col("records").fill_null(1).sum()).collect()
    days = {path: parts[1].removeprefix("day=") if len(parts) > 2 else "" for path, parts in places.items()}
    named = counted.with_columns(
        asset=pl.col("path").replace_strict({path: parts[0] for path, parts in places.items()}, return_dtype=pl.String),
        day=pl.col("path").replace_strict(days, return_dtype=pl.String),
    )
    return named.select(REJECTS.names()).sort(REJECTS.names())
