"""How well the composite estimates components that are missing: beside carrying the last value forward.

    python benchmarks/composite_gaps.py            # 1,000 drawn countries, half a minute

A country's components fall and come back, each wanders on its own besides, and they are observed with errors that last.
Single components are hidden for one to six days, and commuting on the two newest days of what is known. Countries are
of five kinds: components fall ``together``, by depths that are much alike; ``apart``, each up to four days sooner or
later than the others, by its own depth and pace; ``overnight``; ``uneven``, together by depths that differ a lot; or
not at all (``quiet``).
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
GAPS, LASTING, DEEPEST = 6, 0.8, 95.0
KINDS = ("together", "apart", "overnight", "uneven", "quiet")
MOVING = 3.0
"""Points in three days from which the composite moves."""


def falls(rng: np.random.Generator, kind: str) -> Array:
    """Draw how far three components lie below what is normal for them, (DAYS, 3)."""
    t = np.arange(DAYS)[:, None]
    start, back = rng.integers(40, 80), rng.uniform(15, 60)
    depth, length = rng.uniform(30, 75) * np.array(DEPTH), rng.uniform(1, 8)
    if kind == "quiet":
        return np.zeros((DAYS, 3))
    if kind == "overnight":
        length = 1.0
    if kind == "uneven":
        depth = depth * rng.lognormal(0, 0.5, 3)
    if kind == "apart":
        start = start + rng.integers(-4, 5, 3)
        depth, back = depth * rng.lognormal(0, 0.3, 3), back * rng.lognormal(0, 0.3, 3)
    fallen = np.clip((t - start) / length, 0, 1) * np.exp(-np.clip(t - start - 10, 0, None) / back)
    return np.asarray(np.minimum(depth, DEEPEST) * fallen)


def country(rng: np.random.Generator, kind: str) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Draw the truth and the observations of three components, (DAYS, 3), and which of them are hidden."""
    fading = np.exp(-np.arange(30) / 12)
    own = [np.convolve(rng.normal(0, sd, DAYS + 29), fading, "valid") for sd in WANDER]
    truth = 100 - falls(rng, kind) + np.transpose(own)
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


def scored(rng: np.random.Generator, kind: str) -> Array:
    """Estimate one country as of a day; returns gap, moving, own error, error when carried forward, held: by day."""
    weights = np.array([WEIGHTS[name] for name in NAMES])
    truth, seen, hidden = country(rng, kind)
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


def show(name: str, days: Array) -> None:
    """Print errors and coverage on days with something hidden, moving and not, and on complete ones."""
    gap, moving, own, forward, held = days
    shown = {
        "missing, moving": (gap == 1) & (moving == 1),
        "missing, not": (gap == 1) & (moving == 0),
        "complete": gap == 0,
    }
    for part, at in shown.items():
        rmse, beside = (np.sqrt((each[at] ** 2).sum() / max(at.sum(), 1)) for each in (own, forward))
        share = held[at].sum() / max(at.sum(), 1)
        print(f"{name:10} {part:16} {at.sum():6} days, {share:.1%} held, rmse {rmse:.2f}, carried {beside:.2f}")


def main(
    countries: Annotated[int, typer.Option(help="countries of each kind")] = 200,
    seed: Annotated[int, typer.Option(help="of the first; below 100 were used while building")] = 7001,
) -> None:
    """Print one table per kind of country, and one over all."""
    begun, every = time.process_time(), []
    for kind in KINDS:
        drawn = [scored(np.random.default_rng([seed, n]), kind) for n in range(countries)]
        every.append(np.concatenate(drawn, axis=1))
        show(kind, every[-1])
    show("all", np.concatenate(every, axis=1))
    print(f"{1000 * (time.process_time() - begun) / countries / len(KINDS):.0f} ms CPU a country")


if __name__ == "__main__":
    typer.run(main)
