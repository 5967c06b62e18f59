"""Growth of a sector on one day, and over the seven days up to it, against the base day and the four weeks before it.

The base is the level of the week up to and with the base day: 1 January is a single holiday, on which a sector may have
no post at all, so "since 1 January" is read as since the week that ends there, each weekday once. The second base is
the median of the four weeks up to the day before, each week's level a mean over its weekdays: a median of 28 daily
shares of few users would be biased downwards (a Poisson median lies about a third of an event below its mean), and one
odd week moves it little. The weekday's own rhythm is taken out of a single day.

Every figure has its own interval at 90 %, the 5 % and 95 % points of 4,000 draws of the ratio: who was seen on the day
and in the base, days that differ beyond chance, the weekday's effect, and the classifier's error, which is the same
draw on both sides. So its sensitivity cancels within a language as long as it is the same on both days; its false
positives do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

from solarnet_assets.social import strata
from solarnet_assets.social.errors import LANGS, error_draws, error_rates
from solarnet_assets.social.growth import RATIOS, SHARES, Levels, Missing, figures, is_above_zero
from solarnet_assets.social.levels import WEEK, Level, levels, sums, together
from solarnet_assets.social.model import LABELS, operating
from solarnet_assets.social.rhythm import rhythm

BASE = 0
"""Number of the base period; weeks before it are 1, 2, ..., and the day's own periods have larger numbers."""

LEAST_MISSED = 0.005
"""Ours: part of the usual users below which a missing network is not worth a remark."""

ROW = pl.Schema(
    {"sector": pl.String, "lang": pl.String, "days": pl.Int64, "users": pl.Int64, "users_with": pl.Int64}
    | dict.fromkeys((*SHARES, *RATIOS), pl.Float64)
    | {"note": pl.String}
)


@dataclass(frozen=True)
class Settings:
    """What growth is against, and the least that a figure needs (``seeds/sector_settings.csv``).

    Attributes:
        base_day: last day of the base.
        base_days: days of the base.
        weeks_days: days before the base day whose weeks' median is the second base.
        min_users: active users of a figure's days.
        min_users_with: users of the sector in the base.
        min_present: part of the users of the base weeks whose language and network must be there.
    """

    base_day: date
    base_days: int = 7
    weeks_days: int = 28
    min_users: int = 100
    min_users_with: int = 15
    min_present: float = 2 / 3

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Settings:
        """Return the settings from names and values as text."""
        numbers = {name: int(values[name]) for name in ("base_days", "weeks_days", "min_users", "min_users_with")}
        return cls(date.fromisoformat(values["base_day"]), min_present=float(values["min_present"]), **numbers)

    def days_of(self, day: date) -> list[date]:
        """Return the days that the growth of a day is made of."""
        base = [self.base_day - timedelta(days=n) for n in range(max(self.weeks_days + 1, self.base_days))]
        return [*(day - timedelta(days=n) for n in range(WEEK)), *(b for b in base if day >= self.base_day)]


def sector_trends(
    shares: pl.DataFrame,
    day: date,
    settings: Settings,
    weights: strata.Weights | None = None,
    evaluation: Mapping[str, Any] | None = None,
) -> pl.DataFrame:
    """Return the ``sector_trends`` table of one day.

    Args:
        shares: ``sector_shares`` with ``day``; of the days that :meth:`Settings.days_of` names, as far as they exist.
        day: the day in question.
        settings: what growth is against.
        weights: of the strata, by language and network; those of the base weeks by default.
        evaluation: counts by language and label; those of the package by default.

    Returns:
        One row per sector, language (en, zh, all) and number of days (1 and 7). A missing figure has a ``note``.
    """
    wanted = settings.days_of(day)
    networks = shares.filter(pl.col("network") != "all", pl.col("day").is_in(wanted))
    known = _Known(networks, day, settings, weights, evaluation or operating()["evaluation"])
    rows = [row for days in (1, WEEK) for row in known.rows(days)]
    return pl.DataFrame(rows, schema=ROW).sort("days", "lang", "sector")


