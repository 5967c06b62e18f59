"""Solar farms: arrays in each scene, and the register of farms as known on a day.

Belongs here: reading partitions, calling one function of the solar package, writing. No networks, no geometry.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from solarnet_assets.defs.daily import OWNERS, Day, run_days
from solarnet_assets.defs.partitions import DAILY, trailing_dep
from solarnet_assets.defs.resources import Project
from solarnet_assets.defs.shown import listed, pictured, table_metadata
from solarnet_assets.imagery.weights import Weights
from solarnet_assets.landing import BadInputError
from solarnet_assets.solar.model import WEIGHTS, code_version

OUTLINES = "solar_farm_outlines.parquet"
"""File of the newest register, beside the marts in ``published/``."""

REGISTER_DAYS = 486
"""Days back to which a register looks: a farm that no scene has shown for so long is not in it."""


def weights_metadata(weights: Weights) -> dict[str, Any]:
    """Return what a reader should know about shipped weights."""
    card = weights.card
    shown = {name: value for name, value in card["test"].items() if isinstance(value, int | float)}
    lines = [f"- {name.replace('_', ' ')}: {value}" for name, value in shown.items()]
    return {"weights_sha256": weights.digest, "held_out_figures": dg.MetadataValue.md("\n".join(lines))}


def search_day(project: Project, day: date) -> Day:
    """Search every scene that landed on a day."""
    from solarnet_assets.solar.search import observe_scenes

    lake = project.lake
    areas = dict(lake.read("sites").select("site_id", "geometry").iter_rows())
    scenes = lake.read("solar_scenes", day)
    rows, pictures, refused = observe_scenes(
        scenes,
        areas,
        lambda name: Path(str(lake.blob("solar_scenes", day, name))),
        scratch=project.config.home / "scratch" / "solar",
    )
    stored = {key: project.evidence.write(f"solar/{day}/{key}.png", data) for key, data in pictures.items()}
    frame = rows.with_columns(evidence=pl.col("scene_id").replace_strict(stored, default=None, return_dtype=pl.String))
    shown: dict[str, Any] = {"scenes": scenes.height, "area_km2": float(frame["area_m2"].sum()) / 1e6}
    shown |= pictured(project.evidence.root / f"solar/{day}", len(stored))
    return Day(frame, shown | ({"not_searched": listed(refused)} if refused else {}))


def register_day(project: Project, day: date) -> Day:
    """Register the farms that are known on a day."""
    from solarnet_assets.solar.register import register

    start = max(project.config.first_day, day - timedelta(days=REGISTER_DAYS - 1))
    frame = register(project.lake.scan("solar_polygons", start, day).collect(), day)
    return Day(frame, {"farms": frame.height, "area_km2": float(frame["area_km2"].sum())})


@dg.asset(
    group_name="solar",
    partitions_def=DAILY,
    deps=["solar_scenes", "sites"],
    kinds={"parquet", "pytorch"},
    owners=OWNERS,
    tags={"layer": "inference"},
    pool="gpu",
    code_version=code_version(),
    metadata=table_metadata("solar_polygons") | weights_metadata(WEIGHTS),
    description="Solar arrays that SolarNet finds in Sentinel-2 scenes: outlines, area in an equal-area projection, "
    "mean probability.",
)
def solar_polygons(context: dg.AssetExecutionContext, project: Project) -> Iterator[Any]:
    """Search the scenes of each day of the run."""
    yield from run_days(context, project.lake, "solar_polygons", lambda day: search_day(project, day))


@dg.asset(
    group_name="solar",
    partitions_def=DAILY,
    deps=[trailing_dep("solar_polygons", REGISTER_DAYS)],
    kinds={"parquet", "polars"},
    owners=OWNERS,
    tags={"layer": "metric"},
    metadata=table_metadata("solar_farms"),
    description="Register of solar farms as known on the partition's day: first and last seen, area with a 90 % "
    "interval.",
)
def solar_farms(context: dg.AssetExecutionContext, project: Project) -> Iterator[Any]:
    """Register the farms as of each day of the run."""
    yield from run_days(context, project.lake, "solar_farms", lambda day: register_day(project, day))


@dg.asset(
    group_name="reports",
    deps=["solar_farms"],
    kinds={"parquet"},
    owners=OWNERS,
    tags={"layer": "published"},
    description="`published/solar_farm_outlines.parquet`: the farms of the newest register with their outlines and how "
    "they have grown, as GeoParquet 1.1 (WKB, longitude and latitude).",
)
def solar_farms_geoparquet(project: Project) -> dg.MaterializeResult[Any]:
    """Publish the newest register with its outlines."""
    from solarnet_assets.solar.published import outlines, write_geoparquet

    lake = project.lake
    day = max(lake.days("solar_farms"), default=None)
    if day is None:
        raise BadInputError("no day of solar_farms has been made yet: materialise one first")
    start = max(project.config.first_day, day - timedelta(days=REGISTER_DAYS - 1))
    farms = outlines(lake.scan("solar_polygons", start, day).collect(), day)
    file = write_geoparquet(farms, project.published / OUTLINES)
    return dg.MaterializeResult(
        metadata={
            "path": dg.MetadataValue.path(str(file)),
            "as_of": dg.MetadataValue.text(f"{day}"),
            "farms": farms.height,
            "area_km2": float(farms["area_km2"].sum()),
            "growth_km2": float(farms["growth_km2"].sum()),
        }
    )
