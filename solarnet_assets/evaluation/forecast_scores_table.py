"""Prints how good forecasts of anybody's series would have been."""

from __future__ import annotations

from typing import TYPE_CHECKING

from solarnet_assets.evaluation.forecast import Outcome, date_scores, scores

if TYPE_CHECKING:
    from rich.console import Console


def print_scores(outcome: Outcome, console: Console) -> None:
    """Print CRPS and coverage by days ahead, errors of days of return, and what the stack is made of."""
    from rich.table import Table

    found = scores(outcome)
    if found.is_empty():
        console.print(f"The file has no days after {outcome.as_of}: nothing to score.", highlight=False)
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
    heads = ("method", "back at", "cities", "returned", "90 % covers", "of returned", "error, days", "of the line's")
    returns = Table(*heads, title="Days of return", title_justify="left")
    for row in date_scores(outcome).iter_rows(named=True):
        error = "-" if row["error"] is None else f"{row['error']:.1f}"
        ratio = "-" if row["relative"] is None else f"{row['relative']:.2f}"
        counts = (str(row["cities"]), str(row["returned"]))
        shares = ("-" if row[name] is None else f"{100 * row[name]:.0f} %" for name in ("covered", "held"))
        returns.add_row(row["method"], f"{row['threshold']:g} %", *counts, *shares, error, ratio)
    console.print(returns)
    for signal, pool in outcome.made.pools.items():
        weights = zip(outcome.made.made.members, pool.weights, strict=True)
        named = ", ".join(f"{name} {weight:.2f}" for name, weight in weights)
        width = f"width x {pool.below:.2f} below and {pool.above:.2f} above the median"
        console.print(f"Stack ({signal}): {named}; {width}", markup=False, highlight=False)
