"""Post-stratification and the weekly rhythm, with numbers that can be followed by hand."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from made_shares import BASE, WEEKS, history, stratum

from solarnet_assets.social.rhythm import rhythm
from solarnet_assets.social.strata import present, reference


def frame(*parts):
    return pl.DataFrame([row for part in parts for row in part])


def test_weights_are_those_of_the_usual_users_whatever_a_day_loses():
    shares = frame(history(10, 300), history(10, 100, lang="en", network="twitter"))
    lost = shares.filter((pl.col("network") == "weibo").not_() | (pl.col("day") != BASE))
    for one in (shares, lost):
        strata = reference(one, BASE, WEEKS)
        assert strata.select("lang", "network", "usual", "weight").rows() == [
            ("en", "twitter", 100.0, 0.25),
            ("zh", "weibo", 300.0, 0.75),
        ]


def test_given_weights_take_the_place_of_measured_ones():
    shares = frame(history(10, 300), history(10, 100, network="twitter"), history(10, 50, network="telegram"))
    strata = reference(shares, BASE, WEEKS, {("zh", "weibo"): 1.0, ("zh", "twitter"): 3.0})
    assert dict(strata.select("network", "weight").iter_rows()) == {"twitter": 0.75, "weibo": 0.25}


def test_a_network_that_hardly_wrote_is_missing():
    shares = frame(history(10, 300), history(10, 100, network="twitter"))
    strata = reference(shares, BASE, WEEKS)
    today = frame([stratum(BASE, 1, 300), stratum(BASE, 0, 9, network="twitter")])
    assert present(today, strata, 1)["network"].to_list() == ["weibo"]
    assert present(today, strata, 7)["network"].to_list() == ["weibo"]
    assert present(frame([stratum(BASE, 0, 10, network="twitter")]), strata, 1)["network"].to_list() == ["twitter"]


def weekly(weekend, users=20_000, rng=None):
    def found(day: date) -> int:
        mean = users * 0.05 * (weekend if day.weekday() >= 5 else 1.0)
        return round(mean) if rng is None else int(rng.poisson(mean))

    return frame(history(found, users))


def test_a_clear_rhythm_is_read_and_its_mean_is_one():
    factors = rhythm(weekly(1.4), BASE, WEEKS).sort("weekday")["factor"].to_list()
    assert np.mean(factors) == pytest.approx(1.0)
    assert factors[5] / factors[0] == pytest.approx(1.4, abs=0.02)
    assert rhythm(weekly(1.4), BASE, WEEKS)["noise"].max() < 0.01


def test_chance_is_no_rhythm():
    rng = np.random.default_rng(4)
    spread = [rhythm(weekly(1.0, 400, rng), BASE, WEEKS)["factor"].std() for _ in range(20)]
    assert np.mean(spread) < 0.05  # weekday means of 20 users a day differ by 0.11


def test_days_that_differ_beyond_chance_are_noise():
    rng = np.random.default_rng(5)
    shares = frame(history(lambda day: int(1000 * np.exp(rng.normal(0, 0.2))), 20_000))
    assert rhythm(shares, BASE, WEEKS)["noise"][0] == pytest.approx(0.2, abs=0.06)


def test_the_holiday_itself_says_nothing_about_its_weekday():
    odd = frame(history(lambda day: 100 if day == BASE else 1000, 20_000))
    assert rhythm(odd, BASE, WEEKS)["factor"].to_list() == pytest.approx([1.0] * 7)


def test_too_few_days_have_no_rhythm():
    few = weekly(1.4).filter(pl.col("day") > BASE - timedelta(days=12))
    assert rhythm(few, BASE, WEEKS).is_empty()
