"""A folder that was emptied, as by a share that is not mounted, is no day without data."""

import shutil
from datetime import date

import polars as pl
import pytest

from solarnet_assets.landing import Landing, reject, rejects_frame
from solarnet_assets.sources.away import SourceAwayError, check_there
from solarnet_assets.sources.files import FileSource
from solarnet_assets.storage.lake import Lake
from solarnet_assets.storage.schemas import SCHEMAS

DAY = date(2020, 2, 9)


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake", tmp_path / "quarantine")


def landed(lake, day, rows):
    index = pl.DataFrame({"city": ["wuhan"] * rows, "intensity": [1.0] * rows, "provider": ["p"] * rows})
    missing = [name for name in SCHEMAS["mobility_index"].column_names() if name not in index.columns]
    bad = [reject("f.csv", "bad")] if rows else []
    frame = index.with_columns(pl.lit(None).alias(name) for name in missing)
    lake.write("mobility_index", day, Landing(frame, rejects_frame(bad), rows + len(bad)))


def test_a_source_without_any_file_is_away_where_it_once_delivered(lake, tmp_path):
    (tmp_path / "drop").mkdir()
    landed(lake, date(2020, 2, 7), 3)
    landed(lake, date(2020, 2, 8), 0)
    shutil.rmtree(tmp_path / "quarantine")  # has been read
    with pytest.raises(SourceAwayError, match="4 records of 2020-02-07 came from it: is its folder mounted"):
        check_there(FileSource(tmp_path / "drop"), "mobility_index", lake)


def test_a_new_source_may_be_empty_and_a_day_without_files_too(lake, tmp_path):
    (tmp_path / "drop").mkdir()
    check_there(FileSource(tmp_path / "drop"), "mobility_index", lake)
    landed(lake, DAY, 3)
    other = tmp_path / "drop" / "2020-02-01.csv"
    other.write_text("x")
    check_there(FileSource(tmp_path / "drop"), "mobility_index", lake)
    other.unlink()
    with pytest.raises(SourceAwayError):
        check_there(FileSource(tmp_path / "drop"), "mobility_index", lake)
