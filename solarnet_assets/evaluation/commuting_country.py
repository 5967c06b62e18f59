"""Drawn cities whose commuters are known: raw files, and what is true of every device."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from solarnet_assets.landing import RawFile
from solarnet_assets.mobility.calendar import calendar_frame
from solarnet_assets.mobility.homework import home_work, snapshot_days
from solarnet_assets.mobility.ids import hash_ids
from solarnet_assets.mobility.readers import read_pings
from solarnet_assets.mobility.reduce import device_days
from solarnet_assets.storage.lake import Lake
from solarnet_assets.world.devices import device_ids, devices_of
from solarnet_assets.world.pings import write_pings
from solarnet_assets.world.scenario import City, Scenario, load_scenario

KEY = b"held out"
WINDOW = 28


@dataclass(frozen=True)
class Drawn:
    """One city: its scenario, and the lake that its files were landed in."""

    scenario: Scenario
    lake: Lake

    @property
    def city(self) -> City:
        """The only city."""
        return self.scenario.cities[0]


def draw(seed: int, devices: int, pings_a_day: float | None, folder: Path) -> Drawn:
    """Return a city that follows the country's curve of the ``published`` scenario, with an empty lake.

    Args:
        seed: of everything that is drawn.
        devices: devices with the app at the end; the panel of known workplaces is three in ten of them.
        pings_a_day: mean fixes a day of every device; None: 5 to 60, each its own.
        folder: where the lake goes.
    """
    city = City(
        id=f"city{seed}", name="Drawn", region="Drawn", lon=114.3, lat=30.6, radius_km=16, panel=devices,
        pings_a_day=pings_a_day,
    )  # fmt: skip
    scenario = load_scenario("published").model_copy(update={"seed": seed, "cities": [city]})
    return Drawn(scenario, Lake(folder / f"city{seed}", folder / "quarantine"))


def land(drawn: Drawn, days: Iterable[date]) -> None:
    """Land ``device_days`` and ``home_work`` as far as the commuters of some days need them."""
    wanted = sorted({earlier for day in days for earlier in snapshot_days(day)})
    windows = {last - timedelta(days=n) for last in wanted for n in range(WINDOW)}
    for day in sorted(windows):
        drawn.lake.write("device_days", day, _reduced(drawn, day))
    calendar = calendar_frame(drawn.scenario.country, min(windows), max(windows))
    for last in wanted:
        recent = drawn.lake.scan("device_days", last - timedelta(days=WINDOW - 1), last)
        drawn.lake.write("home_work", last, home_work(recent, last, calendar))


def true_commuters(drawn: Drawn, day: date, panel_day: date) -> tuple[int, int]:
    """Return the devices of the panel that are seen on a day in town, and those of them that really went to work.

    The panel: devices with a home and a workplace in the ``HomeWork`` table of ``panel_day``. Who has no fix in the
    city that day is neither counted nor true.
    """
    known = drawn.lake.read("home_work", panel_day).filter(pl.col("work_lat").is_not_null())
    seen = drawn.lake.read("device_days", day).select("device").unique()
    devices = devices_of(drawn.scenario, drawn.city, day)
    truth = pl.DataFrame({"device": hash_ids(pl.Series(device_ids(devices.key)), KEY), "commutes": devices.commutes})
    panel = truth.join(known, on="device", how="semi").join(seen, on="device", how="semi")
    return panel.height, int(panel["commutes"].sum())


def _reduced(drawn: Drawn, day: date) -> pl.DataFrame:
    city = drawn.city
    place = {"city": city.id, "name": city.name, "region": city.region, "lon": city.lon, "lat": city.lat}
    cities = pl.DataFrame(
        [{**place, "radius_km": city.radius_km, "timezone": drawn.scenario.timezone, "workforce": city.workforce}]
    )
    with TemporaryDirectory(prefix="solarnet-") as folder:
        write_pings(drawn.scenario, day, Path(folder))
        files = [RawFile(path, path.name) for path in sorted(Path(folder).glob("*.parquet"))]
        landing = read_pings(files, day, {"cities": cities, "hash_key": KEY})
        return device_days(landing.frame, cities)
