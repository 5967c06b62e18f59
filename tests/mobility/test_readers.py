import gzip
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from solarnet_assets.mobility.ids import hash_ids
from solarnet_assets.mobility.readers import read_pings
from solarnet_assets.storage.schemas import SCHEMAS

DAY = date(2020, 1, 8)
NOON = datetime(2020, 1, 8, 4, 0, tzinfo=UTC)
"""Noon in Shanghai."""
EPOCH = int(NOON.timestamp())


@pytest.fixture
def read(cities):
    def _read(*files, day=DAY, **options):
        landing = read_pings(files, day, {"cities": cities, "hash_key": b"key", **options})
        assert landing.n_in == landing.frame.height + landing.rejects.height
        SCHEMAS["pings"].validate(landing.frame)
        return landing

    return _read


def reasons(landing):
    return landing.rejects["reason"].to_list()


def test_parquet_rows_become_pings(read, put):
    frame = pl.DataFrame(
        {"device_id": ["a", "a", "b"], "timestamp": [EPOCH + 60, EPOCH, EPOCH], "lat": [39.9] * 3, "lon": [116.4] * 3}
    ).with_columns(horizontal_accuracy=pl.Series([5.0, None, -1.0]))
    landing = read(put("2020-01-08/p.parquet", frame))
    assert landing.n_in == 3
    assert landing.frame["city"].unique().to_list() == ["here"]
    assert set(landing.frame["device"]) == set(hash_ids(pl.Series(["a", "b"]), b"key"))
    one = landing.frame.filter(pl.col("device") == hash_ids(pl.Series(["a"]), b"key")[0])
    assert one["time"].to_list() == [NOON, NOON + timedelta(minutes=1)]
    assert landing.frame["accuracy"].null_count() == 2


@pytest.mark.parametrize(
    ("header", "time"),
    [
        ("uid,datetime,lat,lng", "2020-01-08T12:00:00+08:00"),
        ("user,time,latitude,longitude", "2020-01-08 04:00:00Z"),
        ("caid,timestamp,lat,lon", str(EPOCH)),
        ("ad_id,timestamp,lat,lon", str(EPOCH * 1000)),
        ("Device_ID,Timestamp,LAT,LON", f"{EPOCH}.0"),
        ("uid,time,lat,lon", "2020/01/08 12:00:00.5 +0800"),
        ("uid,time,lat,lon", "2020-01-08 12:00+08:00"),
    ],
)
def test_names_and_times_of_the_field(read, put, header, time):
    landing = read(put("p.csv", f"{header}\nx,{time},39.9,116.4\n"))
    assert landing.frame.height == 1, reasons(landing)
    assert abs(landing.frame["time"][0] - NOON) < timedelta(seconds=1)


def test_gzip_quotes_and_separators(read, put):
    text = '"uid";"time";"lat";"lon"\r\n"x";"2020-01-08T12:00:00+08:00";"39.9";"116.4"\r\n'
    landing = read(put("p.csv.gz", gzip.compress(text.encode())), put("q.csv", text.replace("12:00:00", "12:00:01")))
    assert landing.frame.height == 2


def test_an_open_quote_spoils_only_its_own_line(read, put):
    lines = ["uid,time,lat,lon", f'"x,{EPOCH},39.9,116.4', f'y,"{EPOCH},bad,116.4', f"z,{EPOCH},39.9,116.4"]
    landing = read(put("p.csv", "\n".join(lines)))
    assert (landing.n_in, landing.frame.height) == (3, 2)


BAD_ROWS = [
    ("x,{t},200,116.4", "latitude lies outside"),
    ("x,{t},39.9,999", "longitude lies outside"),
    ("x,{t},here,116.4", "position is not a number"),
    ("x,{t},,116.4", "position is not a number"),
    (",{t},39.9,116.4", "device id is missing"),
    ("x,2020-01-08 12:00:00,39.9,116.4", "the time has no zone"),
    ("x,yesterday,39.9,116.4", "time cannot be read"),
    ("x,123,39.9,116.4", "time cannot be read"),
    ("x,2020-01-09T12:00:00+08:00,39.9,116.4", "another local day than 2020-01-08"),
    ("x,{t},10,10", "outside every city"),
    ("x,{t}", "position is not a number"),
]


@pytest.mark.parametrize(("row", "reason"), BAD_ROWS)
def test_a_bad_row_is_refused_and_the_rest_stays(read, put, row, reason):
    lines = ["uid,time,lat,lon", f"good,{EPOCH},39.9,116.4", row.format(t=EPOCH), f"good,{EPOCH + 1},39.9,116.4"]
    landing = read(put("p.csv", "\n".join(lines)))
    assert landing.frame.height == 2
    assert landing.rejects.height == 1
    refused = landing.rejects.row(0, named=True)
    assert reason in refused["reason"]
    assert (refused["file"], refused["row"]) == ("p.csv", 1)


def test_samples_of_refused_rows_name_no_device(read, put):
    landing = read(put("p.csv", f"uid,time,lat,lon\nsecret-id,{EPOCH},39.123456,10.654321\n"))
    assert "secret" not in str(landing.rejects.rows())
    assert "39.12" in landing.rejects["sample"][0]
    assert "39.123" not in landing.rejects["sample"][0]


