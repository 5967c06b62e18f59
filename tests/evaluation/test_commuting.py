"""Home and work in ready stops, against labels."""

import polars as pl
import pytest
from typer.testing import CliRunner

from solarnet_assets.cli import app
from solarnet_assets.evaluation.commuting import score, trade_off
from solarnet_assets.evaluation.commuting_stops import located
from solarnet_assets.landing import BadInputError
from solarnet_assets.mobility.howde import HowdeRule
from solarnet_assets.mobility.stops import read_stops

DAY = 86_400
HOUR = 3_600
FIELDS = ["useruuid", "loc", "start", "end", "true_location_type"]


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
    return pl.DataFrame(rows, schema=FIELDS, orient="row")


def read_frame(table):
    return table.select(
        pl.col("useruuid").cast(pl.String).alias("user"), "start", "end", location="loc", kind="true_location_type"
    )


@pytest.fixture
def people():
    return pl.concat([stops(1, "office"), stops(2, None), stops(3, "club", "O"), stops(4, "shop").filter(loc="shop")])


def test_homes_and_workplaces_are_found_and_scored(people, tmp_path):
    people.write_parquet(tmp_path / "stops.parquet")
    read = read_stops(tmp_path / "stops.parquet")
    found = located(read.frame)
    homes = [("1", "H", "home"), ("2", "H", "home"), ("3", "H", "home"), ("4", "H", "shop")]
    assert found.rows() == sorted([*homes, ("1", "W", "office"), ("3", "W", "club")])
    scored = score(read.frame, found)
    assert (scored.users, scored.homes, scored.homes_right, scored.homes_given) == (4, 3, 3, 3)
    assert (scored.works, scored.works_right, scored.works_given) == (2, 1, 1)
    assert (scored.others, scored.others_given) == (2, 1)


def test_a_place_is_right_if_any_of_several_bears_the_label(people):
    stops = read_frame(people)
    both = pl.DataFrame([("1", "W", "club"), ("1", "W", "office")], schema=["user", "kind", "location"], orient="row")
    assert score(stops, both).works_right == 1
    assert score(stops, both.head(1)).works_right == 0
    assert score(stops, both).works_given == 1


def test_howde_finds_the_same_regular_lives(people):
    stops = read_frame(people)
    found = located(stops, HowdeRule())
    assert found.filter(pl.col("kind") == "H").rows() == [(str(n), "H", "home") for n in (1, 2, 3)]
    assert found.filter(pl.col("kind") == "W").rows() == [("1", "W", "office"), ("3", "W", "club")]


def test_howde_knows_a_change_of_jobs_day_by_day():
    first, then = stops(1, "old", weeks=12), stops(1, "new", weeks=24)
    changed = pl.concat([first, then.filter(pl.col("start") >= 84 * DAY)])
    works = located(read_frame(changed), HowdeRule()).filter(pl.col("kind") == "W")
    assert works["location"].to_list() == ["new", "old"]


def test_howde_looks_at_weeks_and_not_at_a_day():
    away = pl.DataFrame([(1, "fair", 25 * DAY + 9 * HOUR, 25 * DAY + 17 * HOUR, "O")], schema=FIELDS, orient="row")
    usual = stops(1, "office", weeks=8).filter(~pl.col("start").is_between(25 * DAY + 8 * HOUR, 25 * DAY + 18 * HOUR))
    works = located(read_frame(pl.concat([usual, away])), HowdeRule()).filter(pl.col("kind") == "W")
    assert works["location"].to_list() == ["office"]


def test_howde_takes_no_former_home_for_a_workplace():
    first, then = stops(1, None, weeks=12), stops(1, "home", "O", weeks=24).filter(pl.col("start") >= 84 * DAY)
    moved = pl.when(pl.col("true_location_type") == "H").then(pl.lit("new home")).otherwise("loc").alias("loc")
    found = located(read_frame(pl.concat([first, then.with_columns(moved)])), HowdeRule())
    assert found.filter(pl.col("kind") == "H")["location"].to_list() == ["home", "new home"]
    assert found.filter(pl.col("kind") == "W").is_empty()


def test_the_curve_falls_on_both_sides():
    """Two people who spend two of seven hours somewhere and the rest at home: one calls it work, one does not."""
    brief = []
    for user, label in ((1, "W"), (2, "O")):
        whole = stops(user, "desk", label).filter(pl.col("loc") == "desk")
        early, late = (
            whole.with_columns(end=pl.col("start") + 2 * HOUR),
            whole.with_columns(start=pl.col("start") + 2 * HOUR, loc=pl.lit("home"), true_location_type=pl.lit("H")),
        )
        brief += [stops(user, None), early, late]
    given = {at: (found.works_right, found.others_given) for at, found in trade_off(read_frame(pl.concat(brief)))}
    assert given[0.1] == (1, 1)
    assert given[0.5] == (0, 0)


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
    assert shown.output.count("1 (50.0%)") >= 2
    assert "robust: home and work of 4 users" in shown.output
    assert "howde: home and work of 4 users" in shown.output
    people.drop("true_location_type").write_parquet(tmp_path / "bare.parquet")
    bare = CliRunner().invoke(app, ["evaluate", "commuting", "--stops", str(tmp_path / "bare.parquet")])
    assert bare.exit_code != 0
    assert isinstance(bare.exception, BadInputError)
    assert "true_location_type" in str(bare.exception)
