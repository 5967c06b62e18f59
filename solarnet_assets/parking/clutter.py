"""Everything in a car park that is no vehicle: ground, stains, roofs, trees, poles, shadows, clouds. Training only."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from solarnet_assets.parking.layout import Plan
from solarnet_assets.parking.sensor import smooth_noise
from solarnet_assets.parking.sprites import FINE, Colour, Vehicle, box, pixels, shade

GROUNDS: tuple[Colour, ...] = (
    (62, 64, 68),
    (88, 89, 90),
    (118, 116, 112),
    (160, 156, 148),
    (150, 124, 96),
    (44, 46, 52),
)
"""Fresh and worn asphalt, concrete, dirt, very dark asphalt."""


def ground(rng: np.random.Generator, side: int) -> Image.Image:
    """Return the bare ground: one surface, with beds of grass, soil or paving beside it."""
    base = GROUNDS[rng.integers(len(GROUNDS))]
    image = Image.new("RGB", (side, side), shade(base, rng.uniform(0.75, 1.25)))
    draw = ImageDraw.Draw(image)
    metres = side * FINE
    for _ in range(rng.poisson(1.2)):
        fill = ((74, 96, 52), (140, 122, 92), (165, 162, 156), (70, 70, 74))[rng.integers(4)]
        size = (float(rng.uniform(4, metres)), float(rng.uniform(2, 18)))
        box(draw, _anywhere(rng, metres), size, float(rng.uniform(0, np.pi)), shade(fill, rng.uniform(0.6, 1.2)))
    return image


def on_ground(draw: ImageDraw.ImageDraw, plan: Plan, rng: np.random.Generator, metres: float) -> None:
    """Draw flat things that are no vehicles: stains and arrows in empty stalls, patches, cracks, hatching."""
    side = round(metres / FINE)
    stain = shade((50, 50, 50), rng.uniform(0.5, 1.3))
    if rng.random() < 0.5:
        for x, y, _ in plan.empty[:: max(1, int(rng.integers(1, 6)))]:
            r = rng.uniform(0.3, 0.9) / FINE
            px, py = x / FINE + rng.normal(0, 3), y / FINE + rng.normal(0, 8)
            draw.ellipse((px - r, py - 1.6 * r, px + r, py + 1.6 * r), fill=stain)
    for _ in range(rng.poisson(2)):
        fill = shade((90, 90, 92), rng.uniform(0.5, 1.4))
        size = (float(rng.uniform(1, 14)), float(rng.uniform(0.5, 5)))
        box(draw, _anywhere(rng, metres), size, plan.heading, fill)
    for _ in range(rng.poisson(2)):
        walk = np.cumsum(rng.normal(0, 14, (8, 2)), axis=0) + rng.uniform(0, side, 2)
        draw.line([(float(a), float(b)) for a, b in walk], fill=shade((60, 60, 60), rng.uniform(0.4, 1.5)), width=1)
    if rng.random() < 0.3:
        _hatch(draw, rng, metres, plan.heading)


def _hatch(draw: ImageDraw.ImageDraw, rng: np.random.Generator, metres: float, heading: float) -> None:
    x, y = _anywhere(rng, metres)
    ink = shade((205, 205, 200), rng.uniform(0.6, 1.1))
    for step in np.arange(-3, 3, rng.uniform(0.5, 1.1)):
        at = (x + step * np.cos(heading), y + step * np.sin(heading))
        box(draw, at, (4.5, 0.18), heading + 0.8, ink)


def standing(
    image: Image.Image, plan: Plan, rng: np.random.Generator, cast: tuple[float, float], dark: float
) -> tuple[Image.Image, Image.Image]:
    """Add what stands up: roofs, trees, bushes, poles, containers, and their shadows.

    Returns:
        The scene, and a mask (L, 255 where trees or roofs hide the ground).
    """
    canopy = Image.new("L", image.size, 0)
    dusk = Image.new("L", image.size, 0)
    top = image.copy()
    metres = image.size[0] * FINE
    pens = (ImageDraw.Draw(top), ImageDraw.Draw(canopy), ImageDraw.Draw(dusk))
    if rng.random() < 0.3:
        _roof(pens, rng, metres, plan.heading, cast)
    trees = [(x, y) for x, y, *_ in plan.islands if rng.random() < 0.5]
    trees += [_anywhere(rng, metres) for _ in range(rng.poisson(2) if rng.random() < 0.6 else 0)]
    for tree in trees[:40]:
        _tree(pens, tree, rng, cast)
    for _ in range(rng.poisson(1.5)):
        _pole(pens, _anywhere(rng, metres), rng, cast)
    for _ in range(rng.poisson(1.0) if rng.random() < 0.4 else 0):
        _container(pens, rng, metres, plan.heading)
    soft = dusk.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 3)))
    ground = Image.composite(darker(image, dark), image, soft)
    drawn = Image.fromarray((np.any(np.asarray(top) != np.asarray(image), axis=2) * 255).astype(np.uint8))
    return Image.composite(top, ground, drawn), canopy


Pens = tuple[ImageDraw.ImageDraw, ImageDraw.ImageDraw, ImageDraw.ImageDraw]


def _roof(pens: Pens, rng: np.random.Generator, metres: float, heading: float, cast: tuple[float, float]) -> None:
    size = (float(rng.uniform(8, 50)), float(rng.uniform(6, 25)))
    angle = rng.uniform(0, 2 * np.pi)
    x, y = metres / 2 + np.array([np.cos(angle), np.sin(angle)]) * rng.uniform(0.35, 0.65) * metres
    fill = shade(((190, 190, 188), (90, 88, 88), (150, 80, 60), (70, 100, 150))[rng.integers(4)], rng.uniform(0.6, 1.2))
    roof = Vehicle(float(x), float(y), heading, *size, float(rng.uniform(3, 14)), "roof", fill)
    for part in np.linspace(0.1, 1, 8):
        pens[2].polygon(pixels(roof.outline() + np.array(cast) * roof.height * part), fill=255)
    pens[0].polygon(pixels(roof.outline()), fill=fill)
    pens[1].polygon(pixels(roof.outline()), fill=255)
    for _ in range(rng.poisson(5)):
        at = roof.outline(-2.0).mean(0) + rng.uniform(-0.4, 0.4, 2) * size
        unit = (float(rng.uniform(0.8, 5)), float(rng.uniform(0.8, 2.5)))
        box(pens[0], (float(at[0]), float(at[1])), unit, heading, shade((170, 170, 170), rng.uniform(0.2, 1.4)))


def _tree(pens: Pens, at: tuple[float, float], rng: np.random.Generator, cast: tuple[float, float]) -> None:
    radius, height = rng.uniform(0.5, 4.0), rng.uniform(2, 8)
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


def _pole(pens: Pens, at: tuple[float, float], rng: np.random.Generator, cast: tuple[float, float]) -> None:
    height = rng.uniform(4, 12)
    x, y = at[0] / FINE, at[1] / FINE
    pens[2].line(
        (x, y, x + cast[0] * height / FINE, y + cast[1] * height / FINE), fill=255, width=int(rng.integers(2, 4))
    )
    lean = rng.normal(0, 0.15, 2) * height / FINE
    pens[0].line((x, y, x + lean[0], y + lean[1]), fill=shade((190, 190, 190), rng.uniform(0.4, 1.2)), width=2)


def _container(pens: Pens, rng: np.random.Generator, metres: float, heading: float) -> None:
    size = ((12.2, 2.45), (6.1, 2.45), (1.9, 1.4), (2.4, 2.0))[rng.integers(4)]
    fill = shade(((150, 60, 45), (50, 90, 130), (70, 100, 70), (120, 120, 120))[rng.integers(4)], rng.uniform(0.5, 1.2))
    at = _anywhere(rng, metres)
    box(pens[0], at, size, heading, fill)
    for rib in np.linspace(-0.45, 0.45, int(size[0] * 2)):
        where = (at[0] + rib * size[0] * np.cos(heading), at[1] + rib * size[0] * np.sin(heading))
        box(pens[0], where, (0.12, size[1]), heading, shade(fill, 0.8))


def clouds(image: Image.Image, rng: np.random.Generator) -> tuple[Image.Image, Image.Image]:
    """Lay cloud over one chip in eight; returns the scene and a mask (L, 255 where the ground cannot be seen)."""
    if rng.random() > 0.125:
        return image, Image.new("L", image.size, 0)
    shape = (image.height, image.width)
    field = smooth_noise(rng, shape, 2) + 0.35 * smooth_noise(rng, shape, 7) + rng.uniform(-0.8, 0.8)
    alpha = np.clip(field * rng.uniform(1, 4) + 0.4, 0, 1)
    white = Image.new("RGB", image.size, (int(rng.integers(190, 255)),) * 3)
    hazy = Image.composite(white, image, Image.fromarray((alpha * 255).astype(np.uint8)))
    return hazy, Image.fromarray(((alpha > 0.6) * 255).astype(np.uint8))


def darker(image: Image.Image, share: float) -> Image.Image:
    """Return the image in shadow: ``share`` of the light is gone, blue light least."""
    keep = np.array([1 - share, 1 - 0.96 * share, 1 - 0.85 * share])
    table = (np.arange(256)[None, :] * keep[:, None]).astype(np.uint8).ravel().tolist()
    return image.point(table)


def _anywhere(rng: np.random.Generator, metres: float) -> tuple[float, float]:
    x, y = rng.uniform(0, metres, 2)
    return float(x), float(y)
