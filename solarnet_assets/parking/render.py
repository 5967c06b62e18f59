"""Car parks for training: random layouts drawn on a fine canvas, with the truth beside them.

Domain randomisation: what varies here is wider than any one place, so that real lots look like one
more draw (Tobin et al. 2017, arXiv 1703.06907). This renderer trains the network and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from solarnet_assets.parking import clutter, layout, standing
from solarnet_assets.parking.pixels import TARGET_GSD
from solarnet_assets.parking.sprites import FINE, Light, Vehicle, draw_vehicle, paste, shadow
from solarnet_assets.parking.surface import smooth_noise

CHIP = 192
"""Pixels of a side of a training chip, 57.6 m at 0.3 m."""


CANVAS = 0.15
"""Metres per pixel of a drawn scene as the camera gets it."""

CELL = 0.6
"""Metres of a cell of the network's output."""


@dataclass(frozen=True)
class Facts:
    """What a scene is like: elevation of the sun (degrees), stalls in sight, and the share of them that is taken."""

    sun: float = math.nan
    stalls: int = 0
    occupancy: float = math.nan


@dataclass(frozen=True)
class Scene:
    """A drawn scene before any camera.

    Attributes:
        canvas: (N, N, 3) uint8, square roots of reflectance at :data:`CANVAS`, 255 a glint, 0 where nothing is.
        centres: (n, 2) x, y of vehicles, pixels of 0.3 m, the outer edge of the first pixel at 0.
        hidden: (n,) share of each vehicle under canopy or cloud.
        cover: (2, S, S) uint8 at 0.3 m, 1 under canopy, 1 under cloud, 2 unknown.
        footprint: (S / 2, S / 2) share of each cell of 0.6 m that vehicles cover, 2 unknown.
        facts: what the scene is like.
    """

    canvas: NDArray[np.uint8]
    centres: NDArray[np.float32]
    hidden: NDArray[np.float32]
    cover: NDArray[np.uint8]
    footprint: NDArray[np.float16]
    facts: Facts = Facts()


@dataclass(frozen=True)
class LotChip:
    """A photographed scene.

    Attributes:
        image: (S, S, 3) uint8 at 0.3 m.
        centres, hidden, cover, facts: see :class:`Scene`.
        gsd: metres per pixel at which the sensor sampled.
    """

    image: NDArray[np.uint8]
    centres: NDArray[np.float32]
    hidden: NDArray[np.float32]
    cover: NDArray[np.uint8]
    gsd: float
    facts: Facts = Facts()


def render(rng: np.random.Generator, size: int = CHIP) -> LotChip:
    """Draw one scene of ``size`` x ``size`` pixels at 0.3 m and photograph it."""
    return snap(draw(rng, size), rng, size)


def snap(scene: Scene, rng: np.random.Generator, size: int = CHIP) -> LotChip:
    """Photograph one scene on the CPU."""
    import torch

    from solarnet_assets.parking.sensor import Dice, photograph

    dice = Dice(torch.Generator().manual_seed(int(rng.integers(2**62))), torch.device("cpu"))
    canvas = torch.from_numpy(np.ascontiguousarray(scene.canvas.transpose(2, 0, 1), np.float32))[None]
    image, gsd = photograph(canvas, dice, size)
    pixels = image[0].numpy().transpose(1, 2, 0).astype(np.uint8)
    truth = (scene.centres, scene.hidden, scene.cover)
    return LotChip(np.ascontiguousarray(pixels), *truth, float(gsd[0]), scene.facts)


def draw(rng: np.random.Generator, size: int = CHIP, cut: Sequence[Image.Image] = ()) -> Scene:
    """Draw one scene of ``size`` x ``size`` pixels at 0.3 m.

    Args:
        rng: source of all randomness.
        size: pixels of a side, a multiple of two.
        cut: real cars cut out of aerial frames, pointing along x at :data:`FINE`, RGBA; they stand for a share of the
            vehicles.
    """
    metres = size * TARGET_GSD
    light = Light.drawn(rng)
    ground = clutter.ground(rng, round(metres / FINE))
    plan = layout.plan(rng, metres)
    fleet = _fleet(plan.vehicles, ground, rng)
    pen = ImageDraw.Draw(ground)
    layout.mark(pen, plan, rng)
    clutter.on_ground(pen, plan, rng, metres)
    ground = _textured(clutter.stained(ground, plan, rng), rng)
    ground = _cast(ground, plan.vehicles, light)
    detail = float(rng.choice([0.0, 0.5, 0.95, 1.0], p=[0.04, 0.12, 0.4, 0.44]))
    real = float(rng.uniform(0.2, 1.0)) if len(cut) else 0.0
    pen = ImageDraw.Draw(ground)
    for vehicle in fleet:
        if vehicle.kind != "truck" and rng.random() < real:
            paste(ground, vehicle, cut[int(rng.integers(len(cut)))], rng)
        else:
            draw_vehicle(pen, vehicle, rng, detail, light)
    ground, canopy = standing.standing(ground, plan, rng, light)
    ground, cloud = clutter.clouds(ground, rng)
    side = round(metres / CANVAS)
    canvas = np.clip(np.asarray(ground.resize((side, side), Image.Resampling.BOX)), 1, 255)
    if rng.random() < 0.06:
        canvas = _edged(canvas, rng)
    centres, hidden = _truth(plan.vehicles, canopy, cloud, metres, light)
    inside = canvas[(centres[:, 1] * 2).astype(int), (centres[:, 0] * 2).astype(int)].any(1)
    taken = [t for x, y, t in plan.stalls if 0 <= x < metres and 0 <= y < metres]
    facts = Facts(light.elevation, len(taken), float(np.mean(taken)) if taken else math.nan)
    cover = np.stack([_shrink(canopy, size), _shrink(cloud, size)])
    return Scene(canvas, centres[inside], hidden[inside], cover, _footprint(plan.vehicles, metres, light), facts)


