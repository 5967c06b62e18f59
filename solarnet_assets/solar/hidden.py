"""What a scene could not show, told with each outline for the ground about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.imagery.geometry import reproject

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from solarnet_assets.imagery.raster import Grid

TOLERANCE = 15.0
"""Metres to which outlines of unsearched ground are simplified."""

REACH = 3000.0
"""Metres about an outline within which it is told what was hidden; the register asks no farther than a farm's own
footprint. The whole of a scene's broken cloud beside each of thousands of outlines filled gigabytes. Ours."""


class Hidden:
    """Ground of a scene that was not searched.

    Args:
        usable: (H, W) pixels that were searched.
        grid: their grid, metres.
    """

    def __init__(self, usable: NDArray[np.bool_], grid: Grid) -> None:
        from rasterio import Affine
        from rasterio.features import shapes
        from shapely import STRtree, get_parts, union_all
        from shapely.geometry import shape

        hidden = ~usable
        found = shapes(hidden.view(np.uint8), mask=hidden, transform=Affine(*grid.transform))
        whole = union_all([shape(geojson) for geojson, _ in found]).simplify(TOLERANCE)
        self.epsg, self.parts = grid.epsg, get_parts(whole)
        self.tree = STRtree(self.parts)

    def near(self, outline: BaseGeometry) -> str | None:
        """Return what was hidden within :data:`REACH` of an outline's bounds as WKT in EPSG:4326, None if nothing was.

        Args:
            outline: in the CRS of the grid.
        """
        from shapely import box, clip_by_rect, get_parts, get_type_id, multipolygons, to_wkt

        left, bottom, right, top = outline.bounds
        bounds = (left - REACH, bottom - REACH, right + REACH, top + REACH)
        cut = get_parts(clip_by_rect(self.parts[np.sort(self.tree.query(box(*bounds)))], *bounds))
        areas = cut[get_type_id(cut) == 3]  # a cut along an edge leaves lines and points too
        if not areas.size:
            return None
        return str(to_wkt(reproject(multipolygons(areas), self.epsg, 4326), rounding_precision=5))
