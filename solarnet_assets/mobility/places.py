"""Cities on the ground: which one holds a point, and the metric grid that its cells are counted on."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

METRES_PER_DEGREE = 111_195.0
"""Length of one degree of latitude on a sphere of radius 6,371 km (IUGG mean radius)."""

CELL_M = 250.0
"""Side of a grid cell, m: larger than a phone's usual error, smaller than the way from home to work."""


def assign_city(lat: NDArray[np.float64], lon: NDArray[np.float64], cities: pl.DataFrame) -> NDArray[np.int32]:
    """Return, per point, the row of the nearest city whose radius holds it, or -1.

    Distances are equirectangular about each centre: within 0.1 % at 100 km and mid latitudes.

    Args:
        lat: degrees, shape (n,); NaN belongs nowhere.
        lon: degrees, shape (n,).
        cities: the ``Cities`` table.
    """
    best = np.full(lat.shape, -1, np.int32)
    nearest = np.full(lat.shape, np.inf)
    for row, (lon0, lat0, radius) in enumerate(cities.select("lon", "lat", "radius_km").iter_rows()):
        inside = np.flatnonzero(np.abs(lat - lat0) <= radius * 1000 / METRES_PER_DEGREE)
        x = (lon[inside] - lon0) * np.cos(np.radians(lat0))
        away = np.hypot(x, lat[inside] - lat0) * METRES_PER_DEGREE
        hit = (away <= radius * 1000) & (away < nearest[inside])
        best[inside[hit]] = row
        nearest[inside[hit]] = away[hit]
    return best


def cell_expressions(cell_m: float = CELL_M) -> tuple[pl.Expr, pl.Expr]:
    """Return the grid column and row of (``lat``, ``lon``) about the city centre (``lat0``, ``lon0``), Int32."""
    x = (pl.col("lon") - pl.col("lon0")) * (pl.col("lat0").radians().cos() * (METRES_PER_DEGREE / cell_m))
    y = (pl.col("lat") - pl.col("lat0")) * (METRES_PER_DEGREE / cell_m)
    return x.floor().cast(pl.Int32).alias("cell_x"), y.floor().cast(pl.Int32).alias("cell_y")


def metres_between(lat1: str, lon1: str, lat2: str, lon2: str) -> pl.Expr:
    """Return the equirectangular distance, m, between the points of four columns (degrees)."""
    dx = (pl.col(lon1) - pl.col(lon2)) * pl.col(lat1).radians().cos()
    dy = pl.col(lat1) - pl.col(lat2)
    return (dx * dx + dy * dy).sqrt() * METRES_PER_DEGREE
