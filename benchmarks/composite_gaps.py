"""How well the composite estimates components that are missing: beside carrying the last value forward.

    python benchmarks/composite_gaps.py            # 200 drawn countries, twenty seconds

A country's components fall together, each by its own depth, and come back; each wanders on its own besides. They are
observed with errors that last. Single components are hidden for one to six days, and commuting on the two
newest days of what is known.
"""

from __future__ import annotations

import time
from datetime import date, timedelta
from typing import Annotated

import numpy as np
import polars as pl
import typer
from numpy.typing import NDArray

from solarnet_assets.nowcast import index

Array = NDArray[np.float64]

NAMES = ("commuting", "parking", "steel")
WEIGHTS = {"commuting": 0.6, "parking": 0.15, "steel": 0.25}
DEPTH, WANDER, ERROR = (1.1, 0.7, 0.8), (0.8, 1.5, 1.2), (1.0, 2.0, 2.5)
FIRST, DAYS = date(2019, 11, 1), 120
GAPS, LASTING = 6, 0.8
MOVING = 3.0
"""Points in three days from which the composite moves."""


def country(rng: np.random.Generator) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Draw the truth and the observations of three components, (DAYS, 3), and which of them are hidden."""
    t = np.arange(DAYS)
    start, depth, back = rng.integers(40, 80), rng.uniform(30, 75), rng.uniform(15, 60)
    fall = -depth * np.clip((t - start) / rng.uniform(1, 8), 0, 1) * np.exp(-np.clip(t - start - 10, 0, None) / back)
    fading = np.exp(-np.arange(30) / 12)
    own = [np.convolve(rng.normal(0, sd, DAYS + 29), fading, "valid") for sd in WANDER]
    truth = 100 + np.outer(fall, DEPTH) + np.transpose(own)
    error = rng.normal(0, 1, truth.shape)
    for day in range(1, DAYS):
        error[day] = LASTING * error[day - 1] + np.sqrt(1 - LASTING**2) * error[day]
    hidden = np.zeros(truth.shape, dtype=bool)
    for _ in range(GAPS):
        first = rng.integers(20, DAYS - 8)
        hidden[first : first + rng.integers(1, 7), rng.integers(3)] = True
    return truth, truth + error * ERROR, hidden


def known(seen: Array, hidden: NDArray[np.bool_]) -> pl.DataFrame:
    """Return what is not hidden, as the composite takes it."""
    rows = [
        ("country", "CN", name, FIRST + timedelta(days=day), *(seen[day, k] + z * ERROR[k] for z in (0, -1.645, 1.645)))
        for day in range(DAYS)
        for k, name in enumerate(NAMES)
        if not hidden[day, k]
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=["level", "region", "signal", "day", "value", "lower", "upper"], orient="row")


def carried(seen: Array, hidden: NDArray[np.bool_]) -> Array:
    """Return the components with the last value carried forward."""
    out = seen.copy()
    for day in range(1, DAYS):
        out[day] = np.where(hidden[day], out[day - 1], seen[day])
    return out


def scored(rng: np.random.Generator) -> Array:
    """Estimate one country as of a day; returns gap, moving, own error, error when carried forward, held: by day."""
    weights = np.array([WEIGHTS[name] for name in NAMES])
    truth, seen, hidden = country(rng)
    newest = int(rng.integers(60, DAYS))
    hidden[newest - 1 : newest + 1, 0] = True
    made = index.recovery_index(known(seen, hidden), WEIGHTS, FIRST + timedelta(days=newest))
    made = made.filter(pl.col("kind") == "weights").sort("date")
    days = (made["date"] - FIRST).dt.total_days().to_numpy()
    right = truth @ weights
    moving = np.abs(right[days] - right[days - 3]) > MOVING
    held = (made["lower"].to_numpy() <= right[days]) & (right[days] <= made["upper"].to_numpy())
    forward = carried(seen, hidden)[days] @ weights - right[days]
    return np.stack([hidden[days].any(axis=1), moving, made["value"].to_numpy() - right[days], forward, held])


def main(countries: Annotated[int, typer.Option(help="countries that are drawn")] = 200) -> None:
    """Print errors and coverage on days with something hidden, moving and not, and on complete ones."""
    rng, begun = np.random.default_rng(0), time.process_time()
    gap, moving, own, forward, held = np.concatenate([scored(rng) for _ in range(countries)], axis=1)
    print(
        f"{countries} countries, 22 days each; {1000 * (time.process_time() - begun) / countries:.0f} ms CPU a country"
    )
    shown = {
        "missing, moving": (gap == 1) & (moving == 1),
        "missing, not": (gap == 1) & (moving == 0),
        "complete": gap == 0,
    }
    for name, days in shown.items():
        rmse, beside = (np.sqrt((each[days] ** 2).mean()) for each in (own, forward))
        print(f"{name:16} {days.sum():5} days, {held[days].mean():.1%} held, rmse {rmse:.2f}, carried {beside:.2f}")


if __name__ == "__main__":
    typer.run(main)
