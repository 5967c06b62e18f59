"""The invented sentences of the package: some to train on, others to measure on."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import polars as pl
import yaml
from numpy.typing import NDArray

from solarnet_assets.social.model import LABELS
from solarnet_assets.social.text import normalise

TRAP = "trap"
"""Group of evaluation posts that use a sector's words in another sense."""


def read_sentences(name: str, lang: str) -> tuple[list[str], NDArray[np.bool_], list[str]]:
    """Return the sentences of ``<name>_<lang>.yaml``, their labels (sentences, labels) and their groups."""
    text = files(__package__).joinpath(f"{name}_{lang}.yaml").read_text(encoding="utf-8")
    pairs = [(sentence, group) for group, listed in yaml.safe_load(text).items() for sentence in listed]
    truth = np.array([[label in group.split("+") for label in LABELS] for _, group in pairs])
    return [s for s, _ in pairs], truth, [g for _, g in pairs]


def normal_forms(texts: list[str], lang: str) -> list[str]:
    """Return texts in the normal form of the classifier."""
    return pl.Series("t", texts).to_frame().select(normalise(pl.col("t"), lang))["t"].to_list()


def lengthened(
    texts: list[str], truth: NDArray[np.bool_], fold: NDArray[np.int64], copies: int
) -> tuple[list[str], NDArray[np.bool_], NDArray[np.int64]]:
    """Return texts with ``copies`` longer forms of each behind them, with their labels and folds.

    Posts say other things too, and the evidence of an n-gram shrinks with the length of a text; invented sentences are
    short. A longer form has one to four unrelated sentences of the same fold before and after it (Ours).
    """
    rng = np.random.default_rng(11)
    unrelated = ~truth.any(axis=1)
    pools = {int(k): np.flatnonzero(unrelated & (fold == k)) for k in np.unique(fold)}
    longer = []
    for text, k in [*zip(texts, fold.tolist(), strict=True)] * copies:
        parts = [texts[i] for i in rng.choice(pools[k], rng.integers(1, 5))]
        parts.insert(int(rng.integers(0, len(parts) + 1)), text)
        longer.append(f" {' '.join(' '.join(parts).split())} ")
    return texts + longer, np.tile(truth, (copies + 1, 1)), np.tile(fold, copies + 1)
