from datetime import date, timedelta
from io import StringIO

import numpy as np
import polars as pl
import pytest
from rich.console import Console
from typer.testing import CliRunner

from solarnet_assets.evaluating import app
from solarnet_assets.evaluation.commuting_index import print_index, read_whole, spreads
from solarnet_assets.evaluation.commuting_models import compare
from solarnet_assets.landing import BadInputError
from solarnet_assets.mobility.calendar import calendar_frame

WORKING = dict(calendar_frame("CN", date(2018, 12, 1), date(2020, 12, 31)).select("date", "is_workday").iter_rows())
DAYS = [date(2018, 12, 20) + timedelta(days=n) for n in range(460)]


def intensity(day, drift=1.2):
    """A city that stands still from 5 February 2020 on, with weekends and a base that drifts."""
    level = 0.3 if day >= date(2020, 2, 5) else 1.0
    return (5.0 if WORKING[day] else 3.0) * level * (drift if day > date(2019, 9, 1) else 1.0)


@pytest.fixture
def long_file(tmp_path):
    rng = np.random.default_rng(1)
    rows = [("here", day, round(intensity(day) * float(np.exp(0.01 * rng.normal())), 4)) for day in DAYS]
    path = tmp_path / "intensities.csv"
    pl.DataFrame(rows, schema=["city", "day", "intensity"], orient="row").write_csv(path)
    return path


def printed(*args):
    console = Console(width=140, record=True, file=StringIO())
    print_index(*args, console)
    return console.export_text()


def test_days_are_compared_and_the_drift_removed(long_file):
    made = compare({"mobility_index": read_whole(long_file).frame})
    late = made.mart.filter(pl.col("day").is_between(date(2020, 2, 8), date(2020, 3, 10)))
    assert late["value"].to_list() == pytest.approx([30.0] * late.height, abs=1.5)
    assert ((late["lower"] <= 30) & (late["upper"] >= 30)).mean() > 0.8
    (row,) = spreads(made).filter(pl.col("year") == 2020).rows(named=True)
    assert row["raw"] > 0.2 > 0.03 > row["corrected"]
    assert row["aligned"] == pytest.approx(1.2 * row["corrected"], rel=0.01)


def test_the_models_of_the_warehouse_do_it_and_settings_reach_them(long_file):
    frame = read_whole(long_file).frame
    off = compare({"mobility_index": frame}, settings={"remove_base": "0"}).mart
    assert off.filter(pl.col("day") == date(2020, 2, 20))["value"].item() == pytest.approx(36, abs=1.5)


def test_the_command_prints_every_day_and_the_scatter(long_file):
    text = printed(long_file, "CN")
    assert "460 records, 460 used, 0 refused" in text
    assert "2020-02-20" in text
    assert "lunar" in text
    assert "Scatter of daily ratios" in text


def test_two_years_on_a_line_are_taken_by_file_name(tmp_path):
    rows = [(day, intensity(day), day - timedelta(days=354), intensity(day - timedelta(days=354)))
            for day in (date(2020, 1, 1) + timedelta(days=n) for n in range(50))]  # fmt: skip
    frame = pl.DataFrame(rows, schema=["date1", "intensity1", "date2", "intensity2"], orient="row")
    path = tmp_path / "Chengdu.csv"
    frame.with_columns(pl.col("date1", "date2").dt.strftime("%Y%m%d")).write_csv(path)
    text = printed(path, "CN")
    assert "Chengdu: percent of normal" in text
    assert "100 used" in text


def test_other_countries_are_compared_by_weekday(tmp_path):
    days = [date(2020, 12, 10) + timedelta(days=n) for n in range(500)]
    frame = pl.DataFrame({"Date": days, "Value": [5.0 - (d.weekday() > 4) for d in days]})
    frame.write_csv(tmp_path / "berlin.csv")
    text = printed(tmp_path / "berlin.csv", "DE")
    assert "weekday" in text
    assert "berlin: percent of normal" in text


def test_a_year_alone_is_said_to_have_nothing_to_compare_with(tmp_path):
    days = [date(2020, 1, 1) + timedelta(days=n) for n in range(60)]
    pl.DataFrame({"city": "x", "day": days, "intensity": 1.0}).write_csv(tmp_path / "one.csv")
    text = printed(tmp_path / "one.csv", "CN")
    assert "60 days have no day of the year before" in text
    assert "base is not removed" in text


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", "a,b\n1,2\n", "a.csv"),
        ("empty.csv", "", "empty"),
        ("days.csv", "city,day,intensity\nx,someday,1\n", "day cannot be read"),
        ("missing.csv", None, "no file"),
    ],
)
def test_a_file_that_is_none_is_one_sentence(tmp_path, name, content, reason):
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(BadInputError, match=reason):
        read_whole(tmp_path / name)


def test_an_unknown_country_is_one_sentence(long_file):
    with pytest.raises(BadInputError, match="no calendar of working days"):
        compare({"mobility_index": read_whole(long_file).frame}, "XX")


def test_without_an_input_the_command_says_what_to_give():
    done = CliRunner().invoke(app, ["commuting"])
    assert done.exit_code == 2
