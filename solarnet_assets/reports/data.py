"""What the report shows, read from the warehouse, the evidence folder and the quarantine."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from solarnet_assets.storage.lake import Lake
from solarnet_assets.storage.warehouse import reader

TABLES: dict[str, dict[str, str]] = {
    "marts.recovery_daily": {
        "signal": "varchar", "region": "varchar", "level": "varchar", "day": "date",
        "value": "double", "lower": "double", "upper": "double", "n_obs": "bigint",
    },
    "marts.site_daily": {
        "signal": "varchar", "site_id": "varchar", "name": "varchar", "region": "varchar", "day": "date",
        "value": "double", "lower": "double", "upper": "double", "n_obs": "bigint", "evidence": "varchar",
    },
    "marts.parking_groups": {
        "site_group": "varchar", "day": "date", "value": "double", "lower": "double", "upper": "double",
    },
    "marts.steel_shock": {
        "level": "varchar", "region": "varchar", "day": "date", "ordinary": "double", "ordinary_lower": "double",
        "ordinary_upper": "double", "shock": "double", "shock_lower": "double", "shock_upper": "double",
        "partner": "date",
    },
    "marts.city_commuters": {
        "city": "varchar", "day": "date", "commuters": "double", "panel": "double", "value": "double",
        "lower": "double", "upper": "double", "n_obs": "bigint",
    },
    "marts.commuting_corrections": {
        "city": "varchar", "day": "date", "correction": "varchar", "is_on": "boolean", "baseline_kind": "varchar",
        "value_with": "double", "value_without": "double",
    },
    "marts.sector_growth": {
        "sector": "varchar", "lang": "varchar", "day": "date", "share": "double", "growth_pct": "double",
        "growth_pct_4w": "double", "lower": "double", "upper": "double", "lower_4w": "double", "upper_4w": "double",
        "n_obs": "bigint", "note": "varchar",
    },
    "marts.solar_daily": {
        "site_id": "varchar", "day": "date", "farms": "bigint", "area_km2": "double", "lower": "double",
        "upper": "double", "n_obs": "bigint",
    },
    "marts.solar_farms": {
        "farm_id": "varchar", "site_id": "varchar", "first_seen": "date", "area_km2": "double",
        "confidence": "double", "evidence": "varchar",
    },
    "marts.recovery_forecast": {
        "as_of": "date", "signal": "varchar", "region": "varchar", "day": "date", "value": "double",
        "lower": "double", "upper": "double", "method": "varchar",
    },
    "marts.recovery_dates": {
        "as_of": "date", "signal": "varchar", "region": "varchar", "threshold": "double", "date_median": "date",
        "date_lower": "date", "date_upper": "date", "prob_by": "double", "horizon": "date",
        "method": "varchar", "prob_never": "double", "prob_by_7d": "double", "prob_by_14d": "double",
        "prob_by_28d": "double", "note": "varchar",
    },
    "marts.forecast_scores": {
        "method": "varchar", "signal": "varchar", "level": "varchar", "horizon": "bigint", "n": "bigint",
        "crps": "double", "crps_straight_line": "double", "crps_no_change": "double", "covered": "double",
        "date_n": "bigint", "date_error": "double", "date_covered": "double",
    },
    "marts.published_comparison": {
        "item": "varchar", "published": "double", "published_text": "varchar", "unit": "varchar",
        "published_source": "varchar", "url": "varchar", "measured": "double", "lower": "double", "upper": "double",
        "measured_text": "varchar", "truth": "double", "within": "boolean", "note": "varchar", "signal": "varchar",
        "day": "date",
    },
    "staging.stg_cities": {
        "city": "varchar", "name": "varchar", "region": "varchar", "workforce": "double", "lon": "double",
        "lat": "double",
    },
    "staging.stg_sites": {
        "site_id": "varchar", "name": "varchar", "signal": "varchar", "region": "varchar", "lon": "double",
        "lat": "double",
    },
    "seeds.composite_weights": {"signal": "varchar", "weight": "double", "reason": "varchar"},
    "seeds.settings": {"name": "varchar", "value": "varchar"},
}  # fmt: skip
"""Tables and columns that the report reads. A table or column that is absent reads as empty or null."""

PUBLISHED = "straight_line"
"""The published method of forecasting; tables without a ``method`` hold it alone."""

LATEST_ONLY = {"marts.recovery_forecast": "as_of", "marts.recovery_dates": "as_of"}
"""Tables of which the report needs the newest vintage only."""


REJECTS = pl.Schema({"asset": pl.String, "day": pl.String, "file": pl.String, "reason": pl.String, "records": pl.Int64})


TRUTH = pl.Schema({"signal": pl.String, "key": pl.String, "day": pl.Date, "value": pl.Float64})


@dataclass(frozen=True)
class ReportData:
    """Frames by table name without its schema, and what lies beside the warehouse.

    Attributes:
        tables: keys such as ``recovery_daily``; columns as in :data:`TABLES`.
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
        present = _columns(con)
        tables = {name.split(".")[1]: _table(con, name, present.get(name, set())) for name in TABLES}
    for name in ("recovery_forecast", "recovery_dates"):
        tables[name] = tables[name].with_columns(pl.col("method").fill_null(PUBLISHED))
    known = TRUTH.to_frame() if truth is None else truth.select(TRUTH.names()).sort(TRUTH.names())
    return ReportData(tables, _rejects(quarantine_root), known, evidence_root, lake)


def _columns(con: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    rows = con.sql(
        "select table_schema || '.' || table_name as name, list(column_name) as columns "
        "from information_schema.columns where table_catalog = current_database() group by all"
    ).pl()
    return {str(name): set(columns) for name, columns in rows.rows()}


def _table(con: duckdb.DuckDBPyConnection, name: str, present: set[str]) -> pl.DataFrame:
    """Read the columns of a table in a fixed order of rows; identifiers come from :data:`TABLES` alone."""
    columns = TABLES[name]
    shown = ", ".join(
        f'"{c}"::{kind} as "{c}"' if c in present else f'null::{kind} as "{c}"' for c, kind in columns.items()
    )
    if not present:
        return con.sql(f"select {shown} where false").pl()
    newest = LATEST_ONLY.get(name)
    where = f"where {newest} = (select max({newest}) from {name})" if newest else ""  # noqa: S608 - our own identifiers
    return con.sql(f"select {shown} from {name} {where} order by all").pl()  # noqa: S608 - our own identifiers


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
        hive_partitioning=False,
    )
    counted = found.group_by("path", "file", "reason").agg(pl.col("records").fill_null(1).sum()).collect()
    days = {path: parts[1].removeprefix("day=") if len(parts) > 2 else "" for path, parts in places.items()}
    named = counted.with_columns(
        asset=pl.col("path").replace_strict({path: parts[0] for path, parts in places.items()}, return_dtype=pl.String),
        day=pl.col("path").replace_strict(days, return_dtype=pl.String),
    )
    return named.select(REJECTS.names()).sort(REJECTS.names())
