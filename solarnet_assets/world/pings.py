"""Raw GPS pings of a simulated day: schedules, fixes in bursts and gaps, noise, and what reality adds to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from solarnet_assets.world.devices import (
    DAY,
    HABIT,
    HOME,
    KM_PER_DEGREE,
    LATE,
    LEISURE,
    LUNCH,
    NIGHT,
    OTHER,
    PART,
    SHOP,
    STUDENT,
    WORK,
    Devices,
    Flags,
    device_ids,
    devices_of,
    places,
)
from solarnet_assets.world.draws import Floats, uniform
from solarnet_assets.world.rng import generator
from solarnet_assets.world.scenario import City, Scenario, value_at

DETAILS = pl.Schema(
    {"signal": pl.String, "key": pl.String, "date": pl.Date, "quantity": pl.String, "value": pl.Float64}
)
"""Columns of the truth details that every writer of a day returns."""

HOUR = 3600.0
DAY_SECONDS = 24 * HOUR
TRIPS = 6
ACTIVITY = np.array([0.45] * 6 + [0.8] * 2 + [1.1] * 14 + [0.8] * 2)
"""Relative frequency of fixes by local hour."""

GLITCH, DUPLICATE, IMPOSSIBLE, NO_ACCURACY = 0.0015, 0.006, 6e-5, 0.004


@dataclass(frozen=True)
class Schedule:
    """Where devices are through a day: they wait at ``start`` and then make trips.

    Attributes:
        start: place at midnight, shape (devices,).
        leave: seconds after midnight when each trip starts, ascending, shape (devices, TRIPS).
        arrive: seconds after midnight when it ends.
        to: place where it ends.
    """

    start: NDArray[np.int64]
    leave: Floats
    arrive: Floats
    to: NDArray[np.int64]


def _work_hours(devices: Devices, rng: np.random.Generator) -> tuple[Floats, Floats]:
    kind, n = devices.kind, len(devices.key)
    usual = 8.6 + 1.0 * (uniform(devices.key, "starts") - 0.5) * 2.0
    begin = np.select([kind == LATE, kind == PART], [np.full(n, 13.5), usual + 1.0], usual) + rng.normal(0.0, 0.25, n)
    length = np.where(kind == PART, 4.2, 8.7) + np.where(rng.random(n) < 0.15, 2.0, 0.0) + rng.normal(0.0, 0.4, n)
    return begin * HOUR, (begin + np.maximum(length, 2.5)) * HOUR


def _stay_day(devices: Devices, rng: np.random.Generator, level: float) -> tuple[Floats, NDArray[np.int64]]:
    """Return departure times and destinations of people who do not go to work: errands near home."""
    n = len(devices.key)
    going = 0.35 + 0.65 * min(level, 1.0)
    morning = np.select(
        [devices.kind == STUDENT, devices.kind == OTHER],
        [np.where(rng.random(n) < 0.8, HABIT, HOME), np.where(rng.random(n) < 0.5 * going, HABIT, HOME)],
        np.where(rng.random(n) < 0.35 * going, SHOP, HOME),
    )
    evening = np.where(rng.random(n) < 0.3 * going, LEISURE, np.where(rng.random(n) < 0.4 * going, SHOP, HOME))
    out = 8.5 + 2.0 * rng.random(n)
    back = out + np.where(devices.kind == STUDENT, 5.0 + rng.random(n), 0.6 + 2.2 * rng.random(n))
    again = np.maximum(back + 0.5, 16.0 + 3.0 * rng.random(n))
    late = again + 0.5 + 2.0 * rng.random(n)
    times = np.stack([out, back, again, late, late + 0.5, late + 1.0], axis=1) * HOUR
    home = np.full(n, HOME)
    return times, np.stack([morning, home, evening, home, home, home], axis=1)


def _work_day(devices: Devices, rng: np.random.Generator) -> tuple[Floats, NDArray[np.int64]]:
    """Return departure times and destinations of day, part-time and late workers who go to work."""
    n = len(devices.key)
    begin, end = _work_hours(devices, rng)
    lunch = np.where((rng.random(n) < 0.5) & (devices.kind == DAY), LUNCH, WORK)
    noon = np.maximum(begin + 1.5 * HOUR, 12.0 * HOUR + rng.normal(0.0, 0.3 * HOUR, n))
    back = noon + (0.4 + 0.5 * rng.random(n)) * HOUR
    errand = np.where(rng.random(n) < 0.25, np.where(rng.random(n) < 0.5, SHOP, LEISURE), HOME)
    end = np.maximum(end, back + 0.5 * HOUR)
    home = end + (0.5 + 1.3 * rng.random(n)) * HOUR
    times = np.stack([begin - 0.6 * HOUR, noon, back, end, home, home + 0.5 * HOUR], axis=1)
    work, rest = np.full(n, WORK), np.full(n, HOME)
    return times, np.stack([work, lunch, work, errand, rest, rest], axis=1)


def schedule(devices: Devices, where: NDArray[np.float64], rng: np.random.Generator, level: float) -> Schedule:
    """Return the day of every device; ``where`` are its places in km, ``level`` the city's curve as a share."""
    times, to = _stay_day(devices, rng, level)
    work_times, work_to = _work_day(devices, rng)
    night = devices.kind == NIGHT
    at_work = devices.commutes & ~night
    times, to = np.where(at_work[:, None], work_times, times), np.where(at_work[:, None], work_to, to)
    start = np.where(night & devices.commuted, WORK, HOME)
    times[night, 0] = (6.0 + rng.random(int(night.sum()))) * HOUR
    to[night, 0] = HOME
    times[night, TRIPS - 1] = (21.2 + 0.5 * rng.random(int(night.sum()))) * HOUR
    to[night & devices.commutes, TRIPS - 1] = WORK
    leave = np.maximum.accumulate(times, axis=1)
    origin = np.concatenate([start[:, None], to[:, :-1]], axis=1)
    rows = np.arange(len(start))[:, None]
    distance = np.linalg.norm(where[rows, origin] - where[rows, to], axis=2)
    arrive = leave + np.where(distance > 0, (0.08 + distance / 18.0) * HOUR, 0.0)
    return Schedule(start, leave, arrive, to)


