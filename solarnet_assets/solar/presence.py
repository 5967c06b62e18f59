"""Whether a tile shows panels at all: a calibrated score from the network's probabilities. Numpy alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

TOP = 0.002
"""Share of a tile whose strongest pixels speak: 131 pixels of 256 x 256, a roof's few modules at 0.3 m. Ours."""

SURE = 1e-4
"""Probabilities are kept this far from 0 and 1 before their logarithm is taken."""


def features(probability: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return what the score is made of, (2,): the log-odds of the strongest pixels, and of ten times as many.

    The area above a threshold, the size and number of patches were tried too: on held-out renders they add nothing.

    Args:
        probability: (H, W).
    """
    flat = np.sort(probability.ravel())[::-1]
    tops = [flat[: max(8, round(flat.size * share))].mean() for share in (TOP, 10 * TOP)]
    p = np.clip(tops, SURE, 1 - SURE)
    return np.log(p / (1 - p))


def fit(rows: NDArray[np.float64], present: NDArray[np.bool_]) -> list[float]:
    """Return intercept and weights of a logistic regression with a small ridge, by Newton's method (Platt 1999).

    Args:
        rows: (n, 2) features.
        present: (n,) whether there are panels.
    """
    design = np.concatenate([np.ones((len(rows), 1)), rows], 1)
    beta = np.zeros(design.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        slope = design.T @ (present - p) - 1e-2 * beta
        bend = (design * (p * (1 - p))[:, None]).T @ design + 1e-2 * np.eye(len(beta))
        beta = beta + np.linalg.solve(bend, slope)
    return [round(float(b), 5) for b in beta]


def score(probability: NDArray[np.float32], card: Mapping[str, Any]) -> float:
    """Return the probability (0..1) that a tile shows panels, as the card's ``presence`` calibrates it."""
    beta = np.array(card["presence"]["weights"])
    return float(1 / (1 + np.exp(-np.clip(beta[0] + features(probability) @ beta[1:], -30, 30))))


def auc(scores: NDArray[np.float64], present: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve: the chance that a tile with panels scores above one without."""
    from scipy.stats import rankdata

    n, m = int(present.sum()), int((~present).sum())
    if not n or not m:
        return float("nan")
    return float((rankdata(scores)[present].sum() - n * (n + 1) / 2) / (n * m))
