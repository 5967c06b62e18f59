"""Train the classifier of posts on the invented sentences of the package, and measure it on the others.

Run by ``solarnet train posts``. Everything is deterministic: the same sentences give the same files.
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml
from numpy.typing import NDArray

from solarnet_assets.social import encoder
from solarnet_assets.social.classify import LANGS, classify
from solarnet_assets.social.features import BITS, ngrams
from solarnet_assets.social.model import LABELS, Linear, PostModel, Probe
from solarnet_assets.social.text import normalise

LINEAR_C = 30.0
PROBE_C = 10.0
MIX = 0.3
FOLDS = 8
FALSE_RATE = 0.004
"""Share of training negatives that may pass a threshold, out of fold: about one sentence per label."""

ASK_SHARE = 0.02
"""The encoder is asked down to the n-gram margin that this share of unrelated sentences exceeds, out of fold."""

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


def design(texts: list[str], lang: str) -> Any:
    """Return the n-gram features of texts in normal form as a sparse matrix (texts, 2^BITS)."""
    from scipy.sparse import csr_matrix

    rows, hashes = ngrams(texts, lang)
    values = 1.0 / np.sqrt(np.bincount(rows, minlength=len(texts)))[rows]
    return csr_matrix((values, (rows, hashes)), shape=(len(texts), 2**BITS))


def fit(features: Any, truth: NDArray[np.bool_], strength: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return weights (features, labels) and bias (labels,) of one logistic regression per label."""
    from sklearn.linear_model import LogisticRegression

    models = [LogisticRegression(C=strength, max_iter=2000).fit(features, column) for column in truth.T]
    weights = np.concatenate([m.coef_ for m in models]).T
    return weights.astype(np.float32), np.concatenate([m.intercept_ for m in models]).astype(np.float32)


def out_of_fold(features: Any, truth: NDArray[np.bool_], strength: float) -> NDArray[np.float32]:
    """Return the log-odds of each sentence from models that have not seen it."""
    fold = np.random.default_rng(7).permutation(len(truth)) % FOLDS
    odds = np.zeros(truth.shape, dtype=np.float32)
    for k in range(FOLDS):
        weights, bias = fit(features[fold != k], truth[fold != k], strength)
        odds[fold == k] = features[fold == k] @ weights + bias
    return odds


def thresholds(odds: NDArray[np.float32], truth: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return per label the log-odds that at most ``FALSE_RATE`` of the negatives exceed, at least 0."""
    chosen = [np.quantile(odds[~truth[:, j], j], 1.0 - FALSE_RATE, method="higher") for j in range(truth.shape[1])]
    return np.maximum(np.array(chosen, dtype=np.float32) + np.float32(1e-4), 0.0)


def train_model() -> PostModel:
    """Return the model fitted to the training sentences of both languages."""
    linear: dict[str, Linear] = {}
    for lang in LANGS:
        texts, truth, _ = read_sentences("training", lang)
        features = design(normal_forms(texts, lang), lang)
        odds = out_of_fold(features, truth, LINEAR_C)
        linear[lang] = Linear(*fit(features, truth, LINEAR_C), thresholds(odds, truth))
        if lang == "en":
            probe = _train_probe(normal_forms(texts, lang), truth, odds)
    return PostModel(linear, probe, {})


def _train_probe(texts: list[str], truth: NDArray[np.bool_], odds: NDArray[np.float32]) -> Probe:
    """Return the probe on embeddings; ``odds`` are the out-of-fold scores of the n-gram model."""
    embedded = encoder.embed(texts)
    joint = out_of_fold(embedded, truth, PROBE_C) + MIX * odds
    ask_above = float(np.quantile(odds[~truth.any(axis=1)].max(axis=1), 1.0 - ASK_SHARE))
    return Probe(*fit(embedded, truth, PROBE_C), thresholds(joint, truth), ask_above, MIX)


def evaluate_model(model: PostModel, lang: str, *, use_encoder: bool = True) -> dict[str, dict[str, int]]:
    """Return per label the counts on the evaluation sentences of a language.

    ``tp`` and ``fn`` over sentences of the label; ``fp`` of ``negatives`` over unrelated ones; ``cross_fp`` of
    ``cross`` over those of other labels; ``trap_fp`` of ``traps`` over sentences that use the words of a
    sector in another sense.
    """
    texts, truth, groups = read_sentences("evaluation", lang)
    found = classify(pl.Series(texts), pl.Series([lang] * len(texts)), use_encoder=use_encoder, model=model).labels
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


def save(model: PostModel, evaluation: dict[str, Any], folder: Path) -> None:
    """Write ``weights.safetensors`` and ``operating.json`` into a folder."""
    from safetensors.numpy import save_file

    tensors: dict[str, NDArray[Any]] = {
        "probe.weights": model.probe.weights.astype(np.float16),
        "probe.bias": model.probe.bias,
    }
    for lang, linear in model.linear.items():
        used = np.flatnonzero(np.abs(linear.weights).max(axis=1) > 1e-3)
        tensors[f"{lang}.index"] = used.astype(np.int32)
        tensors[f"{lang}.weights"] = linear.weights[used].astype(np.float16)
        tensors[f"{lang}.bias"] = linear.bias
    save_file(tensors, folder / "weights.safetensors")
    by_label = {lang: _by_label(linear.thresholds) for lang, linear in model.linear.items()}
    operating = {
        "thresholds": by_label | {"probe": _by_label(model.probe.thresholds)},
        "ask_above": round(model.probe.ask_above, 4),
        "mix": model.probe.mix,
        "evaluation": evaluation,
    }
    (folder / "operating.json").write_text(json.dumps(operating, indent=1) + "\n", encoding="utf-8")


def _by_label(values: NDArray[np.float32]) -> dict[str, float]:
    return {label: round(float(value), 4) for label, value in zip(LABELS, values, strict=True)}


def train(folder: Path | None = None) -> dict[str, Any]:
    """Train, measure and write the model; the command ``solarnet train posts``.

    Args:
        folder: where the two files go; the package itself by default.

    Returns:
        The evaluation counts by language and label that ``operating.json`` records.
    """
    model = train_model()
    evaluation = {lang: evaluate_model(model, lang) for lang in LANGS}
    target = folder or Path(str(files(__package__)))
    target.mkdir(parents=True, exist_ok=True)
    save(model, evaluation, target)
    return evaluation
