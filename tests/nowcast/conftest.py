"""Passes over sites whose true curves are known."""

import sys
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

sys.path.append(str(Path(__file__).parent))  # test modules share histories.py

FIRST, LAST = date(2019, 9, 1), date(2020, 3, 15)
DAYS = (LAST - FIRST).days + 1


def on(month, day):
    return (date(2020, month, day) - FIRST).days


SHAPES = {
    "none": [(0, 100)],
    "V": [(on(1, 20), 100), (on(1, 29), 29), (on(2, 9), 76), (on(3, 10), 90)],
    "L": [(on(1, 22), 100), (on(1, 27), 40)],
    "U": [(on(1, 15), 100), (on(2, 5), 20), (on(2, 20), 20), (on(3, 15), 85)],
    "W": [(on(1, 10), 100), (on(1, 20), 50), (on(1, 31), 90), (on(2, 10), 90), (on(2, 20), 40), (on(3, 8), 95)],
}


@dataclass(frozen=True)
class Country:
    """Passes as the panel takes them, and the truth by level and key, shape (days,)."""

    passes: pl.DataFrame
    truth: dict[tuple[str, str], np.ndarray]


def drawn(points):
    return np.interp(np.arange(DAYS), *zip(*points, strict=True))


def draw(shape, seed, *, special=None, n_sites=24, gap=5, clear=0.6, relative=0.10, additive=0.02, outliers=0.02):
    """Draw passes: multiplicative and additive noise, clouds, outliers, ratios to the median of September-December.

    ``special``: ``closed`` (one site at 4 % from 25 January) or ``split`` (two of six regions stay down).
    """
    rng = np.random.default_rng([seed, *shape.encode(), n_sites])
    rows, curves, weights = [], {}, {}
    for n in range(n_sites):
        key, region = f"site{n:02d}", f"region{n % 6}"
        curve = drawn(SHAPES[shape])
        if special == "closed" and n == 1:
            curve = np.where(np.arange(DAYS) >= on(1, 25), 4.0, curve)
        if special == "split" and n % 6 < 2:
            curve = drawn([(on(1, 20), 100), (on(1, 29), 20), (on(3, 15), 30)])
        curves[key], weights[key] = (curve, region), float(rng.lognormal(1, 0.6))
        days = [d for d in range(rng.integers(0, gap), DAYS, gap) if rng.random() < clear]
        noise = np.exp(relative * rng.standard_normal(len(days)) - relative**2 / 2)
        noise *= np.where(rng.random(len(days)) < outliers, rng.choice([0.4, 1.8], len(days)), 1.0)
        raw = np.maximum(curve[days] / 100 * noise + additive * rng.standard_normal(len(days)), 0.0)
        ratio = raw / np.median(raw[np.array(days) < (date(2020, 1, 1) - FIRST).days])
        rows += [
            (
                key,
                region,
                "mill",
                weights[key],
                FIRST + timedelta(days=int(d)),
                r,
                float(np.hypot(relative * r, additive)),
            )
            for d, r in zip(days, ratio, strict=True)
        ]
    names = ["key", "region", "group", "weight", "date", "ratio", "sd"]
    return Country(pl.DataFrame(rows, schema=names, orient="row"), _truth(curves, weights))


def _truth(curves, weights):
    members = {("country", "CN"): list(curves), ("group", "mill"): list(curves)}
    for key, (_, region) in curves.items():
        members.setdefault(("region", region), []).append(key)
        members[("site", key)] = [key]
    return {
        name: np.average([curves[k][0] for k in keys], axis=0, weights=[weights[k] for k in keys])
        for name, keys in members.items()
    }


def compare(rows, country, as_of):
    """Add truth, error, whether the interval holds it, and the age of the estimate in days."""
    index = [(d - FIRST).days for d in rows["date"]]
    truth = [country.truth[(level, key)][i] for level, key, i in zip(rows["level"], rows["key"], index, strict=True)]
    return rows.with_columns(truth=pl.Series(truth, dtype=pl.Float64)).with_columns(
        error=pl.col("value") - pl.col("truth"),
        held=pl.col("truth").is_between("lower", "upper"),
        age=(pl.lit(as_of) - pl.col("date")).dt.total_days(),
    )


@pytest.fixture(scope="session")
def simulate():
    return draw


@pytest.fixture(scope="session")
def with_truth():
    return compare
