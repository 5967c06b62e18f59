"""Commuter counts and percent of normal of drawn cities beside the truth.

The truth of a count are the panel's own devices (known workplace, a fix in town that day) that really went to work.
The panel is finite and its own target, so there is no sampling error in it, only what phones did not say: with n
devices not heard of in work hours and a share s at work, a standard deviation of sqrt(n s (1 - s)) devices is out of
reach for anybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import polars as pl

from solarnet_assets.evaluation.commuting_country import Drawn, draw, land, true_commuters
from solarnet_assets.evaluation.commuting_models import compare
from solarnet_assets.mobility.calendar import calendar_frame, comparison_days
from solarnet_assets.mobility.daily import count_day
from solarnet_assets.world.scenario import value_at

if TYPE_CHECKING:
    from rich.console import Console

FIRST_SEED = 9001
"""Seeds of held-out cities; those from 901 to 908 were used while building."""

DENSITIES = (None, 5.0, 10.0, 20.0, 50.0)
"""Mean fixes a day of every device; None: each its own, 5 to 60."""

PERIODS = {
    "normal": (date(2020, 1, 10), 7),
    "festival": (date(2020, 1, 28), 3),
    "closed, 20 %": (date(2020, 2, 5), 7),
    "half way back": (date(2020, 3, 2), 7),
}
Z90 = 1.645


def held_out_days() -> dict[date, str]:
    """Return the days that are scored and what is special about them."""
    return {start + timedelta(days=n): name for name, (start, length) in PERIODS.items() for n in range(length)}


def counts(drawn: Drawn) -> pl.DataFrame:
    """Return one row per scored day of a city: estimate, its deviation, truth, and what kind of day it is."""
    days = held_out_days()
    land(drawn, days)
    working = dict(calendar_frame("CN", min(days), max(days)).select("date", "is_workday").iter_rows())
    rows = []
    for day, period in days.items():
        counted = count_day(lambda asset, d: drawn.lake.scan(asset, d, d), day)
        if counted.panel_day is None or counted.frame.is_empty():
            continue
        found = counted.frame.row(0, named=True)
        panel, truth = true_commuters(drawn, day, counted.panel_day)
        rows.append(
            {
                "pings": drawn.city.pings_a_day,
                "period": f"{period}, {'working days' if working[day] else 'days off'}",
                "panel": panel,
                "truth": truth,
                "estimate": found["commuters"],
                "sd": found["commuters_sd"],
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None).cast({"pings": pl.Float64, "truth": pl.Float64})


def summary(rows: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Return errors of counts by group, as shares of the truth.

    Returns:
        ``by``, days, panel and truth (means), bias, median and nine_in_ten of the absolute error, within_2 (share of
        days within 2 % of the truth) and covered (share whose 90 % interval holds the truth).
    """
    error = pl.col("estimate") / pl.col("truth") - 1
    off = (pl.col("estimate") - pl.col("truth")).abs()
    return (
        rows.group_by(by, maintain_order=True)
        .agg(
            days=pl.len(),
            panel=pl.col("panel").mean(),
            truth=pl.col("truth").mean(),
            bias=error.mean(),
            median=error.abs().median(),
            nine_in_ten=error.abs().quantile(0.9, "linear"),
            within_2=(error.abs() <= 0.02).mean(),
            covered=(off <= Z90 * pl.col("sd")).mean(),
        )
        .sort(by, nulls_last=True)
    )


def levels(drawn: list[Drawn]) -> pl.DataFrame:
    """Return percent of normal of the cities beside the truth: day, value, lower, upper, truth; by the SQL models."""
    days = held_out_days()
    wanted = sorted({d for day in days for d in comparison_days(day)})
    frames = []
    for one in drawn:
        land(one, wanted)
        for day in wanted:
            counted = count_day(lambda asset, d, one=one: one.lake.scan(asset, d, d), day)  # type: ignore[misc]
            frames.append(counted.frame.with_columns(day=pl.lit(day)))
    made = compare({"city_commuters": pl.concat(frames)}).mart
    curve = drawn[0].scenario.signals.commuting
    truth = pl.DataFrame({"day": list(days), "truth": [value_at(curve, day) for day in days], "period": days.values()})
    both = made.join(truth, on="day", maintain_order="left")
    return both.select("city", "day", "period", "value", "lower", "upper", "truth")


def print_held_out(cities: int, devices: int, console: Console) -> None:
    """Draw cities of every density, score counts; then both years of the mixed ones, and score percent of normal."""
    from rich.table import Table

    console.print(f"{cities} cities of {devices} devices for each density, seeds from {FIRST_SEED}", highlight=False)
    with TemporaryDirectory(prefix="solarnet-") as folder:
        rows = pl.concat([counts(one) for one in _cities(cities, devices, Path(folder), DENSITIES)])
    rows = rows.with_columns(pings=pl.col("pings").cast(pl.Int64).cast(pl.String).fill_null("5-60"))
    for by in (["period"], ["pings"], ["pings", "period"]):
        table = Table(*by, "days", "panel", "at work", "bias", "median", "9 in 10", "within 2 %", "90 % interval holds")
        for row in summary(rows, by).iter_rows(named=True):
            sizes = [f"{row[name]:.0f}" for name in ("panel", "truth")]
            errors = [f"{100 * row[name]:.1f} %" for name in ("bias", "median", "nine_in_ten")]
            shares = [f"{100 * row[name]:.0f} %" for name in ("within_2", "covered")]
            table.add_row(*(str(row[name]) for name in by), str(row["days"]), *sizes, *errors, *shares)
        console.print(table)
    with TemporaryDirectory(prefix="solarnet-") as folder:
        _print_levels(levels(list(_cities(cities, devices, Path(folder), (None,)))), console)


def _cities(cities: int, devices: int, folder: Path, densities: tuple[float | None, ...]) -> Iterator[Drawn]:
    for number in range(cities):
        for place, density in enumerate(densities):
            seed = FIRST_SEED + number * len(densities) + place
            yield draw(seed, devices, density, folder)


def _print_levels(rows: pl.DataFrame, console: Console) -> None:
    from rich.table import Table

    error = pl.col("value") - pl.col("truth")
    held = pl.col("truth").is_between("lower", "upper")
    found = rows.group_by("period", maintain_order=True).agg(
        days=pl.len(), bias=error.mean(), rmse=(error**2).mean().sqrt(), covered=held.mean()
    )
    everything = rows.select(period=pl.lit("all"), days=pl.len(), bias=error.mean(), rmse=(error**2).mean().sqrt(),
                             covered=held.mean())  # fmt: skip
    table = Table("percent of normal", "days", "bias, points", "rmse", "90 % interval holds")
    for row in pl.concat([found, everything]).iter_rows(named=True):
        numbers = (f"{row['bias']:+.1f}", f"{row['rmse']:.1f}", f"{100 * row['covered']:.0f} %")
        table.add_row(row["period"], str(row["days"]), *numbers)
    console.print(table)
