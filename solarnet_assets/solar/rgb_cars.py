"""Cars, parked in bays or along a lane, for sub-metre training chips: dark ones are what modules are mistaken for."""

from __future__ import annotations

import numpy as np

from solarnet_assets.solar.rgb_canvas import Canvas, Points, lattice, rectangles, turn
from solarnet_assets.solar.rgb_covers import pick

CARS = ("white roof", "grey metal", "dark asphalt", "black plastic", "deep blue tin", "red tin", "grey shingle")


def car_park(c: Canvas, at: Points, size: tuple[float, float], heading: float) -> None:
    """Draw an asphalt lot with rows of cars in bays."""
    rng = c.rng
    lot = c.material(pick(rng, ("asphalt", "dark asphalt", "concrete")))
    c.polygon(rectangles(at[None], size, heading)[0], lot)
    step = (float(rng.uniform(2.3, 3.0)), float(rng.uniform(5.2, 9)))
    shape = (min(int(size[1] // step[1]), 12), min(int(size[0] // step[0]), 40))
    if min(shape) < 1:
        return
    spots = lattice(*shape, step)
    spots = turn(spots[rng.random(len(spots)) < rng.uniform(0.1, 1)], heading) + at
    cars(c, spots, heading + np.pi / 2)


def cars(c: Canvas, spots: Points, heading: float) -> None:
    """Draw cars, lengthwise along ``heading``: a body with cut corners, panes, a roof of its own tone."""
    rng = c.rng
    if not len(spots):
        return
    paints = [c.material(name, 0.04) for name in rng.choice(CARS, 4)]
    long, wide = float(rng.uniform(3.9, 5.0)), float(rng.uniform(1.65, 1.95))
    body = np.array([(-1, -0.6), (-0.85, -1), (0.85, -1), (1, -0.6), (1, 0.6), (0.85, 1), (-0.85, 1), (-1, 0.6)])
    shapes = turn(body * (long / 2, wide / 2), heading) + spots[:, None, :]
    chosen = rng.choice(paints, len(spots))
    c.polygons(shapes, [int(p) for p in chosen], 1.0)
    if c.gsd > 0.45:
        return
    glass = c.material("black plastic", 0.02)
    roofs = {p: c.material(c.colours[p] * rng.uniform(0.9, 1.25), 0.03) for p in paints}
    shift = turn(np.array([-0.05 * long, 0.0]), heading)
    c.polygons(rectangles(spots + shift, (long * 0.56, wide * 0.82), heading), [glass] * len(spots))
    c.polygons(rectangles(spots + shift, (long * 0.32, wide * 0.74), heading), [roofs[int(p)] for p in chosen])


def traffic(c: Canvas) -> None:
    """Draw cars along a lane, parked or driving."""
    rng = c.rng
    heading, number = float(rng.uniform(0, np.pi)), int(rng.integers(2, 16))
    along = np.cumsum(rng.uniform(5, 12, number))
    spots = np.stack([along - along.mean(), rng.normal(0, 0.3, number)], -1)
    lane = c.material(pick(rng, ("asphalt", "dark asphalt", "concrete")))
    at = c.somewhere()
    c.polygon(rectangles(at[None], (c.extent * 3, float(rng.uniform(4, 16))), heading)[0], lane)
    cars(c, turn(spots, heading) + at, heading)
