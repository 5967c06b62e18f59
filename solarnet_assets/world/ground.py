"""Where things lie: UTM grids around a place, and the way between map metres and degrees."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from pyproj import Transformer

if TYPE_CHECKING:
    from collections.abc import Iterable


@lru_cache(maxsize=16)
def _to_map(epsg: int) -> Transformer:
    return Transformer.from_crs(4326, epsg, always_xy=True)


@lru_cache(maxsize=16)
def _to_degrees(epsg: int) -> Transformer:
    return Transformer.from_crs(epsg, 4326, always_xy=True)


def utm_zone(lon: float, lat: float) -> int:
    """Return the EPSG code of the WGS 84 / UTM zone of a place."""
    zone = min(max(math.floor((lon + 180) / 6) + 1, 1), 60)
    return (32600 if lat >= 0 else 32700) + zone


@dataclass(frozen=True)
class Grid:
    """A north-up raster grid in UTM.

    Attributes:
        epsg: EPSG code of the projection.
        west: easting of the left edge, m.
        north: northing of the upper edge, m.
        gsd: pixel size, m.
        n: rows and columns.
    """

    epsg: int
    west: float
    north: float
    gsd: float
    n: int

    @property
    def centre(self) -> tuple[float, float]:
        """Easting and northing of the centre, m."""
        half = self.n * self.gsd / 2
        return self.west + half, self.north - half

    def degrees(self, points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
        """Return (lon, lat) of map points (easting, northing)."""
        xs, ys = zip(*points, strict=True)
        lons, lats = _to_degrees(self.epsg).transform(xs, ys)
        return [(round(float(a), 8), round(float(b), 8)) for a, b in zip(lons, lats, strict=True)]

    def local(self, points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
        """Return (lon, lat) of points given as metres east and north of the centre."""
        x, y = self.centre
        return self.degrees([(x + dx, y + dy) for dx, dy in points])

    def outline(self) -> list[tuple[float, float]]:
        """Return the closed footprint as (lon, lat)."""
        half = self.n * self.gsd / 2
        return self.local([(-half, -half), (half, -half), (half, half), (-half, half), (-half, -half)])


@lru_cache(maxsize=512)
def grid_about(lon: float, lat: float, gsd: float, n: int) -> Grid:
    """Return the grid of n x n pixels about a place, snapped to whole multiples of the pixel size."""
    epsg = utm_zone(lon, lat)
    x, y = _to_map(epsg).transform(lon, lat)
    west = math.floor((x - n * gsd / 2) / gsd) * gsd
    north = math.ceil((y + n * gsd / 2) / gsd) * gsd
    return Grid(epsg, west, north, gsd, n)


def wkt_polygon(ring: Iterable[tuple[float, float]]) -> str:
    """Return WKT of one closed ring of (lon, lat)."""
    points = list(ring)
    if points[0] != points[-1]:
        points.append(points[0])
    return "POLYGON ((" + ", ".join(f"{x:.7f} {y:.7f}" for x, y in points) + "))"
