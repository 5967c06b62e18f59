"""Ready stops: reading, and bringing them to device-days."""

import gzip
from datetime import UTC, datetime

import polars as pl
import pytest

from solarnet_assets.landing import BadInputError
from solarnet_assets.mobility.stop_days import device_days, hour_shares, place
from solarnet_assets.mobility.stops import read_stops

HOUR, DAY = 3_600, 86_400
MONDAY = 1_578_268_800
"""6 January 2020, 00:00."""

AT = [(MONDAY + 9 * HOUR, MONDAY + 17 * HOUR), (MONDAY + 19 * HOUR, MONDAY + 31 * HOUR)]
PLAIN = pl.DataFrame(
    [(1, "office", *AT[0], "W"), (1, "home", *AT[1], "H")],
    schema=["useruuid", "loc", "start", "end", "true_location_type"],
    orient="row",
)
EXPECTED = [("1", "office", *AT[0], "W"), ("1", "home", *AT[1], "H")]


def read(tmp_path, frame, name="stops.parquet", **options):
    path = tmp_path / name
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(frame.write_csv().encode()))
    elif name.endswith(".csv"):
        frame.write_csv(path)
    else:
        frame.write_parquet(path)
    return read_stops(path, **options)


@pytest.mark.parametrize("name", ["stops.parquet", "STOPS.PQ", "stops.csv", "stops.csv.gz"])
def test_every_format_reads_the_same(tmp_path, name):
    stops = read(tmp_path, PLAIN, name)
    assert stops.frame.rows() == EXPECTED
    assert stops.refused == {}


@pytest.mark.parametrize("factor", [1, 1_000, 1_000_000, 1_000_000_000])
def test_units_of_epoch_numbers_are_told_by_their_size(tmp_path, factor):
    assert read(tmp_path, PLAIN.with_columns(pl.col("start", "end") * factor)).frame.rows() == EXPECTED


def test_pseudonymised_days_near_1970_are_seconds(tmp_path):
    early = PLAIN.with_columns(pl.col("start", "end") - MONDAY)
    assert read(tmp_path, early).frame["start"].to_list() == [9 * HOUR, 19 * HOUR]


def clocks(zone=None, hours=0):
    at = [(pl.from_epoch(pl.col(c) + hours * HOUR)).alias(c) for c in ("start", "end")]
    frame = PLAIN.with_columns(at)
    return frame if zone is None else frame.with_columns(pl.col("start", "end").dt.replace_time_zone(zone))


def test_clocks_are_local_whatever_their_zone(tmp_path):
    assert read(tmp_path, clocks()).frame.rows() == EXPECTED
    assert read(tmp_path, clocks("Asia/Jakarta")).frame.rows() == EXPECTED
    text = clocks().with_columns(pl.col("start", "end").dt.strftime("%Y-%m-%dT%H:%M:%S+07:00"))
    assert read(tmp_path, text, "stops.csv").frame.rows() == EXPECTED
    assert read(tmp_path, text, "stops.csv", timezone="Asia/Jakarta").frame.rows() == EXPECTED


@pytest.mark.parametrize("written", ["zoned", "Z"])
def test_utc_is_not_local(tmp_path, written):
    frame = clocks("UTC", hours=-7)
    if written == "Z":
        frame = frame.with_columns(pl.col("start", "end").dt.strftime("%Y-%m-%d %H:%M:%SZ"))
    with pytest.raises(BadInputError, match="start is in UTC; say with --timezone"):
        read(tmp_path, frame)
    assert read(tmp_path, frame, timezone="Asia/Jakarta").frame.rows() == EXPECTED


def test_epoch_numbers_in_utc_need_the_zone(tmp_path):
    utc = PLAIN.with_columns(pl.col("start", "end") - 7 * HOUR)
    assert read(tmp_path, utc, timezone="Asia/Jakarta").frame.rows() == EXPECTED
    shifted = utc.with_columns(tz_hour_start=7, tz_minute_start=0)
    assert read(tmp_path, shifted).frame.rows() == EXPECTED
    with pytest.raises(BadInputError, match="Asia/Atlantis is no time zone"):
        read(tmp_path, PLAIN, timezone="Asia/Atlantis")


