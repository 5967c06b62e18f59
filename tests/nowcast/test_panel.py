from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from solarnet_assets.nowcast import panel
from solarnet_assets.storage.schemas import Activity

LAST = date(2020, 3, 15)
SCENARIOS = [("none", None), ("V", None), ("L", None), ("U", None), ("W", None), ("V", "closed"), ("V", "split")]


@pytest.fixture(scope="session")
def estimate(with_truth):
    return lambda country, as_of: with_truth(panel.levels(country.passes, as_of, "CN"), country, as_of)


@pytest.fixture(scope="module")
def estimates(simulate, estimate):
    """Settled (at least ten days old) and fresh estimates of all scenarios, several seeds and as-of days."""
    frames = []
    for shape, special in SCENARIOS:
        for seed, days in enumerate(((date(2020, 2, 5), LAST), (date(2020, 2, 16),))):
            country = simulate(shape, seed, special=special)
            for as_of in days:
                rows = estimate(country, as_of)
                frames.append(rows.with_columns(scenario=pl.lit(f"{shape} {special or ''}".strip())))
    return pl.concat(frames)


@pytest.mark.parametrize("level", ["site", "region", "country"])
def test_intervals_hold_the_truth_over_all_scenarios(estimates, level):
    settled = estimates.filter(pl.col("level") == level, pl.col("age") >= 10)
    assert 0.88 <= settled["held"].mean() <= 0.985
    by_scenario = settled.group_by("scenario").agg(pl.col("held").mean())
    assert by_scenario["held"].min() >= 0.80, by_scenario


def test_country_is_within_four_points_once_settled(estimates):
    settled = estimates.filter(pl.col("level") == "country", pl.col("age") >= 10)
    rmse = settled.group_by("scenario").agg(rmse=(pl.col("error") ** 2).mean().sqrt())
    assert rmse["rmse"].max() <= 4.0, rmse


def test_ramps_are_followed_without_lag(estimates):
    ramps = estimates.filter(
        pl.col("scenario") == "V",
        pl.col("level") == "country",
        pl.col("age") >= 5,
        pl.col("date").is_between(date(2020, 1, 22), date(2020, 2, 7)),
    )
    falling = ramps.filter(pl.col("date") < date(2020, 1, 28))["error"].mean()
    rising = ramps.filter(pl.col("date") > date(2020, 1, 30))["error"].mean()
    assert abs(falling) <= 3.0
    assert abs(rising) <= 3.0


def test_calm_country_is_known_much_better_than_one_pass(estimates):
    calm = estimates.filter(pl.col("scenario") == "none", pl.col("level") == "country", pl.col("age") >= 10)
    assert (calm["error"] ** 2).mean() ** 0.5 <= 2.0
    assert (calm["upper"] - calm["lower"]).mean() / 2 <= 4.0


def test_fresh_intervals_expect_what_is_not_seen_yet(estimates):
    fresh = estimates.filter(pl.col("level") == "country", pl.col("age") <= 2)
    settled = estimates.filter(pl.col("level") == "country", pl.col("age") >= 10)
    assert fresh["held"].mean() >= 0.80
    assert (fresh["upper"] - fresh["lower"]).mean() > (settled["upper"] - settled["lower"]).mean()


def test_closed_site_neither_pulls_the_others_nor_is_pulled(simulate, estimate):
    country = simulate("V", 7, special="closed")
    rows = estimate(country, date(2020, 3, 1)).filter(pl.col("date") == date(2020, 2, 20), pl.col("level") == "site")
    closed = rows.filter(pl.col("key") == "site01").row(0, named=True)
    assert closed["value"] <= 15.0
    assert rows.filter(pl.col("key") != "site01")["error"].abs().mean() <= 6.0


def test_skewed_noise_does_not_lift_a_calm_country(simulate, estimate):
    country = simulate("none", 3, relative=0.3, outliers=0.0)
    rows = estimate(country, date(2020, 2, 20)).filter(pl.col("level") == "country", pl.col("age") >= 5)
    assert abs(rows["error"].mean()) <= 3.5
    assert rows["held"].mean() >= 0.85


def test_stated_precision_may_be_wrong_by_a_factor_of_two(simulate):
    country = simulate("V", 1)
    half = country.passes.with_columns(pl.col("sd") * 0.5)
    as_of = date(2020, 2, 20)
    told = panel.levels(country.passes, as_of, "CN").filter(pl.col("level") == "country")
    mistold = panel.levels(half, as_of, "CN").filter(pl.col("level") == "country")
    ratio = (mistold["upper"] - mistold["lower"]).mean() / (told["upper"] - told["lower"]).mean()
    assert 0.75 <= ratio <= 1.25


def test_rows_fit_the_lake_and_repeat_exactly(simulate):
    passes = simulate("V", 2).passes
    as_of = date(2020, 2, 20)
    rows = panel.levels(passes, as_of, "CN")
    Activity.validate(rows)
    assert rows.height == 22 * (24 + 1 + 6 + 1)
    assert rows["date"].min() == as_of - timedelta(days=21)
    assert rows["date"].max() == as_of
    assert rows.equals(panel.levels(passes.sample(fraction=1.0, shuffle=True, seed=1), as_of, "CN"))
    assert rows.filter(pl.col("level") == "country")["n_obs"].min() > 20


def test_what_comes_later_does_not_change_a_vintage(simulate):
    passes = simulate("V", 2).passes
    as_of = date(2020, 2, 5)
    assert panel.levels(passes, as_of, "CN").equals(panel.levels(passes.filter(pl.col("date") <= as_of), as_of, "CN"))


def test_levels_above_sites_are_weighted_means(simulate):
    passes = simulate("V", 4).passes
    rows = panel.levels(passes, date(2020, 2, 20), "CN").filter(pl.col("date") == date(2020, 2, 10))
    weights = passes.unique("key").select("key", "weight", "region")
    sites = rows.filter(pl.col("level") == "site").join(weights, on="key")
    country = rows.filter(pl.col("level") == "country")["value"][0]
    assert country == pytest.approx(np.average(sites["value"], weights=sites["weight"]), abs=0.05)
    assert rows.filter(pl.col("level") == "country")["upper"][0] < sites["upper"].max()


def test_unusable_passes_and_no_passes(simulate):
    passes = simulate("none", 5).passes
    spoiled = pl.concat(
        [passes, passes.head(9).with_columns(ratio=pl.lit(float("nan")), date=pl.lit(date(2020, 2, 9)))]
    )
    as_of = date(2020, 2, 20)
    assert panel.levels(spoiled, as_of, "CN").equals(panel.levels(passes, as_of, "CN"))
    assert panel.levels(passes, date(2019, 8, 1), "CN").is_empty()
    one = panel.levels(passes.filter(pl.col("key") == "site00"), as_of, "CN")
    assert (
        one.filter(pl.col("level") == "site")["value"].to_list()
        == one.filter(pl.col("level") == "country")["value"].to_list()
    )


def test_newest_evidence_goes_with_each_site_and_day(simulate):
    passes = simulate("none", 6).passes.with_columns(evidence=pl.format("steel/{}/{}.png", "date", "key"))
    rows = panel.levels(passes, date(2020, 2, 20), "CN")
    site = rows.filter(pl.col("level") == "site", pl.col("key") == "site03", pl.col("date") == date(2020, 2, 15))
    newest = passes.filter(pl.col("key") == "site03", pl.col("date") <= date(2020, 2, 15))["date"].max()
    assert site["evidence"][0] == f"steel/{newest}/site03.png"
    assert rows.filter(pl.col("level") == "country")["evidence"].null_count() == 22
