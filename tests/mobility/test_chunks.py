"""The reader of pings in chunks: nothing depends on where they are cut, and no file harms another."""

import gzip
import os
import tracemalloc
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal

from solarnet_assets.landing import RawFile
from solarnet_assets.mobility import chunks, kept, parquet, readers, refused, spill
from solarnet_assets.mobility.readers import read_pings, stream_pings
from solarnet_assets.storage.lake import Lake

DAY = date(2020, 1, 8)
EPOCH = int(datetime(2020, 1, 8, 4, tzinfo=UTC).timestamp())
HEAD = "uid,time,lat,lon\n"


def rows(n, seed=1):
    """Return pings of a day, some of them bad or twice."""
    rng = np.random.default_rng(seed)
    frame = pl.DataFrame(
        {
            "uid": rng.choice(["", *(f"user-{i}" for i in range(40))], n),
            "time": EPOCH + rng.integers(-50_000, 50_000, n),
            "lat": np.where(rng.random(n) < 0.02, 200.0, 39.9 + rng.normal(0, 0.05, n).round(3)),
            "lon": 116.4 + rng.normal(0, 0.05, n).round(3),
            "accuracy": rng.choice([5.0, -1.0, 30.0], n).astype(np.float32),
        }
    )
    return pl.concat([frame, frame[: n // 20]])


@pytest.fixture
def read(cities):
    def _read(*files, **options):
        landing = read_pings(files, DAY, {"cities": cities, "hash_key": b"key", **options})
        assert landing.n_in == landing.frame.height + landing.n_rejected
        return landing

    return _read


@pytest.mark.parametrize("form", ["p.parquet", "p.csv", "p.csv.gz"])
def test_nothing_depends_on_the_sizes_of_chunks_and_buckets(read, put, monkeypatch, form):
    frame = rows(3000)
    text = frame.write_csv().encode()
    files = [
        put("2020-01-08/" + form, frame if "parquet" in form else gzip.compress(text) if "gz" in form else text),
        put("2020-01-08/more.csv", rows(300, seed=2).write_csv()),
    ]
    whole = read(*files)
    assert whole.frame.height > 2000
    monkeypatch.setattr(parquet, "ROWS", 97)
    monkeypatch.setattr(chunks, "BLOCK", 1000)
    monkeypatch.setattr(spill, "IN_MEMORY", 50)
    monkeypatch.setattr(readers, "PART_ROWS", 7)
    pieces = read(*files)
    assert_frame_equal(whole.frame, pieces.frame)
    assert_frame_equal(whole.rejects, pieces.rejects, check_row_order=False)


def test_rows_lie_by_bucket_device_and_time(read, put):
    frame = read(put("p.parquet", rows(3000))).frame
    keys = frame.select(pl.col("device").mod(64).alias("bucket"), "device", "time", "lat", "lon").rows()
    assert keys == sorted(keys)


def test_rejects_name_file_and_row_wherever_they_are_found(read, put):
    lines = [f"x,{EPOCH + n * 60},39.9,116.4\n" for n in range(50)]
    twice = [*lines, *lines[:10]]
    refused_rows = read(put("a.csv", HEAD + "".join(lines)), put("b.csv", HEAD + "".join(twice))).rejects
    assert refused_rows["file"].unique().to_list() == ["b.csv"]
    assert sorted(refused_rows["row"].to_list()) == list(range(60))


def test_beyond_the_first_thousand_rows_of_a_reason_rejects_are_counted(read, put, monkeypatch):
    monkeypatch.setattr(refused, "KEPT", 5)
    text = (
        HEAD
        + "".join(f"x,{EPOCH + n},200,116.4\n" for n in range(30))
        + "".join(f"x,{EPOCH},39.9,116.4\n" for _ in range(12))
    )
    landing = read(put("a.csv", text), put("b.csv", HEAD + f"x,{EPOCH},200,1\n"))
    assert landing.n_rejected == 30 + 11 + 1
    lines = landing.rejects.group_by("file", "reason").agg(pl.len(), pl.col("records").sum()).sort("records")
    assert lines["len"].to_list() == [1, 6, 6]
    assert lines["records"].to_list() == [1, 11, 30]


@pytest.mark.parametrize("form", ["csv.gz", "parquet"])
def test_a_file_that_turns_out_bad_at_its_end_is_refused_whole(read, put, monkeypatch, form):
    monkeypatch.setattr(chunks, "BLOCK", 1000)
    monkeypatch.setattr(spill, "IN_MEMORY", 50)
    good = put("a.csv", rows(300, seed=2).write_csv())
    alone = read(good)
    if form == "csv.gz":
        packed = gzip.compress(rows(5000).write_csv().encode())
        bad = put("b.csv.gz", packed[:-200])
    else:
        bad = put("b.parquet", b"")
        rows(20_000).write_parquet(bad.path, row_group_size=2000)
        data = bytearray(bad.path.read_bytes())
        data[-20_000:-15_000] = os.urandom(5000)
        bad.path.write_bytes(data)
    landing = read(good, bad, put("c.csv", rows(100, seed=3).write_csv()))
    of_bad = landing.rejects.filter(pl.col("file") == bad.name)
    assert (of_bad.height, of_bad["row"][0]) == (1, None)
    assert "damaged or truncated" in of_bad["reason"][0]
    assert landing.n_in == alone.n_in + 105 + 1


def test_parquet_row_groups_of_other_days_are_not_read(read, put, monkeypatch):
    frame = pl.DataFrame({"uid": "x", "time": EPOCH + 86_400 * np.arange(100), "lat": 39.9, "lon": 116.4})
    file = put("all.parquet", b"", whole=True, owns_undated=False)
    seen = []
    original = parquet._frame
    monkeypatch.setattr(parquet, "_frame", lambda *a: seen.append(1) or original(*a))
    monkeypatch.setattr(readers, "KEPT_BYTES", 0)
    for unit in ("s", "us"):
        typed = frame.with_columns(pl.from_epoch("time").dt.replace_time_zone("UTC")) if unit == "us" else frame
        typed.write_parquet(file.path, row_group_size=10)
        seen.clear()
        landing = read(file)
        assert landing.frame.height == 1
        assert landing.n_in == 1
        assert len(seen) == 1
    undated = frame.with_columns(time=pl.when(pl.col("time") == EPOCH + 86_400 * 55).then(None).otherwise("time"))
    undated.write_parquet(file.path, row_group_size=10)
    (one,) = read(RawFile(file.path, file.name, whole=True)).rejects.iter_rows(named=True)
    assert (one["row"], one["reason"][:24]) == (55, "the time cannot be read,")


def test_small_files_of_many_days_are_parsed_once(read, put, monkeypatch):
    file = put("all.csv", HEAD + f"x,{EPOCH},39.9,116.4\n", whole=True)
    parsed = []
    original = chunks._parsed
    monkeypatch.setattr(chunks, "_parsed", lambda *a: parsed.append(1) or original(*a))
    for _ in range(3):
        assert read(file).frame.height == 1
    assert len(parsed) == 1
    file.path.write_text(HEAD + f"x,{EPOCH},39.9,116.4\ny,{EPOCH},39.9,116.4\n")
    assert read(file).frame.height == 2
    monkeypatch.setattr(kept, "ROWS", 1)
    file.path.write_text(HEAD + f"x,{EPOCH},39.9,116.4\nz,{EPOCH},39.9,116.41\n")
    before = len(parsed)
    assert [read(file).frame.height for _ in range(2)] == [2, 2]
    assert len(parsed) == before + 2


def test_the_lake_gets_the_same_bytes_again_and_whole_counts(cities, put, tmp_path, monkeypatch):
    monkeypatch.setattr(spill, "IN_MEMORY", 100)
    lake = Lake(tmp_path / "lake", tmp_path / "quarantine")
    files = [put("a.parquet", rows(3000)), put("b.csv", rows(500, seed=4).write_csv())]
    options = {"cities": cities, "hash_key": b"key", "scratch": tmp_path}
    seen = []
    for _ in range(2):
        counts = lake.write_stream("pings", DAY, stream_pings(files, DAY, options))
        assert counts == lake.counts("pings", DAY)
        assert counts.balanced
        seen.append({p.name: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()})
    assert seen[0] == seen[1]
    assert len(seen[0]) == 4, "table, rejects and the two raw files; no scratch"


HOSTILE = {
    "endless line": (b"uid,time,lat,lon\n" + b"x" * 40_000, "a line of more than"),
    "endless header": (b"uid,time,lat,lon," * 3000, "a line of more than"),
    "too many columns": (b"uid,time,lat,lon" + b",x" * 1500 + b"\n", "1,504 columns"),
    "gzip bomb of blank lines": (
        gzip.compress(b"uid,time,lat,lon\n" + b"\n" * 400_000, mtime=0),
        "unpacks to more than",
    ),
    "gzip bomb of one line": (gzip.compress(b"uid,time,lat,lon\n" + b"\x00" * 400_000, mtime=0), "a line of more than"),
    "zeros": (b"\x00" * 5000, "binary zeros"),
    "nested": (pl.DataFrame({"uid": ["x"], "time": [{"s": EPOCH}], "lat": [1.0], "lon": [1.0]}), "not one value"),
    "lists": (pl.DataFrame({"uid": ["x"], "time": [EPOCH], "lat": [[1.0]], "lon": [1.0]}), "not one value"),
    "header only": (b"uid,time,lat,lon", None),
    "parquet without rows": (pl.DataFrame({"uid": ["x"], "time": [1], "lat": [1.0], "lon": [1.0]}).clear(), None),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_one_sentence(read, put, monkeypatch, name):
    monkeypatch.setattr(chunks, "BLOCK", 20_000)
    monkeypatch.setattr(chunks, "SUSPECT_BYTES", 100_000)
    content, reason = HOSTILE[name]
    landing = read(put("bad.csv", content), put("good.csv", HEAD + f"x,{EPOCH},39.9,116.4\n"))
    assert landing.frame.height == 1
    if reason is None:
        assert landing.rejects.is_empty()
        return
    (said,) = landing.rejects.iter_rows(named=True)
    assert said["file"] == "bad.csv"
    assert reason in said["reason"]
    assert "\n" not in said["reason"]


def test_a_text_that_every_row_repeats_is_not_multiplied(read, put):
    n = 200_000
    ids = pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, np.int32)), pa.array(["x" * 1_000_000]))
    columns = {"uid": ids, "time": np.full(n, EPOCH), "lat": np.full(n, 39.9), "lon": np.full(n, 116.4)}
    file = put("long.parquet", b"")
    pq.write_table(pa.table(columns), file.path)
    tracemalloc.start()
    landing = read(file)
    tracemalloc.stop()
    assert landing.n_rejected == n
    assert "longer than 256" in landing.rejects["reason"][0]


def test_a_footer_that_claims_too_much_is_not_believed(put):
    n = 1_000_000
    empty = pa.table({"uid": pa.nulls(n, pa.string()), "time": pa.nulls(n, pa.int64())})
    empty = empty.append_column("lat", pa.nulls(n, pa.float64())).append_column("lon", pa.nulls(n, pa.float64()))
    file = put("nulls.parquet", b"")
    pq.write_table(empty, file.path)
    with pytest.raises(parquet.BadInputError, match="claims 1,000,000 rows"):
        list(parquet.parquet_chunks(file.path, readers.ALIASES, None))


def test_long_texts_are_refused_before_they_are_read(put, monkeypatch):
    monkeypatch.setattr(parquet, "LONG_BYTES", 1000)
    frame = pl.DataFrame({"uid": ["x" * 5000 + str(n) for n in range(9)], "time": EPOCH, "lat": 39.9, "lon": 116.4})
    with pytest.raises(parquet.BadInputError, match=r"column uid holds .* bytes in 9 rows"):
        list(parquet.parquet_chunks(put("p.parquet", frame).path, readers.ALIASES, None))


BAD = [
    ("x,{t},NaN,116.4", "not a number"),
    ("x,{t},inf,116.4", "latitude lies outside"),
    ("x,{t},39.9,-inf", "longitude lies outside"),
    ("x,{t},0,0", "0, 0: a phone without a fix"),
    ("x,2100-01-08T12:00:00+08:00,39.9,116.4", "outside 1990 to 2099"),
    ("x,4102444801,39.9,116.4", "outside 1990 to 2099"),
    ("x,2020-02-30T12:00:00+08:00,39.9,116.4", "time cannot be read"),
    ("00000000-0000-0000-0000-000000000000,{t},39.9,116.4", "all zeros"),
    ("y" * 300 + ",{t},39.9,116.4", "longer than 256 bytes"),
]


@pytest.mark.parametrize(("line", "reason"), BAD)
def test_rows_that_no_phone_sent(read, put, line, reason):
    good = f"x,{EPOCH},39.9,116.4\n"
    landing = read(put("p.csv", HEAD + good + line.format(t=EPOCH) + "\n" + good.replace("39.9", "39.901")))
    assert landing.frame.height == 2
    assert reason in landing.rejects["reason"][0]


def test_mixed_encodings_and_zero_bytes_spoil_no_other_line(read, put):
    lines = [b"caf\xe9", "王".encode(), "王".encode("gbk"), b"a\x00b", b"plain"]
    text = f"uid,time,lat,lon,{'n' * 600}\n".encode() + b"".join(
        name + f",{EPOCH + 60 * n},39.9,116.4\n".encode() for n, name in enumerate(lines)
    )
    landing = read(put("p.csv", text))
    assert (landing.n_in, landing.frame.height, landing.frame["device"].n_unique()) == (5, 5, 5)


def test_a_teleport_is_refused_with_file_and_row(read, put):
    fixes = [(0, 39.9), (600, 39.9), (606, 40.0), (612, 39.9), (1200, 39.9)]
    landing = read(put("p.csv", HEAD + "".join(f"x,{EPOCH + s},{lat},116.4\n" for s, lat in fixes)))
    (said,) = landing.rejects.iter_rows(named=True)
    assert (said["row"], "faster than 1,000 km/h" in said["reason"]) == (2, True)
    assert said["sample"].endswith("lat 40.0, lon 116.4")


STOPS = "uid,started_at,finished_at,latitude,longitude\n"


def test_stops_are_the_quarter_hours_that_they_touch(read, put):
    text = STOPS + "x,2020-01-08T08:50:00+08:00,2020-01-08T09:20:00+08:00,39.9,116.4\n"
    frame = read(put("s.csv", text)).frame
    local = frame["time"].dt.convert_time_zone("Asia/Shanghai").dt.strftime("%H:%M:%S").to_list()
    assert local == ["08:55:00", "09:07:30", "09:17:30"]


def test_stops_over_midnight_give_each_day_its_own(cities, put):
    text = STOPS + "x,2020-01-07T22:00:00+08:00,2020-01-08T07:00:00+08:00,39.9,116.4\n"
    file = put("s.csv", text, whole=True)
    found = [
        read_pings([file], DAY + timedelta(days=n), {"cities": cities, "hash_key": b"k"}).frame.height
        for n in (-2, -1, 0, 1)
    ]
    assert found == [0, 8, 28, 0]


def test_stops_that_cannot_be_are_refused(read, put):
    lines = [
        "x,2020-01-08T08:50:00+08:00,2020-01-08T08:20:00+08:00,39.9,116.4",
        "x,2020-01-08T08:50:00+08:00,2020-03-08T08:20:00+08:00,39.9,116.4",
        "x,2020-01-08T08:50:00+08:00,,39.9,116.4",
        "x,2020-01-08T08:50:00+08:00,2020-01-08T08:50:00+08:00,39.9,116.4",
    ]
    landing = read(put("s.csv", STOPS + "\n".join(lines)))
    assert landing.frame.height == 1
    said = landing.rejects.sort("row")["reason"].to_list()
    for reason, words in zip(
        said, ["ends before it starts", "more than two weeks", "time cannot be read"], strict=True
    ):
        assert words in reason


ODD = {
    "more digits than Polars holds": {"lat": pa.array([Decimal("39.9")], pa.decimal256(60, 5))},
    "a time of another age in milliseconds": {"time": pa.array([2**63 - 1], pa.timestamp("ms", "UTC"))},
    "a time of another age in seconds": {"time": pa.array([-(2**53)], pa.timestamp("s", "UTC"))},
    "a zone that is a path": {"time": pa.array([EPOCH * 10**6], pa.timestamp("us", "../../etc/passwd"))},
    "bytes that are no text": {"uid": pa.array([b"\xff\xfe\x00"], pa.binary())},
}


@pytest.mark.parametrize("name", ODD)
def test_types_that_no_phone_sends_spoil_no_other_file(read, put, name):
    bad = put("bad.parquet", b"")
    table = {"uid": ["y"], "time": [EPOCH], "lat": [39.9], "lon": [116.4]}
    pq.write_table(pa.table({**table, **ODD[name]}), bad.path)
    landing = read(bad, put("good.csv", HEAD + f"x,{EPOCH},39.9,116.4\n"))
    assert (landing.frame.height, landing.n_rejected, landing.n_in) == (1, 1, 2)


@pytest.mark.parametrize("accuracy", ["inf", "1e308", "-1", "nan", "9e9"])
def test_an_accuracy_that_is_none_is_unknown(read, put, accuracy):
    text = f"uid,time,lat,lon,accuracy\nx,{EPOCH},39.9,116.4,{accuracy}\n"
    assert read(put("a.csv", text)).frame["accuracy"].to_list() == [None]