def positions(
    plan: Schedule, where: NDArray[np.float64], device: NDArray[np.int64], second: Floats
) -> NDArray[np.float64]:
    """Return the true position in km of each fix, shape (fixes, 2)."""
    trip = (plan.leave[device] <= second[:, None]).sum(axis=1) - 1
    last = np.maximum(trip, 0)
    came_from = np.where(last > 0, plan.to[device, np.maximum(last - 1, 0)], plan.start[device])
    begin, end = plan.leave[device, last], plan.arrive[device, last]
    share = np.clip((second - begin) / np.maximum(end - begin, 1.0), 0.0, 1.0)
    share = np.where(trip < 0, 0.0, share)
    origin, target = where[device, came_from], where[device, plan.to[device, last]]
    bend = 0.25 * np.sin(np.pi * share)[:, None] * (target - origin)[:, ::-1] * np.array([1.0, -1.0])
    return origin + share[:, None] * (target - origin) + bend


def fix_times(devices: Devices, rng: np.random.Generator) -> tuple[NDArray[np.int64], Floats]:
    """Return device number and second of day of each fix: single fixes, bursts of seconds, gaps of hours."""
    n = len(devices.key)
    mean = devices.pings_a_day * np.exp(0.35 * rng.standard_normal(n)) / 1.35
    bursts = np.where(devices.visible, np.maximum(1, rng.poisson(mean)), 0)
    device = np.repeat(np.arange(n), bursts)
    share = np.concatenate([[0.0], np.cumsum(ACTIVITY) / ACTIVITY.sum()])
    second = np.interp(rng.random(len(device)), share, np.arange(25) * HOUR)
    gap_from = rng.random(n) * DAY_SECONDS
    gap_to = gap_from + np.where(rng.random(n) < 0.5, 1.5 + 4.5 * rng.random(n), 0.0) * HOUR
    kept = (second < gap_from[device]) | (second > gap_to[device])
    kept &= (second > 6.2 * HOUR) | (uniform(devices.key, "off at night") > 0.15)[device]
    device, second = device[kept], second[kept]
    size = np.where(rng.random(len(device)) < 0.83, 1, rng.integers(2, 6, len(device)))
    order = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    device, second = np.repeat(device, size), np.repeat(second, size)
    second = np.minimum(second + 1.4 * order, DAY_SECONDS - 1.0)
    return device, np.floor(second)


