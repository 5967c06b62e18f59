"""Surroundings of arrays for sub-metre training chips, and everything that looks like one. Training only.

Every function draws onto a canvas; those that build roofs return their faces, on which arrays may be laid.
"""

from __future__ import annotations

import numpy as np

from solarnet_assets.solar.rgb_arrays import Face
from solarnet_assets.solar.rgb_canvas import Canvas, Points, blob, lattice, rectangles, turn
from solarnet_assets.solar.rgb_cars import car_park
from solarnet_assets.solar.rgb_covers import HALLS, OPEN, ROOFS, WATERS, cover, pick


def ground(c: Canvas, names: tuple[str, ...]) -> int:
    """Cover the whole chip, sometimes in patches of a second cover; return the main material."""
    stripe = (float(c.rng.uniform(0.4, 6)), float(c.rng.uniform(0, np.pi)), float(c.rng.uniform(0, 0.2)))
    main = c.material(pick(c.rng, names), stripe=stripe if c.rng.random() < 0.25 else None)
    c.polygon(rectangles(np.zeros((1, 2)), (c.extent * 3, c.extent * 3), 0)[0], main)
    if c.rng.random() < 0.6:
        for _ in range(int(c.rng.integers(1, 8))):
            other = c.material(pick(c.rng, names))
            c.polygon(blob(c.rng, c.somewhere(), c.extent * float(c.rng.uniform(0.03, 0.4)), 0.5), other)
    return main


def suburb(c: Canvas) -> list[Face]:
    """Draw plots with houses, lawns, drives, sheds, pools and cars along a street."""
    rng = c.rng
    ground(c, ("lawn", "grass", "dry grass", "soil", "gravel", "concrete"))
    heading = float(rng.uniform(0, np.pi))
    plot = (float(rng.uniform(11, 28)), float(rng.uniform(16, 40)))
    n = int(min(c.extent * 1.6 / min(plot), 14)) + 1
    lots = turn(lattice(n, n, plot), heading) + rng.uniform(-0.5, 0.5, 2) * plot
    street = c.material(pick(rng, ("asphalt", "dark asphalt", "concrete", "gravel")))
    across = float(rng.uniform(0, plot[1]))
    for k in range(-n, n, 2):
        ends = np.array([(-c.extent * 2, k * plot[1] + across), (c.extent * 2, k * plot[1] + across)])
        c.line(turn(ends, heading), float(rng.uniform(3.5, 10)), street)
    faces: list[Face] = []
    kinds = [pick(rng, ROOFS) for _ in range(3)]
    for lot in lots[(np.abs(lots) < c.extent * 0.6).all(1)]:
        if rng.random() < 0.5:
            drive = c.material(pick(rng, ("concrete", "asphalt", "gravel", "lawn", "soil")))
            c.polygon(rectangles(lot[None], (plot[0] * 0.9, plot[1] * 0.9), heading)[0], drive)
        faces += _house(c, lot + rng.normal(0, 1, 2), plot, heading, pick(rng, tuple(kinds)))
        if rng.random() < 0.25:
            _small(c, lot + turn(np.array([0, plot[1] * 0.4]), heading), heading)
    return faces


def village(c: Canvas) -> list[Face]:
    """Draw a village or town from further off: many roofs of few colours, a street, and their shadows."""
    rng = c.rng
    ground(c, ("grass", "dry grass", "soil", "concrete", "crop", "gravel"))
    heading, step = float(rng.uniform(0, np.pi)), float(rng.uniform(12, 26))
    n = int(min(c.extent / step, 16))
    spots = lattice(n, n, (step, step * float(rng.uniform(0.7, 1.4))))
    spots = turn(spots[rng.random(len(spots)) < rng.uniform(0.3, 0.95)], heading) + rng.uniform(-0.3, 0.3, 2) * c.extent
    if not len(spots):
        return []
    roofs = [c.material(pick(rng, ROOFS), 0.05) for _ in range(int(rng.integers(2, 8)))]
    sizes = rng.uniform((7, 5), (step * 0.95, 12), (len(spots), 2))
    c.polygons(
        rectangles(spots, sizes, heading), [int(r) for r in rng.choice(roofs, len(spots))], float(rng.uniform(3, 9))
    )
    dark = [c.material(c.colours[r] * rng.uniform(0.5, 0.85), 0.05) for r in roofs]
    half = spots + turn(np.stack([np.zeros(len(spots)), sizes[:, 1] / 4], -1), heading)
    c.polygons(rectangles(half, sizes * (1, 0.5), heading), [int(r) for r in rng.choice(dark, len(spots))])
    street = c.material(pick(rng, ("asphalt", "concrete", "soil")))
    c.line(turn(np.array([(-c.extent, 0.0), (c.extent, 0.0)]), heading), float(rng.uniform(3, 9)), street)
    return [Face(p, (float(s[0]), float(s[1])), heading, True, 5.0) for p, s in zip(spots, sizes, strict=True)]


