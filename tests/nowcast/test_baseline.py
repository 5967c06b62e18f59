from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from scipy.special import ndtri

from solarnet_assets.nowcast import baseline

AS_OF = date(2020, 2, 20)


def passes(values, key="a", first=date(2019, 9, 1)):
    days = [first + timedelta(days=5 * n) for n in range(len(values))]
    return pl.DataFrame({"key": key, "date": days, "ratio": np.asarray(values, float), "sd": 0.1})


def normalised(frame):
    return baseline.normalise(baseline.usable(frame, AS_OF))


@pytest.mark.parametrize("as_of", [date(2020, 1, 1), date(2020, 8, 31), date(2020, 12, 31)])
def test_baseline_is_the_last_complete_autumn(as_of):
    assert baseline.months(as_of) == (date(2019, 9, 1), date(2019, 12, 31))


def test_skewed_sites_are_recentred_on_their_robust_mean():
    raw = np.exp(0.35 * ndtri((np.arange(24) + 0.5) / 24))
    raw[3] = 9.0
    moved, error = normalised(passes(raw / np.median(raw)))
    assert 0.93 <= moved["ratio"].median() <= 0.995
    assert 0.04 <= error["a"] <= 0.14


def test_error_of_the_baseline_falls_with_its_passes():
    rng = np.random.default_rng(4)
    few = normalised(passes(1 + 0.1 * rng.standard_normal(6)))[1]["a"]
    many = np.mean([normalised(passes(1 + 0.1 * rng.standard_normal(24)))[1]["a"] for _ in range(20)])
    assert many < few
    assert many == pytest.approx(0.1 / np.sqrt(24), rel=0.3)


def test_site_with_hardly_a_baseline_is_left_alone_and_uncertain():
    frame = pl.concat([passes([1.0, 1.3]), passes([0.4, 0.5], first=date(2020, 1, 5))])
    moved, error = normalised(frame)
    assert sorted(moved["ratio"]) == [0.4, 0.5, 1.0, 1.3]
    assert error["a"] == pytest.approx(1.2533 * 0.1 / np.sqrt(8))


def test_three_passes_that_agree_by_chance_are_not_taken_for_certain():
    assert normalised(passes([1.0, 1.0, 1.001]))[1]["a"] > 0.04


def test_the_baseline_may_be_other_weeks():
    frame = pl.concat([passes([2.0] * 5), passes([0.5] * 5, first=date(2020, 1, 5))])
    moved, _ = baseline.normalise(baseline.usable(frame, AS_OF, [(date(2020, 1, 1), date(2020, 2, 1))]))
    assert moved["in_baseline"].sum() == 5
    assert sorted(moved["ratio"]) == pytest.approx([1.0] * 5 + [4.0] * 5)


def test_sites_do_not_mix():
    together, error = normalised(pl.concat([passes(np.full(10, 2.0), "b"), passes(np.full(10, 0.5), "a")]))
    assert together["ratio"].to_list() == pytest.approx([1.0] * 20)
    assert set(error) == {"a", "b"}
