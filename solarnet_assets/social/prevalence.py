"""Labels of a day -> share of active users per sector, corrected for the classifier's known error.

One vote per user, day and sector. With q the share of users found, f the share of users that would be found though they
wrote nothing of the sector, and s the share of those who did that are found,

    p = (q - f) / (s - f)                   (Rogan and Gladen 1978, doi:10.1093/oxfordjournals.aje.a112510)

Error rates are known per post, votes are per user. A user with m posts is found wrongly with 1 - (1 - f)^m, and one
with k posts of a sector is found with 1 - (1 - s)^k: k is read from how often those who are found are found twice.

Limits at 90 % come from draws: q from its mid-p confidence distribution, the rates from Beta distributions. That is
what Lang and Reiczigel (2014, doi:10.1016/j.prevetmed.2013.09.015) approximate in closed form. They are taken
before anything is cut off at 0 or 1, and so are sums over days and languages: a share's ``level`` may be negative.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from solarnet_assets.social.errors import (
    LANGS,
    ErrorDraws,
    ErrorRates,
    Floats,
    count_draws,
    error_draws,
    error_rates,
    generator,
)
from solarnet_assets.social.model import LABELS, operating
from solarnet_assets.storage.schemas import SECTORS

LEAST_GAIN = 0.05
"""Ours: smallest s - f that is divided by; a classifier that is worse tells nothing."""

LIMITS = (0.05, 0.95)
COUNTS = {"sector": pl.String, "lang": pl.String, "network": pl.String, "users": pl.Int64, "users_with": pl.Int64}
RATES = ("sensitivity", "false_rate", "other")
ERRORS = ("level", "share_lower", "share_upper", "sampling_sd", "false_sd", "sensitivity_sd")
ROW = pl.Schema(COUNTS | dict.fromkeys((*RATES, *ERRORS), pl.Float64))


def sector_shares(labels: pl.DataFrame, evaluation: Mapping[str, Any] | None = None) -> pl.DataFrame:
    """Return the ``sector_shares`` table of one day.

    Args:
        labels: the ``post_labels`` table of the day; posts that do not count are left aside.
        evaluation: counts by language and label; those of the package by default.

    Returns:
        One row per sector (home_office and office too), language (en, zh, all: both as they were that day, each
        corrected by its own error) and network (and all of them). No rows for a language without active users.
    """
    evaluation = evaluation or operating()["evaluation"]
    votes = _votes(labels.filter(pl.col("kept") & pl.col("lang").is_in(LANGS)))
    rows: list[tuple[Any, ...]] = []
    draws: dict[tuple[str, str], Floats] = {}
    for lang in LANGS:
        mine = votes.filter(pl.col("lang") == lang)
        rates = error_rates(evaluation[lang])
        often = posts_each(mine, rates)
        for network in ["all", *mine["network"].unique().sort()] if mine.height else []:
            part = mine if network == "all" else mine.filter(pl.col("network") == network)
            for label in LABELS:
                row, drawn = _corrected(part, label, rates[label], often, error_draws(rates[label], lang, label))
                rows.append((label, lang, network, *row))
                if network == "all":
                    draws[lang, label] = drawn
    single = pl.DataFrame(rows, schema=ROW, orient="row")
    return _finish(pl.concat([single, _both(single.filter(pl.col("network") == "all"), votes, draws)]))


def _votes(kept: pl.DataFrame) -> pl.DataFrame:
    """Return one row per user, language and network: posts, posts with any sector, and posts of each label."""
    said = [pl.col("sectors").list.contains(sector).sum().alias(sector) for sector in SECTORS]
    votes = kept.group_by("user", "lang", "network").agg(
        pl.len().alias("posts"),
        (pl.col("sectors").list.len() > 0).sum().alias("related"),
        *said,
        pl.col("home_office").sum(),
        pl.col("office").sum(),
    )
    return votes.sort("user", "lang", "network")  # means of fractions depend on the order of rows


def posts_each(votes: pl.DataFrame, rates: Mapping[str, ErrorRates]) -> float:
    """Return how many posts of a sector somebody writes on a day who writes any: k in the module's terms.

    Those who are found are found with k s / (1 - (1 - s)^k) posts on the mean. One figure for all sectors of a
    language's day: for one sector it would be mostly chance.
    """
    from scipy.optimize import brentq

    found = {sector: int((votes[sector] > 0).sum()) for sector in SECTORS}
    users, posts = sum(found.values()), sum(int(votes[sector].sum()) for sector in SECTORS)
    if posts <= users:
        return 1.0
    s = min(sum(rates[sector].sensitivity.mean * n for sector, n in found.items()) / users, 0.999)
    most = 50.0
    if posts / users >= most * s:
        return most
    return float(brentq(lambda k: k * s / (1.0 - (1.0 - s) ** k) - posts / users, 1.0, most + 1.0))


def _corrected(
    votes: pl.DataFrame, label: str, rate: ErrorRates, often: float, errors: ErrorDraws
) -> tuple[tuple[float, ...], Floats]:
    """Return counts, rates and the corrected share of users of one language, and its draws."""
    users, posts = votes.height, float(votes["posts"].sum())
    found = int((votes[label] > 0).sum())
    other = max(float(votes["related"].sum()) - float(votes[label].sum()), 0.0) / posts
    per_post = rate.false(other)
    false = float((1.0 - (1.0 - per_post) ** votes["posts"].to_numpy()).mean())
    sensitivity = 1.0 - (1.0 - rate.sensitivity.mean) ** often
    gain = max(sensitivity - false, LEAST_GAIN)
    smooth = (found + 0.5) / (users + 1.0)
    rng = generator(str(votes["lang"][0]), label, 1)
    seen = count_draws(found / users, found * (1.0 - smooth) / users**2, 1.0 / users, rng)
    drawn = (seen - false * errors.false(other) / per_post) / (gain * errors.sensitivity)
    low, high = np.quantile(drawn, LIMITS)
    sampling = (smooth * (1.0 - smooth) / users) ** 0.5 / gain
    false_sd = rate.false_sd(other) * false / per_post / gain
    return (
        users, found, sensitivity, false, other, (found / users - false) / gain, low, high, sampling, false_sd,
        float(errors.sensitivity.std()),
    ), drawn  # fmt: skip


def _both(rows: pl.DataFrame, votes: pl.DataFrame, draws: Mapping[tuple[str, str], Floats]) -> pl.DataFrame:
    """Return both languages together: corrected shares weighted by active users, users counted once."""
    weight = pl.col("users") / pl.col("users").sum()
    spread = {c: (pl.col(c) * weight).pow(2).sum().sqrt() for c in ("sampling_sd", "false_sd", "sensitivity_sd")}
    means = {c: (pl.col(c) * weight).sum() for c in (*RATES, "level")}
    both = rows.group_by("sector", maintain_order=True).agg(**means, **spread)
    users = dict(rows.group_by("lang").agg(pl.col("users").first()).iter_rows())
    limits = [_limits([(n, draws[lang, label]) for lang, n in sorted(users.items())]) for label in both["sector"]]
    with_any = {label: votes.filter(pl.col(label) > 0)["user"].n_unique() for label in LABELS}
    return both.with_columns(
        pl.DataFrame(limits, schema=dict.fromkeys(("share_lower", "share_upper"), pl.Float64), orient="row"),
        lang=pl.lit("all"),
        network=pl.lit("all"),
        users=pl.lit(votes["user"].n_unique(), pl.Int64),
        users_with=pl.col("sector").replace_strict(with_any, return_dtype=pl.Int64),
    ).select(ROW.names())


def _limits(parts: list[tuple[int, Floats]]) -> tuple[float, float]:
    total = sum(users for users, _ in parts)
    mixed = np.sum([users / total * drawn for users, drawn in parts], axis=0)
    low, high = np.quantile(mixed, LIMITS)
    return float(low), float(high)


def _finish(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the table in the lake's columns; shares lie within 0 and 1 and their limits, their errors stay."""
    share = pl.col("level").clip(0.0, 1.0)
    lower = pl.min_horizontal(pl.col("share_lower").clip(0.0, 1.0), share)
    upper = pl.max_horizontal(pl.col("share_upper").clip(0.0, 1.0), share)
    relative = (share * pl.col("sensitivity_sd")).pow(2)
    total = (pl.col("sampling_sd").pow(2) + pl.col("false_sd").pow(2) + relative).sqrt()
    return rows.select(
        *COUNTS, *RATES, share=share, share_lower=lower, share_upper=upper, share_sd=total,
        sampling_sd="sampling_sd", false_sd="false_sd",
    ).sort("lang", "network", "sector")  # fmt: skip
