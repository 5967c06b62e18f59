"""Late files and what was known before them: a small country of all four signals, through the assets and the warehouse.

One home is made without four late files (a scene, a picture of a car park, pings, an index); then they come, declared
to have arrived later, and everything is made again; another home has had them from the start and grew in two runs.
"""

import shutil
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import duckdb
import numpy as np
import polars as pl
import pytest

from solarnet_assets.defs import commuting, composite, nowcast, parking, raw, steel, warehouse
from solarnet_assets.defs.resources import Project
from solarnet_assets.imagery.geometry import transformer
from solarnet_assets.imagery.raster import Grid, encode_geotiff
from solarnet_assets.parking.render import render

sys.path.append(str(Path(__file__).parents[1] / "steel"))
import works

OPEN, START, END = date(2020, 1, 2), date(2020, 1, 9), date(2020, 1, 14)
"""First day of files, first as-of day, and last day of both."""

LATE = {
    "mobility_index": (date(2020, 1, 8), date(2020, 1, 11)),
    "pings": (date(2020, 1, 9), date(2020, 1, 12)),
    "steel_scenes": (date(2020, 1, 10), date(2020, 1, 13)),
    "lot_images": (date(2020, 1, 10), date(2020, 1, 14)),
}
"""Day of the late file, and day on which it arrived."""

KNOWN = {
    "steel": LATE["steel_scenes"][1],
    "parking": LATE["lot_images"][1],
    "commuting": LATE["mobility_index"][1],
    "composite": LATE["mobility_index"][1],
}
"""First as-of day that may know of a signal's late files."""

FIRST_LATE = min(arrived for _, arrived in LATE.values())
MADE_AS_OF = ("steel_activity", "parking_activity", "recovery_index", "forecast_paths", "forecast_dates")
DEVICES, LATE_DEVICES = range(60), range(40, 60)
"""Phones, and those of them whose pings of one day came late."""


def days(first, last):
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def write_pings(file, day, devices):
    rng = np.random.default_rng([4, day.toordinal(), devices[0]])
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp())
    hours = np.array([1.0, 3.0, 5.0, 10.0, 11.0, 14.0, 15.0, 20.0])
    away = (hours > 9) & (hours < 16) & (day.weekday() < 5)
    device, slot = np.divmod(np.arange(len(devices) * len(hours)), len(hours))
    at_work = (rng.uniform(size=len(devices)) < 0.8)[device] & away[slot]
    east = np.where(at_work, 0.05, 0.0) + rng.normal(0, 1e-4, len(device))
    who = np.array(devices)[device]
    file.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame({"device_id": who.astype(str), "timestamp": midnight + (3600 * hours[slot]).astype(int)}).with_columns(
        lat=pl.Series(39.9 + 0.002 * who), lon=pl.Series(116.4 + east)
    ).write_parquet(file)


def write_scene(file, seed):
    made = works.scene(level=0.7, seed=seed)
    numbers = np.stack([np.round(made.reflectance[b] * 10000) for b in works.BANDS]).clip(1).astype(np.uint16)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(encode_geotiff(numbers, works.GRID, works.BANDS, 0))


CHIP = next(c for c in (render(np.random.default_rng([3, n])) for n in range(60)) if 10 <= len(c.centres) <= 60)
LOT = Grid(32650, (0.3, 0.0, 500_000 - 14.4, 0.0, -0.3, 4_000_000 + 14.4), 96, 96)


def write_lot(file, noise):
    pixels = np.clip(CHIP.image[:96, :96].astype(int) + np.random.default_rng(noise).integers(-3, 4), 0, 255)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(encode_geotiff(pixels.astype(np.uint8).transpose(2, 0, 1), LOT, [""] * 3, None))


def write_index(file, day):
    level = 5.0 * (0.9 if day.weekday() < 5 else 0.5) * (1 + 0.02 * np.sin(day.toordinal()))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"city,day,intensity\npaper,{day},{level}\n")


def in_time(root):
    """Write the files that came in time; of a late file's kind nothing else comes that day but for pings."""
    for day in days(OPEN, END):
        there = [d for d in DEVICES if day != LATE["pings"][0] or d not in LATE_DEVICES]
        write_pings(root / f"pings/{day}/a.parquet", day, there)
        if day != LATE["mobility_index"][0]:
            write_index(root / f"mobility_index/{day}/index.csv", day)
    for n, day in enumerate((date(2020, 1, 4), date(2020, 1, 12))):
        write_scene(root / f"steel_scenes/{day}/mill.tif", n)
        write_lot(root / f"lot_images/{day}/lot.tif", n)
    write_lot(root / f"lot_images/{LATE['lot_images'][0]}/zz_in_time.tif", 8)


