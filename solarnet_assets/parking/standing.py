"""What stands up in a car park and is no vehicle: roofs, trees, bushes, poles, boxes, their shadows. Training only."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from solarnet_assets.parking import clutter
from solarnet_assets.parking.clutter import anywhere
from solarnet_assets.parking.layout import Plan
from solarnet_assets.parking.sprites import FINE, Light, Vehicle, box, pixels, shade


def standing(image: Image.Image, plan: Plan, rng: np.random.Generator, light: Light) -> tuple[Image.Image, Image.Image]:
    """Add what stands up: roofs, trees, bushes, poles, containers, and their shadows.

    Returns:
        The scene, and a mask (L, 255 where trees or roofs hide the ground).
    """
    cast = light.cast
    canopy = Image.new("L", image.size, 0)
    dusk = Image.new("L", image.size, 0)
    top = image.copy()
    metres = image.size[0] * FINE
    pens = (ImageDraw.Draw(top), ImageDraw.Draw(canopy), ImageDraw.Draw(dusk))
    if rng.random() < 0.45:
        _roof(pens, rng, metres, plan.heading, cast)
    if rng.random() < 0.12:
        _carports(pens, plan, rng, cast)
    trees = [(x, y) for x, y, *_ in plan.islands if rng.random() < 0.5]
    trees += [anywhere(rng, metres) for _ in range(rng.poisson(2) if rng.random() < 0.6 else 0)]
    for tree in trees[:40]:
        _tree(pens, tree, rng, cast)
    for _ in range(rng.poisson(1.5)):
        _pole(pens, anywhere(rng, metres), rng, light)
    for _ in range(rng.poisson(1.0) if rng.random() < 0.4 else 0):
        _container(pens, rng, metres, plan.heading)
    for _ in range(rng.poisson(4.0) if rng.random() < 0.5 else 0):
        _small(pens, plan, rng, cast)
    if rng.random() < 0.2:
        _bushes(pens, anywhere(rng, metres), plan.heading, rng, cast)
    soft = dusk.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 3)))
    ground = Image.composite(clutter.darker(image, light.dark), image, soft)
    drawn = Image.fromarray((np.any(np.asarray(top) != np.asarray(image), axis=2) * 255).astype(np.uint8))
    return Image.composite(top, ground, drawn), canopy


Pens = tuple[ImageDraw.ImageDraw, ImageDraw.ImageDraw, ImageDraw.ImageDraw]


def _roof(pens: Pens, rng: np.random.Generator, metres: float, heading: float, cast: tuple[float, float]) -> None:
    size = (float(rng.uniform(8, 50)), float(rng.uniform(6, 25)))
    angle = rng.uniform(0, 2 * np.pi)
    x, y = metres / 2 + np.array([np.cos(angle), np.sin(angle)]) * rng.uniform(0.25, 0.65) * metres
    fill = shade(((190, 190, 188), (90, 88, 88), (150, 80, 60), (70, 100, 150))[rng.integers(4)], rng.uniform(0.6, 1.2))
    roof = Vehicle(float(x), float(y), heading, *size, float(rng.uniform(3, 14)), "roof", fill)
    for part in np.linspace(0.1, 1, 8):
        pens[2].polygon(pixels(roof.outline() + np.array(cast) * roof.height * part), fill=255)
    pens[0].polygon(pixels(roof.outline()), fill=fill)
    pens[1].polygon(pixels(roof.outline()), fill=255)
    for _ in range(rng.poisson(5 if rng.random() < 0.7 else 25)):
        at = roof.outline(-2.0).mean(0) + rng.uniform(-0.4, 0.4, 2) * size
        unit = (float(rng.uniform(0.8, 5)), float(rng.uniform(0.8, 2.5)))
        box(pens[0], (float(at[0]), float(at[1])), unit, heading, shade((170, 170, 170), rng.uniform(0.2, 1.4)))


def _tree(pens: Pens, at: tuple[float, float], rng: np.random.Generator, cast: tuple[float, float]) -> None:
    radius, height = rng.uniform(0.5, 4.0), rng.uniform(2, 8)
    if rng.random() < 0.25:
        _palm(pens, at, rng, cast)
        return
    leaf = shade((58, 84, 44), rng.uniform(0.5, 1.4), rng.uniform(-8, 14))
    for _ in range(int(6 + radius * 6)):
        r = radius * rng.uniform(0.25, 0.55)
        off = rng.normal(0, 0.4, 2) * radius
        x, y = (at[0] + off[0]) / FINE, (at[1] + off[1]) / FINE
        p = r / FINE
        pens[0].ellipse((x - p, y - p, x + p, y + p), fill=shade(leaf, rng.uniform(0.6, 1.35)))
        pens[1].ellipse((x - p, y - p, x + p, y + p), fill=255)
        x, y = x + cast[0] * height / FINE, y + cast[1] * height / FINE
        pens[2].ellipse((x - p, y - p, x + p, y + p), fill=255)


def _palm(pens: Pens, at: tuple[float, float], rng: np.random.Generator, cast: tuple[float, float]) -> None:
    """Draw a palm: a star of fronds, its star of shadow some metres off, a thin trunk's shadow between."""
    radius, height = rng.uniform(1.0, 2.5), rng.uniform(4, 15)
    leaf = shade((62, 80, 48), rng.uniform(0.5, 1.3))
    x, y = at[0] / FINE, at[1] / FINE
    away = (x + cast[0] * height / FINE, y + cast[1] * height / FINE)
    pens[2].line((x, y, *away), fill=255, width=int(rng.integers(2, 4)))
    for angle in np.linspace(0, 2 * np.pi, int(rng.integers(7, 14)), endpoint=False) + rng.uniform(0, 1):
        dx, dy = np.cos(angle) * radius / FINE, np.sin(angle) * radius / FINE
        pens[0].line((x, y, x + dx, y + dy), fill=shade(leaf, rng.uniform(0.7, 1.3)), width=3)
        pens[2].line((away[0], away[1], away[0] + dx, away[1] + dy), fill=255, width=3)


