"""Car parks for training: random layouts drawn on a fine canvas, with the truth beside them.

Domain randomisation: what varies here is wider than any one place, so that real lots look like one
more draw (Tobin et al. 2017, arXiv 1703.06907). This renderer trains the network and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from solarnet_assets.parking import clutter, layout
from solarnet_assets.parking.pixels import TARGET_GSD
from solarnet_assets.parking.sensor import photograph, smooth_noise
from solarnet_assets.parking.sprites import FINE, Vehicle, draw_vehicle, shadow

CHIP = 192
"""Pixels of a side of a training chip, 57.6 m at 0.3 m."""


@dataclass(frozen=True)
class LotChip:
    """A rendered chip at 0.3 m.

    Attributes:
        image: (H, W, 3) uint8.
        centres: (n, 2) x, y of vehicles, pixels, the outer edge of the first pixel at 0.
        hidden: (n,) share of each vehicle under canopy or cloud.
        cover: (2, H, W) uint8, 1 under canopy, 1 under cloud.
        gsd: metres per pixel at which the sensor sampled.
    """

    image: NDArray[np.uint8]
    centres: NDArray[np.float32]
    hidden: NDArray[np.float32]
    cover: NDArray[np.uint8]
    gsd: float


def render(rng: np.random.Generator, size: int = CHIP) -> LotChip:
    """Draw one chip of ``size`` x ``size`` pixels at 0.3 m."""
    metres = size * TARGET_GSD
    pixels = round(metres / FINE)
    sun = rng.uniform(0, 2 * np.pi)
    length = 1 / np.tan(np.radians(rng.uniform(22, 75)))
    cast = (float(np.cos(sun) * length), float(np.sin(sun) * length))
    dark = rng.uniform(0.25, 0.75) if rng.random() < 0.8 else rng.uniform(0.0, 0.25)
    ground = clutter.ground(rng, pixels)
    plan = layout.plan(rng, metres)
    fleet = _fleet(plan.vehicles, ground, rng)
    draw = ImageDraw.Draw(ground)
    layout.mark(draw, plan, rng)
    clutter.on_ground(draw, plan, rng, metres)
    ground = _textured(ground, rng)
    ground = _cast(ground, [v for v in plan.vehicles], cast, dark)
    detail = rng.choice([0.0, 0.5, 0.95, 1.0], p=[0.06, 0.14, 0.4, 0.4])
    draw = ImageDraw.Draw(ground)
    for vehicle in fleet:
        draw_vehicle(draw, vehicle, rng, float(detail))
    ground, canopy = clutter.standing(ground, plan, rng, cast, dark)
    ground, cloud = clutter.clouds(ground, rng)
    image, gsd = photograph(ground, rng, size)
    cover = np.stack([_shrink(canopy, size), _shrink(cloud, size)])
    centres, hidden = _truth(plan.vehicles, canopy, cloud, metres)
    return LotChip(image, centres, hidden, cover, gsd)


def _fleet(vehicles: list[Vehicle], ground: Image.Image, rng: np.random.Generator) -> list[Vehicle]:
    """Return the vehicles as painted; in one chip in five many have nearly the colour of the ground."""
    if rng.random() > 0.2:
        return vehicles
    base = np.array(ground.getpixel((ground.width // 2, ground.height // 2)), float)
    alike = rng.uniform(0.2, 0.8)
    fleet = []
    for v in vehicles:
        tone = np.clip(base * rng.uniform(0.6, 1.25), 4, 250)
        paint = tuple(int(c) for c in 0.8 * tone + 0.2 * np.array(v.paint)) if rng.random() < alike else v.paint
        fleet.append(replace(v, paint=paint))  # type: ignore[arg-type]
    return fleet


def _cast(ground: Image.Image, vehicles: list[Vehicle], cast: tuple[float, float], dark: float) -> Image.Image:
    mask = Image.new("L", ground.size, 0)
    draw = ImageDraw.Draw(mask)
    for vehicle in vehicles:
        shadow(draw, vehicle, cast)
    return Image.composite(clutter.darker(ground, dark), ground, mask.filter(ImageFilter.BoxBlur(1)))


def _textured(ground: Image.Image, rng: np.random.Generator) -> Image.Image:
    shape = (ground.height, ground.width)
    field = smooth_noise(rng, shape, 4) * rng.uniform(0, 10) + smooth_noise(rng, shape, 40) * rng.uniform(0, 9)
    field = field + smooth_noise(rng, shape, 180) * rng.uniform(0, 9)
    return Image.fromarray(np.clip(np.asarray(ground, np.float32) + field[..., None], 0, 255).astype(np.uint8))


def _shrink(mask: Image.Image, size: int) -> NDArray[np.uint8]:
    return (np.asarray(mask.resize((size, size), Image.Resampling.BOX)) > 127).astype(np.uint8)


def _truth(
    vehicles: list[Vehicle], canopy: Image.Image, cloud: Image.Image, metres: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    over = np.maximum(np.asarray(canopy), np.asarray(cloud))
    centres, hidden = [], []
    for v in vehicles:
        if not (0 <= v.x < metres and 0 <= v.y < metres):
            continue
        along = np.linspace(-0.4, 0.4, 5) * v.length
        x = ((v.x + along * np.cos(v.heading)) / FINE).astype(int)
        y = ((v.y + along * np.sin(v.heading)) / FINE).astype(int)
        inside = (x >= 0) & (y >= 0) & (x < over.shape[1]) & (y < over.shape[0])
        hidden.append(float((over[y[inside], x[inside]] > 127).mean()))
        centres.append((v.x / TARGET_GSD, v.y / TARGET_GSD))
    return np.array(centres, np.float32).reshape(-1, 2), np.array(hidden, np.float32)
