"""How well the activity of steel mills is known for every shape of a course, over many seeds.

Run: ``python benchmarks/steel_drawn.py [--seeds 2001-2010]``. One course of 75 days says little about a shape, and a
rendered country costs a CPU minute (``steel_levels.py``). Here nothing is rendered: passes are drawn about the truth of
the same countries, as often and as noisy as those of rendered scenes are found to be. Printed per shape and level: the
share of 90 % intervals that hold the truth, and in points root mean square error, bias, largest error and mean half
width (about three CPU seconds a country).
"""

from __future__ import annotations

import argparse
from datetime import date

import numpy as np
import polars as pl
import steel_levels as rendered

from solarnet_assets.nowcast.panel import levels
from solarnet_assets.world.scenario import Scenario, value_at

VALID, RELATIVE, ADDITIVE, DOF = 0.455, 0.125, 0.02, 5
"""Rendered scenes: share of passes that are valid; noise of a ratio (relative, in part Student-t; additive)."""

EVERY = 5
"""Days between passes over a mill."""


def drawn_ratios(scenario: Scenario, seed: int) -> pl.DataFrame:
    """Return ratios of passes as ``steel.activity.ratios`` does, drawn about the truth instead of rendered."""
    rng, rows = np.random.default_rng([seed, 99]), []
    days = list(rendered.days(rendered.BASELINE, rendered.LAST))
    autumn = (date(2020, 1, 1) - rendered.BASELINE).days
    for mill in scenario.mills:
        at = np.array([n for n in range(int(rng.integers(0, EVERY)), len(days), EVERY) if rng.random() < VALID])
        level = np.array([value_at(mill.curve or scenario.signals.steel, days[n]) / 100 for n in at])
        tails = rng.standard_t(DOF, at.size) * np.sqrt((DOF - 2) / DOF)
        logarithm = RELATIVE * (0.9 * rng.standard_normal(at.size) + 0.5 * tails)
        raw = level * np.exp(logarithm - RELATIVE**2 / 2) + ADDITIVE * rng.standard_normal(at.size)
        sd = np.hypot(1.5 * ADDITIVE, RELATIVE * np.maximum(level, ADDITIVE))
        names = (mill.id, mill.region, "mill", mill.capacity)
        found = zip(at, raw / np.median(raw[at < autumn]), sd, strict=True)
        rows += [(*names, days[n], float(ratio), float(error)) for n, ratio, error in found]
    return pl.DataFrame(rows, schema=["key", "region", "group", "weight", "date", "ratio", "sd"], orient="row")


def estimate(shape: str, seed: int) -> pl.DataFrame:
    """Estimate the activity of a country as of every ninth day; newest vintage of each day, with its truth."""
    scenario = rendered.country(shape, seed)
    passes = drawn_ratios(scenario, seed)
    vintages = [
        levels(passes, day, scenario.country, rendered.LAG).with_columns(as_of=pl.lit(day))
        for day in rendered.AS_OF[1::3]
    ]
    return rendered.with_truth(rendered.newest(vintages), scenario, "steel")


def main() -> None:
    """Print one line per shape, and one over all."""
    told = argparse.ArgumentParser(description=__doc__)
    told.add_argument("--seeds", default="2001-2010", help="first and last seed")
    first, last = (int(seed) for seed in told.parse_args().seeds.split("-"))
    print(f"{'':12} | " + " | ".join(f"{level}: held RMSE bias worst half" for level in ("country", "region", "site")))
    every = []
    for shape in ("published", *rendered.SHAPES):
        rows = [estimate(shape, seed) for seed in range(first, last + 1)]
        print(f"{shape:12} | {rendered.scores(pl.concat(rows))}", flush=True)
        every += rows
    print(f"{'all':12} | {rendered.scores(pl.concat(every))}")


if __name__ == "__main__":
    main()
