"""Shares of one day: votes, the correction by hand, limits that hold, and nothing cut off before it is summed."""

import math

import numpy as np
import polars as pl
import pytest
from made_shares import labels_frame, perfect

from solarnet_assets.social import errors
from solarnet_assets.social.errors import DRAWS, Rate, count_draws, error_draws, error_rates, generator
from solarnet_assets.social.prevalence import posts_each, sector_shares
from solarnet_assets.storage.schemas import SCHEMAS


def row(frame, sector, lang, network="all"):
    wanted = (pl.col("sector") == sector) & (pl.col("lang") == lang) & (pl.col("network") == network)
    return frame.row(by_predicate=wanted, named=True)


def users(found, of, lang="en", first=0, network="weibo"):
    return [(first + u, lang, ["gaming"] if u < found else [], True, network) for u in range(of)]


@pytest.fixture
def same_texts(monkeypatch):
    """Posts are like the evaluation set's: no more error than its size explains."""
    errors.error_draws.cache_clear()
    monkeypatch.setattr(errors, "TRANSFER_SD", 0.0)
    yield
    errors.error_draws.cache_clear()


def test_other_texts_than_the_evaluation_sets_widen_a_share(same_texts, monkeypatch):
    known = perfect()
    known["en"]["gaming"] |= {"tp": 60_000, "fn": 40_000}
    narrow = row(sector_shares(labels_frame(users(600, 10_000)), known), "gaming", "en")
    errors.error_draws.cache_clear()
    monkeypatch.setattr(errors, "TRANSFER_SD", 0.2)
    wide = row(sector_shares(labels_frame(users(600, 10_000)), known), "gaming", "en")
    assert wide["share_upper"] - wide["share_lower"] > 3 * (narrow["share_upper"] - narrow["share_lower"])


def test_one_vote_per_user_and_shares_of_active_users():
    rows = [*users(10, 100), *[(0, "en", ["gaming"], True)] * 5, (500, "en", ["gaming"], False)]
    frame = sector_shares(labels_frame([*rows, *users(60, 300, "zh", 900)]), perfect())
    SCHEMAS["sector_shares"].validate(frame)
    en, zh, both = (row(frame, "gaming", lang) for lang in ("en", "zh", "all"))
    assert (en["users"], en["users_with"]) == (100, 10)
    assert en["share"] == pytest.approx(0.10, abs=2e-3)
    assert zh["share"] == pytest.approx(0.20, abs=2e-3)
    assert both["share"] == pytest.approx(70 / 400, abs=2e-3)
    assert (both["users"], both["users_with"]) == (400, 70)
    assert en["sampling_sd"] == pytest.approx(math.sqrt(0.1 * 0.9 / 100), rel=0.1)
    assert row(frame, "e_commerce", "en")["share"] == 0.0


def test_networks_have_rows_of_their_own_that_add_up():
    frame = sector_shares(labels_frame(users(10, 100) + users(30, 50, first=900, network="mastodon")), perfect())
    parts = [row(frame, "gaming", "en", network) for network in ("weibo", "mastodon")]
    assert [(p["users"], p["users_with"]) for p in parts] == [(100, 10), (50, 30)]
    assert row(frame, "gaming", "en")["users"] == 150
    assert set(frame.filter(lang="all")["network"]) == {"all"}


def test_the_correction_by_hand(same_texts):
    """Rogan and Gladen: 78 of 1,000 found, s = 0.8, f = 0.02: p = (0.078 - 0.02) / 0.78 = 0.0744."""
    known = perfect()
    known["en"]["gaming"] |= {"tp": 80_000, "fn": 20_000, "fp": 2_000}
    got = row(sector_shares(labels_frame(users(78, 1000)), known), "gaming", "en")
    assert got["sensitivity"] == pytest.approx(0.8, abs=1e-3)
    assert got["false_rate"] == pytest.approx(0.02, abs=1e-3)
    assert got["share"] == pytest.approx(0.0744, abs=1e-3)
    assert got["share_lower"] == pytest.approx(0.0744 - 1.645 * math.sqrt(0.078 * 0.922 / 1000) / 0.78, abs=3e-3)


def test_limits_agree_with_lang_and_reiczigel(same_texts):
    """Their interval, with its formula written out: 60 of 500, sensitivity 90 of 100, specificity 190 of 200."""
    known = perfect()
    known["en"]["gaming"] |= {"tp": 90, "fn": 10, "fp": 10, "negatives": 200}
    rates = error_rates(known["en"])["gaming"]
    z, n, hits = 1.645, 500, 60
    (se, n_se), (sp, n_sp) = (
        (rates.sensitivity.mean, rates.sensitivity.of),
        (1 - rates.unrelated.mean, rates.unrelated.of),
    )
    n2, n_se2, n_sp2 = n + z**2, n_se + 2, n_sp + 2
    p, se, sp = (hits + z**2 / 2) / n2, (n_se * se + 1) / n_se2, (n_sp * sp + 1) / n_sp2
    prev = (p + sp - 1) / (se + sp - 1)
    shift = 2 * z**2 * (prev * se * (1 - se) / n_se2 - (1 - prev) * sp * (1 - sp) / n_sp2)
    var = p * (1 - p) / n2 + prev**2 * se * (1 - se) / n_se2 + (1 - prev) ** 2 * sp * (1 - sp) / n_sp2
    half = z * math.sqrt(var) / (se + sp - 1)
    got = row(sector_shares(labels_frame(users(hits, n)), known), "gaming", "en")
    assert got["share_lower"] == pytest.approx(prev + shift - half, abs=0.01)
    assert got["share_upper"] == pytest.approx(prev + shift + half, abs=0.01)


