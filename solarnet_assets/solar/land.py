"""Landscapes for the training renderer: an identifier plane and a table of reflectances. Training only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from solarnet_assets.solar.spectra import cover

Table = list[NDArray[np.float64]]

FIELDS = ("crop", "sparse crop", "dark soil", "loess", "dry grass", "plough", "wet soil", "bright soil")
WILD = (
    "forest", "dark forest", "bare forest", "bare forest", "bare dark forest", "reed", "shrub", "dry grass",
    "bright soil", "sand", "gravel", "loess", "basalt", "dark soil",
)  # fmt: skip
ROOFS = ("blue roof", "white roof", "red roof", "dark roof", "grey roof", "concrete", "asphalt", "car park")

MOST = 200
"""Identifiers that a landscape may use; the rest of the 255 is left to farms and decoys."""


def add(table: Table, rng: np.random.Generator, name: str) -> int:
    """Append a cover to the table and return its identifier (the last one again when the table is full)."""
    if len(table) >= MOST:
        return int(rng.integers(MOST))
    table.append(cover(rng, name))
    return len(table) - 1


def pick(rng: np.random.Generator, names: tuple[str, ...]) -> str:
    """Draw a name."""
    return names[rng.integers(len(names))]


def draw_land(plane: Image.Image, table: Table, rng: np.random.Generator) -> None:
    """Draw fields, wild land, desert or town, then water, roads, villages and odd sites over it."""
    kind = rng.choice(4, p=[0.36, 0.3, 0.2, 0.14])
    (_fields, _wild, _desert, _town)[kind](plane, table, rng)
    draw = ImageDraw.Draw(plane)
    if rng.random() < 0.35:
        _water(draw, table, rng, plane.width)
    if rng.random() < 0.35:
        _village(draw, table, rng, plane.width)
    for _ in range(rng.poisson(1.0)):
        _road(draw, table, rng, plane.width)
    for _ in range(rng.poisson(0.7)):
        _odd(draw, table, rng, plane.width)


def turned(centre: tuple[float, float], size: tuple[float, float], heading: float) -> list[tuple[float, float]]:
    """Return the corners of a turned rectangle, pixels."""
    c, s = np.cos(heading), np.sin(heading)
    a, b = size[0] / 2, size[1] / 2
    corners = np.array([(-a, -b), (a, -b), (a, b), (-a, b)]) @ np.array([[c, s], [-s, c]]) + centre
    return [(float(x), float(y)) for x, y in corners]


def blob(
    rng: np.random.Generator, centre: tuple[float, float], radius: float, rough: float = 0.3
) -> list[tuple[float, float]]:
    """Return a wavy outline about a centre, pixels."""
    t = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    wave = 1 + sum(rng.normal(0, rough / k) * np.cos(k * t + rng.uniform(0, 6.3)) for k in (1, 2, 3, 5))
    r = radius * np.clip(wave, 0.3, 2)
    stretch = rng.uniform(0.5, 1)
    return [
        (float(x), float(y))
        for x, y in zip(centre[0] + r * np.cos(t), centre[1] + stretch * r * np.sin(t), strict=True)
    ]


def _fields(plane: Image.Image, table: Table, rng: np.random.Generator) -> None:
    draw, side = ImageDraw.Draw(plane), plane.width
    draw.rectangle((0, 0, side, side), fill=add(table, rng, pick(rng, FIELDS)))
    heading = float(rng.uniform(0, np.pi))
    long, wide = rng.uniform(14, 90), rng.uniform(6, 50)
    kinds = [add(table, rng, pick(rng, FIELDS)) for _ in range(int(rng.integers(3, 30)))]
    c, s = np.cos(heading), np.sin(heading)
    for u in np.arange(-side * 0.8, side * 0.8, long):
        for v in np.arange(-side * 0.8, side * 0.8, wide):
            x, y = side / 2 + u * c - v * s, side / 2 + u * s + v * c
            if -long < x < side + long and -long < y < side + long:
                size = (long * rng.uniform(0.9, 1.05), wide * rng.uniform(0.85, 1.05))
                draw.polygon(turned((x, y), size, heading), fill=kinds[rng.integers(len(kinds))])


def _smooth_classes(rng: np.random.Generator, side: int, classes: int, cells: int) -> NDArray[np.uint8]:
    coarse = rng.normal(0, 1, (classes, cells, cells)).astype(np.float32)
    layers = [np.asarray(Image.fromarray(layer).resize((side, side), Image.Resampling.BICUBIC)) for layer in coarse]
    return np.argmax(np.stack(layers), axis=0).astype(np.uint8)


def _wild(plane: Image.Image, table: Table, rng: np.random.Generator) -> None:
    kinds = [add(table, rng, pick(rng, WILD)) for _ in range(int(rng.integers(2, 6)))]
    classes = _smooth_classes(rng, plane.width, len(kinds), int(rng.integers(4, 30)))
    plane.paste(Image.fromarray(np.array(kinds, np.uint8)[classes]))


def _desert(plane: Image.Image, table: Table, rng: np.random.Generator) -> None:
    name = pick(rng, ("bright soil", "sand", "gravel", "loess", "dry grass", "dark soil"))
    kinds = [add(table, rng, name) for _ in range(int(rng.integers(1, 4)))]
    classes = _smooth_classes(rng, plane.width, len(kinds), int(rng.integers(3, 12)))
    plane.paste(Image.fromarray(np.array(kinds, np.uint8)[classes]))


def _town(plane: Image.Image, table: Table, rng: np.random.Generator) -> None:
    draw, side = ImageDraw.Draw(plane), plane.width
    draw.rectangle(
        (0, 0, side, side), fill=add(table, rng, pick(rng, ("asphalt", "concrete", "dry grass", "grey roof")))
    )
    kinds = [add(table, rng, pick(rng, ROOFS)) for _ in range(20)] + [
        add(table, rng, "forest"),
        add(table, rng, "shrub"),
    ]
    heading = float(rng.uniform(0, np.pi))
    block = rng.uniform(8, 40)
    c, s = np.cos(heading), np.sin(heading)
    for u in np.arange(-side * 0.8, side * 0.8, block):
        for v in np.arange(-side * 0.8, side * 0.8, block * rng.uniform(0.5, 1)):
            x, y = side / 2 + u * c - v * s, side / 2 + u * s + v * c
            if rng.random() < 0.85:
                size = (block * rng.uniform(0.3, 0.95), block * rng.uniform(0.2, 0.8))
                draw.polygon(turned((x, y), size, heading), fill=kinds[rng.integers(len(kinds))])


def _water(draw: ImageDraw.ImageDraw, table: Table, rng: np.random.Generator, side: int) -> None:
    ident = add(table, rng, pick(rng, ("clear water", "turbid water")))
    kind = rng.integers(3)
    at = (float(rng.uniform(0, side)), float(rng.uniform(0, side)))
    if kind == 0:
        draw.polygon(blob(rng, at, float(rng.uniform(8, side / 2))), fill=ident)
    elif kind == 1:
        walk = np.cumsum(rng.normal(0, side / 8, (9, 2)) + rng.normal(0, side / 10, 2), axis=0) + at
        draw.line([(float(x), float(y)) for x, y in walk], fill=ident, width=int(rng.integers(2, 24)), joint="curve")
    else:
        heading, long, wide = float(rng.uniform(0, np.pi)), rng.uniform(6, 40), rng.uniform(5, 25)
        for i in range(int(rng.integers(1, 6))):
            for j in range(int(rng.integers(1, 6))):
                u, v = i * (long + 2), j * (wide + 2)
                spot = (
                    at[0] + u * np.cos(heading) - v * np.sin(heading),
                    at[1] + u * np.sin(heading) + v * np.cos(heading),
                )
                draw.polygon(turned(spot, (long, wide), heading), fill=ident)


def _village(draw: ImageDraw.ImageDraw, table: Table, rng: np.random.Generator, side: int) -> None:
    centre, heading = rng.uniform(0, side, 2), float(rng.uniform(0, np.pi))
    kinds = [add(table, rng, pick(rng, ROOFS)) for _ in range(5)]
    for _ in range(int(rng.integers(10, 150))):
        x, y = centre + rng.normal(0, side / 10, 2)
        size = (float(rng.uniform(1.5, 9)), float(rng.uniform(1.2, 4)))
        draw.polygon(turned((float(x), float(y)), size, heading), fill=kinds[rng.integers(5)])


def _road(draw: ImageDraw.ImageDraw, table: Table, rng: np.random.Generator, side: int) -> None:
    ident = add(table, rng, pick(rng, ("asphalt", "concrete", "bright soil")))
    walk = np.cumsum(rng.normal(0, side / 30, (7, 2)) + rng.normal(0, side / 4, 2), axis=0) + rng.uniform(0, side, 2)
    draw.line([(float(x), float(y)) for x, y in walk], fill=ident, width=int(rng.integers(1, 6)))


def _odd(draw: ImageDraw.ImageDraw, table: Table, rng: np.random.Generator, side: int) -> None:
    name = pick(
        rng,
        (
            "coal",
            "burnt",
            "salt",
            "basalt",
            "snow",
            "greenhouse",
            "dark roof",
            "asphalt",
            "gravel",
            "wet soil",
            "bare forest",
            "bare dark forest",
        ),
    )
    at = (float(rng.uniform(0, side)), float(rng.uniform(0, side)))
    draw.polygon(blob(rng, at, float(rng.uniform(4, side / 4)), rng.uniform(0.1, 0.5)), fill=add(table, rng, name))
