"""Drawn countries: their shapes, what sensors would say of them, and how a run is scored against their truth."""

from datetime import date, timedelta
from functools import cache

import numpy as np
import polars as pl
import pytest
import yaml

from solarnet_assets.evaluation import scenario_dates, scenario_lake, scenario_scores, scenario_summary
from solarnet_assets.evaluation.scenario_scores import Scores
from solarnet_assets.evaluation.scenarios import BEYOND, SHAPES, SIGNALS, draw
from solarnet_assets.landing import BadInputError
from solarnet_assets.steel.activity import ratios
from solarnet_assets.storage.lake import Lake
from solarnet_assets.world.scenario import load_scenario, value_at
from solarnet_assets.world.truth import truth
from solarnet_assets.world.write import sites

FIRST = date(2020, 2, 1)


@cache
def country(shape):
    rows = truth(draw(shape, 5).scenario).filter(pl.col("key") == "CN", pl.col("signal").is_in(SIGNALS))
    return {str(signal): own.sort("date") for (signal,), own in rows.partition_by("signal", as_dict=True).items()}


def written(lake, asset, day, rows):
    return lake.write(asset, day, scenario_lake.complete(asset, rows))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_drawn_country_is_normal_before_its_fall_and_has_a_truth_long_after_its_end(shape):
    for rows in country(shape).values():
        assert rows.filter(pl.col("date") <= date(2020, 1, 16))["value"].to_list() == pytest.approx([100.0] * 16)
        assert rows["date"].max() >= date(2020, 3, 15) + timedelta(days=BEYOND)
        assert rows["value"].min() >= 4


def test_shapes_are_what_they_are_called():
    ends = {shape: [rows["value"][-1] for rows in country(shape).values()] for shape in SHAPES}
    lows = {shape: [rows["value"].min() for rows in country(shape).values()] for shape in SHAPES}
    assert min(ends["V"] + ends["W"] + ends["second_wave"] + ends["split"]) > 90
    assert max(lows["V"] + lows["L"]) < 70
    assert all(end < low + 20 for end, low in zip(ends["L"], lows["L"], strict=True))
    assert min(lows["none"]) > 95


def test_a_w_and_a_second_wave_fall_twice():
    for shape in ("W", "second_wave"):
        for rows in country(shape).values():
            level = rows["value"].to_numpy()
            first = level[: (draw(shape, 5).trough - date(2020, 1, 1)).days + 10].argmin()
            between = first + level[first : first + 30].argmax()
            assert level[between] > level[first] + 5
            assert level[between : between + 30].min() < level[between] - 5


def test_a_split_spares_half_of_the_provinces():
    regions = {mill.region: min(value for _, value in mill.curve) for mill in draw("split", 5).scenario.mills}
    spared = sum(low > 70 for low in regions.values())
    assert 3 <= spared <= len(regions) - 3


def test_signals_and_provinces_differ_and_a_seed_gives_the_same_country_again():
    drawn = draw("V", 5)
    assert drawn == draw("V", 5) != draw("V", 6)
    at = [round(value_at(mill.curve, drawn.trough), 2) for mill in drawn.scenario.mills]
    assert len(set(at)) == len(at)


def test_a_drawn_country_survives_the_file_that_the_demo_reads(tmp_path):
    scenario = draw("W", 5).scenario
    file = tmp_path / "w.yaml"
    file.write_text(yaml.safe_dump(scenario.model_dump(mode="json")))
    assert load_scenario(file) == scenario


def test_drawn_passes_fit_the_lake_and_read_as_the_truth(tmp_path):
    scenario, lake = draw("L", 5).scenario, Lake(tmp_path / "lake", tmp_path / "quarantine")
    days = [date(2019, 9, 1) + timedelta(days=n) for n in range(197)]
    passes = scenario_lake.steel_passes(scenario, days)
    written(lake, "steel_observations", days[3], passes.filter(pl.col("day") == days[3]).drop("day"))
    assert lake.read("steel_observations", days[3]).height > 0
    found = ratios(scenario_lake.complete("steel_observations", passes), sites(scenario), days[-1]).frame
    known = {mill.id: mill.curve for mill in scenario.mills}
    level = np.array([value_at(known[key], day) / 100 for key, day in found.select("key", "date").iter_rows()])
    error = (found["ratio"].to_numpy() - level) / found["sd"].to_numpy()
    assert found.height > 200
    assert abs(error.mean()) < 0.3
    assert 0.7 < error.std() < 1.4


