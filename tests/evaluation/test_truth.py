import polars as pl
import pytest

from solarnet_assets.evaluation.truth import composite, composite_weights, publish_truth
from solarnet_assets.storage.lake import Lake
from solarnet_assets.world.scenario import load_scenario


@pytest.fixture(scope="module", params=["published", "quiet"])
def published(request, tmp_path_factory):
    root = tmp_path_factory.mktemp(request.param)
    lake = Lake(root / "lake", root / "quarantine")
    scenario = load_scenario(request.param)
    publish_truth(scenario, lake)
    return scenario, lake.read("evaluation_truth")


def test_truth_reaches_the_lake_with_a_composite_for_the_country(published):
    scenario, truth = published
    assert {"steel", "parking", "commuting", "sector", "composite"} <= set(truth["signal"])
    country = truth.filter(pl.col("signal") == "composite", pl.col("key") == scenario.country)
    assert country["date"].n_unique() == country.height
    assert country["date"].min() == scenario.start
    assert country["date"].max() >= scenario.end


def test_composite_lies_where_the_seed_puts_it(published):
    scenario, truth = published
    day = truth.filter(pl.col("date") == scenario.start.replace(month=2, day=9), pl.col("key") == scenario.country)
    value = dict(day.select("signal", "value").rows())
    weights = dict(composite_weights().rows())
    expected = sum(weights[s] * value[s] for s in weights) / sum(weights.values())
    assert value["composite"] == pytest.approx(expected)
    if scenario.name == "quiet":
        assert value["composite"] == pytest.approx(100.0)


def test_composite_needs_every_component():
    known = pl.DataFrame({"signal": ["a", "b", "a", "c"], "key": ["x", "x", "y", "x"], "value": [10.0, 20.0, 1.0, 9.0]})
    known = known.with_columns(date=pl.date(2020, 1, 1))
    weights = pl.DataFrame({"signal": ["a", "b", "c"], "weight": [1.0, 3.0, 0.0]})
    rows = composite(known, weights)
    assert rows.select("signal", "key", "value").rows() == [("composite", "x", 17.5)]
