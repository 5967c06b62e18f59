"""Drawing of vehicles and clutter for the training renderer: polygons on a fine canvas.

Sizes are metres; the canvas has :data:`FINE` metres a pixel. Colours are 8-bit "reflectances".
This is training material only, made with its own assumptions; nothing here is a test.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import ImageDraw

FINE = 0.1
"""Metres per pixel of the canvas on which scenes are drawn."""

Colour = tuple[int, int, int]

PAINTS: tuple[tuple[float, Colour, int], ...] = (
    (0.24, (28, 28, 31), 14),
    (0.20, (66, 68, 72), 22),
    (0.26, (222, 224, 226), 26),
    (0.18, (150, 153, 156), 28),
    (0.07, (150, 32, 34), 25),
    (0.07, (40, 60, 120), 25),
    (0.03, (60, 88, 66), 22),
    (0.02, (208, 170, 40), 25),
    (0.02, (150, 130, 100), 25),
)
"""Share, mean colour and spread of car paints."""


@dataclass(frozen=True)
class Vehicle:
    """One vehicle: centre (m), heading (rad), size (m), kind and paint."""

    x: float
    y: float
    heading: float
    length: float
    width: float
    height: float
    kind: str
    paint: Colour

    def outline(self, grow: float = 0.0) -> NDArray[np.float64]:
        """Return the four corners, (4, 2) metres, grown outwards by ``grow``."""
        a, b = self.length / 2 + grow, self.width / 2 + grow
        return place(np.array([(-a, -b), (a, -b), (a, b), (-a, b)]), self)


def place(local: NDArray[np.float64], vehicle: Vehicle) -> NDArray[np.float64]:
    """Return local coordinates (n, 2; x ahead) in the scene's metres."""
    c, s = np.cos(vehicle.heading), np.sin(vehicle.heading)
    return local @ np.array([[c, s], [-s, c]]) + (vehicle.x, vehicle.y)


