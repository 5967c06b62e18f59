"""Percent of normal of anybody's published index: aligned, base removed, with intervals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from solarnet_assets.evaluation.commuting_models import Compared, compare
from solarnet_assets.landing import BadInputError, Landing, RawFile
from solarnet_assets.mobility.calendar import BASE_WINDOW
from solarnet_assets.mobility.index import read_index_file

if TYPE_CHECKING:
    from rich.console import Console

STAGES = ("raw", "aligned", "corrected")


def read_whole(path: Path) -> Landing:
    """Read every day of a file of intensities.

    Raises:
        BadInputError: it is missing, cannot be read, or holds no record that can be used; names file and reason.
    """
    if not path.is_file():
        raise BadInputError(f"there is no file {path}")
    landing = read_index_file(RawFile(path, path.name, whole=True), {"provider": path.stem})
    if landing.frame.is_empty():
        reason = landing.rejects["reason"][0] if landing.rejects.height else "it has no records"
        raise BadInputError(f"{path.name}: no record can be used ({reason})")
    return landing


def spreads(compared: Compared) -> pl.DataFrame:
    """Return, per city and year, how normal days scatter before and after each step.

    Returns:
        city, year, ``days`` of the base window with a figure, standard deviation of the daily ratios over 2-16 January
        ``raw`` (partner day alone), ``aligned`` (days of the same working status about it) and ``corrected`` (base
        removed), as shares of normal.
    """
    quiet = compared.stages.filter(
        pl.col("day").dt.month() == 1, pl.col("day").dt.day().is_between(BASE_WINDOW[0], BASE_WINDOW[-1])
    )
    return (
        quiet.group_by("city", year=pl.col("day").dt.year())
        .agg(pl.len().alias("days"), *((pl.col(stage).std() / 100).alias(stage) for stage in STAGES))
        .sort("city", "year")
    )


def print_index(path: Path, country: str, console: Console) -> None:
    """Print the aligned percent of normal of every day of a file, and how normal days scatter."""
    landing = read_whole(path)
    days = landing.frame["day"].sort()
    console.print(
        f"{path.name}: {landing.n_in} records, {landing.frame.height} used, {landing.rejects.height} refused; "
        f"{landing.frame['city'].n_unique()} cities, {days[0]} to {days[-1]}, calendar of {country}",
        markup=False,
        highlight=False,
    )
    for row in landing.rejects.head(5).iter_rows(named=True):
        console.print(f"  refused: {row['reason']} ({row['sample']})", markup=False, highlight=False)
    compared = compare({"mobility_index": landing.frame}, country)
    _print_days(compared, console)
    _print_spreads(compared, console)


def _print_days(compared: Compared, console: Console) -> None:
    from rich.table import Table

    figures = compared.mart.filter(pl.col("value").is_not_null())
    lone = compared.mart.height - figures.height
    if lone:
        console.print(f"{lone} days have no day of the year before to compare with", highlight=False)
    for (city,), rows in figures.group_by("city", maintain_order=True):
        title = f"{city}: percent of normal, 90 % interval"
        table = Table(
            "day",
            "index",
            "beside",
            "how",
            "days",
            "that day",
            "%",
            "lower",
            "upper",
            title=title,
            title_justify="left",
        )
        for row in rows.iter_rows(named=True):
            numbers = [f"{row[name]:.1f}" for name in ("value_day", "value", "lower", "upper")]
            beside = (str(row["baseline_day"]), row["baseline_kind"], str(row["baseline_days"]))
            table.add_row(str(row["day"]), f"{row['commuters']:.4g}", *beside, *numbers)
        console.print(table)


def _print_spreads(compared: Compared, console: Console) -> None:
    from rich.table import Table

    bases = compared.mart.group_by("city", year=pl.col("day").dt.year()).agg(pl.col("base").max())
    found = spreads(compared).join(bases, on=["city", "year"], how="left", maintain_order="left")
    found = found.filter(pl.col("days") > 1)
    if found.is_empty():
        console.print("No two days of 2-16 January have a figure: the base is not removed, its drift stays in.")
        return
    title = "Scatter of daily ratios on 2-16 January, standard deviation as a share of normal"
    heads = ("city", "year", "days", "base", "raw: partner day", "same working status", "base removed")
    table = Table(*heads, title=title, title_justify="left")
    for row in found.iter_rows(named=True):
        base = "not removed" if row["base"] is None else f"{row['base']:.3f}"
        numbers = ["-" if row[stage] is None else f"{row[stage]:.3f}" for stage in STAGES]
        table.add_row(row["city"], str(row["year"]), str(row["days"]), base, *numbers)
    console.print(table)
