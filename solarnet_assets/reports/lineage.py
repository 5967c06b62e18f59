"""How do we know: from a figure through its SQL and the lake's partitions to evidence and raw files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from solarnet_assets.reports import formats, lakeside, register
from solarnet_assets.reports.data import ReportData
from solarnet_assets.sql.columns import Column, columns
from solarnet_assets.sql.folder import load_project
from solarnet_assets.sql.models import Project

VALUE = ("value", "growth_pct", "area_km2", "date_median", "measured", "value_with")
"""Names of the column that holds a figure; the first that a table has is followed to its sources."""

MAX_RAW = 6


@dataclass(frozen=True)
class Graph:
    """The SQL files and their columns, read once per page."""

    project: Project
    columns: dict[str, tuple[Column, ...]]


@cache
def graph() -> Graph:
    """Read the SQL files and follow their columns, once per process."""
    project = load_project()
    return Graph(project, columns(project))


@cache
def chains() -> dict[str, dict[str, Any]]:
    """Return what each figure of the page is made of; see ``lineage.yaml``."""
    content: dict[str, dict[str, Any]] = yaml.safe_load(
        (Path(__file__).parent / "lineage.yaml").read_text(encoding="utf-8")
    )
    return content


def drill(
    data: ReportData, sql: Graph, key: str, day: date, last: dict[str, Any] | None, pictures: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return the steps behind one figure.

    Args:
        data: the report's data.
        sql: the SQL files.
        key: a key of :func:`chains`.
        day: the figure's day.
        last: its row, with value, lower and upper; None where it is no single row.
        pictures: the embedded evidence.
    """
    chain = chains()[key]
    return {
        "key": key,
        "day": f"{day:%Y-%m-%d}",
        "table": chain["figure"],
        "query": _query(chain, data.country, sql.project, day),
        "row": _row(last),
        "models": _models(sql, chain),
        "holdings": _holdings(data, chain["lake"], day),
        "pictures": [p for p in pictures if p["key"] == chain.get("pictures")][:MAX_RAW],
        "register": register.files(data, chain["lake"], day),
    }


def _query(chain: dict[str, Any], country: str, project: Project, day: date) -> str:
    """Return the SELECT that gives the figure, to be run on the warehouse."""
    partition = project.model(chain["figure"]).partition
    where = chain["where"].format(country=country.replace("'", "''"))
    dated = f" and {partition} = date '{day}'" if partition else ""
    return f"select * from {chain['figure']} where {where}{dated}"  # noqa: S608 - shown, never run


def _row(last: dict[str, Any] | None) -> dict[str, Any] | None:
    if last is None:
        return None
    value = next((last[name] for name in VALUE if last.get(name) is not None), None)
    return {"value": formats.tenth(value), "lower": formats.tenth(last["lower"]), "upper": formats.tenth(last["upper"])}


def _models(sql: Graph, chain: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the SQL files behind a figure from the served table to the lake: text, inputs, sources of the value."""
    wanted = sql.project.ancestors(chain["models"]) | set(chain["through"])
    ordered = [model for model in reversed(sql.project.models) if model.table in wanted]
    shown = []
    for model in ordered:
        known = {column.name: column for column in sql.columns[model.table]}
        value = next((known[name] for name in VALUE if name in known), None)
        sources = ", ".join(f"{table}.{column}" for table, column in value.sources) if value else ""
        file = f"dbt_like_sql/{model.layer}/{model.path.name}"
        shown.append(
            {"table": model.table, "file": file, "sql": model.sql, "reads": ", ".join(model.depends),
             "value": value.name if value else "", "sources": sources}
        )  # fmt: skip
    return shown


def _holdings(data: ReportData, assets: list[str], day: date) -> list[dict[str, Any]]:
    """Return the partition of each lake asset on a day (or the newest before it) with its counts."""
    if data.lake is None:
        return []
    found = [held for asset in assets if (held := lakeside.holding(data.lake, asset, day))]
    return [
        {
            "asset": held.asset,
            "path": held.path,
            **{name: formats.count(getattr(held, name)) for name in ("n_in", "n_out", "n_quarantined", "days")},
            "span": formats.iso_range(held.first, held.last),
            "sha256": held.sha256,
        }
        for held in found
    ]
