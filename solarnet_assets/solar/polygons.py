"""From scenes to outlines of solar arrays: probabilities, masks, polygons in EPSG:4326, areas in EPSG:6933."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.imagery import clouds, geometry, picture
from solarnet_assets.imagery.scene import Scene
from solarnet_assets.imagery.sink import LEVELS
from solarnet_assets.landing import BadInputError
from solarnet_assets.solar.hidden import Hidden
from solarnet_assets.solar.model import BANDS, WEIGHTS

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from solarnet_assets.imagery.raster import Grid

MIN_AREA_M2 = 4000.0
"""Smallest array that is reported, 40 pixels of 10 m: smaller patches are mostly edges of something else. Ours."""

EQUAL_AREA = 6933
"""EPSG code of the cylindrical equal-area projection (EASE-Grid 2.0) in which areas are taken."""

CLOUD_GROW = 2
"""Pixels around cloud that are not searched."""

SPECK = 5
"""Side, pixels, of the square that a cloud must hold: bright roofs and dark panels pepper classifications."""

MIN_GSD, MAX_GSD = 7.0, 15.0
"""Pixel sizes, m, on which a network that learned at 10 m is used."""


@dataclass(frozen=True)
class Outline:
    """An array found in a scene.

    Attributes:
        geometry: polygon in the CRS of the scene.
        score: mean probability inside.
    """

    geometry: BaseGeometry
    score: float


def searched(scene: Scene) -> NDArray[np.bool_]:
    """Return the pixels that carry data and lie clear of cloud, specks of which are not believed."""
    return scene.seen if scene.cloud is None else clear(scene.seen, scene.cloud)


def clear(seen: NDArray[np.bool_], cloud: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the seen pixels that lie clear of cloud; a pixel's answer depends on those within 2 SPECK + CLOUD_GROW."""
    if not cloud.any():
        return seen
    from scipy.ndimage import maximum_filter, minimum_filter

    held = minimum_filter(cloud, SPECK, mode="constant")  # opening by a square, one axis at a time
    opened = maximum_filter(held, SPECK, mode="constant")
    return np.asarray(seen & ~clouds.grow(opened, CLOUD_GROW))


def network_input(scene: Scene) -> NDArray[np.float32]:
    """Return reflectance (6, H, W) in the network's order, nothing as zero.

    Raises:
        BadInputError: a band is missing, or the pixels are not about 10 m.
    """
    check_gsd(scene.scene_id, scene.grid)
    bands = [scene.reflectance[name] for name in network_bands(scene.scene_id, scene.reflectance)]
    return np.nan_to_num(np.stack(bands), nan=0.0).astype(np.float32)


def check_gsd(scene_id: str, grid: Grid) -> None:
    """Raise BadInputError unless the pixels are about 10 m."""
    gsd = geometry.ground_sampling_distance(grid)
    if not MIN_GSD <= gsd <= MAX_GSD:
        raise BadInputError(f"{scene_id} has pixels of {gsd:.1f} m; SolarNet reads pixels of about 10 m")


def network_bands(scene_id: str, names: Collection[str]) -> list[str]:
    """Return the names of the bands that the network reads, in its order; raises BadInputError if one is missing."""
    stand_in = {"B08": "B8A"} if "B08" not in names else {}
    chosen = [stand_in.get(name, name) for name in BANDS]
    missing = [name for name, stands in zip(BANDS, chosen, strict=True) if stands not in names]
    if missing:
        raise BadInputError(f"{scene_id} lacks band {', '.join(missing)}")
    return chosen


def vectorise(probability: NDArray[Any], usable: NDArray[np.bool_], grid: Grid, threshold: float) -> list[Outline]:
    """Return the outlines of patches above a threshold, with their holes, largest first.

    Beside its input it holds two bytes a pixel, so that whole scenes fit.

    Args:
        probability: (H, W), float32, or uint8 in 255ths.
        usable: (H, W) pixels with data and without cloud.
        grid: position of the pixels.
        threshold: smallest probability inside an array.
    """
    from rasterio import Affine
    from rasterio.features import shapes, sieve
    from shapely.geometry import shape

    levels = LEVELS if probability.dtype == np.uint8 else 1
    inside = probability > (int(threshold * levels) if levels > 1 else threshold)
    inside &= usable
    if not inside.any():
        return []
    found = []
    transform = Affine(*grid.transform)
    smallest = 0.8 * MIN_AREA_M2 / geometry.ground_sampling_distance(grid) ** 2 * abs(transform.determinant)
    # Specks go before they become polygons: a noisy scene has millions. The sieve also fills holes, which are put back.
    inside &= sieve(inside.view(np.uint8), max(1, int(smallest / abs(transform.determinant))), connectivity=4) > 0
    for geojson, _ in shapes(inside.view(np.uint8), mask=inside, connectivity=4, transform=transform):
        patch = shape(geojson)
        area = area_m2(geometry.reproject(patch, grid.epsg, 4326)) if patch.area >= smallest else 0.0
        if area >= MIN_AREA_M2:
            score = _mean_inside(probability, patch, grid) / levels
            found.append((area, Outline(patch, float(np.clip(score, 0, 1)))))
    return [outline for _, outline in sorted(found, key=lambda f: -f[0])]


