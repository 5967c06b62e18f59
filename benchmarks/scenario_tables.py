"""Tables of scores that ``scenarios.py`` pools over countries."""

from __future__ import annotations

import polars as pl
from rich.console import Console
from rich.table import Table

from solarnet_assets.evaluation import scenario_summary as summary
from solarnet_assets.evaluation.scenario_scores import Scores
from solarnet_assets.evaluation.scenarios import SHAPES

STACK, SHOWN = "stack", ("stack", "straight_line", "no_change")
LEVELS = ("country", "region", "city", "site")
console = Console(width=150)


def show(scores: Scores) -> None:
    """Print what was scored, pooled over countries."""
    _show_levels(scores.values)
    _show_forecasts(scores.forecasts)
    _show_dates(scores.dates)
    _show_reliability(scores.reliability)
    _show_events(scores.events)


def _cell(rows: pl.DataFrame, held: str = "held", of: str = "n") -> str:
    """Return a share with its standard error between countries."""
    found = summary.shares(rows, [], held, of)
    if found.is_empty():
        return "-"
    row = found.row(0, named=True)
    return f"{100 * row['share']:.0f} %" + (f" ±{100 * row['error']:.0f}" if row["error"] is not None else "")


def _mean(rows: pl.DataFrame, column: str, of: str = "n") -> float:
    return float(rows[column].sum()) / max(float(rows[of].sum()), 1.0)


def _groups(rows: pl.DataFrame, column: str) -> list[tuple[str, pl.DataFrame]]:
    names = [name for name in (*SHAPES, *sorted(rows[column].unique())) if name in set(rows[column])]
    return [*((name, rows.filter(pl.col(column) == name)) for name in dict.fromkeys(names)), ("all", rows)]


def _show_levels(rows: pl.DataFrame) -> None:
    single = rows.filter(~pl.col("signal").str.starts_with("composite"))
    for column, part in (("shape", single), ("signal", rows)):
        table = Table(column, "countries", *LEVELS, title="90 % intervals that hold the truth; RMSE, points")
        for name, own in _groups(part, column)[: None if column == "shape" else -1]:
            cells = []
            for level in LEVELS:
                some = own.filter(pl.col("level") == level)
                cells.append(f"{_cell(some)}, {_mean(some, 'squared') ** 0.5:.1f}" if some.height else "-")
            table.add_row(name, str(own.select(summary.COURSE).n_unique()), *cells)
        console.print(table)
    table = Table("shape", "composite, country", "areas", "factor, country", "areas", title="Composites")
    for name, own in _groups(rows, "shape"):
        cells = []
        for kind in ("composite", "composite, factor"):
            some = own.filter(pl.col("signal") == kind)
            for part in (some.filter(pl.col("level") == "country"), some.filter(pl.col("level") != "country")):
                cells.append(f"{_cell(part)}, {_mean(part, 'squared') ** 0.5:.1f}")
        table.add_row(name, *cells)
    console.print(table)


def _show_forecasts(rows: pl.DataFrame) -> None:
    ahead = sorted(rows["ahead"].unique())
    table = Table("shape", *(f"{n} days" for n in ahead), title="Stack: values held; CRPS of the straight line's")
    for name, own in _groups(rows, "shape"):
        table.add_row(name, *(_forecast_cell(own.filter(pl.col("ahead") == n)) for n in ahead))
    for news, name in ((False, "no fall ahead"), (True, "a fall ahead")):
        own = rows.filter(pl.col("news") == news)
        table.add_row(name, *(_forecast_cell(own.filter(pl.col("ahead") == n)) for n in ahead))
    console.print(table)
    table = Table("method", *(f"{n} days" for n in ahead), title="Values held; CRPS (mean absolute error), points")
    for method in SHOWN:
        cells = []
        for n in ahead:
            own = rows.filter(pl.col("method") == method, pl.col("ahead") == n)
            crps = f"{_mean(own, 'crps', 'scored'):.1f} " if own["scored"].sum() else ""
            cells.append(f"{_cell(own)}, {crps}({_mean(own, 'absolute'):.1f})")
        table.add_row(method, *cells)
    console.print(table)
    table = Table("stack", *(f"{n} days" for n in ahead), title="Values held by signal")
    for name, own in _groups(rows.filter(pl.col("method") == STACK), "signal")[:-1]:
        table.add_row(name, *(_cell(own.filter(pl.col("ahead") == n)) for n in ahead))
    console.print(table)


def _forecast_cell(rows: pl.DataFrame) -> str:
    stack, line = (rows.filter(pl.col("method") == method) for method in SHOWN[:2])
    base = _mean(line, "crps", "scored")
    return _cell(stack) + (f", {_mean(stack, 'crps', 'scored') / base:.2f}" if base else "")


def _show_dates(rows: pl.DataFrame) -> None:
    heads = ("cases", "right", "of returned", "of never", "returned", "error, days")
    parts = [("stack", name, own) for name, own in _groups(rows.filter(pl.col("method") == STACK), "shape")]
    parts += [("stack", f"{level:g} %", own) for (level,), own in sorted(_by(rows, "threshold").items())]
    parts += [("stack", str(signal), own) for (signal,), own in sorted(_by(rows, "signal").items())]
    parts += [(method, "all", rows.filter(pl.col("method") == method)) for method in SHOWN[1:]]
    table = Table("method", "of", *heads, title="Days of return: 90 % intervals that are right")
    for method, name, own in parts:
        never = own.with_columns(n=pl.col("n") - pl.col("returned"), held=pl.col("held") - pl.col("held_returned"))
        cells = (_cell(own), _cell(own, "held_returned", "returned"), _cell(never))
        error = f"{_mean(own, 'error', 'foreseen'):.1f}" if own["foreseen"].sum() else "-"
        table.add_row(method, name, str(own["n"].sum()), *cells, str(own["returned"].sum()), error)
    console.print(table)


def _by(rows: pl.DataFrame, column: str) -> dict[tuple[object, ...], pl.DataFrame]:
    return rows.filter(pl.col("method") == STACK).partition_by(column, as_dict=True)


def _show_reliability(rows: pl.DataFrame) -> None:
    table = Table("within", *(f"{b / 10:.1f}-" for b in range(10)), "Brier", "line's", title="Stack: stated, came (n)")
    for within in sorted(rows["within"].unique()):
        part = rows.filter(pl.col("within") == within)
        own = part.filter(pl.col("method") == STACK)
        cells = []
        for number in range(10):
            some = own.filter(pl.col("bin") == number)
            cells.append(f"{_mean(some, 'stated'):.2f} {_mean(some, 'came'):.2f} ({some['n'].sum()})")
        brier = [f"{_mean(part.filter(pl.col('method') == m), 'brier'):.3f}" for m in SHOWN[:2]]
        table.add_row(f"{within} days", *cells, *brier)
    console.print(table)


def _show_events(rows: pl.DataFrame) -> None:
    heads = ("site-days", "false events", "falls of 20 points", "caught within two weeks", "days after")
    table = Table("shape", *heads, title="Events")
    for name, own in _groups(rows, "shape"):
        delay = f"{_mean(own, 'delay', 'caught'):.1f}" if own["caught"].sum() else "-"
        counts = (str(own["n"].sum()), _cell(own, "false"), str(own["fell"].sum()), _cell(own, "caught", "fell"))
        table.add_row(name, *counts, delay)
    console.print(table)
