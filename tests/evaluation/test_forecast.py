from datetime import date, timedelta
from io import StringIO

import numpy as np
import polars as pl
import pytest
from rich.console import Console
from typer.testing import CliRunner

from solarnet_assets.evaluating import app
from solarnet_assets.evaluation import recoveries, recovery_panels
from solarnet_assets.evaluation.forecast import date_scores, outcomes, scores
from solarnet_assets.evaluation.forecast_command import print_forecasts
from solarnet_assets.evaluation.forecast_file import read_series
from solarnet_assets.landing import BadInputError

AS_OF = recoveries.FIRST + timedelta(days=40)


@pytest.fixture(scope="module")
def country():
    values, start = recoveries.draw_country(recoveries.SHAPES["logistic"], 4, np.random.default_rng(3))
    return recoveries.table(values, start, "place")


def written(tmp_path, text, name="file.csv"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_series_are_read_under_other_names(tmp_path):
    read = read_series(written(tmp_path, "Region;Date;Percent\nA;20200301;50\nA;2020/3/2;51.5 %\n"))
    assert read.history.rows() == [
        ("index", "A", date(2020, 3, 1), 50.0, 50.0, 50.0),
        ("index", "A", date(2020, 3, 2), 51.5, 51.5, 51.5),
    ]
    assert read.refused.is_empty()
    assert not read.notes


def test_a_column_per_city_and_a_lone_series_are_read(tmp_path):
    frame = read_series(written(tmp_path, "date,Wuhan,Beijing\n2020-03-01,20,50\n2020-03-02,,51\n")).history
    assert frame.select("region", "value").rows() == [("beijing", 50.0), ("beijing", 51.0), ("wuhan", 20.0)]
    frame = read_series(written(tmp_path, "day,value\n2020-03-01,20\n", "Wuhan.csv")).history
    assert frame["region"].to_list() == ["Wuhan"]


def test_a_column_per_day_is_read_beside_codes_and_names(tmp_path):
    text = "code,city,20200301,2020-03-02,2020/3/3\n1100,Beijing,50,51,\n4201,Wuhan,20,21,22\n"
    read = read_series(written(tmp_path, text))
    expected = [("Beijing", 1, 50.0), ("Beijing", 2, 51.0), ("Wuhan", 1, 20.0), ("Wuhan", 2, 21.0), ("Wuhan", 3, 22.0)]
    assert read.history.select("region", pl.col("day").dt.day(), "value").rows() == expected


@pytest.mark.parametrize("encoding", ["gb18030", "gbk", "utf-8", "utf-8-sig"])
def test_chinese_names_are_read_in_every_usual_encoding(tmp_path, encoding):
    path = tmp_path / "index.csv"
    path.write_bytes("城市,日期,复工指数\n北京,2020年3月1日,50\n武汉,2020-3-1,20\n".encode(encoding))
    read = read_series(path)
    assert read.history.select("region", "value").rows() == [("北京", 50.0), ("武汉", 20.0)]


def test_columns_of_unknown_names_are_told_by_what_they_hold(tmp_path):
    frame = read_series(written(tmp_path, "when,city,work_resumed\n2020-03-01 00:00:00,A,50\n")).history
    assert frame.select("region", "day", "value").rows() == [("A", date(2020, 3, 1), 50.0)]
    path = written(tmp_path, "day,city,First,Second\n2020-03-01,A,50,60\n")
    with pytest.raises(BadInputError, match="might all be it.*--column"):
        read_series(path)
    assert read_series(path, column="Second").history["value"].to_list() == [60.0]
    with pytest.raises(BadInputError, match="no column 'third'"):
        read_series(path, column="third")


def test_shares_are_taken_when_it_is_said(tmp_path):
    path = written(tmp_path, "city,day,value\nA,2020-03-01,0.5\nA,2020-03-02,1.01\n")
    assert read_series(path, "share").history["value"].to_list() == [50.0, 101.0]
    read = read_series(written(tmp_path, "city,day,value\nA,2020-03-01,5.5\nA,2020-03-02,8\n"))
    assert "raw intensity" in read.notes[0]


def test_two_years_beside_each_other_become_percent_of_normal(tmp_path):
    days = [(date(2020, 1, 1) + timedelta(days=n), date(2019, 1, 12) + timedelta(days=n)) for n in range(50)]
    lines = [f"{a:%Y%m%d},{5.0 if n < 22 else 2.0},{b:%Y%m%d},5.0" for n, (a, b) in enumerate(days)]
    read = read_series(written(tmp_path, "\n".join(["date1,intensity1,date2,intensity2", *lines]), "Wuhan.csv"))
    assert read.history["region"].unique().to_list() == ["Wuhan"]
    assert read.history["day"].dt.year().unique().to_list() == [2020]
    assert read.history["value"].head(10).to_numpy() == pytest.approx(np.full(10, 100.0), abs=1)
    assert read.history["value"].tail(5).to_numpy() == pytest.approx(np.full(5, 40.0), abs=2)
    assert "evaluate commuting" in read.notes[0]


def test_intervals_are_taken_and_records_counted(tmp_path):
    lines = ("A,2020-03-01,50,45,56", "A,2020-03-01,60,1,99", "A,soon,5,,", "A,2020-03-02,-1,,", ",2020-03-02,5,,")
    read = read_series(written(tmp_path, "\n".join(["city,day,value,lower,upper", *lines])))
    frame, refused = read.history, read.refused
    assert frame.select("value", "lower", "upper").rows() == [(50.0, 45.0, 56.0)]
    assert frame.height + refused.height == 5
    starts = ["the city has", "the city is ", "the day cann", "the value is"]
    assert sorted(refused["reason"].str.slice(0, 12)) == starts


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("city,day,value\nA,2020-03-01,0.5\nA,2020-03-02,1.01\n", "shares.*--unit share"),
        ("city,value\nA,5\n", "no column for day"),
        ("city,day,value\n", "no record"),
        ("city,day,value\nA,x,5\n", "the day cannot be read"),
    ],
)
def test_files_that_are_no_series_are_refused_in_one_sentence(tmp_path, text, why):
    with pytest.raises(BadInputError, match=why) as caught:
        read_series(written(tmp_path, text))
    assert "file.csv" in str(caught.value)


