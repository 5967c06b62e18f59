"""Sentinel-2-like scenes of areas with solar farms: 10 m, arrays that appear on the day they open."""

from __future__ import annotations

import math
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from solarnet_assets.landing import BadInputError
from solarnet_assets.world.ground import Grid, grid_about
from solarnet_assets.world.product import write_scene
from solarnet_assets.world.rng import fractal, generator
from solarnet_assets.world.scenario import Farm, Scenario
from solarnet_assets.world.sky import classify, make_sky
from solarnet_assets.world.sun import Sun, overpass, sun_at
from solarnet_assets.world.terrain import INDEX, TABLE, abundance, axes, brightness, countryside, parcels
from solarnet_assets.world.toa import Ground, expose, jitter
from solarnet_assets.world.truth import open_area

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

KIND = "solar_scenes"
BANDS = ("B02", "B03", "B04", "B08", "B11", "B12")
GSD = 10.0
SIDE = 256
PAD = 2
FINE = 2 * (SIDE + 2 * PAD)
SOLAR_HOUR = 10.6
EDGE = 12  # fine pixels along the border that hold no array
BUILDING_DAYS = 75  # the ground is bared this long before an array opens

MODULES = {
    "poly": [0.075, 0.060, 0.045, 0.070, 0.185, 0.150],
    "mono": [0.048, 0.042, 0.038, 0.060, 0.165, 0.140],
    "film": [0.044, 0.043, 0.042, 0.075, 0.105, 0.088],
}
"""Surface reflectance of module kinds as seen from above, frames and tilt included (ours)."""
BARED = np.array([0.13, 0.17, 0.21, 0.27, 0.34, 0.30])
"""Graded soil of a building site and between the rows of a desert farm."""


