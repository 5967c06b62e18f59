"""Paints car parks from above: ground, stall lines, vehicles, trees, and the shadows of a given sun."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from solarnet_assets.world.lot_plan import AISLE, GSD, STALL_DEPTH, STALL_WIDTH, WANDER, Plan, plan
from solarnet_assets.world.lot_vehicles import FINE, Brush, box, shadow_step
from solarnet_assets.world.rng import fractal, generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solarnet_assets.world.sun import Sun


def _grey(level: float, warm: float = 0.0) -> tuple[int, int, int]:
    return tuple(int(min(max(level * k, 0), 255)) for k in (1 + warm, 1.0, 1 - warm))  # type: ignore[return-value]


def _lines(brush: Brush, layout: Plan, paint: tuple[int, int, int], width: float) -> None:
    for along, across, _ in layout.stalls:
        for side in (-0.5, 0.5):
            x, y = layout.place(along + side * STALL_WIDTH, across)
            brush.polygon(box(x, y, layout.angle + math.pi / 2, STALL_DEPTH - 0.5, width), paint)


def _stains(brush: Brush, layout: Plan, rng: np.random.Generator, base: float) -> None:
    for along, across, direction in layout.stalls[rng.random(len(layout.stalls)) < 0.45]:
        x, y = layout.place(along + rng.normal(0, 0.3), across + direction * rng.uniform(0.2, 1.6))
        brush.disc(x, y, float(rng.uniform(0.15, 0.5)), _grey(base * rng.uniform(0.6, 0.85)))
    for _ in range(int(rng.integers(2, 7))):
        x, y = layout.place(rng.uniform(-0.5, 0.5) * layout.width, rng.uniform(-0.5, 0.5) * layout.depth)
        brush.polygon(
            box(x, y, layout.angle + float(rng.choice([0, math.pi / 2])), rng.uniform(2, 9), rng.uniform(0.4, 3)),
            _grey(base * rng.uniform(0.72, 1.2)),
        )


def _clutter(brush: Brush, layout: Plan, rng: np.random.Generator, paint: tuple[int, int, int]) -> None:
    """Draw what is fixed and no vehicle: arrows, drains, waste skips at aisle ends, containers beyond the lot."""
    for across in layout.aisles:
        for along in np.arange(-layout.width / 2.6, layout.width / 2.4, 18.0):
            x, y = layout.place(along, across + 1.5)
            brush.polygon(box(x, y, layout.angle, 2.4, 0.16), paint)
            x, y = layout.place(along + 1.3, across + 1.5)
            brush.polygon(box(x, y, layout.angle, 0.7, 0.5), paint)
        if rng.random() < 0.5:
            brush.disc(*layout.place(rng.uniform(-0.4, 0.4) * layout.width, across), 0.4, _grey(45))
    tones = ((60, 92, 70), (120, 60, 44), (70, 84, 116), (140, 138, 130))
    for _ in range(int(rng.integers(0, 3))):
        along = float(rng.choice([-1, 1])) * (layout.width / 2 - 1.7)
        x, y = layout.place(along, rng.uniform(-0.42, 0.42) * layout.depth)
        brush.polygon(box(x, y, layout.angle + math.pi / 2, rng.uniform(1.8, 3.4), 1.5), tones[int(rng.integers(4))])
    for _ in range(int(rng.integers(0, 5))):
        x, y = layout.place(
            rng.uniform(-0.5, 0.5) * layout.width, -math.copysign(layout.depth / 2 + rng.uniform(3, 6), layout.road)
        )
        brush.polygon(box(x, y, layout.angle, float(rng.choice([6.1, 12.2])), 2.4), tones[int(rng.integers(4))])


def _soil(brush: Brush, layout: Plan, rng: np.random.Generator) -> None:
    """Draw patches of bare soil, paving and shrubs around the lot."""
    tones = ((118, 106, 84), (96, 98, 74), (140, 138, 132), (70, 78, 52))
    reach = layout.side * GSD / 2
    for _ in range(int(rng.integers(8, 20))):
        x, y = rng.uniform(-reach, reach, 2)
        brush.polygon(
            box(x, y, layout.angle + rng.normal(0, 0.2), rng.uniform(4, 26), rng.uniform(3, 14), 1.0),
            tones[int(rng.integers(4))],
        )


def _road(brush: Brush, layout: Plan, tone: float) -> None:
    far = 3.0 * max(layout.width, layout.depth)
    x, y = layout.place(0, layout.road)
    brush.polygon(box(x, y, layout.angle, far, 9.5), _grey(tone, 0.02))
    for shift in (-3.2, 3.2):
        x, y = layout.place(0, layout.road + shift)
        brush.polygon(box(x, y, layout.angle, far, 0.14), _grey(190))


def _roofs(brush: Brush, layout: Plan, rng: np.random.Generator) -> None:
    for along, across, a, b, _ in layout.roofs:
        x, y = layout.place(along, across)
        tone = float(rng.uniform(90, 215))
        tint = [(1, 1, 1), (0.72, 0.85, 1.08), (1.12, 0.8, 0.7)][int(rng.choice(3, p=[0.6, 0.28, 0.12]))]
        brush.polygon(box(x, y, layout.angle, 2 * a, 2 * b), tuple(int(min(tone * k, 255)) for k in tint))
        for _ in range(int(rng.integers(4, 12))):
            dx, dy = layout.place(along + rng.uniform(-0.85, 0.85) * a, across + rng.uniform(-0.85, 0.85) * b)
            brush.polygon(
                box(dx, dy, layout.angle, rng.uniform(1, 4), rng.uniform(1, 3)), _grey(tone * rng.uniform(0.6, 1.15))
            )


def _surface(brush: Brush, layout: Plan, base: float) -> None:
    """Draw the lot's kerb and asphalt, its entrance, and the lighter tracks along the aisles."""
    x, y = layout.place(0, 0)
    brush.polygon(box(x, y, layout.angle, layout.width + 0.5, layout.depth + 0.5), _grey(165))
    brush.polygon(box(x, y, layout.angle, layout.width, layout.depth), _grey(base, 0.015))
    x, y = layout.place(layout.width / 2 - AISLE / 2, layout.road / 2 + math.copysign(layout.depth / 4, layout.road))
    brush.polygon(box(x, y, layout.angle + math.pi / 2, abs(layout.road) - layout.depth / 2, AISLE), _grey(base * 1.05))
    for across in layout.aisles:
        x, y = layout.place(0, across)
        brush.polygon(box(x, y, layout.angle, layout.width - 3, 2.6), _grey(base * 1.07, 0.015))


