"""Growth of a day: bases, weekdays, missing networks, languages together, and limits that hold the truth."""

import csv
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from made_shares import BASE, history, perfect, stratum

from solarnet_assets.social.trends import Settings, sector_trends
from solarnet_assets.storage.schemas import SCHEMAS

SEED = Path(__file__).parents[2] / "dbt_like_sql" / "seeds" / "sector_settings.csv"
DAY = date(2020, 1, 15)  # a Wednesday, like the base day


def settings():
    with SEED.open(encoding="utf-8") as file:
        return Settings.of({row["name"]: row["value"] for row in csv.DictReader(file)})


def trend(*parts, day=DAY, lang="zh", days=1, sector="gaming", weights=None, evaluation=None):
    """Return the row of a day from rows of ``sector_shares``."""
    shares = pl.DataFrame([row for part in parts for row in part])
    made = sector_trends(shares, day, settings(), weights, evaluation or perfect())
    SCHEMAS["sector_trends"].validate(made)
    return made.row(
        by_predicate=(pl.col("lang") == lang) & (pl.col("days") == days) & (pl.col("sector") == sector), named=True
    )


def now(found, users=2000, **more):
    return [stratum(more.pop("day", DAY), found, users, **more)]


def test_growth_is_against_the_week_up_to_the_base_day_and_the_weeks_before():
    got = trend(history(lambda day: 50 if day == BASE else 100), now(200))
    assert got["ratio"] == pytest.approx(200 / (650 / 7), rel=1e-6)
    assert got["ratio_4w"] == pytest.approx(2.0, rel=1e-6)
    assert got["ratio_lower"] < got["ratio"] < got["ratio_upper"]
    assert got["ratio_4w_lower"] < got["ratio_4w"] < got["ratio_4w_upper"]
    assert got["ratio_4w_upper"] - got["ratio_4w_lower"] != got["ratio_upper"] - got["ratio_lower"]
    assert (got["share"], got["base_share"], got["users"], got["users_with"]) == (
        0.1,
        pytest.approx(650 / 14000),
        2000,
        200,
    )
    assert got["note"] is None


def test_one_odd_week_does_not_move_the_median():
    odd = history(lambda day: 400 if BASE - timedelta(days=21) <= day < BASE - timedelta(days=14) else 100)
    assert trend(odd, now(200))["weeks_share"] == pytest.approx(0.05, rel=0.05)


def test_weekends_do_not_swing():
    base = history(lambda day: 1500 if day.weekday() >= 5 else 1000, 20_000)
    ratios = []
    for n in range(7):
        day = DAY + timedelta(days=n)
        ratios.append(trend(base, [stratum(day, 3000 if day.weekday() >= 5 else 2000, 20_000)], day=day)["ratio"])
    assert ratios == pytest.approx([2.0] * 7, rel=0.03)


def test_seven_days_are_one_figure():
    week = [stratum(DAY - timedelta(days=n), 100 + 20 * n) for n in range(7)]
    got = trend(history(100), week, days=7)
    assert got["ratio"] == pytest.approx(1.6, rel=1e-6)
    single = trend(history(100), week)
    assert got["ratio_upper"] - got["ratio_lower"] < single["ratio_upper"] - single["ratio_lower"]


def test_sensitivity_cancels_and_false_positives_do_not():
    half = trend(history(55, sensitivity=0.5, false=0.005), now(105, sensitivity=0.5, false=0.005))
    assert half["ratio"] == pytest.approx((105 - 10) / (55 - 10), rel=1e-6)
    assert half["base_share"] == pytest.approx((55 - 10) / 2000 / 0.495, rel=1e-6)


def test_post_stratification_by_hand():
    """Weights 3:1. Base 0.75 x 0.05 + 0.25 x 0.20 = 0.0875; the day 0.75 x 0.06 + 0.25 x 0.22 = 0.10."""
    base = history(150, 3000) + history(200, 1000, network="twitter")
    day = now(60, 1000) + now(660, 3000, network="twitter")
    got = trend(base, day)
    assert got["base_share"] == pytest.approx(0.0875)
    assert got["share"] == pytest.approx(0.10)
    assert got["ratio"] == pytest.approx(0.10 / 0.0875)
    given = trend(base, day, weights={("zh", "weibo"): 1.0, ("zh", "twitter"): 1.0})
    assert given["share"] == pytest.approx(0.14)


def test_a_changing_mix_of_languages_is_no_growth():
    base = history(100, 2000) + history(200, 2000, lang="en", network="twitter")
    day = now(30, 600) + now(400, 4000, lang="en", network="twitter")
    got = trend(base, day, lang="all")
    assert got["ratio"] == pytest.approx(1.0, rel=1e-6)
    assert got["share"] == pytest.approx(0.075)


