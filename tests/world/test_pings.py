"""Pings: the truth can be read off them, and they are as untidy as they should be."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from solarnet_assets.world.almanac import is_workday, lunar_position
from solarnet_assets.world.devices import HOME, PART, WORK, devices_of, owners_of, places
from solarnet_assets.world.pings import city_pings, write_pings
from solarnet_assets.world.scenario import City, Scenario, Signals

NORMAL = [(date(2020, 1, 1), 100.0)]
SLUMP = [(date(2020, 1, 19), 100.0), (date(2020, 1, 26), 25.0), (date(2020, 2, 9), 20.0), (date(2020, 3, 10), 72.0)]
PLACES = [("a", 114.3, 30.6), ("b", 121.5, 31.2), ("c", 116.4, 39.9), ("d", 104.1, 30.7)]


def scenario(curve=NORMAL, seed=7, panel=300, **changes):
    cities = [City(id=k, name=k, region=k, lon=x, lat=y, panel=panel) for k, x, y in PLACES]
    cities.append(City(id="unseen", name="unseen", region="e", lon=110, lat=20, panel=0))
    signals = Signals(steel=NORMAL, parking=NORMAL, commuting=curve, sectors={})
    fields = {"name": "t", "seed": seed, "start": date(2020, 1, 1), "end": date(2020, 3, 15), "signals": signals}
    return Scenario(**(fields | {"cities": cities, "mills": [], "lots": [], "farms": []} | changes))


def written(world, day, folder):
    truth = write_pings(world, day, folder)
    return pl.concat([pl.read_parquet(file) for file in sorted(folder.glob("*.parquet"))]), truth


def share(world, day):
    """Return commuters / workers that are in town and visible, over all cities."""
    counts = np.zeros(2)
    for city in world.cities[:-1]:
        devices = devices_of(world, city, day)
        here = devices.visible & ~devices.away & devices.workers
        counts += (here & devices.commutes).sum(), here.sum()
    return counts[0] / counts[1]


def percent_of_normal(world, day):
    """Return what the design defines: against days of the same type around the lunar-aligned day of 2019."""
    partner = day - timedelta(days=354 if day < date(2020, 2, 23) else 353)
    around = [partner + timedelta(days=k) for k in range(-5, 6)]
    return 100 * share(world, day) / np.mean([share(world, d) for d in around if is_workday(d) == is_workday(day)])


def test_the_same_day_gives_the_same_bytes_whatever_was_written_before(tmp_path):
    world, day = scenario(), date(2020, 1, 8)
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir(), second.mkdir()
    write_pings(world, day, first)
    write_pings(world, date(2020, 2, 1), tmp_path)
    write_pings(world, day, second)
    names = [file.name for file in sorted(first.iterdir())]
    assert names == ["pings-0.parquet", "pings-1.parquet"]
    assert all((first / n).read_bytes() == (second / n).read_bytes() for n in names)
    write_pings(scenario(seed=8), day, second)
    assert (first / names[0]).read_bytes() != (second / names[0]).read_bytes()


def test_columns_and_local_day(tmp_path):
    frame, _ = written(scenario(), date(2020, 1, 8), tmp_path)
    assert frame.schema == {
        "device_id": pl.String, "timestamp": pl.Int64, "lat": pl.Float64, "lon": pl.Float64,
        "horizontal_accuracy": pl.Float64,
    }  # fmt: skip
    midnight = int(datetime(2020, 1, 7, 16, tzinfo=UTC).timestamp())
    assert frame["timestamp"].min() >= midnight
    assert frame["timestamp"].max() < midnight + 86400
    assert frame["device_id"].str.contains("^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$").all()


def test_faults_of_reality_are_there(tmp_path):
    frame, _ = written(scenario(), date(2020, 1, 8), tmp_path)
    days = [written(scenario(), date(2020, 1, d), tmp_path)[0] for d in range(9, 14)]
    everything = pl.concat([frame, *days])
    assert 0 < everything.filter(pl.col("lat").abs() > 90).height < 30
    assert frame.is_duplicated().any()
    assert frame["horizontal_accuracy"].null_count() > 0
    each = frame.group_by("device_id").len()["len"]
    assert 10 < each.mean() < 25
    assert each.quantile(0.95) > 3 * each.median()
    gaps = frame.sort("device_id", "timestamp").with_columns(pl.col("timestamp").diff().over("device_id").alias("gap"))
    assert (gaps["gap"] <= 5).mean() > 0.1
    assert (gaps.group_by("device_id").agg(pl.col("gap").max())["gap"] > 2 * 3600).mean() > 0.7


@pytest.mark.parametrize("day", [date(2020, 1, 8), date(2020, 2, 12), date(2020, 2, 27), date(2020, 3, 10)])
def test_percent_of_normal_is_the_curve(day):
    quiet, slump = scenario(), scenario(SLUMP)
    assert percent_of_normal(quiet, day) == pytest.approx(100, abs=4)
    expected = np.interp(day.toordinal(), [d.toordinal() for d, _ in SLUMP], [v for _, v in SLUMP])
    assert percent_of_normal(slump, day) == pytest.approx(expected, abs=4)


def test_days_off_are_quieter_and_festival_travellers_leave():
    world = scenario()
    assert share(world, date(2020, 1, 8)) > 2.5 * share(world, date(2020, 1, 5))
    away = [devices_of(world, world.cities[0], d).away.mean() for d in (date(2020, 1, 6), date(2020, 1, 25))]
    assert away[0] < 0.08 < 0.25 < away[1]
    same_position = devices_of(world, world.cities[0], date(2019, 2, 5)).away.mean()
    assert same_position == pytest.approx(away[1], abs=0.08)


def test_panel_grows_and_devices_come_and_go():
    world = scenario()
    city = world.cities[0]
    before, after = (set(owners_of(world, city, d).key.tolist()) for d in (date(2019, 2, 1), date(2020, 2, 1)))
    assert 0.5 < len(before) / len(after) < 0.8
    week = set(owners_of(world, city, date(2020, 2, 8)).key.tolist())
    assert len(after & week) / len(after) > 0.9
    assert after - week
    assert 0.1 < len(before & after) / len(before) < 0.7


def test_commuters_are_seen_at_home_and_at_work(tmp_path):
    world = scenario(panel=300)
    city, day = world.cities[0], date(2020, 1, 8)
    frame, truth = written(world.model_copy(update={"cities": [city]}), day, tmp_path)
    devices = devices_of(world, city, day)
    where = places(world, city, devices, day)
    commuters = np.flatnonzero(devices.commutes & devices.visible)
    counted = truth.filter(pl.col("quantity") == "commuters")["value"].item()
    assert len(commuters) == counted
    km = 111.32 * np.array([np.cos(np.radians(city.lat)), 1.0])
    fixes = (frame.select("lon", "lat").to_numpy() - [city.lon, city.lat]) * km
    seen = [(np.linalg.norm(fixes - where[d, p], axis=1) < 0.2).sum() for d in commuters[:40] for p in (HOME, WORK)]
    assert np.mean(np.array(seen) > 0) > 0.85
    distance = np.linalg.norm(where[devices.workers, HOME] - where[devices.workers, WORK], axis=1)
    assert 2.5 < np.median(distance) < 6
    assert (distance > 0.55).mean() > 0.9


def test_no_panel_writes_nothing(tmp_path):
    world = scenario()
    truth = write_pings(world.model_copy(update={"cities": world.cities[-1:]}), date(2020, 1, 8), tmp_path)
    assert truth.is_empty()
    assert not list(tmp_path.iterdir())


def test_truth_details_hold_the_city_curve(tmp_path):
    own = scenario().cities[0].model_copy(update={"curve": [(date(2020, 1, 1), 40.0)]})
    world = scenario(cities=[own, *scenario().cities[1:]])
    truth = write_pings(world, date(2020, 1, 8), tmp_path)
    level = truth.filter(quantity="percent_of_normal").select("key", "value").rows()
    assert dict(level) == {"a": 40.0, "b": 100.0, "c": 100.0, "d": 100.0}
    assert truth.columns == ["signal", "key", "date", "quantity", "value"]


def test_lunar_position():
    assert [lunar_position(d) for d in (date(2020, 1, 25), date(2019, 2, 4), date(2020, 2, 9))] == [0, -1, 15]
    assert is_workday(date(2020, 1, 19))
    assert not is_workday(date(2020, 1, 31))
    assert is_workday(date(2040, 1, 2))


def test_part_of_those_who_work_part_of_the_week_have_their_own_weekdays():
    world = scenario(panel=4000)
    mondays = [date(2019, 11, 4) + timedelta(days=7 * n) for n in range(8)]
    weeks = {weekday: [] for weekday in range(5)}
    for monday in mondays:
        for weekday in weeks:
            devices = devices_of(world, world.cities[0], monday + timedelta(days=weekday))
            part = devices.kind == PART
            weeks[weekday].append(dict(zip(devices.key[part].tolist(), devices.commutes[part].tolist(), strict=True)))
    stay = set.intersection(*(set(day) for days in weeks.values() for day in days))
    rates = np.array([[np.mean([day[key] for day in days]) for days in weeks.values()] for key in stay])
    fixed = ((rates < 0.2) | (rates > 0.7)).all(axis=1)
    assert 0.35 < fixed.mean() < 0.75
    assert rates.mean(axis=0) == pytest.approx(np.full(5, rates.mean()), abs=0.12)


def test_a_city_may_say_how_often_its_phones_report():
    world = scenario(cities=[City(id="a", name="a", region="a", lon=114, lat=30, panel=300, pings_a_day=5.0)])
    devices = devices_of(world, world.cities[0], date(2019, 1, 8))
    assert set(devices.pings_a_day.tolist()) == {5.0}


def test_who_is_visible_has_a_fix():
    world = scenario(cities=[City(id="a", name="a", region="a", lon=114, lat=30, panel=600, pings_a_day=1.0)])
    fixes, devices = city_pings(world, world.cities[0], date(2020, 1, 8))
    meant = devices_of(world, world.cities[0], date(2020, 1, 8))
    assert fixes["device_id"].n_unique() == devices.visible.sum() < meant.visible.sum()
