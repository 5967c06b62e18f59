from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from histories import AS_OF, fall_and_return, rows

from solarnet_assets.nowcast.forecasts import HORIZON, Forecaster, run_methods
from solarnet_assets.nowcast.frames import frames, score
from solarnet_assets.nowcast.methods import METHODS, STACK
from solarnet_assets.storage.schemas import ForecastDates, ForecastPaths, ForecastScores


def made(history, as_of=AS_OF):
    forecaster = Forecaster(lambda day: history.filter(pl.col("day") <= day))
    return forecaster.stacked(as_of)


def both(history, as_of=AS_OF):
    return frames(made(history, as_of), history.filter(pl.col("day") <= as_of))


@pytest.fixture(scope="module")
def history():
    return pl.concat([rows(fall_and_return(seed=n)[0], region=f"city{n}", half=2.0) for n in range(3)])


def test_frames_fit_the_lake_and_repeat_exactly(history):
    paths, dates = both(history)
    ForecastPaths.validate(paths)
    ForecastDates.validate(dates)
    again = both(history.sample(fraction=1.0, shuffle=True, seed=1))
    assert paths.equals(again[0])
    assert dates.equals(again[1])
    stack = paths.filter(pl.col("method") == STACK)
    assert stack.height == 3 * HORIZON
    assert (stack["lower"] >= 0).all()
    assert (stack["lower"] <= stack["value"]).all()
    assert set(dates["method"]) == {*METHODS, STACK}
    assert dates.height == 3 * 3 * (len(METHODS) + 1)


def test_later_days_change_nothing(history):
    day = AS_OF - timedelta(days=12)
    changed = history.with_columns(value=pl.when(pl.col("day") > day).then(333.0).otherwise(pl.col("value")))
    for before, after in zip(both(history, day), both(changed, day), strict=True):
        assert before.equals(after)
    assert not both(history)[0].equals(both(changed)[0])


def test_a_series_is_forecast_alike_whoever_is_beside_it(history):
    alone = run_methods(history.filter(pl.col("region") == "city1"), AS_OF)
    beside = run_methods(history, AS_OF)
    for name in METHODS:
        assert alone.members[name].paths[0] == pytest.approx(beside.members[name].paths[1], abs=1e-3)


def test_forecasts_made_day_by_day_are_those_made_at_once(history):
    forecaster = Forecaster(lambda day: history.filter(pl.col("day") <= day))
    for back in (9, 3, 0):
        day = AS_OF - timedelta(days=back)
        assert (forecaster.stacked(day).stack == made(history, day).stack).all()


def test_two_points_are_not_identified_and_it_is_said():
    history = rows([20.0, *[np.nan] * 29, 72.0])
    paths, dates = both(history)
    assert paths.is_empty()
    assert dates["note"].unique().to_list() == ["2 days with a figure, 7 are needed"]
    assert dates["prob_by"].is_null().all()
    assert dates["date_median"].is_null().all()


@pytest.mark.parametrize(
    "values",
    [
        np.full(84, 60.0),
        np.full(84, 100.0),
        np.linspace(40, 58, 10),
        np.where(np.arange(84) % 3, np.nan, 70.0),
        np.zeros(40),
        np.full(84, 250.0),
    ],
    ids=["constant", "at 100", "ten days", "gaps", "zero", "far above"],
)
def test_odd_series_give_finite_ordered_forecasts(values):
    paths, dates = both(rows(values))
    stack = paths.filter(pl.col("method") == STACK)
    assert stack.height == HORIZON
    assert stack.select(pl.col("value", "lower", "upper").is_finite().all()).row(0) == (True, True, True)
    assert ((stack["lower"] <= stack["value"]) & (stack["value"] <= stack["upper"])).all()
    told = dates.filter(pl.col("note").is_null())
    assert told["prob_by"].is_between(0, 1).all()
    assert (told["prob_by"] + told["prob_never"]).to_numpy() == pytest.approx(np.ones(told.height))
    assert (told["prob_by_7d"] <= told["prob_by_14d"]).all()


def test_a_recovered_series_is_back_today_and_a_flat_one_stays_away():
    dates = both(rows(np.full(84, 103.0) + np.random.default_rng(1).normal(size=84)))[1]
    own = dates.filter(pl.col("method") == STACK, pl.col("threshold") == 90).row(0, named=True)
    assert own["date_lower"] == own["date_median"] == own["date_upper"] == AS_OF
    flat = np.concatenate([np.full(10, 100.0), np.full(74, 35.0)]) + np.random.default_rng(2).normal(size=84)
    own = both(rows(flat))[1].filter(pl.col("method") == STACK, pl.col("threshold") == 100).row(0, named=True)
    assert own["date_median"] is None
    assert own["prob_never"] > 0.5


def test_the_published_line_stays_as_it_is(history):
    from solarnet_assets.nowcast import straight_line

    paths, dates = both(history)
    line_paths, line_dates = straight_line.forecast(history, AS_OF)
    kept = paths.filter(pl.col("method") == "straight_line").drop("quantiles")
    assert kept.equals(line_paths.sort("method", "signal", "region", "date"))
    kept = dates.filter(pl.col("method") == "straight_line")
    assert kept.equals(line_dates.sort("method", "signal", "region", "threshold"))


def test_scores_are_of_what_came(history):
    then = AS_OF - timedelta(days=9)
    paths, _ = both(history, then)
    came = history.filter(pl.col("day") == AS_OF - timedelta(days=2)).rename({"day": "date"})
    found = score(paths, then, came)
    ForecastScores.validate(found)
    assert found["horizon"].unique().to_list() == [7]
    stack = found.filter(pl.col("method") == STACK)
    assert stack.height == 3
    limits = paths.join(stack, on=["method", "region", "date"]).filter(pl.col("value_right") <= pl.col("upper"))
    assert limits.filter(pl.col("value_right") >= pl.col("lower")).height == stack["covered"].sum()
    assert score(paths, then, came.clear()).is_empty()


def test_the_stack_beats_the_straight_line_on_a_bending_return():
    values, level = fall_and_return(days=130, middle=12, speed=0.18, sd=1.0)
    day = AS_OF - timedelta(days=30)
    found = made(rows(values), day)
    error = {name: np.abs(np.median(found.paths(name)[0, :, :30], axis=0) - level[-30:]).mean() for name in METHODS}
    stack = np.abs(np.median(found.stack[0, :, :30], axis=0) - level[-30:]).mean()
    assert stack < error["straight_line"] / 2
