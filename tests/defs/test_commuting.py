"""The commuting assets on a small folder of pings, through Dagster, with a lake on disk."""

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import numpy as np
import polars as pl
import pytest

from solarnet_assets.defs import commuting, raw
from solarnet_assets.defs.resources import Project
from solarnet_assets.landing import BadInputError
from solarnet_assets.mobility.calendar import calendar_frame
from solarnet_assets.storage.lake import Lake
from solarnet_assets.storage.schemas import SCHEMAS

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
    groups_of_buckets_change_nothing(project, monkeypatch)
    published_as_configured(project)


def days_at(day, cells, night=0, work=0):
    """Device 1 in some cells on a day."""
    count = len(cells)
    east = [x * 250 / 111_195 for x in cells]
    return pl.DataFrame(
        {"city": ["here"] * count, "device": [1] * count, "bucket": [1] * count, "cell_x": cells, "cell_y": [0] * count,
         "lat": [0.0] * count, "lon": east, "night_slots": [night] * count, "work_slots": [work] * count,
         "work_mask": [2**work - 1] * count, "slots": [night + work] * count, "pings": [9] * count},
        schema={name: column.dtype for name, column in SCHEMAS["device_days"].columns().items()},
    )  # fmt: skip


@pytest.mark.parametrize(("chosen", "works"), [("{}", 1), ("{min_stay: 1}", 0), ("{rule: howde}", 0)])
def test_the_configured_rule_finds_homes_and_workplaces(project, chosen, works):
    """At work on a third of the working days, all day: enough for the robust rule, not to be sure, nor for HoWDe."""
    config = Path(project.config_file)
    config.write_text(config.read_text() + f"home_work: {chosen}\n")
    asked = Project(config_file=str(config))
    days = [LAST - timedelta(days=n) for n in range(27, -1, -1)]
    asked.lake.write("calendar", None, calendar_frame("CN", days[0], LAST))
    for n, day in enumerate(days):
        parts = [days_at(day, [0], night=12)]
        parts.append(days_at(day, [40], work=24) if n % 3 == 0 else days_at(day, [n + 60], work=24))
        asked.lake.write("device_days", day, pl.concat(parts))
    found = pl.concat(commuting.locate_day(asked, LAST).content)
    assert (found.height, found["work_lat"].count()) == (1, works)


def test_a_rule_that_there_is_not_is_named(project):
    config = Path(project.config_file)
    config.write_text(config.read_text() + "home_work: {rule: best}\n")
    with pytest.raises(BadInputError, match=r"home_work.rule"):
        Project(config_file=str(config)).config  # noqa: B018


def groups_of_buckets_change_nothing(project, monkeypatch):
    """Homes come from as many buckets at a time as fit, in one order."""
    monkeypatch.setattr(commuting, "ROWS_AT_ONCE", 10)
    frames = list(commuting.locate_day(project, LAST).content)
    assert len(frames) == 64
    assert pl.concat(frames).equals(project.lake.read("home_work", LAST).drop("day"))
    assert (pl.concat(frames)["device"] % 64).is_sorted()


def published_as_configured(project):
    """What is published of a counted day follows the configuration."""
    config = Path(project.config_file)
    text = config.read_text()
    shown = {}
    for name, privacy in {"k": "{k: 26}", "noise": "{k: 1, epsilon: 2.0}"}.items():
        config.write_text(f"{text}privacy: {privacy}\ncorrections: {{remove_base: false}}\n")
        other = Project(config_file=str(config))
        assert other.config.sql_settings["remove_base"] == "0"
        (shown[name],) = commuting.count_day(other, LAST).content.rows(named=True)
    assert shown["k"]["suppressed"]
    assert shown["noise"]["epsilon"] == 2.0
    assert shown["noise"]["commuters_sd"] > 2
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Lake, "states", lambda *_: [LAST, LAST + timedelta(days=1)])
        states = commuting.count_day(other, LAST).content.sort("known_on", nulls_last=False)
    assert states["epsilon"].to_list() == [2.0, 4.0], "what a day's later state spends comes on top"
