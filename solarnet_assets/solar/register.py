"""The register of solar farms as known on a day: outlines of many scenes tracked into farms.

Clouds hide parts of farms, and farms grow. The area of a farm is therefore not that of any one outline: every cell of
10 m asks the newest scenes that saw it, and belongs to the farm where at least half of them say so: the network misses
more than it makes up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from solarnet_assets.imagery.geometry import polygon_in, transformer
from solarnet_assets.solar.model import WEIGHTS
from solarnet_assets.storage.schemas import SolarFarms

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

EQUAL_AREA = 6933
"""EPSG code of the cylindrical equal-area projection (EASE-Grid 2.0) in which everything here is measured."""

CELL_M = 10.0
"""Side of a cell, m."""

GAP_M = 100.0
"""Blocks nearer than this are one farm: service roads and ditches run between the blocks of a farm. Ours."""

OVERLAP = 0.2
"""Share of the smaller outline that two sightings of one farm have in common at least. Ours."""

SURE = 0.9
"""Mean probability from which a single sighting enters the register: on held-out renders 97 % of such are farms."""

FAINT = 0.65
"""Mean probability over all sightings below which a farm is left out: on held-out renders 70 % of such are none."""

VOTES = 4
"""Newest scenes that a cell asks; half of them suffice, so that one or two veiled scenes do not undo a farm. Ours."""

REMEMBERED = 8
"""Newest scenes that are asked at all: older ones know nothing of today. Ours."""

Z90 = 1.6448536269514722

COLUMNS = ("day", "scene_id", "geometry", "area_m2", "score", "hidden", "evidence")
"""What tracking reads of an outline."""


@dataclass(frozen=True)
class Sighting:
    """A farm in one scene, in the equal-area projection.

    Attributes:
        day: partition day.
        scene_id: scene.
        shape: outline of all blocks.
        hidden: ground about its blocks that the scene could not show, as WKT in EPSG:4326.
        score: area-weighted mean probability.
        evidence: picture.
    """

    day: date
    scene_id: str
    shape: BaseGeometry
    hidden: frozenset[str]
    score: float
    evidence: str | None


@dataclass
class Track:
    """The sightings of one farm, oldest first."""

    site_id: str
    sightings: list[Sighting] = field(default_factory=list)

    @property
    def footprint(self) -> BaseGeometry:
        """Everything that the newest scenes show of the farm."""
        from shapely import union_all

        return union_all([s.shape for s in self.sightings[-REMEMBERED:]])

    def add(self, sighting: Sighting) -> None:
        """Add a sighting; one more of the same scene is joined to what is there."""
        last = self.sightings[-1] if self.sightings else None
        if last is not None and last.scene_id == sighting.scene_id:
            self.sightings[-1] = _joined(last, sighting)
        else:
            self.sightings.append(sighting)


def register(polygons: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Return the farms known on a day.

    A farm is entered when at least two scenes show it, or one shows it with high probability, so that what one date
    makes up stays out. The interval of its area joins the disagreement of the scenes with the relative errors of
    area that the model card states, a farm's own and the one that all farms share. It speaks of arrays that are known:
    one that opened after the last clear scene, or that the network does not recognise, is in neither.

    Args:
        polygons: schema ``SolarPolygons`` with ``day``, all days up to ``as_of``.
        as_of: day whose knowledge is used.

    Returns:
        Rows of ``SolarFarms``, ordered by area of interest and farm.
    """
    known = polygons.filter(pl.col("day") <= as_of).sort("site_id", "day", "time", "scene_id", "polygon")
    rows: list[dict[str, Any]] = []
    for (site_id,), own in known.group_by("site_id", maintain_order=True):
        rows += _farms(str(site_id), tuple(own.select(COLUMNS).iter_rows()))
    frame = pl.DataFrame(rows, schema=SolarFarms.create_empty().schema)
    return frame.unique("farm_id", keep="first", maintain_order=True).sort("site_id", "farm_id")


