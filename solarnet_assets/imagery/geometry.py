"""Sites on the ground and pixels of a raster: polygons in EPSG:4326 against grids in any CRS."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.imagery.raster import Grid
from solarnet_assets.landing import BadInputError

if TYPE_CHECKING:
    from pyproj import Transformer
    from shapely.geometry.base import BaseGeometry

METRES_PER_DEGREE = 111_320.0
"""Length of a degree of latitude, m (mean; used only to say how fine a grid in degrees is)."""


@lru_cache(maxsize=256)
def transformer(source: int, target: int) -> Transformer:
    """Return the coordinate transformation between two EPSG codes, x before y."""
    from pyproj import Transformer
    from pyproj.exceptions import CRSError

    try:
        return Transformer.from_crs(source, target, always_xy=True)
    except CRSError as error:
        raise BadInputError(f"EPSG:{source} or EPSG:{target} is not a known coordinate reference system") from error


@lru_cache(maxsize=8192)
def polygon_in(wkt: str, epsg: int) -> BaseGeometry:
    """Return a polygon given as WKT in EPSG:4326 in another CRS.

    Raises:
        BadInputError: the text is not a polygon.
    """
    from shapely import from_wkt
    from shapely.errors import ShapelyError

    try:
        shape = from_wkt(wkt)
    except ShapelyError as error:
        raise BadInputError(f"{wkt[:60]!r} is not a geometry in WKT") from error
    if shape is None or shape.is_empty or shape.geom_type not in {"Polygon", "MultiPolygon"}:
        raise BadInputError(f"{wkt[:60]!r} is not a polygon")
    return shape if epsg == 4326 else reproject(shape, 4326, epsg)


def reproject(shape: BaseGeometry, source: int, target: int) -> BaseGeometry:
    """Return a geometry of one CRS (EPSG code) in another."""
    from shapely import transform

    project = transformer(source, target)
    return transform(shape, lambda xy: np.column_stack(project.transform(xy[:, 0], xy[:, 1])))


@lru_cache(maxsize=1024)
def polygon_mask(wkt: str, grid: Grid) -> NDArray[np.bool_]:
    """Return the pixels of a grid whose centre lies in a polygon (WKT, EPSG:4326); read-only, cached.

    A polygon smaller than a pixel takes the pixel that holds its centre, where the grid has one.
    """
    from rasterio import Affine
    from rasterio.features import geometry_mask

    shape = polygon_in(wkt, grid.epsg)
    size = (grid.height, grid.width)
    mask = np.asarray(geometry_mask([shape], size, Affine(*grid.transform), invert=True))
    if not mask.any():
        centre = shape.representative_point()
        row, col = (math.floor(v) for v in to_pixels(np.array([[centre.x, centre.y]]), grid)[0])
        if 0 <= row < grid.height and 0 <= col < grid.width:
            mask[row, col] = True
    mask.setflags(write=False)
    return mask


def to_pixels(xy: NDArray[np.float64], grid: Grid) -> NDArray[np.float64]:
    """Return fractional (row, column) of points (x, y) in the grid's CRS; the corner of the first pixel is (0, 0)."""
    a, b, c, d, e, f = grid.transform
    dx, dy = xy[:, 0] - c, xy[:, 1] - f
    det = a * e - b * d
    return np.column_stack([(a * dy - d * dx) / det, (e * dx - b * dy) / det])


def outlines(wkt: str, grid: Grid) -> list[NDArray[np.float64]]:
    """Return the outer rings of a polygon (WKT, EPSG:4326) as fractional (row, column) arrays."""
    shape = polygon_in(wkt, grid.epsg)
    parts = getattr(shape, "geoms", [shape])
    return [to_pixels(np.asarray(part.exterior.coords)[:, :2], grid) for part in parts]


def seen_share(wkt: str, grid: Grid) -> float:
    """Return the share of a polygon's area (WKT, EPSG:4326) that lies inside a grid."""
    from shapely import box

    shape = polygon_in(wkt, grid.epsg)
    return float(shape.intersection(box(*grid.bounds)).area / shape.area) if shape.area else 0.0


def ground_sampling_distance(grid: Grid) -> float:
    """Return the mean pixel size in metres, also for a grid in degrees."""
    a, b, _, d, e, _ = grid.transform
    across, down = math.hypot(a, d), math.hypot(b, e)
    if abs(grid.bounds[3]) > 90 or grid.epsg not in _geographic():
        return (across + down) / 2
    latitude = math.radians((grid.bounds[1] + grid.bounds[3]) / 2)
    return METRES_PER_DEGREE * (across * math.cos(latitude) + down) / 2


@lru_cache(maxsize=1)
def _geographic() -> frozenset[int]:
    return frozenset({4326, 4490, 4979, 4269, 4258})


def window_around(wkt: str, grid: Grid, margin: float) -> tuple[int, int, int, int]:
    """Return (row, column, height, width) of the pixels around a polygon, cut to the grid.

    Args:
        wkt: polygon, EPSG:4326.
        grid: raster that is cut.
        margin: metres of surroundings to keep on every side.
    """
    left, bottom, right, top = polygon_in(wkt, grid.epsg).bounds
    corners = np.array([[left, bottom], [left, top], [right, bottom], [right, top]])
    pixels = to_pixels(corners, grid)
    pad = margin / ground_sampling_distance(grid)
    first = np.clip(np.floor(pixels.min(axis=0) - pad), 0, [grid.height, grid.width]).astype(int)
    last = np.clip(np.ceil(pixels.max(axis=0) + pad), 0, [grid.height, grid.width]).astype(int)
    return int(first[0]), int(first[1]), int(last[0] - first[0]), int(last[1] - first[1])


def centre_lonlat(grid: Grid) -> tuple[float, float]:
    """Return (longitude, latitude) of the middle of a grid, degrees, WGS 84."""
    left, bottom, right, top = grid.bounds
    lon, lat = transformer(grid.epsg, 4326).transform((left + right) / 2, (bottom + top) / 2)
    return float(lon), float(lat)


def morning_pass(day: date, grid: Grid) -> datetime:
    """Return 10:30 local mean solar time at the middle of a grid, UTC: about when sun-synchronous sensors pass."""
    lon, _ = centre_lonlat(grid)
    return datetime(day.year, day.month, day.day, 10, 30, tzinfo=UTC) - timedelta(hours=lon / 15)


def lonlat_bounds(grid: Grid) -> tuple[float, float, float, float]:
    """Return (west, south, east, north) of a grid, degrees, WGS 84."""
    return _lonlat_bounds(grid.bounds, grid.epsg)


@lru_cache(maxsize=4096)
def _lonlat_bounds(bounds: tuple[float, float, float, float], epsg: int) -> tuple[float, float, float, float]:
    west, south, east, north = transformer(epsg, 4326).transform_bounds(*bounds)
    return float(west), float(south), float(east), float(north)
