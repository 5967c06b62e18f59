"""Solar farms, and things with the outline of one, for the training renderer. Training only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from solarnet_assets.solar.land import Table, blob, turned
from solarnet_assets.solar.spectra import cover, module

DECOYS = (
    "greenhouse", "clear water", "turbid water", "dark roof", "asphalt", "car park", "coal", "plough", "dark soil",
    "wet soil", "forest", "dark forest", "bare forest", "bare dark forest", "blue roof", "grey roof",
    "basalt", "burnt", "shrub", "reed",
)  # fmt: skip
"""Covers that are laid out in blocks like a farm, and are none."""


@dataclass(frozen=True)
class Farm:
    """One farm: identifier on the plane, panels, and how densely they stand.

    Attributes:
        ident: identifier on the plane.
        panels: reflectance of the modules, (6,).
        fill: share of the ground under modules seen from above.
        pitch: distance of rows, m.
        heading: direction across the rows, rad.
        stripes: relative modulation of the fill by rows.
        shadow: brightness of the ground between rows.
        glint: reflectance added by sun glint.
    """

    ident: int
    panels: NDArray[np.float64]
    fill: float
    pitch: float
    heading: float
    stripes: float
    shadow: float
    glint: float


def draw_farms(plane: Image.Image, table: Table, rng: np.random.Generator, groups: int = 1) -> list[Farm]:
    """Draw zero to four farms and as many decoys, ``groups`` times; the table gets the ground under them."""
    draw, side = ImageDraw.Draw(plane), plane.width
    found: list[Farm] = []
    jobs: list[str] = []
    for _ in range(groups):
        jobs += ["farm"] * int(rng.choice(5, p=[0.3, 0.35, 0.2, 0.1, 0.05])) + ["decoy"] * int(rng.poisson(1.2))
    for job in rng.permutation(jobs) if jobs else []:
        if len(table) >= 250:
            break
        ident = len(table)
        if job == "decoy":
            table.append(cover(rng, DECOYS[rng.integers(len(DECOYS))], 0.2))
        else:
            under = (
                "bright soil",
                "dry grass",
                "shrub",
                "sparse crop",
                "loess",
                "turbid water",
                "gravel",
                "crop",
                "sand",
            )
            table.append(cover(rng, under[rng.integers(len(under))]))
            found.append(_farm(rng, ident))
        road = int(np.asarray(plane)[side // 2, side // 2]) if rng.random() < 0.5 else len(table)
        if road == len(table):
            table.append(cover(rng, ("bright soil", "gravel", "dry grass", "concrete")[rng.integers(4)]))
        _outline(draw, rng, side, ident, road)
    return found


def _farm(rng: np.random.Generator, ident: int) -> Farm:
    return Farm(
        ident=ident,
        panels=module(rng),
        fill=float(rng.uniform(0.28, 0.92)),
        pitch=float(rng.uniform(4, 16)),
        heading=float(np.pi / 2 + rng.normal(0, 0.15) if rng.random() < 0.6 else rng.uniform(0, np.pi)),
        stripes=float(rng.choice([0.0, rng.uniform(0.1, 1.0)])),
        shadow=float(rng.uniform(0.45, 1.0)),
        glint=float(rng.uniform(0.05, 0.35)) if rng.random() < 0.08 else float(rng.uniform(0, 0.02)),
    )


def _outline(draw: ImageDraw.ImageDraw, rng: np.random.Generator, side: int, ident: int, road: int) -> None:
    """Draw the outline: a block, a grid of blocks with roads, a wavy patch, or scattered patches."""
    at = (float(rng.uniform(0, side)), float(rng.uniform(0, side)))
    heading = float(rng.normal(0, 0.1)) if rng.random() < 0.5 else float(rng.uniform(0, np.pi))
    reach = float(np.exp(rng.uniform(np.log(6), np.log(side * 0.6))))
    kind = rng.choice(4, p=[0.3, 0.35, 0.2, 0.15])
    if kind == 0:
        draw.polygon(turned(at, (reach, reach * rng.uniform(0.3, 1)), heading), fill=ident)
    elif kind == 1:
        _grid(draw, rng, (at, heading, reach), ident, road)
    elif kind == 2:
        draw.polygon(blob(rng, at, reach / 2), fill=ident)
        for _ in range(rng.poisson(1.5)):
            cut = np.array(at) + rng.normal(0, reach / 3, (2, 2))
            draw.line([(float(x), float(y)) for x, y in cut], fill=road, width=int(rng.integers(1, 4)))
    else:
        for _ in range(int(rng.integers(3, 12))):
            x, y = np.array(at) + rng.normal(0, reach / 2, 2)
            size = (float(rng.uniform(0.1, 0.4) * reach + 2), float(rng.uniform(0.1, 0.3) * reach + 2))
            draw.polygon(turned((float(x), float(y)), size, heading), fill=ident)


def _grid(
    draw: ImageDraw.ImageDraw,
    rng: np.random.Generator,
    where: tuple[tuple[float, float], float, float],
    ident: int,
    road: int,
) -> None:
    at, heading, reach = where
    long, wide = rng.uniform(8, 40), rng.uniform(6, 30)
    gap = rng.uniform(0.8, 4)
    c, s = np.cos(heading), np.sin(heading)
    draw.polygon(turned(at, (reach + 4, reach * 0.8 + 4), heading), fill=road)
    for u in np.arange(-reach / 2, reach / 2, long + gap):
        for v in np.arange(-reach * 0.4, reach * 0.4, wide + gap):
            if rng.random() < 0.93:
                spot = (
                    at[0] + (u + long / 2) * c - (v + wide / 2) * s,
                    at[1] + (u + long / 2) * s + (v + wide / 2) * c,
                )
                draw.polygon(turned(spot, (long, wide), heading), fill=ident)
