"""Scores every forecasting method on drawn recoveries of shapes that no choice was made by.

    python benchmarks/forecast.py                 # held-out shapes: the tables of docs/nowcast.md
    python benchmarks/forecast.py --building      # the shapes that were used while building
    python benchmarks/forecast.py --year 50       # cost of a year's back-test of 50 areas

A country is a few places that fall and return together; its forecasts are made as of several days after the fall began
from the days up to then, and scored by the days after.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

import numpy as np
import polars as pl
import typer
from rich.console import Console
from rich.table import Table

from solarnet_assets.evaluation import recoveries
from solarnet_assets.evaluation.forecast import ALL, date_scores, outcomes, scores
from solarnet_assets.nowcast.forecasts import Forecaster
from solarnet_assets.nowcast.frames import frames

AS_OF = (20, 30, 40, 52, 70)
"""Days after the fall began."""

SEED, BUILDING_SEED = 12007, 1
console = Console(width=140)


def main(
    each: Annotated[int, typer.Option(help="countries of a shape")] = 6,
    places: Annotated[int, typer.Option(help="places of a country")] = 6,
    seed: Annotated[int, typer.Option(help="of the held-out countries")] = SEED,
    building: Annotated[bool, typer.Option(help="shapes and seed used while building")] = False,
    year: Annotated[int, typer.Option(help="time a year's back-test of so many areas instead")] = 0,
) -> None:
    """Print CRPS relative to the straight line, coverage, and errors of days of return."""
    if year:
        _time_year(year)
        return
    shapes = recoveries.SHAPES if building else recoveries.HELD_OUT
    begun = time.process_time()
    values, dates = [], []
    for shape, rows in _countries(shapes, each, places, BUILDING_SEED if building else seed):
        for outcome in outcomes(rows, [recoveries.FIRST + timedelta(days=n) for n in AS_OF], None):
            values.append(scores(outcome).with_columns(shape=pl.lit(shape)))
            dates.append(date_scores(outcome).with_columns(shape=pl.lit(shape)))
    _print_values(pl.concat(values))
    _print_shapes(pl.concat(values), pl.concat(dates))
    _print_dates(pl.concat(dates))
    console.print(f"{time.process_time() - begun:.0f} s of CPU")


def _countries(
    shapes: dict[str, recoveries.Shape], each: int, places: int, seed: int
) -> Iterator[tuple[str, pl.DataFrame]]:
    for place, (name, shape) in enumerate(shapes.items()):
        for number in range(each):
            drawn, start = recoveries.draw_country(shape, places, np.random.default_rng([seed, place, number]))
            yield name, recoveries.table(drawn, start, name)


def _weighted(column: str) -> pl.Expr:
    return (pl.col(column) * pl.col("n")).sum() / pl.col("n").sum()


def _print_values(rows: pl.DataFrame) -> None:
    windows = rows.select("first", "last").unique(maintain_order=True).rows()
    line = rows.with_columns(line=pl.col("crps") / pl.col("relative"))
    table = Table("method", *(f"{a}-{b}" for a, b in windows), title="CRPS of the straight line's, coverage of 90 %")
    for method in ALL:
        cells = []
        for first, last in windows:
            part = line.filter(pl.col("method") == method, pl.col("first") == first, pl.col("last") == last)
            crps, base, held = part.select(_weighted("crps"), _weighted("line"), _weighted("covered")).row(0)
            cells.append(f"{crps / base:.2f}, {100 * held:.0f} %")
        table.add_row(method, *cells)
    console.print(table)


def _print_shapes(rows: pl.DataFrame, dates: pl.DataFrame) -> None:
    whole = rows.filter(pl.col("method") == "stack", pl.col("first") == 1, pl.col("last") == 60)
    days = dates.filter(pl.col("method") == "stack")
    table = Table(
        "shape", "CRPS", "of the line's", "values covered", "dates covered", title="Stack, 1-60 days, by shape"
    )
    for shape in whole["shape"].unique(maintain_order=True):
        part = whole.filter(pl.col("shape") == shape)
        crps, held = part.select(_weighted("crps"), _weighted("covered")).row(0)
        line = part.select((pl.col("crps") / pl.col("relative") * pl.col("n")).sum() / pl.col("n").sum()).item()
        own = days.filter(pl.col("shape") == shape).select(n="cities", covered="covered")
        covered = f"{100 * own.select(_weighted('covered')).item():.0f} %" if own.height else "-"
        table.add_row(shape, f"{crps:.2f}", f"{crps / line:.2f}", f"{100 * held:.0f} %", covered)
    console.print(table)


def _print_dates(rows: pl.DataFrame) -> None:
    heads = ("method", "places", "returned", "covered", "of returned", "error, days (returned and foreseen)")
    table = Table(*heads, title="Days of return")
    for method in ALL:
        part = rows.filter(pl.col("method") == method)
        back = part.filter(pl.col("returned") > 0).with_columns(n=pl.col("returned"))
        errors = back.filter(pl.col("error").is_not_null()).select(_weighted("error")).item()
        covered = part.with_columns(n=pl.col("cities")).select(_weighted("covered")).item()
        held = back.select(_weighted("held")).item()
        counts = part.select(pl.col("cities").sum(), pl.col("returned").sum()).row(0)
        table.add_row(method, *map(str, counts), f"{100 * covered:.0f} %", f"{100 * held:.0f} %", f"{errors:.1f}")
    console.print(table)


def _time_year(areas: int) -> None:
    """Forecast and write as frames on every day of a year, as the pipeline does."""
    drawn = [recoveries.draw_country(recoveries.SHAPES["logistic"], areas, np.random.default_rng(n))[0] for n in (1, 2)]
    history = recoveries.table(np.concatenate(drawn, axis=1)[:, : 365 + 60], 60, "area")
    forecaster = Forecaster(lambda day: history.filter(pl.col("day") <= day))
    begun = time.process_time()
    for n in range(365):
        day = recoveries.FIRST + timedelta(days=n)
        frames(forecaster.stacked(day), forecaster.known(day))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    console.print(f"365 as-of days x {areas} areas: {time.process_time() - begun:.0f} s of CPU, {peak:.0f} MiB")


if __name__ == "__main__":
    typer.run(main)
