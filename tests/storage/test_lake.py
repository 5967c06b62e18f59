import os
import signal
import subprocess
import sys
import threading
import time
from datetime import date
from shutil import copy

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from solarnet_assets.landing import BadInputError, Landing, reject, rejects_frame
from solarnet_assets.sql.run import refresh
from solarnet_assets.storage import lake as lakes
from solarnet_assets.storage.evidence import Evidence
from solarnet_assets.storage.files import held
from solarnet_assets.storage.lake import Counts, Lake, blob_name, empty
from solarnet_assets.storage.warehouse import reader

DAY = date(2020, 2, 9)


def index(*values: float) -> pl.DataFrame:
    frame = pl.DataFrame({"city": [f"c{i}" for i in range(len(values))], "intensity": list(values), "provider": "p"})
    return frame.with_columns(known_on=pl.lit(None, pl.Date))


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake", tmp_path / "quarantine")


def test_written_partition_reads_back_with_its_day(lake):
    lake.write("mobility_index", DAY, index(1.0, 2.0))
    assert_frame_equal(lake.read("mobility_index", DAY), index(1.0, 2.0).with_columns(day=pl.lit(DAY)))


def test_counts_come_from_what_is_stored(lake):
    rejects = rejects_frame([reject("f.csv", "bad number", 1, "x")])
    lake.write("mobility_index", DAY, Landing(index(1.0), rejects, 2))
    assert lake.counts("mobility_index", DAY) == Counts(2, 1, 1)
    assert lake.counts("mobility_index", DAY).balanced
    lake.write("mobility_index", DAY, Landing(index(1.0), rejects, 3))
    assert not lake.counts("mobility_index", DAY).balanced


def test_replacing_a_partition_leaves_nothing_of_the_old_one(lake, tmp_path):
    old = Landing(index(1.0), rejects_frame([reject("f", "bad")]), 2, {blob_name(b"old", ".tif"): b"old"})
    lake.write("mobility_index", DAY, old)
    lake.write("mobility_index", DAY, Landing(index(2.0), rejects_frame([]), 1, {blob_name(b"new", ".tif"): b"new"}))
    kept = {p.name for p in tmp_path.rglob("*") if p.is_file()}
    assert kept == {"data.parquet", blob_name(b"new", ".tif")}


@pytest.mark.parametrize("streamed", [True, False])
def test_two_writers_of_a_partition_follow_each_other(lake, streamed):
    """The second would take the first one's draft for what a kill left behind, and each would remove the other's."""
    second = Landing(index(2.0), rejects_frame([reject("b", "bad")]), 2)
    other = threading.Thread(target=lake.write, args=("mobility_index", DAY, second))

    def parts():
        yield Landing(index(1.0), rejects_frame([reject("a", "bad")]), 2)
        other.start()
        other.join(0.2)

    if streamed:
        lake.write_stream("mobility_index", DAY, parts())
    else:
        with held(lake.folder("mobility_index", DAY)):
            list(parts())
            assert not lake.exists("mobility_index", DAY), "the other one waits"
    other.join()
    assert lake.read("mobility_index", DAY)["intensity"].to_list() == [2.0]
    assert lake.rejects("mobility_index", DAY)["file"].to_list() == ["b"]


def test_a_partition_that_is_replaced_while_it_is_read_is_read_again(lake, monkeypatch):
    new = Landing(index(2.0), rejects_frame([reject("new", "bad")]), 2)
    lake.write("mobility_index", DAY, Landing(index(1.0), rejects_frame([reject("old", "bad")]), 2))
    footer, done = lakes.footer, []

    def replaced_meanwhile(path):
        told = footer(path)
        if not done:
            done.append(lake.write("mobility_index", DAY, new))
        return told

    monkeypatch.setattr(lakes, "footer", replaced_meanwhile)
    assert lake.rejects("mobility_index", DAY)["file"].to_list() == ["new"]


def test_a_quarantine_that_was_deleted_is_missed(lake):
    lake.write("mobility_index", DAY, Landing(index(1.0), rejects_frame([reject("f", "bad")]), 2))
    for file in lake.quarantine.rglob("*.parquet"):
        file.unlink()
    with pytest.raises(FileNotFoundError, match="rejects-"):
        lake.rejects("mobility_index", DAY)


def test_same_content_gives_the_same_bytes(lake, tmp_path):
    table = tmp_path / "lake/mobility_index/day=2020-02-09/data.parquet"
    lake.write("mobility_index", DAY, index(1.0, 2.0))
    first = table.read_bytes()
    lake.write("mobility_index", DAY, index(1.0, 2.0))
    assert table.read_bytes() == first


def test_table_that_does_not_fit_is_refused_and_the_old_partition_stays(lake):
    lake.write("mobility_index", DAY, index(1.0))
    with pytest.raises(BadInputError, match="mobility_index 2020-02-09.*intensity"):
        lake.write("mobility_index", DAY, index(-1.0))
    assert lake.read("mobility_index", DAY)["intensity"].to_list() == [1.0]


