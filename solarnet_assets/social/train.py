"""Train the classifier of posts on the invented sentences of the package, and measure it on the others.

Run by ``solarnet train posts``. Everything is deterministic: the same sentences give the same files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from solarnet_assets.social import encoder, gazetteer, stack
from solarnet_assets.social.classify import Settings
from solarnet_assets.social.features import BITS, ngrams
from solarnet_assets.social.held_out import calibration, error_counts, held_out
from solarnet_assets.social.model import LANGS, PACKAGE, Judge, Linear, PostModel, load, save
from solarnet_assets.social.named import named
from solarnet_assets.social.sentences import lengthened, normal_forms, read_sentences
from solarnet_assets.social.stack import Stack

LINEAR_C = 3.0
PROBE_C = 10.0
"""Inverse ridges of the models below the stack."""

FOLDS = 8
COPIES = 3
"""Longer forms of each sentence that are trained on beside it."""

KEPT_OUT = 0.95
"""Share of unrelated training sentences that must get no label, out of fold."""

LEAST = 0.5
"""Smallest threshold."""

Array = NDArray[np.float32]


def design(texts: list[str], lang: str) -> Any:
    """Return the n-gram features of texts in normal form as a sparse matrix (texts, 2^BITS)."""
    from scipy.sparse import csr_matrix

    rows, hashes = ngrams(texts, lang)
    values = 1.0 / np.sqrt(np.bincount(rows, minlength=len(texts)))[rows]
    return csr_matrix((values, (rows, hashes)), shape=(len(texts), 2**BITS))


def fit(features: Any, truth: NDArray[np.bool_], strength: float) -> Linear:
    """Return one logistic regression per label; features that no text has keep weight 0."""
    from sklearn.linear_model import LogisticRegression

    used, rarity = _rarity(features)
    inputs = features[:, used] @ rarity
    models = [LogisticRegression(C=strength, max_iter=3000).fit(inputs, column) for column in truth.T]
    weights = np.zeros((features.shape[1], truth.shape[1]), dtype=np.float32)
    weights[used] = rarity @ np.concatenate([m.coef_ for m in models]).T
    return Linear(weights, np.concatenate([m.intercept_ for m in models]).astype(np.float32))


def _rarity(features: Any) -> tuple[NDArray[np.int64], Any]:
    """Return the n-grams that some text has and, on a diagonal, log((1 + texts) / (1 + texts with it)) + 1.

    Inverse document frequency, smoothed as in scikit-learn's TfidfTransformer. It ends up in the weights. Embeddings
    are left as they are.
    """
    from scipy.sparse import diags_array

    if not hasattr(features, "indices"):
        return np.arange(features.shape[1]), diags_array(np.ones(features.shape[1]))
    used, within = np.unique(features.indices, return_counts=True)
    return used, diags_array(np.log((1 + features.shape[0]) / (1 + within)) + 1)


def folds(count: int) -> NDArray[np.int64]:
    """Return the fold of each sentence."""
    return np.random.default_rng(7).permutation(count) % FOLDS


def out_of_fold(features: Any, truth: NDArray[np.bool_], fold: NDArray[np.int64], strength: float) -> Array:
    """Return the log-odds of each sentence from models that have not seen it."""
    odds = np.zeros(truth.shape, dtype=np.float32)
    for k in range(FOLDS):
        found = fit(features[fold != k], truth[fold != k], strength)
        odds[fold == k] = features[fold == k] @ found.weights + found.bias
    return odds


def stacked(inputs: Array, truth: NDArray[np.bool_], fold: NDArray[np.int64]) -> tuple[Stack, float]:
    """Return the stack of out-of-fold evidence and its threshold, from stacks that have not seen the sentence.

    The threshold is that of the sentences as they were written: the longer forms string several traps together.
    """
    probability = np.zeros(truth.shape, dtype=np.float32)
    for k in range(FOLDS):
        probability[fold == k] = stack.fit(inputs[fold != k], truth[fold != k]).probability(inputs[fold == k])
    written = len(truth) // (1 + COPIES)
    return stack.fit(inputs, truth), threshold(probability[:written], truth[:written])


def threshold(probability: Array, truth: NDArray[np.bool_]) -> float:
    """Return the probability, ``LEAST`` or more, that the likeliest label of few unrelated sentences exceeds."""
    unrelated = probability[~truth.any(axis=1)].max(axis=1)
    return max(LEAST, float(np.quantile(unrelated, KEPT_OUT, method="higher")) + 1e-4)


def train_judge(lang: str, spec: encoder.Spec | None) -> Judge:
    """Return what judges one language, fitted to its training sentences."""
    raw, truth, _ = read_sentences("training", lang)
    texts, truth, fold = lengthened(normal_forms(raw, lang), truth, folds(len(raw)), COPIES)
    features = design(texts, lang)
    odds = out_of_fold(features, truth, fold, LINEAR_C)
    strength, terms = named(pl.Series(texts), gazetteer.load()[lang])
    seen = (strength, terms, np.array([len(t) for t in texts]), odds)
    judge = Judge(fit(features, truth, LINEAR_C), *stacked(stack.evidence(*seen, None), truth, fold))
    if spec is None or lang not in spec.langs:
        return judge
    embedded = encoder.embed(texts, spec)
    probed = out_of_fold(embedded, truth, fold, PROBE_C)
    full, full_threshold = stacked(stack.evidence(*seen, probed), truth, fold)
    return Judge(judge.linear, judge.cheap, judge.threshold, fit(embedded, truth, PROBE_C), full, full_threshold)


def train_model(spec: encoder.Spec | None) -> PostModel:
    """Return the model fitted to the training sentences of both languages."""
    judges = {lang: train_judge(lang, spec) for lang in LANGS}
    if spec is None:
        return PostModel(judges, {}, {})
    fitted = {"model": spec.model, "revision": spec.revision, "sha256": encoder.digest(spec)}
    return PostModel(judges, fitted | {"langs": list(spec.langs), "max_tokens": spec.max_tokens}, {})


def train(folder: Path | None = None, spec: encoder.Spec | None = None) -> dict[str, Any]:
    """Train, measure and write the model; the command ``solarnet train posts``.

    Args:
        folder: where the two files go; the package itself by default.
        spec: the encoder that probes are fitted on; the packaged one by default.

    Returns:
        What ``operating.json`` records: error counts by language and label, and calibration by language.

    Raises:
        EncoderAbsentError: if the encoder cannot be used.
    """
    spec = spec or encoder.Spec()
    target = folder or PACKAGE
    save(train_model(spec), {}, target)
    load.cache_clear()
    model = load(folder)  # as stored, in half precision
    measured: dict[str, Any] = {"evaluation": {}, "calibration": {}, "evaluation_without_encoder": {}}
    for lang in LANGS:
        found = held_out(model, lang, Settings(encoder=spec))
        _, truth, _ = read_sentences("evaluation", lang)
        measured["evaluation"][lang] = error_counts(found.labels, lang)
        measured["calibration"][lang] = {k: round(v, 5) for k, v in calibration(found.probability, truth).items()}
        alone = held_out(model, lang, Settings(encoder=None))
        measured["evaluation_without_encoder"][lang] = error_counts(alone.labels, lang)
    save(model, measured, target)
    load.cache_clear()
    return measured
