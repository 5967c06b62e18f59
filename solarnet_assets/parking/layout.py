"""Plans of car parks for training: stalls, rows, roads, yards, and the vehicles that stand there."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PIL import ImageDraw

from solarnet_assets.parking.sprites import FINE, Colour, Vehicle, hull, shade, vehicle


@dataclass
class Plan:
    """Vehicles, marked lines (x0, y0, x1, y1, width), stalls (x, y, taken), free places, beds, all in metres."""

    vehicles: list[Vehicle] = field(default_factory=list)
    lines: list[tuple[float, float, float, float, float]] = field(default_factory=list)
    empty: list[tuple[float, float, float]] = field(default_factory=list)
    islands: list[tuple[float, float, float, float, float]] = field(default_factory=list)
    heading: float = 0.0
    metres: float = 57.6
    stalls: list[tuple[float, float, bool]] = field(default_factory=list)
    beds: list[Vehicle] = field(default_factory=list)


class _Frame:
    """A turned frame about the middle of the chip."""

    def __init__(self, metres: float, heading: float, shift: tuple[float, float]) -> None:
        self.c, self.s, self.middle, self.shift = np.cos(heading), np.sin(heading), metres / 2, shift
        self.heading = heading

    def __call__(self, u: float, v: float) -> tuple[float, float]:
        u, v = u + self.shift[0], v + self.shift[1]
        return float(self.middle + u * self.c - v * self.s), float(self.middle + u * self.s + v * self.c)


def plan(rng: np.random.Generator, metres: float) -> Plan:
    """Draw a plan: rows of stalls (most), a street, a packed yard, or vehicles left anyhow."""
    heading = (
        float(rng.uniform(0, np.pi)) if rng.random() < 0.6 else float(rng.choice([0, np.pi / 2]) + rng.normal(0, 0.03))
    )
    frame = _Frame(metres, heading, (float(rng.uniform(-4, 4)), float(rng.uniform(-9, 9))))
    made = Plan(heading=heading, metres=metres)
    reach = metres * 0.75
    kind = str(rng.choice(["rows", "street", "yard", "loose", "nothing"], p=[0.66, 0.12, 0.06, 0.11, 0.05]))
    {"rows": _rows, "street": _street, "yard": _yard, "loose": _loose, "nothing": _nothing}[kind](
        made, frame, rng, reach
    )
    margin = 6.0
    made.vehicles = [v for v in made.vehicles if -margin < v.x < metres + margin and -margin < v.y < metres + margin]
    return made


def _line(made: Plan, frame: _Frame, a: tuple[float, float], b: tuple[float, float], width: float) -> None:
    made.lines.append((*frame(*a), *frame(*b), width))


def _rows(made: Plan, frame: _Frame, rng: np.random.Generator, reach: float) -> None:
    pitch, depth = rng.uniform(2.3, 3.1), rng.uniform(4.6, 5.8)
    aisle, width = rng.uniform(5.0, 8.0), rng.uniform(0.08, 0.2)
    slant = 0.0 if rng.random() < 0.7 else float(rng.uniform(0.3, 0.8) * rng.choice([-1, 1]))
    occupancy = float(
        rng.choice([0.0, rng.beta(1, 4), rng.beta(2, 2), rng.beta(5, 1.2), 1.0], p=[0.1, 0.3, 0.3, 0.25, 0.05])
    )
    clumps = rng.uniform(0, 1) < 0.5
    strip = rng.random() < 0.4
    v = float(rng.uniform(-8, 8)) if strip else -reach
    while v < reach:
        single = int(rng.choice([-1, 1])) if strip and rng.random() < 0.7 else 0
        for side in (single,) if single else (-1, 1):
            _row(made, frame, rng, (v + side * depth / 2, side, pitch, depth, slant, width, reach), occupancy, clumps)
        if single:
            _verge(made, frame, rng, v, -single, reach)
        if rng.random() < 0.5:
            _line(made, frame, (-reach, v), (reach, v), width)
        v += 2 * depth + aisle + (100.0 if strip else 0.0)
    for _ in range(rng.poisson(1.5)):
        at = frame(float(rng.uniform(-reach, reach)), float(rng.uniform(-reach, reach)))
        made.vehicles.append(vehicle(rng, *at, frame.heading + float(rng.normal(0, 0.15))))


def _verge(made: Plan, frame: _Frame, rng: np.random.Generator, v: float, side: int, reach: float) -> None:
    """Lay a kerb, a walk and planting behind a single row."""
    tones: tuple[Colour, ...] = ((178, 174, 166), (150, 142, 128), (74, 92, 54), (140, 120, 92), (96, 94, 92))
    for wide in rng.uniform((0.15, 1.0, 1.5), (0.4, 2.5, 8.0)):
        if rng.random() < 0.8:
            fill = shade(tones[rng.integers(len(tones))], rng.uniform(0.7, 1.25))
            x, y = frame(0.0, v + side * wide / 2)
            made.beds.append(Vehicle(x, y, frame.heading, 2 * reach, float(wide), 0.0, "bed", fill))
        v += side * wide


def _row(
    made: Plan,
    frame: _Frame,
    rng: np.random.Generator,
    row: tuple[float, int, float, float, float, float, float],
    occupancy: float,
    clumps: bool,
) -> None:
    v, side, pitch, depth, slant, width, reach = row
    lean = np.tan(slant) * depth / 2
    island = 0
    for n, u in enumerate(np.arange(-reach, reach, pitch)):
        if island == 0 and rng.random() < 0.03:
            island = 1 if rng.random() < 0.7 else 2
        if rng.random() < 0.97:
            _line(made, frame, (u - lean, v - depth / 2), (u + lean, v + depth / 2), width)
        x, y = frame(u + pitch / 2, v)
        if island:
            island -= 1
            made.islands.append((x, y, depth, pitch, frame.heading + np.pi / 2))
            continue
        local = occupancy if not clumps else float(np.clip(occupancy * (1 + np.sin(n / 4.0 + v)), 0, 1))
        taken = bool(rng.random() < local)
        made.stalls.append((x, y, taken))
        if not taken:
            made.empty.append((x, y, frame.heading))
            continue
        turned = frame.heading + np.pi / 2 - slant + (np.pi if rng.random() < 0.5 else 0) + rng.normal(0, 0.03)
        du, dv = rng.normal(0, 0.12), rng.normal(0, 0.25) + side * 0.1
        x, y = frame(u + pitch / 2 + du, v + dv)
        made.vehicles.append(vehicle(rng, x, y, float(turned)))


def _street(made: Plan, frame: _Frame, rng: np.random.Generator, reach: float) -> None:
    half = rng.uniform(5, 11)
    for edge in (-half, half):
        u = -reach
        while u < reach:
            car = vehicle(rng, *frame(u, edge + rng.normal(0, 0.15)), frame.heading + float(rng.normal(0, 0.03)))
            if rng.random() < 0.65:
                made.vehicles.append(car)
            u += car.length + rng.uniform(0.4, 2.5)
        _line(made, frame, (-reach, edge * 1.15), (reach, edge * 1.15), rng.uniform(0.1, 0.3))
    for lane in np.arange(-half + 3.4, half - 2, 3.4):
        for u in np.arange(-reach, reach, 9.0):
            _line(made, frame, (u, lane), (u + 4, lane), 0.15)
            if rng.random() < 0.12:
                at = frame(u + rng.uniform(-3, 3), lane + 1.7)
                made.vehicles.append(vehicle(rng, *at, frame.heading + float(rng.normal(0, 0.04))))


def _yard(made: Plan, frame: _Frame, rng: np.random.Generator, reach: float) -> None:
    long, wide, block = rng.uniform(5.0, 5.8), rng.uniform(2.15, 2.5), int(rng.integers(4, 14))
    kind = None if rng.random() < 0.8 else "truck"
    long, wide = (long, wide) if kind is None else (12.5, 3.4)
    for i, u in enumerate(np.arange(-reach, reach, long)):
        for j, v in enumerate(np.arange(-reach, reach, wide)):
            if i % 5 == 0 or j % block == 0 or rng.random() < 0.06:
                continue
            at = frame(u + rng.normal(0, 0.1), v + rng.normal(0, 0.06))
            made.vehicles.append(vehicle(rng, *at, frame.heading + float(rng.normal(0, 0.02)), kind))


def _loose(made: Plan, frame: _Frame, rng: np.random.Generator, reach: float) -> None:
    taken: list[Vehicle] = []
    for _ in range(int(rng.integers(0, 60))):
        u, v = rng.uniform(-reach, reach, 2)
        car = vehicle(rng, *frame(float(u), float(v)), float(rng.uniform(0, 2 * np.pi)))
        gap = min((np.hypot(car.x - o.x, car.y - o.y) - (car.length + o.length) / 2 for o in taken), default=9.0)
        if gap > 0.2:
            taken.append(car)
    made.vehicles.extend(taken)


def _nothing(made: Plan, frame: _Frame, rng: np.random.Generator, reach: float) -> None:
    for u in np.arange(-reach, reach, rng.uniform(3, 20)):
        _line(made, frame, (float(u), -reach), (float(u), reach), 0.12)
        made.empty.append((*frame(float(u), float(rng.uniform(-reach, reach))), frame.heading))


def mark(draw: ImageDraw.ImageDraw, made: Plan, rng: np.random.Generator) -> None:
    """Draw the beds, the marked lines and the islands of a plan."""
    for bed in made.beds:
        draw.polygon([(float(a) / FINE, float(b) / FINE) for a, b in bed.outline()], fill=bed.paint)
    white: Colour = (205, 205, 200)
    ink = shade(white if rng.random() < 0.8 else (200, 165, 60), rng.uniform(0.45, 1.15))
    if rng.random() < 0.88:
        for x0, y0, x1, y1, width in made.lines:
            draw.line((x0 / FINE, y0 / FINE, x1 / FINE, y1 / FINE), fill=ink, width=max(1, round(width / FINE)))
    fill: Colour = ((70, 92, 48), (150, 142, 128), (120, 104, 84))[rng.integers(3)]
    slim, round_, kerb = rng.uniform(0.35, 0.95), rng.uniform(0, 1), rng.uniform(0.8, 1.2)
    for x, y, long, wide, heading in made.islands:
        island = Vehicle(x, y, heading, long, wide * slim, 0.2, "island", fill)
        corners = [(float(a) / FINE, float(b) / FINE) for a, b in hull(island, round_)]
        width = int(rng.integers(1, 5))
        draw.polygon(corners, fill=shade(fill, rng.uniform(0.7, 1.2)))
        draw.line([*corners, corners[0]], fill=shade((180, 178, 172), kerb), width=width)
