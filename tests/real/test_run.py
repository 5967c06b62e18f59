"""Real data through Dagster's assets in the planner's order: nothing is lost, and what is known comes out."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest
import yaml

from solarnet_assets.config import KINDS, load_config, save_config
from solarnet_assets.defs.build import build_definitions
from solarnet_assets.defs.launch import plan_days
from solarnet_assets.storage.lake import Lake
from solarnet_assets.storage.schemas import SCHEMAS

REAL = Path(os.environ.get("SOLARNET_REAL", Path(__file__).parents[3] / "shared" / "real"))
pytestmark = [pytest.mark.real, pytest.mark.skipif(not (REAL / "s2_fire").is_dir(), reason="no real data here")]

CITIES = """city,name,region,lon,lat,radius_km,timezone,workforce
beijing,Beijing,Beijing,116.40,39.91,60,Asia/Shanghai,12700000
guangzhou,Guangzhou,Guangdong,113.26,23.13,30,Asia/Shanghai,9700000
wuhan,Wuhan,Hubei,114.30,30.60,30,Asia/Shanghai,3100000
nanning,Nanning,Guangxi,108.37,22.82,30,Asia/Shanghai,3200000
"""
SITE = "site_id,signal,name,group,region,city,lon,lat,capacity,geometry\n"
FIRE = (58.032, 58.097, -123.351, -123.229)
CANAL = (37.056, 37.093, -119.965, -119.922)


def site(key, south, north, west, east):
    ring = f"{west} {south},{east} {south},{east} {north},{west} {north},{west} {south}"
    return f'{key},steel,{key},g,R,,{(west + east) / 2},{(south + north) / 2},1,"POLYGON(({ring}))"\n'


class Run:
    """A home with one configuration, and what came of it."""

    def __init__(self, folder: Path, source: dict, kind: str, **settings):
        self.home, self.kind = folder / "home", kind
        (folder / "cities.csv").write_text(CITIES)
        (folder / "sites.csv").write_text(SITE + site("fire", *FIRE) + site("canal", *CANAL))
        fields = {"home": "home", "sites": "sites.csv", "cities": "cities.csv", "sources": {kind: source}, **settings}
        self.file = folder / "config.yaml"
        self.file.write_text(yaml.safe_dump(fields))
        self.lake = Lake(self.home / "lake", self.home / "quarantine")

    def run(self, monkeypatch, *spans):
        """Run the planner's tasks in this process; every check must pass."""
        monkeypatch.setenv("SOLARNET_HOME", str(self.home))
        save_config(load_config(self.file))
        job = build_definitions().resolve_implicit_global_asset_job_def()
        with dg.DagsterInstance.ephemeral() as instance:
            for task in [task for start, end in spans for task in plan_days(start, end)]:
                keys = ("start", task.start), ("end", task.end)
                tags = {f"dagster/asset_partition_range_{name}": str(day) for name, day in keys if day}
                done = job.execute_in_process(
                    instance=instance,
                    tags=tags,
                    asset_selection=[dg.AssetKey.from_user_string(a) for a in task.assets],
                    run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                )
                failed = [f"{e.asset_key} {e.check_name}" for e in done.get_asset_check_evaluations() if not e.passed]
                assert failed == [], task.label
        return self

    def balance(self):
        """Return (in, out, quarantined) over all days; every day must balance, other sources must be empty."""
        for kind in KINDS:
            for day in self.lake.days(kind):
                assert self.lake.counts(kind, day).balanced, (kind, day)
                assert kind == self.kind or self.lake.read(kind, day).is_empty()
        counts = [self.lake.counts(self.kind, day) for day in self.lake.days(self.kind)]
        return tuple(sum(getattr(c, name) for c in counts) for name in ("n_in", "n_out", "n_quarantined"))

    def sql(self, query):
        with duckdb.connect(str(self.home / "warehouse.duckdb"), read_only=True) as con:
            return con.sql(query).fetchall()


def files(path, **more):
    return {"type": "files", "path": str(REAL / path), **more}


def test_the_fire_chip_is_a_hot_observation_with_a_picture(tmp_path, monkeypatch):
    options = {"bands": ["B09", "B11", "B12"], "scale": 0.0001, "offset": -0.1, "sun_elevation": 50}
    source = files("s2_fire/G90292_20230514.tif", options=options)
    day = date(2023, 5, 14)
    run = Run(tmp_path, source, "steel_scenes", country="CA", timezone="America/Vancouver")
    run.run(monkeypatch, (day, day))
    assert run.balance() == (1, 1, 0)
    (row,) = run.lake.read("steel_observations", day).iter_rows(named=True)
    assert row["valid"]
    assert 30 <= row["hot_pixels"] <= 200
    assert (run.home / "evidence" / row["evidence"]).read_bytes().startswith(b"\x89PNG")
    assert run.sql("select count(*) from marts.site_daily") == [(0,)], "one scene has no baseline: no percentage"
    for asset in ("pings", "posts", "lot_counts", "solar_polygons", "home_work", "steel_activity"):
        assert run.lake.exists(asset, day), f"{asset} without a source has no partition"
        assert set(SCHEMAS[asset].column_names()) <= set(run.lake.read(asset, day).columns)
    assert len(run.lake.days("steel_scenes")) == 1, "days before the source has anything need not run"