def come_late(root):
    """Write the late files, and say when they came."""
    names = {"mobility_index": "index.csv", "pings": "b.parquet", "steel_scenes": "mill.tif", "lot_images": "aa.tif"}
    files = {kind: root / kind / str(LATE[kind][0]) / name for kind, name in names.items()}
    write_index(files["mobility_index"], LATE["mobility_index"][0])
    write_pings(files["pings"], LATE["pings"][0], LATE_DEVICES)
    write_scene(files["steel_scenes"], 9)
    write_lot(files["lot_images"], 9)
    declare(root, {kind: {file: LATE[kind][1]} for kind, file in files.items()})


def declare(root, told):
    for kind, arrived in told.items():
        rows = [f"{file.relative_to(root / kind).as_posix()},{when}" for file, when in arrived.items()]
        (root / kind / "arrivals.csv").write_text("\n".join(["file,arrived", *rows]) + "\n")


def ring():
    to_degrees = transformer(32650, 4326).transform
    corners = [(-12, -12), (12, -12), (12, 12), (-12, 12), (-12, -12)]
    return ", ".join("{} {}".format(*to_degrees(500_000 + x, 4_000_000 + y)) for x, y in corners)


def country(root):
    root.mkdir()
    sites = "site_id,signal,name,group,region,city,lon,lat,capacity,geometry"
    lot = f'lot,parking,Lot,factory,A,,117.0,36.1,80,"POLYGON(({ring()}))"'
    (root / "sites.csv").write_text(f'{sites}\nmill,steel,Mill,mill,A,,117.0,39.7,8,"{works.WKT}"\n{lot}\n')
    cities = "city,name,region,lon,lat,radius_km,timezone,workforce"
    here, paper = "here,Here,A,116.4,39.9,30,Asia/Shanghai,1000000", "paper,Paper,B,100,30,30,Asia/Shanghai,900000"
    (root / "cities.csv").write_text(f"{cities}\n{here}\n{paper}\n")
    lines = "\n".join(f"  {kind}: {{type: files, path: {kind}}}" for kind in LATE)
    (root / "config.yaml").write_text(f"home: home\nsites: sites.csv\ncities: cities.csv\nsources:\n{lines}\n")
    in_time(root)
    project = Project(config_file=str(root / "config.yaml"))
    assert project.config.home == root / "home"
    return project


ASKED = ["marts.recovery_vintages", "marts.recovery_daily", "intermediate.int_recovery_known"]
ASKED += ["marts.raw_files", "marts.city_commuters"]
MODELS = [warehouse.asset_key(table) for table in sorted(warehouse.SQL.ancestors(ASKED))]
HALF = date(2020, 1, 11)


def made(project, assets, first=START, last=END):
    span = {"dagster/asset_partition_range_start": str(first), "dagster/asset_partition_range_end": str(last)}
    definitions = dg.Definitions(assets, resources={"project": project})
    with dg.DagsterInstance.ephemeral() as instance:
        job = definitions.resolve_implicit_global_asset_job_def()
        keys = [key for asset in assets for key in (MODELS if asset is warehouse.warehouse else asset.keys)]
        assert job.execute_in_process(instance=instance, tags=span, asset_selection=keys).success


PLACES = [raw.sites, raw.cities, commuting.calendar]
FROM_FILES = [raw.steel_scenes, raw.lot_images, raw.pings, raw.mobility_index, raw.raw_files]
FROM_FILES += [steel.steel_observations, parking.lot_counts, commuting.device_days]
HOMES = [commuting.home_work, commuting.city_commuters]
AS_OF = [steel.steel_activity, parking.parking_activity]
AS_OF += [warehouse.warehouse, composite.recovery_index, nowcast.forecasts, nowcast.forecast_scores]


