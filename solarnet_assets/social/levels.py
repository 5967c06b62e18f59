"""The level of each sector and language over a period of days, post-stratified, with draws of its error.

For strata h with weights W_h, users n, found x, false-positive rate f and gain g = s - f of a day t, and the factor w
of its weekday, a stratum's level over a period is

    p_h = sum_t (x - n f) / g  /  sum_t n w

and the language's is sum W_h p_h / sum W_h. Nothing is cut off at 0: sums of counts are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from solarnet_assets.social.errors import ErrorDraws, ErrorRates, Floats, count_draws, generator
from solarnet_assets.social.prevalence import LEAST_GAIN

KEYS = ("lang", "sector", "period")
WEEK = 7


@dataclass(frozen=True)
class Level:
    """One sector of one language over one period.

    Attributes:
        weight: of the language's present strata, of all strata of the base weeks.
        level: share of users at a mean weekday; ``share``: as the days were. Either may be below 0.
        draws: of ``level``, shape (DRAWS,).
        users, users_with: users summed over days, and those with a post of the sector.
        days: days with posts.
    """

    weight: float
    level: float
    share: float
    draws: Floats
    users: int
    users_with: int
    days: int


def sums(shares: pl.DataFrame, periods: pl.DataFrame, strata: pl.DataFrame, rhythm: pl.DataFrame) -> pl.DataFrame:
    """Return what levels are made of, one row per language, sector and period.

    Args:
        shares: ``sector_shares`` with ``day``, rows of networks alone.
        periods: columns period and day; a day may belong to several periods.
        strata: lang, network, weight: those that are compared.
        rhythm: see :func:`solarnet_assets.social.rhythm.rhythm`; sectors without one have none.

    Returns:
        lang, sector, period, weight, found and false (the level is their difference), raw (the same without weekday
        factors), variance, unit (of one event), other (share of posts of other labels), rhythm_sd (of the logarithm),
        users, users_with, days.
    """
    gain = pl.max_horizontal(pl.col("sensitivity") - pl.col("false_rate"), pl.lit(LEAST_GAIN))
    q = (pl.col("users_with") + 0.5) / (pl.col("users") + 1.0)
    factors = rhythm.select("lang", "sector", "weekday", "factor", "factor_sd")
    rows = (
        shares.filter(pl.col("users") > 0)
        .join(strata.select("lang", "network", "weight"), on=["lang", "network"])
        .join(periods, on="day")
        .with_columns(weekday=pl.col("day").dt.weekday())
        .join(factors, on=["lang", "sector", "weekday"], how="left")
        .join(rhythm.select("lang", "sector", "noise").unique(), on=["lang", "sector"], how="left")
        .with_columns(pl.col("factor").fill_null(1.0), pl.col("factor_sd", "noise").fill_null(0.0))
        .with_columns(
            found=pl.col("users_with") / gain,
            false=pl.col("users") * pl.col("false_rate") / gain,
            chance=pl.col("users_with") * (1.0 - q) / gain**2,
            n=pl.col("users") * pl.col("factor"),
        )
        .sort(*KEYS, "network", "day")
    )
    return _over_strata(_over_days(rows))


def _over_days(rows: pl.DataFrame) -> pl.DataFrame:
    """Return one row per stratum: sums over the days of a period, divided by its users."""
    n = pl.col("n").sum()
    return rows.group_by(*KEYS, "network", maintain_order=True).agg(
        pl.col("weight").first(),
        found=pl.col("found").sum() / n,
        false=pl.col("false").sum() / n,
        variance=pl.col("chance").sum() / n**2,
        unit=1.0 / n,
        factor=n / pl.col("users").sum(),
        other=(pl.col("other") * pl.col("users")).sum() / pl.col("users").sum(),
        factor_sd=pl.col("factor_sd").mean(),
        noise=pl.col("noise").first(),
        users=pl.col("users").sum(),
        users_with=pl.col("users_with").sum(),
        days=pl.col("day").n_unique(),
        weekdays=pl.col("weekday").n_unique(),
    )


def _over_strata(rows: pl.DataFrame) -> pl.DataFrame:
    """Return one row per language: strata by weight, and what days and weekdays add to the error."""
    weight = pl.col("weight") / pl.col("weight").sum()
    seven = (WEEK - pl.col("weekdays").max()) / (WEEK - 1) / pl.col("days").max()
    return (
        rows.group_by(KEYS, maintain_order=True)
        .agg(
            pl.col("weight").sum(),
            found=(weight * pl.col("found")).sum(),
            false=(weight * pl.col("false")).sum(),
            raw=(weight * (pl.col("found") - pl.col("false")) * pl.col("factor")).sum(),
            chance=(weight**2 * pl.col("variance")).sum(),
            unit=(weight * pl.col("unit")).sum(),
            other=(weight * pl.col("other")).sum(),
            rhythm_sd=pl.col("factor_sd").max() * seven.sqrt(),
            noise=pl.col("noise").first() ** 2 / pl.col("days").max(),
            users=pl.col("users").sum(),
            users_with=pl.col("users_with").sum(),
            days=pl.col("days").max(),
        )
        .with_columns(variance=pl.col("chance") + pl.col("noise") * (pl.col("found") - pl.col("false")) ** 2)
    )


def levels(
    made: pl.DataFrame, rates: Mapping[str, Mapping[str, ErrorRates]], errors: Mapping[tuple[str, str], ErrorDraws]
) -> dict[tuple[str, str, int], Level]:
    """Return levels by language, sector and period from their sums.

    Args:
        made: see :func:`sums`; ``period`` is an integer that seeds the draws.
        rates: error rates by language and label.
        errors: their draws by language and label.
    """
    out = {}
    for row in made.iter_rows(named=True):
        lang, label, period = row["lang"], row["sector"], row["period"]
        rng = generator(lang, label, period)
        seen = count_draws(row["found"], row["variance"], row["unit"], rng)
        known = errors[lang, label]
        false = row["false"] * known.false(row["other"]) / rates[lang][label].false(row["other"])
        draws = (seen - false) / known.sensitivity * np.exp(row["rhythm_sd"] * rng.standard_normal(len(seen)))
        level = row["found"] - row["false"]
        counts = (row["users"], row["users_with"], row["days"])
        out[lang, label, period] = Level(row["weight"], level, row["raw"], draws, *counts)
    return out


def together(parts: list[Level]) -> Level:
    """Return the level of several languages, each by the weight of its strata."""
    weight = sum(part.weight for part in parts)
    mixed = [part.weight / weight for part in parts]
    return Level(
        weight,
        sum(w * part.level for w, part in zip(mixed, parts, strict=True)),
        sum(w * part.share for w, part in zip(mixed, parts, strict=True)),
        np.sum([w * part.draws for w, part in zip(mixed, parts, strict=True)], axis=0),
        sum(part.users for part in parts),
        sum(part.users_with for part in parts),
        max(part.days for part in parts),
    )