@lru_cache(maxsize=64)
def _farms(site_id: str, outlines: tuple[tuple[Any, ...], ...]) -> list[dict[str, Any]]:
    """Return the farms of one area; kept, because most days bring no new scene of it."""
    rows = [_row(track) for track in tracked(site_id, outlines)]
    return [row for row in rows if row["area_km2"] > 0 and row["confidence"] >= FAINT]


def tracked(site_id: str, outlines: Iterable[tuple[Any, ...]]) -> list[Track]:
    """Return what was seen often or surely enough, as tracks.

    Args:
        site_id: area of interest.
        outlines: day, scene_id, geometry, area_m2, score, hidden, evidence of its outlines, in order of time.
    """
    tracks: list[Track] = []
    for scene in _by_scene(outlines):
        for sighting in _blocks_to_farms(scene):
            matches = [track for track in tracks if _same(track, sighting)]
            if not matches:
                matches = [Track(site_id)]
                tracks.append(matches[0])
            _merge(matches, tracks).add(sighting)
    return [track for track in tracks if len(track.sightings) > 1 or track.sightings[0].score >= SURE]


def _by_scene(outlines: Iterable[tuple[Any, ...]]) -> Iterable[list[tuple[Any, ...]]]:
    scenes: dict[tuple[date, str], list[tuple[Any, ...]]] = {}
    for outline in outlines:
        scenes.setdefault((outline[0], outline[1]), []).append(outline)
    return scenes.values()


def _merge(matches: Sequence[Track], tracks: list[Track]) -> Track:
    """Return the oldest of the matching tracks, with the sightings of the others joined: they have grown together."""
    first, *others = matches
    for other in others:
        tracks.remove(other)
        by_scene = {s.scene_id: s for s in first.sightings}
        for sighting in other.sightings:
            before = by_scene.get(sighting.scene_id)
            by_scene[sighting.scene_id] = sighting if before is None else _joined(before, sighting)
        first.sightings = sorted(by_scene.values(), key=lambda s: (s.day, s.scene_id))
    return first


def _same(track: Track, sighting: Sighting) -> bool:
    footprint = track.footprint
    if footprint.distance(sighting.shape) > GAP_M:
        return False
    common = footprint.buffer(GAP_M / 2).intersection(sighting.shape.buffer(GAP_M / 2)).area
    return bool(common >= OVERLAP * min(footprint.area, sighting.shape.area))


def _joined(a: Sighting, b: Sighting) -> Sighting:
    from shapely import union_all

    score = float(np.average((a.score, b.score), weights=(a.shape.area, b.shape.area)))
    return Sighting(
        a.day, a.scene_id, union_all([a.shape, b.shape]), a.hidden | b.hidden, score, a.evidence or b.evidence
    )


def _blocks_to_farms(scene: Sequence[tuple[Any, ...]]) -> Iterable[Sighting]:
    """Join the blocks of one scene that lie near each other."""
    from shapely import STRtree, union_all

    day, scene_id, *_, evidence = scene[0]
    shapes = [polygon_in(block[2], EQUAL_AREA) for block in scene]
    near = STRtree(shapes).query(shapes, predicate="dwithin", distance=GAP_M)
    label = list(range(len(scene)))
    for a, b in zip(*near, strict=True):
        low, high = sorted((label[a], label[b]))
        label = [low if x == high else x for x in label]
    for group in sorted(set(label)):
        chosen = [n for n, x in enumerate(label) if x == group]
        score = float(np.average([scene[n][4] for n in chosen], weights=[scene[n][3] for n in chosen]))
        hidden = frozenset(scene[n][5] for n in chosen if scene[n][5] is not None)
        yield Sighting(day, scene_id, union_all([shapes[n] for n in chosen]), hidden, score, evidence)


