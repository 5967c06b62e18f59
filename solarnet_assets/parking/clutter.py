"""What lies flat in a car park or floats above it: ground, stains, marking, clouds. Training only."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from solarnet_assets.parking.layout import Plan
from solarnet_assets.parking.sprites import FINE, Colour, Vehicle, box, hull, pixels, place, shade
from solarnet_assets.parking.surface import smooth_noise

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
        box(draw, anywhere(rng, metres), size, float(rng.uniform(0, np.pi)), shade(fill, rng.uniform(0.6, 1.2)))
    return image


def on_ground(draw: ImageDraw.ImageDraw, plan: Plan, rng: np.random.Generator, metres: float) -> None:
    """Draw flat things that are no vehicles: patches, cracks, arrows, hatching."""
    side = round(metres / FINE)
    for _ in range(rng.poisson(2)):
        fill = shade((90, 90, 92), rng.uniform(0.5, 1.4))
        size = (float(rng.uniform(7, 20)), float(rng.uniform(0.3, 1.2) if rng.random() < 0.4 else rng.uniform(2.8, 9)))
        box(draw, anywhere(rng, metres), size, plan.heading, fill)
    for _ in range(rng.poisson(2)):
        walk = np.cumsum(rng.normal(0, 14, (8, 2)), axis=0) + rng.uniform(0, side, 2)
        draw.line([(float(a), float(b)) for a, b in walk], fill=shade((60, 60, 60), rng.uniform(0.4, 1.5)), width=1)
    for _ in range(rng.poisson(1.5)):
        _arrow(draw, rng, metres, plan.heading)
    if rng.random() < 0.3:
        _hatch(draw, rng, metres, plan.heading)


def stained(image: Image.Image, plan: Plan, rng: np.random.Generator) -> Image.Image:
    """Return the ground with oil in stalls and tyre marks, soft and darker than what they lie on, or lighter."""
    if rng.random() < 0.35:
        return image
    mask = Image.new("L", image.size, 0)
    draw = ImageDraw.Draw(mask)
    lobes = ((0.0,), (-1.1, 0.9), (-1.0,))[rng.integers(3)]
    size = (float(rng.uniform(0.4, 2.0 if len(lobes) == 1 else 1.2)), float(rng.uniform(0.4, 0.9)))
    for x, y, heading in plan.empty[:: max(1, int(rng.integers(-2, 6)))]:
        for lobe in lobes:
            along, across = lobe + rng.normal(0, 0.35), rng.normal(0, 0.2)
            c, s = np.cos(heading + np.pi / 2), np.sin(heading + np.pi / 2)
            at = (x + along * c - across * s, y + along * s + across * c)
            long, wide = (n * float(rng.uniform(0.6, 1.3)) for n in size)
            stain = Vehicle(*at, heading + np.pi / 2, long, wide, 0.0, "stain", (0, 0, 0))
            draw.polygon(pixels(hull(stain, 1.0)), fill=int(rng.integers(20, 200)))
    for _ in range(rng.poisson(1.5)):
        x, y = rng.uniform(0, image.width, 2)
        c, s = np.cos(plan.heading) * image.width, np.sin(plan.heading) * image.width
        draw.line((x - c, y - s, x + c, y + s), fill=int(rng.integers(20, 120)), width=int(rng.integers(2, 12)))
    soft = mask.filter(ImageFilter.BoxBlur(float(rng.uniform(2, 6))))
    other = darker(image, rng.uniform(0.08, 0.4)) if rng.random() < 0.85 else image.point(lambda i: min(254, i * 1.3))
    return Image.composite(other, image, soft)


def _arrow(draw: ImageDraw.ImageDraw, rng: np.random.Generator, metres: float, heading: float) -> None:
    x, y = anywhere(rng, metres)
    turned = heading + float(rng.integers(4)) * np.pi / 2
    ink = shade((205, 205, 200), rng.uniform(0.6, 1.1))
    box(draw, (x, y), (float(rng.uniform(1.2, 3.0)), 0.18), turned, ink)
    tip = np.array([(0.9, 0.0), (0.2, 0.45), (0.2, -0.45)]) * rng.uniform(0.8, 1.4)
    at = Vehicle(x + np.cos(turned), y + np.sin(turned), turned, 1, 1, 0, "arrow", ink)
    draw.polygon(pixels(place(tip, at)), fill=ink)


def _hatch(draw: ImageDraw.ImageDraw, rng: np.random.Generator, metres: float, heading: float) -> None:
    x, y = anywhere(rng, metres)
    ink = shade((205, 205, 200), rng.uniform(0.6, 1.1))
    for step in np.arange(-3, 3, rng.uniform(0.5, 1.1)):
        at = (x + step * np.cos(heading), y + step * np.sin(heading))
        box(draw, at, (4.5, 0.18), heading + 0.8, ink)


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


def anywhere(rng: np.random.Generator, metres: float) -> tuple[float, float]:
    """Return a place on the chip, m."""
    x, y = rng.uniform(0, metres, 2)
    return float(x), float(y)
