"""A small made-up lake: every table that the shipped SQL reads, values drawn per (asset, day) so that days differ."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterable
from datetime import date, timedelta
from types import ModuleType

import numpy as np
import polars as pl
import pytest

from solarnet_assets.storage.lake import Lake
from solarnet_assets.storage.schemas import SCHEMAS, SECTORS

REGIONS = ("Hebei", "Hubei", "Shanghai")
CITIES = ("tangshan", "wuhan", "Shanghai")
DEFAULTS = {pl.String: "x", pl.Boolean: False, pl.Date: date(2020, 1, 1), pl.List: []}


@pytest.fixture(scope="session")
def country() -> ModuleType:
    """This module, for tests to make their lakes with."""
    return sys.modules[__name__]


def span(start: date, end: date) -> list[date]:
    return [start + timedelta(days=n) for n in range((end - start).days + 1)]


def table(asset: str, rows: list[dict]) -> pl.DataFrame:
    """Rows as the asset's schema wants them; columns that nobody names get a harmless value."""
    filled = []
    for row in rows:
        empty = {}
        for name, column in SCHEMAS[asset].columns().items():
            default = DEFAULTS.get(column.dtype.base_type(), 1)
            empty[name] = None if column.nullable else default
        filled.append({**empty, **row})
    return pl.DataFrame(filled, schema={n: c.dtype for n, c in SCHEMAS[asset].columns().items()}, strict=False)


def site(key: str, signal: str, number: int, name: str | None = None) -> dict:
    place = {"region": REGIONS[number % 3], "city": CITIES[number % 3], "lon": 110.0, "lat": 30.0}
    return {"site_id": key, "signal": signal, "name": name or key, "capacity": 5.0 + number, **place}


SITES = (
    [site(f"mill{n}", "steel", n) for n in range(4)]
    + [site("lot0", "parking", 0, "Tesla Shanghai"), site("lot1", "parking", 1, "Shanghai Disneyland")]
    + [site(f"lot{n}", "parking", n) for n in range(2, 4)]
)


def write_reference(lake: Lake, year: int = 2020) -> None:
    lake.write("sites", None, table("sites", SITES))
    cities = [
        {
            "city": c,
            "name": c,
            "region": r,
            "lon": 110.0,
            "lat": 30.0,
            "workforce": 1e6 * (n + 1),
            "timezone": "Asia/Shanghai",
        }
        for n, (c, r) in enumerate(zip(CITIES, REGIONS, strict=True))
    ]
    lake.write("cities", None, table("cities", cities))
    days = [
        {"date": d, "is_workday": d.weekday() < 5, "partner": d - timedelta(days=354), "partner_kind": "lunar"}
        for d in span(date(year - 1, 1, 1), date(year, 12, 31))
    ]
    lake.write("calendar", None, table("calendar", days))


def write_truth(lake: Lake, value: float) -> None:
    keys = [
        ("steel", "CN"),
        ("commuting", "CN"),
        ("parking", "lot0"),
        ("solar", "CN"),
        *(("sector", s) for s in SECTORS),
    ]
    rows = [
        {"signal": s, "key": k, "date": d, "value": value}
        for s, k in keys
        for d in span(date(2020, 1, 1), date(2020, 3, 20))
    ]
    lake.write("evaluation_truth", None, table("evaluation_truth", rows))


def write_day(lake: Lake, asset: str, day: date, version: int = 0) -> None:
    rng = np.random.default_rng(zlib.crc32(f"{asset} {day} {version}".encode()))
    lake.write(asset, day, table(asset, list(_ROWS[asset](day, rng))))


def _activity(signal: str, day: date, rng: np.random.Generator) -> Iterable[dict]:
    keys = [("site", s["site_id"]) for s in SITES if s["signal"] == signal]
    keys += [("group", "mill"), ("group", "factory"), *(("region", r) for r in REGIONS), ("country", "CN")]
    for back in range(22):
        for level, key in keys:
            value = float(rng.uniform(20, 100))
            limits = {"value": value, "lower": value - 5, "upper": value + 6}
            yield {"date": day - timedelta(days=back), "level": level, "key": key, "n_obs": 3, **limits}


def _festival(day: date, rng: np.random.Generator) -> Iterable[dict]:
    for level, key in [("site", "mill0"), ("region", "Hebei"), ("country", "CN")]:
        value = float(rng.uniform(80, 100))
        limits = {"ordinary": value, "lower": value - 3, "upper": value + 4, "n_obs": 4}
        yield {"level": level, "key": key, "partner": day - timedelta(days=354), **limits}


def _commuters(day: date, rng: np.random.Generator) -> Iterable[dict]:
    for city in CITIES:
        seen = int(rng.integers(200, 400))
        for late in _arrivals(day, rng):
            seen += int(rng.integers(1, 50))
            shares = {"share": seen / 500, "share_sd": 0.02, "detection": 0.9, "known_on": late}
            yield {"city": city, "panel": 500, "commuters": float(seen), "commuters_seen": seen, **shares}


def _index(day: date, rng: np.random.Generator) -> Iterable[dict]:
    late = _arrivals(day, rng)[-1]
    yield {"city": "wuhan", "intensity": float(rng.uniform(1, 5)), "provider": "test", "known_on": late}


