"""The own baseline of a site: which passes belong to it, and how well it is known.

Ratios arrive divided by the site's median of the baseline months. The panel averages passes, and where noise
is skewed a mean is not a median; the site is therefore re-centred on the robust mean of its own baseline passes,
which also has two thirds of a median's variance. What remains is the error of that mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

Spans = Sequence[tuple[date, date]]

DOF = 8.0
"""Degrees of freedom of the Student-t noise, here and in the smoother."""

MIN_PASSES = 3
"""With fewer baseline passes a site keeps the baseline that it came with."""

SPREAD_PRIOR = 4
"""Passes that the stated precision is worth in the spread of the baseline passes: three may agree by chance. Ours."""

FALLBACK_PASSES = 8
"""Passes that are assumed behind a baseline that is not part of the frame."""


def months(as_of: date) -> tuple[date, date]:
    """Return first and last day of the baseline: the last complete September to December before ``as_of``."""
    year = as_of.year - 1
    return date(year, 9, 1), date(year, 12, 31)


def usable(ratios: pl.DataFrame, as_of: date, spans: Spans | None = None) -> pl.DataFrame:
    """Keep passes up to ``as_of`` with finite ratio and sd, and mark those of the baseline.

    Args:
        ratios: one row per pass.
        as_of: day of the estimate.
        spans: first and last days of the baseline; default: :func:`months`.
    """
    keep = (pl.col("date") <= as_of) & pl.col("ratio").is_finite() & pl.col("sd").is_finite() & (pl.col("sd") >= 0)
    inside = [pl.col("date").is_between(first, last) for first, last in spans or (months(as_of),)]
    return ratios.filter(keep).with_columns(in_baseline=pl.any_horizontal(inside))


def normalise(known: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, float]]:
    """Re-centre every site on the robust mean of its baseline passes.

    Args:
        known: result of :func:`usable`.

    Returns:
        The frame with ``ratio`` and ``sd`` re-centred, and per site the relative standard deviation of its
        baseline (0.02: two percent). Sites with too few baseline passes in the frame are left as they are and get
        the error of a median of a few passes.
    """
    known = known.sort("key", "date", "ratio")
    first = known["key"].rle_id().to_numpy()
    starts = np.flatnonzero(np.diff(first, prepend=-1))
    keys = known["key"].gather(starts).to_list()
    ratio, sd, base = (known[name].to_numpy() for name in ("ratio", "sd", "in_baseline"))
    found = [
        _location(ratio[i:j][base[i:j]], float(np.median(sd[i:j])))
        for i, j in zip(starts, [*starts[1:], first.size], strict=True)
    ]
    scale = np.array([centre for centre, _ in found])[first]
    moved = known.with_columns(ratio=ratio / scale, sd=sd / scale)
    return moved, {key: error for key, (_, error) in zip(keys, found, strict=True)}


def _location(values: NDArray[np.float64], typical_sd: float) -> tuple[float, float]:
    """Return the Student-t location of baseline ratios and its relative standard error."""
    if values.size < MIN_PASSES:
        return 1.0, 1.2533 * typical_sd / np.sqrt(FALLBACK_PASSES)
    centre = float(np.median(values))
    spread = max(1.4826 * float(np.median(np.abs(values - centre))), 0.25 * typical_sd, 1e-6)
    for _ in range(8):
        weight = (DOF + 1) / (DOF + ((values - centre) / spread) ** 2)
        centre = float(weight @ values / weight.sum())
        spread = max(float(np.sqrt(weight @ (values - centre) ** 2 / values.size)), 1e-6)
    if centre <= 0:
        return 1.0, typical_sd / np.sqrt(values.size)
    spread = float(np.sqrt((SPREAD_PRIOR * typical_sd**2 + values.size * spread**2) / (SPREAD_PRIOR + values.size)))
    return centre, spread * np.sqrt((DOF + 3) / (DOF + 1) / values.size) / centre
