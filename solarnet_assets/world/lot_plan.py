"""The fixed layout of a car park: stalls in rows along aisles, trees, poles, the road and the roofs beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from solarnet_assets.world.ground import Grid, grid_about
from solarnet_assets.world.rng import generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solarnet_assets.world.scenario import Lot, Scenario

GSD = 0.3
STALL_WIDTH = 2.5
STALL_DEPTH = 5.3
AISLE = 6.2
KERB = 1.0  # m between the outermost stalls and the edge of the lot
AROUND = 9.0  # m of surroundings around the lot in the picture
WANDER = 8  # pixels by which a picture's frame may move; the canvas is larger by twice this
TILE = 16

Ring = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Plan:
    """A car park's fixed layout, in metres east and north of the canvas centre unless said otherwise.

    Attributes:
        angle: direction of the rows, radians from east.
        width: lot size along the rows, m.
        depth: lot size across the rows, m.
        side: canvas side, pixels.
        stalls: (s, 3): centre along and across the rows (m, lot axes), direction of a parked car (+1 or -1 across).
        islands: (i, 2): centres of places without a stall, lot axes.
        trees: (t, 3): position, lot axes, and crown radius.
        poles: (p, 2): light poles, lot axes.
        aisles: positions of aisle centres across the rows.
        road: offset of the road's centre across the rows; its sign is its side.
        roofs: (r, 5): centre along, across, half sizes, height, lot axes.
    """

    angle: float
    width: float
    depth: float
    side: int
    stalls: NDArray[np.float64]
    islands: NDArray[np.float64]
    trees: NDArray[np.float64]
    poles: NDArray[np.float64]
    aisles: tuple[float, ...]
    road: float
    roofs: NDArray[np.float64]

    def place(self, along: float, across: float) -> tuple[float, float]:
        """Return metres east and north of lot coordinates."""
        c, s = math.cos(self.angle), math.sin(self.angle)
        return c * along - s * across, s * along + c * across

    @property
    def ring(self) -> Ring:
        """The lot's outline."""
        w, d = self.width / 2, self.depth / 2
        return tuple(self.place(a, b) for a, b in ((-w, -d), (w, -d), (w, d), (-w, d)))


def _rows(stalls: int) -> tuple[int, int]:
    """Return (rows, stalls per row) that make the lot about as wide as deep."""
    best = min(
        range(2, 41, 2),
        key=lambda r: abs(math.ceil(stalls / r) * STALL_WIDTH + 2 * AISLE - 1.15 * (r / 2) * (2 * STALL_DEPTH + AISLE)),
    )
    return best, math.ceil(stalls / best)


def _slots(rows: int, per_row: int) -> tuple[NDArray[np.float64], list[float], float]:
    """Return stall slots (along, across, direction), aisle positions and the lot's depth."""
    module = 2 * STALL_DEPTH + AISLE
    depth = rows / 2 * module
    slots, aisles = [], []
    for pair in range(rows // 2):
        base = -depth / 2 + pair * module
        aisles.append(base + module / 2)
        for across, direction in ((base + STALL_DEPTH / 2, -1.0), (base + module - STALL_DEPTH / 2, 1.0)):
            slots += [((i - (per_row - 1) / 2) * STALL_WIDTH, across, direction) for i in range(per_row)]
    return np.array(slots), aisles, depth


def _side(width: float, depth: float, angle: float) -> int:
    """Return the picture's side (pixels) that holds the turned lot and its surroundings."""
    c, s = abs(math.cos(angle)), abs(math.sin(angle))
    reach = max(width * c + depth * s, width * s + depth * c)
    return -(-math.ceil((reach + 2 * AROUND) / GSD) // TILE) * TILE


def _trees(
    rng: np.random.Generator, width: float, depth: float, islands: NDArray[np.float64], stalls: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return trees along two sides, on islands, and a few between stalls."""
    count = int(rng.integers(6, 14))
    across = rng.choice([-1, 1], count) * (depth / 2 + rng.uniform(1.5, 4.0, count))
    edge = np.column_stack([rng.uniform(-width / 2, width / 2, count), across])
    inside = islands[rng.random(len(islands)) < 0.8]
    middle = stalls[rng.random(len(stalls)) < 0.012][:, :2] + [STALL_WIDTH / 2, 0]
    places = np.vstack([edge, inside, middle])
    return np.column_stack([places, rng.uniform(1.1, 2.3, len(places))])


def _roofs(rng: np.random.Generator, width: float, depth: float, road_side: float) -> NDArray[np.float64]:
    """Return a hall behind the lot, away from the road, and a building at one end."""
    border, half = max(width, depth), float(rng.uniform(0.12, 0.3)) * depth
    hall = (rng.uniform(-0.2, 0.2) * border, -road_side * (depth / 2 + 23.5), rng.uniform(0.2, 0.6) * border, 16.0)
    end = float(rng.choice([-1, 1])) * (width / 2 + 18.0)
    beside = (end, -road_side * float(rng.uniform(-0.15, 0.3)) * depth, 12.0, half)
    return np.array([(*hall, rng.uniform(4, 10)), (*beside, rng.uniform(4, 9))])


@lru_cache(maxsize=64)
def plan(seed: int, site: str, stalls: int) -> Plan:
    """Return the layout of a lot with exactly ``stalls`` stalls."""
    rng = generator(seed, "lot", site)
    rows, per_row = _rows(stalls)
    slots, aisles, inner = _slots(rows, per_row)
    keep = np.ones(len(slots), dtype=bool)
    keep[np.argsort(-np.abs(slots[:, 0]) + rng.uniform(0, 2.0, len(slots)))[: len(slots) - stalls]] = False
    width, depth = per_row * STALL_WIDTH + 2 * AISLE + 2 * KERB, inner + 2 * KERB
    angle = float(rng.uniform(-0.6, 0.6))
    road_side = float(rng.choice([-1.0, 1.0]))
    between = [across + AISLE / 2 + STALL_DEPTH for across in aisles[:-1]]
    poles = [(along, across) for across in between for along in np.arange(-width / 3, width / 2.5, 26.0)]
    return Plan(
        angle=angle,
        width=width,
        depth=depth,
        side=_side(width, depth, angle),
        stalls=slots[keep],
        islands=slots[~keep][:, :2],
        trees=_trees(rng, width, depth, slots[~keep][:, :2], slots[keep]),
        poles=np.array(poles).reshape(-1, 2),
        aisles=tuple(aisles),
        road=road_side * (depth / 2 + 8.0),
        roofs=_roofs(rng, width, depth, road_side),
    )


def canvas_grid(scenario: Scenario, lot: Lot) -> Grid:
    """Return the grid of a lot's canvas (0.3 m); the pictures are windows of it."""
    side = plan(scenario.seed, lot.id, lot.stalls).side
    return grid_about(lot.lon, lot.lat, GSD, side + 2 * WANDER)