def _house(c: Canvas, at: Points, plot: tuple[float, float], heading: float, roof: str) -> list[Face]:
    """Draw a house of one or two wings, gabled, hipped or flat; return the faces of its roof."""
    rng = c.rng
    faces: list[Face] = []
    for wing in range(1 if rng.random() < 0.6 else 2):
        long = float(np.clip(rng.uniform(0.5, 1.0) * plot[0], 5, 22))
        wide = float(np.clip(rng.uniform(0.4, 0.9) * long, 4, 14))
        angle = heading + (np.pi / 2) * ((rng.random() < 0.4) ^ bool(wing))
        centre = at + (turn(np.array([long * 0.3, wide * 0.3]), heading) if wing else 0)
        height, kind = float(rng.uniform(2.5, 8)), rng.random()
        tile = (float(rng.uniform(0.2, 0.5)), angle + (np.pi / 2) * (rng.random() < 0.7), float(rng.uniform(0, 0.22)))
        base, grain = cover(rng, roof, 0.1), float(rng.uniform(0.02, 0.12))
        corners = rectangles(centre[None], (long, wide), angle)[0]
        if kind < 0.25:
            c.polygon(corners, c.material(base, grain), height)
            faces.append(Face(centre, (long, wide), angle, False, height))
            continue
        c.polygon(corners, c.material(base, grain, tile), height)
        hip = 0.0 if kind < 0.65 else min(wide / 2, long / 2 - 0.5)
        faces += _slopes(c, (centre, (long, wide), angle, height), base, (grain, tile), hip)
    return faces


def _slopes(
    c: Canvas,
    body: tuple[Points, tuple[float, float], float, float],
    base: Points,
    look: tuple[float, tuple[float, float, float]],
    hip: float,
) -> list[Face]:
    """Draw the slopes of a gabled or hipped roof, lit by the sun they face; return the two long ones."""
    centre, (long, wide), angle, height = body
    rng = c.rng
    sun = -np.array(c.sun) / max(float(np.hypot(*c.sun)), 1e-6)
    steep = float(rng.uniform(0.1, 0.6))
    faces = []
    ridge = long / 2 - hip
    for side in (-1, 1):
        normal = turn(np.array([0.0, side]), angle)
        corners = np.array([(-long / 2, side * wide / 2), (long / 2, side * wide / 2), (ridge, 0), (-ridge, 0)])
        lit = c.material(base * (1 + steep * float(normal @ sun)), *look)
        c.polygon(turn(corners, angle) + centre, lit)
        middle = centre + turn(np.array([0.0, side * wide / 4]), angle)
        faces.append(Face(middle, ((long + 2 * ridge) / 2, wide * 0.46), angle, True, height))
        if hip:
            end = turn(np.array([(side * ridge, 0), (side * long / 2, -wide / 2), (side * long / 2, wide / 2)]), angle)
            lit = c.material(base * (1 + steep * float(turn(np.array([float(side), 0.0]), angle) @ sun)), *look)
            c.polygon(end + centre, lit)
    if rng.random() < 0.5:
        for _ in range(int(rng.integers(1, 4))):
            spot = centre + turn(rng.uniform(-0.4, 0.4, 2) * (long, wide), angle)
            thing = c.material(pick(rng, ("brown tile", "white roof", "glass", "dark asphalt", "grey metal")))
            size = rng.uniform(0.4, 1.4, 2)
            c.polygon(rectangles(spot[None], size, angle)[0], thing, float(rng.uniform(0, 1.2)))
    if rng.random() < 0.25:
        _windows(c, faces[int(rng.integers(2))])
    return faces


