"""Home and work in ready stops, against labels."""

import gzip
from datetime import datetime

import polars as pl
import pytest
from typer.testing import CliRunner

from solarnet_assets.cli import app
from solarnet_assets.evaluation.commuting import located, score
from solarnet_assets.landing import BadInputError
from solarnet_assets.mobility.stops import read_stops

DAY = 86_400
HOUR = 3_600


def stops(user, work, label="W", weeks=3):
    """Nights at home, working days at ``work``, Saturdays at the market; day 0 of the epoch was a Thursday."""
    rows = []
    for day in range(7 * weeks):
        rows.append((user, "home", day * DAY, day * DAY + 8 * HOUR, "H"))
        rows.append((user, "home", day * DAY + 19 * HOUR, (day + 1) * DAY, "H"))
        if work and day % 7 not in (2, 3):
            rows.append((user, work, day * DAY + 9 * HOUR, day * DAY + 17 * HOUR, label))
        if day % 7 == 2:
            rows.append((user, "market", day * DAY + 10 * HOUR, day * DAY + 11 * HOUR, "O"))
    return pl.DataFrame(rows, schema=["useruuid", "loc", "start", "end", "true_location_type"], orient="row")


@pytest.fixture
def people():
    return pl.concat([stops(1, "office"), stops(2, None), stops(3, "club", "O"), stops(4, "shop").filter(loc="shop")])


def test_homes_and_workplaces_are_found_and_scored(people, tmp_path):
    people.write_parquet(tmp_path / "stops.parquet")
    read = read_stops(tmp_path / "stops.parquet")
    found = located(read.frame)
    assert found.rows() == [("1", "home", "office"), ("2", "home", None), ("3", "home", "club"), ("4", "shop", None)]
    scored = score(read.frame, found)
    assert (scored.users, scored.homes, scored.homes_right, scored.homes_given) == (4, 3, 3, 3)
    assert (scored.works, scored.works_right, scored.works_given) == (2, 1, 1)
    assert (scored.others, scored.others_given) == (2, 1)


def test_times_may_be_dates_and_names_may_differ(people, tmp_path):
    at = [pl.lit(datetime(1970, 1, 1)) + pl.duration(seconds=pl.col(c)) for c in ("start", "end")]
    other = people.with_columns(at[0].alias("start"), at[1].alias("end")).rename({"useruuid": "uid", "loc": "cluster"})
    with gzip.open(tmp_path / "stops.csv.gz", "wb") as file:
        file.write(other.write_csv().encode())
    people.write_parquet(tmp_path / "stops.parquet")
    same = [located(read_stops(tmp_path / name).frame) for name in ("stops.csv.gz", "stops.parquet")]
    assert same[0].equals(same[1])


def test_stops_that_cannot_be_are_counted_by_reason(people, tmp_path):
    late = people.row(0, named=True)
    odd = [late | {"end": late["start"] - 1}, late | {"start": None}, late | {"end": late["start"] + 15 * DAY}]
    pl.concat([people, pl.DataFrame(odd, schema=people.schema)]).write_parquet(tmp_path / "stops.parquet")
    read = read_stops(tmp_path / "stops.parquet")
    assert read.frame.height == people.height
    assert sorted(read.refused.values()) == [1, 1, 1]


def test_a_file_that_is_none_and_one_without_columns_say_so(tmp_path):
    (tmp_path / "x.parquet").write_bytes(b"hello")
    with pytest.raises(BadInputError, match="x.parquet is not a table of stops"):
        read_stops(tmp_path / "x.parquet")
    (tmp_path / "y.csv").write_text("user,place\n1,2\n")
    with pytest.raises(BadInputError, match=r"y.csv has no column for location .*it has user, place"):
        read_stops(tmp_path / "y.csv")


def test_command_prints_counts_and_names_what_it_cannot_use(people, tmp_path):
    people.write_parquet(tmp_path / "stops.parquet")
    shown = CliRunner().invoke(app, ["evaluate", "commuting", "--stops", str(tmp_path / "stops.parquet")])
    assert shown.exit_code == 0
    assert "1 (50.0%)" in shown.output
    people.drop("true_location_type").write_parquet(tmp_path / "bare.parquet")
    bare = CliRunner().invoke(app, ["evaluate", "commuting", "--stops", str(tmp_path / "bare.parquet")])
    assert bare.exit_code != 0
    assert isinstance(bare.exception, BadInputError)
    assert "true_location_type" in str(bare.exception)