class _Arrays:
    """The arrays of an area: outlines at 5 m, cover of the ground by modules at 10 m, module kind."""

    def __init__(self, count: int) -> None:
        self.outline = np.zeros((count, FINE, FINE), dtype=bool)
        self.modules = np.zeros((count, FINE // 2, FINE // 2), dtype=np.float32)
        self.spectrum = np.zeros((count, 6), dtype=np.float32)


def area_grid(farm: Farm) -> Grid:
    """Return the grid of an area's scenes; its outline is the area that is searched."""
    return grid_about(farm.lon, farm.lat, GSD, SIDE)


def _outline(rng: np.random.Generator, free: NDArray[np.bool_], pixels: int, angle: float) -> NDArray[np.bool_]:
    """Return a field of exactly ``pixels`` fine pixels: whole blocks about a centre, with an irregular border."""
    u, v = axes(FINE, GSD / 2, angle)
    reach = math.sqrt(pixels) * GSD / 4
    rows, cols = np.nonzero(free)
    shape = float(rng.uniform(0.65, 1.5))
    best, best_count = (0.0, 0.0), -1
    for pick in rng.integers(rows.size, size=12):
        r, c = rows[pick], cols[pick]
        side = int(reach / (GSD / 2))
        count = int(free[max(r - side, 0) : r + side, max(c - side, 0) : c + side].sum())
        if count > best_count:
            best, best_count = (float(u[r, c]), float(v[r, c])), count
    width, depth = rng.uniform(70, 150, 2)
    block_u, block_v = np.floor(u / width), np.floor(v / depth)
    bite = rng.normal(0, 0.16, TABLE).astype(np.float32)[(block_u * 31 + block_v * 17).astype(np.int64) & (TABLE - 1)]
    far = (
        np.maximum(np.abs((block_u + 0.5) * width - best[0]) * shape, np.abs((block_v + 0.5) * depth - best[1]) / shape)
        / reach
    )
    inner = np.hypot(u - best[0], v - best[1]) / (reach * 40)
    rank = far + bite + inner + 0.05 * fractal(rng, FINE, 2.0)
    rank[~free] = np.inf
    chosen = np.zeros(FINE * FINE, dtype=bool)
    chosen[np.argpartition(rank.ravel(), pixels)[:pixels]] = True
    return chosen.reshape(FINE, FINE)


def _modules(rng: np.random.Generator, outline: NDArray[np.bool_], angle: float) -> NDArray[np.float32]:
    """Return the share of each 10 m pixel under modules: rows, service lanes and inverter pads inside the outline."""
    u, v = axes(FINE, GSD / 2, angle)
    ratio = float(rng.uniform(0.62, 0.86))
    pitch = float(rng.uniform(5.5, 9.5))
    rows = 1 + 0.28 * np.sin(2 * math.pi * v / np.float32(pitch))
    lanes = (np.mod(u, float(rng.uniform(90, 260))) > 5.5) & (np.mod(v, float(rng.uniform(60, 180))) > 4.5)
    blocks = parcels(u, v, 90.0, 70.0, rng)
    level = rng.normal(1, 0.07, TABLE).astype(np.float32)
    level[rng.random(TABLE) < 0.03] = 0.35
    share = ratio * rows * lanes * level[blocks] * outline
    half = FINE // 2
    return np.clip(share, 0, 0.92).reshape(half, 2, half, 2).mean(axis=(1, 3)).astype(np.float32)


def _grown(mask: NDArray[np.bool_], cells: int) -> NDArray[np.bool_]:
    """Return the mask widened by ``cells`` pixels in the four directions, and a little more in the diagonal."""
    out = mask.copy()
    for step in (cells, cells // 2 + 1):
        for axis in (0, 1):
            out |= np.roll(out, step, axis) | np.roll(out, -step, axis)
    return out


@lru_cache(maxsize=16)
def _area(seed: int, site: str, lon: float, lat: float, areas: tuple[float, ...]) -> tuple[Ground, _Arrays]:
    """Return an area's fixed ground and arrays.

    Raises:
        BadInputError: the arrays do not fit into the free land of the area.
    """
    key = (seed, KIND, site)
    rng = generator(*key, "plan")
    dry = lon < 108 and lat > 34
    cover = countryside(
        key, FINE, GSD / 2, float(rng.uniform(0.02, 0.12)), float(rng.uniform(0, 0.12)), 0.01 if dry else 0.06
    )
    if dry:
        steppe = (
            generator(*key, "steppe").choice([INDEX["desert"], INDEX["grass"]], TABLE, p=[0.94, 0.06]).astype(np.uint8)
        )
        u, v = axes(FINE, GSD / 2, 0.4)
        field = np.isin(cover, [INDEX["wheat"], INDEX["trees"], INDEX["fallow"]]) & (fractal(rng, FINE, 2.0) > -1.6)
        cover[field] = steppe[parcels(u, v, 500.0, 400.0, rng)][field]
    made = _Arrays(len(areas))
    angle = float(rng.normal(0, 0.12))
    free = np.isin(cover, [INDEX[name] for name in ("wheat", "fallow", "grass", "trees", "greenhouse", "desert")])
    free[: EDGE + 2 * PAD] = free[-EDGE - 2 * PAD :] = free[:, : EDGE + 2 * PAD] = free[:, -EDGE - 2 * PAD :] = False
    for number, area in enumerate(areas):
        pixels = round(area * 1e6 / (GSD / 2) ** 2)
        if pixels >= int(free.sum()):
            raise BadInputError(
                f"solar area {site}: an array of {area} km2 does not fit into its {SIDE * GSD / 1000:.2f} km square"
            )
        outline = _outline(rng, free, pixels, angle)
        made.outline[number] = outline
        made.modules[number] = _modules(rng, outline, angle)
        made.spectrum[number] = np.array(MODULES[str(rng.choice(list(MODULES), p=[0.55, 0.33, 0.12]))]) * rng.uniform(
            0.85, 1.2
        )
        free &= ~_grown(outline, 16)
    ground = Ground(
        abundance(cover), brightness(key, cover, GSD / 2), np.zeros((FINE // 2, FINE // 2), np.float32), lat
    )
    return ground, made


def _surface(
    rng: np.random.Generator, ground: Ground, made: _Arrays, farm: Farm, day: date, sun: Sun
) -> NDArray[np.float32]:
    """Return surface reflectance of a day (6, n, n): land, building sites, arrays."""
    image = ground.reflectance(rng, day, snow=False)
    half = FINE // 2
    tilt = np.float32(0.92 + 0.25 * math.cos(math.radians(sun.elevation)) * rng.uniform(0.6, 1.2))
    for number, (opened, _) in enumerate(farm.arrays):
        if day < opened - timedelta(days=BUILDING_DAYS):
            continue
        inside = made.outline[number].reshape(half, 2, half, 2).mean(axis=(1, 3)).astype(np.float32)
        graded = np.float32(0.65 if opened <= day else 0.9) * inside * (1 if (day - opened).days < 400 else 0.4)
        bared = BARED.astype(np.float32)[:, None, None] * ground.level
        image = image * (1 - graded) + bared * graded
        if opened <= day:
            share = made.modules[number]
            image = image * (1 - share) + (made.spectrum[number] * tilt)[:, None, None] * share
    return image


def _pass_day(scenario: Scenario, farm: Farm, day: date) -> bool:
    """Tell whether the month's scene of an area is of this day; users take the clearest pass of a month."""
    return day.day == int(generator(scenario.seed, KIND, farm.id, "phase").integers(1, 28))


def write_solar_scenes(scenario: Scenario, day: date, dest: Path) -> list[tuple[str, str, float]]:
    """Write the scenes of a day into a folder; returns truth details (site, quantity, value)."""
    details: list[tuple[str, str, float]] = []
    for farm in scenario.farms:
        if not _pass_day(scenario, farm, day):
            continue
        rng = generator(scenario.seed, KIND, farm.id, day)
        moment = overpass(day, farm.lon, SOLAR_HOUR, float(rng.uniform(-6, 6)))
        sun = sun_at(moment, farm.lon, farm.lat)
        ground, made = _area(scenario.seed, farm.id, farm.lon, farm.lat, tuple(area for _, area in farm.arrays))
        cover = float(rng.beta(0.8, 6.0)) if rng.random() < 0.35 else 0.0
        sky = make_sky(rng, SIDE, GSD, sun, cover)
        shift = rng.normal(0, 4.0, 2) + rng.normal(0, 1.2, (6, 2))
        image = jitter(_surface(rng, ground, made, farm, day, sun), shift / GSD, PAD)
        toa, numbers = expose(rng, _soften(image), None, sky, sun, day)
        seen = np.ones((SIDE, SIDE), dtype=bool)
        write_scene(
            dest, farm.id, area_grid(farm), moment, sun, BANDS, numbers, classify(rng, sky, toa, seen, snow=False)
        )
        details += [(farm.id, "open_area_km2", open_area(farm, day)), (farm.id, "cloud", sky.cover)]
    return details


def _soften(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the image as the optics see it: a light blur, and the 20 m bands resampled to 10 m (smoother)."""
    from scipy.ndimage import gaussian_filter1d, uniform_filter

    out = image.copy()
    for band in range(4):
        out[band] = gaussian_filter1d(
            gaussian_filter1d(image[band], 0.45, axis=0, truncate=3), 0.45, axis=1, truncate=3
        )
    for band in (4, 5):
        out[band] = uniform_filter(uniform_filter(image[band], 2), 3)
    return out
