"""Drawn cities and the score of their counts; small, the figures are those of the command."""

from datetime import date

import polars as pl
import pytest

from solarnet_assets.evaluation.commuting_country import draw, land, true_commuters
from solarnet_assets.evaluation.commuting_held_out import held_out_days, summary
from solarnet_assets.mobility.daily import count_day

DAY = date(2020, 1, 14)


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    drawn = draw(31, 500, 20.0, tmp_path_factory.mktemp("city"))
    land(drawn, [DAY])
    return drawn


def test_a_drawn_city_is_counted_beside_its_truth(city):
    counted = count_day(lambda asset, day: city.lake.scan(asset, day, day), DAY)
    assert (DAY - counted.panel_day).days == 84
    (row,) = counted.frame.rows(named=True)
    panel, truth = true_commuters(city, DAY, counted.panel_day)
    assert row["panel"] == panel > 60
    assert 0.6 * panel < truth < panel
    assert row["commuters"] == pytest.approx(truth, abs=max(4 * row["commuters_sd"], 4))


def test_the_panel_is_another_one_when_its_day_is(city):
    assert true_commuters(city, DAY, DAY)[0] > 1.3 * true_commuters(city, DAY, date(2019, 10, 22))[0]


def test_days_of_every_kind_are_scored():
    assert len(held_out_days()) == 24
    assert len(set(held_out_days().values())) == 4


def test_errors_are_shares_of_the_truth():
    rows = pl.DataFrame({"period": ["a"] * 4, "panel": [200] * 4, "truth": [100.0] * 4,
                         "estimate": [101.0, 99.0, 103.0, 90.0], "sd": [1.0, 1.0, 1.0, 1.0]})  # fmt: skip
    row = summary(rows, ["period"]).row(0, named=True)
    assert row["bias"] == pytest.approx(-0.0175)
    assert row["within_2"] == row["covered"] == 0.5
    assert row["median"] == pytest.approx(0.02)
