"""Labels of a day -> share of active users per sector, corrected for the classifier's known error.

One vote per user, day and sector. With q the share of users found, f the share of users that would be
found though they wrote nothing of the sector, and s the sensitivity,

    p = (q - f) / (s - f)                                   (Rogan and Gladen 1978, Am. J. Epidemiol. 107:71)

What growth needs is the *ratio* of two days: s cancels, f does not, and at shares near one per cent a
false-positive rate of two in a thousand already moves growth by a fifth. So the error of f is carried
apart from that of sampling: it is the same on every day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from solarnet_assets.social.model import LABELS, operating
from solarnet_assets.storage.schemas import SECTORS

TRAP_SHARE = 0.01
"""Ours: assumed share of posts that use a sector's words in another sense, the evaluation set's traps."""

FALSE_PRIOR = 300.0
"""Evaluation posts that the mean false-positive rate of a language's labels counts for, in each label's rate."""

CROSS_PRIOR = 100.0
SENSITIVITY_PRIOR = 10.0
"""Likewise for false positives among posts of other sectors, and for sensitivity."""

LANGS = ("en", "zh")


@dataclass(frozen=True)
class ErrorRates:
    """Known error of one label in one language, per post, with standard deviations.

    Attributes:
        sensitivity: share of the label's posts that get it.
        false_rate: share of unrelated posts that get it.
        cross_rate: share of posts of other labels that get it.
    """

    sensitivity: float
    sensitivity_sd: float
    false_rate: float
    false_rate_sd: float
    cross_rate: float
    cross_rate_sd: float

    def false(self, related: float) -> tuple[float, float]:
        """Return the false-positive rate, and its error, of a day with a share of posts of other labels."""
        rate = (1.0 - related) * self.false_rate + related * self.cross_rate
        return rate, (((1.0 - related) * self.false_rate_sd) ** 2 + (related * self.cross_rate_sd) ** 2) ** 0.5


def error_rates(evaluation: Mapping[str, Mapping[str, int]]) -> dict[str, ErrorRates]:
    """Return the error rates per label of one language from the counts of the evaluation set.

    Few evaluation posts speak for one label, so each rate leans on the mean of the language's labels.
    """
    total = {key: sum(counts[key] for counts in evaluation.values()) for key in next(iter(evaluation.values()))}
    mean_sensitivity = (total["tp"] + 1.0) / (total["tp"] + total["fn"] + 2.0)
    mean_false = (total["fp"] + 0.5) / (total["negatives"] + 1.0)
    mean_cross = (total["cross_fp"] + 0.5) / (total["cross"] + 1.0)
    mean_trap = (total["trap_fp"] + 0.5) / (total["traps"] + 1.0)
    rates = {}
    for label, n in evaluation.items():
        sensitivity, s_sd = _rate(n["tp"], n["tp"] + n["fn"], mean_sensitivity, SENSITIVITY_PRIOR)
        plain, plain_sd = _rate(n["fp"], n["negatives"], mean_false, FALSE_PRIOR)
        trap, _ = _rate(n["trap_fp"], n["traps"], mean_trap, FALSE_PRIOR)
        false, false_sd = plain + TRAP_SHARE * trap, (plain_sd**2 + (TRAP_SHARE * trap) ** 2) ** 0.5
        cross, cross_sd = _rate(n["cross_fp"], n["cross"], mean_cross, CROSS_PRIOR)
        rates[label] = ErrorRates(sensitivity, s_sd, false, false_sd, cross, cross_sd)
    return rates


def _rate(hits: int, of: int, prior: float, weight: float) -> tuple[float, float]:
    """Return mean and standard deviation of a rate whose Beta prior has a mean and a weight."""
    mean = (hits + prior * weight) / (of + weight)
    return mean, (mean * (1 - mean) / (of + weight + 1)) ** 0.5


def sector_shares(labels: pl.DataFrame, evaluation: Mapping[str, Any] | None = None) -> pl.DataFrame:
    """Return the ``sector_shares`` table of one day.

    Args:
        labels: the ``post_labels`` table of the day; posts that do not count are left aside.
        evaluation: counts by language and label; those of the package by default.

    Returns:
        One row per sector (home_office and office too) and language: en, zh, and all (both together,
        each language corrected by its own error). No rows for a language without active users.
    """
    evaluation = evaluation or operating()["evaluation"]
    votes = _votes(labels.filter(pl.col("kept") & pl.col("lang").is_in(LANGS)))
    single = [_corrected(votes, lang, error_rates(evaluation[lang])) for lang in LANGS]
    rows = pl.concat([frame for frame in single if frame.height] or [_empty()])
    both = _pooled(rows, votes)
    return _finish(pl.concat([rows, both]))


def _votes(kept: pl.DataFrame) -> pl.DataFrame:
    """Return one row per user and language: posts, and for each label whether the user wrote of it."""
    said = [pl.col("sectors").list.contains(sector).any().alias(sector) for sector in SECTORS]
    return kept.group_by("user", "lang").agg(
        pl.len().alias("posts"),
        (pl.col("sectors").list.len() > 0).sum().alias("related"),
        *said,
        pl.col("home_office").any(),
        pl.col("office").any(),
    )


def _empty() -> pl.DataFrame:
    columns = ("share", "sampling", "false", "relative_s")
    kinds = {"sector": pl.String, "lang": pl.String, "users": pl.Int64, "users_with": pl.Int64}
    return pl.DataFrame(schema={**kinds, **dict.fromkeys(columns, pl.Float64)})


def _corrected(votes: pl.DataFrame, lang: str, rates: Mapping[str, ErrorRates]) -> pl.DataFrame:
    """Return uncorrected counts and corrected, unclipped shares of one language."""
    mine = votes.filter(pl.col("lang") == lang)
    users = mine.height
    if not users:
        return _empty()
    posts = float(mine["posts"].sum())
    posts_per_user = posts / users
    rows = []
    for label in LABELS:
        rate, found = rates[label], int(mine[label].sum())
        other = max(float(mine["related"].sum()) - found, 0.0) / posts
        per_post, per_post_sd = rate.false(other)
        false = 1.0 - (1.0 - per_post) ** posts_per_user
        gain = max(rate.sensitivity - false, 0.05)
        seen = (found + 0.5) / (users + 1.0)
        sampling = (seen * (1.0 - seen) / users) ** 0.5 / gain
        rows.append(
            (label, lang, users, found, (found / users - false) / gain, sampling,
             per_post_sd * posts_per_user / gain, rate.sensitivity_sd / gain)
        )  # fmt: skip
    return pl.DataFrame(rows, schema=_empty().schema, orient="row")


def _pooled(rows: pl.DataFrame, votes: pl.DataFrame) -> pl.DataFrame:
    """Return both languages together: corrected shares weighted by active users, users counted once."""
    weight = pl.col("users") / pl.col("users").sum()
    unique = votes["user"].n_unique()
    with_any = {label: votes.filter(pl.col(label))["user"].n_unique() for label in LABELS}
    spread = {c: (pl.col(c) * weight).pow(2).sum().sqrt() for c in ("sampling", "false")}
    pooled = rows.group_by("sector", maintain_order=True).agg(
        share=(pl.col("share") * weight).sum(),
        relative_s=(pl.col("relative_s") * weight).pow(2).sum().sqrt(),
        **spread,
    )
    return pooled.with_columns(
        lang=pl.lit("all"),
        users=pl.lit(unique, pl.Int64),
        users_with=pl.col("sector").replace_strict(with_any, return_dtype=pl.Int64),
    ).select(_empty().columns)


def _finish(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the table in the lake's columns; shares cannot be negative, their errors stay."""
    share = pl.col("share").clip(0.0, 1.0)
    total = (pl.col("sampling").pow(2) + pl.col("false").pow(2) + (share * pl.col("relative_s")).pow(2)).sqrt()
    return rows.select(
        "sector", "lang", "users", "users_with", share=share, share_sd=total, sampling_sd="sampling", false_sd="false"
    ).sort("lang", "sector")