def write_past(project):
    """Write what the year before would have left: autumn passes, autumn counts, and a normal January."""
    lake = project.lake
    rng = np.random.default_rng(1)
    seen, counted = (lake.read(a, date(2020, 1, 4)).drop("day") for a in ("steel_observations", "lot_counts"))
    for n, day in enumerate(days(date(2019, 9, 2), date(2019, 9, 2) + timedelta(days=40))[::4]):
        factor = 1.5 + 0.05 * rng.normal()
        maps = pl.col("excess_map").list.eval((pl.element() * factor).cast(pl.Int16))
        lake.write("steel_observations", day, seen.with_columns(maps, scene_id=pl.lit(f"s{n}")))
        cars = {name: pl.lit(value + n % 3) for name, value in (("lower", 8.0), ("vehicles", 11.0), ("upper", 14.0))}
        lake.write("lot_counts", day, counted.with_columns(**cars, image_id=pl.lit(f"i{n}")))
    for day in days(date(2018, 12, 24), date(2019, 2, 8)) + days(date(2019, 12, 24), OPEN - timedelta(days=1)):
        busy = 0.9 if day.weekday() < 5 else 0.5
        index = {"city": "paper", "intensity": 5.0 * busy, "provider": "p"}
        lake.write("mobility_index", day, pl.DataFrame([index]))
        if day.year == OPEN.year - 1 and day.month == 12:
            continue
        figures = {
            "panel": 30,
            "commuters": 25.0 * busy,
            "commuters_seen": 20,
            "commuters_sd": 1.0,
            "share": 0.8 * busy,
        }
        more = {"city": "here", "detection": 0.9, "share_sd": 0.05, "epsilon": None, "suppressed": False}
        lake.write("city_commuters", day, pl.DataFrame([more | figures]))


def finish(project):
    """Write the past, which is made from a pass of today, and all that is known as of days."""
    made(project, [*PLACES, *FROM_FILES, *HOMES], OPEN)
    write_past(project)
    made(project, AS_OF)


