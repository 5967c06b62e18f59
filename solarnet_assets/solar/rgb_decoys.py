"""Things laid out like arrays that are none, trees and tracks, for sub-metre training chips. Training only."""

from __future__ import annotations

import numpy as np

from solarnet_assets.solar.rgb_canvas import Canvas, blob, lattice, rectangles, turn
from solarnet_assets.solar.rgb_cars import car_park, traffic
from solarnet_assets.solar.rgb_covers import pick

DECOYS = (
    "strips", "strips", "dark", "dark", "lot", "lane", "stack", "court", "rails", "bars", "tarps", "ribs", "shades",
)  # fmt: skip


def decoys(c: Canvas) -> None:
    """Draw none to three of the things that fool detectors."""
    for _ in range(int(c.rng.poisson(1.2))):
        {
            "strips": _strips, "dark": _dark, "lot": _lot, "stack": _stack, "court": _court, "rails": _rails,
            "bars": _bars, "tarps": _tarps, "ribs": _ribs, "lane": traffic, "shades": _shades,
        }[pick(c.rng, DECOYS)](c)  # fmt: skip


def _reach(c: Canvas, most: float) -> float:
    return float(np.exp(c.rng.uniform(np.log(min(4 * c.gsd + 2, most)), np.log(most))))


def _strips(c: Canvas) -> None:
    """Greenhouses, plastic mulch, vines, shade nets, windrows: long strips side by side."""
    rng = c.rng
    name = pick(
        rng,
        ("white plastic", "white plastic", "glass", "black plastic", "grass", "forest", "dark soil", "grey metal",
         "shrub", "green tin"),
    )  # fmt: skip
    slim = {"grass": 3.0, "forest": 3.0, "dark soil": 3.0, "shrub": 3.0, "black plastic": 1.2}
    wide = float(rng.uniform(0.6, slim[name]) if name in slim else rng.uniform(1, 11))
    long, heading = _reach(c, 120) + wide, float(rng.uniform(0, np.pi))
    pitch = wide * float(rng.uniform(1.05, 2.5))
    ribs = (float(rng.uniform(0.8, 4)), heading, float(rng.uniform(0, 0.15)))
    bodies = [c.material(name, float(rng.uniform(0.02, 0.15)), ribs if rng.random() < 0.5 else None) for _ in range(2)]
    shape = (min(int(rng.integers(2, 40)), int(c.extent / pitch) + 2), int(rng.integers(1, 4)))
    spots = turn(lattice(*shape, (long * 1.05, pitch)), heading) + c.somewhere()
    c.polygons(
        rectangles(spots, (long, wide), heading),
        [int(b) for b in rng.choice(bodies, len(spots))],
        float(rng.uniform(0, 3)),
    )


def _dark(c: Canvas) -> None:
    """Dark or blue roofs, lined ponds, coal, fresh asphalt: one smooth dark shape, or a few."""
    rng = c.rng
    name = pick(rng, ("dark shingle", "bitumen", "slate", "deep blue tin", "blue tin", "black water", "water",
                      "dark asphalt", "coal", "black plastic", "blue water", "forest"))  # fmt: skip
    heading, size = float(rng.uniform(0, np.pi)), _reach(c, 80)
    for _ in range(int(rng.integers(1, 4))):
        shape = (size, size * float(rng.uniform(0.25, 1)))
        at = c.somewhere()
        ribs = (float(rng.uniform(0.5, 5)), heading, float(rng.uniform(0, 0.25)))
        body = c.material(name, float(rng.uniform(0.01, 0.08)), ribs if rng.random() < 0.4 else None)
        outline = blob(rng, at, size / 2) if rng.random() < 0.25 else rectangles(at[None], shape, heading)[0]
        c.polygon(outline, body, float(rng.uniform(0, 8)))


def _lot(c: Canvas) -> None:
    car_park(
        c, c.somewhere(), (float(c.rng.uniform(15, 110)), float(c.rng.uniform(10, 70))), float(c.rng.uniform(0, np.pi))
    )