def _windows(c: Canvas, face: Face) -> None:
    """Draw roof windows or a dormer or two in a row on a slope: dark or mirroring panes in frames, well apart."""
    rng = c.rng
    size = np.array([rng.uniform(0.55, 1.4), rng.uniform(0.8, 1.6)])
    number = int(np.clip(face.size[0] / (size[0] * rng.uniform(1.8, 4)), 1, 6))
    spots = lattice(1, number, (face.size[0] / number, 1.0))
    spots[:, 1] += rng.uniform(-0.25, 0.25) * face.size[1]
    at = turn(spots[rng.random(number) < 0.8], face.heading) + face.centre
    pane = c.material(pick(rng, ("black plastic", "glass", "slate", "blue water", "grey metal")), 0.03)
    frame = c.material(pick(rng, ("white roof", "grey metal", "dark shingle")), 0.03)
    c.polygons(rectangles(at, size + 0.16, face.heading), [frame] * len(at), float(rng.uniform(0, 1)))
    c.polygons(rectangles(at, size, face.heading), [pane] * len(at))


def _small(c: Canvas, at: Points, heading: float) -> None:
    """Draw a pool, shed, trampoline, tarp, pergola or glass house."""
    rng = c.rng
    name = pick(rng, ("pool", "pool", "dark shingle", "tarp", "black plastic", "glass", "green tin", "shade net"))
    size = (float(rng.uniform(2, 9)), float(rng.uniform(2, 5)))
    stripe = (float(rng.uniform(0.3, 1.5)), heading, float(rng.uniform(0, 0.3))) if rng.random() < 0.5 else None
    shape = blob(rng, at, size[1], 0.15) if rng.random() < 0.3 else rectangles(at[None], size, heading)[0]
    c.polygon(shape, c.material(name, 0.04, stripe), 0.0 if name == "pool" else 1.5)


def industry(c: Canvas) -> list[Face]:
    """Draw halls with ribs, skylights and machines on their roofs, yards, car parks and stacks."""
    rng = c.rng
    ground(c, ("concrete", "asphalt", "grass", "gravel", "soil", "dark asphalt"))
    heading = float(rng.uniform(0, np.pi))
    block = float(np.exp(rng.uniform(np.log(max(14.0, c.extent / 9)), np.log(max(90.0, c.extent / 4)))))
    n = int(min(c.extent * 1.5 / block, 7)) + 1
    spots = turn(lattice(n, n, (block * 1.15, block * rng.uniform(0.6, 1.1))), heading)
    faces: list[Face] = []
    for spot in spots + rng.uniform(-0.5, 0.5, 2) * block:
        if (np.abs(spot) > c.extent * 0.75).any():
            continue
        if rng.random() < 0.25:
            car_park(c, spot, (block * 0.8, block * 0.5), heading)
            continue
        size = (block * float(rng.uniform(0.6, 1)), block * float(rng.uniform(0.3, 0.6)))
        faces += _hall(c, spot, size, heading + (np.pi / 2) * (rng.random() < 0.1))
    return faces


def _hall(c: Canvas, at: Points, size: tuple[float, float], heading: float) -> list[Face]:
    rng = c.rng
    height = float(rng.uniform(3, 14))
    across = heading + (np.pi / 2) * (rng.random() < 0.5)
    ribs = (float(rng.uniform(0.4, 6)), across, float(rng.uniform(0, 0.3) if rng.random() < 0.6 else 0))
    base, grain = cover(rng, pick(rng, HALLS)), float(rng.uniform(0.01, 0.08))
    roof = c.material(base, grain, ribs)
    if rng.random() < 0.4:
        rim = (size[0] + 0.8, size[1] + 0.8)
        c.polygon(rectangles(at[None], rim, heading)[0], c.material(base * rng.uniform(0.7, 1.3), grain), height)
    c.polygon(rectangles(at[None], size, heading)[0], roof, height)
    bays = int(rng.choice([1, 2, 3, 5]))
    if rng.random() < 0.5:
        for y in (np.arange(bays) + 0.5) / bays - 0.5:
            spot = (at + turn(np.array([0, (y + 0.25 / bays) * size[1]]), heading))[None]
            shade = c.material(base * rng.uniform(0.72, 0.97), grain, ribs)
            c.polygon(rectangles(spot, (size[0], size[1] / bays / 2), heading)[0], shade)
    if rng.random() < 0.6:
        _roof_things(c, at, size, heading)
    face = Face(at, (size[0] * 0.92, size[1] * 0.9), heading, rng.random() < 0.5, height)
    return [face]


