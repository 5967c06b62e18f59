"""From scenes to outlines of solar arrays: probabilities, masks, polygons in EPSG:4326, areas in EPSG:6933."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from solarnet_assets.imagery import clouds, geometry, picture
from solarnet_assets.imagery.scene import Scene, open_scene
from solarnet_assets.landing import BadInputError
from solarnet_assets.solar.model import BANDS, WEIGHTS, engine
from solarnet_assets.storage.schemas import SolarPolygons

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

HIDDEN_TOLERANCE = 15.0
"""Metres to which outlines of unsearched ground are simplified."""

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
    if scene.cloud is None:
        return scene.seen
    from scipy.ndimage import binary_opening

    cloud = binary_opening(scene.cloud, np.ones((SPECK, SPECK), bool))
    return np.asarray(scene.seen & ~clouds.grow(cloud, CLOUD_GROW))


def network_input(scene: Scene) -> NDArray[np.float32]:
    """Return reflectance (6, H, W) in the network's order, nothing as zero.

    Raises:
        BadInputError: a band is missing, or the pixels are not about 10 m.
    """
    gsd = geometry.ground_sampling_distance(scene.grid)
    if not MIN_GSD <= gsd <= MAX_GSD:
        raise BadInputError(f"{scene.scene_id} has pixels of {gsd:.1f} m; SolarNet reads pixels of about 10 m")
    bands = dict(scene.reflectance)
    if "B08" not in bands and "B8A" in bands:
        bands["B08"] = bands["B8A"]
    missing = [name for name in BANDS if name not in bands]
    if missing:
        raise BadInputError(f"{scene.scene_id} lacks band {', '.join(missing)}")
    return np.nan_to_num(np.stack([bands[name] for name in BANDS]), nan=0.0).astype(np.float32)


def vectorise(
    probability: NDArray[np.float32], usable: NDArray[np.bool_], grid: Grid, threshold: float
) -> list[Outline]:
    """Return the outlines of patches above a threshold, with their holes, largest first.

    Args:
        probability: (H, W).
        usable: (H, W) pixels with data and without cloud.
        grid: position of the pixels.
        threshold: smallest probability inside an array.
    """
    from rasterio import Affine
    from rasterio.features import shapes
    from scipy import ndimage
    from shapely.geometry import shape

    labels, count = ndimage.label((probability > threshold) & usable)
    if not count:
        return []
    index = np.arange(1, count + 1)
    score = ndimage.mean(probability, labels, index)
    transform = Affine(*grid.transform)
    found = []
    for geojson, label in shapes(labels.astype(np.int32), mask=labels > 0, connectivity=4, transform=transform):
        outline = Outline(shape(geojson), float(np.clip(score[int(label) - 1], 0, 1)))
        found.append((area_m2(to_lonlat(outline.geometry, grid.epsg)), outline))
    return [outline for area, outline in sorted(found, key=lambda f: -f[0]) if area >= MIN_AREA_M2]


def to_lonlat(shape: BaseGeometry, epsg: int) -> BaseGeometry:
    """Return a geometry in EPSG:4326."""
    return _reproject(shape, epsg, 4326)


def area_m2(shape: BaseGeometry) -> float:
    """Return the area of a geometry in EPSG:4326, taken in an equal-area projection."""
    return float(_reproject(shape, 4326, EQUAL_AREA).area)


def _reproject(shape: BaseGeometry, source: int, target: int) -> BaseGeometry:
    from shapely import transform

    project = geometry.transformer(source, target)
    return transform(shape, lambda xy: np.column_stack(project.transform(xy[:, 0], xy[:, 1])))


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
    area = None if wkt is None else geometry.polygon_in(wkt, scene.grid.epsg)
    outlines = [
        outline
        for outline in vectorise(probability, usable, scene.grid, float(WEIGHTS.card["threshold"]))
        if area is None or area.covers(outline.geometry.representative_point())
    ]
    hidden = _hidden(usable, scene.grid) if outlines else None
    rows = []
    for number, outline in enumerate(outlines):
        shape = to_lonlat(outline.geometry, scene.grid.epsg)
        rows.append(
            {
                "site_id": site_id, "scene_id": scene.scene_id, "time": scene.time, "polygon": number,
                "geometry": _wkt(shape), "area_m2": area_m2(shape), "score": outline.score, "hidden": hidden,
                "evidence": None,
            }
        )  # fmt: skip
    return Found(rows, _picture(scene, outlines, ~usable))


def _hidden(usable: NDArray[np.bool_], grid: Grid) -> str | None:
    """Return what was not searched as WKT in EPSG:4326, None if everything was."""
    from rasterio import Affine
    from rasterio.features import shapes
    from shapely import union_all
    from shapely.geometry import shape

    if usable.all():
        return None
    parts = shapes((~usable).astype(np.uint8), mask=~usable, transform=Affine(*grid.transform))
    whole = union_all([shape(geojson) for geojson, _ in parts]).simplify(HIDDEN_TOLERANCE)
    return _wkt(to_lonlat(whole, grid.epsg), 5)


def _wkt(shape: BaseGeometry, digits: int = 7) -> str:
    from shapely import to_wkt

    return str(to_wkt(shape, rounding_precision=digits))


def _picture(scene: Scene, outlines: list[Outline], hidden: NDArray[np.bool_]) -> bytes:
    """Return a PNG: short-wave infrared, near infrared, red; arrays outlined, cloud veiled."""
    r = scene.reflectance
    rgb = picture.stretch([r["B12"], r["B08"] if "B08" in r else r["B8A"], r["B04"]])
    rings = [
        geometry.to_pixels(np.asarray(ring.coords)[:, :2], scene.grid)
        for outline in outlines
        for ring in (outline.geometry.exterior, *outline.geometry.interiors)
    ]
    zoom = max(1, min(3, round(512 / max(rgb.shape[:2]))))
    return picture.render(rgb, hidden=hidden, rings=rings, zoom=zoom)


def observe_scenes(
    scenes: pl.DataFrame, areas: Mapping[str, str], locate: Callable[[str], Path], device: str | None = None
) -> tuple[pl.DataFrame, dict[str, bytes], dict[str, str]]:
    """Search landed scenes for solar arrays.

    Args:
        scenes: schema ``Scenes``.
        areas: area of interest -> polygon (WKT, EPSG:4326).
        locate: stored file name -> local path.
        device: see :func:`solarnet_assets.imagery.infer.load`.

    Returns:
        Rows of ``SolarPolygons`` without evidence (null), pictures (PNG) by scene, and scenes that could not be
        searched with the reason.
    """
    refused: dict[str, str] = {}
    opened = list(_open_all(scenes, locate, refused))
    rows: list[dict[str, Any]] = []
    pictures: dict[str, bytes] = {}
    results = engine(device).run(pixels for _, _, pixels in opened) if opened else iter(())
    for (landed, scene, _), probability in zip(opened, results, strict=True):
        found = find(scene, landed["site_id"], areas.get(landed["site_id"]), probability[0])
        rows += found.rows
        pictures[scene.scene_id] = found.picture
    return pl.DataFrame(rows, schema=SolarPolygons.create_empty().schema), pictures, refused


def _open_all(
    scenes: pl.DataFrame, locate: Callable[[str], Path], refused: dict[str, str]
) -> Iterator[tuple[dict[str, Any], Scene, NDArray[np.float32]]]:
    for landed in scenes.iter_rows(named=True):
        try:
            mask = None if landed["mask_path"] is None else locate(landed["mask_path"])
            scene = open_scene(landed, locate(landed["path"]), mask)
            yield landed, scene, network_input(scene)
        except BadInputError as error:
            refused[landed["scene_id"]] = str(error)