def _edged(canvas: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return the canvas with nothing beyond a line, as at the edge of a scene."""
    side = canvas.shape[0]
    y, x = np.mgrid[0:side, 0:side] / side - 0.5
    angle = rng.uniform(0, 2 * np.pi)
    away = x * np.cos(angle) + y * np.sin(angle) > rng.uniform(0.1, 0.45)
    return np.where(away[..., None], np.uint8(0), canvas)


def _footprint(vehicles: list[Vehicle], metres: float, light: Light) -> NDArray[np.float16]:
    cells = round(metres / CELL)
    mask = Image.new("L", (cells * 6, cells * 6), 0)
    pen = ImageDraw.Draw(mask)
    for v in vehicles:
        pen.polygon([(float(x), float(y)) for x, y in light.seen(v).outline() / FINE], fill=255)
    return (np.asarray(mask.resize((cells, cells), Image.Resampling.BOX)) / 255).astype(np.float16)


def _fleet(vehicles: list[Vehicle], ground: Image.Image, rng: np.random.Generator) -> list[Vehicle]:
    """Return the vehicles as painted; in three chips of ten many have nearly the colour of the ground, in one black."""
    kind = rng.random()
    if kind > 0.4:
        return vehicles
    if kind > 0.3:
        share, tones = rng.uniform(0.3, 0.9), rng.uniform(6, 40, len(vehicles)).astype(int).tolist()
        return [replace(v, paint=(t, t, t + 2)) if rng.random() < share else v
                for v, t in zip(vehicles, tones, strict=True)]  # fmt: skip
    base = np.array(ground.getpixel((ground.width // 2, ground.height // 2)), float)
    alike = rng.uniform(0.2, 0.8)
    fleet = []
    for v in vehicles:
        tone = np.clip(base * rng.uniform(0.6, 1.25), 4, 250)
        paint = tuple(int(c) for c in 0.8 * tone + 0.2 * np.array(v.paint)) if rng.random() < alike else v.paint
        fleet.append(replace(v, paint=paint))  # type: ignore[arg-type]
    return fleet


def _cast(ground: Image.Image, vehicles: list[Vehicle], light: Light) -> Image.Image:
    mask = Image.new("L", ground.size, 0)
    pen = ImageDraw.Draw(mask)
    for vehicle in vehicles:
        shadow(pen, vehicle, light.cast)
    return Image.composite(clutter.darker(ground, light.dark), ground, mask.filter(ImageFilter.BoxBlur(1)))


def _textured(ground: Image.Image, rng: np.random.Generator) -> Image.Image:
    shape = (ground.height, ground.width)
    field = smooth_noise(rng, shape, 4) * rng.uniform(0, 10) + smooth_noise(rng, shape, 40) * rng.uniform(0, 9)
    field = field + smooth_noise(rng, shape, 180) * rng.uniform(0, 9)
    return Image.fromarray(np.clip(np.asarray(ground, np.float32) + field[..., None], 0, 255).astype(np.uint8))


def _shrink(mask: Image.Image, size: int) -> NDArray[np.uint8]:
    return (np.asarray(mask.resize((size, size), Image.Resampling.BOX)) > 127).astype(np.uint8)


def _truth(
    vehicles: list[Vehicle], canopy: Image.Image, cloud: Image.Image, metres: float, light: Light
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    over = np.maximum(np.asarray(canopy), np.asarray(cloud))
    centres, hidden = [], []
    for v in map(light.seen, vehicles):
        if not (0 <= v.x < metres and 0 <= v.y < metres):
            continue
        along = np.linspace(-0.4, 0.4, 5) * v.length
        x = ((v.x + along * np.cos(v.heading)) / FINE).astype(int)
        y = ((v.y + along * np.sin(v.heading)) / FINE).astype(int)
        inside = (x >= 0) & (y >= 0) & (x < over.shape[1]) & (y < over.shape[0])
        hidden.append(float((over[y[inside], x[inside]] > 127).mean()))
        centres.append((v.x / TARGET_GSD, v.y / TARGET_GSD))
    return np.array(centres, np.float32).reshape(-1, 2), np.array(hidden, np.float32)