def test_scores_are_of_days_after_and_relative_to_the_line(country):
    (outcome,) = outcomes(country, [AS_OF])
    found = scores(outcome)
    line = found.filter(pl.col("method") == "straight_line")
    assert line["relative"].to_list() == [1.0] * line.height
    whole = found.filter(pl.col("method") == "stack", pl.col("first") == 1, pl.col("last") == 60).row(0, named=True)
    assert whole["cities"] == 4
    after = country.filter(pl.col("day") > AS_OF, pl.col("day") <= AS_OF + timedelta(days=60))
    assert whole["n"] == after.height
    assert whole["relative"] < 1
    assert 0.5 < whole["covered"] <= 1
    dates = date_scores(outcome)
    assert dates.filter(pl.col("method") == "stack")["cities"].max() == 4
    own = dates.filter(pl.col("method") == "straight_line")["relative"].drop_nulls().to_list()
    assert own == [1.0] * len(own)


def test_what_came_does_not_choose_the_cases(country):
    known = []
    for later in (0.0, 200.0):
        value = pl.when(pl.col("day") > AS_OF).then(later).otherwise("value")
        (outcome,) = outcomes(country.with_columns(value=value), [AS_OF])
        known.append(date_scores(outcome).select("method", "threshold", "cities"))
    assert known[0].equals(known[1])
    assert known[0]["cities"].max() == 4


def test_where_no_line_is_identified_the_others_are_scored_alone():
    days = [AS_OF + timedelta(days=7 * n) for n in range(-9, 6)]
    weekly = pl.DataFrame({"signal": "index", "region": "w", "day": days, "value": np.linspace(30, 90, 15)})
    (outcome,) = outcomes(weekly.with_columns(lower=pl.col("value"), upper=pl.col("value")), [AS_OF])
    found = scores(outcome)
    assert "straight_line" not in found["method"]
    stack = found.filter(pl.col("method") == "stack", pl.col("first") == 1, pl.col("last") == 60)
    assert stack.select("n", "relative").row(0) == (5, None)


def test_without_later_days_there_is_nothing_to_score(country):
    (outcome,) = outcomes(country.filter(pl.col("day") <= AS_OF), [AS_OF])
    assert scores(outcome).is_empty()
    assert date_scores(outcome).is_empty()


def test_what_the_file_holds_after_the_day_changes_no_forecast(country):
    (outcome,) = outcomes(country, [AS_OF])
    (blind,) = outcomes(country.filter(pl.col("day") <= AS_OF), [AS_OF])
    assert (outcome.made.stack == blind.made.stack).all()


