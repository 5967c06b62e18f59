"""Farms for other people's maps: outlines, first sight and growth as GeoParquet."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from solarnet_assets.imagery.geometry import transformer
from solarnet_assets.solar.register import CELL_M, COLUMNS, EQUAL_AREA, Track, farm_id, register, tracked, voted

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

VERSION = "1.1.0"
"""Of the GeoParquet specification (OGC; geoparquet.org) that files follow."""

BBOX = ("xmin", "ymin", "xmax", "ymax")

ENTERED = 2
"""Sightings after which a farm's first area is taken: with so many it enters the register."""


def outlines(polygons: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Return the register of a day with the farms' outlines and how they have grown.

    Args:
        polygons: schema ``SolarPolygons`` with ``day``, all days up to ``as_of``.
        as_of: day whose knowledge is used.

    Returns:
        Rows of ``SolarFarms`` and ``first_area_km2`` (when the farm entered the register), ``growth_km2``,
        ``growth_pct`` and ``geometry`` (WKB, longitude and latitude), ordered by area of interest and farm.
    """
    farms = register(polygons, as_of)
    known = polygons.filter(pl.col("day") <= as_of).sort("site_id", "day", "time", "scene_id", "polygon")
    shapes: dict[str, tuple[bytes, float]] = {}
    for (site_id,), own in known.group_by("site_id", maintain_order=True):
        for track in tracked(str(site_id), tuple(own.select(COLUMNS).iter_rows())):
            shapes.setdefault(farm_id(track), (_wkb(_shape(track)), _first_area(track)))
    geometry, first = ([shapes[name][n] for name in farms["farm_id"]] for n in (0, 1))
    return farms.with_columns(
        first_area_km2=pl.Series(first, dtype=pl.Float64), geometry=pl.Series(geometry, dtype=pl.Binary)
    ).with_columns(
        growth_km2=pl.col("area_km2") - pl.col("first_area_km2"),
        growth_pct=100 * (pl.col("area_km2") / pl.col("first_area_km2") - 1),
    )


def _shape(track: Track) -> BaseGeometry:
    """Return the outline of the cells that a farm's scenes agree on, in EPSG:6933."""
    from rasterio import Affine
    from rasterio.features import shapes
    from shapely import union_all
    from shapely.geometry import shape

    mask, left, top = voted(track)
    cells = shapes(mask.astype(np.uint8), mask=mask, transform=Affine(CELL_M, 0, left, 0, -CELL_M, top))
    return union_all([shape(geojson) for geojson, _ in cells])


def _first_area(track: Track) -> float:
    """Return the area, km2, when the farm entered the register."""
    mask, _, _ = voted(Track(track.site_id, track.sightings[:ENTERED]))
    return max(float(mask.sum()), 1.0) * CELL_M**2 / 1e6


def _wkb(shape: BaseGeometry) -> bytes:
    from shapely import to_wkb, transform
    from shapely.geometry import MultiPolygon
    from shapely.geometry.polygon import orient

    project = transformer(EQUAL_AREA, 4326)
    lonlat = transform(shape, lambda xy: np.column_stack(project.transform(xy[:, 0], xy[:, 1])))
    parts = [orient(part) for part in getattr(lonlat, "geoms", [lonlat]) if part.geom_type == "Polygon"]
    return bytes(to_wkb(parts[0] if len(parts) == 1 else MultiPolygon(parts)))


def write_geoparquet(farms: pl.DataFrame, file: Path) -> Path:
    """Write farms with outlines as GeoParquet, whole: under a name of its own first.

    Args:
        farms: columns and ``geometry`` as WKB in longitude and latitude.
        file: where; its folder is made.
    """
    import pyarrow.parquet as pq
    from shapely import bounds, from_wkb, get_type_id

    shapes = from_wkb(farms["geometry"].to_list())
    boxes = np.asarray(bounds(shapes), float).reshape(-1, 4)
    box = pl.struct(*(pl.Series(name, boxes[:, n]) for n, name in enumerate(BBOX))).alias("bbox")
    table = farms.with_columns(box).to_arrow()
    names = {3: "Polygon", 6: "MultiPolygon"}
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": sorted({names[int(kind)] for kind in get_type_id(shapes)}),
        "crs": _crs84(),
        "orientation": "counterclockwise",
        "covering": {"bbox": {name: ["bbox", name] for name in BBOX}},
    }
    if len(boxes):
        column["bbox"] = [*boxes[:, :2].min(0).tolist(), *boxes[:, 2:].max(0).tolist()]
    geo = {"version": VERSION, "primary_column": "geometry", "columns": {"geometry": column}}
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), b"geo": json.dumps(geo).encode()})
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    pq.write_table(table, draft, compression="zstd")
    draft.replace(file)
    return file


def _crs84() -> dict[str, Any]:
    """Return longitude and latitude on WGS 84, in that order, as PROJJSON."""
    from pyproj import CRS

    crs: dict[str, Any] = CRS.from_user_input("OGC:CRS84").to_json_dict()
    return crs
