"""What the classifier does on the evaluation sentences: counts that prevalence is corrected with, and calibration."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from solarnet_assets.social.classify import Classified, Settings, classify
from solarnet_assets.social.model import LABELS, PostModel
from solarnet_assets.social.sentences import TRAP, read_sentences

BINS = 10


def held_out(model: PostModel, lang: str, settings: Settings | None = None) -> Classified:
    """Return what the model says of the evaluation sentences of a language."""
    texts, _, _ = read_sentences("evaluation", lang)
    return classify(pl.Series(texts), pl.Series([lang] * len(texts)), settings, model)


def error_counts(found: NDArray[np.bool_], lang: str) -> dict[str, dict[str, int]]:
    """Return per label the counts on the evaluation sentences of a language.

    ``tp`` and ``fn`` over sentences of the label; ``fp`` of ``negatives`` over unrelated ones; ``cross_fp`` of
    ``cross`` over those of other labels; ``trap_fp`` of ``traps`` over sentences that use the words of a
    sector in another sense.
    """
    _, truth, groups = read_sentences("evaluation", lang)
    trap = np.array([group == TRAP for group in groups])
    plain = ~truth.any(axis=1) & ~trap
    counts = {}
    for j, label in enumerate(LABELS):
        of, said = truth[:, j], found[:, j]
        counts[label] = {
            "tp": int((of & said).sum()),
            "fn": int((of & ~said).sum()),
            "fp": int((plain & said).sum()),
            "negatives": int(plain.sum()),
            "cross_fp": int((~of & ~trap & ~plain & said).sum()),
            "cross": int((~of & ~trap & ~plain).sum()),
            "trap_fp": int((trap & said).sum()),
            "traps": int(trap.sum()),
        }
    return counts


def calibration(probability: NDArray[np.float32], truth: NDArray[np.bool_]) -> dict[str, float]:
    """Return the Brier score and the expected calibration error of probabilities, over texts and labels.

    The error is the mean distance between probability and share of true ones in ten bins of equal width, weighted by
    their contents (Naeini, Cooper and Hauskrecht 2015, AAAI, doi:10.1609/aaai.v29i1.9602).
    """
    p, y = probability.ravel().astype(np.float64), truth.ravel().astype(np.float64)
    where = np.minimum((p * BINS).astype(int), BINS - 1)
    many = np.bincount(where, minlength=BINS)
    gap = np.abs(np.bincount(where, p, BINS) - np.bincount(where, y, BINS)).sum() / many.sum()
    return {"brier": float(((p - y) ** 2).mean()), "ece": float(gap)}
