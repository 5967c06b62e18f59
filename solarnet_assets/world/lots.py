"""Pictures of car parks at 0.3 m, with as many vehicles as the scenario's curve says."""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import TYPE_CHECKING

import numpy as np

from solarnet_assets.world.almanac import is_workday
from solarnet_assets.world.geotiff import COG_TYPE, write_cog, write_item
from solarnet_assets.world.ground import Grid
from solarnet_assets.world.lot_paint import crowns, ground, tall_shadows
from solarnet_assets.world.lot_plan import AISLE, GSD, WANDER, Plan, canvas_grid, plan
from solarnet_assets.world.lot_vehicles import Vehicle, vehicle_layers
from solarnet_assets.world.rng import fractal, generator, mean_one
from solarnet_assets.world.scenario import Lot, Scenario, value_at
from solarnet_assets.world.sun import Sun, overpass, sun_at

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

KIND = "lot_images"
SLOT_DAYS = 5  # one pass is planned in each slot, on a day that varies
REFUSED = 0.14  # share of passes that are not delivered, for clouds
SOLAR_HOUR = 10.75
OCCUPANCY_SD = 0.05  # log standard deviation of a lot's use between days of the same type
FULL = 0.98  # no lot is fuller than this
RATES = {"factory": (0.75, 0.30), "retail": (0.48, 0.72), "theme park": (0.45, 0.78)}
"""Normal share of stalls taken at the hour of the pass on (working days, rest days)."""
OTHER = (0.6, 0.4)


def base_rate(group: str, day: date) -> float:
    """Return the normal share of stalls taken on days of this type (working day or rest day)."""
    work, rest = RATES.get(group, OTHER)
    return work if is_workday(day) else rest


def expected_vehicles(scenario: Scenario, lot: Lot, day: date) -> float:
    """Return the expected number of vehicles: stalls * normal rate of the day's type * curve / 100."""
    curve = value_at(lot.curve or scenario.signals.parking, day)
    return lot.stalls * base_rate(lot.group, day) * curve / 100


def draw_vehicles(scenario: Scenario, lot: Lot, day: date) -> int:
    """Draw the number of vehicles on a day: binomial over stalls, about a rate that varies from day to day."""
    rng = generator(scenario.seed, KIND, lot.id, day, "vehicles")
    rate = expected_vehicles(scenario, lot, day) / lot.stalls * float(mean_one(rng, OCCUPANCY_SD))
    return int(rng.binomial(lot.stalls, min(max(rate, 0.0), FULL)))


def lot_ring(scenario: Scenario, lot: Lot) -> list[tuple[float, float]]:
    """Return the lot's outline as (lon, lat)."""
    return canvas_grid(scenario, lot).local(plan(scenario.seed, lot.id, lot.stalls).ring)


def pass_due(seed: int, site: str, day: date) -> bool:
    """Tell whether a lot is pictured on a day: one pass in each slot of days, some not delivered."""
    phase = int(generator(seed, KIND, site, "phase").integers(SLOT_DAYS))
    slot, within = divmod(day.toordinal() - phase, SLOT_DAYS)
    rng = generator(seed, KIND, site, "slot", slot)
    return within == int(rng.integers(SLOT_DAYS)) and bool(rng.random() >= REFUSED)


def _parked(rng: np.random.Generator, layout: Plan, count: int) -> list[Vehicle]:
    """Return the lot's vehicles: most in stalls, nearest the entrance first, one or two driving along aisles."""
    moving = int(rng.binomial(count, 0.015))
    stalls = layout.stalls
    near = np.hypot(stalls[:, 0] - layout.width / 2, stalls[:, 1] - layout.road) / layout.width
    order = np.argsort(near + rng.gumbel(0, 0.55, len(stalls)))
    vehicles = []
    for along, across, direction in stalls[order[: count - moving]]:
        forward = direction if rng.random() < 0.62 else -direction
        x, y = layout.place(along + rng.normal(0, 0.16), across + rng.normal(0, 0.22))
        heading = layout.angle + forward * math.pi / 2 + rng.normal(0, 0.035)
        vehicles.append(Vehicle(rng, x, y, heading, long_ok=False))
    for _ in range(moving):
        aisle = layout.aisles[int(rng.integers(len(layout.aisles)))]
        side = float(rng.choice([-1.0, 1.0]))
        x, y = layout.place(rng.uniform(-0.4, 0.4) * layout.width, aisle + side * AISLE / 5)
        vehicles.append(Vehicle(rng, x, y, layout.angle + (0 if side < 0 else math.pi)))
    return vehicles


