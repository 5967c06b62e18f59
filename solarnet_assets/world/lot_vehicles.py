"""Vehicles seen from above: bodies, paints, windows, glints, and the shadows that they cast."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from solarnet_assets.world.lot_plan import GSD, WANDER, Plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from solarnet_assets.world.sun import Sun

FINE = 3  # painted pixels per pixel of the picture, along each side
SCALE = FINE / GSD  # painted pixels per metre

PAINTS = (
    (0.36, (228, 229, 227)), (0.05, (206, 203, 196)), (0.17, (26, 27, 30)), (0.09, (52, 54, 58)),
    (0.14, (148, 151, 155)), (0.05, (98, 101, 106)), (0.04, (124, 26, 24)), (0.05, (34, 52, 98)),
    (0.03, (94, 72, 54)), (0.02, (30, 62, 48)),
)  # fmt: skip
"""Share and colour of car paints."""
BODIES = {
    "sedan": (0.52, 4.65, 1.82, 1.45),
    "suv": (0.30, 4.7, 1.9, 1.72),
    "small": (0.10, 3.75, 1.66, 1.52),
    "van": (0.07, 5.1, 1.95, 2.0),
    "truck": (0.01, 5.9, 2.1, 2.5),
}
"""Share, length, width and height (m) of vehicle bodies."""


class Brush:
    """Draws polygons given in metres east and north of the canvas centre."""

    def __init__(self, image: Image.Image) -> None:
        self.draw = ImageDraw.Draw(image)
        self.half = image.width / 2

    def polygon(self, points: Sequence[tuple[float, float]], fill: int | tuple[int, ...]) -> None:
        """Fill a polygon."""
        self.draw.polygon([(self.half + x * SCALE, self.half - y * SCALE) for x, y in points], fill=fill)

    def disc(self, x: float, y: float, radius: float, fill: int | tuple[int, ...]) -> None:
        """Fill a circle."""
        px, py, r = self.half + x * SCALE, self.half - y * SCALE, radius * SCALE
        self.draw.ellipse([px - r, py - r, px + r, py + r], fill=fill)


def box(x: float, y: float, angle: float, length: float, width: float, cut: float = 0.0) -> list[tuple[float, float]]:
    """Return a rectangle about (x, y), ``length`` along ``angle``; ``cut`` trims its corners (m)."""
    a, b = length / 2, width / 2
    if cut:
        shape = [
            (a, b - cut),
            (a - cut, b),
            (cut - a, b),
            (-a, b - cut),
            (-a, cut - b),
            (cut - a, -b),
            (a - cut, -b),
            (a, cut - b),
        ]
    else:
        shape = [(a, b), (-a, b), (-a, -b), (a, -b)]
    c, s = math.cos(angle), math.sin(angle)
    return [(x + c * u - s * v, y + s * u + c * v) for u, v in shape]


class Vehicle:
    """A vehicle: centre (m east, north), heading (radians from east), body, colour."""

    def __init__(self, rng: np.random.Generator, x: float, y: float, heading: float, long_ok: bool = True) -> None:
        kinds = list(BODIES)
        kind = kinds[int(rng.choice(len(kinds), p=[share for share, *_ in BODIES.values()]))]
        if kind == "truck" and not long_ok:
            kind = "van"
        _, length, width, self.height = BODIES[kind]
        self.kind = kind
        self.x, self.y, self.heading = x, y, heading
        self.length = length * float(rng.uniform(0.95, 1.06))
        self.width = width * float(rng.uniform(0.97, 1.03))
        colour = PAINTS[int(rng.choice(len(PAINTS), p=[share for share, _ in PAINTS]))][1]
        if kind in ("van", "truck") and rng.random() < 0.6:
            colour = PAINTS[0][1]
        gloss = float(rng.normal(1.0, 0.08))
        self.colour = tuple(int(min(max(channel * gloss, 4), 252)) for channel in colour)
        self.glint = bool(rng.random() < 0.10)

    def _part(self, start: float, end: float, share: float, taper: float = 0.0) -> list[tuple[float, float]]:
        """Return a piece of the body: from ``start`` to ``end`` along it (-0.5..0.5), ``share`` of its width."""
        a, b = start * self.length, end * self.length
        w = share * self.width / 2
        c, s = math.cos(self.heading), math.sin(self.heading)
        shape = [(a, -w), (b, -w + taper), (b, w - taper), (a, w)]
        return [(self.x + c * u - s * v, self.y + s * u + c * v) for u, v in shape]

    def paint(self, brush: Brush) -> None:
        """Draw the body, windows, roof and a glint, opaque, onto an RGBA canvas."""

        def shade(factor: float) -> tuple[int, ...]:
            return (*(int(min(max(channel * factor, 3), 255)) for channel in self.colour), 255)

        brush.polygon(box(self.x, self.y, self.heading, self.length, self.width, 0.32), shade(0.82))
        brush.polygon(box(self.x, self.y, self.heading, self.length * 0.96, self.width * 0.84, 0.25), shade(1.0))
        glass = (28, 32, 38, 255)
        if self.kind == "truck":
            brush.polygon(self._part(0.26, 0.31, 0.8), glass)
            brush.polygon(self._part(-0.48, 0.24, 0.96), shade(0.94))
            return
        front, back = {"sedan": (0.2, -0.36), "suv": (0.2, -0.46), "small": (0.24, -0.44), "van": (0.34, -0.47)}[
            self.kind
        ]
        brush.polygon(self._part(front, front - 0.13, 0.84, 0.1), glass)
        brush.polygon(self._part(back, back + 0.09, 0.8, 0.08), glass)
        brush.polygon(self._part(back + 0.1, front - 0.13, 0.72), shade(1.07))
        if self.glint:
            brush.polygon(self._part(front - 0.02, front - 0.1, 0.3), (255, 255, 255, 255))

    def cast(self, brush: Brush, east: float, north: float) -> None:
        """Draw the shadow on the ground; (east, north) is the shift of a point one metre high."""
        for height in (0.35, 0.7, 1.0):
            dx, dy = east * self.height * height, north * self.height * height
            size = 1.0 if height < 1 else 0.8
            brush.polygon(box(self.x + dx, self.y + dy, self.heading, self.length * size, self.width * 0.95, 0.25), 255)


def shadow_step(sun: Sun) -> tuple[float, float]:
    """Return the shift east and north of the shadow of a point one metre high."""
    reach = 1 / math.tan(math.radians(max(sun.elevation, 8.0)))
    away = math.radians(sun.azimuth + 180)
    return reach * math.sin(away), reach * math.cos(away)


def vehicle_layers(
    layout: Plan, vehicles: Sequence[Vehicle], sun: Sun
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return (RGBA of vehicles (rows, cols, 4), premultiplied, 0-255; their ground shadows (rows, cols), 0-1)."""
    n = layout.side + 2 * WANDER
    bodies = Image.new("RGBA", (n * FINE, n * FINE), (0, 0, 0, 0))
    shade = Image.new("L", (n * FINE, n * FINE), 0)
    east, north = shadow_step(sun)
    brush, shader = Brush(bodies), Brush(shade)
    for vehicle in vehicles:
        vehicle.cast(shader, east, north)
        vehicle.paint(brush)
    shadows = np.asarray(shade.reduce(FINE), dtype=np.float32) / np.float32(255)
    return np.asarray(bodies.convert("RGBa").reduce(FINE), dtype=np.float32), shadows