def test_missing_partition_is_empty_but_typed(lake):
    frame = lake.read("pings", DAY)
    assert frame.is_empty()
    assert frame.schema["time"] == pl.Datetime("us", "UTC")


def test_scan_returns_only_the_days_asked_for(lake):
    for n in range(1, 6):
        lake.write("mobility_index", date(2020, 1, n), index(float(n)))
    frame = lake.scan("mobility_index", date(2020, 1, 2), date(2020, 1, 3)).collect()
    assert frame["intensity"].to_list() == [2.0, 3.0]
    assert lake.days("mobility_index") == [date(2020, 1, n) for n in range(1, 6)]


def test_partition_of_another_version_is_named_with_what_to_do(lake, tmp_path):
    lake.write("mobility_index", DAY, index(1.0))
    table = tmp_path / "lake/mobility_index/day=2020-02-09/data.parquet"
    pl.read_parquet(table).drop("provider").with_columns(speed=1.0).write_parquet(table)
    said = "mobility_index 2020-02-09 .*missing columns: provider; unknown: speed.*materialise that day again"
    with pytest.raises(BadInputError, match=said):
        lake.scan("mobility_index", DAY, DAY)
    for day in (10, 11):
        lake.write("mobility_index", date(2020, 2, day), index(1.0))
    copy(table, lake.table("mobility_index", date(2020, 2, 11)))
    with pytest.raises(BadInputError, match="index 2020-02-09 .*again; and 1 more days of it, the last 2020-02-11$"):
        lake.scan("mobility_index", DAY, date(2020, 2, 11))
    lake.write("cities", None, empty("cities"))
    pl.DataFrame({"city": ["a"]}).write_parquet(tmp_path / "lake/cities/data.parquet")
    with pytest.raises(BadInputError, match="cities was written by another version .*: materialise it again"):
        lake.read("cities")


def test_columns_in_another_order_are_the_same_table(lake):
    for day in (DAY, date(2020, 2, 10)):
        lake.write("mobility_index", day, index(1.0))
    table = str(lake.table("mobility_index", DAY))
    pl.read_parquet(table).select("provider", "known_on", "intensity", "city").write_parquet(table)
    assert lake.scan("mobility_index", DAY, date(2020, 2, 10)).collect().height == 2


def test_lake_on_another_filesystem():
    lake = Lake("memory://lake", "memory://quarantine")
    lake.write("mobility_index", DAY, Landing(index(1.0), rejects_frame([reject("f", "bad")]), 2))
    assert lake.read("mobility_index", DAY)["intensity"].to_list() == [1.0]
    assert lake.rejects("mobility_index", DAY)["reason"].to_list() == ["bad"]


@pytest.mark.parametrize("name", ["../x.png", "a/../../x.png", "/etc/x.png", ".x.png", ""])
def test_evidence_cannot_leave_its_folder(tmp_path, name):
    with pytest.raises(BadInputError, match="plain file name"):
        Evidence(tmp_path / "evidence").write(name, b"x")


def test_blob_names_cannot_leave_their_partition(lake):
    with pytest.raises(BadInputError, match="plain file name"):
        lake.write("mobility_index", DAY, index(1.0), blobs={"../../x.tif": b"x"})


WRITER = """
import sys
from datetime import date
import polars as pl
from solarnet_assets.storage.lake import Lake
lake = Lake(sys.argv[1] + "/lake", sys.argv[1] + "/quarantine")
n = 0
print("started", flush=True)
while True:
    n += 1
    lake.write("mobility_index", date(2020, 2, 9), pl.DataFrame(
        {"city": [f"c{i}" for i in range(2000)], "intensity": [float(n)] * 2000, "provider": ["p"] * 2000}))
"""


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.11])
def test_killed_writer_leaves_one_whole_version(lake, tmp_path, delay):
    lake.write("mobility_index", DAY, index(*[0.0] * 2000))
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    writer.stdout.readline()
    time.sleep(delay)
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    frame = lake.read("mobility_index", DAY)
    assert frame.height == 2000
    assert frame["intensity"].n_unique() == 1


def test_a_lake_may_lie_anywhere(tmp_path):
    """Folders with quotes, spaces and signs of a pattern: for Polars and for the SQL models."""
    root = tmp_path / "it's [x] *"
    lake = Lake(root / "lake", root / "quarantine")
    lake.write("mobility_index", DAY, index(1.0))
    assert lake.read("mobility_index", DAY).height == 1
    refresh(lake, root / "warehouse.duckdb")
    with reader(root / "warehouse.duckdb") as con:
        assert con.sql("select city, route from staging.stg_city_commuters").fetchall() == [("c0", "index")]
