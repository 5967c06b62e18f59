"""The commuting assets on a small folder of pings, through Dagster, with a lake on disk."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg
import numpy as np
import polars as pl
import pytest

from solarnet_assets.defs import commuting, raw
from solarnet_assets.defs.resources import Project

START, DAYS, DEVICES = date(2020, 1, 2), 9, 30
LAST = START + timedelta(days=DAYS - 1)
"""2 to 10 January 2020: seven working days."""


def write_pings(folder):
    rng = np.random.default_rng(4)
    for day in (START + timedelta(days=n) for n in range(DAYS)):
        midnight = int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp())
        hours = np.array([1.0, 3.0, 5.0, 10.0, 11.0, 14.0, 15.0, 20.0])
        away = (hours > 9) & (hours < 16) & (day.weekday() < 5)
        device, slot = np.divmod(np.arange(DEVICES * len(hours)), len(hours))
        works = device < DEVICES - 5
        east = np.where(works & away[slot], 0.05, 0.0) + rng.normal(0, 1e-4, len(device))
        frame = pl.DataFrame(
            {"device_id": device.astype(str), "timestamp": midnight + (3600 * hours[slot]).astype(int)}
        ).with_columns(lat=pl.Series(39.9 + 0.002 * device), lon=pl.Series(116.4 + east))
        target = folder / day.isoformat()
        target.mkdir(parents=True)
        frame.write_parquet(target / "pings.parquet")


@pytest.fixture
def project(tmp_path):
    write_pings(tmp_path / "pings")
    header = "city,name,region,lon,lat,radius_km,timezone,workforce"
    (tmp_path / "cities.csv").write_text(f"{header}\nhere,Here,A,116.4,39.9,30,Asia/Shanghai,1000000\n")
    config = tmp_path / "config.yaml"
    config.write_text("home: home\ncities: cities.csv\nsources:\n  pings: {type: files, path: pings}\n")
    return Project(config_file=str(config))


def test_pings_become_commuters(project, monkeypatch):
    monkeypatch.delenv("SOLARNET_HOME", raising=False)
    assets = [
        raw.cities,
        raw.pings,
        commuting.calendar,
        commuting.device_days,
        commuting.home_work,
        commuting.city_commuters,
    ]
    span = {"dagster/asset_partition_range_start": str(START), "dagster/asset_partition_range_end": str(LAST)}
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(assets, resources={"project": project}, instance=instance, tags=span)
        assert result.success
        shown = {m.partition: m.metadata for m in result.asset_materializations_for_node("city_commuters")}
    (row,) = project.lake.read("city_commuters", LAST).rows(named=True)
    assert (row["city"], row["panel"], row["commuters_seen"]) == ("here", DEVICES - 5, DEVICES - 5)
    assert row["share"] == pytest.approx(1.0, abs=0.02)
    assert shown[str(LAST)]["panel"].value == DEVICES - 5
    assert project.lake.read("device_days", LAST)["pings"].sum() == 8 * DEVICES
    assert project.lake.read("home_work", LAST)["work_lat"].is_not_null().sum() == DEVICES - 5
    assert project.lake.read("calendar").height > 700
