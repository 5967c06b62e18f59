"""When files arrived, by what a source says of them."""

import json
import os
from datetime import date, datetime
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from solarnet_assets.defs import automation
from solarnet_assets.landing import BadInputError, RawFile
from solarnet_assets.sources.arrivals import CLOSES, Dated, known_day
from solarnet_assets.sources.files import FileSource
from solarnet_assets.sources.register import register

DAY = date(2020, 2, 9)
ZONE = "Asia/Shanghai"


@pytest.fixture
def put(tmp_path):
    def _put(name, text="x"):
        file = tmp_path / "drop" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    return _put


def arrived(root, how="declared", day=DAY):
    files = Dated(FileSource(root), how, ZONE).files(day)
    return {file.name: (file.arrived, file.arrival) for file in files}


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2020-02-12", date(2020, 2, 12)),
        ("2020-02-12T06:29", date(2020, 2, 11)),
        ("2020-02-12T06:30", date(2020, 2, 12)),
        (" 2020-02-11T22:29:59Z", date(2020, 2, 11)),
        ("2020-02-11T22:30:00+00:00", date(2020, 2, 12)),
    ],
)
def test_a_day_is_over_when_the_next_mornings_refresh_begins(text, day):
    assert known_day(text, ZONE) == day


def test_the_refresh_begins_when_arrivals_close():
    assert automation.daily_schedule.cron_schedule == f"{CLOSES.minute} {CLOSES.hour} * * *"


def test_a_declaration_names_files_beside_and_below_it_and_the_nearest_one_counts(put, tmp_path):
    for name in ("2020-02-09/a.csv", "2020-02-09/b.csv", "2020-02-09/deep/c.csv"):
        put(name)
    put("arrivals.csv", "file,arrived\n2020-02-09/a.csv,2020-02-12\n2020-02-09/deep/c.csv,2020-02-13\n")
    put("2020-02-09/arrivals.csv", "file,arrived\na.csv,2020-02-20\n")
    assert arrived(tmp_path / "drop") == {
        "2020-02-09/a.csv": (date(2020, 2, 20), "declared"),
        "2020-02-09/b.csv": (None, "in time"),
        "2020-02-09/deep/c.csv": (date(2020, 2, 13), "declared"),
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file,when\na.csv,2020-02-12\n", "lacks the columns file and arrived"),
        ("file,arrived\na.csv,soon\n", "line 2: 'soon' is no day"),
        ("file,arrived\na.csv\n", "line 2"),
        ("file,arrived\na.csv,99999-01-01T00:00\n", "line 2"),
    ],
)
def test_a_declaration_that_cannot_be_read_is_never_guessed(put, tmp_path, text, words):
    put("2020-02-09/a.csv")
    put("arrivals.csv", text)
    with pytest.raises(BadInputError, match=words) as caught:
        arrived(tmp_path / "drop")
    assert "arrivals.csv" in str(caught.value)


def test_a_declaration_that_lies_elsewhere_is_not_followed(put, tmp_path):
    put("2020-02-09/a.csv")
    (tmp_path / "elsewhere.csv").write_text("file,arrived\n2020-02-09/a.csv,2020-02-12\n")
    (tmp_path / "drop/arrivals.csv").symlink_to(tmp_path / "elsewhere.csv")
    assert arrived(tmp_path / "drop") == {"2020-02-09/a.csv": (None, "in time")}


def test_the_time_of_a_file_counts_where_it_is_asked_for(put, tmp_path):
    file = put("2020-02-09/a.csv")
    late = datetime(2020, 2, 12, 7, 0, tzinfo=ZoneInfo(ZONE)).timestamp()
    os.utime(file, (late, late))
    assert arrived(tmp_path / "drop") == {"2020-02-09/a.csv": (None, "in time")}
    assert arrived(tmp_path / "drop", "mtime") == {"2020-02-09/a.csv": (date(2020, 2, 12), "file time")}


def test_a_stac_item_says_when_it_and_its_assets_were_there(put, tmp_path):
    item = {
        "properties": {"created": "2020-02-13T01:00:00Z", "updated": "2021-01-01T00:00:00Z"},
        "assets": {"data": {"href": "./s.tif"}, "mask": {"href": "../masks/2020-02-09/s.tif"}},
    }
    put("2020-02-09/s.json", json.dumps(item))
    put("2020-02-09/s.tif")
    put("masks/2020-02-09/s.tif")
    put("2020-02-09/other.json", '{"properties": 3}')
    put("2020-02-09/bad.json", "{")
    found = arrived(tmp_path / "drop", "item")
    assert found["2020-02-09/s.json"] == found["2020-02-09/s.tif"] == (date(2020, 2, 13), "item")
    assert found["masks/2020-02-09/s.tif"] == (date(2020, 2, 13), "item"), "wherever the item says it is"
    assert found["2020-02-09/other.json"] == found["2020-02-09/bad.json"] == (None, "in time")
    assert set(arrived(tmp_path / "drop").values()) == {(None, "in time")}


def test_no_file_is_known_before_its_day(tmp_path):
    early = RawFile(tmp_path, "a", arrived=date(2020, 2, 1))
    assert early.known(DAY) == DAY
    assert early.known(date(2020, 1, 30)) == date(2020, 2, 1)


def test_the_register_adds_up_and_names_links(put):
    file = put("a.csv", "hello")
    files = [
        RawFile(file, "a.csv", arrived=date(2020, 2, 12), arrival="declared"),
        RawFile(file.parent / "gone", "gone"),
    ]
    rows = register("pings", DAY, files, {"a.csv": 5}, {"a.csv": 2, "link": 1}).rows_by_key("file", named=True)
    (a,), (gone,), (link,) = rows["a.csv"], rows["gone"], rows["link"]
    assert (a["bytes"], a["records_in"], a["records_kept"], a["records_refused"]) == (5, 5, 3, 2)
    assert a["sha256"] == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    assert (a["arrived"], gone["sha256"], gone["arrived"]) == (date(2020, 2, 12), None, DAY)
    assert (link["sha256"], link["records_in"], link["records_kept"]) == (None, 1, 0)
    file.write_text("other")
    again = register("pings", DAY, files[:1], {}, {}).filter(pl.col("file") == "a.csv")
    assert again["sha256"].item() != a["sha256"], "a changed file is read again"
