"""Drawing of vehicles and clutter for the training renderer: polygons on a fine canvas.

Sizes are metres; the canvas has :data:`FINE` metres a pixel. Colours are square roots of reflectance, 255 for one.
This is training material only, made with its own assumptions; nothing here is a test.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

DARK = 70
"""Canvas value below which a paint may show no inner detail at all."""

FINE = 0.1
"""Metres per pixel of the canvas on which scenes are drawn."""

Colour = tuple[int, int, int]

PAINTS: tuple[tuple[float, Colour, int], ...] = (
    (0.24, (42, 42, 45), 14),
    (0.20, (72, 74, 78), 22),
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


@dataclass(frozen=True)
class Light:
    """Sun and view.

    Attributes:
        elevation: of the sun, degrees.
        cast: shadow of one metre of height, metres.
        dark: share of the canvas value that a shadow takes away.
        lean: shift of what stands one metre high by the slanted view, metres.
    """

    elevation: float
    cast: tuple[float, float]
    dark: float
    lean: tuple[float, float]

    @staticmethod
    def drawn(rng: np.random.Generator) -> Light:
        """Draw a sun of 20-75 degrees and a view up to 30 degrees off nadir."""
        azimuth, view, elevation = rng.uniform(0, 2 * np.pi), rng.uniform(0, 2 * np.pi), float(rng.uniform(20, 75))
        length, tilt = 1 / np.tan(np.radians(elevation)), np.tan(np.radians(rng.uniform(0, 30)))
        dark = rng.uniform(0.3, 0.7) if rng.random() < 0.85 else rng.uniform(0.0, 0.3)
        cast = (float(np.cos(azimuth) * length), float(np.sin(azimuth) * length))
        return Light(elevation, cast, float(dark), (float(np.cos(view) * tilt), float(np.sin(view) * tilt)))

    def seen(self, vehicle: Vehicle, share: float = 0.45) -> Vehicle:
        """Return a vehicle where the slanted view puts it, at a share of its height."""
        up = vehicle.height * share
        return replace(vehicle, x=vehicle.x + self.lean[0] * up, y=vehicle.y + self.lean[1] * up)


def place(local: NDArray[np.float64], vehicle: Vehicle) -> NDArray[np.float64]:
    """Return local coordinates (n, 2; x ahead) in the scene's metres."""
    c, s = np.cos(vehicle.heading), np.sin(vehicle.heading)
    return local @ np.array([[c, s], [-s, c]]) + (vehicle.x, vehicle.y)


