"""What a network says of scenes whose truth is known: candidates beside vehicles, matched one to one."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.parking.detect import Detections, run
from solarnet_assets.parking.estimate import Array
from solarnet_assets.parking.pixels import TARGET_GSD, normalise, with_data
from solarnet_assets.parking.samples import Sample

if TYPE_CHECKING:
    from solarnet_assets.imagery.infer import Engine
    from solarnet_assets.parking.render import LotChip

NEAR = 1.5
"""A candidate within this distance of a vehicle's centre is that vehicle, m."""

VISIBLE = 0.5
"""Vehicles hidden by more than this share are not asked for."""


@dataclass(frozen=True)
class Scene:
    """What the network said of a scene whose truth is known.

    Attributes:
        points: (n, 2) x, y of the candidates, pixels of 0.3 m.
        scores: (n,) of the candidates.
        hit: (n,) whether each is a visible vehicle of its own.
        off: distances of the hits from their vehicles, m.
        lost: visible vehicles without a candidate.
        vehicles: (m, 2) x, y of visible vehicles, pixels of 0.3 m.
        gsd: metres per pixel at which the scene was taken.
        hectares: area of the scene.
        sun: its elevation, degrees; NaN where nobody knows.
        occupancy: share of the stalls in sight that are taken; NaN without stalls.
    """

    points: Array
    scores: NDArray[np.float32]
    hit: NDArray[np.bool_]
    off: Array
    lost: int
    vehicles: Array
    gsd: float
    hectares: float
    sun: float = math.nan
    occupancy: float = math.nan

    @property
    def truth(self) -> int:
        """Visible vehicles."""
        return len(self.vehicles)


def observe(chips: Iterable[LotChip], ready: Engine, *, crowns_known: bool = True) -> list[Scene]:
    """Return what a network says of chips, beside their truth.

    Args:
        chips: read lazily.
        ready: the network.
        crowns_known: whether the truth says which vehicles are hidden; else those without a candidate where the
            network sees crowns or roofs are not asked for.
    """
    kept: list[LotChip] = []

    def samples() -> Iterable[Sample]:
        for chip in chips:
            kept.append(chip)
            height, width = chip.image.shape[:2]
            yield Sample(normalise(chip.image, chip.gsd), (height, width), with_data(chip.image))

    return [_scene(kept.pop(0), found, crowns_known) for found in run(samples(), ready)]


def _scene(chip: LotChip, found: Detections, crowns_known: bool) -> Scene:
    centres, visible = chip.centres.astype(np.float64), chip.hidden <= VISIBLE
    which, distance = match(found.points, centres, NEAR / TARGET_GSD)
    if not crowns_known:
        x, y = np.floor(centres).astype(int).T
        visible &= ~found.canopy[y.clip(0, found.canopy.shape[0] - 1), x.clip(0, found.canopy.shape[1] - 1)]
        visible[which[which >= 0]] = True
    hit = np.array([n >= 0 and bool(visible[n]) for n in which], bool)
    lost = int(visible.sum()) - int(hit.sum())
    size = chip.image.shape[0] * chip.image.shape[1] * TARGET_GSD**2 / 1e4
    return Scene(
        found.points,
        found.scores,
        hit,
        distance[hit] * TARGET_GSD,
        lost,
        centres[visible],
        chip.gsd,
        size,
        chip.facts.sun,
        chip.facts.occupancy,
    )


def match(points: NDArray[Any], centres: NDArray[Any], near: float) -> tuple[NDArray[np.int64], Array]:
    """Give each point, best first, the nearest vehicle that is still free within ``near``.

    Returns:
        Number of the vehicle of each point, -1 for none, and its distance.
    """
    which, off = np.full(len(points), -1), np.full(len(points), np.inf)
    free = np.ones(len(centres), bool)
    for n, point in enumerate(points if len(centres) else points[:0]):
        distance = np.where(free, np.hypot(*(centres - point).T), np.inf)
        best = int(distance.argmin())
        if distance[best] <= near:
            which[n], off[n], free[best] = best, distance[best], False
    return which, off
