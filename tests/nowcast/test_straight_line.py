from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from solarnet_assets.nowcast import straight_line
from solarnet_assets.storage.schemas import ForecastDates

AS_OF = date(2020, 3, 10)


def series(values, region="CN", signal="commuting", half=2.0, as_of=AS_OF):
    days = [as_of - timedelta(days=len(values) - 1 - n) for n in range(len(values))]
    return pl.DataFrame(
        {"signal": signal, "region": region, "day": days, "value": np.asarray(values, float)}
    ).with_columns(lower=pl.col("value") - half, upper=pl.col("value") + half)


def dates_of(history, threshold=100.0, **kwargs):
    _, dates = straight_line.forecast(history, AS_OF, **kwargs)
    return dates.filter(pl.col("threshold") == threshold).row(0, named=True)


def test_two_published_points_give_the_published_day():
    line = straight_line.two_point_date
    assert line((date(2020, 2, 9), 20.0), (date(2020, 3, 10), 72.0)) == date(2020, 3, 26)
    assert line((date(2020, 2, 9), 20.0), (date(2020, 3, 10), 75.0)) == date(2020, 3, 24)
    assert line((date(2020, 2, 9), 72.0), (date(2020, 3, 10), 20.0)) is None
    assert line((date(2020, 2, 9), 20.0), (date(2020, 3, 10), 101.0)) == date(2020, 3, 10)


def test_rising_line_returns_on_the_day_of_the_published_line():
    history = series(np.linspace(72 - 27 * 52 / 30, 72, 28))
    row = dates_of(history)
    assert row["date_median"] == date(2020, 3, 26)
    assert row["date_lower"] < row["date_median"] < row["date_upper"]
    assert row["prob_by"] == 1.0
    assert row["prob_never"] == 0.0
    assert row["prob_by_7d"] < 0.1 < 0.5 < row["prob_by_28d"]
    assert row["horizon"] == AS_OF + timedelta(days=60)


@pytest.mark.parametrize("values", [np.full(28, 60.0), np.linspace(80, 60, 28)], ids=["flat", "falling"])
def test_flat_or_falling_series_has_no_date(values):
    row = dates_of(series(values))
    assert row["date_median"] is None
    assert row["date_upper"] is None
    assert row["prob_by"] < 0.2


def test_recovered_series_gives_the_day_itself():
    row = dates_of(series(np.full(28, 103.0), half=1.0))
    assert row["date_lower"] == row["date_median"] == row["date_upper"] == AS_OF
    assert row["prob_by"] == 1.0


def test_frames_repeat_exactly():
    history = pl.concat([series(np.linspace(30, 70, 28)), series(np.linspace(90, 95, 10), region="wuhan")])
    paths, dates = straight_line.forecast(history, AS_OF)
    ForecastDates.validate(dates)
    assert paths.height == 2 * 60
    assert dates.height == 2 * 3
    again = straight_line.forecast(history.sample(fraction=1.0, shuffle=True, seed=1), AS_OF)
    assert paths.equals(again[0])
    assert dates.equals(again[1])


def test_later_days_and_short_series_do_not_count():
    history = series(np.linspace(30, 70, 28))
    later = history.with_columns(day=pl.col("day") + timedelta(days=28), value=pl.lit(500.0))
    paths, _ = straight_line.forecast(pl.concat([history, later]), AS_OF)
    assert paths.equals(straight_line.forecast(history, AS_OF)[0])
    assert straight_line.forecast(history.tail(6), AS_OF)[0].is_empty()
    assert straight_line.forecast(history.clear(), AS_OF)[1].is_empty()


def test_uncertain_days_weigh_less():
    values = np.linspace(40, 67, 28)
    values[5] = 160.0
    history = series(values).with_columns(
        upper=pl.when(pl.col("value") == 160.0).then(pl.col("value") + 100).otherwise(pl.col("upper"))
    )
    lines = straight_line.fit(history, AS_OF)
    assert lines.line[0] == pytest.approx([67.0, 1.0], abs=0.1)


def test_dates_of_true_lines_are_covered_under_autocorrelated_noise():
    rng = np.random.default_rng(3)
    held = []
    for _ in range(120):
        noise = np.zeros(28)
        for day, shock in enumerate(rng.standard_normal(28)):
            noise[day] = 0.7 * noise[day - 1] + 2.0 * shock
        slope = rng.uniform(0.6, 2.0)
        truth = 70 + slope * np.arange(-27, 1)
        row = dates_of(series(truth + noise, half=2.5 * 1.64))
        days = (30 / slope) if slope > 0 else np.inf
        held.append(row["date_lower"] <= AS_OF + timedelta(days=round(days)) <= (row["date_upper"] or row["horizon"]))
    assert np.mean(held) >= 0.85