def _bushes(
    pens: Pens, at: tuple[float, float], heading: float, rng: np.random.Generator, cast: tuple[float, float]
) -> None:
    """Draw a row of round bushes, dark dots about as far apart as parked cars."""
    step, radius = rng.uniform(1.2, 4.0), rng.uniform(0.4, 1.1)
    leaf = shade((52, 70, 42), rng.uniform(0.5, 1.3))
    for n in range(int(rng.integers(3, 20))):
        x, y = (at[0] + n * step * np.cos(heading)) / FINE, (at[1] + n * step * np.sin(heading)) / FINE
        p = radius * rng.uniform(0.7, 1.2) / FINE
        pens[0].ellipse((x - p, y - p, x + p, y + p), fill=shade(leaf, rng.uniform(0.7, 1.3)))
        x, y = x + cast[0] * radius / FINE, y + cast[1] * radius / FINE
        pens[2].ellipse((x - p, y - p, x + p, y + p), fill=255)


def _small(pens: Pens, plan: Plan, rng: np.random.Generator, cast: tuple[float, float]) -> None:
    """Draw something small that stands up: transformer, dumpster, planter, cart corral, tent, sign, kerb stone."""
    sizes = ((1.6, 1.4, 1.4), (2.0, 1.5, 1.5), (2.5, 2.5, 0.6), (5.0, 2.6, 1.0), (3.0, 3.0, 2.6), (1.8, 0.3, 0.2))
    long, wide, high = sizes[rng.integers(len(sizes))]
    fill = ((60, 78, 60), (70, 76, 90), (150, 142, 128), (200, 200, 196), (110, 110, 112), (150, 60, 50))[
        rng.integers(6)
    ]
    in_stall = len(plan.empty) and rng.random() < 0.3
    metres = plan.metres
    x, y = plan.empty[rng.integers(len(plan.empty))][:2] if in_stall else anywhere(rng, metres)
    scale, turned = rng.uniform(0.7, 1.2), plan.heading + float(rng.integers(2)) * np.pi / 2
    thing = Vehicle(x, y, turned, long * scale, wide * scale, high, "thing", shade(fill, rng.uniform(0.5, 1.3)))
    for part in (0.5, 1.0):
        pens[2].polygon(pixels(thing.outline() + np.array(cast) * high * part), fill=255)
    if long == 5.0:
        pens[0].line([*pixels(thing.outline())], fill=thing.paint, width=int(rng.integers(1, 3)))
    else:
        pens[0].polygon(pixels(thing.outline()), fill=thing.paint)


