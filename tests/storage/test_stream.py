"""Partitions that are written in parts."""

import os
import signal
import subprocess
import sys
import time
from datetime import date

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal

from solarnet_assets.landing import BadInputError, Landing, reject, rejects_frame
from solarnet_assets.storage import stream
from solarnet_assets.storage.lake import Counts, Lake
from solarnet_assets.storage.schemas import SCHEMAS

DAY = date(2020, 2, 9)
TABLE = "device_days/day=2020-02-09/data.parquet"


def bucket(number: int, rows: int = 10) -> pl.DataFrame:
    columns = SCHEMAS["device_days"].create_empty().schema
    frame = pl.DataFrame({"device": [number + 64 * n for n in range(rows)]})
    others = [pl.lit(number if c == "bucket" else 1).cast(t).alias(c) for c, t in columns.items() if c != "device"]
    return frame.with_columns(pl.col("device").cast(pl.UInt64), *others).select(columns.names())


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake", tmp_path / "quarantine")


def row_groups(tmp_path) -> list[int]:
    found = pq.ParquetFile(tmp_path / "lake" / TABLE).metadata
    return [found.row_group(n).num_rows for n in range(found.num_row_groups)]


def test_parts_read_back_as_the_table_that_they_make(lake):
    counts = lake.write_stream("device_days", DAY, (bucket(n) for n in range(3)))
    assert counts == lake.counts("device_days", DAY) == Counts(30, 30, 0)
    whole = pl.concat([bucket(n) for n in range(3)])
    assert_frame_equal(lake.read("device_days", DAY).drop("day"), whole)


def test_parts_share_row_groups_and_large_ones_are_cut_evenly(lake, tmp_path, monkeypatch):
    monkeypatch.setattr(stream, "ROW_GROUP", 25)
    lake.write_stream("device_days", DAY, (bucket(n) for n in range(2)))
    assert row_groups(tmp_path) == [20]
    lake.write_stream("device_days", DAY, (bucket(n, 30 if n == 3 else 10) for n in range(4)))
    assert row_groups(tmp_path) == [20, 10, 15, 15]
    one = lake.scan("device_days", DAY, DAY).filter(pl.col("bucket") == 2).collect()
    assert one["device"].to_list() == bucket(2)["device"].to_list()


def test_a_table_in_parts_has_the_types_of_a_table_at_once(lake):
    lake.write_stream("device_days", DAY, iter([bucket(1)]))
    in_parts = lake.read("device_days", DAY)
    lake.write("device_days", DAY, bucket(1))
    assert_frame_equal(in_parts, lake.read("device_days", DAY))


def test_no_part_at_all_is_an_empty_table(lake):
    assert lake.write_stream("pings", DAY, iter(())) == Counts(0, 0, 0)
    assert lake.read("pings", DAY).schema["time"] == pl.Datetime("us", "UTC")


def test_same_parts_give_the_same_bytes(lake, tmp_path):
    lake.write_stream("device_days", DAY, (bucket(n) for n in range(3)))
    first = (tmp_path / "lake" / TABLE).read_bytes()
    lake.write_stream("device_days", DAY, (bucket(n) for n in range(3)))
    assert (tmp_path / "lake" / TABLE).read_bytes() == first


def test_counts_of_parts_are_summed_and_a_line_may_stand_for_many_records(lake):
    lines = [reject("f.csv", "no time", 3, "x"), reject("f.csv", "no time", sample="and more", records=40)]
    parts = [Landing(bucket(1), rejects_frame(lines[:1]), 11), Landing(bucket(2), rejects_frame(lines[1:]), 50)]
    assert lake.write_stream("device_days", DAY, parts) == Counts(61, 20, 41)
    assert lake.counts("device_days", DAY) == Counts(61, 20, 41)
    assert lake.counts("device_days", DAY).balanced


@pytest.mark.parametrize("late", ["unfit", "error"])
def test_a_stream_that_fails_late_leaves_the_old_partition_and_no_draft(lake, tmp_path, late):
    lake.write_stream("device_days", DAY, [bucket(1)])

    def parts():
        yield bucket(2)
        if late == "error":
            raise OSError("the source went away")
        yield bucket(3).with_columns(device=pl.lit("text"))

    with pytest.raises((BadInputError, OSError)):
        lake.write_stream("device_days", DAY, parts())
    assert lake.read("device_days", DAY)["bucket"].unique().to_list() == [1]
    assert [p.name for p in (tmp_path / "lake").rglob("*") if p.is_file()] == ["data.parquet"]