def _arrivals(day: date, rng: np.random.Generator) -> list[date | None]:
    """When files came: in time, and now and then others up to five weeks later."""
    return [
        None,
        *(day + timedelta(days=int(n)) for n in np.cumsum(rng.integers(1, 20, size=int(rng.integers(0, 4)) // 2))),
    ]


def _raw_files(day: date, rng: np.random.Generator) -> Iterable[dict]:
    yield {"kind": "pings", "file": f"{day}.csv", "bytes": int(rng.integers(1, 99)), "arrived": day, "records_in": 2}


def _shares(day: date, rng: np.random.Generator) -> Iterable[dict]:
    for sector in SECTORS:
        for lang in ("all", "en", "zh"):
            share = float(rng.uniform(0.02, 0.1))
            limits = {"share": share, "share_lower": 0.9 * share, "share_upper": 1.1 * share}
            known = {"sensitivity": 0.9, "false_rate": 0.001, "other": 0.2, "network": "all"}
            counts = {"users": 2000, "users_with": int(2000 * share)}
            yield {"sector": sector, "lang": lang, **counts, **limits, **known}


def _trends(day: date, rng: np.random.Generator) -> Iterable[dict]:
    for sector in SECTORS:
        for lang in ("all", "en", "zh"):
            for days in (1, 7):
                ratio = float(rng.uniform(0.5, 3))
                limits = {"ratio": ratio, "ratio_lower": 0.9 * ratio, "ratio_upper": 1.2 * ratio}
                weeks = {f"ratio_4w{end}": limits[f"ratio{end}"] for end in ("", "_lower", "_upper")}
                shares = {"share": 0.05, "share_lower": 0.04, "share_upper": 0.06, "base_share": 0.05 / ratio}
                counts = {"days": days, "users": 2000, "users_with": 100, "weekday_factor": 1.0, "present": 1.0}
                yield {"sector": sector, "lang": lang, **counts, **shares, **limits, **weeks}


def _farms(day: date, rng: np.random.Generator) -> Iterable[dict]:
    for number in range(3):
        area = float(rng.uniform(1, 2))
        sizes = {"area_km2": area, "area_lower": area - 0.2, "area_upper": area + 0.2, "confidence": 0.8, "n_obs": 2}
        seen = {"first_seen": day - timedelta(days=9), "last_seen": day}
        yield {"farm_id": f"f{number}", "site_id": f"area{number % 2}", **sizes, **seen}


def _paths(day: date, rng: np.random.Generator) -> Iterable[dict]:
    for ahead in range(1, 6):
        value = float(rng.uniform(50, 100))
        row = {"method": "straight_line", "signal": "commuting", "region": "CN", "value": value}
        yield {**row, "date": day + timedelta(days=ahead), "lower": value - 9, "upper": value + 9}


def _dates(day: date, rng: np.random.Generator) -> Iterable[dict]:
    middle = day + timedelta(days=int(rng.integers(10, 20)))
    row = {"method": "straight_line", "signal": "commuting", "region": "CN", "threshold": 100.0, "prob_by": 0.9}
    row |= {"prob_never": 0.1, "prob_by_7d": 0.1, "prob_by_14d": 0.5, "prob_by_28d": 0.8}
    limits = {"date_median": middle, "date_lower": middle - timedelta(days=3), "date_upper": middle + timedelta(days=4)}
    yield {**row, **limits, "horizon": day + timedelta(days=60)}


def _scores(day: date, rng: np.random.Generator) -> Iterable[dict]:
    made = {"signal": "commuting", "region": "CN", "horizon": 7, "as_of": day - timedelta(days=9)}
    for method in ("straight_line", "no_change", "stack"):
        came = {"date": day - timedelta(days=2), "value": 70.0, "crps": float(rng.uniform(1, 9)), "covered": True}
        yield {"method": method, **made, **came}


def _composite(day: date, rng: np.random.Generator) -> Iterable[dict]:
    for back in range(22):
        for kind in ("weights", "factor"):
            parts = [
                {"signal": s, "weight": w, "loading": 9.0, "value": v, "observed": s != "commuting" or back > 1,
                 "contribution": w * (v - 100)}
                for s, w in (("commuting", 0.6), ("parking", 0.15), ("steel", 0.25))
                for v in [float(rng.uniform(20, 100))]
            ]  # fmt: skip
            value = 100 + sum(part["contribution"] for part in parts)
            place = {"level": "country", "region": "CN", "kind": kind, "date": day - timedelta(days=back)}
            yield {**place, "value": value, "lower": value - 4, "upper": value + 4, "parts": parts}


def _counts(day: date, rng: np.random.Generator) -> Iterable[dict]:
    for lot in ("lot0", "lot1"):
        found = float(rng.uniform(20, 100))
        point = {"column": 3.0, "row": 4.0, "score": 0.8, "probability": 0.9, "inside": 1.0, "listed": True}
        limits = {"vehicles": found, "sd": 2.0, "lower": found - 3, "upper": found + 4, "stalls": 120.0}
        seen = {"occupancy": found / 120, "valid": True, "gsd": 0.3, "candidates": [point, point]}
        yield {"site_id": lot, "image_id": f"{lot}-{day}", **limits, **seen}


def _roughness(day: date, rng: np.random.Generator) -> Iterable[dict]:
    seen = {"roughness": float(rng.uniform(0.5, 2)), "roughness_sd": 0.05, "pixels": 400, "gsd": 3.0, "valid": True}
    yield {"site_id": "lot2", "image_id": f"coarse-{day}", **seen}


_ROWS = {
    "steel_activity": lambda day, rng: _activity("steel", day, rng),
    "steel_festival": _festival,
    "lot_counts": _counts,
    "lot_index": _roughness,
    "parking_activity": lambda day, rng: _activity("parking", day, rng),
    "city_commuters": _commuters,
    "mobility_index": _index,
    "raw_files": _raw_files,
    "recovery_index": _composite,
    "sector_shares": _shares,
    "sector_trends": _trends,
    "solar_farms": _farms,
    "forecast_paths": _paths,
    "forecast_dates": _dates,
    "forecast_scores": _scores,
}
DAILY = tuple(_ROWS)