def test_exact_duplicates_and_copied_files(read, put):
    text = f"uid,time,lat,lon\nx,{EPOCH},39.9,116.4\nx,{EPOCH},39.9,116.4\nx,{EPOCH},39.9,116.41\n"
    landing = read(put("a.csv", text), put("b.csv", text), put("c.csv", text + f"y,{EPOCH},39.9,116.4\n"))
    assert landing.frame.height == 3
    assert landing.n_in == 3 + 1 + 4
    assert [r for r in reasons(landing) if "copy of a.csv" in r]
    assert sum("duplicate" in r for r in reasons(landing)) == 4


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("uid,time,lat,lon\n".encode("utf-16"), "UTF-16"),
        (b"", "empty"),
        (b"PAR1 not really", "Parquet file is damaged"),
        (gzip.compress(b"uid,time,lat,lon\nx,1,2,3\n" * 999, mtime=0)[:80], "gzip file is damaged"),
        (b"a,b,c\n1,2,3\n", "no column for id"),
        (b"II*\x00\x08\x00\x00\x00", "binary zeros"),
        (b"uid,UID,time,lat,lon\n", "share a name"),
    ],
)
def test_a_bad_file_is_one_reject(read, put, content, reason):
    good = put("good.csv", f"uid,time,lat,lon\nx,{EPOCH},39.9,116.4\n")
    landing = read(put("bad.parquet", content), good)
    assert landing.frame.height == 1
    assert landing.rejects.height == 1
    assert reason in landing.rejects["reason"][0]
    assert landing.rejects["file"][0] == "bad.parquet"


def test_a_cut_parquet_file_is_one_reject(read, put):
    whole = put("a.parquet", pl.DataFrame({"uid": ["x"], "time": [EPOCH], "lat": [39.9], "lon": [116.4]}))
    cut = put("b.parquet", whole.path.read_bytes()[:-20])
    landing = read(whole, cut)
    assert (landing.frame.height, landing.n_in) == (1, 2)


def test_columns_of_a_wrong_type_are_a_reject(read, put):
    landing = read(put("p.parquet", pl.DataFrame({"uid": ["x"], "time": [EPOCH], "lat": [[1.0]], "lon": [116.4]})))
    assert landing.frame.is_empty()


def test_a_file_that_unpacks_too_far_is_refused(read, put):
    landing = read(put("p.csv.gz", gzip.compress(b"0" * 200_000)), max_bytes=100_000)
    assert "unpacks to more than" in landing.rejects["reason"][0]


def test_a_whole_file_gives_each_day_its_rows(read, put):
    rows = [f"x,{EPOCH + 86_400 * n},39.9,116.4" for n in range(3)] + ["x,never,39.9,116.4"]
    text = "\n".join(["uid,time,lat,lon", *rows])
    for n in range(3):
        own = n == 0
        landing = read(put("all.csv", text, whole=True, owns_undated=own), day=DAY + timedelta(days=n))
        assert landing.frame["time"].to_list() == [NOON + timedelta(days=n)]
        assert landing.n_in == 1 + own


def test_a_bad_file_of_many_days_is_reported_once(read, put):
    bad = [put("all.csv", b"", whole=True, owns_undated=own) for own in (True, False)]
    assert [read(file).n_in for file in bad] == [1, 0]


def test_days_are_those_of_the_city(read, put):
    late = datetime(2020, 1, 8, 23, 30, tzinfo=UTC)
    text = f"uid,time,lat,lon\nlondon,{late.isoformat()},51.5,-0.1\nbeijing,{late.isoformat()},39.9,116.4\n"
    landing = read(put("all.csv", text, whole=True))
    assert landing.frame["city"].to_list() == ["there"]
    landing = read(put("all.csv", text, whole=True), day=date(2020, 1, 9))
    assert landing.frame["city"].to_list() == ["here"]


def test_times_without_a_zone_are_read_in_the_zone_that_is_named(read, put):
    text = "lat,lng,datetime,uid\n39.984094,116.319236,2020-01-08 05:53:05,001\n"
    landing = read(put("geolife.txt", text, whole=True), naive_timezone="UTC")
    assert landing.frame["time"].to_list() == [datetime(2020, 1, 8, 5, 53, 5, tzinfo=UTC)]
    stamped = pl.DataFrame({"uid": ["1"], "time": [datetime(2020, 1, 8, 12)], "lat": [39.9], "lon": [116.4]})
    assert read(put("n.parquet", stamped), naive_timezone="Asia/Shanghai").frame["time"].to_list() == [NOON]
    assert "no zone" in reasons(read(put("n.parquet", stamped)))[0]


def test_plt_names_its_user_by_folder(read, put):
    head = "\n".join(["Geolife trajectory", "WGS 84", "Altitude is in Feet", "Reserved 3", "0,2,255", "0"])
    point = "39.906631,116.385564,0,492,40097.5864583333,2020-01-08,05:00:00"
    landing = read(put("Data/017/Trajectory/a.plt", f"{head}\r\n{point}\r\n", whole=True))
    assert landing.frame["device"].to_list() == hash_ids(pl.Series(["017"]), b"key").to_list()


def test_hashes_depend_on_the_key_and_fit_64_bits():
    ids = pl.Series(["a", "b", "a"])
    one, other = hash_ids(ids, b"one"), hash_ids(ids, b"two")
    assert one.dtype == pl.UInt64
    assert one[0] == one[2] != one[1]
    assert set(one) & set(other) == set()


def test_a_day_without_files_is_empty(read):
    landing = read()
    assert (landing.n_in, landing.frame.height) == (0, 0)