def _carports(pens: Pens, plan: Plan, rng: np.random.Generator, cast: tuple[float, float]) -> None:
    """Draw long roofs on posts along the stalls; what stands below is hidden."""
    fill = shade(
        ((200, 200, 196), (120, 122, 126), (168, 150, 120), (60, 70, 100))[rng.integers(4)], rng.uniform(0.7, 1.2)
    )
    for _ in range(int(rng.integers(1, 4))):
        x, y = anywhere(rng, plan.metres)
        roof = Vehicle(x, y, plan.heading, float(rng.uniform(8, 45)), float(rng.uniform(4.5, 11)), 2.6, "roof", fill)
        for part in np.linspace(0.7, 1, 3):
            pens[2].polygon(pixels(roof.outline() + np.array(cast) * roof.height * part), fill=255)
        pens[0].polygon(pixels(roof.outline()), fill=fill)
        pens[1].polygon(pixels(roof.outline()), fill=255)
        step = rng.uniform(0.6, 6.0)
        for u in np.arange(-roof.length / 2, roof.length / 2, step):
            at = (x + u * np.cos(plan.heading), y + u * np.sin(plan.heading))
            box(pens[0], at, (0.12, roof.width), plan.heading, shade(fill, 0.85))


def _pole(pens: Pens, at: tuple[float, float], rng: np.random.Generator, light: Light) -> None:
    """Draw a lamp post as the slanted view shows it, with up to four arms, and its shadow."""
    height, width = rng.uniform(4, 12), int(rng.integers(1, 4))
    fill = shade((190, 190, 190), rng.uniform(0.35, 1.25))
    x, y = at[0] / FINE, at[1] / FINE
    top = (x + light.lean[0] * height / FINE, y + light.lean[1] * height / FINE)
    end = (x + light.cast[0] * height / FINE, y + light.cast[1] * height / FINE)
    pens[2].line((x, y, *end), fill=255, width=max(2, width))
    pens[0].line((x, y, *top), fill=fill, width=width)
    turn, reach, head = rng.uniform(0, np.pi), rng.uniform(0.5, 2.5) / FINE, rng.uniform(1.5, 4)
    for n in range(int(rng.integers(0, 5))):
        dx, dy = np.cos(turn + n * np.pi / 2) * reach, np.sin(turn + n * np.pi / 2) * reach
        for pen, (u, v), ink in ((pens[2], end, 255), (pens[0], top, fill)):
            pen.line((u, v, u + dx, v + dy), fill=ink, width=max(1, width - 1))
            pen.ellipse((u + dx - head, v + dy - head, u + dx + head, v + dy + head), fill=ink)


def _container(pens: Pens, rng: np.random.Generator, metres: float, heading: float) -> None:
    size = ((12.2, 2.45), (6.1, 2.45), (1.9, 1.4), (2.4, 2.0))[rng.integers(4)]
    fill = shade(((150, 60, 45), (50, 90, 130), (70, 100, 70), (120, 120, 120))[rng.integers(4)], rng.uniform(0.5, 1.2))
    at = anywhere(rng, metres)
    box(pens[0], at, size, heading, fill)
    for rib in np.linspace(-0.45, 0.45, int(size[0] * 2)):
        where = (at[0] + rib * size[0] * np.cos(heading), at[1] + rib * size[0] * np.sin(heading))
        box(pens[0], where, (0.12, size[1]), heading, shade(fill, 0.8))