def _islands(brush: Brush, layout: Plan) -> None:
    for along, across in layout.islands:
        x, y = layout.place(along, across)
        brush.polygon(box(x, y, layout.angle, STALL_WIDTH - 0.2, STALL_DEPTH - 0.4, 0.5), _grey(160))
        brush.polygon(box(x, y, layout.angle, STALL_WIDTH - 0.6, STALL_DEPTH - 0.8, 0.5), (80, 84, 60))


@lru_cache(maxsize=16)
def ground(seed: int, site: str, stalls: int) -> NDArray[np.float32]:
    """Return the albedo (rows, cols, 3), 0-255, of a lot without vehicles, crowns and shadows."""
    layout = plan(seed, site, stalls)
    rng = generator(seed, "ground", site)
    n = layout.side + 2 * WANDER
    lawn = rng.choice([0, 1])
    image = Image.new("RGB", (n * FINE, n * FINE), ((84, 88, 62), (150, 146, 136))[int(lawn)])
    brush = Brush(image)
    base = float(rng.uniform(48, 88))
    _soil(brush, layout, rng)
    _road(brush, layout, base * float(rng.uniform(0.8, 1.25)))
    _roofs(brush, layout, rng)
    _surface(brush, layout, base)
    _stains(brush, layout, rng, base)
    worn = float(rng.uniform(0.35, 1.0))
    paint = _grey(base + worn * (205 - base), float(rng.choice([0.0, 0.0, 0.12])))
    _clutter(brush, layout, rng, paint)
    _lines(brush, layout, paint, float(rng.uniform(0.1, 0.16)))
    _islands(brush, layout)
    albedo = np.asarray(image.reduce(FINE), dtype=np.float32)
    grain = 1 + 0.05 * fractal(rng, n, 0.9) + 0.045 * fractal(rng, n, 0.1)
    return np.asarray(albedo * grain[:, :, None], dtype=np.float32)


@lru_cache(maxsize=16)
def crowns(seed: int, site: str, stalls: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return tree crowns as (texture 0-1.4, cover 0-1), both (rows, cols)."""
    layout = plan(seed, site, stalls)
    rng = generator(seed, "crowns", site)
    n = layout.side + 2 * WANDER
    image = Image.new("L", (n * FINE, n * FINE), 0)
    brush = Brush(image)
    for along, across, radius in layout.trees:
        x, y = layout.place(along, across)
        for _ in range(9):
            brush.disc(
                x + rng.normal(0, radius / 2.6),
                y + rng.normal(0, radius / 2.6),
                float(radius * rng.uniform(0.35, 0.62)),
                255,
            )
    cover = np.asarray(image.reduce(FINE), dtype=np.float32) / np.float32(255)
    return np.clip(0.85 + 0.3 * fractal(rng, n, 0.35), 0.25, 1.5).astype(np.float32), cover


def _swept(footprint: list[tuple[float, float]], dx: float, dy: float) -> list[tuple[float, float]]:
    from shapely import MultiPoint

    hull = MultiPoint(footprint + [(x + dx, y + dy) for x, y in footprint]).convex_hull
    return [(float(x), float(y)) for x, y in hull.exterior.coords]


def tall_shadows(layout: Plan, sun: Sun, leaf: float) -> NDArray[np.float32]:
    """Return the shadow (rows, cols), 0-1, of roofs, trees and poles; bare trees (leaf 0) cast thin shadows."""
    n = layout.side + 2 * WANDER
    image = Image.new("L", (n * FINE, n * FINE), 0)
    brush = Brush(image)
    east, north = shadow_step(sun)
    for along, across, radius in layout.trees:
        x, y = layout.place(along, across)
        for height in (2.2, 3.2, 4.0):
            brush.disc(x + east * height, y + north * height, radius * 0.8, int(90 + 150 * leaf))
    for along, across in layout.poles:
        x, y = layout.place(along, across)
        brush.polygon(_swept(box(x, y, 0, 0.2, 0.2), east * 8, north * 8), 200)
    for along, across, a, b, height in layout.roofs:
        x, y = layout.place(along, across)
        brush.polygon(_swept(box(x, y, layout.angle, 2 * a, 2 * b), east * height, north * height), 255)
    for along, across, a, b, _ in layout.roofs:
        x, y = layout.place(along, across)
        brush.polygon(box(x, y, layout.angle, 2 * a, 2 * b), 0)
    return np.asarray(image.reduce(FINE), dtype=np.float32) / np.float32(255)
