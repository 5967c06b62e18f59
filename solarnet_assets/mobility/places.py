"""Cities on the ground: which one holds a point, and the metric grid that its cells are counted on."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

METRES_PER_DEGREE = 111_195.0
"""Length of one degree of latitude on a sphere of radius 6,371 km (IUGG mean radius)."""

CELL_M = 250.0
"""Side of a grid cell, m: larger than a phone's usual error, smaller than the way from home to work."""


TILE = 0.1
"""Side of a tile, degrees, in which the cities that may hold a point are looked up."""


class CityGrid:
    """Which city holds a point, at a cost that does not grow with the number of cities.

    Args:
        cities: the ``Cities`` table.
    """

    def __init__(self, cities: pl.DataFrame) -> None:
        self._lon, self._lat, radius = cities.select("lon", "lat", "radius_km").to_numpy().reshape(-1, 3).T
        self._radius = radius * 1000
        self._narrow = np.cos(np.radians(self._lat))
        high = self._radius / METRES_PER_DEGREE
        wide = np.minimum(high / np.maximum(self._narrow, 1e-6), 360)
        self._low = np.array([(self._lat - high).min(initial=90), (self._lon - wide).min(initial=180)])
        self._top = np.array([(self._lat + high).max(initial=-90), (self._lon + wide).max(initial=-180)])
        shape = np.maximum(np.ceil((self._top - self._low) / TILE), 0).astype(int) + 1
        self._layers: list[NDArray[np.int32]] = []
        for row in range(cities.height):
            box = []
            for axis, (centre, reach) in enumerate(((self._lat[row], high[row]), (self._lon[row], wide[row]))):
                first, last = (int((centre + side - self._low[axis]) // TILE) for side in (-reach, reach))
                box.append(slice(max(first, 0), last + 1))
            self._put(row, (box[0], box[1]), tuple(shape))

    def _put(self, row: int, box: tuple[slice, slice], shape: tuple[int, ...]) -> None:
        """Enter a city into its tiles, each in the first layer in which the tile is free."""
        wanted: NDArray[np.bool_] | None = None
        for layer in range(len(self._layers) + 1):
            if layer == len(self._layers):
                self._layers.append(np.full(shape, -1, np.int32))
            tiles = self._layers[layer][box]
            wanted = np.ones(tiles.shape, bool) if wanted is None else wanted
            free = wanted & (tiles < 0)
            tiles[free] = row
            wanted &= ~free
            if not wanted.any():
                return

    def assign(self, lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.int32]:
        """Return, per point, the row of the nearest city whose radius holds it, or -1.

        Distances are equirectangular about each centre: within 0.1 % at 100 km and mid latitudes.

        Args:
            lat: degrees, shape (n,); NaN belongs nowhere.
            lon: degrees, shape (n,).
        """
        best = np.full(lat.shape, -1, np.int32)
        near = (lat >= self._low[0]) & (lat <= self._top[0]) & (lon >= self._low[1]) & (lon <= self._top[1])
        some = np.flatnonzero(near)
        if not len(some):
            return best
        y, x = lat[some], lon[some]
        tile = ((y - self._low[0]) / TILE).astype(np.int64), ((x - self._low[1]) / TILE).astype(np.int64)
        nearest = np.full(some.shape, np.inf)
        for layer in self._layers:
            city = layer[tile]
            away = np.hypot((x - self._lon[city]) * self._narrow[city], y - self._lat[city]) * METRES_PER_DEGREE
            hit = (city >= 0) & (away <= self._radius[city]) & (away < nearest)
            best[some[hit]] = city[hit]
            nearest[hit] = away[hit]
        return best


def metres_between(lat1: str, lon1: str, lat2: str, lon2: str) -> pl.Expr:
    """Return the equirectangular distance, m, between the points of four columns (degrees)."""
    dx = (pl.col(lon1) - pl.col(lon2)) * pl.col(lat1).radians().cos()
    dy = pl.col(lat1) - pl.col(lat2)
    return (dx * dx + dy * dy).sqrt() * METRES_PER_DEGREE
