"""The week in a sector's share: how each weekday differs from the mean of the week, and how days differ beyond chance.

Both come from the four weeks before the base day, per language and sector, and both lean half on the mean of the
language's sectors ("ours"): four Sundays say little about one sector. A weekday's effect is drawn towards none by the
part of its spread that chance explains (empirical Bayes: Efron and Morris 1975, doi:10.1080/01621459.1975.10479864;
variance between weekdays by DerSimonian and Laird 1986, doi:10.1016/0197-2456(86)90046-2).
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

LEAST_DAYS = 14
"""Ours: days with posts below which no rhythm is read."""

KEYS = ("lang", "sector")
"""Rows are sorted after every join: Polars gives them in any order, and sums of fractions depend on theirs."""

LEAST_USERS = 15
"""Ours: users of the sector over the four weeks below which it says nothing about its own rhythm."""


def rhythm(shares: pl.DataFrame, base_day: date, weeks_days: int) -> pl.DataFrame:
    """Return the weekday effects of each language and sector.

    Args:
        shares: ``sector_shares`` with ``day``, rows of networks alone (not of ``all``).
        base_day: day that growth is against; a holiday, so it says nothing about its weekday.
        weeks_days: days before it that are read.

    Returns:
        lang, sector, weekday (1 = Monday), ``factor`` (mean 1 over the week), ``factor_sd`` (of its logarithm) and
        ``noise`` (standard deviation between days, a share of the level, beyond what sampling explains). No row where
        there are too few days.
    """
    days = _days(
        shares.filter(pl.col("day").is_between(base_day - timedelta(days=weeks_days), base_day, closed="left"))
    )
    enough = days.group_by(KEYS, maintain_order=True).agg(n=pl.len(), found=pl.col("found").sum(), level=_level())
    enough = enough.filter(pl.col("n") >= LEAST_DAYS, pl.col("found") >= LEAST_USERS, pl.col("level") > 0)
    days = (
        days.join(enough.select(*KEYS, "level"), on=KEYS)
        .sort(*KEYS, "day")
        .with_columns(effect=pl.col("share") / pl.col("level") - 1.0, chance=pl.col("variance") / pl.col("level") ** 2)
    )
    noise = _leaning(_noise(days), "noise2")
    weekdays = (
        days.join(noise, on=KEYS)
        .sort(*KEYS, "day")
        .group_by(*KEYS, "weekday", "noise2", maintain_order=True)
        .agg(effect=pl.col("effect").mean(), v=(pl.col("chance").mean() + pl.col("noise2").first()) / pl.len())
    )
    between = _leaning(_between(weekdays), "between")
    everyday = noise.join(between, on=KEYS).join(pl.DataFrame({"weekday": range(1, 8)}), how="cross")
    drawn = everyday.join(weekdays.drop("noise2"), on=[*KEYS, "weekday"], how="left").sort(*KEYS, "weekday")
    kept = (pl.col("between") / (pl.col("between") + pl.col("v"))).fill_nan(0.0).fill_null(0.0)
    drawn = drawn.with_columns(
        kept=kept, effect=kept * pl.col("effect").fill_null(0.0), noise=pl.col("noise2").sqrt()
    ).with_columns(factor=(1.0 + pl.col("effect") - pl.col("effect").mean().over(KEYS)).clip(0.1))
    return drawn.select(
        *KEYS,
        pl.col("weekday").cast(pl.Int8),
        "factor",
        factor_sd=(pl.col("between") * (1.0 - pl.col("kept"))).sqrt() / pl.col("factor"),
        noise="noise",
    ).sort(*KEYS, "weekday")


def _level() -> pl.Expr:
    return (pl.col("share") * pl.col("users")).sum() / pl.col("users").sum()


def _days(shares: pl.DataFrame) -> pl.DataFrame:
    """Return one row per language, sector and day: users, found, corrected share and its variance from sampling."""
    gain = pl.col("sensitivity") - pl.col("false_rate")
    q = pl.col("users_with").sum().over(KEYS) / pl.col("users").sum().over(KEYS)
    return (
        shares.filter(pl.col("users") > 0)
        .sort(*KEYS, "day", "network")
        .with_columns(chance=q * (1.0 - q) * pl.col("users") / gain**2)
        .group_by(*KEYS, "day", maintain_order=True)
        .agg(
            found=pl.col("users_with").sum(),
            share=((pl.col("users_with") - pl.col("users") * pl.col("false_rate")) / gain).sum()
            / pl.col("users").sum(),
            variance=pl.col("chance").sum() / pl.col("users").sum() ** 2,
            users=pl.col("users").sum(),
        )
        .with_columns(weekday=pl.col("day").dt.weekday())
    )


def _noise(days: pl.DataFrame) -> pl.DataFrame:
    """Return the variance of days of one weekday beyond chance, relative to the level; may be negative."""
    spread = (pl.col("effect") - pl.col("effect").mean().over(*KEYS, "weekday")) ** 2
    return (
        days.with_columns(spread=spread)
        .group_by(KEYS, maintain_order=True)
        .agg(
            estimate=pl.col("spread").sum() / (pl.len() - pl.col("weekday").n_unique()) - pl.col("chance").mean(),
            precision=1.0 / pl.col("chance").mean() ** 2,
        )
    )


def _between(weekdays: pl.DataFrame) -> pl.DataFrame:
    """Return the variance between weekdays beyond what their means' error explains; may be negative."""
    weight, effect = 1.0 / pl.col("v"), pl.col("effect")
    spread = (weight * effect**2).sum() - (weight * effect).sum() ** 2 / weight.sum()
    return (
        weekdays.sort(*KEYS, "weekday")
        .group_by(KEYS, maintain_order=True)
        .agg(
            estimate=(spread - (pl.len() - 1)) / (weight.sum() - (weight**2).sum() / weight.sum()),
            precision=weight.mean() ** 2,
        )
    )


def _leaning(estimates: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return variances that lean half on the language's mean, by precision; none below zero."""
    mean = (pl.col("estimate") * pl.col("precision")).sum().over("lang") / pl.col("precision").sum().over("lang")
    half = ((pl.col("estimate") + mean) / 2.0).clip(0.0)
    return estimates.sort(KEYS).select(*KEYS, half.alias(name))
