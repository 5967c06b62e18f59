"""Prints what the chain makes of a folder of pings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from solarnet_assets.evaluation.commuting_models import compare
from solarnet_assets.evaluation.commuting_pings import Asked, Found, count_folder
from solarnet_assets.mobility.commute import SCHEMA

if TYPE_CHECKING:
    from rich.console import Console

Z90 = 1.645


def print_pings(asked: Asked, console: Console) -> None:
    """Print what was read and refused, and the commuters of every city and day."""
    found = count_folder(asked)
    _print_read(asked, found, console)
    if found.counts.is_empty():
        _print_seen(found, console)
        return
    _print_counts(found, console)
    shown = found.counts.filter(~pl.col("suppressed"))
    if shown.is_empty():
        console.print(f"Every panel is smaller than {asked.k} devices: counts are withheld (--k sets the limit).")
        return
    made = compare({"city_commuters": found.counts.select(*SCHEMA.names(), "day")}, asked.country)
    figures = made.mart.filter(pl.col("value").is_not_null())
    console.print(f"{figures.height} of {shown.height} city-days have a day of the year before to compare with.")
    for row in figures.iter_rows(named=True):
        console.print(
            f"  {row['city']} {row['day']}: {row['value']:.0f} % of normal ({row['lower']:.0f}-{row['upper']:.0f})"
        )


def _print_read(asked: Asked, found: Found, console: Console) -> None:
    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False)

    say(f"{asked.folder}: {found.read:,} records, {found.used:,} pings used, {found.read - found.used:,} refused")
    for row in found.refused.iter_rows(named=True):
        say(f"  {row['records']:,} refused: {row['reason']}")
    for row in found.cities.iter_rows(named=True):
        say(f"city {row['city']}: {row['radius_km']:g} km about {row['lat']:.2f}, {row['lon']:.2f}, {row['timezone']}")
    homes, works = found.places
    say(f"on the last day {homes} devices have a home, {works} of them a workplace")


def _print_seen(found: Found, console: Console) -> None:
    from rich.table import Table

    console.print(
        "No device has a home (three nights, or six mornings and evenings) and a workplace (three working days, of "
        "which enough quarter hours are seen) in 28 days: nobody's commuting can be counted. What was seen:",
        highlight=False,
    )
    table = Table("city", "day", "devices", "pings")
    for city, day, devices, pings in found.seen.sort("city", "day").iter_rows():
        table.add_row(city, str(day), f"{devices:,}", f"{pings:,}")
    console.print(table)


def _print_counts(found: Found, console: Console) -> None:
    from rich.table import Table

    heads = ("city", "day", "panel from", "panel", "commuters", "90 %", "seen", "detection", "share", "90 %")
    table = Table(*heads, title="Commuters of the panel (devices seen that day whose home and work are known)")
    for row in found.counts.iter_rows(named=True):
        known = str(row["panel_day"])
        if row["suppressed"]:
            table.add_row(row["city"], str(row["day"]), known, "suppressed", *[""] * 6)
            continue
        reach, wide = Z90 * row["commuters_sd"], Z90 * row["share_sd"]
        table.add_row(
            row["city"], str(row["day"]), known, str(row["panel"]), f"{row['commuters']:.1f}",
            f"{max(row['commuters'] - reach, 0):.0f}-{min(row['commuters'] + reach, row['panel']):.0f}",
            str(row["commuters_seen"]), "-" if row["detection"] is None else f"{row['detection']:.2f}",
            f"{row['share']:.3f}", f"{max(row['share'] - wide, 0):.3f}-{min(row['share'] + wide, 1):.3f}",
        )  # fmt: skip
    console.print(table)
    young = found.counts.filter(pl.col("panel_day") > pl.col("day"))["day"]
    if len(young):
        console.print(
            f"The data are younger than 28 days on {young.n_unique()} days: their panel is that of the first full "
            "window or of the last day, which also knows what came after them.",
            highlight=False,
        )
