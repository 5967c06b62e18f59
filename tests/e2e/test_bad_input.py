"""Bad input through Dagster's raw assets: each flaw in quarantine with its reason, the rest of the day processed."""

import gzip
import json
import os
import sys
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import dagster as dg
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

import solarnet_assets.mobility.readers as ping_readers
from solarnet_assets.config import KINDS
from solarnet_assets.defs.build import build_definitions
from solarnet_assets.defs.daily import COUNTS
from solarnet_assets.defs.resources import Project

sys.path.append(str(Path(__file__).parents[1] / "imagery"))  # tiny scenes
from chips import BANDS, Drop, item, numbers, site, tif

DAY, EMPTY = date(2020, 2, 9), date(2020, 2, 10)
HOSTILE = "x`<img src=x onerror=alert(1)>`|[a](b)\n# \u202ehead.jsonl"
TEXT = "work from home again, zoom all day"
CITIES = "city,name,region,lon,lat,radius_km,timezone,workforce\nbj,B,B,116.4,39.9,40,Asia/Shanghai,1000\n"


def tweet(number, **more):
    fields = {"_type": "snscrape.modules.twitter.Tweet", "id": number, "date": "2020-02-09T08:00:00+00:00"}
    return json.dumps({**fields, "rawContent": f"{TEXT} {number}", "user": {"id": number}, **more})


def drop_scenes(root):
    drop = Drop(root)
    good = drop.put("good")
    drop.put("twin", stac=item("twin"))
    drop.put("truncated", numbers(seed=1)).write_bytes((root / "2020-02-09/truncated.tif").read_bytes()[:9000])
    drop.write("text.tif", "hello, I am no picture")
    drop.put("noband", numbers(5, seed=2), stac=item("noband", bands=BANDS[:5]))
    drop.put("othercrs", numbers(seed=3), stac=item("othercrs", **{"proj:code": "EPSG:32651"}))
    drop.put("notime", numbers(seed=4), stac=item("notime", datetime="2020-02-09T02:50:00"))
    for name, href in (
        ("climbs", "../../etc/passwd.tif"),
        ("absolute", "/etc/passwd.tif"),
        ("remote", "http://e/x.tif"),
    ):
        drop.write(f"{name}.json", json.dumps(item(name, href=href)))
    drop.write("broken.json", "{")
    drop.put("year1", numbers(seed=6), stac=item("year1", datetime="0001-01-01T00:00:00+14:00"))
    drop.put("year9999", numbers(seed=7), stac=item("year9999", datetime="9999-12-31T23:59:59Z"))
    drop.put("digits", numbers(seed=8), stac=item("digits", gsd=10**400))
    scaled = item("scaled")
    scaled["assets"]["data"]["raster:bands"][0]["scale"] = float("nan")
    drop.put("scaled", numbers(seed=9), stac=scaled)
    drop.put("complex", numbers(seed=10).astype(np.complex64))
    with (root / "2020-02-09" / "n").open("wb") as odd:  # a name that is no UTF-8
        odd.write(b"hello")
    os.rename(root / "2020-02-09" / "n", os.fsencode(root / "2020-02-09") + b"/\xff.tif")  # noqa: PTH104
    outside = tif(root.parent / "outside.tif", numbers(seed=5))
    (root / "2020-02-09" / "link.tif").symlink_to(outside)
    (root / "2020-02-09" / "link`<b>.tif").symlink_to("/etc/passwd")
    return good


def drop_pings(folder):
    ids = ["../../etc/passwd", "'; drop table pings; --", "<script>", "\U0001f4f1" * 300, "", "ok"]
    rows = [f"{name},2020-02-09T0{n}:00:00Z,39.9,116.4,5" for n, name in enumerate(ids)]
    rows += ["ok,2020-02-09T03:00:00Z,200,116.4,5", "ok,2020-02-09T03:00:00,39.9,116.4,5", "ok,soon,39.9,116.4,5"]
    text = "\n".join(["device_id,timestamp,lat,lon,accuracy", *rows])
    (folder / "a.csv").write_text(text)
    (folder / "b_copy.csv").write_text(text)
    (folder / "utf16.csv").write_bytes(text.encode("utf-16"))
    (folder / "cut.csv.gz").write_bytes(gzip.compress(text.encode() * 50)[:200])
    (folder / "zeros.parquet").write_bytes(b"PAR1" + bytes(64))
    good = {"device_id": ["p"], "timestamp": ["2020-02-09T05:00:00Z"], "lat": [39.9], "lon": [116.4]}
    pl.DataFrame({**good, "accuracy": [float("inf")]}).write_parquet(folder / "c.parquet")
    digits = pa.array([Decimal("39.9")], pa.decimal256(60, 2))
    pq.write_table(pa.table({**good, "lat": digits}), folder / "digits.parquet")