def _passing(rng: np.random.Generator, layout: Plan) -> list[Vehicle]:
    """Return vehicles outside the lot: traffic, and cars left along the road. They do not count."""
    vehicles = []
    for _ in range(int(rng.poisson(3))):
        lane = float(rng.choice([-1.6, 1.6]))
        x, y = layout.place(rng.uniform(-0.7, 0.7) * layout.width, layout.road + lane)
        vehicles.append(Vehicle(rng, x, y, layout.angle + (0 if lane < 0 else math.pi)))
    for _ in range(int(rng.poisson(1.5))):
        x, y = layout.place(rng.uniform(-0.45, 0.45) * layout.width, layout.road + math.copysign(4.2, layout.road))
        vehicles.append(Vehicle(rng, x, y, layout.angle))
    return vehicles


def _leaf(day: date, lat: float) -> float:
    """Return how leafy trees are, 0-1."""
    bell = math.exp(-0.5 * (((day.timetuple().tm_yday - 205 + 182.5) % 365 - 182.5) / 75) ** 2)
    evergreen = min(max((34 - lat) / 8, 0.0), 1.0) * 0.8
    return max(evergreen, bell)


def _albedo(scenario: Scenario, lot: Lot, layout: Plan, day: date, sun: Sun, count: int) -> NDArray[np.float32]:
    """Return the lit scene (rows, cols, 3), 0-255: ground, shadows, vehicles, crowns."""
    rng = generator(scenario.seed, KIND, lot.id, day, "cars")
    vehicles = [*_passing(rng, layout), *_parked(rng, layout, count)]
    leaf = _leaf(day, lot.lat)
    bodies, shade = vehicle_layers(layout, vehicles, sun)
    tall = tall_shadows(layout, sun, leaf)[:, :, None]
    sky = np.array([0.30, 0.34, 0.42], dtype=np.float32)
    floor = ground(scenario.seed, lot.id, lot.stalls) * (1 - np.maximum(shade[:, :, None], 0) * (1 - sky) * (1 - tall))
    opaque = bodies[:, :, 3:] / 255
    image = floor * (1 - opaque) + bodies[:, :, :3]
    image = image * (1 - tall * (1 - sky))
    texture, cover = crowns(scenario.seed, lot.id, lot.stalls)
    green = np.array([62, 76, 46], dtype=np.float32) * leaf + np.array([92, 84, 72], dtype=np.float32) * (1 - leaf)
    dense = (cover * (0.35 + 0.6 * leaf))[:, :, None]
    return np.asarray(image * (1 - dense) + green * texture[:, :, None] * dense, dtype=np.float32)


