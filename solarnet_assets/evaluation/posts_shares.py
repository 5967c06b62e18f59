"""Daily shares of sectors in anybody's post files, with their intervals, and growth where there is a base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from solarnet_assets.evaluation.posts_growth import growth, settings
from solarnet_assets.landing import BadInputError, RawFile
from solarnet_assets.social.labels import label_posts
from solarnet_assets.social.prevalence import sector_shares
from solarnet_assets.social.readers import read_posts

if TYPE_CHECKING:
    from rich.console import Console


YEARS, MOST_DAYS = (1990, 2199), 4000
"""Days that are looked for, and how many of them at once: eleven years."""


@dataclass(frozen=True)
class Asked:
    """Files, the days that are read from them, and what growth is against.

    Attributes:
        files: JSONL or CSV, each with posts of many days.
        start: first day, ``end``: last day, in ``timezone`` (IANA).
        base_day: 1 January 2020 when None.
    """

    files: tuple[Path, ...]
    start: date
    end: date
    timezone: str = "Asia/Shanghai"
    base_day: date | None = None


@dataclass(frozen=True)
class Found:
    """What was read, and the shares.

    Attributes:
        shares: ``sector_shares`` with ``day``; ``growth``: ``marts.sector_growth``.
        posts, kept, refused: records that were read, of them posts that count, and records that were refused.
    """

    shares: pl.DataFrame
    growth: pl.DataFrame
    posts: int
    kept: int
    refused: int


def measure(asked: Asked) -> Found:
    """Read, clean, classify and count the posts of each day.

    Raises:
        BadInputError: a file is not there, or none has a post of these days.
    """
    if absent := [path for path in asked.files if not path.is_file()]:
        raise BadInputError(f"{absent[0]}: there is no such file")
    _check_days(asked)
    days = [asked.start + timedelta(days=n) for n in range((asked.end - asked.start).days + 1)]
    files = [RawFile(path, path.name, whole=True, owns_undated=False) for path in asked.files]
    frames, posts, kept, refused = [], 0, 0, 0
    for day in days:
        landing = read_posts(files, day, {"hash_key": b"evaluation", "timezone": asked.timezone})
        refused += landing.rejects.height
        if landing.frame.height:
            labels = label_posts(landing.frame).frame
            posts, kept = posts + labels.height, kept + int(labels["kept"].sum())
            frames.append(sector_shares(labels).with_columns(day=pl.lit(day)))
    if not frames:
        names = ", ".join(str(path) for path in asked.files)
        raise BadInputError(f"{names}: no post from {asked.start} to {asked.end} ({asked.timezone})")
    shares = pl.concat(frames)
    against = settings() if asked.base_day is None else replace(settings(), base_day=asked.base_day)
    daily, _ = growth(shares, shares["day"].unique().sort(), against)
    return Found(shares, daily, posts, kept, refused)


def _check_days(asked: Asked) -> None:
    named = [day for day in (asked.start, asked.end, asked.base_day) if day is not None]
    if odd := [day for day in named if not YEARS[0] <= day.year <= YEARS[1]]:
        raise BadInputError(f"{odd[0]} lies outside {YEARS[0]} to {YEARS[1]}, where posts are looked for")
    if (asked.end - asked.start).days >= MOST_DAYS:
        raise BadInputError(f"{asked.start} to {asked.end} are more than {MOST_DAYS} days")


def print_shares(asked: Asked, sectors: Sequence[str], console: Console) -> None:
    """Print one table per language: users, users with the sector, raw and corrected share, interval, growth."""
    from rich.table import Table

    found = measure(asked)
    console.print(
        f"{found.posts:,} posts, {asked.start} to {asked.end}; {found.kept:,} count, {found.refused:,} were refused",
        highlight=False,
    )
    rows = found.shares.filter(pl.col("network") == "all").drop("network")
    grown = found.growth.select("day", "lang", "sector", "growth_pct", "lower", "upper", "note")
    rows = rows.join(grown, on=["day", "lang", "sector"], how="left").sort("lang", "sector", "day")
    for (lang,), part in rows.filter(pl.col("sector").is_in(sectors) if sectors else pl.lit(True)).group_by(
        "lang", maintain_order=True
    ):
        table = Table("sector", "day", "users", "with", "raw", "corrected", "90 % interval", "growth", title=str(lang))
        for row in part.iter_rows(named=True):
            table.add_row(row["sector"], str(row["day"]), str(row["users"]), str(row["users_with"]), *_cells(row))
        console.print(table)


def _cells(row: dict[str, object]) -> list[str]:
    """Return the shares of a row as text, in percent, and its growth or why there is none."""
    numbers = {name: float(value) for name, value in row.items() if isinstance(value, int | float)}
    raw = numbers["users_with"] / numbers["users"]
    growth = str(row["note"])
    if "growth_pct" in numbers:
        growth = f"{numbers['growth_pct']:+.0f} % ({numbers['lower']:+.0f} to {numbers['upper']:+.0f})"
    limits = f"{100 * numbers['share_lower']:.2f} to {100 * numbers['share_upper']:.2f}"
    return [f"{100 * raw:.2f}", f"{100 * numbers['share']:.2f}", limits, growth]
