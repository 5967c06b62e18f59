"""Ground for the training renderer: reflectance of covers, and plans of works, towns, fields, deserts and burn scars.

Training only, and independent of the simulated country that the project is tested on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from solarnet_assets.imagery.texture import noise, warp
from solarnet_assets.steel.render_covers import (
    DESERT,
    FIELDS,
    MOST_RATIO,
    ODD,
    ROOFS,
    SCARS,
    SHINY,
    WATERS,
    WILD,
    WORKS,
    cover,
)

Array = NDArray[np.float32]

KINDS = ("works", "town", "fields", "wild", "desert", "scar", "coast", "snow")
KIND_SHARES = (0.26, 0.15, 0.12, 0.12, 0.11, 0.15, 0.05, 0.04)

MOST = 190


class Plan:
    """Identifiers of surfaces on the fine grid, and their reflectances."""

    def __init__(self, rng: np.random.Generator, side: int, metres: float) -> None:
        self.rng, self.side, self.metres = rng, side, metres
        self.plane = Image.new("L", (side, side), 0)
        self.draw = ImageDraw.Draw(self.plane)
        self.table: list[NDArray[np.float64]] = []
        self.names: list[str] = []

    def add(self, names: tuple[str, ...]) -> int:
        """Append one cover drawn from names and return its identifier."""
        if len(self.table) >= MOST:
            return int(self.rng.integers(MOST))
        name = names[self.rng.integers(len(names))]
        self.table.append(cover(self.rng, name))
        self.names.append(name)
        return len(self.table) - 1

    def span(self, low: float, high: float) -> float:
        """Draw a length, log-uniform between metres, in fine pixels."""
        return float(np.exp(self.rng.uniform(np.log(low), np.log(high)))) / self.metres

    def spot(self) -> tuple[float, float]:
        """Draw a place, fine pixels."""
        return float(self.rng.uniform(0, self.side)), float(self.rng.uniform(0, self.side))

    def box(self, centre: tuple[float, float], size: tuple[float, float], heading: float, ident: int) -> None:
        """Fill a turned rectangle."""
        c, s = np.cos(heading), np.sin(heading)
        a, b = size[0] / 2, size[1] / 2
        corners = np.array([(-a, -b), (a, -b), (a, b), (-a, b)]) @ np.array([[c, s], [-s, c]]) + centre
        self.draw.polygon([(float(x), float(y)) for x, y in corners], fill=ident)

    def blob(self, centre: tuple[float, float], radius: float, ident: int) -> None:
        """Fill a wavy outline."""
        t = np.linspace(0, 2 * np.pi, 28, endpoint=False)
        rough = self.rng.uniform(0.1, 0.6)
        wave = 1 + sum(self.rng.normal(0, rough / k) * np.cos(k * t + self.rng.uniform(0, 6.3)) for k in (1, 2, 3, 5))
        r = radius * np.clip(wave, 0.25, 2.2)
        x, y = centre[0] + r * np.cos(t), centre[1] + self.rng.uniform(0.4, 1) * r * np.sin(t)
        self.draw.polygon([(float(u), float(v)) for u, v in zip(x, y, strict=True)], fill=ident)

    def path(self, width: float, ident: int) -> None:
        """Draw a winding line."""
        walk = np.cumsum(self.rng.normal(0, self.side / 12, (8, 2)) + self.rng.normal(0, self.side / 6, 2), axis=0)
        points = [(float(x), float(y)) for x, y in walk + self.spot()]
        self.draw.line(points, fill=ident, width=max(1, round(width)), joint="curve")

    def smooth(self, names: tuple[str, ...], kinds: int, cells: int) -> None:
        """Fill the plan with patches of a few covers."""
        idents = [self.add(names) for _ in range(kinds)]
        coarse = self.rng.normal(0, 1, (kinds, cells, cells)).astype(np.float32)
        size = (self.side, self.side)
        layers = [np.asarray(Image.fromarray(layer).resize(size, Image.Resampling.BICUBIC)) for layer in coarse]
        classes = np.argmax(np.stack(layers), axis=0)
        self.plane.paste(Image.fromarray(np.array(idents, np.uint8)[classes]))

    def parcels(self, names: tuple[str, ...], kinds: int, size: tuple[float, float], fill: float) -> None:
        """Draw rows of rectangles under one heading, a share ``fill`` of them."""
        idents = [self.add(names) for _ in range(kinds)]
        heading, half = float(self.rng.uniform(0, np.pi)), self.side * 0.72
        c, s = np.cos(heading), np.sin(heading)
        u, v = (grid.ravel() for grid in np.meshgrid(*(np.arange(-half, half, max(n, 3)) for n in size)))
        centres = self.side / 2 + np.column_stack([u * c - v * s, u * s + v * c])
        inside = ((centres > -size[0]) & (centres < self.side + size[0])).all(axis=1)
        centres = centres[inside & (self.rng.random(len(centres)) < fill)]
        halves = self.rng.uniform(0.25, 0.5, (len(centres), 1, 2)) * size
        corners = halves * [(-1, -1), (1, -1), (1, 1), (-1, 1)] @ np.array([[c, s], [-s, c]]) + centres[:, None]
        for polygon, ident in zip(corners, self.rng.choice(idents, len(centres)), strict=True):
            self.draw.polygon(polygon.ravel().tolist(), fill=int(ident))


def draw_plan(rng: np.random.Generator, side: int, metres: float) -> tuple[Plan, str]:
    """Draw a landscape of one kind, ``side`` fine pixels of ``metres`` wide; return it and the kind."""
    plan = Plan(rng, side, metres)
    kind = str(rng.choice(KINDS, p=KIND_SHARES))
    _BASES[kind](plan)
    if rng.random() < 0.3:
        plan.blob(plan.spot(), plan.span(40, 400), plan.add(("water", "turbid water")))
    if rng.random() < 0.3:
        plan.path(plan.span(8, 60), plan.add(("water", "turbid water", "asphalt", "concrete", "bright soil")))
    for _ in range(rng.poisson(0.6)):
        plan.path(plan.span(5, 20), plan.add(("asphalt", "concrete", "bright soil", "gravel")))
    for _ in range(rng.poisson(1.0)):
        plan.blob(plan.spot(), plan.span(12, 300), plan.add(ODD))
    for _ in range(rng.poisson(2.0)):  # lone roofs and small patches: point-like, bright or dark, and cool
        size = (plan.span(8, 90), plan.span(6, 50))
        plan.box(plan.spot(), size, float(rng.uniform(0, np.pi)), plan.add(ROOFS))
    return plan, kind


def _works(plan: Plan) -> None:
    rng = plan.rng
    plan.smooth(WORKS + FIELDS[:4], int(rng.integers(2, 6)), int(rng.integers(3, 9)))
    plan.parcels(ROOFS + WORKS, 10, (plan.span(50, 260), plan.span(20, 90)), float(rng.uniform(0.3, 0.9)))


def _town(plan: Plan) -> None:
    rng = plan.rng
    plan.smooth(("asphalt", "concrete", "dry grass", "grey roof", "shrub", "bright soil"), 3, int(rng.integers(3, 12)))
    plan.parcels(ROOFS, 14, (plan.span(15, 120), plan.span(10, 50)), float(rng.uniform(0.3, 0.9)))


def _fields(plan: Plan) -> None:
    plan.smooth(FIELDS, 2, 4)
    plan.parcels(FIELDS, int(plan.rng.integers(3, 14)), (plan.span(80, 500), plan.span(40, 250)), 0.95)


def _wild(plan: Plan) -> None:
    plan.smooth(WILD, int(plan.rng.integers(2, 6)), int(plan.rng.integers(3, 20)))


def _desert(plan: Plan) -> None:
    plan.smooth(DESERT, int(plan.rng.integers(1, 5)), int(plan.rng.integers(3, 14)))


def _scar(plan: Plan) -> None:
    rng = plan.rng
    plan.smooth((*WILD, *FIELDS[:4], "sand", "red soil"), int(rng.integers(2, 5)), int(rng.integers(3, 14)))
    for _ in range(int(rng.integers(1, 4))):
        ident = plan.add(SCARS)
        plan.blob(plan.spot(), plan.span(60, 900), ident)
    for _ in range(rng.poisson(6)):
        plan.blob(plan.spot(), plan.span(10, 120), plan.add(SCARS + WILD[:3]))


def _coast(plan: Plan) -> None:
    plan.smooth(("water", "turbid water", "wet soil", *WILD[:3], "sand", "concrete"), 4, int(plan.rng.integers(3, 8)))


def _snow(plan: Plan) -> None:
    plan.smooth(("snow", "snow", "gravel", "dark forest", "basalt", "shrub"), 4, int(plan.rng.integers(3, 16)))


_BASES = {
    "works": _works, "town": _town, "fields": _fields, "wild": _wild, "desert": _desert, "scar": _scar,
    "coast": _coast, "snow": _snow,
}  # fmt: skip


@dataclass(frozen=True)
class Ground:
    """Bare ground of a chip.

    Attributes:
        scene: surface reflectance (7, side, side).
        roofs, scars, waters: where these are (side, side).
        kind: of place.
    """

    scene: Array
    roofs: NDArray[np.bool_]
    scars: NDArray[np.bool_]
    waters: NDArray[np.bool_]
    kind: str


def ground(rng: np.random.Generator, side: int, metres: float) -> Ground:
    """Draw ground with grain and relief."""
    plan, kind = draw_plan(rng, side, metres)
    ids = np.asarray(plan.plane)
    if rng.random() < 0.4:
        ids = warp(ids, rng)
    table = np.array(plan.table, np.float32)
    table[:, 6] = np.minimum(table[:, 6], table[:, 5] * np.exp(MOST_RATIO))
    scene = np.take(table.T, ids, axis=1)
    field = noise(rng, side, 5) * np.float32(rng.uniform(0, 0.2)) + noise(rng, side, 36) * np.float32(
        rng.uniform(0, 0.2)
    )
    field += rng.standard_normal((side, side), np.float32) * np.float32(rng.uniform(0.01, 0.1))
    if rng.random() < 0.2:
        slope = np.gradient(noise(rng, side, int(rng.integers(5, 14))), axis=int(rng.integers(2)))
        field += slope * np.float32(rng.uniform(1, 8))
    scene *= np.clip(np.exp(field), 0.25, 2.2)
    tilt = noise(rng, side, int(rng.integers(4, 40))) * np.float32(rng.uniform(0, 0.12))  # minerals, moisture
    scene[6] *= np.exp(tilt)
    masks = [np.array([name in names for name in plan.names])[ids] for names in (SHINY, SCARS, WATERS)]
    return Ground(np.clip(scene, 0.001, 1.1, out=scene), masks[0], masks[1], masks[2], kind)