def test_posts_of_other_sectors_are_mistaken_more_often():
    known = perfect()
    known["en"]["gaming"] |= {"cross_fp": 10_000}
    few = [(u, "en", ["gaming"] if u < 100 else [], True) for u in range(1000)]
    many = [(u, "en", ["gaming"] if u < 100 else ["e_commerce"], True) for u in range(1000)]
    shares = [row(sector_shares(labels_frame(r), known), "gaming", "en")["share"] for r in (few, many)]
    assert shares[0] == pytest.approx(0.1, abs=0.003)
    assert shares[1] == pytest.approx(0.1 - 0.09, abs=0.02)


def test_who_writes_much_is_found_wrongly_more_often():
    known = perfect()
    known["en"]["gaming"] |= {"fp": 2_000}
    once = sector_shares(labels_frame(users(0, 100)), known)
    thrice = sector_shares(labels_frame(users(0, 100) * 3), known)
    rate = row(once, "gaming", "en")["false_rate"]
    assert row(thrice, "gaming", "en")["false_rate"] == pytest.approx(1 - (1 - rate) ** 3, rel=1e-6)


def test_who_writes_of_it_twice_is_found_more_easily():
    """Of 1,000 people with two posts each, each found with 0.6: 840 are found, 1.43 times on the mean."""
    known = perfect()
    known["en"]["gaming"] |= {"tp": 60_000, "fn": 40_000}
    rows = [(u, "en", ["gaming"] if u < 600 else [], True) for u in range(1000)]
    rows += [(u, "en", ["gaming"] if u < 360 or 600 <= u < 840 else [], True) for u in range(1000)]
    votes = pl.DataFrame({s: [2] * 360 + [1] * 480 if s == "gaming" else [0] * 840 for s in SCHEMA_SECTORS})
    assert posts_each(votes, error_rates(known["en"])) == pytest.approx(2.0, rel=0.01)
    got = row(sector_shares(labels_frame(rows), known), "gaming", "en")
    assert got["sensitivity"] == pytest.approx(1 - 0.4**2, abs=0.01)
    assert got["share"] == pytest.approx(1.0, abs=0.01)


SCHEMA_SECTORS = ("remote_work", "online_education", "gaming", "video_streaming", "social_networking", "e_commerce",
                  "express_delivery")  # fmt: skip


def test_rates_of_few_posts_lean_on_the_others():
    known = perfect(100)["en"]
    known["gaming"] |= {"fp": 2}
    rates = error_rates(known)
    assert 0 < rates["office"].unrelated.mean < rates["gaming"].unrelated.mean < 0.02
    assert rates["gaming"].false_sd(0.0) > 0
    assert Rate(3, 12).mean == 0.25
    assert Rate(3, 12).sd == pytest.approx(math.sqrt(0.25 * 0.75 / 13))


def test_draws_of_the_error_are_the_same_whenever_they_are_asked_for():
    rates = error_rates(perfect(100)["zh"])["gaming"]
    first, again = (error_draws(rates, "zh", "gaming") for _ in range(2))
    assert np.array_equal(first.unrelated, again.unrelated)
    assert 0.9 < first.sensitivity.mean() < 1.0  # never above one post found for each that is there
    assert (first.sensitivity * rates.sensitivity.mean).max() <= 1.0


@pytest.mark.parametrize("expected", [0.8, 4.0, 40.0])
def test_limits_of_counts_hold_nine_times_in_ten(expected):
    rng, held = np.random.default_rng(3), []
    for _ in range(400):
        count = float(rng.poisson(expected))
        low, high = np.quantile(count_draws(count, count, 1.0, rng), (0.05, 0.95))
        held.append(low <= expected <= high)
    assert 0.86 <= np.mean(held) <= 0.97


def test_a_weighted_sum_of_counts_is_drawn_with_its_mean_and_spread():
    drawn = count_draws(50.0, 100.0, 2.0, generator("en", "gaming", 9))
    assert drawn.shape == (DRAWS,)
    assert drawn.mean() == pytest.approx(51.0, abs=0.6)  # half an event of size 2 above the sum
    assert drawn.std() == pytest.approx(10.0, rel=0.05)


def test_an_empty_day_has_no_rows():
    frame = sector_shares(labels_frame([]))
    SCHEMAS["sector_shares"].validate(frame)
    assert frame.is_empty()


def test_the_order_of_posts_changes_no_digit():
    rng = np.random.default_rng(0)
    rows = 6_000
    labels = pl.DataFrame(
        {
            "user": rng.integers(0, 2_000, rows).astype("u8"),
            "lang": ["en"] * rows,
            "network": ["twitter"] * rows,
            "kept": [True] * rows,
            "sectors": [["gaming"] if n % 9 == 0 else [] for n in range(rows)],
            "home_office": [False] * rows,
            "office": [False] * rows,
        }
    )
    first = sector_shares(labels)
    for seed in range(8):
        assert sector_shares(labels.sample(fraction=1.0, shuffle=True, seed=seed)).equals(first)