def test_drawn_counts_and_commuters_fit_the_lake_and_follow_the_truth(tmp_path):
    scenario, lake = draw("L", 5).scenario, Lake(tmp_path / "lake", tmp_path / "quarantine")
    day, normal = date(2020, 2, 26), date(2020, 1, 15)
    counts = scenario_lake.lot_counts(scenario, [day - timedelta(days=n) for n in range(6)])
    written(lake, "lot_counts", day, counts.drop("day"))
    for when in (day, normal):
        written(lake, "city_commuters", when, scenario_lake.commuters(scenario, when))
        written(lake, "mobility_index", when, scenario_lake.published_index(scenario, when))
    low, high = (lake.read("city_commuters", when).sort("city") for when in (day, normal))
    cities = {city.id: city for city in scenario.cities}
    told = np.array([value_at(cities[city].curve, day) / 100 for city in low["city"]])
    sd = (low["share_sd"] / high["share"]).to_numpy() + 0.05
    assert (np.abs((low["share"] / high["share"]).to_numpy() - told) < 4 * sd).all()
    assert low["panel"].min() > 60
    assert lake.read("mobility_index", day)["city"].to_list() == ["nanning"]


def rows_of(key, values, signal="steel", first=FIRST):
    days = [first + timedelta(days=n) for n in range(len(values))]
    return pl.DataFrame({"signal": signal, "key": key, "day": days, "value": [float(v) for v in values]})


def told(as_of, key, threshold, limits, probability=0.5):
    days = [None if n is None else as_of + timedelta(days=n) for n in limits]
    return (as_of, "stack", "steel", "region", key, threshold, *days, probability, 0.0, 0.2, probability)


DATES = ("as_of", "method", "signal", "level", "key", "threshold", "date_lower", "date_median", "date_upper",
         "prob_by", "prob_by_7d", "prob_by_14d", "prob_by_28d")  # fmt: skip


def test_the_true_day_of_return_is_the_one_that_forecasts_mean():
    as_of = FIRST + timedelta(days=10)
    rising = np.minimum(70 + np.arange(160), 100)  # 80 on the as-of day: 90 ten days later, 95 fifteen
    known = pl.concat([rows_of("up", rising), rows_of("down", [60] * 160), rows_of("back", [100] * 160)])
    asked = [
        told(as_of, "up", 90.0, (8, 11, 12)), told(as_of, "up", 95.0, (16, 18, None)),
        told(as_of, "down", 90.0, (9, 50, None)), told(as_of, "down", 95.0, (9, 20, 30)),
        told(as_of, "back", 90.0, (0, 0, 0)), told(as_of, "back", 95.0, (0, 2, 5)),
        told(as_of, "down", 100.0, (0, 0, 3)),
    ]  # fmt: skip
    dates = pl.DataFrame(asked, schema=DATES, orient="row", infer_schema_length=None)
    rows = scenario_dates.dates_beside(dates, known)
    assert rows.select("key", "threshold", "came").sort("key", "threshold").rows() == [
        ("back", 95.0, 0.0),  # said to be open, by what was known: the truth chooses no cases
        ("down", 90.0, np.inf), ("down", 95.0, np.inf), ("up", 90.0, 10.0), ("up", 95.0, 15.0),
    ]  # fmt: skip
    sums = scenario_dates.date_sums(rows).sort("threshold").drop("method", "signal", "level").rows(named=True)
    assert sums[0] == {
        "threshold": 90.0, "n": 2, "held": 2, "returned": 1, "held_returned": 1, "foreseen": 1, "error": 1.0,
    }  # fmt: skip
    assert (sums[1]["held"], sums[1]["returned"], sums[1]["error"]) == (1, 2, 5.0)


def test_reliability_counts_what_came_by_each_day():
    as_of = FIRST + timedelta(days=10)
    known = pl.concat([rows_of("up", np.minimum(70 + np.arange(160), 100)), rows_of("down", [60] * 160)])
    asked = [told(as_of, key, 90.0, (8, 11, 12), 0.55) for key in ("up", "down")]
    rows = scenario_dates.dates_beside(pl.DataFrame(asked, schema=DATES, orient="row"), known)
    found = scenario_dates.reliability(rows).filter(pl.col("within") == 28).row(0, named=True)
    assert (found["bin"], found["n"], found["came"]) == (5, 2, 1.0)
    assert found["brier"] == pytest.approx(0.45**2 + 0.55**2)


