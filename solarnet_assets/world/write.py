"""Writes the raw files of any day of the simulated country, and the reference tables of its places."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from solarnet_assets.landing import BadInputError
from solarnet_assets.world.arrivals import write_arrivals
from solarnet_assets.world.ground import wkt_polygon
from solarnet_assets.world.scenario import Scenario
from solarnet_assets.world.truth import truth

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["KINDS", "truth", "write_day", "write_reference"]

KINDS = ("steel_scenes", "solar_scenes", "lot_images", "pings", "mobility_index", "posts")
"""Every kind of raw file that the country writes by day."""

DETAILS_SCHEMA = pl.Schema(
    {"signal": pl.String, "key": pl.String, "date": pl.Date, "quantity": pl.String, "value": pl.Float64}
)
Details = list[tuple[str, str, float]]


def _frame(signal: str, day: date, details: Details) -> pl.DataFrame:
    rows = [(signal, key, day, quantity, float(value)) for key, quantity, value in details]
    return pl.DataFrame(rows, schema=DETAILS_SCHEMA, orient="row")


def _steel(scenario: Scenario, day: date, dest: Path) -> pl.DataFrame:
    from solarnet_assets.world.scenes import write_steel_scenes

    return _frame("steel", day, write_steel_scenes(scenario, day, dest))


def _solar(scenario: Scenario, day: date, dest: Path) -> pl.DataFrame:
    from solarnet_assets.world.farms import write_solar_scenes

    return _frame("solar", day, write_solar_scenes(scenario, day, dest))


def _lots(scenario: Scenario, day: date, dest: Path) -> pl.DataFrame:
    from solarnet_assets.world.lots import write_lot_images

    return _frame("parking", day, write_lot_images(scenario, day, dest))


def _pings(scenario: Scenario, day: date, dest: Path) -> pl.DataFrame:
    from solarnet_assets.world.pings import write_pings

    return write_pings(scenario, day, dest)


def _index(scenario: Scenario, day: date, dest: Path) -> pl.DataFrame:
    from solarnet_assets.world.index import write_index

    return write_index(scenario, day, dest)


def _posts(scenario: Scenario, day: date, dest: Path) -> pl.DataFrame:
    from solarnet_assets.world.posts import write_posts

    return write_posts(scenario, day, dest)


_WRITERS: dict[str, Callable[[Scenario, date, Path], pl.DataFrame]] = {
    "steel_scenes": _steel, "solar_scenes": _solar, "lot_images": _lots,
    "pings": _pings, "mobility_index": _index, "posts": _posts,
}  # fmt: skip


def write_day(scenario: Scenario, kind: str, day: date, dest: Path) -> pl.DataFrame:
    """Write the raw files of one kind and one local day; the same arguments give the same bytes.

    Args:
        scenario: the simulated country.
        kind: one of :data:`KINDS`.
        day: local calendar day.
        dest: existing empty folder; left empty on a day without a pass.

    ``arrivals.csv`` beside them says when they were delivered.

    Returns:
        What is true of the files: columns signal, key, date, quantity, value.

    Raises:
        BadInputError: the kind is unknown.
    """
    if kind not in _WRITERS:
        raise BadInputError(f"the simulated country has no raw files of kind {kind!r}; it has {', '.join(KINDS)}")
    details = _WRITERS[kind](scenario, day, dest)
    write_arrivals(scenario, kind, day, dest)
    return details


def _city_of(scenario: Scenario, lon: float, lat: float) -> str | None:
    """Return the nearest city of which a place lies within two and a half radii (works stand on the outskirts)."""
    best: tuple[float, str] | None = None
    for city in scenario.cities:
        east = (lon - city.lon) * 111.32 * math.cos(math.radians(lat))
        km = math.hypot(east, (lat - city.lat) * 110.57)
        if km <= 2.5 * city.radius_km and (best is None or km < best[0]):
            best = (km, city.id)
    return best[1] if best else None


def sites(scenario: Scenario) -> pl.DataFrame:
    """Return the places that are watched from above, with the polygon that is measured (WKT, EPSG:4326)."""
    from solarnet_assets.world.farms import area_grid
    from solarnet_assets.world.lots import lot_ring
    from solarnet_assets.world.mills import plant
    from solarnet_assets.world.scenes import mill_grid

    rows: list[tuple[object, ...]] = []
    for mill in scenario.mills:
        ring = mill_grid(mill).local(plant(scenario.seed, mill.id, mill.capacity).ring)
        rows.append(
            (mill.id, "steel", mill.name, "mill", mill.region, mill.lon, mill.lat, mill.capacity, wkt_polygon(ring))
        )
    for lot in scenario.lots:
        ring = lot_ring(scenario, lot)
        rows.append(
            (lot.id, "parking", lot.name, lot.group, lot.region, lot.lon, lot.lat, float(lot.stalls), wkt_polygon(ring))
        )
    for farm in scenario.farms:
        ring = area_grid(farm).outline()
        rows.append(
            (farm.id, "solar", farm.name, "area of interest", farm.region, farm.lon, farm.lat, None, wkt_polygon(ring))
        )
    columns = ["site_id", "signal", "name", "group", "region", "lon", "lat", "capacity", "geometry"]
    frame = pl.DataFrame(rows, schema=columns, schema_overrides={"capacity": pl.Float64}, orient="row")
    city = [_city_of(scenario, lon, lat) for lon, lat in frame.select("lon", "lat").iter_rows()]
    return frame.insert_column(5, pl.Series("city", city, dtype=pl.String))


def cities(scenario: Scenario) -> pl.DataFrame:
    """Return the cities whose commuters are counted."""
    rows = [
        (c.id, c.name, c.region, c.lon, c.lat, c.radius_km, scenario.timezone, c.workforce) for c in scenario.cities
    ]
    columns = ["city", "name", "region", "lon", "lat", "radius_km", "timezone", "workforce"]
    return pl.DataFrame(rows, schema=columns, orient="row")


def write_reference(scenario: Scenario, dest: Path) -> None:
    """Write sites.csv and cities.csv into a folder."""
    sites(scenario).write_csv(dest / "sites.csv")
    cities(scenario).write_csv(dest / "cities.csv")
