"""The marts for other people's tools: Parquet, CSV and a data dictionary in the folder `published/`.

Belongs here: the asset that has the files written and says where they are. No SQL.
"""

from typing import Any

import dagster as dg

from solarnet_assets.defs.daily import OWNERS
from solarnet_assets.defs.resources import Project
from solarnet_assets.defs.solar import OUTLINES, solar_farms_geoparquet
from solarnet_assets.defs.warehouse import SQL, asset_key


@dg.asset(
    group_name="reports",
    deps=[*(asset_key(model.table) for model in SQL.models if model.layer == "marts"), solar_farms_geoparquet],
    kinds={"parquet", "csv"},
    owners=OWNERS,
    tags={"layer": "report"},
    description="`published/`: every mart as Parquet, `recovery_daily` as CSV too, `data_dictionary.csv` with what "
    "each column holds and is made from, and `manifest.json` with the SHA-256 of every file.",
)
def published_marts(project: Project) -> dg.MaterializeResult[Any]:
    """Write the marts."""
    from solarnet_assets.sql.publish import publish

    entries = publish(project.warehouse, project.published, SQL, [OUTLINES])
    lines = [
        "| file | rows | bytes |",
        "|---|---|---|",
        *(f"| {e['file']} | {e['rows']} | {e['bytes']} |" for e in entries),
    ]
    return dg.MaterializeResult(
        metadata={
            "path": dg.MetadataValue.path(str(project.published)),
            "files": len(entries),
            "bytes": sum(entry["bytes"] for entry in entries),
            "preview": dg.MetadataValue.md("\n".join(lines)),
        }
    )
