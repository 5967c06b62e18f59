from datetime import date

import polars as pl
import pytest

from solarnet_assets.reports import chances, composite, composite_charts, forecast, forecast_history, register
from solarnet_assets.reports.data import read


@pytest.fixture(scope="module")
def data(tmp_path_factory, frames, stack, write_warehouse):
    home = tmp_path_factory.mktemp("composite")
    write_warehouse(home / "warehouse.duckdb", stack(frames))
    return read(home / "warehouse.duckdb", home / "evidence", home / "quarantine")


def test_bars_add_up_to_the_distance_from_normal(data):
    fixed = data["index_contributions"].filter(pl.col("kind") == "weights")
    bars, total = composite_charts._stacked(fixed, ["steel", "parking", "commuting"])
    ends = bars.filter(pl.col("up").not_()).group_by("day").agg(pl.col("end").min()).sort("day")
    index = data["recovery_index"].filter(pl.col("kind") == "weights").sort("day")
    assert total["value"].to_list() == pytest.approx((index["value"] - 100).to_list())
    below = total.filter(pl.col("value") < -1).join(ends, on="day")
    assert below["end"].to_list() == pytest.approx(below["value"].to_list())


def test_what_is_above_normal_is_stacked_upwards():
    day = date(2020, 5, 1)
    names = {"signal": ["steel", "parking", "commuting"], "contribution": [5.0, 2.0, -10.0]}
    bars, total = composite_charts._stacked(
        pl.DataFrame({"day": [day] * 3, "observed": [True] * 3, **names}), names["signal"]
    )
    ends = {row["signal"]: (row["start"], row["end"]) for row in bars.iter_rows(named=True)}
    assert ends == {"steel": (0.0, 5.0), "parking": (5.0, 7.0), "commuting": (0.0, -10.0)}
    assert total["value"].to_list() == [-3.0]


def test_the_table_adds_up_and_the_difference_is_explained(data):
    found = composite.section(data)
    assert [row["name"].en for row in found["rows"]] == ["Steel heat", "Car parks", "Commuting"]
    assert found["stands"]["weights"].en == "82.1"
    assert found["stands"]["factor"].en == "77.3"
    assert found["rows"][2]["difference"].en == "−4.8"
    assert "Commuting stands at 80.0, its common part at 72.0, which makes −4.8 points" in found["difference"].en
    assert found["estimated"].en.endswith("the two can differ by some points until it has settled.")
    assert [cell["observed"] for cell in found["days"][0]["cells"]] == [True, True, False]
    assert found["days"][0]["total"].en == "−17.9"


def test_years_of_contributions_are_drawn_in_few_bars(data):
    fixed = data["index_contributions"].filter(pl.col("kind") == "weights")
    years = pl.concat(fixed.with_columns(day=pl.col("day").dt.offset_by(f"{75 * n}d")) for n in range(12))
    bars, _ = composite_charts._stacked(years, ["steel", "parking", "commuting"])
    assert bars["day"].n_unique() <= composite_charts.BARS


def test_without_a_factor_version_it_says_so(data):
    fixed = data["index_contributions"].filter(pl.col("kind") == "weights")
    found = composite.section(type(data)({**data.tables, "index_contributions": fixed}))
    assert found["difference"].en == "The factor version needs 28 days of every component."
    assert composite.section(type(data)({**data.tables, "index_contributions": fixed.clear()})) is None


def test_chances_never_fall_and_end_at_the_horizon(data):
    row = forecast._date(data, "composite", "stack")
    points = chances._points(row)
    assert points["chance"].is_sorted()
    assert (points["day"][-1], points["chance"][-1]) == (row["horizon"], 0.4)


def test_how_the_forecast_moved_is_shown_beside_what_came(data):
    rows = data["recovery_dates"].filter(pl.col("note").is_null())
    made = pl.concat(rows.with_columns(as_of=pl.col("as_of").dt.offset_by(f"-{n}d")) for n in range(20))
    found = forecast_history.section(type(data)({**data.tables, "return_days": made}), "composite", "stack")
    assert found["threshold"].en == "95\u00a0%"
    assert found["came"] is None
    assert len(found["rows"]) == 20
    assert forecast_history.section(data, "composite", "stack") is None


def test_scores_of_the_forecast_stand_beside_the_benchmarks(data):
    score = forecast_history.scores(data, "stack")[0]
    assert [score[name].en for name in ("crps", "line", "same", "covered")] == ["2.5", "4.5", "6.0", "90\u00a0%"]
    assert [row["crps"].en for row in forecast_history.all_scores(data)] == ["2.5", "4.5"]
    assert [row["crps"].en for row in forecast_history.scores(data, "stack", "before")] == ["30.0"]


def test_raw_files_end_the_way_down_and_late_ones_are_called_late(data):
    day = data["raw_files"]["day"][0]
    pings = register.files(data, ["city_commuters", "pings"], day)
    assert [kind["kind"] for kind in pings] == ["pings"]
    assert [(file["file"], file["late"].en) for file in pings[0]["files"]] == [
        ("pings/a.csv.gz", "in time"),
        ("pings/b.csv.gz", "3 days late"),
    ]
    assert register.files(data, ["pings"], day.replace(year=2019)) == []
    late = register.late(data)
    assert (late["n"].en, late["of"].en, late["rows"][0]["file"]) == ("1", "3", "pings/b.csv.gz")
    assert register.late(type(data)({**data.tables, "raw_files": data["raw_files"].clear()})) is None
