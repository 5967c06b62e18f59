import os
import time
from datetime import date
from pathlib import Path

import pytest

from solarnet_assets.config import Config, load_config, save_config
from solarnet_assets.home import only_command, prepare_home
from solarnet_assets.landing import BadInputError
from solarnet_assets.sources.away import SourceAwayError
from solarnet_assets.sources.files import FileSource, day_of
from solarnet_assets.sources.places import read_places
from solarnet_assets.sources.watch import Seen, arrivals

DAY = date(2020, 2, 9)
BOMB = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
"""Eleven lines that stand for thirty thousand million values."""


@pytest.mark.parametrize(
    ("path", "day"),
    [
        ("2020-02-09/pings.parquet", DAY),
        ("S2A_MSIL1C_20200209T025841_N0209.tif", DAY),
        ("a/20200209.csv", DAY),
        ("G90292_20230514.tif", date(2023, 5, 14)),
        ("all.csv", None),
        ("2020-13-09/x.csv", None),
        ("2020-02-31/x.csv", None),
        ("id120200209.csv", None),
    ],
)
def test_day_of_a_path(path, day):
    assert day_of(Path(path)) == day


def test_files_of_a_day_and_files_of_many_days(tmp_path):
    for name in ("2020-02-09/a.csv", "2020-02-10/b.csv", "all.csv", ".hidden"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    found = {f.name: (f.whole, f.owns_undated) for f in FileSource(tmp_path, date(2020, 1, 1)).files(DAY)}
    assert found == {"2020-02-09/a.csv": (False, True), "all.csv": (True, False)}


def test_links_out_of_the_folder_are_left_out(tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("x")
    drop = tmp_path / "drop"
    drop.mkdir()
    (drop / "link.csv").symlink_to(secret)
    assert FileSource(drop).files(DAY) == []
    (refused,) = FileSource(drop).refused(DAY)
    assert refused["file"] == "link.csv"
    assert "not followed" in refused["reason"]


def test_links_of_another_day_are_that_day_s(tmp_path):
    (tmp_path / "2020-02-08.csv").symlink_to("/nowhere")
    (tmp_path / "2020-02-09.csv").symlink_to("/nowhere")
    assert [r["file"] for r in FileSource(tmp_path).refused(DAY)] == ["2020-02-09.csv"]


@pytest.mark.parametrize(
    ("names", "first_day", "since"),
    [
        (["2020-02-09/a.csv", "2020-01-03.csv"], None, date(2020, 1, 3)),
        (["all.csv"], date(2019, 5, 1), date(2019, 5, 1)),
        (["all.csv", "2020-01-03.csv"], None, date.min),
        ([], None, date.max),
    ],
)
def test_a_source_tells_the_first_day_that_it_may_have(tmp_path, names, first_day, since):
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert FileSource(tmp_path, first_day).since() == since


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(SourceAwayError, match="nowhere does not exist"):
        FileSource(tmp_path / "nowhere").files(DAY)


def test_files_of_a_folder_that_cannot_be_listed_are_not_gone(tmp_path, monkeypatch):
    (tmp_path / "2020-02-09").mkdir()
    scandir = os.scandir

    def listed(path):
        if str(path).endswith("2020-02-09"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", listed)
    with pytest.raises(SourceAwayError, match="2020-02-09 cannot be listed: Permission denied"):
        FileSource(tmp_path).files(date(2020, 2, 9))


def test_arrivals_follow_the_files_own_changes_and_lose_nothing(tmp_path):
    for n in (3, 1, 2):
        (tmp_path / f"2020-02-0{n}.csv").write_text("x")
        time.sleep(0.02)
    paths = list(tmp_path.iterdir())
    first = arrivals(tmp_path, paths, Seen(0, ""), limit=2)
    rest = arrivals(tmp_path, paths, first[-1].seen, limit=2)
    assert [a.day for a in first + rest] == [date(2020, 2, 3), date(2020, 2, 1), date(2020, 2, 2)]
    assert arrivals(tmp_path, paths, rest[-1].seen, limit=2) == []


@pytest.mark.parametrize("seconds", [0, 2**32])
def test_a_file_that_claims_another_time_is_new_when_it_appears(tmp_path, seconds):
    (tmp_path / "2020-02-01.csv").write_text("x")
    seen = arrivals(tmp_path, tmp_path.iterdir(), Seen(0, ""), limit=9)[-1].seen
    time.sleep(0.02)
    late = tmp_path / "2020-01-31.csv"
    late.write_text("x")
    os.utime(late, (seconds, seconds))
    found = arrivals(tmp_path, tmp_path.iterdir(), seen, limit=9)
    assert [a.day for a in found] == [date(2020, 1, 31)]
    time.sleep(0.02)
    (tmp_path / "2020-02-02.csv").write_text("x")
    assert [a.day for a in arrivals(tmp_path, tmp_path.iterdir(), found[-1].seen, limit=9)] == [date(2020, 2, 2)]


def test_configuration_round_trip(tmp_path, monkeypatch):
    monkeypatch.delenv("SOLARNET_HOME", raising=False)
    file = tmp_path / "solarnet.yaml"
    file.write_text("home: here\nsources:\n  pings: {type: files, path: drop/pings}\n")
    config = load_config(file)
    assert config.home == (tmp_path / "here").resolve()
    assert config.source("pings").path == (tmp_path / "drop/pings").resolve()
    assert config.source("posts") is None
    save_config(config)
    monkeypatch.setenv("SOLARNET_HOME", str(config.home))
    assert load_config() == config


def test_paths_of_a_configuration_start_at_its_file_wherever_it_is_read(tmp_path, monkeypatch):
    monkeypatch.delenv("SOLARNET_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    file = tmp_path / "solarnet.yaml"
    file.write_text("home: ~/home\nlake: data/lake\nscenario: own.yaml\nsites: ~/sites.csv\n")
    config = load_config(file)
    assert config.home == config.sites.with_name("home") == tmp_path / "me" / "home"
    assert (config.lake, config.scenario) == (str(tmp_path / "data/lake"), str(tmp_path / "own.yaml"))
    file.write_text("lake: s3://bucket/lake\nscenario: quiet\n")
    assert (load_config(file).lake, load_config(file).scenario) == ("s3://bucket/lake", "quiet")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sources: {pinks: {type: files, path: x}}", "unknown pinks"),
        ("sources: {pings: {type: files}}", "sources.pings: path is missing"),
        ("sources: {pings: {type: ftp, path: x}}", "sources.pings.type"),
        ("- a\n- b", "named settings"),
        ("a: [", "not readable YAML"),
        ("[" * 3000, "not readable YAML"),
        ("privacy: {k: " + "9" * 5000 + "}", "not readable YAML"),
        ("home: !!python/object/apply:os.system ['touch pwned']", "could not determine a constructor"),
        ("sources: [pings]", "sources: settings by name are wanted, as in 'name: value', not a list"),
        ("sources: {pings: }", "sources.pings: settings by name are wanted, as in 'name: value', not nothing"),
        ("sites: [a]", "sites: a path is wanted, not a list"),
        ("first_day: 2019", "first_day: a day is wanted, as in 2020-02-09, not 2019"),
        ("last_day: 2020-01-01\nfirst_day: 2020-01-02", "last_day 2020-01-01 lies before first_day 2020-01-02"),
        ("country: CHN", "country: 'CHN' is no ISO 3166 code of two letters"),
        ("sources: {pings: {type: files, path: in, options: &o {a: *o}}}", "more than 100,000 settings"),
        (BOMB, "more than 100,000 settings"),
        ("timezone: ../../etc/passwd", "is no IANA time zone"),
        ("privacy: {epsilon: 1.0e-320}", "privacy.epsilon"),
        ("privacy: {epsilon: .inf}", "privacy.epsilon"),
        ("privacy: {epsilon: .nan}", "privacy.epsilon"),
    ],
)
def test_bad_configuration_names_file_and_field(tmp_path, text, message):
    file = tmp_path / "solarnet.yaml"
    file.write_text(text)
    with pytest.raises(BadInputError, match=message) as caught:
        load_config(file)
    assert "solarnet.yaml" in str(caught.value)


def test_hash_key_of_real_data_is_kept_secret_and_stays(tmp_path, monkeypatch):
    monkeypatch.delenv("SOLARNET_HASH_KEY", raising=False)
    config = Config(home=tmp_path, sources={})
    simulated = Config(home=tmp_path)
    real = load_config_like(config)
    assert real.hash_key() == real.hash_key() != simulated.hash_key()
    assert (tmp_path / "hash.key").stat().st_mode & 0o777 == 0o600


def test_a_key_that_is_none_stops_the_work(tmp_path, monkeypatch):
    monkeypatch.delenv("SOLARNET_HASH_KEY", raising=False)
    real = load_config_like(Config(home=tmp_path, sources={}))
    (tmp_path / "hash.key").write_bytes(b"")
    with pytest.raises(BadInputError, match="holds 0 bytes, not the 32 of a key"):
        real.hash_key()


def test_a_key_that_others_could_read_is_closed(tmp_path, monkeypatch):
    monkeypatch.delenv("SOLARNET_HASH_KEY", raising=False)
    real = load_config_like(Config(home=tmp_path, sources={}))
    key = real.hash_key()
    (tmp_path / "hash.key").chmod(0o644)
    assert real.hash_key() == key
    assert (tmp_path / "hash.key").stat().st_mode & 0o777 == 0o600


def test_a_new_home_is_private(tmp_path):
    save_config(Config(home=tmp_path / "home"))
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700


def load_config_like(config):
    return Config.model_validate({**config.model_dump(), "sources": {"pings": {"type": "files", "path": "x"}}})


def test_places_that_do_not_fit_are_refused_and_the_rest_is_kept(tmp_path):
    file = tmp_path / "cities.csv"
    file.write_text(
        "city,name,region,lon,lat,radius_km,timezone,workforce\n"
        "a,A,R,116,40,15,Asia/Shanghai,1000\n"
        "b,B,R,116,200,15,Asia/Shanghai,1000\n"
    )
    landing = read_places(Config(home=tmp_path, cities=file), "cities")
    assert landing.frame["city"].to_list() == ["a"]
    assert landing.n_in == 2
    assert landing.rejects.select("file", "row").rows() == [("cities.csv", 1)]


def test_places_without_a_column_name_it(tmp_path):
    file = tmp_path / "cities.csv"
    file.write_text("city,name\na,A\n")
    with pytest.raises(BadInputError, match="cities.csv lacks the column region"):
        read_places(Config(home=tmp_path, cities=file), "cities")


def test_a_name_that_is_no_text_is_written_in_escapes(tmp_path):
    (tmp_path / "n").write_text("x")
    os.rename(tmp_path / "n", os.fsencode(tmp_path) + b"/\xff2020-02-09.csv")  # noqa: PTH104
    (file,) = FileSource(tmp_path).files(DAY)
    assert file.name == "\\udcff2020-02-09.csv"
    assert file.path.read_text() == "x"


@pytest.mark.parametrize(
    "outline", ["", "POLYGON ((", "POINT (1 1)", "POLYGON EMPTY", "POLYGON ((0 0, 1e300 0, 1 1, 0 0))", "x" * 99_999]
)
def test_a_site_without_an_outline_does_not_lose_the_others(tmp_path, outline):
    file = tmp_path / "sites.csv"
    good = "POLYGON ((116 39, 117 39, 117 40, 116 39))"
    head = "site_id,signal,name,group,region,city,lon,lat,capacity,geometry\n"
    rows = [f'{key},steel,N,g,R,,116.5,39.5,1,"{wkt}"\n' for key, wkt in (("a", good), ("b", outline))]
    file.write_text(head + "".join(rows))
    landing = read_places(Config(home=tmp_path, sites=file), "sites")
    assert landing.frame["site_id"].to_list() == ["a"]
    assert landing.rejects["row"].to_list() == [1]


def test_a_city_in_no_time_zone_does_not_lose_the_others(tmp_path):
    file = tmp_path / "cities.csv"
    rows = [f"{key},N,R,116,40,15,{zone},1\n" for key, zone in (("a", "Asia/Shanghai"), ("b", "Mars/X"))]
    file.write_text("city,name,region,lon,lat,radius_km,timezone,workforce\n" + "".join(rows))
    assert read_places(Config(home=tmp_path, cities=file), "cities").frame["city"].to_list() == ["a"]


def test_a_home_where_dagster_finds_no_settings_is_refused(tmp_path):
    with pytest.raises(BadInputError, match="where Dagster finds no settings"):
        prepare_home(Config(home=tmp_path / "a[x]"))
    with pytest.raises(BadInputError, match="where Dagster finds no settings"), only_command(tmp_path / "a*"):
        pass
    assert list(tmp_path.iterdir()) == []