def test_negatives_without_the_second_infrared_band_are_not_judged(tmp_path, monkeypatch):
    source = files("s2_negatives", first_day=date(2024, 5, 30), options={"offset": 0.0, "required": ["B12"]})
    day = date(2024, 5, 30)
    run = Run(tmp_path, source, "steel_scenes", country="US", timezone="America/Los_Angeles")
    run.run(monkeypatch, (day, day))
    assert run.balance() == (3, 1, 2), "the chip, and two files that are no images"
    assert set(run.lake.rejects("steel_scenes", day)["file"]) == {"SOURCE.md", "index.csv"}
    (row,) = run.lake.read("steel_observations", day).iter_rows(named=True)
    assert not row["valid"]
    assert "B11" in row["reason"]


def test_geolife_has_device_days_and_homes(tmp_path):
    source = files("gps_geolife/geolife_sample.txt.gz", first_day=date(2008, 10, 23), options={"naive_timezone": "UTC"})
    run = Run(tmp_path, source, "pings", first_day=date(2008, 1, 1))
    day = "2008-11-14"
    command = [Path(sys.executable).with_name("solarnet"), "run", "--config", run.file, "--start", day, "--end", day]
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("SOLARNET", "DAGSTER"))}
    done = subprocess.run(command, env=clean, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "pings" in done.stdout
    n_in, n_out, quarantined = run.balance()
    assert n_in == n_out + quarantined > 90_000
    reduced = run.lake.scan("device_days", date(2008, 10, 23), date(2008, 11, 14)).collect()
    assert reduced["pings"].sum() == n_out
    assert reduced["device"].n_unique() == 2
    homes = run.lake.read("home_work", date(2008, 11, 14))
    assert 1 <= homes.height <= 2
    assert homes["home_lat"].is_between(39.7, 40.2).all()


def test_the_four_cities_have_their_outbreak_in_the_mart(tmp_path, monkeypatch):
    run = Run(tmp_path, files("mobility_index", first_day=date(2019, 1, 12), options={"provider": "Baidu"}),
              "mobility_index")  # fmt: skip
    run.run(monkeypatch, (date(2020, 2, 7), date(2020, 2, 11)), (date(2020, 3, 8), date(2020, 3, 12)))
    n_in, n_out, quarantined = run.balance()
    assert n_in == n_out > 4 * 60
    assert quarantined == 0
    rows = run.sql("select city, day, value, lower, upper from marts.city_commuters")
    found = {(city, f"{day:%m-%d}"): (lower, value, upper) for city, day, value, lower, upper in rows}
    plausible = {
        ("beijing", "02-09"): (25, 40), ("guangzhou", "02-09"): (20, 35), ("nanning", "02-09"): (30, 45),
        ("wuhan", "02-09"): (10, 20), ("beijing", "03-10"): (40, 55), ("guangzhou", "03-10"): (55, 75),
        ("nanning", "03-10"): (65, 90), ("wuhan", "03-10"): (8, 20),
    }  # fmt: skip
    for key, (low, high) in plausible.items():
        lower, value, upper = found[key]
        assert low <= value <= high, key
        assert value * 0.7 < lower < value < upper < value * 1.4, key
    assert run.sql("select count(*) from marts.recovery_daily where region = 'CN' and day >= '2020-02-01'") == [(10,)]


@pytest.mark.parametrize(
    ("name", "first", "day", "records"),
    [
        ("snscrape_export_2020.jsonl", date(2020, 7, 1), date(2020, 7, 1), 100),
        ("weibo_ncov.csv", date(2020, 1, 1), date(2020, 2, 6), None),
        ("tweets_corona.csv", date(2020, 3, 2), date(2020, 3, 14), None),
    ],
)
def test_posts_are_labelled_and_shared_out(tmp_path, monkeypatch, name, first, day, records):
    run = Run(tmp_path, files(f"posts/{name}", first_day=first), "posts").run(monkeypatch, (day, day))
    n_in, n_out, quarantined = run.balance()
    assert n_in == n_out + quarantined
    assert n_in == (records or n_in) >= 100
    labels = run.lake.read("post_labels", day)
    assert labels.height == run.lake.read("posts", day).height > 0
    rows = run.sql("select day, sector, share, growth_pct from marts.sector_growth where lang = 'all'")
    shares = [row[1:] for row in rows if row[0] == day]
    assert len(shares) == 9, "shares stand in the mart, also where nothing tells the base of growth"
    assert all(0 <= share < 0.5 for _, share, _ in shares)
    assert {growth for *_, growth in shares} == {None}, "no post of the base days, no growth"


def test_every_snscrape_schema_lands_in_a_folder_of_its_day(tmp_path, monkeypatch):
    folder = tmp_path / "drop" / "2020-02-10"
    folder.mkdir(parents=True)
    (folder / "schemas.jsonl").write_bytes((REAL / "posts" / "snscrape_schemas_0.7.0.jsonl").read_bytes())
    day = date(2020, 2, 10)
    run = Run(tmp_path, {"type": "files", "path": str(tmp_path / "drop")}, "posts").run(monkeypatch, (day, day))
    assert run.balance() == (13, 8, 5)
    networks = run.lake.read("posts", day)["network"].unique().to_list()
    assert pl.Series(networks).is_in(["twitter", "weibo", "mastodon", "telegram", "reddit", "vk"]).all()
    assert len(networks) == 6