def test_days_of_return_and_scores_are_printed(country, tmp_path):
    path = tmp_path / "places.csv"
    country.select("region", "day", "value").write_csv(path)
    console = Console(width=140, record=True, file=StringIO())
    print_forecasts(path, [AS_OF], console)
    text = console.export_text()
    assert f"As of {AS_OF}" in text
    assert "place 3" in text
    assert "scores by what came" in text
    assert "Stack (index)" in text


def test_two_points_are_said_not_to_identify(tmp_path):
    path = written(tmp_path, "city,day,value\nA,2020-02-09,20\nA,2020-03-10,72\n")
    done = CliRunner().invoke(app, ["forecast", "--index", str(path), "--as-of", "2020-03-10"])
    text = " ".join(done.output.split())
    assert done.exit_code == 0
    assert "not identified (2 days with a figure, 7 are needed)" in text
    assert "reaches 100 % on 2020-03-26, and nothing says how sure that is" in text


def test_a_city_that_has_long_been_silent_is_named(country, tmp_path):
    path = tmp_path / "places.csv"
    old = pl.DataFrame({"region": ["silent"], "day": [AS_OF - timedelta(days=90)], "value": [50.0]})
    pl.concat([country.select("region", "day", "value"), old]).write_csv(path)
    console = Console(width=140, record=True, file=StringIO())
    print_forecasts(path, [AS_OF], console)
    assert "no figure in the 84 days before: silent (1 cities)" in console.export_text()


def test_a_day_before_the_file_is_refused(country, tmp_path):
    path = tmp_path / "places.csv"
    country.select("region", "day", "value").write_csv(path)
    with pytest.raises(BadInputError, match="nothing was known as of 2001-01-01"):
        print_forecasts(path, [date(2001, 1, 1)], Console(file=StringIO()))


def test_a_day_long_after_the_file_is_refused_and_one_soon_after_is_said(country, tmp_path):
    path = tmp_path / "places.csv"
    country.select("region", "day", "value").write_csv(path)
    last = country["day"].max()
    with pytest.raises(BadInputError, match=f"ends on {last}"):
        print_forecasts(path, [last + timedelta(days=90)], Console(file=StringIO()))
    console = Console(width=140, record=True, file=StringIO())
    print_forecasts(path, [last + timedelta(days=5)], console)
    assert f"The file ends 5 days before {last + timedelta(days=5)}" in console.export_text()


def test_many_cities_are_summed_up_and_written_to_a_file(country, tmp_path):
    path, out = tmp_path / "places.csv", tmp_path / "dates.csv"
    copies = [country.with_columns(region=pl.format("{} of {}", "region", pl.lit(n))) for n in range(9)]
    pl.concat(copies).select("region", "day", "value").write_csv(path)
    done = CliRunner().invoke(app, ["forecast", "--index", str(path), "--as-of", AS_OF.isoformat(), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "middle day of return of the cities" in done.output
    assert "Back at 90 % first:" in done.output
    assert len(done.output.splitlines()) < 90
    written_rows = pl.read_csv(out)
    assert written_rows["city"].n_unique() == 36
    assert written_rows.columns[:4] == ["as_of", "method", "city", "threshold"]
    assert written_rows.filter(pl.col("method") == "stack").height == 36 * 3


@pytest.mark.parametrize("kind", recovery_panels.KINDS)
def test_drawn_panels_repeat_and_fall_together(kind):
    curve = recovery_panels.HELD_OUT["weibull"]
    one, two = (recovery_panels.draw_panel(recovery_panels.KINDS[kind], curve, np.random.default_rng(4)) for _ in "ab")
    assert np.array_equal(one, two, equal_nan=True)
    few, most = recovery_panels.KINDS[kind].places
    assert few <= one.shape[0] <= most
    middle = np.nanmedian(one, axis=0)
    assert np.nanmin(middle[26:45]) < 50 < np.nanmean(middle[-20:])


def test_drawn_recoveries_repeat_and_are_of_their_shape():
    one = recoveries.draw_country(recoveries.SHAPES["none"], 3, np.random.default_rng(1))[0]
    two = recoveries.draw_country(recoveries.SHAPES["none"], 3, np.random.default_rng(1))[0]
    assert np.array_equal(one, two, equal_nan=True)
    assert np.nanmedian(one) == pytest.approx(100, abs=6)
    for shape in (*recoveries.SHAPES.values(), *recoveries.HELD_OUT.values()):
        values, start = recoveries.draw_country(shape, 2, np.random.default_rng(2))
        assert np.nanmin(values) >= 0
        assert np.nanmean(values[:, :start]) == pytest.approx(100, abs=12)
