"""Prints forecasts of anybody's series: days of return by city, and how good they would have been."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from solarnet_assets.evaluation.forecast import Outcome, date_scores, outcomes, scores
from solarnet_assets.evaluation.forecast_file import read_series
from solarnet_assets.landing import BadInputError
from solarnet_assets.nowcast.forecasts import HORIZON
from solarnet_assets.nowcast.frames import frames
from solarnet_assets.nowcast.methods import STACK
from solarnet_assets.nowcast.returns import THRESHOLDS
from solarnet_assets.nowcast.series import PAST_DAYS
from solarnet_assets.nowcast.straight_line import METHOD as LINE
from solarnet_assets.nowcast.straight_line import two_point_date

if TYPE_CHECKING:
    from rich.console import Console


def print_forecasts(path: Path, days: list[date], console: Console) -> None:
    """Print, as of each day, when every city is back, and scores by the days of the file after it.

    Raises:
        BadInputError: the file cannot be used, or begins after an as-of day.
    """
    history, refused = read_series(path)
    first, last = history.select(first=pl.col("day").min(), last=pl.col("day").max()).row(0)
    cities = history["region"].n_unique()
    _say(
        console,
        f"{path.name}: {history.height + refused.height} records, {history.height} used, {refused.height} refused; "
        f"{cities} cities, {first} to {last}",
    )
    for row in refused.head(5).iter_rows(named=True):
        _say(console, f"  refused: {row['reason']} ({row['sample']})")
    early = [day for day in days if day < first]
    if early:
        raise BadInputError(f"{path.name} begins on {first}: nothing was known as of {early[0]}")
    for outcome in outcomes(history, days):
        _print_dates(outcome, history.filter(pl.col("day") <= outcome.as_of), console)
        _print_scores(outcome, console)


def _print_dates(outcome: Outcome, history: pl.DataFrame, console: Console) -> None:
    from rich.table import Table

    _, dates = frames(outcome.made, history)
    title = f"As of {outcome.as_of}: day of return (90 % interval), probability within {HORIZON} days"
    heads = [f"back at {level:g} %" for level in THRESHOLDS]
    table = Table("city", "newest week", *heads, "straight line to 100 %", title=title, title_justify="left")
    newest = dict(
        history.filter(pl.col("day") > outcome.as_of - timedelta(days=7))
        .group_by("region")
        .agg(pl.col("value").mean())
        .rows()
    )
    by_city = dates.filter(pl.col("method").is_in([STACK, LINE])).partition_by(
        "region", as_dict=True, maintain_order=True
    )
    for (city,), rows in sorted(by_city.items()):
        own = {(row["method"], row["threshold"]): row for row in rows.iter_rows(named=True)}
        stack = [_day(own[STACK, level]) for level in THRESHOLDS]
        level = f"{newest[city]:.0f}" if city in newest else "-"
        table.add_row(str(city), level, *stack, _day(own[LINE, THRESHOLDS[-1]]))
    console.print(table)
    _print_untold(outcome, history, console)


def _day(row: dict[str, object]) -> str:
    """Return a day of return as people read it."""
    if row["note"] is not None:
        return "not identified"
    beyond = f"beyond {row['horizon']:%d %b}"
    named = [f"{day:%d %b}" if day else beyond for day in (row["date_median"], row["date_lower"], row["date_upper"])]
    if row["date_median"] is None and row["date_lower"] is None:
        return f"{beyond}, {row['prob_by']:.0%}"
    return f"{named[0]} ({named[1]} - {named[2]}), {row['prob_by']:.0%}"


def _print_untold(outcome: Outcome, history: pl.DataFrame, console: Console) -> None:
    """Say for how many cities a method is not identified and why, and what two points alone would give."""
    made = outcome.made.made
    known = {city for _, city in (*made.series.names, *made.short)}
    stale = sorted(set(history["region"].unique()) - known)
    if stale:
        _say(console, f"no figure in the {PAST_DAYS} days before: {', '.join(stale[:5])} ({len(stale)} cities)")
    for (_, city), why in made.short.items():
        _say(console, f"{city}: not identified ({why}){_two_points(history.filter(pl.col('region') == city))}")
    for method, member in made.members.items():
        reasons = pl.Series([why for why in member.reason if why is not None], dtype=pl.String)
        if reasons.len():
            first = reasons.value_counts(sort=True)[reasons.name][0]
            _say(console, f"{method}: not identified for {reasons.len()} of {len(member.reason)} cities ({first} ...)")


def _two_points(rows: pl.DataFrame) -> str:
    if rows.height < 2:
        return ""
    ends = [(row["day"], row["value"]) for row in (rows.row(0, named=True), rows.row(-1, named=True))]
    day = two_point_date(ends[0], ends[1])
    reached = f"reaches 100 % on {day}" if day else "never reaches 100 %"
    return f"; the line through its first and last point {reached}, and nothing says how sure that is"


def _print_scores(outcome: Outcome, console: Console) -> None:
    from rich.table import Table

    found = scores(outcome)
    if found.is_empty():
        _say(console, f"The file has no days after {outcome.as_of}: nothing to score.")
        return
    heads = ("method", "days ahead", "cities", "n", "CRPS", "of the straight line's", "90 % covers", "width")
    title = f"As of {outcome.as_of}: scores by what came"
    table = Table(*heads, title=title, title_justify="left")
    for row in found.iter_rows(named=True):
        ratio = "-" if row["relative"] is None else f"{row['relative']:.2f}"
        numbers = (f"{row['crps']:.2f}", ratio, f"{100 * row['covered']:.0f} %", f"{row['width']:.1f}")
        ahead = f"{row['first']}-{row['last']}"
        table.add_row(row["method"], ahead, str(row["cities"]), str(row["n"]), *numbers)
    console.print(table)
    returns = Table(
        "method", "back at", "cities", "returned", "90 % covers", "of returned", "error, days", title="Days of return"
    )
    for row in date_scores(outcome).iter_rows(named=True):
        error = "-" if row["error"] is None else f"{row['error']:.1f}"
        counts = (str(row["cities"]), str(row["returned"]))
        held = "-" if row["held"] is None else f"{100 * row['held']:.0f} %"
        returns.add_row(row["method"], f"{row['threshold']:g} %", *counts, f"{100 * row['covered']:.0f} %", held, error)
    console.print(returns)
    pools = {signal: np.round(pool.weights, 2).tolist() for signal, pool in outcome.made.pools.items()}
    for signal, weights in pools.items():
        named = ", ".join(f"{name} {weight:g}" for name, weight in zip(outcome.made.made.members, weights, strict=True))
        _say(console, f"Stack ({signal}): {named}; width x {outcome.made.pools[signal].width:.2f}")


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False)