def _stack(c: Canvas) -> None:
    """Containers, lorries, pallets or bales in rows."""
    rng = c.rng
    heading = float(rng.uniform(0, np.pi))
    one = (float(rng.choice([1.2, 2.4, 6.1, 12.2])), float(rng.choice([1.0, 2.44, 2.44])))
    dark = ("deep blue tin", "blue tin", "black plastic") if one[0] > 3 else ()
    names = ("red tin", "grey metal", "green tin", "white roof", "brown tile", "concrete", "terracotta", *dark)
    bodies = [c.material(pick(rng, names), 0.04) for _ in range(int(rng.integers(1, 5)))]
    step = (one[0] * float(rng.uniform(1.02, 1.4)), one[1] * float(rng.uniform(1.02, 2)))
    spots = lattice(int(rng.integers(2, 16)), int(rng.integers(2, 16)), step)
    spots = turn(spots[rng.random(len(spots)) < 0.9], heading) + c.somewhere()
    if len(spots):
        c.polygons(
            rectangles(spots, one, heading),
            [int(b) for b in rng.choice(bodies, len(spots))],
            float(rng.uniform(0.5, 5)),
        )


def _court(c: Canvas) -> None:
    """A tennis court, running track or pool with lines or lanes."""
    rng = c.rng
    heading, at = float(rng.uniform(0, np.pi)), c.somewhere()
    name = pick(rng, ("court", "blue court", "track", "pool", "pool", "lawn"))
    size = (float(rng.uniform(8, 36)), float(rng.uniform(4, 18)))
    c.polygon(rectangles(at[None], size, heading)[0], c.material(name, 0.03))
    white = c.material("white roof", 0.03)
    for y in np.linspace(-0.4, 0.4, int(rng.integers(2, 9))) * size[1]:
        ends = turn(np.array([(-size[0] / 2, y), (size[0] / 2, y)]) * 0.9, heading) + at
        c.line(ends, 0.1, white)


def _rails(c: Canvas) -> None:
    """Tracks of a railway, lanes of a road with marks, or a wide road."""
    rng = c.rng
    heading, at = float(rng.uniform(0, np.pi)), c.somewhere()
    bed = c.material(pick(rng, ("gravel", "asphalt", "dark asphalt", "sleeper", "concrete", "soil")))
    number, gap = int(rng.integers(1, 8)), float(rng.uniform(3, 5))
    c.polygon(rectangles(at[None], (c.extent * 3, number * gap + 2), heading)[0], bed)
    mark = c.material(pick(rng, ("white roof", "grey metal", "dark asphalt")), 0.02)
    for y in (np.arange(number) - (number - 1) / 2) * gap:
        for rail in (-0.72, 0.72) if rng.random() < 0.5 else (0.0,):
            ends = np.array([(-c.extent * 1.5, y + rail), (c.extent * 1.5, y + rail)])
            c.line(turn(ends, heading) + at, 0.12, mark)


def _bars(c: Canvas) -> None:
    """Narrow bars side by side with shadows: stairs, crossings, stands, pergolas, ducts, benches, fences."""
    rng = c.rng
    heading, wide = float(rng.uniform(0, np.pi)), float(rng.uniform(0.2, 2.5))
    long, pitch = wide * float(rng.uniform(2, 25)), wide * float(rng.uniform(1.3, 3.5))
    name = pick(
        rng, ("white roof", "grey metal", "brown tile", "concrete", "grey shingle", "red tin", "asphalt", "green tin")
    )
    spots = (
        turn(lattice(int(rng.integers(3, 25)), int(rng.integers(1, 4)), (long * 1.1, pitch)), heading) + c.somewhere()
    )
    c.polygons(
        rectangles(spots, (long, wide), heading), [c.material(name, 0.03)] * len(spots), float(rng.uniform(0, 2))
    )