def _sense(rng: np.random.Generator, image: NDArray[np.float32], sun: Sun) -> tuple[NDArray[np.uint8], float]:
    """Return the picture as delivered (3, rows, cols) and the share of it under thin cloud.

    Blur, pan-sharpening (colour is four times coarser), haze, thin cloud, noise and a stretch to 8 bits.
    """
    from scipy.ndimage import gaussian_filter1d, uniform_filter1d

    n = image.shape[0]
    blur = float(rng.uniform(0.55, 0.85))
    grey = image.mean(axis=2)
    colour = image - grey[:, :, None]
    for axis in (0, 1):
        grey = gaussian_filter1d(grey, blur, axis=axis, truncate=3)
        colour = uniform_filter1d(colour, 4, axis=axis)
    view = (grey[:, :, None] + colour) * np.float32(0.35 + 0.65 * math.sin(math.radians(sun.elevation)))
    hazy = float(abs(rng.normal(0, 7)))
    veil = np.zeros((n, n), dtype=np.float32)
    if rng.random() < 0.08:
        veil = np.clip(0.30 * fractal(rng, n, 2.0) + rng.uniform(-0.3, 0.2), 0, 0.6).astype(np.float32)
    haze = np.array([0.85, 0.95, 1.15], dtype=np.float32) * np.float32(9 + hazy)
    view = (view + haze) * (1 - veil[:, :, None]) + 150 * veil[:, :, None]
    view = view + rng.standard_normal(view.shape, dtype=np.float32) * np.float32(rng.uniform(0.8, 1.8))
    gain = float(rng.uniform(0.85, 1.3)) * 165 / float(np.percentile(view[::4, ::4], 98))
    balance = (1 + 0.03 * rng.standard_normal(3)).astype(np.float32)
    levels = 255 * np.clip(view * balance * np.float32(gain) / 255, 0, 1) ** np.float32(rng.uniform(0.8, 1.0))
    return np.ascontiguousarray(np.round(levels).astype(np.uint8).transpose(2, 0, 1)), float((veil > 0.15).mean())


def render(scenario: Scenario, lot: Lot, day: date, sun: Sun, count: int) -> tuple[NDArray[np.uint8], Grid, float]:
    """Return (picture (3, n, n), its grid, cloud share) of a lot with ``count`` vehicles.

    The frame wanders by some pixels, and its georeference is wrong by about 0.6 m, as in orthoimages.
    """
    layout = plan(scenario.seed, lot.id, lot.stalls)
    rng = generator(scenario.seed, KIND, lot.id, day, "sensor")
    image = _albedo(scenario, lot, layout, day, sun, count)
    top, left = (int(k) for k in rng.integers(0, 2 * WANDER + 1, 2))
    picture, cloud = _sense(rng, image[top : top + layout.side, left : left + layout.side], sun)
    canvas = canvas_grid(scenario, lot)
    east, north = rng.normal(0, 0.45, 2)
    west, upper = canvas.west + left * GSD + east, canvas.north - top * GSD + north
    return picture, Grid(canvas.epsg, round(float(west), 2), round(float(upper), 2), GSD, layout.side), cloud


def _write(
    dest: Path, lot: Lot, grid: Grid, moment: datetime, sun: Sun, picture: NDArray[np.uint8], cloud: float, nadir: float
) -> None:
    name = f"{moment:%Y%m%dT%H%M%S}_{lot.id}"
    write_cog(dest / f"{name}.tif", picture, grid, [], None)
    properties = {
        "datetime": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "platform": "worldview-sim",
        "instruments": ["pan", "rgb"], "gsd": GSD, "view:off_nadir": round(nadir, 2),
        "view:sun_elevation": round(sun.elevation, 3), "view:sun_azimuth": round(sun.azimuth, 3),
        "eo:cloud_cover": round(100 * cloud, 2),
    }  # fmt: skip
    assets = {"visual": {"href": f"./{name}.tif", "type": COG_TYPE, "roles": ["visual", "data"]}}
    write_item(dest / f"{name}.json", grid, properties, assets)


def write_lot_images(scenario: Scenario, day: date, dest: Path) -> list[tuple[str, str, float]]:
    """Write the pictures of a day into a folder; returns truth details (site, quantity, value)."""
    details: list[tuple[str, str, float]] = []
    for lot in scenario.lots:
        if not pass_due(scenario.seed, lot.id, day):
            continue
        rng = generator(scenario.seed, KIND, lot.id, day, "time")
        moment = overpass(day, lot.lon, SOLAR_HOUR, float(rng.uniform(-15, 15)))
        sun = sun_at(moment, lot.lon, lot.lat)
        count = draw_vehicles(scenario, lot, day)
        picture, grid, cloud = render(scenario, lot, day, sun, count)
        _write(dest, lot, grid, moment, sun, picture, cloud, float(rng.gamma(3.0, 4.0)))
        details += [
            (lot.id, "vehicles", float(count)), (lot.id, "cloud", cloud),
            (lot.id, "expected_vehicles", expected_vehicles(scenario, lot, day)),
        ]  # fmt: skip
    return details
