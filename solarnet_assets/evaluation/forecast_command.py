"""Prints forecasts of anybody's series: days of return by city, and how good they would have been."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from solarnet_assets.evaluation.forecast import Outcome, outcomes
from solarnet_assets.evaluation.forecast_file import Unit, read_series
from solarnet_assets.evaluation.forecast_scores_table import print_scores
from solarnet_assets.landing import BadInputError
from solarnet_assets.nowcast.forecasts import HORIZON
from solarnet_assets.nowcast.frames import frames
from solarnet_assets.nowcast.methods import STACK
from solarnet_assets.nowcast.returns import THRESHOLDS
from solarnet_assets.nowcast.series import PAST_DAYS
from solarnet_assets.nowcast.straight_line import METHOD as LINE
from solarnet_assets.nowcast.straight_line import two_point_date
from solarnet_assets.storage.spreadsheet import inert

if TYPE_CHECKING:
    from rich.console import Console


MOST_CITIES = 30
"""Cities that are printed one by one; of more, a summary and the ends are."""

ENDS = 5
"""Cities at either end that a summary names."""

FIRST_COLUMNS = ("as_of", "method", "city", "threshold")


def print_forecasts(
    path: Path,
    days: list[date],
    console: Console,
    *,
    unit: Unit = "percent",
    country: str = "CN",
    column: str | None = None,
    out: Path | None = None,
) -> None:
    """Print, as of each day, when every city is back, and scores by the days of the file after it.

    Args:
        path: file of series.
        days: as-of days.
        console: to print on.
        unit: what the values are.
        country: whose working days and holidays count, ISO 3166.
        column: of the values, where a row has several.
        out: CSV to write the day of return of every city and method to.

    Raises:
        BadInputError: the file cannot be used, begins after an as-of day, or ended long before it.
    """
    read = read_series(path, unit, country, column)
    history, refused = read.history, read.refused
    first, last = history.select(first=pl.col("day").min(), last=pl.col("day").max()).row(0)
    cities = history["region"].n_unique()
    _say(
        console,
        f"{path.name}: {history.height + refused.height} records, {history.height} used, {refused.height} refused; "
        f"{cities} cities, {first} to {last}",
    )
    for row in refused.head(5).iter_rows(named=True):
        _say(console, f"  refused: {row['reason']} ({row['sample']})")
    for note in read.notes:
        _say(console, note)
    _require_known(path.name, (first, last), days)
    written = []
    for outcome in outcomes(history, days, country):
        known = history.filter(pl.col("day") <= outcome.as_of)
        dates = frames(outcome.made, known)[1]
        written.append(dates.with_columns(as_of=pl.lit(outcome.as_of)))
        if (outcome.as_of - last).days > 0:
            _say(console, f"The file ends {(outcome.as_of - last).days} days before {outcome.as_of}.")
        if cities > MOST_CITIES:
            _print_summary(outcome, dates, console)
        else:
            _print_dates(outcome, dates, known, console)
        _print_untold(outcome, known, console)
        print_scores(outcome, console)
    if out is not None:
        table = pl.concat(written).rename({"region": "city"}).drop("signal")
        _write(table.select(*FIRST_COLUMNS, pl.exclude(FIRST_COLUMNS)), out)
        _say(console, f"Days of return of {cities} cities by every method: {out}")
    elif cities > MOST_CITIES:
        _say(console, "Every city's days of return: add --out FILE.csv")


def _require_known(name: str, span: tuple[date, date], days: list[date]) -> None:
    early = [day for day in days if day < span[0]]
    if early:
        raise BadInputError(f"{name} begins on {span[0]}: nothing was known as of {early[0]}")
    late = [day for day in days if (day - span[1]).days >= PAST_DAYS]
    if late:
        raise BadInputError(f"{name} ends on {span[1]}: nothing is known of the {PAST_DAYS} days before {late[0]}")


def _write(table: pl.DataFrame, out: Path) -> None:
    draft = out.with_name(f"{out.name}.part")
    try:
        inert(table).write_csv(draft)
        draft.replace(out)
    except OSError as error:
        raise BadInputError(f"{out} cannot be written ({error.strerror or error})") from error


def _print_summary(outcome: Outcome, dates: pl.DataFrame, console: Console) -> None:
    """Print how many cities are back by when, and those that are back first and last."""
    from rich.table import Table

    as_of, horizon = outcome.as_of, outcome.as_of + timedelta(days=HORIZON)
    title = f"As of {as_of}: middle day of return of the cities"
    heads = ("back at", "cities", "today", "in 28 days", f"by {horizon:%d %b}", "later or never", "middle city")
    table = Table("method", *heads, "probability, mean", title=title, title_justify="left")
    for method, level in (*((STACK, level) for level in THRESHOLDS), (LINE, THRESHOLDS[-1])):
        rows = dates.filter(pl.col("method") == method, pl.col("threshold") == level, pl.col("note").is_null())
        day = rows["date_median"].fill_null(horizon + timedelta(days=1)).sort()
        if day.is_empty():
            continue
        middle = day[len(day) // 2]
        within = [(day <= limit).sum() for limit in (as_of, as_of + timedelta(days=28), horizon)]
        named = f"{middle:%d %b}" if middle <= horizon else f"beyond {horizon:%d %b}"
        counts = (len(day), *within, len(day) - within[-1])
        share = float(rows["prob_by"].to_numpy().mean())
        table.add_row(method, f"{level:g} %", *map(str, counts), named, f"{share:.0%}")
    console.print(table)
    own = dates.filter(pl.col("method") == STACK, pl.col("threshold") == THRESHOLDS[0], pl.col("note").is_null())
    ranked = own.sort("prob_by", "date_median", "region", descending=[True, False, False], nulls_last=True)
    for name, part in (("first", ranked.head(ENDS)), ("last", ranked.tail(ENDS))):
        told = "; ".join(f"{row['region']} {_day(row)}" for row in part.iter_rows(named=True))
        _say(console, f"Back at {THRESHOLDS[0]:g} % {name}: {told}")


def _print_dates(outcome: Outcome, dates: pl.DataFrame, history: pl.DataFrame, console: Console) -> None:
    from rich.table import Table

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
    for (_, city), why in list(made.short.items())[:MOST_CITIES]:
        _say(console, f"{city}: not identified ({why}){_two_points(history.filter(pl.col('region') == city))}")
    if len(made.short) > MOST_CITIES:
        _say(console, f"and {len(made.short) - MOST_CITIES} more cities with too few days")
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


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False)