class _Known:
    """What a day's figures are made of, read once for both lengths."""

    def __init__(
        self, shares: pl.DataFrame, day: date, settings: Settings, weights: strata.Weights | None, evaluation: Any
    ) -> None:
        self.shares, self.day, self.settings = shares, day, settings
        self.rates = {lang: error_rates(evaluation[lang]) for lang in LANGS}
        self.errors = {
            (lang, label): error_draws(self.rates[lang][label], lang, label) for lang in LANGS for label in LABELS
        }
        before = day < settings.base_day
        base = shares.clear() if before else shares
        self.strata = strata.reference(base, settings.base_day, settings.weeks_days, weights)
        self.rhythm = rhythm(base, settings.base_day, settings.weeks_days)

    def rows(self, days: int) -> list[dict[str, Any]]:
        """Return the rows of the day, or of the seven days up to it."""
        first = self.day - timedelta(days=days - 1)
        mine = self.shares.filter(pl.col("day").is_between(first, self.day))
        compared = self._compared(mine, days)
        target = self.day.toordinal() * 10 + days
        found = levels(sums(self.shares, self._periods(first, target), compared, self.rhythm), self.rates, self.errors)
        missing = {lang: self._missing(compared, lang) for lang in (*LANGS, "all")}
        out = []
        for (label, lang), (users, users_with) in _counts(mine).items():
            known = self._levels(found, lang, label, target)
            why = self._why_not(known, missing[lang])
            row = {"sector": label, "lang": lang, "days": days, "users": users, "users_with": users_with}
            out.append(row | figures(known, missing[lang], why, has_rhythm=not self.rhythm.is_empty()))
        return out

    def _levels(self, found: Mapping[tuple[str, str, int], Level], lang: str, label: str, target: int) -> Levels:
        now, base, *weeks = (_mixed(found, lang, label, n) for n in (target, BASE, *range(1, self._weeks() + 1)))
        return Levels(now, base, [week for week in weeks if week is not None])

    def _weeks(self) -> int:
        return self.settings.weeks_days // WEEK

    def _periods(self, first: date, target: int) -> pl.DataFrame:
        base = self.settings.base_day
        rows = [(target, first + timedelta(days=n)) for n in range((self.day - first).days + 1)]
        if self.day >= base:
            rows += [(BASE, base - timedelta(days=n)) for n in range(self.settings.base_days)]
            rows += [(n // WEEK + 1, base - timedelta(days=n + 1)) for n in range(self._weeks() * WEEK)]
        return pl.DataFrame(rows, schema={"period": pl.Int64, "day": pl.Date}, orient="row")

    def _compared(self, mine: pl.DataFrame, days: int) -> pl.DataFrame:
        """Return the strata that both the days in question and the base hold."""
        base = self.settings.base_day
        first = base - timedelta(days=self.settings.base_days - 1)
        held = strata.present(self.shares.filter(pl.col("day").is_between(first, base)), self.strata, 1)
        return strata.present(mine, held, days)

    def _missing(self, compared: pl.DataFrame, lang: str) -> Missing:
        """Return the networks that cannot be compared, with their part of the language's usual users."""
        usual = self.strata if lang == "all" else self.strata.filter(pl.col("lang") == lang)
        gone = usual.join(compared, on=["lang", "network"], how="anti")
        total = float(usual["weight"].sum()) or 1.0
        by_network = gone.group_by("network").agg(pl.col("weight").sum()).sort("network")
        parts = {name: weight / total for name, weight in by_network.iter_rows()}
        return Missing({name: part for name, part in parts.items() if part >= LEAST_MISSED})

    def _why_not(self, found: Levels, missing: Missing) -> str | None:
        """Return why there is no growth, or None where there is."""
        settings, now, base = self.settings, found.now, found.base
        if self.day < settings.base_day:
            return "before the base day"
        if self.strata.is_empty():
            return "no posts in the base weeks"
        if missing.part > 1.0 - settings.min_present:
            return f"{missing.names} missing, {100 * missing.part:.0f} % of the usual users"
        if now is None or base is None:
            return "no posts that could be compared"
        if now.users < settings.min_users:
            return f"fewer than {settings.min_users} active users"
        if base.users_with < settings.min_users_with:
            return f"fewer than {settings.min_users_with} users of the sector in the base"
        return None if is_above_zero(base.level, base.draws) else "the classifier's error alone could explain the base"


def _counts(shares: pl.DataFrame) -> dict[tuple[str, str], tuple[int, int]]:
    """Return users and users with the sector, by sector and language, summed over networks and days."""
    single = shares.group_by("sector", "lang").agg(pl.col("users", "users_with").sum())
    both = single.group_by("sector").agg(
        lang=pl.lit("all"), users=pl.col("users").sum(), found=pl.col("users_with").sum()
    )
    rows = [*single.rows(), *both.rows()]
    return {(sector, lang): (users, found) for sector, lang, users, found in rows}


def _mixed(found: Mapping[tuple[str, str, int], Level], lang: str, label: str, period: int) -> Level | None:
    parts = [
        found[one, label, period] for one in (LANGS if lang == "all" else (lang,)) if (one, label, period) in found
    ]
    return together(parts) if parts else None
