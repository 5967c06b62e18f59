"""Back-test scores: the same cases for all methods, split at the lowest day, when a fall can be known at all."""

from datetime import date, timedelta

import duckdb
import polars as pl
import pytest

from solarnet_assets.sql.folder import load_project

PROJECT = load_project()
FIRST = date(2020, 1, 20)
LEVELS = [100.0, 80.0, 40.0, 40.0, 60.0, 80.0, 92.0, 95.0, 96.0, 96.0, 96.0, 96.0]
"""The lowest day is the third: of two equal ones the first."""


def at(n):
    return FIRST + timedelta(days=n)


@pytest.fixture
def scores():
    """Scores of one area whose forecasts as of two days, before and since its lowest, were scored three days later."""
    made = [(at(1), "stack", 30.0, False), (at(1), "straight_line", 31.0, False), (at(1), "no_change", 32.0, False)]
    made += [(at(2), "stack", 2.0, True), (at(2), "straight_line", 9.0, False), (at(2), "no_change", 5.0, True)]
    made += [(at(3), "stack", 1.0, True), (at(3), "straight_line", 8.0, False)]  # no change made none: no case
    rows = pl.DataFrame(made, schema=["as_of", "method", "crps", "covered"], orient="row")
    dates = [(at(1), at(5), None), (at(3), at(6), at(8)), (at(4), None, None)]
    told = pl.DataFrame(dates, schema=["as_of", "date_median", "date_upper"], orient="row")
    with duckdb.connect() as con:
        for schema in ("marts", "intermediate", "staging"):
            con.execute(f"create schema {schema}")
        daily = pl.DataFrame({"day": [at(n) for n in range(len(LEVELS))], "value": LEVELS})
        area = {"signal": pl.lit("steel"), "region": pl.lit("CN")}
        tables = {
            "marts.recovery_daily": daily.with_columns(**area, level=pl.lit("country")),
            "staging.stg_forecast_scores": rows.with_columns(
                **area, horizon=pl.lit(7), scored=pl.col("as_of") + timedelta(days=9)
            ),
            "marts.recovery_dates": told.with_columns(
                **area, method=pl.lit("stack"), threshold=pl.lit(90.0), note=pl.lit(None, pl.String),
                date_lower=pl.col("as_of"), horizon=pl.col("as_of") + timedelta(days=60),
            ),
        }  # fmt: skip
        for name, frame in tables.items():
            con.register("given", frame)
            con.execute(f"create table {name} as from given")
        con.execute(f"create table intermediate.int_returns as {PROJECT.model('intermediate.int_returns').sql}")
        return con.sql(PROJECT.model("marts.forecast_scores").sql).pl()


def test_methods_are_scored_on_the_same_cases_before_and_since_the_lowest_day(scores):
    told = scores.sort("stage", "method").select("stage", "method", "n", "crps", "crps_straight_line", "covered")
    assert told.rows() == [
        ("before", "no_change", 1, 32.0, 31.0, 0.0),
        ("before", "stack", 1, 30.0, 31.0, 0.0),
        ("before", "straight_line", 1, 31.0, 31.0, 0.0),
        ("since", "no_change", 1, 5.0, 9.0, 1.0),
        ("since", "stack", 1, 2.0, 9.0, 1.0),
        ("since", "straight_line", 1, 9.0, 9.0, 0.0),
    ]


def test_days_of_return_stand_with_the_stage_that_they_were_forecast_in(scores):
    stack = scores.filter(pl.col("method") == "stack").sort("stage")
    assert stack.select("stage", "date_n", "date_covered").rows() == [("before", 1, 1.0), ("since", 2, 1.0)]
    assert stack["date_error"].to_list() == [3.0, (2 + 56) / 2]