def pixels(points: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Return metres as canvas pixels for PIL."""
    return [(float(x) / FINE, float(y) / FINE) for x, y in points]


def shade(colour: Colour, factor: float, lift: float = 0.0) -> Colour:
    """Return a colour times a factor plus a lift, within 0..250: what is brighter is a glint."""
    r, g, b = (int(min(250, max(0, c * factor + lift))) for c in colour)
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
    kind = kind or str(rng.choice(["car", "wagon", "pickup", "van", "truck"], p=[0.48, 0.28, 0.13, 0.08, 0.03]))
    length, width, height = {
        "car": (rng.uniform(3.7, 5.0), rng.uniform(1.65, 1.92), rng.uniform(1.35, 1.6)),
        "wagon": (rng.uniform(4.1, 5.2), rng.uniform(1.75, 2.02), rng.uniform(1.55, 1.9)),
        "pickup": (rng.uniform(4.9, 6.0), rng.uniform(1.8, 2.1), rng.uniform(1.7, 1.95)),
        "van": (rng.uniform(4.6, 6.2), rng.uniform(1.85, 2.15), rng.uniform(1.9, 2.6)),
        "truck": (rng.uniform(6.5, 11.5), rng.uniform(2.2, 2.6), rng.uniform(2.8, 3.8)),
    }[kind]
    return Vehicle(x, y, heading, length, width, height, kind, paint(rng))


def hull(v: Vehicle, roundness: float) -> NDArray[np.float64]:
    """Return an outline between a rectangle (0) and nearly an ellipse (1), (20, 2) metres."""
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


def draw_vehicle(draw: ImageDraw.ImageDraw, v: Vehicle, rng: np.random.Generator, detail: float, light: Light) -> None:
    """Draw a vehicle seen from above; with little ``detail`` (0..1) it is a plain block."""
    round_ = rng.uniform(0.2, 1.0)
    side = shade(v.paint, rng.uniform(0.3, 0.8))
    draw.polygon(pixels(hull(v, round_)), fill=side)
    body, top = light.seen(v, 0.5), light.seen(v, 0.9)
    if v.kind == "truck":
        draw.polygon(pixels(hull(body, 0.0)), fill=side)
        _truck(draw, top, rng)
        return
    draw.polygon(pixels(hull(body, round_)), fill=v.paint)
    if rng.random() > detail:
        if rng.random() < 0.5:
            lifted = shade(v.paint, rng.uniform(0.6, 1.4), rng.uniform(-10, 20))
            draw.polygon(_quad(body, -0.6, 0.2, 0.75, 0.75), fill=lifted)
        return
    if sum(v.paint) < 3 * DARK and rng.random() < 0.5:
        draw.polygon(_quad(top, -0.8, 0.3, 0.75, 0.7), fill=shade(v.paint, rng.uniform(0.85, 1.15), rng.uniform(-4, 6)))
    else:
        _cabin(draw, (v, body, top), rng)
    if rng.random() < 0.5:
        _edges(draw, top, rng, light)
    for _ in range(rng.binomial(2, 0.25)):
        _glint(draw, top, rng)


def _cabin(draw: ImageDraw.ImageDraw, parts: tuple[Vehicle, Vehicle, Vehicle], rng: np.random.Generator) -> None:
    """Draw glass, roof, hood and load bed; glass is dark, or bright where it mirrors the sky."""
    v, body, top = parts
    front = rng.uniform(0.15, 0.4)
    rear = rng.uniform(-0.85, -0.5) if v.kind != "pickup" else rng.uniform(-0.15, 0.05)
    glass = shade((26, 30, 36), rng.uniform(0.5, 1.8), 80.0 * rng.random() ** 3)
    if rng.random() < 0.08:
        glass = shade((150, 165, 185), rng.uniform(0.6, 1.3))
    draw.polygon(_quad(body, rear - 0.12, front + 0.3, 0.86, 0.84), fill=glass)
    roof = shade(v.paint, rng.uniform(0.85, 1.2), rng.uniform(-6, 26))
    back = rear if v.kind != "van" else -0.95
    draw.polygon(_quad(top, back + 0.08, front - 0.02, 0.72, 0.7), fill=roof)
    if rng.random() < 0.12:
        draw.polygon(_quad(top, back + 0.3, front - 0.15, 0.5, 0.5), fill=shade(glass, 1.2))
    if v.kind == "pickup":
        draw.polygon(_quad(body, -0.94, rear - 0.14, 0.78, 0.78), fill=shade(v.paint, rng.uniform(0.3, 0.9)))
    hood = shade(v.paint, rng.uniform(0.9, 1.25), rng.uniform(-4, 22))
    draw.polygon(_quad(body, front + 0.34, 0.9, 0.78, 0.6), fill=hood)


def _edges(draw: ImageDraw.ImageDraw, v: Vehicle, rng: np.random.Generator, light: Light) -> None:
    """Draw the bright line where a rounded edge of roof or hood mirrors the sun, on the sun's side."""
    across = np.array([-np.sin(v.heading), np.cos(v.heading)])
    sunward = -1.0 if float(across @ np.array(light.cast)) > 0 else 1.0
    w, a = sunward * rng.uniform(0.6, 0.9) * v.width / 2, v.length / 2
    start, end = np.sort(rng.uniform(-0.8, 0.9, 2))
    line = pixels(place(np.array([(start * a, w), (end * a, w)]), v))
    draw.line(line, fill=shade(v.paint, 1.1, float(rng.uniform(10, 120))), width=int(rng.integers(1, 3)))


def _truck(draw: ImageDraw.ImageDraw, v: Vehicle, rng: np.random.Generator) -> None:
    box = shade((205, 205, 205), rng.uniform(0.5, 1.2)) if rng.random() < 0.7 else paint(rng)
    draw.polygon(_quad(v, -1.0, 0.5, 1.0, 1.0), fill=box)
    draw.polygon(_quad(v, 0.5, 0.56, 0.9, 0.9), fill=shade(box, 0.3))
    draw.polygon(_quad(v, 0.8, 0.9, 0.8, 0.75), fill=(28, 30, 34))


def _glint(draw: ImageDraw.ImageDraw, v: Vehicle, rng: np.random.Generator) -> None:
    along = rng.uniform(-0.48, 0.48) if rng.random() < 0.5 else rng.choice([-1, 1]) * rng.uniform(0.38, 0.5)
    at = place(np.array([[along * v.length, rng.uniform(-0.45, 0.45) * v.width]]), v)[0] / FINE
    r = rng.uniform(0.8, 3.0)
    draw.ellipse((at[0] - r, at[1] - r, at[0] + r, at[1] + r), fill=(255, 255, 255))


def paste(ground: Image.Image, v: Vehicle, cut: Image.Image, rng: np.random.Generator) -> None:
    """Put a real car, cut out of an aerial frame, where a vehicle is; its brightness varies a little."""
    size = (max(8, round(v.length / FINE)), max(4, round(v.width / FINE)))
    car = cut.resize(size, Image.Resampling.BILINEAR)
    gain = rng.uniform(0.5, 1.25)
    *bands, mask = car.split()
    car = Image.merge("RGBA", [*(band.point([min(254, int(i * gain)) for i in range(256)]) for band in bands), mask])
    car = car.rotate(-np.degrees(v.heading), Image.Resampling.BILINEAR, expand=True)
    ground.paste(car, (round(v.x / FINE - car.width / 2), round(v.y / FINE - car.height / 2)), car)


def box(
    draw: ImageDraw.ImageDraw, centre: tuple[float, float], size: tuple[float, float], heading: float, fill: Colour
) -> None:
    """Draw a turned rectangle, sizes in metres."""
    v = Vehicle(centre[0], centre[1], heading, size[0], size[1], 0.0, "box", fill)
    draw.polygon(pixels(v.outline()), fill=fill)
