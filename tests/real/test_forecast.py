"""Forecasts of four real cities as of earlier days. Nothing was tuned to them (docs/nowcast.md logs every look)."""

import os
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from solarnet_assets.evaluation.commuting_index import read_whole
from solarnet_assets.evaluation.commuting_models import compare
from solarnet_assets.evaluation.forecast import outcomes, scores

REAL = Path(os.environ.get("SOLARNET_REAL", Path(__file__).parents[3] / "shared" / "real"))
pytestmark = [pytest.mark.real, pytest.mark.skipif(not (REAL / "mobility_index").is_dir(), reason="no real data here")]

AS_OF = [date(2020, 2, 20), date(2020, 3, 1), date(2020, 3, 10)]


@pytest.fixture(scope="module")
def found():
    files = sorted((REAL / "mobility_index").glob("*.csv"))
    mart = compare({"mobility_index": pl.concat(read_whole(file).frame for file in files)}).mart
    history = mart.filter(pl.col("day") >= date(2020, 1, 1), pl.col("value").is_not_null()).select(
        signal=pl.lit("commuting"), region="city", day="day", value="value", lower="lower", upper="upper"
    )
    return pl.concat(scores(outcome) for outcome in outcomes(history, AS_OF))


@pytest.mark.parametrize("day", AS_OF)
def test_the_stack_beats_the_straight_line(found, day):
    rows = found.filter(pl.col("as_of") == day, pl.col("last") == 60, pl.col("first") == 1)
    by_method = {row["method"]: row for row in rows.iter_rows(named=True)}
    assert by_method["stack"]["cities"] == 4
    assert by_method["stack"]["crps"] < by_method["straight_line"]["crps"]


def test_the_intervals_of_the_stack_hold_what_came(found):
    rows = found.filter(pl.col("method") == "stack", pl.col("last") == 60, pl.col("first") == 1)
    held = (rows["covered"] * rows["n"]).sum() / rows["n"].sum()
    assert held >= 0.85
