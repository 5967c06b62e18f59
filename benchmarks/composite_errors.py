"""Whether errors of a composite's components go together, and how often its intervals would hold if they were taken to.

    python benchmarks/scenarios.py --shape W --seed 1 --home homes/W-1         # a home for each country, kept
    python benchmarks/composite_errors.py homes/*

Read are the newest figures of simulated homes (a demo's is one too) on days on which an area has every component. An
error is measured in standard deviations of its own interval, on the side on which the truth lies. Printed per level:
the correlation of two components' errors about zero, and for supposed correlations r the share of composites whose
interval ``(1 - r) * sum of squares + r * square of the sum`` of weighted half widths holds the truth, with its half
width. What the pipeline takes is r = 0. Standard errors are between homes: a home is one course.
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Annotated

import numpy as np
import polars as pl
import typer
from numpy.typing import NDArray

from solarnet_assets.evaluation.coverage import known_truth
from solarnet_assets.evaluation.scenario_scores import whole_truth
from solarnet_assets.evaluation.truth import composite_weights
from solarnet_assets.storage.lake import Lake
from solarnet_assets.storage.warehouse import reader

Array = NDArray[np.float64]

LEVELS = ("country", "region", "city")
SUPPOSED = (0.0, 0.1, 0.2, 0.3, 0.5)
FIGURES = "select signal, level, region as key, day, value, lower, upper from marts.recovery_daily"


def figures(home: Path) -> pl.DataFrame:
    """Return the components of all areas and days that have every one: errors, half widths below and above."""
    warehouse = home / "warehouse.duckdb"
    truth = whole_truth(known_truth(warehouse), Lake(str(home / "lake"), home / "quarantine").read("sites"))
    with reader(warehouse) as con:
        rows = con.sql(FIGURES).pl()
    weights = composite_weights()
    place = ("level", "key", "day")
    rows = rows.join(weights, on="signal").join(truth.rename({"value": "truth"}), on=["signal", "key", "day"])
    return rows.filter(pl.len().over(place) == weights.height).select(
        *place,
        "signal",
        weight=pl.col("weight") / pl.col("weight").sum().over(place),
        error=pl.col("value") - pl.col("truth"),
        below=pl.col("value") - pl.col("lower"),
        above=pl.col("upper") - pl.col("value"),
    )


def by_component(rows: pl.DataFrame, column: str) -> Array:
    """Return a column as (days and areas, components)."""
    return rows.sort("level", "key", "day", "signal")[column].to_numpy().reshape(-1, rows["signal"].n_unique())


def sums(rows: pl.DataFrame) -> tuple[Array, Array]:
    """Return products of the components' errors (K, K), and for each of :data:`SUPPOSED` n, held and half width."""
    error, weight = by_component(rows, "error"), by_component(rows, "weight")
    below, above = by_component(rows, "below"), by_component(rows, "above")
    own = error / np.maximum(np.where(error > 0, below, above), 1e-6)
    total, scores = (weight * error).sum(axis=1), []
    side = np.where(total[:, None] > 0, below, above) * weight
    for r in SUPPOSED:
        half = np.sqrt((1 - r) * (side**2).sum(axis=1) + r * side.sum(axis=1) ** 2)
        scores.append((len(half), (np.abs(total) <= half).sum(), half.sum()))
    return own.T @ own, np.array(scores, dtype=float)


def ratio_error(part: Array, whole: Array) -> float:
    """Return the standard error of ``part.sum() / whole.sum()`` between homes, NaN of one (Cochran 1977, 2.11)."""
    share, m = part.sum() / whole.sum(), len(part)
    return float(np.sqrt(m / (m - 1) * ((part - share * whole) ** 2).sum()) / whole.sum()) if m > 1 else np.nan


def main(homes: Annotated[list[Path], typer.Argument(help="simulated homes, one of each country")]) -> None:
    """Print correlations of errors, and what intervals hold by supposed correlation."""
    rows = [figures(home) for home in homes]
    names = sorted(composite_weights()["signal"])
    for level in LEVELS:
        found = [sums(own.filter(pl.col("level") == level)) for own in rows]
        products, scores = (np.array([one[n] for one in found]) for n in (0, 1))
        n, held, half = (scores[:, :, place] for place in range(3))
        for a, b in combinations(range(len(names)), 2):
            size = np.sqrt(products[:, a, a].sum() * products[:, b, b].sum()) / n[:, 0].sum()
            together = products[:, a, b].sum() / n[:, 0].sum() / size
            error = ratio_error(products[:, a, b], n[:, 0]) / size
            print(f"{level:8} errors of {names[a]} and {names[b]}: correlation {together:.2f} +-{error:.2f}")
        for place, r in enumerate(SUPPOSED):
            days, error = n[:, place].sum(), ratio_error(held[:, place], n[:, place])
            share, width = held[:, place].sum() / days, half[:, place].sum() / days
            print(f"{level:8} r = {r}: {share:.1%} +-{error:.1%} held of {days:.0f}, half width {width:.1f}")


if __name__ == "__main__":
    typer.run(main)