def _mean_inside(values: NDArray[Any], patch: BaseGeometry, grid: Grid) -> float:
    """Return the mean over the pixels of a patch whose edges are edges of pixels."""
    from rasterio import Affine
    from rasterio.features import geometry_mask

    left, bottom, right, top = patch.bounds
    corners = np.array([[left, bottom], [left, top], [right, bottom], [right, top]])
    places = geometry.to_pixels(corners, grid)
    (row, col), (end, last) = np.rint(places.min(axis=0)).astype(int), np.rint(places.max(axis=0)).astype(int)
    part = grid.window(int(row), int(col), int(end - row), int(last - col))
    mask = geometry_mask([patch], (part.height, part.width), Affine(*part.transform), invert=True)
    return float(values[row:end, col:last][mask].mean(dtype=np.float64))


def area_m2(shape: BaseGeometry) -> float:
    """Return the area of a geometry in EPSG:4326, taken in an equal-area projection."""
    return float(geometry.reproject(shape, 4326, EQUAL_AREA).area)


@dataclass(frozen=True)
class Found:
    """What one scene gave: its rows without evidence, and its picture."""

    rows: list[dict[str, Any]]
    picture: bytes


def find(scene: Scene, site_id: str, wkt: str | None, probability: NDArray[np.float32]) -> Found:
    """Turn a scene's probabilities into rows of ``SolarPolygons``.

    Args:
        scene: opened scene.
        site_id: area of interest.
        wkt: its polygon (EPSG:4326); arrays whose centre lies outside are left out. None keeps all.
        probability: (H, W) from the network.
    """
    usable = searched(scene)
    outlines = within(wkt, probability, usable, scene.grid)
    key = {"site_id": site_id, "scene_id": scene.scene_id, "time": scene.time}
    return Found(rows_of(key, outlines, usable, scene.grid), _picture(scene, outlines, ~usable))


def within(wkt: str | None, probability: NDArray[Any], usable: NDArray[np.bool_], grid: Grid) -> list[Outline]:
    """Return the outlines of arrays whose centre lies in a polygon (WKT, EPSG:4326); None keeps all."""
    area = None if wkt is None else geometry.polygon_in(wkt, grid.epsg)
    return [
        outline
        for outline in vectorise(probability, usable, grid, float(WEIGHTS.card["threshold"]))
        if area is None or area.covers(outline.geometry.representative_point())
    ]


def rows_of(
    key: Mapping[str, Any], outlines: Sequence[Outline], usable: NDArray[np.bool_], grid: Grid
) -> list[dict[str, Any]]:
    """Return outlines as rows of ``SolarPolygons`` without evidence; ``key`` says of which scene and area."""
    hidden = Hidden(usable, grid) if outlines else None
    rows = []
    for number, outline in enumerate(outlines):
        shape = geometry.reproject(outline.geometry, grid.epsg, 4326)
        rows.append(
            {
                **key, "polygon": number, "geometry": _wkt(shape), "area_m2": area_m2(shape),
                "score": outline.score, "hidden": hidden and hidden.near(outline.geometry), "evidence": None,
            }
        )  # fmt: skip
    return rows


def _wkt(shape: BaseGeometry, digits: int = 7) -> str:
    from shapely import to_wkt

    return str(to_wkt(shape, rounding_precision=digits))


def _picture(scene: Scene, outlines: list[Outline], hidden: NDArray[np.bool_]) -> bytes:
    """Return a PNG: short-wave infrared, near infrared, red; arrays outlined, cloud veiled."""
    r = scene.reflectance
    rgb = picture.stretch([r["B12"], r["B08"] if "B08" in r else r["B8A"], r["B04"]])
    rings = rings_of(outlines, scene.grid)
    zoom = max(1, min(3, round(512 / max(rgb.shape[:2]))))
    return picture.render(rgb, hidden=hidden, rings=rings, zoom=zoom)


def rings_of(outlines: Sequence[Outline], grid: Grid) -> list[NDArray[np.float64]]:
    """Return the outer and inner rings of outlines as fractional (row, column) arrays."""
    return [
        geometry.to_pixels(np.asarray(ring.coords)[:, :2], grid)
        for outline in outlines
        for ring in (outline.geometry.exterior, *outline.geometry.interiors)
    ]