def test_levels_and_forecasts_are_scored_on_the_days_that_they_are_for():
    known = rows_of("Hebei", [50, 60, 70, 80])
    levels = known.with_columns(level=pl.lit("region"), lower=pl.col("value") - 1, upper=pl.col("value") + 1)
    wrong = levels.with_columns(value=pl.col("value") + pl.Series([0.0, 0, 3, 9]), lower=pl.col("lower") + 2)
    sums = scenario_scores.value_sums(wrong, known, FIRST + timedelta(days=2)).row(0, named=True)
    assert (sums["n"], sums["held"], sums["squared"]) == (3, 0, 9.0)
    made = levels.with_columns(as_of=pl.lit(FIRST - timedelta(days=7)), method=pl.lit("stack")).head(1)
    made = made.with_columns(quantiles=pl.lit([48.0] * 21, dtype=pl.List(pl.Float32)))
    found = scenario_scores.forecast_sums(made, known).row(0, named=True)
    assert (found["ahead"], found["held"], found["scored"]) == (7, 1, 1)
    assert found["crps"] == pytest.approx(2.0)  # twice the pinball loss of a point two below
    assert not found["news"]


def test_a_fall_that_lies_ahead_is_news():
    known = rows_of("Hebei", [90.0] * 10 + [70.0] * 50)
    made = known.filter(pl.col("day").is_in([FIRST + timedelta(days=n) for n in (8, 15)]))
    made = made.with_columns(as_of=pl.col("day") - pl.duration(days=7), method=pl.lit("stack"), level=pl.lit("region"))
    made = made.with_columns(lower="value", upper="value", quantiles=pl.lit([1.0] * 21, dtype=pl.List(pl.Float32)))
    found = scenario_scores.forecast_sums(made, known)
    assert found.sort("news").select("news", "n").rows() == [(False, 1), (True, 1)]


def test_events_are_false_where_nothing_fell_and_caught_where_something_did():
    known = pl.concat([rows_of("fell", [100] * 30 + [60] * 20), rows_of("calm", [100] * 50)])
    day = FIRST + timedelta(days=31)
    raised = pl.DataFrame({"signal": "steel", "key": ["fell", "calm"], "day": [day, day], "direction": "below"})
    found = scenario_scores.event_sums(raised, known).row(0, named=True)
    assert (found["n"], found["false"], found["fell"], found["caught"], found["delay"]) == (68, 1, 1, 1, 1)


def test_the_truth_of_a_city_is_that_of_its_sites_by_capacity():
    known = pl.concat([rows_of("a", [50]), rows_of("b", [80]), rows_of("x", [90], "parking")])
    known = pl.concat([known, rows_of("town", [70], "commuting")])
    places = pl.DataFrame(
        {
            "site_id": ["a", "b", "x"],
            "signal": ["steel", "steel", "parking"],
            "city": "town",
            "capacity": [1.0, 3.0, 9.0],
        }
    )
    found = scenario_scores.whole_truth(known, places).filter(pl.col("key") == "town")
    values = dict(found.select("signal", "value").iter_rows())
    assert values["steel"] == pytest.approx(72.5)
    assert values["composite"] == pytest.approx(0.6 * 70 + 0.25 * 72.5 + 0.15 * 90)


def one_country(held, n):
    values = pl.DataFrame({"signal": "steel", "level": "country", "n": n, "held": held, "squared": 1.0, "width": 1.0})
    return Scores(values, values, values, values, values)


def test_shares_are_pooled_with_the_error_between_countries(tmp_path):
    for seed, (held, n) in enumerate([(90, 100), (70, 100)]):
        scenario_summary.keep(one_country(held, n), "V", seed, {"rendered": False}, tmp_path / f"{seed}.json")
    rows = scenario_summary.load(sorted(tmp_path.glob("*.json"))).values
    found = scenario_summary.shares(rows, ["shape"]).row(0, named=True)
    assert (found["courses"], found["n"], found["share"]) == (2, 200, 0.8)
    assert found["error"] == pytest.approx(np.std([0.9, 0.7], ddof=1) / np.sqrt(2))
    assert scenario_summary.shares(rows.filter(pl.col("seed") == 0), []).row(0, named=True)["error"] is None


def test_a_file_that_holds_no_scores_is_named(tmp_path):
    (tmp_path / "other.json").write_text("[]")
    with pytest.raises(BadInputError, match=r"other\.json holds no scores"):
        scenario_summary.load([tmp_path / "other.json"])