def test_streams_on_another_filesystem():
    lake = Lake("memory://streamed/lake", "memory://streamed/quarantine")
    lake.write_stream("device_days", DAY, [Landing(bucket(1), rejects_frame([reject("f", "bad")]), 11)])
    assert lake.counts("device_days", DAY) == Counts(11, 10, 1)
    assert lake.read("device_days", DAY).height == 10


WRITER = """
import sys
from datetime import date
import polars as pl
from solarnet_assets.storage import stream
from solarnet_assets.storage.lake import Lake
stream.ROW_GROUP = 500
lake = Lake(sys.argv[1] + "/lake", sys.argv[1] + "/quarantine")
n = 0
print("started", flush=True)
while True:
    n += 1
    lake.write_stream("mobility_index", date(2020, 2, 9), (pl.DataFrame(
        {"city": [f"c{i}" for i in range(500)], "intensity": [float(n)] * 500, "provider": ["p"] * 500})
        for _ in range(8)))
"""


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.11])
def test_a_killed_stream_leaves_one_whole_version(lake, tmp_path, delay):
    old = pl.DataFrame({"city": [f"c{i}" for i in range(4000)], "intensity": 0.0, "provider": "p"})
    lake.write_stream("mobility_index", DAY, [old])
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    writer.stdout.readline()
    time.sleep(delay)
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    frame = lake.read("mobility_index", DAY)
    assert frame.height == 4000
    assert frame["intensity"].n_unique() == 1
    lake.write_stream("mobility_index", DAY, [old])
    assert [p.name for p in (tmp_path / "lake").rglob("*") if p.is_file()] == ["data.parquet"], "the draft stayed"


def test_readers_give_the_table_in_order_and_its_height(lake, monkeypatch):
    monkeypatch.setattr(stream, "ROW_GROUP", 25)
    lake.write_stream("device_days", DAY, (bucket(n) for n in range(7)))
    readers = lake.readers("device_days", DAY, ["city", "device"], dictionaries=["city"])
    tables = [read() for read in readers]
    assert [table.num_rows for table in tables] == [20, 20, 20, 10]
    assert all(pa.types.is_dictionary(table.schema.field("city").type) for table in tables)
    whole = pl.concat([pl.DataFrame(table).cast({"city": pl.String}) for table in tables])
    assert_frame_equal(whole, lake.read("device_days", DAY).select("city", "device"))
    assert lake.height("device_days", DAY, DAY) == 70
    assert lake.readers("pings", DAY, ["city"], dictionaries=[]) == []


def test_pings_are_packed_and_other_tables_are_quick_to_read(lake, tmp_path):
    lake.write_stream("device_days", DAY, [bucket(1)])
    found = pq.ParquetFile(tmp_path / "lake" / TABLE).metadata.row_group(0)
    assert {found.column(n).compression for n in range(found.num_columns)} == {"SNAPPY"}
    one = pl.DataFrame({"device": [1], "time": [0], "lat": [0.0], "lon": [0.0], "accuracy": [None], "city": ["a"]})
    lake.write_stream("pings", DAY, [one.cast({"time": pl.Datetime("us", "UTC"), "device": pl.UInt64})])
    file = pq.ParquetFile(tmp_path / "lake" / "pings" / f"day={DAY}" / "data.parquet")
    group = file.metadata.row_group(0)
    columns = {group.column(n).path_in_schema: group.column(n) for n in range(group.num_columns)}
    assert {column.compression for column in columns.values()} == {"LZ4"}
    assert all("BYTE_STREAM_SPLIT" in columns[name].encodings for name in ("time", "lat", "lon"))
    assert [field.name for field in file.schema_arrow if field.nullable] == ["accuracy"]


def test_two_threads_share_a_day_of_pings_that_fits_into_one_row_group(lake):
    column = pl.Series(range(5))
    day = pl.DataFrame({"device": column, "time": column, "lat": column, "lon": column, "accuracy": column})
    kinds = {"device": pl.UInt64, "time": pl.Datetime("us", "UTC"), "lat": pl.Float64, "lon": pl.Float64}
    lake.write_stream(
        "pings", DAY, [day.cast(kinds).with_columns(pl.col("accuracy").cast(pl.Float32), city=pl.lit("a"))]
    )
    assert [read().num_rows for read in lake.readers("pings", DAY, ["device"], dictionaries=[])] == [3, 2]
