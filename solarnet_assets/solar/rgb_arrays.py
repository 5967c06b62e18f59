"""Arrays of modules for sub-metre training chips: on roofs, in the field, on water, over car parks. Training only.

Measures are those of the trade: modules of 1.0-1.3 m by 1.6-2.4 m with frames of 3-4 cm, tables of one to five
modules on the slope, rows spaced so that the midwinter sun still reaches them (row pitch 1.3-3 times the table's depth
on plan).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.solar.rgb_canvas import Canvas, Points, blob, lattice, rectangles, turn
from solarnet_assets.solar.rgb_cars import car_park
from solarnet_assets.solar.rgb_covers import OPEN, module, pick

LINE_M = (0.04, 0.25)
"""What parts neighbouring modules: two frames and the gap between, m; wide where modules stand singly on a rack."""

DRAWN = 3000
"""Rectangles that one array draws at most; beyond, its rows are drawn whole."""


@dataclass(frozen=True)
class Face:
    """A place for an array: a roof or a part of one.

    Attributes:
        centre: (2,) m.
        size: along and across, m.
        heading: direction along, rad.
        pitched: whether modules lie flush on it.
        height: of the building, m.
    """

    centre: Points
    size: tuple[float, float]
    heading: float
    pitched: bool
    height: float


@dataclass(frozen=True)
class Style:
    """The modules of one array: materials, size on plan (m), whether single ones show, what parts them (m)."""

    bodies: list[int]
    frame: int
    along: float
    deep: float
    parted: bool
    line: float


def style(c: Canvas, tilt: float) -> Style:
    """Draw the modules of an array."""
    rng = c.rng
    body = module(rng)
    frame = np.array([196, 200, 204.0]) if rng.random() < 0.6 else np.array([34, 34, 38.0])
    gap = float(np.exp(rng.uniform(*np.log(LINE_M))))
    seen = float(np.clip(gap / c.fine, 0.05, 1.0)) * rng.uniform(0.3, 1.0)
    short, long = rng.uniform(0.95, 1.15), rng.uniform(1.55, 2.1)
    if rng.random() < 0.15:
        short, long = rng.uniform(0.6, 1.3), rng.uniform(1.2, 2.4)
    upright = rng.random() < 0.6
    along, deep = (short, long) if upright else (long, short)
    heading = rng.uniform(0, np.pi)
    parted = min(along, deep) / c.gsd > 2.2
    cells = (0.158, heading, float(rng.uniform(0, 0.25))) if c.gsd < 0.12 else None
    if not parted and rng.random() < 0.5:
        cells = (float(rng.uniform(2, 6)) * c.gsd, heading, float(rng.uniform(0.05, 0.5)))  # modules alias with pixels
    grain = float(rng.uniform(0.01, 0.07))
    spread = rng.uniform(0, 0.10)
    bodies = [c.material(body * np.exp(rng.normal(0, spread)), grain, cells, panel=True) for _ in range(3)]
    line = c.material(body + (frame - body) * seen, grain, panel=True)
    return Style(bodies, line, along, deep * np.cos(tilt), parted, gap)


def flush(c: Canvas, face: Face) -> None:
    """Lay modules flush on a face: one to three fields, now and then with modules missing."""
    rng = c.rng
    kind = style(c, float(rng.uniform(0, 0.6)))
    for _ in range(int(rng.choice([1, 2, 3], p=[0.75, 0.18, 0.07]))):
        room = np.array(face.size) * rng.uniform(0.55, 0.98, 2)
        most = (max(int(room[0] // kind.along), 1), max(int(room[1] // kind.deep), 1))
        columns = int(rng.integers(max(1, most[0] // 4), most[0] + 1))
        rows = int(rng.integers(max(1, most[1] // 3), most[1] + 1))
        if rows * columns < 3 and rng.random() < 0.8:
            rows, columns = max(rows, 2), max(columns, 2)
        free = np.maximum(np.array(face.size) - (columns * kind.along, rows * kind.deep), 0) / 2
        centre = face.centre + turn(rng.uniform(-1, 1, 2) * free * 0.9, face.heading)
        turned = face.heading if rng.random() < 0.93 else face.heading + rng.normal(0, 0.3)
        missing = rng.uniform(0, 0.25) if rng.random() < 0.3 else 0.0
        grid(c, kind, centre, (rows, columns), turned, missing, float(rng.uniform(0.05, 0.3)))


def grid(
    c: Canvas, kind: Style, centre: Points, shape: tuple[int, int], heading: float, missing: float, height: float
) -> None:
    """Draw rows x columns of modules that touch."""
    rows, columns = shape
    spots = lattice(rows, columns, (kind.along, kind.deep))
    if missing:
        corner = c.rng.uniform(-1, 1, 2)
        spots = spots[spots @ corner <= np.quantile(spots @ corner, 1 - missing)]
    if not kind.parted or len(spots) > DRAWN:
        if missing:
            bodies = rectangles(turn(spots, heading) + centre, (kind.along * 1.05, kind.deep * 1.05), heading)
            c.polygons(bodies, [kind.bodies[0]] * len(bodies), height)
        else:
            _block(c, kind, centre, (columns * kind.along, rows * kind.deep), heading, height)
        return
    gap = min(kind.line, 0.3 * kind.along)
    at = turn(spots, heading) + centre
    c.polygons(rectangles(at, (kind.along, kind.deep), heading), [kind.frame] * len(at), height)
    if c.fine > 3 * gap and c.rng.random() < 0.5:
        gap = 0.0
    inner = (kind.along - max(gap, c.fine * 0.8 if gap else 0.0), kind.deep - max(gap, c.fine * 0.8 if gap else 0.0))
    bodies = c.rng.choice(kind.bodies, len(at), p=[0.7, 0.2, 0.1])
    c.polygons(rectangles(at, inner, heading), [int(b) for b in bodies])


def _block(c: Canvas, kind: Style, centre: Points, size: tuple[float, float], heading: float, height: float) -> None:
    c.polygons(rectangles(centre[None], size, heading), [kind.bodies[0]], height)


def rows_in(c: Canvas, outline: Points, heading: float, tilt: float, height: float, flat: bool = False) -> None:
    """Fill an outline, (n, 2) m, with tables in rows along ``heading``; ``height`` lifts them off the ground."""
    rng = c.rng
    kind = style(c, tilt)
    stack = 1 if flat else int(rng.integers(1, 6))
    deep = kind.deep * stack if kind.deep > 0.7 or stack > 1 else kind.deep * 2
    pitch = deep * float(rng.uniform(1.05, 1.9) if flat else rng.uniform(1.15, 3.5))
    long = float(np.exp(rng.uniform(np.log(3), np.log(15 if flat else 90))))
    if not flat and rng.random() < 0.3:
        long = 400.0
    gap = float(rng.choice([0.15, rng.uniform(0.3, 3)]))
    local = turn(outline, -heading)
    low, high = local.min(0), local.max(0)
    size = np.maximum(high - low, 1.0)
    grid_rows, columns = int(size[1] // pitch) + 1, int(size[0] // (long + gap)) + 1
    if grid_rows * columns > DRAWN:
        long, columns = float(size[0]), 1
    spots = lattice(grid_rows, columns, (long + gap, pitch)) + (low + high) / 2
    spots += np.stack([np.zeros(len(spots)), rng.normal(0, 0.03 * pitch * rng.random(), len(spots))], -1)
    spots, lengths = _clip(spots, long, local, rng.random() < 0.7)
    if rng.random() < 0.3:
        kept = rng.random(len(spots)) > rng.uniform(0, 0.15)
        spots, lengths = spots[kept], lengths[kept]
    if not len(spots):
        return
    at = turn(spots, heading)
    rise = height + deep * float(np.tan(tilt)) * 0.6
    bodies = rng.choice(kind.bodies, len(at), p=[0.7, 0.2, 0.1])
    sizes = np.stack([lengths, np.full(len(at), deep)], -1)
    c.polygons(rectangles(at, sizes, heading), [int(b) for b in bodies], rise)
    if kind.parted:
        _part(c, kind, at, sizes, heading, stack)


def _clip(spots: Points, long: float, outline: Points, cut: bool) -> tuple[Points, NDArray[np.float64]]:
    """Keep tables whose middle lies inside the outline; with ``cut`` shorten those whose ends stick out."""
    inside = _inside(spots, outline)
    spots = spots[inside]
    lengths = np.full(len(spots), long)
    if cut and len(spots):
        for _ in range(3):
            for sign in (-1, 1):
                ends = spots + np.stack([sign * lengths / 2, np.zeros(len(spots))], -1)
                out = ~_inside(ends, outline)
                spots[out, 0] -= sign * lengths[out] * 0.12
                lengths[out] *= 0.76
    return spots, lengths


def _inside(points: Points, outline: Points) -> NDArray[np.bool_]:
    """Return which points lie in a polygon, by the crossings of a ray (even-odd rule)."""
    a, b = outline, np.roll(outline, -1, 0)
    x, y = points[:, 0, None], points[:, 1, None]
    crosses = (a[:, 1] > y) != (b[:, 1] > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = (b[:, 0] - a[:, 0]) * (y - a[:, 1]) / (b[:, 1] - a[:, 1]) + a[:, 0]
    return np.asarray((crosses & (x < at)).sum(1) % 2 == 1)


def _part(c: Canvas, kind: Style, at: Points, sizes: Points, heading: float, stack: int) -> None:
    """Draw the lines between the modules of tables that are in the picture."""
    near = (np.abs(at) < c.extent * 0.75).all(1)
    width, number = kind.line, 0
    for spot, (long, deep) in zip(at[near], sizes[near], strict=True):
        cuts = np.arange(-long / 2 + kind.along, long / 2, kind.along)
        number += len(cuts) + stack
        if number > DRAWN:
            return
        for x in cuts:
            c.line(turn(np.array([(x, -deep / 2), (x, deep / 2)]), heading) + spot, width, kind.frame)
        for y in (np.arange(1, stack) / stack - 0.5) * deep:
            c.line(turn(np.array([(-long / 2, y), (long / 2, y)]), heading) + spot, width, kind.frame)


def on_roof(c: Canvas, face: Face) -> None:
    """Put an array on a face: flush, or in low tilted rows on a flat roof."""
    rng = c.rng
    if face.pitched or rng.random() < 0.45:
        flush(c, face)
        return
    size = np.array(face.size) * rng.uniform(0.5, 0.95, 2)
    heading = face.heading + (np.pi / 2 if rng.random() < 0.5 else 0.0)
    rows, columns = (int(n) for n in rng.integers(1, 4, 2))
    blocks = lattice(rows, columns, size / rng.uniform(1.0, 1.3))
    share = size / max(1.0, np.sqrt(len(blocks))) * 0.92
    for block in blocks[np.abs(blocks).max(1) < max(face.size) / 2]:
        outline = rectangles((turn(block, face.heading) + face.centre)[None], share, face.heading)[0]
        rows_in(c, outline, heading, float(rng.uniform(0.1, 0.45)), 0.3, flat=True)


def farm(c: Canvas, floating: int | None = None) -> None:
    """Put up a ground-mounted or floating farm: one to six plots of rows with lanes between them."""
    rng = c.rng
    heading = float(rng.normal(0, 0.12)) if rng.random() < 0.65 else float(rng.uniform(0, np.pi))
    tilt = float(rng.uniform(0.1, 0.75)) if floating is None else float(rng.uniform(0.08, 0.3))
    reach = min(c.extent * float(rng.uniform(0.3, 1.6)), 600.0)
    middle = c.somewhere()
    ground = c.material(pick(rng, OPEN)) if floating is None else floating
    plots = lattice(int(rng.integers(1, 4)), int(rng.integers(1, 4)), (reach * 0.55, reach * 0.45))
    cleared = rng.random() < 0.5 and floating is None
    for plot in plots[rng.random(len(plots)) < 0.85]:
        centre = turn(plot, heading) + middle
        size = (reach * 0.55 - rng.uniform(2, 10), reach * 0.45 - rng.uniform(2, 10))
        if min(size) < 4:
            size = (max(size[0], 6.0), max(size[1], 5.0))
        outline = rectangles(centre[None], size, heading)[0]
        if rng.random() < 0.3:
            outline = blob(rng, centre, max(size) * 0.5, 0.3)
        if cleared:
            c.polygon(rectangles(centre[None], (size[0] + 6, size[1] + 6), heading)[0], ground)
        rows_in(c, outline, heading, tilt, 0.0 if floating is not None else float(rng.uniform(0.2, 2.5)))


def carports(c: Canvas) -> None:
    """Roof rows of a car park with modules: bands of one or two bays' depth, flush and level."""
    rng = c.rng
    heading, at = float(rng.uniform(0, np.pi)), c.somewhere()
    size = (float(rng.uniform(15, 90)), float(rng.uniform(12, 70)))
    car_park(c, at, size, heading)
    kind = style(c, float(rng.uniform(0, 0.2)))
    deep = max(1, round(float(rng.choice([5.2, 10.5])) / kind.deep))
    pitch = deep * kind.deep + float(rng.uniform(5.5, 8))
    columns = max(2, int(size[0] * rng.uniform(0.4, 1) / kind.along))
    for spot in turn(lattice(max(1, int(size[1] // pitch)), 1, (1.0, pitch)), heading) + at:
        if rng.random() < 0.85:
            grid(c, kind, spot, (deep, columns), heading, 0.0, 3.0)
