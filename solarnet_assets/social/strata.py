"""Post-stratification: each language and network weighs what it weighed in the base weeks, on every day.

Who is seen changes: a network grows, a scraper stops. A share of all active users then moves although nobody writes
about anything else. With weights W_h of language and network h that stay, the share is sum W_h p_h (Holt and Smith
1979, doi:10.2307/2344652; Little 1993, doi:10.1080/01621459.1993.10476368). Strata that are missing on a day are left
out of the day AND of what it is compared with: like is compared with like.

How much somebody writes is no stratum, though it changes too: who writes about a sector writes a post more for that
very reason, so holding it constant would take away what is measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import polars as pl

STRATUM = ("lang", "network")
LEAST_PRESENT = 0.1
"""Ours: part of a stratum's usual daily users below which it counts as missing."""

Weights = Mapping[tuple[str, str], float]


def reference(shares: pl.DataFrame, base_day: date, weeks_days: int, weights: Weights | None = None) -> pl.DataFrame:
    """Return the strata of the base weeks: lang, network, ``usual`` users a day and ``weight`` (they sum to 1).

    Args:
        shares: ``sector_shares`` with ``day``, rows of networks alone.
        base_day: last day of the base weeks.
        weeks_days: days before it that count too.
        weights: weights that take the place of the measured ones, by language and network; strata without one are
            left out.
    """
    first = base_day - timedelta(days=weeks_days)
    users = users_by_day(shares.filter(pl.col("day").is_between(first, base_day)))
    usual = users.group_by(STRATUM).agg(usual=pl.col("users").median()).sort(STRATUM)
    if weights is None:
        given = usual.with_columns(weight=pl.col("usual"))
    else:
        rows = [(*key, float(value)) for key, value in weights.items()]
        schema = {"lang": pl.String, "network": pl.String, "weight": pl.Float64}
        given = usual.join(pl.DataFrame(rows, schema=schema, orient="row"), on=STRATUM)
    given = given.filter(pl.col("weight") > 0).sort(STRATUM)
    return given.with_columns(weight=pl.col("weight") / pl.col("weight").sum())


def users_by_day(shares: pl.DataFrame) -> pl.DataFrame:
    """Return lang, network, day and active users; every sector of a stratum's day has the same users."""
    return shares.group_by(*STRATUM, "day").agg(pl.col("users").max()).filter(pl.col("users") > 0)


def present(shares: pl.DataFrame, strata: pl.DataFrame, days: int) -> pl.DataFrame:
    """Return the strata that wrote at least :data:`LEAST_PRESENT` of what is usual, over a period of some days."""
    seen = users_by_day(shares).group_by(STRATUM).agg(pl.col("users").sum())
    return (
        strata.join(seen, on=STRATUM)
        .filter(pl.col("users") >= LEAST_PRESENT * days * pl.col("usual"))
        .select(strata.columns)
        .sort(STRATUM)
    )
