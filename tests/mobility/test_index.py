import gzip
from datetime import date

import polars as pl
import pytest

from solarnet_assets.mobility.readers import read_index
from solarnet_assets.storage.schemas import SCHEMAS

DAY = date(2020, 1, 8)


@pytest.fixture
def read(cities):
    def _read(*files, day=DAY, **options):
        landing = read_index(files, day, {"cities": cities, **options})
        assert landing.n_in == landing.frame.height + landing.rejects.height
        SCHEMAS["mobility_index"].validate(landing.frame)
        return landing

    return _read


def test_city_day_intensity(read, put):
    landing = read(
        put("2020-01-08/index.csv", "city,day,intensity\nhere,2020-01-08,4.5\nThere,20200108,3\n"), provider="p"
    )
    assert landing.frame.rows() == [("here", 4.5, "p", None), ("there", 3.0, "p", None)]


def test_two_aligned_years_give_both_days(read, put):
    text = "date1,intensity1,date2,intensity2\n20200108,6.5,20190119,3.9\n20200109,6.6,,\n"
    file = put("index/Here.csv", text, whole=True)
    assert read(file).frame.rows() == [("here", 6.5, "unknown", None)]
    assert read(file, day=date(2019, 1, 19)).frame.rows() == [("here", 3.9, "unknown", None)]
    assert read(file, day=date(2020, 1, 9)).n_in == 1
    assert read(file, day=date(2020, 1, 10)).n_in == 0


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("here,2020-01-08,much", "not a number"),
        ("here,2020-01-08,-1", "negative"),
        ("nowhere,2020-01-08,1", "not in the list"),
        ("here,someday,1", "day cannot be read"),
        ("here,2020-01-09,1", "another day"),
        (",2020-01-08,1", "city is missing"),
        ("here,2020-01-08,7", "a second value"),
    ],
)
def test_a_bad_record_is_refused(read, put, row, reason):
    landing = read(put("index.csv", f"city,day,intensity\nhere,2020-01-08,2\n{row}\n"))
    assert landing.frame["intensity"].to_list() == [2.0]
    assert reason in landing.rejects["reason"][0]


def test_a_file_of_something_else_is_one_reject(read, put):
    landing = read(put("index.csv", "a,b\n1,2\n"), put("u.csv", "city,day,intensity\n".encode("utf-16")))
    assert landing.n_in == landing.rejects.height == 2


def test_a_name_with_signs_of_a_pattern_is_that_file_and_no_other(read, put):
    frame = pl.DataFrame({"city": ["here"], "day": "2020-01-08", "intensity": 1.0})
    put("2020-01-08/other.parquet", frame.with_columns(city=pl.lit("there")))
    for name in ("*.parquet", "[o]ther.parquet", "o?her.parquet"):
        assert read(put(f"2020-01-08/{name}", frame)).frame["city"].to_list() == ["here"]


def test_a_table_that_does_not_fit_into_memory_is_refused(read, put, monkeypatch):
    monkeypatch.setattr("solarnet_assets.mobility.index.MAX_BYTES", 10_000)
    head = "city,day,intensity\n"
    files = [
        put("2020-01-08/a.csv", head + "here,2020-01-08,1\n" * 1000),
        put("2020-01-08/b.csv.gz", gzip.compress((head + "\n" * 99_999).encode())),
        put("2020-01-08/c.parquet", pl.DataFrame({"city": ["here"] * 999, "day": "2020-01-08", "intensity": 1.0})),
    ]
    landing = read(*files)
    assert landing.frame.is_empty()
    assert all("more than the limit of 10,000" in reason for reason in landing.rejects["reason"])


def test_days_near_the_ends_of_the_calendar_are_refused(read, put):
    text = "city,day,intensity\n" + "".join(f"here,{day},1\n" for day in ("0001-01-01", "9999-12-31", "2020-01-08"))
    landing = read(put("2020-01-08/a.csv", text))
    assert landing.rejects["reason"].to_list() == ["the day lies outside 1900 to 2199"] * 2