def test_a_network_that_is_missing_is_left_out_on_both_sides():
    base = history(100, 2000) + history(100, 500, network="twitter")
    got = trend(base, now(100, 2000))
    assert got["ratio"] == pytest.approx(1.0, rel=1e-6)
    assert got["note"] == "without twitter, 20 % of the usual users"
    gone = trend(base, now(100, 500, network="twitter"))
    assert gone["ratio"] is None
    assert gone["note"] == "weibo missing, 80 % of the usual users"
    assert gone["present"] == pytest.approx(0.2)


def test_a_network_that_is_new_is_no_growth():
    got = trend(history(100), now(100) + now(900, 1000, network="telegram"))
    assert got["ratio"] == pytest.approx(1.0, rel=1e-6)


@pytest.mark.parametrize(
    ("base", "found", "users", "why"),
    [
        (20, 3, 50, "fewer than 100 active users"),
        (2, 10, 2000, "fewer than 15 users of the sector in the base"),
        (100, 200, 2000, None),
    ],
)
def test_a_missing_figure_says_why(base, found, users, why):
    got = trend(history(base, users), now(found, users))
    assert got["note"] == why
    assert (got["ratio"] is None) == (why is not None)


def test_a_base_that_errors_could_explain_has_no_growth():
    known = perfect(200)
    for counts in known["zh"].values():
        counts |= {"fp": 2}
    got = trend(history(24, false=0.01), now(80, false=0.01), evaluation=known)
    assert got["note"] == "the classifier's error alone could explain the base"


def test_days_before_the_base_and_without_one():
    assert trend(history(100), day=BASE - timedelta(days=1))["note"] == "before the base day"
    assert trend(now(100))["note"] == "no posts in the base weeks"
    week = trend([r for r in history(100) if r["day"] > BASE - timedelta(days=7)], now(200))
    assert week["ratio"] == pytest.approx(2.0)
    assert week["ratio_4w"] is None
    assert week["note"] == "too few days for the four weeks; too few days for a weekly rhythm"


def test_a_day_without_a_post_is_minus_hundred_with_an_upper_limit():
    got = trend(history(20), now(0))
    assert (got["ratio"], got["ratio_lower"]) == (0.0, 0.0)
    assert 0.0 < got["ratio_upper"] < 0.5


def test_shares_below_zero_are_summed_before_anything_is_cut_off():
    """A week of 0, 40, 0, 40, ... found with 20 expected falsely has a share of 0, not of half of what is above."""
    base = history(lambda day: 0 if day.toordinal() % 2 else 200, false=0.045)
    got = trend(base, now(200, false=0.045))
    level = np.mean([(0 if (BASE - timedelta(days=n)).toordinal() % 2 else 200) - 90 for n in range(7)]) / 2000 / 0.955
    assert got["base_share"] == pytest.approx(max(level, 0.0), rel=1e-6)


@pytest.mark.parametrize(("users", "noise"), [(300, 0.0), (2000, 0.1)])
def test_intervals_hold_the_truth_nine_times_in_ten(users, noise):
    rng, held, held_4w = np.random.default_rng(11), [], []

    def count(mean: float) -> int:
        return int(rng.binomial(users, min(mean * np.exp(noise * rng.standard_normal()), 1.0)))

    for _ in range(70):
        got = trend(history(lambda _: count(0.05), users), now(count(0.1), users))
        held.append(got["ratio_lower"] <= 2.0 <= got["ratio_upper"])
        held_4w.append(got["ratio_4w_lower"] <= 2.0 <= got["ratio_4w_upper"])
    assert 0.82 <= np.mean(held) <= 0.98
    assert 0.82 <= np.mean(held_4w) <= 0.98


def test_the_same_inputs_give_the_same_rows_in_any_order():
    rows = (
        history(100)
        + history(50, 500, lang="en", network="twitter")
        + now(200)
        + now(30, 500, lang="en", network="twitter")
    )
    shares = pl.DataFrame(rows)
    first = sector_trends(shares, DAY, settings(), None, perfect())
    again = sector_trends(shares.sample(fraction=1.0, shuffle=True, seed=3), DAY, settings(), None, perfect())
    assert first.equals(again)


def test_a_day_reads_its_week_and_the_base_weeks():
    wanted = settings().days_of(date(2020, 3, 1))
    assert {date(2020, 2, 24), date(2020, 3, 1), BASE, date(2019, 12, 4)} <= set(wanted)
    assert len(wanted) == 7 + 29
    assert BASE not in settings().days_of(date(2019, 12, 20))