def _roof_things(c: Canvas, at: Points, size: tuple[float, float], heading: float) -> None:
    """Draw skylights or machines in rows, or a few at random."""
    rng = c.rng
    name = pick(rng, ("glass", "white roof", "grey metal", "dark asphalt", "deep blue tin", "grey shingle", "membrane"))
    thing = c.material(name, 0.03)
    one = (float(rng.uniform(0.8, 8)), float(rng.uniform(0.8, 2.5)))
    if rng.random() < 0.6:
        step = (one[0] * float(rng.uniform(1.3, 4)), one[1] * float(rng.uniform(1.5, 5)))
        shape = (min(int(size[1] * 0.8 // step[1]), 25) or 1, min(int(size[0] * 0.85 // step[0]), 25) or 1)
        spots = turn(lattice(*shape, step), heading) + at
    else:
        spots = at + turn(rng.uniform(-0.42, 0.42, (int(rng.integers(1, 12)), 2)) * size, heading)
    c.polygons(rectangles(spots, one, heading), [thing] * len(spots), float(rng.uniform(0, 2)))


def country(c: Canvas) -> list[Face]:
    """Draw fields with furrows or rows of crops, or open land, with water and tracks."""
    rng = c.rng
    ground(c, OPEN)
    if rng.random() < 0.6:
        heading, long, wide = float(rng.uniform(0, np.pi)), float(rng.uniform(25, 250)), float(rng.uniform(12, 90))
        shape = (min(int(c.extent * 1.6 / wide) + 1, 14), min(int(c.extent * 1.6 / long) + 1, 14))
        for spot in turn(lattice(*shape, (long, wide)), heading) + rng.uniform(-0.5, 0.5, 2) * long:
            if rng.random() < 0.75:
                rows = (
                    float(rng.uniform(0.4, 5)),
                    heading + np.pi / 2 * (rng.random() < 0.5),
                    float(rng.uniform(0, 0.4)),
                )
                plot = c.material(pick(rng, OPEN), stripe=rows if rng.random() < 0.6 else None)
                c.polygon(rectangles(spot[None], (long * 0.97, wide * 0.95), heading)[0], plot)
    return []


def waters(c: Canvas) -> list[Face]:
    """Draw a lake, a river or fish ponds; return nothing to build on."""
    rng = c.rng
    water = c.material(pick(rng, WATERS), float(rng.uniform(0.005, 0.06)))
    kind = rng.random()
    if kind < 0.35:
        c.polygon(blob(rng, c.somewhere(), c.extent * float(rng.uniform(0.2, 0.9))), water)
    elif kind < 0.55:
        walk = np.cumsum(rng.normal(0, c.extent / 6, (9, 2)) + rng.normal(0, c.extent / 5, 2), 0) + c.somewhere()
        c.line(walk, c.extent * float(rng.uniform(0.03, 0.3)), water)
    else:
        heading, size = float(rng.uniform(0, np.pi)), rng.uniform(12, 80, 2)
        shape = (int(rng.integers(1, 7)), int(rng.integers(1, 7)))
        spots = turn(lattice(*shape, size + rng.uniform(1, 8)), heading) + c.somewhere()
        dull = [c.material(pick(rng, WATERS), 0.02) for _ in range(3)]
        c.polygons(rectangles(spots, size, heading), [int(rng.choice(dull)) for _ in spots])
    return []
