"""Hot clusters of a scene: what is hot together, how much it radiates over its surroundings, and where it lies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.imagery import geometry, landsat, radiometry
from solarnet_assets.imagery.clouds import grow
from solarnet_assets.imagery.scene import Scene
from solarnet_assets.steel.planes import planes, usable

Array = NDArray[np.float32]
Mask = NDArray[np.bool_]

SKIRT = 1
"""Pixels around a cluster whose excess belongs to it: the point spread."""

GAP = 2
RING = 6
"""The surroundings of a cluster are the cool pixels between ``GAP`` and ``RING`` pixels from it, none of them within
``GAP`` of another hot pixel. Ours; Dozier's background window of fire products is as wide (Schroeder et al. 2016,
doi:10.1016/j.rse.2015.08.032, uses 61 pixels and takes hot ones out)."""

MIN_RING = 8
"""Cool pixels that surroundings need; with fewer, the median of all cool pixels of the scene stands in."""

UNPLACED = 0
"""Code in place of an EPSG code for images that do not say where they lie; x and y are then columns and rows."""

EIGHT = np.ones((3, 3), np.uint8)


@dataclass(frozen=True)
class Cluster:
    """Hot pixels that touch, corners included.

    Attributes:
        number: label of the cluster in the scene, 1 ...
        pixels: hot pixels.
        excess: 2.2 um radiance over the surroundings, summed over the cluster and its skirt, W m-2 sr-1 um-1.
        peak: largest excess of a pixel, same unit.
        background: median radiance of the surroundings, same unit.
        probability: largest probability of a pixel.
        saturated: whether a pixel reached the sensor's limit, so that the excess is a lower limit.
        x, y: centre of excess, map units of the scene's CRS.
        lon, lat: the same, degrees; NaN where the image does not say where it lies.
    """

    number: int
    pixels: int
    excess: float
    peak: float
    background: float
    probability: float
    saturated: bool
    x: float
    y: float
    lon: float
    lat: float

    def row(self) -> dict[str, Any]:
        """Return the attributes by name."""
        return dict(self.__dict__)


def network_input(scene: Scene) -> Array:
    """Return what HeatNet looks at, (12, H, W).

    Raises:
        CannotDecide: B12 is missing, or there is no other band.
    """
    from solarnet_assets.steel.detectors import CannotDecide

    reason = usable(scene.reflectance)
    if reason is not None:
        raise CannotDecide(reason)
    return planes(scene.reflectance)


def saturation(platform: str) -> float:
    """Return the radiance at which B12 of a platform counts as saturated, W m-2 sr-1 um-1."""
    return landsat.SATURATION["B12"] if radiometry.is_landsat(platform) else radiometry.SATURATION


def find_clusters(scene: Scene, probability: Array, threshold: float) -> tuple[list[Cluster], NDArray[np.int32]]:
    """Return the hot clusters of a scene, the strongest first, and their labels per pixel (0: none).

    Args:
        scene: with B12.
        probability: of a hot surface, (H, W).
        threshold: from which a pixel is hot.
    """
    from scipy.ndimage import label

    hot = (probability >= threshold) & scene.seen
    labels, count = label(hot, EIGHT)
    labels = np.asarray(labels, np.int32)
    if not count:
        return [], labels
    radiance = scene.radiance("B12")
    cool = scene.seen & ~grow(hot, GAP)
    if scene.cloud is not None:
        cool &= ~scene.cloud
    limit = saturation(scene.platform)
    found = [_measure(scene, n, part, radiance, cool, labels, probability, limit) for n, part in _parts(labels)]
    return sorted(found, key=lambda cluster: -cluster.excess), labels


def _parts(labels: NDArray[np.int32]) -> Iterator[tuple[int, tuple[slice, slice]]]:
    """Yield each label with the window that holds its surroundings."""
    from scipy.ndimage import find_objects

    height, width = labels.shape
    for number, (rows, cols) in enumerate(find_objects(labels), start=1):
        top, left = max(rows.start - RING, 0), max(cols.start - RING, 0)
        yield number, (slice(top, min(rows.stop + RING, height)), slice(left, min(cols.stop + RING, width)))


def _measure(
    scene: Scene,
    number: int,
    part: tuple[slice, slice],
    radiance: Array,
    cool: Mask,
    labels: NDArray[np.int32],
    probability: Array,
    limit: float,
) -> Cluster:
    inside = labels[part] == number
    level = radiance[part]
    ring = grow(inside, RING) & cool[part]
    around = level[ring] if np.count_nonzero(ring) >= MIN_RING else radiance[cool]
    background = float(np.median(around)) if around.size else 0.0
    skirt = grow(inside, SKIRT) & (inside | (labels[part] == 0)) & np.isfinite(level)
    excess = np.where(skirt, level - background, 0.0)
    weight = np.maximum(np.where(inside, excess, 0.0), 1e-6 * inside)
    row, col = np.nonzero(inside)
    share = weight[row, col] / weight.sum()
    x, y = _position(scene, part, float(share @ (row + 0.5)), float(share @ (col + 0.5)))
    placed = scene.grid.epsg != UNPLACED
    lon, lat = geometry.transformer(scene.grid.epsg, 4326).transform(x, y) if placed else (np.nan, np.nan)
    return Cluster(
        number=number,
        pixels=len(row),
        excess=float(excess.sum(dtype=np.float64)),
        peak=float(excess[inside].max()),
        background=background,
        probability=float(probability[part][inside].max()),
        saturated=bool((level[inside] >= limit).any()),
        x=x,
        y=y,
        lon=float(lon),
        lat=float(lat),
    )


def _position(scene: Scene, part: tuple[slice, slice], row: float, col: float) -> tuple[float, float]:
    a, b, c, d, e, f = scene.grid.transform
    row, col = row + part[0].start, col + part[1].start
    return a * col + b * row + c, d * col + e * row + f