@pytest.fixture(scope="module")
def homes(tmp_path_factory):
    """Before the late files; after them; and a home that had them from the start and grew in two runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SOLARNET_HOME", raising=False)
        patch.setenv("SOLARNET_HASH_KEY", "one key for all homes")
        root = tmp_path_factory.mktemp("vintages")
        before = country(root / "before")
        finish(before)
        shutil.copytree(root / "before", root / "after")
        after = Project(config_file=str(root / "after/config.yaml"))
        assert after.config.home == root / "after/home"
        come_late(root / "after")
        made(after, [*FROM_FILES, *HOMES], OPEN)
        made(after, AS_OF)
        grown = country(root / "grown")
        come_late(root / "grown")
        made(grown, [*PLACES, *FROM_FILES, *HOMES], OPEN, HALF)
        write_past(grown)
        made(grown, AS_OF, START, HALF)
        made(grown, [*FROM_FILES, *HOMES, *AS_OF], HALF + timedelta(days=1), END)
        return {"before": before, "after": after, "grown": grown}


def table(project, name):
    with duckdb.connect(str(project.warehouse), read_only=True) as con:
        return con.sql(f"from {name} order by all").pl()


def vintages(project, signal, last):
    rows = table(project, "marts.recovery_vintages")
    return rows.filter(pl.col("signal") == signal, pl.col("as_of") < last)


@pytest.mark.parametrize("signal", KNOWN)
def test_no_as_of_day_before_a_late_file_knows_of_it(homes, signal):
    before, after = (vintages(homes[name], signal, KNOWN[signal]) for name in ("before", "after"))
    assert before.height > 0
    assert after.equals(before)


@pytest.mark.parametrize("signal", KNOWN)
def test_as_of_days_from_its_arrival_on_do(homes, signal):
    before, after = (vintages(homes[name], signal, END + timedelta(days=1)) for name in ("before", "after"))
    changed = after.join(before, on=after.columns, how="anti")["as_of"].unique().to_list()
    assert min(changed) == KNOWN[signal] if signal != "composite" else min(changed) >= KNOWN[signal]


@pytest.mark.parametrize("asset", MADE_AS_OF)
def test_what_is_made_as_of_days_before_has_the_same_bytes(homes, asset):
    one, other = (homes[name].lake for name in ("before", "after"))
    same = [d for d in days(START, END) if _bytes(one, asset, d) == _bytes(other, asset, d)]
    assert set(days(START, FIRST_LATE - timedelta(days=1))) <= set(same)
    assert END not in same


@pytest.mark.parametrize("signal", ["steel", "parking", "commuting"])
def test_forecasts_and_their_scores_stay_until_the_file_has_come(homes, signal):
    for name in ("forecast_paths", "forecast_dates"):
        one, other = (_of(homes[home], name, signal, KNOWN[signal]) for home in ("before", "after"))
        assert one.height > 0
        assert other.equals(one)
    one, other = (_of(homes[home], "forecast_scores", signal, KNOWN[signal]) for home in ("before", "after"))
    assert other.equals(one)


def _of(project, asset, signal, until):
    rows = project.lake.scan(asset, START, until - timedelta(days=1)).collect()
    return rows.filter(pl.col("signal") == signal)


def _bytes(lake, asset, day):
    return (lake.folder(asset, day) / "data.parquet").read_bytes()


def test_homes_of_earlier_days_are_not_found_anew(homes):
    for day in days(OPEN, END):
        one, other = (homes[name].lake.read("home_work", day) for name in ("before", "after"))
        assert one.equals(other) == (day < LATE["pings"][1]), day


def test_a_history_of_runs_and_one_run_over_all_days_give_the_same_rows(homes):
    with duckdb.connect(str(homes["after"].warehouse), read_only=True) as con:
        listed = con.sql(
            "select schema_name || '.' || table_name from duckdb_tables() "
            "where schema_name in ('staging', 'intermediate', 'marts')"
        ).fetchall()
    assert len(listed) == len(MODELS)
    for (name,) in listed:
        assert table(homes["grown"], name).equals(table(homes["after"], name)), name


def test_the_newest_figures_hold_the_late_files(homes):
    before, after = (table(homes[name], "marts.city_commuters") for name in ("before", "after"))
    assert before.filter(city="paper", day=LATE["mobility_index"][0]).is_empty()
    assert after.filter(city="paper", day=LATE["mobility_index"][0]).height == 1
    panels = [f.filter(city="here", day=LATE["pings"][0])["panel"].item() for f in (before, after)]
    assert panels[1] > panels[0]
    states = homes["after"].lake.read("city_commuters", LATE["pings"][0])
    assert states["known_on"].to_list() == [None, LATE["pings"][1]]


def test_files_that_are_declared_in_time_change_no_byte(homes, tmp_path, monkeypatch):
    monkeypatch.delenv("SOLARNET_HOME", raising=False)
    monkeypatch.setenv("SOLARNET_HASH_KEY", "one key for all homes")
    root = tmp_path / "told"
    told = country(root)
    files = {kind: [f for f in (root / kind).rglob("*") if f.is_file()] for kind in LATE}
    declare(root, {k: {f: f"{f.parent.name}T23:30:00+08:00" for f in found} for k, found in files.items()})
    made(told, [*PLACES, *FROM_FILES], OPEN, date(2020, 1, 5))
    for asset in ("steel_observations", "lot_counts", "device_days", "mobility_index", "pings", "steel_scenes"):
        for day in days(OPEN, date(2020, 1, 5)):
            one, other = homes["before"].lake.read(asset, day), told.lake.read(asset, day)
            assert one.equals(other), (asset, day)
            assert told.lake.states(asset, day) == [day]
    register = told.lake.read("raw_files", OPEN)
    assert register["arrival"].to_list().count("declared") == 2


def test_the_register_names_every_file_with_its_records(homes):
    rows = table(homes["after"], "marts.raw_files")
    late = rows.filter("is_late").select("kind", "day", "arrived").sort("kind").rows()
    assert late == sorted((kind, *when) for kind, when in LATE.items())
    assert rows.filter(pl.col("records_in") != pl.col("records_kept") + pl.col("records_refused")).is_empty()
    lake = homes["after"].lake
    for kind, (day, _) in LATE.items():
        counted = lake.counts(kind, day)
        assert rows.filter(kind=kind, day=day)["records_in"].sum() == counted.n_in
        assert counted.balanced
    named = rows.filter(pl.col("kind") == "pings", pl.col("file") != "")["file"].to_list()
    assert named, "there are files of pings"
    assert all(name.startswith("#") and "/" not in name for name in named), "names may be those of people"
    empty = rows.filter(pl.col("file") == "")
    assert set(empty["kind"]) == {"lot_images", "steel_scenes"}
    assert empty.filter(kind="steel_scenes").height == (END - OPEN).days + 1 - 3
