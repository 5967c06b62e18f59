"""Pings of a made-up nation for the speed of the commuting chain, made a bucket and a day at a time.

People have a home and, two of three, a workplace; each day they sleep, travel, work, go somewhere else or stay, and a
phone says 5 to 50 times a day where it is. Only the amounts matter here: nothing is scored on these pings.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BUCKETS = 64
DEGREE_M = 111_195.0
HOUR = 3600.0
CITIES = [
    ("beijing", 116.397, 39.908, 45.0),
    ("shanghai", 121.474, 31.230, 45.0),
    ("guangzhou", 113.264, 23.129, 40.0),
    ("shenzhen", 114.058, 22.543, 25.0),
    ("chengdu", 104.066, 30.573, 35.0),
    ("wuhan", 114.305, 30.593, 35.0),
    ("nanjing", 118.797, 32.060, 35.0),
    ("xian", 108.940, 34.342, 30.0),
]
SPREAD_M = 7_000.0
NOISE_M = 18.0
EMPLOYED, ABSENT = 0.67, 0.1


def cities() -> pl.DataFrame:
    """Return the ``Cities`` table."""
    rows = [(c, c.title(), "China", lon, lat, radius, "Asia/Shanghai", 1e6) for c, lon, lat, radius in CITIES]
    names = ["city", "name", "region", "lon", "lat", "radius_km", "timezone", "workforce"]
    return pl.DataFrame(rows, schema=names, orient="row")


def pings(bucket: int, day: date, devices: int, per_day: float = 28.0) -> pl.DataFrame:
    """Return a day's pings of one bucket in the order of the lake: by device, then by time.

    Args:
        bucket: 0 .. 63.
        day: local day in the cities' zone (UTC+8).
        devices: people in this bucket; the first of a larger number are the same people.
        per_day: mean number of pings, spread from 5 to twice this less 5.
    """
    people = np.random.default_rng([7, bucket])
    key = np.sort(people.integers(0, 1 << 57, devices).astype(np.uint64)) * np.uint64(BUCKETS) + np.uint64(bucket)
    city = people.integers(0, len(CITIES), devices)
    home, work = people.normal(0.0, SPREAD_M, (2, devices, 2))
    employed = people.random(devices) < EMPLOYED
    often = people.uniform(5.0, 2 * per_day - 5.0, devices)

    rng = np.random.default_rng([11, bucket, day.toordinal()])
    count = np.clip(rng.poisson(often), 5, None)
    who = np.repeat(np.arange(devices), count)
    second = _by_device(who, rng.random(len(who)))
    away = np.where((employed & (rng.random(devices) > ABSENT) & (day.weekday() < 5))[:, None], work, home)
    errand = home + rng.normal(0.0, 2_000.0, (devices, 2))
    metres = _where(who, second, home, away, errand, rng) + rng.normal(0.0, NOISE_M, (len(who), 2))
    return _table(key, city, who, second, metres, rng, day)


def _by_device(who: NDArray[np.int64], share: Floats) -> NDArray[np.int64]:
    """Return seconds of the day, rising within each device; nights are quieter by half."""
    hour = np.interp(share, [0.0, 0.15, 1.0], [0.0, 7.0, 24.0])
    second = (hour * HOUR).astype(np.int64)
    return np.sort(who * 100_000 + second) % 100_000


def _where(
    who: NDArray[np.int64],
    second: NDArray[np.int64],
    home: Floats,
    away: Floats,
    errand: Floats,
    rng: np.random.Generator,
) -> Floats:
    """Return places, m from the city centre: at home, on the way, at work, and after it an errand or home."""
    devices = len(home)
    leave = rng.normal(8.0, 0.7, devices)[who] * HOUR
    back = rng.normal(18.0, 0.9, devices)[who] * HOUR
    trip = 0.7 * HOUR
    gone = np.clip((second - leave) / trip, 0.0, 1.0) - np.clip((second - back) / trip, 0.0, 1.0)
    place = home[who] + gone[:, None] * (away - home)[who]
    out = (rng.random(devices) < 0.5)[who] & (np.abs(second - back - 2.2 * HOUR) < 0.6 * HOUR)
    return np.where(out[:, None], errand[who], place)


def _table(
    key: NDArray[np.uint64],
    city: NDArray[np.int64],
    who: NDArray[np.int64],
    second: NDArray[np.int64],
    metres: Floats,
    rng: np.random.Generator,
    day: date,
) -> pl.DataFrame:
    lon0, lat0 = (np.array([row[n] for row in CITIES])[city] for n in (1, 2))
    lat = lat0[who] + metres[:, 1] / DEGREE_M
    lon = lon0[who] + metres[:, 0] / (DEGREE_M * np.cos(np.radians(lat0)))[who]
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) - 8 * 3600
    names = pl.Series([row[0] for row in CITIES], dtype=pl.String)
    return pl.DataFrame(
        {
            "device": key[who],
            "time": pl.Series((midnight + second) * 1_000_000).cast(pl.Datetime("us", "UTC")),
            "lat": np.round(lat, 6),
            "lon": np.round(lon, 6),
            "accuracy": np.round(rng.lognormal(2.6, 0.8, len(who)), 1).astype(np.float32),
            "city": names.gather(city[who]),
        }
    )
