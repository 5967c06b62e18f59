"""Scores of labels of posts: F1 by sector, micro and macro, and how many unrelated posts stay out, with intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DRAWS = 1000
LEVEL = 0.90

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Share:
    """A share or F1 with its 90 % interval; nothing where nothing was there to count."""

    value: float
    lower: float
    upper: float

    def __str__(self) -> str:
        """Return the figure and its interval for a table."""
        return "-" if np.isnan(self.value) else f"{self.value:.3f} ({self.lower:.2f} to {self.upper:.2f})"


NOTHING = Share(float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True)
class Score:
    """How well labels fit.

    Attributes:
        posts, unrelated: counts.
        micro: F1 over all labels together.
        macro: mean F1 of the labels that some post has.
        kept_out: share of unrelated posts that get no label.
    """

    posts: int
    unrelated: int
    micro: Share
    macro: Share
    kept_out: Share


@dataclass(frozen=True)
class LabelScore:
    """How well one label fits: posts that have it, precision, recall and F1."""

    posts: int
    precision: Share
    recall: Share
    f1: Share


def wilson(part: int, whole: int) -> Share:
    """Return a share with its interval (Wilson 1927, J. Am. Stat. Assoc. 22:209)."""
    from scipy.stats import binomtest

    if not whole:
        return NOTHING
    interval = binomtest(part, whole).proportion_ci(LEVEL, method="wilson")
    return Share(part / whole, float(interval.low), float(interval.high))


def score(truth: Bools, said: Bools) -> Score:
    """Return the score of labels, both (posts, labels); intervals of F1 by drawing posts anew (Efron 1979)."""
    unrelated = ~truth.any(axis=1)
    kept = int((~said[unrelated].any(axis=1)).sum())
    micro, macro = _micro_macro(*_drawn(truth, said), np.flatnonzero(truth.any(axis=0)))
    return Score(len(truth), int(unrelated.sum()), _share(micro), _share(macro), wilson(kept, int(unrelated.sum())))


def label_score(truth: Bools, said: Bools) -> LabelScore:
    """Return the score of one label, both (posts,)."""
    hits = int((truth & said).sum())
    right, wrong = _drawn(truth[:, None], said[:, None])
    f1 = _share(_f1(right, wrong)[:, 0]) if truth.any() else NOTHING
    return LabelScore(int(truth.sum()), wilson(hits, int(said.sum())), wilson(hits, int(truth.sum())), f1)


def _drawn(truth: Bools, said: Bools) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return hits and errors, (1 + DRAWS, labels): of the posts, and of as many posts drawn from them."""
    rng = np.random.default_rng(20200101)
    each = np.full(len(truth), 1.0 / max(len(truth), 1))
    many = np.concatenate([np.ones((1, len(truth)), dtype=np.int64), rng.multinomial(len(truth), each, DRAWS)])
    return many @ (truth & said).astype(np.int64), many @ (truth != said).astype(np.int64)


def _f1(right: NDArray[np.int64], wrong: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return F1; 0 where a draw has neither the label nor an error."""
    return 2.0 * right / np.maximum(2 * right + wrong, 1)


def _micro_macro(
    right: NDArray[np.int64], wrong: NDArray[np.int64], present: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    micro = _f1(right.sum(axis=1), wrong.sum(axis=1))
    if not len(present):
        return np.full(len(micro), np.nan), np.full(len(micro), np.nan)
    return micro, _f1(right, wrong)[:, present].mean(axis=1)


def _share(drawn: NDArray[np.float64]) -> Share:
    """Return the figure (first) with the percentile interval of the draws."""
    low, high = np.quantile(drawn[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Share(float(drawn[0]), float(low), float(high))
