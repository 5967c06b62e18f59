"""Figures of docs/parking.md that no model card holds.

    OMP_NUM_THREADS=1 python benchmarks/parking_checks.py            # about six minutes on one core

* country: counts on images of the simulated country, whose painter shares no code with LotNet's training.
* index: rank correlation of the occupancy index with the vehicles that stand there, the same images made coarser.
* crowns: vehicles under crowns and roofs on held-out renders, against the density of the rest of the scene.
* arithmetic: how far expected vehicles move between the CPU's fast arithmetic and float32.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

import numpy as np
import typer

from solarnet_assets.imagery import geometry
from solarnet_assets.imagery.raster import Grid
from solarnet_assets.parking.count import each
from solarnet_assets.parking.detect import answers, read
from solarnet_assets.parking.estimate import Calibration, distribution, summarise
from solarnet_assets.parking.images import LotImage
from solarnet_assets.parking.index import roughness
from solarnet_assets.parking.model import WEIGHTS, engine
from solarnet_assets.parking.render import render
from solarnet_assets.parking.samples import normalised, shrunk
from solarnet_assets.world import lots as world
from solarnet_assets.world.scenario import load_scenario
from solarnet_assets.world.sun import overpass, sun_at

FIRST, APART = date(2019, 9, 2), 5
FACTORS = (7, 10, 17, 33)
"""Pixels of 0.3 m that become one: 2.1, 3, 5.1 and 9.9 m."""

SEED = 9_010


@dataclass(frozen=True)
class Pass:
    """A simulated image of a lot, with the vehicles on it and the stalls."""

    lot: str
    image: LotImage
    wkt: str
    vehicles: int
    stalls: int


def passes(lots: int, days: int) -> Iterator[Pass]:
    """Yield simulated passes of the first lots of the shipped scenario."""
    scenario = load_scenario("published")
    for lot in scenario.lots[:lots]:
        ring = list(world.lot_ring(scenario, lot))
        wkt = "POLYGON((" + ", ".join(f"{x} {y}" for x, y in [*ring, ring[0]]) + "))"
        for n in range(days):
            day = FIRST + timedelta(days=APART * n)
            sun = sun_at(overpass(day, lot.lon, world.SOLAR_HOUR, 0.0), lot.lon, lot.lat)
            count = world.draw_vehicles(scenario, lot, day)
            picture, place, _ = world.render(scenario, lot, day, sun, count)
            grid = Grid(place.epsg, (place.gsd, 0.0, place.west, 0.0, -place.gsd, place.north), place.n, place.n)
            pixels = np.ascontiguousarray(picture.transpose(1, 2, 0))
            lot_image = LotImage(pixels, geometry.polygon_mask(wkt, grid), 1.0, [], place.gsd, grid)
            yield Pass(lot.id, lot_image, wkt, count, lot.stalls)


def country(seen: list[Pass], tell: Callable[[str], None]) -> None:
    """Count simulated images."""
    found = list(each(((one, one.image) for one in seen), lambda one, image, points, counted: (one, counted), "cpu"))
    truth = np.array([one.vehicles for one, _ in found])
    mean = np.array([counted.estimate.mean for _, counted in found])
    inside = [counted.estimate.lower <= one.vehicles <= counted.upper for one, counted in found]
    tell(
        f"country: {len(found)} images, {truth.sum()} vehicles: 90 % intervals hold {np.mean(inside):.0%}, "
        f"MAE {np.abs(mean - truth).mean():.2f}, total {mean.sum() / truth.sum() - 1:+.1%}"
    )


def index(seen: list[Pass], tell: Callable[[str], None]) -> None:
    """Correlate roughness with vehicles, by lot and pixel size."""
    from scipy.stats import spearmanr

    for factor in FACTORS:
        found: dict[str, list[tuple[int, float]]] = {}
        for one in seen:
            found.setdefault(one.lot, []).append((one.vehicles, roughness(coarser(one, factor))[0]))
        shown = ", ".join(f"{lot} {spearmanr(*zip(*rows, strict=True)).statistic:.2f}" for lot, rows in found.items())
        tell(f"index at {0.3 * factor:.1f} m, rank correlation with the vehicles: {shown}")


def coarser(one: Pass, factor: int) -> LotImage:
    """Return the image with ``factor`` x ``factor`` pixels in one."""
    side = one.image.pixels.shape[0] // factor
    cut = one.image.pixels[: side * factor, : side * factor].reshape(side, factor, side, factor, 3)
    a, _, c, _, e, f = one.image.grid.transform  # type: ignore[union-attr]
    grid = Grid(one.image.grid.epsg, (a * factor, 0.0, c, 0.0, e * factor, f), side, side)  # type: ignore[union-attr]
    mask = geometry.polygon_mask(one.wkt, grid)
    return LotImage(cut.mean((1, 3)).astype(np.uint8), mask, 1.0, [], 0.3 * factor, grid)


def crowns(count: int, tell: Callable[[str], None]) -> None:
    """Compare vehicles under crowns and roofs with what the density of the rest would put there."""
    hidden, expected, used = 0, 0.0, 0
    for number in range(count):
        chip = render(np.random.default_rng([SEED, number]))
        covered, cloudy = chip.cover[0].mean(), chip.cover[1].mean()
        if cloudy < 0.02 and 0.02 < covered < 0.6:
            expected += int((chip.hidden <= 0.5).sum()) * covered / (1 - covered)
            hidden, used = hidden + int((chip.hidden > 0.5).sum()), used + 1
    share = hidden / expected
    tell(f"crowns: {used} renders, {hidden} hidden vehicles, {expected:.0f} at the density of the rest: {share:.2f}")


def arithmetic(count: int, tell: Callable[[str], None]) -> None:
    """Count the same chips in the CPU's fast arithmetic and in float32."""
    ready, known = engine("cpu"), Calibration.of(WEIGHTS.card)
    samples = [normalised(shrunk(render(np.random.default_rng([SEED, number])).image, 0.3)) for number in range(count)]
    moved = []
    ways = [[read(*one).scores for one in answers(samples, ready, exact=exact)] for exact in (False, True)]
    for pair in zip(*ways, strict=True):
        both = [summarise(distribution(scores, np.ones(len(scores)), 0.3, 0.33, known)) for scores in pair]
        moved.append((abs(both[0].mean - both[1].mean), both[1].sd))
    shift, sd = np.array(moved).T
    tell(f"arithmetic: {count} renders, expected vehicles move by {shift.mean():.2f} (at most {shift.max():.2f}), "
         f"{np.median(shift / sd):.2f} of their sd in the middle, at most {(shift / sd).max():.2f}")  # fmt: skip


def main(
    lots: Annotated[int, typer.Option(help="lots of the simulated country")] = 3,
    days: Annotated[int, typer.Option(help="passes of each")] = 45,
    renders: Annotated[int, typer.Option(help="renders for crowns; a quarter for arithmetic")] = 250,
) -> None:
    """Measure and print."""
    seen = list(passes(lots, days))
    index(seen, typer.echo)
    country(seen, typer.echo)
    crowns(renders, typer.echo)
    arithmetic(renders // 4, typer.echo)


if __name__ == "__main__":
    typer.run(main)