def drop_posts(folder):
    lines = [tweet(1), "{not json", "[1]", tweet(2, _type="snscrape.modules.facebook.Post"), tweet(3, rawContent=" ")]
    lines += [
        tweet(4, date="2020-02-09T08:00:00"),
        tweet(5, date=None),
        tweet(1),
        tweet(6, date="2020-02-01T00:00:00Z"),
    ]
    (folder / "a.jsonl").write_text("\n".join(lines))
    (folder / "bom.jsonl").write_bytes(tweet(7).encode("utf-16"))
    (folder / "halfword.jsonl").write_bytes(tweet(8).encode("utf-16") + b"x")
    (folder / "latin.jsonl").write_bytes(b'{"a": "x"}\n\xff\xfe\xfa\n' + tweet(10).encode())
    (folder / "nobom.jsonl").write_bytes(tweet(11).encode("utf-16-le"))
    (folder / "x.exe").write_bytes(b"MZ")
    (folder / "long.csv").write_text("id,created_at,text," + "x" * 200_000)
    telegram = "snscrape.modules.telegram.TelegramPost"
    (folder / "slashes.jsonl").write_text(
        json.dumps({"_type": telegram, "url": "/" * 99, "date": None, "content": "x"})
    )
    (folder / HOSTILE).write_text("`</code><script>alert(1)</script>")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Folders of raw files with every flaw, and a configuration that names them."""
    for kind in KINDS:
        (tmp_path / kind / "2020-02-09").mkdir(parents=True)
    drop_scenes(tmp_path / "steel_scenes")
    drop_pings(tmp_path / "pings" / "2020-02-09")
    drop_posts(tmp_path / "posts" / "2020-02-09")
    (tmp_path / "mobility_index" / "2020-02-09" / "i.csv").write_text(
        "city,day,intensity\nbj,2020-02-09,5.5\nbj,2020-02-09,lots\nbj,tomorrow,1\nnowhere,2020-02-09,1\n"
    )
    (tmp_path / "lot_images" / "2020-02-09" / "page.png").write_text("<html>")
    mill = site()
    (tmp_path / "sites.csv").write_text(
        "site_id,signal,name,group,region,city,lon,lat,capacity,geometry\n"
        f'{mill["site_id"]},steel,Mill,g,R,,117,39.7,1,"{mill["geometry"]}"\n'
    )
    (tmp_path / "cities.csv").write_text(CITIES)
    fields = {"home": "home", "sites": "sites.csv", "cities": "cities.csv"}
    sources = {kind: {"type": "files", "path": kind, "options": {"provider": "p"}} for kind in KINDS}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({**fields, "sources": sources}))
    monkeypatch.setenv("SOLARNET_HOME", str(tmp_path / "home"))
    return tmp_path


def materialize(home, assets=("sites", "cities", *KINDS), days=(DAY, EMPTY)):
    project = Project(config_file=str(home / "config.yaml"))
    job = build_definitions({"project": project}).resolve_implicit_global_asset_job_def()
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    names = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
    tags = dict(zip(names, map(str, days), strict=True))
    with dg.DagsterInstance.ephemeral() as instance:
        done = []
        for chosen, tag in ((("sites", "cities"), {}), (tuple(set(assets) - {"sites", "cities"}), tags)):
            keys = [dg.AssetKey(name) for name in chosen]
            done.append(
                job.execute_in_process(
                    instance=instance, asset_selection=keys, tags=tag, run_config=quiet, raise_on_error=False
                )
            )
    return done[-1], project.lake


EXPECTED = {
    "steel_scenes": {
        "truncated.json": "truncated.tif is damaged or truncated",
        "text.tif": "not a TIFF or JPEG 2000 image: it holds text",
        "noband.json": "lacks band B12",
        "othercrs.json": "lies in EPSG:32650, but its item states EPSG:32651",
        "notime.json": "without a time zone",
        "twin.json": "same content as",
        "climbs.json": "leaves its folder",
        "absolute.json": "only files beside it may be used",
        "remote.json": "only files beside it may be used",
        "broken.json": "",
        "year1.json": "outside 1972 to 2199",
        "year9999.json": "outside 1972 to 2199",
        "digits.json": "too large to convert",
        "scaled.json": "give no reflectance",
        "complex.json": "not integers or real numbers",
        "\\udcff.tif": "it holds text",
        "link.tif": "link out of the source's folder",
        "link`<b>.tif": "link out of the source's folder",
    },
    "pings": {
        "a.csv:3": "device id is longer than 256 bytes",
        "a.csv:4": "device id is missing",
        "a.csv:6": "latitude lies outside -90..90",
        "a.csv:7": "the time has no zone",
        "a.csv:8": "the time cannot be read",
        "b_copy.csv": "copy of 2020-02-09/a.csv",
        "utf16.csv": "UTF-16",
        "cut.csv.gz": "damaged or truncated",
        "zeros.parquet": "damaged or truncated",
        "digits.parquet": "more than 38 digits",
    },
    "posts": {
        "a.jsonl:1": "not valid JSON",
        "a.jsonl:2": "not an object",
        "a.jsonl:3": "a 'Post' of 'facebook', which is not a post",
        "a.jsonl:4": "no text",
        "a.jsonl:5": "names no time zone",
        "a.jsonl:6": "has no time",
        "a.jsonl:7": "repeats the id",
        "a.jsonl:8": "not of 2020-02-09, as its file says, but of '2020-02-01'",
        "halfword.jsonl": "UTF-16 with bytes that are not",
        "latin.jsonl:0": "no _type",
        "latin.jsonl:1": "not UTF-8",
        "x.exe": "neither JSONL nor CSV",
        "long.csv": "no header that can be read",
        "slashes.jsonl:0": "has no time",
        f"{HOSTILE}:0": "not valid JSON",
    },
    "mobility_index": {"i.csv:1": "", "i.csv:2": "", "i.csv:3": ""},
    "lot_images": {"page.png": ""},
}
KEPT = {"steel_scenes": 1, "pings": 5, "posts": 4, "mobility_index": 1, "lot_images": 0, "solar_scenes": 0}


def test_each_flaw_is_quarantined_with_file_row_and_reason_and_the_rest_is_kept(home):
    done, lake = materialize(home)
    assert done.success
    for kind, flaws in EXPECTED.items():
        rejects = lake.rejects(kind, DAY)
        found = {}
        for row in rejects.iter_rows(named=True):
            name = row["file"].removeprefix("2020-02-09/")
            found[name if row["row"] is None else f"{name}:{row['row']}"] = row["reason"]
        assert set(found) == set(flaws), kind
        for key, part in flaws.items():
            assert part in found[key], (kind, key, found[key])
            assert len(found[key]) < 300, "a reason is one sentence"
    for kind, rows in KEPT.items():
        counts = lake.counts(kind, DAY)
        assert (counts.n_out, counts.n_quarantined) == (rows, len(EXPECTED.get(kind, ()))), kind
        assert counts.balanced, kind


def test_the_checks_pass_and_an_empty_day_is_an_empty_partition(home):
    done, lake = materialize(home)
    checks = {
        (e.asset_key.to_user_string(), e.check_name, e.partition): e.passed for e in done.get_asset_check_evaluations()
    }
    assert checks == {(kind, COUNTS, str(day)): True for kind in KINDS for day in (DAY, EMPTY)}
    for kind in KINDS:
        counts = lake.counts(kind, EMPTY)
        assert (counts.n_in, counts.n_out, counts.n_quarantined) == (0, 0, 0)


def test_what_the_ui_shows_of_quarantine_is_inert_text(home):
    done, _ = materialize(home)
    shown = {
        e.asset_key.to_user_string(): e.materialization.metadata
        for e in done.get_asset_materialization_events()
        if e.partition == str(DAY)
    }
    for kind in ("steel_scenes", "pings", "posts"):
        text = shown[kind]["quarantine"].value
        assert shown[kind]["quarantined"].value == len(EXPECTED[kind])
        for line in text.splitlines():
            outside = "".join(line.split("`")[0::2])
            assert line.startswith("- `"), line
            assert line.count("`") == 4, f"code spans of a line must pair: {line}"
            assert not set("<>[]|#") & set(outside), line
        assert text.isascii() or all(c.isprintable() or c == "\n" for c in text)
    assert "row 6" in shown["pings"]["quarantine"].value
    assert "<script" not in shown["steel_scenes"]["preview"].value
    assert "passwd" not in shown["pings"]["preview"].value, "device ids are hashed"


def test_hostile_ids_and_names_never_become_paths(home):
    before = {p for p in home.parent.rglob("*") if "home" not in p.relative_to(home.parent).parts[:2]}
    _, lake = materialize(home)
    devices = lake.read("pings", DAY)["device"]
    assert devices.dtype == pl.UInt64
    assert devices.n_unique() == 5
    written = [p for p in (home / "home").rglob("*") if p.is_file()]
    assert all("passwd" not in p.name and "<" not in p.name for p in written)
    assert {p for p in home.parent.rglob("*") if "home" not in p.relative_to(home.parent).parts[:2]} == before


def test_a_reader_that_drops_a_record_fails_the_check(home, monkeypatch):
    honest = ping_readers.stream_pings
    short = lambda *args: (replace(part, frame=part.frame.head(-1)) for part in honest(*args))  # noqa: E731
    monkeypatch.setattr(ping_readers, "stream_pings", short)
    done, _ = materialize(home, ("pings", "device_days"), (DAY, DAY))
    assert not done.success
    failed = [(e.asset_key.to_user_string(), e.partition) for e in done.get_asset_check_evaluations() if not e.passed]
    assert failed == [("pings", str(DAY))]
    made = {e.asset_key.to_user_string() for e in done.get_asset_materialization_events()}
    assert "device_days" not in made, "nothing may be made of a partition that lost records"
