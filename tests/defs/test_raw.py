"""Which states of knowledge a day is landed in."""

from datetime import date
from types import SimpleNamespace

import polars as pl
import pytest

from solarnet_assets.config import SourceConfig
from solarnet_assets.defs.raw import day_reader
from solarnet_assets.mobility import readers
from solarnet_assets.sources.arrivals import Dated
from solarnet_assets.sources.files import FileSource
from solarnet_assets.storage.lake import Lake

DAY = date(2020, 2, 9)
CITY = {
    "city": "beijing", "name": "Beijing", "region": "BJ", "lon": 116.4, "lat": 39.9, "radius_km": 30.0,
    "timezone": "Asia/Shanghai", "workforce": 1e6,
}  # fmt: skip


@pytest.fixture
def project(tmp_path):
    """Three exports of many days that came late; the second one alone has pings of the day."""
    folder = tmp_path / "drop"
    folder.mkdir()
    for name, moment in (("a", "2020-02-07"), ("b", f"{DAY}"), ("c", "2020-02-05")):
        (folder / f"{name}.csv").write_text(f"uid,time,lat,lon\nx,{moment}T04:00:00Z,39.9,116.4\n")
    lines = [f"{name}.csv,2020-02-{day}" for name, day in (("a", 12), ("b", 14), ("c", 16))]
    (folder / "arrivals.csv").write_text("\n".join(["file,arrived", *lines]))
    return SimpleNamespace(
        config=SimpleNamespace(source=lambda _: SourceConfig(type="files", path=folder)),
        source=lambda _: Dated(FileSource(folder, date(2020, 2, 1)), "declared", "Asia/Shanghai"),
        reader_options=lambda _: {"cities": pl.DataFrame([CITY]), "hash_key": b"k", "timezone": "Asia/Shanghai"},
        lake=Lake(tmp_path / "lake", tmp_path / "quarantine"),
    )


def test_a_late_file_of_many_days_makes_a_state_of_its_own_days_alone(project, monkeypatch):
    read, asked = readers.stream_pings, []
    monkeypatch.setattr(readers, "stream_pings", lambda files, *more: (asked.append(len(files)), read(files, *more))[1])
    made = day_reader(project, "pings", "mobility.readers:stream_pings")(DAY)
    project.lake.write_stream("pings", DAY, made.content, made.before)
    assert project.lake.states("pings", DAY) == [DAY, date(2020, 2, 14)]
    assert project.lake.scan("pings", DAY, DAY, known=date(2020, 2, 13)).collect().is_empty()
    assert project.lake.read("pings", DAY).height == 1
    assert sorted(asked) == [0, 1, 1, 1, 3], "each late file once, the state before, and all of them"


def test_a_day_of_which_no_late_file_has_anything_has_one_state(project):
    made = day_reader(project, "pings", "mobility.readers:stream_pings")(date(2020, 2, 8))
    assert made.before is None