def _noise(fixes: int, rng: np.random.Generator) -> tuple[NDArray[np.float64], Floats]:
    """Return the error in km, shape (fixes, 2), and the accuracy in metres that the phone believes in."""
    accuracy = np.clip(12.0 * np.exp(0.7 * rng.standard_normal(fixes)), 3.0, 400.0)
    heavy = np.sqrt(4.0 / rng.chisquare(4.0, fixes))
    error = rng.standard_normal((fixes, 2)) * (accuracy * heavy / 1.5e3)[:, None]
    glitch = rng.random(fixes) < GLITCH
    error[glitch] += rng.normal(0.0, 25.0, (int(glitch.sum()), 2))
    return error, accuracy


def city_pings(scenario: Scenario, city: City, day: date) -> tuple[pl.DataFrame, Devices]:
    """Return the fixes of one city's panel (seconds of the local day in ``timestamp``) and its devices.

    Of the devices those are visible that have a fix.
    """
    rng = generator(scenario.seed, "pings", city.id, day)
    devices = devices_of(scenario, city, day)
    where = places(scenario, city, devices, day)
    level = value_at(city.curve or scenario.signals.commuting, day) / 100.0
    plan = schedule(devices, where, rng, level)
    device, second = fix_times(devices, rng)
    devices = replace(devices, visible=np.bincount(device, minlength=len(devices.key)) > 0)
    error, accuracy = _noise(len(device), rng)
    x, y = (positions(plan, where, device, second) + error).T
    lat = city.lat + y / KM_PER_DEGREE
    lon = city.lon + x / (KM_PER_DEGREE * np.cos(np.radians(city.lat)))
    broken = rng.random(len(device)) < IMPOSSIBLE
    lat = np.where(broken, np.where(rng.random(len(device)) < 0.7, 200.0, -91.5), lat)
    lon = np.where(lon > 180.0, lon - 360.0, lon)
    frame = pl.DataFrame(
        {
            "device_id": pl.Series(device_ids(devices.key), dtype=pl.String).gather(device),
            "timestamp": second.astype(np.int64),
            "lat": np.round(lat, 6),
            "lon": np.round(lon, 6),
            "horizontal_accuracy": np.round(accuracy, 1),
        }
    )
    unknown = pl.Series(rng.random(len(device)) < NO_ACCURACY)
    again = np.flatnonzero(rng.random(len(device)) < DUPLICATE)
    frame = frame.with_columns(
        pl.when(unknown).then(None).otherwise("horizontal_accuracy").alias("horizontal_accuracy")
    )
    return pl.concat([frame, frame[again]]), devices


def _truth(city: City, devices: Devices, day: date, level: float) -> list[tuple[str, str, date, str, float]]:
    in_town: Flags = devices.visible & ~devices.away
    counts = {
        "percent_of_normal": level,
        "devices": float(in_town.sum()),
        "workers": float((in_town & devices.workers).sum()),
        "commuters": float((in_town & devices.commutes).sum()),
    }
    return [("commuting", city.id, day, quantity, value) for quantity, value in counts.items()]


def write_pings(scenario: Scenario, day: date, dest: Path) -> pl.DataFrame:
    """Write ``pings-0.parquet`` and ``pings-1.parquet`` of a local day; return what is true of it.

    Columns: device_id (advertising id), timestamp (epoch seconds, UTC), lat and lon (degrees, WGS 84),
    horizontal_accuracy (m, may be null). The first file holds what was uploaded by about noon.
    Cities without a panel send nothing; without any panel no file is written.

    Returns:
        Truth details: percent_of_normal, and devices, workers and commuters that are visible in each city.
    """
    frames, truth = [], []
    for city in scenario.cities:
        if city.panel > 0:
            frame, devices = city_pings(scenario, city, day)
            frames.append(frame)
            level = value_at(city.curve or scenario.signals.commuting, day)
            truth += _truth(city, devices, day, level)
    if frames:
        _write_files(pl.concat(frames), scenario, day, dest)
    return pl.DataFrame(truth, schema=DETAILS, orient="row")


def _write_files(frame: pl.DataFrame, scenario: Scenario, day: date, dest: Path) -> None:
    rng = generator(scenario.seed, "pings", "files", day)
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(scenario.timezone)).timestamp())
    second = frame["timestamp"].to_numpy()
    late = second + rng.exponential(0.3 * HOUR, len(second)) > 12.0 * HOUR
    order = np.argsort(second // 600, kind="stable")
    frame = frame.with_columns(pl.col("timestamp") + midnight)[order]
    late = late[order]
    for number, chosen in enumerate((~late, late)):
        frame.filter(pl.Series(chosen)).write_parquet(dest / f"pings-{number}.parquet", statistics=False)
