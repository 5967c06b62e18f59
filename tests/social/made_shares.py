"""Made-up tables of posts' labels and shares for the tests of prevalence and growth."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from solarnet_assets.social.model import LABELS

BASE = date(2020, 1, 1)
WEEKS = 28


def perfect(n=100_000):
    """Return evaluation counts of a classifier without error."""
    counts = {"tp": n, "fn": 0, "fp": 0, "negatives": n, "cross_fp": 0, "cross": n, "trap_fp": 0, "traps": n}
    return {lang: {label: dict(counts) for label in LABELS} for lang in ("en", "zh")}


def labels_frame(rows):
    """Return a ``post_labels`` table from (user, lang, sectors, kept) or with a network at the end."""
    full = [
        (i, r[0], r[1], r[4] if len(r) > 4 else "weibo", r[3], None if r[3] else "copy", r[2], False, False)
        for i, r in enumerate(rows)
    ]
    kinds = [
        pl.UInt64, pl.UInt64, pl.String, pl.String, pl.Boolean, pl.String, pl.List(pl.String), pl.Boolean, pl.Boolean
    ]  # fmt: skip
    names = ["post", "user", "lang", "network", "kept", "dropped", "sectors", "home_office", "office"]
    return pl.DataFrame(full, schema=dict(zip(names, kinds, strict=True)), orient="row")


def stratum(day, found, users=2000, lang="zh", network="weibo", sensitivity=1.0, false=0.0, sector="gaming"):
    """Return one row of ``sector_shares`` with its day; growth reads counts and rates alone."""
    row = {"sector": sector, "lang": lang, "network": network, "users": users, "users_with": found}
    return {**row, "sensitivity": sensitivity, "false_rate": false, "other": 0.0, "day": day}


def history(found, users=2000, **more):
    """Return rows of the base weeks with a number found each day, or a function of the day."""
    days = [BASE - timedelta(days=n) for n in range(WEEKS + 1)]
    return [stratum(day, found(day) if callable(found) else found, users, **more) for day in days]
