"""Sentinel-2-like scenes of steel mills: 20 m TOA reflectance as digital numbers, with sub-pixel heat."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from shapely import Polygon, contains_xy

from solarnet_assets.world.ground import Grid, grid_about
from solarnet_assets.world.mills import PASS_SD, heat_image, normal_heat, plant, true_activity
from solarnet_assets.world.product import write_scene
from solarnet_assets.world.rng import generator, mean_one
from solarnet_assets.world.scenario import Mill, Scenario
from solarnet_assets.world.sky import classify, cloudiness, make_sky
from solarnet_assets.world.spectra import SCAR
from solarnet_assets.world.sun import Sun, overpass, revisits, sun_at
from solarnet_assets.world.terrain import INDEX, abundance, axes, brightness, countryside, parcels
from solarnet_assets.world.toa import Ground, expose, jitter, swath

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

KIND = "steel_scenes"
BANDS = ("B02", "B03", "B04", "B8A", "B11", "B12")
GSD = 20.0
SIDE = 96
PAD = 2  # pixels around the scene that registration may move in
EVERY = 5  # days between passes
MISSING = 0.06
SOLAR_HOUR = 10.6

GROUNDS = {
    "slag": 0.42,
    "town": 0.20,
    "bright_roof": 0.08,
    "blue_roof": 0.12,
    "dark_roof": 0.1,
    "asphalt": 0.05,
    "grass": 0.03,
}
"""Covers inside a works."""


@lru_cache(maxsize=64)
def _land(seed: int, site: str, lon: float, lat: float, capacity: float) -> Ground:
    """Return a mill's fixed ground, two pixels wider than the scene on each side."""
    key = (seed, KIND, site)
    rng = generator(*key, "works")
    fine, metres = 2 * (SIDE + 2 * PAD), GSD / 2
    cover = countryside(key, fine, metres, town=float(rng.uniform(0.15, 0.4)), water=float(rng.uniform(0, 0.25)))
    layout = plant(seed, site, capacity)
    u, v = axes(fine, metres, layout.angle)
    codes = np.array([INDEX[name] for name in GROUNDS], dtype=np.uint8)
    share = np.array(list(GROUNDS.values()))
    works = rng.choice(codes, 4096, p=share / share.sum())[parcels(u, v, 130.0, 45.0, rng)]
    east, north = axes(fine, metres, 0.0)
    east, north = np.broadcast_arrays(east, north)
    inside = contains_xy(Polygon(layout.ring).buffer(float(rng.uniform(40, 160))), east, north)
    cover[inside] = works[inside]
    roof = abundance(cover)[[INDEX["bright_roof"], INDEX["blue_roof"], INDEX["dark_roof"]]].sum(axis=0)
    glint = rng.random(roof.shape, dtype=np.float32) < 0.03
    return Ground(abundance(cover), brightness(key, cover, metres), (roof * glint).astype(np.float32), lat)


def _scar(rng: np.random.Generator, toa_ground: NDArray[np.float32], day: date) -> None:
    """Burn crop residue in a few fields of an autumn or spring pass, into surface reflectance (6, n, n)."""
    if rng.random() > (0.35 if day.month in (2, 3, 6, 10, 11) else 0.08):
        return
    n = toa_ground.shape[1]
    for _ in range(int(rng.integers(1, 4))):
        u, v = axes(n, GSD, float(rng.uniform(0, np.pi)))
        x, y = rng.uniform(-0.5, 0.5, 2) * n * GSD
        field = (np.abs(u - x) < rng.uniform(40, 160)) & (np.abs(v - y) < rng.uniform(25, 70))
        toa_ground[:, field] = SCAR[:, None].astype(np.float32) * np.float32(rng.uniform(0.8, 1.25))


def pass_heat(scenario: Scenario, mill: Mill, day: date) -> tuple[float, float]:
    """Return (expected, actual) 2.2 um excess of a mill on a day, summed over pixels, W m-2 sr-1 um-1."""
    expected = normal_heat(mill) * true_activity(scenario, mill, day) / 100
    return expected, expected * float(mean_one(generator(scenario.seed, KIND, mill.id, day, "heat"), PASS_SD))


def mill_grid(mill: Mill) -> Grid:
    """Return the grid of a mill's scenes."""
    return grid_about(mill.lon, mill.lat, GSD, SIDE)


def _render(
    scenario: Scenario, mill: Mill, day: date, sun: Sun, heat: float
) -> tuple[NDArray[np.uint16], NDArray[np.uint8], float]:
    """Return (digital numbers (6, n, n), scene classification (n, n), true cloud cover 0-1) of a pass."""
    rng = generator(scenario.seed, KIND, mill.id, day)
    land = _land(scenario.seed, mill.id, mill.lon, mill.lat, mill.capacity)
    sky = make_sky(rng, SIDE, GSD, sun, cloudiness(rng, day, mill.lon, mill.lat))
    snow = mill.lat > 34 and day.month in (12, 1, 2) and rng.random() < 0.07
    surface = land.reflectance(rng, day, snow)
    _scar(rng, surface, day)
    shift = rng.normal(0, 5.0, 2) + rng.normal(0, 1.6, (6, 2))
    ground = jitter(surface, shift / GSD, PAD)
    fire = heat_image(plant(scenario.seed, mill.id, mill.capacity), heat, rng, SIDE, GSD, shift)
    seen = swath(rng, SIDE, 0.08)
    toa, numbers = expose(rng, ground, fire, sky, sun, day)
    numbers[:, ~seen] = 0
    return numbers, classify(rng, sky, toa, seen, snow), sky.cover


def write_steel_scenes(scenario: Scenario, day: date, dest: Path) -> list[tuple[str, str, float]]:
    """Write every mill's pass of a day into a folder; returns truth details (site, quantity, value)."""
    details: list[tuple[str, str, float]] = []
    for mill in scenario.mills:
        if not revisits(scenario.seed, KIND, mill.id, day, EVERY, MISSING):
            continue
        rng = generator(scenario.seed, KIND, mill.id, day, "time")
        moment = overpass(day, mill.lon, SOLAR_HOUR, float(rng.uniform(-6, 6)))
        sun = sun_at(moment, mill.lon, mill.lat)
        expected, heat = pass_heat(scenario, mill, day)
        numbers, scl, cover = _render(scenario, mill, day, sun, heat)
        write_scene(dest, mill.id, mill_grid(mill), moment, sun, BANDS, numbers, scl)
        details += [
            (mill.id, "excess_radiance", heat),
            (mill.id, "expected_radiance", expected),
            (mill.id, "cloud", cover),
        ]
    return details
