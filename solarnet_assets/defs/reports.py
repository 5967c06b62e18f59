"""The report: one page for people, made from the warehouse.

Belongs here: the asset that has the page written and says where it is. No words, no drawing.
"""

from pathlib import Path
from typing import Any

import dagster as dg

from solarnet_assets.defs.daily import OWNERS
from solarnet_assets.defs.resources import Project

READS = (
    "recovery_daily", "site_daily", "parking_groups", "steel_shock", "commuting_corrections", "sector_growth",
    "solar_daily", "solar_farms", "recovery_forecast", "recovery_dates", "forecast_scores", "published_comparison",
    "recovery_events", "recovery_index", "index_contributions", "raw_files",
)  # fmt: skip
"""Marts that the page shows."""


@dg.asset(
    group_name="reports",
    deps=[dg.AssetKey(["marts", name]) for name in READS],
    kinds={"html"},
    owners=OWNERS,
    tags={"layer": "report"},
    description="`report/index.html`: headline, events, contributions, signals with intervals, forecast, published "
    "beside measured, places, evidence, gaps and methods, in English and Chinese; from every figure down to its SQL, "
    "partitions and raw files. One self-contained file, rewritten whole from the newest marts.",
)
def report(project: Project) -> dg.MaterializeResult[Any]:
    """Write the report."""
    from solarnet_assets.evaluation.coverage import known_truth
    from solarnet_assets.reports import build_report, digest

    truth = known_truth(project.warehouse)
    evidence = Path(str(project.evidence.root))
    page = build_report(project.warehouse, evidence, project.report, truth=truth, lake=project.lake)
    return dg.MaterializeResult(
        metadata={
            "path": dg.MetadataValue.path(str(page)),
            "bytes": page.stat().st_size,
            "preview": dg.MetadataValue.md(digest(project.warehouse)),
        }
    )