def pixels(points: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Return metres as canvas pixels for PIL."""
    return [(float(x) / FINE, float(y) / FINE) for x, y in points]


def shade(colour: Colour, factor: float, lift: float = 0.0) -> Colour:
    """Return a colour times a factor plus a lift, within 0..255."""
    r, g, b = (int(min(255, max(0, c * factor + lift))) for c in colour)
    return r, g, b


def paint(rng: np.random.Generator) -> Colour:
    """Draw a car paint."""
    weights = np.array([p[0] for p in PAINTS])
    _, mean, spread = PAINTS[rng.choice(len(PAINTS), p=weights / weights.sum())]
    common = rng.normal(0, spread)
    r, g, b = (int(np.clip(c + common + rng.normal(0, 4), 6, 252)) for c in mean)
    return r, g, b


def vehicle(rng: np.random.Generator, x: float, y: float, heading: float, kind: str | None = None) -> Vehicle:
    """Draw a vehicle at a place: car, wagon, pickup, van or truck with sizes of the road."""
    kind = kind or str(rng.choice(["car", "wagon", "pickup", "van", "truck"], p=[0.55, 0.26, 0.09, 0.07, 0.03]))
    length, width, height = {
        "car": (rng.uniform(3.7, 5.0), rng.uniform(1.65, 1.92), rng.uniform(1.35, 1.6)),
        "wagon": (rng.uniform(4.1, 5.2), rng.uniform(1.75, 2.02), rng.uniform(1.55, 1.9)),
        "pickup": (rng.uniform(4.9, 6.0), rng.uniform(1.8, 2.1), rng.uniform(1.7, 1.95)),
        "van": (rng.uniform(4.6, 6.2), rng.uniform(1.85, 2.15), rng.uniform(1.9, 2.6)),
        "truck": (rng.uniform(6.5, 11.5), rng.uniform(2.2, 2.6), rng.uniform(2.8, 3.8)),
    }[kind]
    return Vehicle(x, y, heading, length, width, height, kind, paint(rng))


def _hull(v: Vehicle, roundness: float) -> NDArray[np.float64]:
    t = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    e = 2.0 / (2.2 + 6.0 * (1 - roundness))
    x = np.sign(np.cos(t)) * np.abs(np.cos(t)) ** e * v.length / 2
    y = np.sign(np.sin(t)) * np.abs(np.sin(t)) ** e * v.width / 2
    return place(np.stack([x, y], 1), v)


def _quad(v: Vehicle, x0: float, x1: float, w0: float, w1: float) -> list[tuple[float, float]]:
    a, b, h = v.length / 2, v.width / 2, np.array
    return pixels(place(h([(x0 * a, -w0 * b), (x1 * a, -w1 * b), (x1 * a, w1 * b), (x0 * a, w0 * b)]), v))


def shadow(draw: ImageDraw.ImageDraw, v: Vehicle, cast: tuple[float, float]) -> None:
    """Draw the vehicle's shadow (value 255 on a mask); ``cast`` is the shadow of one metre of height, metres."""
    corners = v.outline()
    shift = np.array(cast) * v.height * 0.9
    for part in (0.35, 0.7, 1.0):
        draw.polygon(pixels(corners + shift * part), fill=255)


def draw_vehicle(draw: ImageDraw.ImageDraw, v: Vehicle, rng: np.random.Generator, detail: float) -> None:
    """Draw a vehicle seen from above; with little ``detail`` (0..1) it is a plain block."""
    draw.polygon(pixels(_hull(v, rng.uniform(0.2, 1.0))), fill=v.paint)
    if v.kind == "truck":
        _truck(draw, v, rng)
        return
    if rng.random() > detail:
        if rng.random() < 0.5:
            draw.polygon(
                _quad(v, -0.6, 0.2, 0.75, 0.75), fill=shade(v.paint, rng.uniform(0.6, 1.4), rng.uniform(-10, 20))
            )
        return
    front = rng.uniform(0.15, 0.4)
    rear = rng.uniform(-0.85, -0.5) if v.kind != "pickup" else rng.uniform(-0.15, 0.05)
    glass = shade((24, 28, 34), rng.uniform(0.5, 1.8), 70.0 * rng.random() ** 3)
    draw.polygon(_quad(v, rear - 0.12, front + 0.3, 0.86, 0.84), fill=glass)
    roof = shade(v.paint, rng.uniform(0.85, 1.2), rng.uniform(-6, 22))
    back = rear if v.kind != "van" else -0.95
    draw.polygon(_quad(v, back + 0.08, front - 0.02, 0.72, 0.7), fill=roof)
    if rng.random() < 0.12:
        draw.polygon(_quad(v, back + 0.3, front - 0.15, 0.5, 0.5), fill=shade(glass, 1.2))
    if v.kind == "pickup":
        draw.polygon(_quad(v, -0.94, rear - 0.14, 0.78, 0.78), fill=shade(v.paint, rng.uniform(0.3, 0.9)))
    hood = shade(v.paint, rng.uniform(0.9, 1.25), rng.uniform(-4, 18))
    draw.polygon(_quad(v, front + 0.34, 0.9, 0.78, 0.6), fill=hood)
    if rng.random() < 0.2:
        _glint(draw, v, rng)


def _truck(draw: ImageDraw.ImageDraw, v: Vehicle, rng: np.random.Generator) -> None:
    box = shade((205, 205, 205), rng.uniform(0.5, 1.2)) if rng.random() < 0.7 else paint(rng)
    draw.polygon(_quad(v, -1.0, 0.5, 1.0, 1.0), fill=box)
    draw.polygon(_quad(v, 0.5, 0.56, 0.9, 0.9), fill=shade(box, 0.3))
    draw.polygon(_quad(v, 0.8, 0.9, 0.8, 0.75), fill=(28, 30, 34))


def _glint(draw: ImageDraw.ImageDraw, v: Vehicle, rng: np.random.Generator) -> None:
    at = place(np.array([[rng.uniform(-0.45, 0.45) * v.length, rng.uniform(-0.4, 0.4) * v.width]]), v)[0] / FINE
    r = rng.uniform(0.8, 3.0)
    draw.ellipse((at[0] - r, at[1] - r, at[0] + r, at[1] + r), fill=(255, 255, 255))


def box(
    draw: ImageDraw.ImageDraw, centre: tuple[float, float], size: tuple[float, float], heading: float, fill: Colour
) -> None:
    """Draw a turned rectangle, sizes in metres."""
    v = Vehicle(centre[0], centre[1], heading, size[0], size[1], 0.0, "box", fill)
    draw.polygon(pixels(v.outline()), fill=fill)