def _tarps(c: Canvas) -> None:
    """Small bright or dark rectangles of one colour here and there: tarps, umbrellas, tents, hatches."""
    rng = c.rng
    body = c.material(
        pick(rng, ("tarp", "white plastic", "black plastic", "blue tin", "deep blue tin", "pool", "red tin")), 0.04
    )
    spots = c.somewhere() + rng.normal(0, 12, (int(rng.integers(1, 15)), 2))
    size = (float(rng.uniform(1, 7)), float(rng.uniform(1, 5)))
    c.polygons(rectangles(spots, size, float(rng.uniform(0, np.pi))), [body] * len(spots), float(rng.uniform(0, 2.5)))


def _ribs(c: Canvas) -> None:
    """A shed of ribbed metal, often blue, in bays that face the light in turn."""
    rng = c.rng
    heading, at = float(rng.uniform(0, np.pi)), c.somewhere()
    long, bay, number = _reach(c, 90) + 4, float(rng.uniform(1.5, 12)), int(rng.integers(2, 12))
    name = pick(rng, ("blue tin", "deep blue tin", "grey metal", "white roof", "green tin", "red tin", "slate"))
    spots = turn(lattice(number, 1, (1.0, bay)), heading) + at
    ribs = (float(rng.uniform(0.3, 1.2)), heading, float(rng.uniform(0, 0.25)))
    tones = [c.material(name, 0.03, ribs), c.material(name, 0.03, ribs)]
    c.polygons(rectangles(spots, (long, bay), heading), [tones[n % 2] for n in range(number)], float(rng.uniform(2, 9)))


def _shades(c: Canvas) -> None:
    """Stripes or a grid of shadow alone, as fences, trunks, masts and scaffolds cast."""
    rng = c.rng
    heading, wide = float(rng.uniform(0, np.pi)), float(np.exp(rng.uniform(np.log(0.1), np.log(2.5))))
    long, pitch = wide * float(rng.uniform(4, 40)), wide * float(rng.uniform(1.5, 6))
    number = int(rng.integers(3, 30))
    at = c.somewhere()
    bars = [rectangles(turn(lattice(number, 1, (1.0, pitch)), heading) + at, (long, wide), heading)]
    if rng.random() < 0.4:
        across = max(2, int(long / pitch))
        size = (number * pitch, wide)
        bars.append(rectangles(turn(lattice(1, across, (pitch, 1.0)), heading) + at, size, heading + np.pi / 2))
    for shape in c.pixels(np.concatenate(bars)).reshape(-1, 8).tolist():
        c.dark.polygon(shape, fill=255)


def trees(c: Canvas) -> None:
    """Draw single trees, a row or a wood: crowns in three tones, lit from the sun's side."""
    rng = c.rng
    if rng.random() < 0.35:
        return
    tones = [c.material("forest", float(rng.uniform(0.1, 0.35))) for _ in range(2)]
    number, radius = int(min(rng.exponential(14) * (1 + c.gsd), 70)), float(rng.uniform(1.2, 5))
    if radius / c.gsd < 1:
        radius = float(rng.uniform(1, 6) * c.gsd)
    kind, at = rng.random(), c.somewhere()
    spread = rng.normal(0, c.extent * rng.uniform(0.05, 0.5), (number, 2))
    if kind < 0.3:
        spread = turn(
            np.stack([(np.arange(number) - number / 2) * radius * 2.2, rng.normal(0, 0.5, number)], -1),
            float(rng.uniform(0, np.pi)),
        )
    lit = -np.array(c.sun) / max(float(np.hypot(*c.sun)), 1e-6)
    bright = c.material(c.colours[tones[0]] * rng.uniform(1.1, 1.5), float(rng.uniform(0.1, 0.3)))
    for spot in at + spread:
        size = radius * float(rng.uniform(0.6, 1.4))
        c.polygon(blob(rng, spot, size, 0.2, 10), int(rng.choice(tones)), size * 1.6)
        if size / c.gsd > 4:
            c.polygon(blob(rng, spot + lit * size * 0.3, size * 0.5, 0.3, 8), bright)
