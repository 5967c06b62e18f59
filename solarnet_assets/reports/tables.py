"""Which tables and columns the report reads, and how: no more of a warehouse than the page shows."""

from __future__ import annotations

import duckdb
import polars as pl

TABLES: dict[str, dict[str, str]] = {
    "marts.recovery_daily": {
        "signal": "varchar", "region": "varchar", "level": "varchar", "day": "date",
        "value": "double", "lower": "double", "upper": "double", "n_obs": "bigint",
    },
    "marts.site_daily": {
        "signal": "varchar", "site_id": "varchar", "day": "date", "value": "float", "lower": "float",
        "upper": "float",
    },
    "marts.parking_groups": {
        "site_group": "varchar", "day": "date", "value": "double", "lower": "double", "upper": "double",
    },
    "marts.steel_shock": {
        "level": "varchar", "region": "varchar", "day": "date", "ordinary": "double", "ordinary_lower": "double",
        "ordinary_upper": "double", "shock": "double", "shock_lower": "double", "shock_upper": "double",
        "partner": "date",
    },
    "marts.recovery_events": {
        "signal": "varchar", "level": "varchar", "key": "varchar", "day": "date", "direction": "varchar",
        "value": "double", "lower": "double", "upper": "double", "usual_lower": "double", "usual_upper": "double",
        "is_new": "boolean", "evidence": "varchar", "score": "double", "rows_in": "varchar",
    },
    "marts.recovery_index": {
        "kind": "varchar", "region": "varchar", "day": "date", "as_of": "date", "value": "double", "lower": "double",
        "upper": "double", "missing": "bigint",
    },
    "marts.index_contributions": {
        "kind": "varchar", "region": "varchar", "day": "date", "signal": "varchar", "weight": "double",
        "loading": "double", "value": "double", "observed": "boolean", "contribution": "double",
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
        "method": "varchar", "signal": "varchar", "level": "varchar", "stage": "varchar", "horizon": "bigint",
        "n": "bigint", "crps": "double", "crps_straight_line": "double", "crps_no_change": "double",
        "covered": "double", "date_n": "bigint", "date_error": "double", "date_covered": "double",
    },
    "marts.published_comparison": {
        "item": "varchar", "published": "double", "published_text": "varchar", "unit": "varchar",
        "published_source": "varchar", "url": "varchar", "measured": "double", "lower": "double", "upper": "double",
        "measured_text": "varchar", "truth": "double", "within": "boolean", "note": "varchar", "signal": "varchar",
        "day": "date",
    },
    "marts.raw_files": {
        "kind": "varchar", "day": "date", "file": "varchar", "bytes": "bigint", "sha256": "varchar",
        "records_in": "bigint", "records_kept": "bigint", "records_refused": "bigint", "arrived": "date",
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

CONDITIONS = {
    "marts.recovery_forecast": "as_of = (select max(as_of) from marts.recovery_forecast)",
    "marts.recovery_dates": "as_of = (select max(as_of) from marts.recovery_dates)",
    "marts.site_daily": "value is not null",
}
"""Rows of a table that the report needs; of others it needs all."""

SITE = {"name": "varchar", "region": "varchar", "day": "date", "value": "double", "lower": "double", "upper": "double"}
PICTURE = {"name": "varchar", "region": "varchar", "day": "date", "value": "double", "evidence": "varchar"}
RETURNS = {
    "as_of": "date", "signal": "varchar", "region": "varchar", "threshold": "double", "date_median": "date",
    "date_lower": "date", "date_upper": "date", "horizon": "date", "method": "varchar",
}  # fmt: skip


def read_tables(con: duckdb.DuckDBPyConnection) -> dict[str, pl.DataFrame]:
    """Return every table by its name without the schema, and three that are cut from them.

    ``site_newest`` and ``site_pictures`` hold each site's newest figure and its newest figure with a picture, so that
    the days of all sites need no names and paths; ``return_days`` holds the forecast days of return of every as-of day.
    """
    present = _columns(con)
    tables = {
        name.split(".")[1]: _read(con, name, columns, present, CONDITIONS.get(name)) for name, columns in TABLES.items()
    }
    sites = present.get("marts.site_daily", set())
    tables["site_newest"] = _newest(con, SITE, sites, "value")
    tables["site_pictures"] = _newest(con, PICTURE, sites, "evidence")
    tables["return_days"] = _read(con, "marts.recovery_dates", RETURNS, present, "threshold is not null")
    return tables


def _columns(con: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    rows = con.sql(
        "select table_schema || '.' || table_name as name, list(column_name) as columns "
        "from information_schema.columns where table_catalog = current_database() group by all"
    ).pl()
    return {str(name): set(columns) for name, columns in rows.rows()}


def _cast(columns: dict[str, str], present: set[str]) -> str:
    """Return the select list of some columns; identifiers come from this module alone."""
    return ", ".join(
        f'"{c}"::{kind} as "{c}"' if c in present else f'null::{kind} as "{c}"' for c, kind in columns.items()
    )


def _read(
    con: duckdb.DuckDBPyConnection,
    name: str,
    columns: dict[str, str],
    present: dict[str, set[str]],
    condition: str | None,
) -> pl.DataFrame:
    """Read the columns of a table in a fixed order of rows; an absent table reads as empty."""
    known = present.get(name)
    shown = _cast(columns, known or set())
    if not known:
        return con.sql(f"select {shown} where false").pl()
    where = f"where {condition}" if condition else ""
    return con.sql(f"select {shown} from {name} {where} order by all").pl()  # noqa: S608 - our own identifiers


def _newest(con: duckdb.DuckDBPyConnection, columns: dict[str, str], present: set[str], needed: str) -> pl.DataFrame:
    """Return, by signal and site, some columns on the newest day on which one of them is known."""
    key = {"signal": "varchar", "site_id": "varchar"}
    if not present:
        return con.sql(f"select {_cast(key | columns, present)} where false").pl()
    packed = ", ".join(columns)
    return con.sql(
        f"select signal, site_id, unnest(row) from (select signal, site_id, max_by(struct_pack({packed}), day) as row "  # noqa: S608 - our own identifiers
        f"from (select {_cast(key | columns, present)} from marts.site_daily) where {needed} is not null group by all) "
        "order by all"
    ).pl()