def _row(track: Track) -> dict[str, Any]:
    seen = track.sightings
    mask, left, top = voted(track)
    area = float(mask.sum()) * CELL_M**2
    spread = float(np.std(_areas(track, mask, left, top), ddof=1)) if len(seen) > 1 else 0.1 * area
    half = Z90 * float(np.hypot(spread / np.sqrt(min(len(seen), VOTES)), area * np.hypot(*area_sds())))
    lon, lat = _centre(mask, left, top)
    return {
        "farm_id": farm_id(track),
        "site_id": track.site_id,
        "first_seen": seen[0].day,
        "last_seen": seen[-1].day,
        "area_km2": area / 1e6,
        "area_lower": max(area - half, 0.0) / 1e6,
        "area_upper": (area + half) / 1e6,
        "lon": lon,
        "lat": lat,
        "confidence": float(np.mean([s.score for s in seen])),
        "n_obs": len(seen),
        "evidence": next((s.evidence for s in reversed(seen) if s.evidence), None),
    }


def farm_id(track: Track) -> str:
    """Return the name of a farm: where the first scene that showed it has it."""
    lon, lat = _lonlat(*_inner(track.sightings[0].shape))
    return f"{track.site_id}-{lat:.4f}-{lon:.4f}"


def voted(track: Track) -> tuple[NDArray[np.bool_], float, float]:
    """Return the cells of a farm, (rows, columns), and the left and top of the grid, m."""
    left, bottom, right, top = track.footprint.bounds
    shape = (int((top - bottom) // CELL_M) + 2, int((right - left) // CELL_M) + 2)
    asked, yes = np.zeros(shape, np.int16), np.zeros(shape, np.int16)
    for sighting in reversed(track.sightings[-REMEMBERED:]):
        inside, visible = _seen(sighting, shape, left, top)
        counts = visible & (asked < VOTES)
        yes += counts & inside
        asked += counts
    return (yes > 0) & (2 * yes >= asked), left, top


def _seen(
    sighting: Sighting, shape: tuple[int, int], left: float, top: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    inside = _rasterised(sighting.shape, shape, left, top)
    visible = np.ones(shape, bool)
    for hidden in sighting.hidden:
        visible &= ~_rasterised(polygon_in(hidden, EQUAL_AREA), shape, left, top)
    return inside, inside | visible


def _rasterised(geometry: BaseGeometry, shape: tuple[int, int], left: float, top: float) -> NDArray[np.bool_]:
    from rasterio import Affine
    from rasterio.features import geometry_mask

    return np.asarray(geometry_mask([geometry], shape, Affine(CELL_M, 0, left, 0, -CELL_M, top), invert=True))


def _areas(track: Track, mask: NDArray[np.bool_], left: float, top: float) -> list[float]:
    """Return the area, m2, that each of the newest scenes gives: what it shows, and the farm where it shows nothing."""
    found = []
    for sighting in track.sightings[-VOTES:]:
        inside, visible = _seen(sighting, mask.shape, left, top)
        found.append(float(np.where(visible, inside, mask).sum()) * CELL_M**2)
    return found


def _centre(mask: NDArray[np.bool_], left: float, top: float) -> tuple[float, float]:
    if not mask.any():
        return _lonlat(left, top)
    rows, columns = np.nonzero(mask)
    return _lonlat(left + (columns.mean() + 0.5) * CELL_M, top - (rows.mean() + 0.5) * CELL_M)


def _inner(shape: BaseGeometry) -> tuple[float, float]:
    point = shape.representative_point()
    return point.x, point.y


def _lonlat(x: float, y: float) -> tuple[float, float]:
    lon, lat = transformer(EQUAL_AREA, 4326).transform(x, y)
    return float(lon), float(lat)


def area_sds() -> tuple[float, float]:
    """Return the relative standard deviations of area, a farm's own and the shared one, from the model card."""
    return float(WEIGHTS.card["test"]["area_relative_sd"]), float(WEIGHTS.card["area_shared_sd"])