def test_names_and_kinds_may_be_written_otherwise(tmp_path):
    other = PLAIN.rename({"useruuid": "User_ID", "loc": "Cluster", "true_location_type": "kind"})
    stops = read(tmp_path, other.with_columns(kind=pl.Series(["work", " Home"])))
    assert stops.frame.rows() == EXPECTED
    assert read(tmp_path, other.with_columns(kind=pl.Series(["hotel", None]))).frame["kind"].to_list() == ["O", "O"]


def test_rows_that_cannot_be_used_are_counted(tmp_path):
    first = PLAIN.row(0, named=True)
    odd = [{"loc": "-1"}, {"start": None}, {"end": first["start"] - 1}, {"end": first["start"] + 15 * DAY}]
    stops = read(tmp_path, pl.concat([PLAIN, pl.DataFrame([first | o for o in odd], schema=PLAIN.schema)]))
    assert stops.frame.height == 2
    assert sorted(stops.refused.values()) == [1, 1, 1, 1]


def test_times_that_are_none_say_so(tmp_path):
    with pytest.raises(BadInputError, match="times in start cannot be read, such as soon"):
        read(tmp_path, PLAIN.with_columns(start=pl.lit("soon")))
    with pytest.raises(BadInputError, match="column start holds Boolean, not times"):
        read(tmp_path, PLAIN.with_columns(start=pl.lit(True)))


def test_stops_become_quarter_hours_of_days(tmp_path):
    days, users, places = device_days(read(tmp_path, PLAIN).frame)
    monday = datetime.fromtimestamp(MONDAY, UTC).date()
    rows = days.with_columns(at=place(pl.col("lon"))).sort("day", "at")
    assert (users, places) == (["1"], ["home", "office"])
    assert rows.select("at", "night_slots", "work_slots", "slots").rows() == [
        (0, 0, 0, 20),
        (1, 0, 28, 32),
        (0, 24, 0, 28),
    ]
    assert rows["day"].to_list()[:2] == [monday, monday]


def test_an_hour_belongs_to_the_longest_stop_that_touches_it():
    rows = [("1", "a", 9 * HOUR, 11 * HOUR + 60), ("1", "b", 11 * HOUR + 120, 16 * HOUR), ("1", "c", 0, 59)]
    stops = pl.DataFrame(rows, schema=["user", "location", "start", "end"], orient="row")
    shares = hour_shares(stops, (9, 17), 0.4).sort("place")
    assert shares.select("place", "share").rows() == [("a", pytest.approx(2 / 8)), ("b", pytest.approx(6 / 8))]
    assert hour_shares(stops, (9, 17), 0.9).is_empty()
    assert hour_shares(stops, (0, 6), 0.1).is_empty()


def test_a_table_that_does_not_fit_into_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("solarnet_assets.mobility.stops.MAX_BYTES", 10_000)
    head = b"useruuid,loc,start,end\n"
    for name, data in (("a.csv", head + b"u,1,0,1\n" * 2000), ("b.csv.gz", gzip.compress(head + b"\n" * 99_999))):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(BadInputError, match=f"{name} is not a table of stops: .* more than the limit of 10,000"):
            read_stops(tmp_path / name)
    with pytest.raises(BadInputError, match="more than the limit"):
        read(tmp_path, pl.concat([PLAIN] * 999))


def test_a_table_of_many_columns_is_told_in_one_sentence(tmp_path):
    (tmp_path / "a.csv").write_text(",".join(f"c{n}" for n in range(9999)) + "\n1\n")
    with pytest.raises(BadInputError) as told:
        read_stops(tmp_path / "a.csv")
    assert len(str(told.value)) < 800
