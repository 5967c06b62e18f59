"""Evidence -> calibrated probabilities: one small logistic model a language that stacks names, n-grams and encoder.

Stacked generalisation (Wolpert 1992, Neural Networks 5:241): the log-odds of the models below come from folds that
they have not seen. A logistic model on top is also Platt's calibration (1999), with more than one input. Slopes are
at least 0, so more evidence never lowers a probability. A label's slope is a common one plus its own, and its own is
held small by a stronger ridge: few sentences speak for one label.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

NAMED = ("bare", "in context", "plain")
"""Columns of names: an ambiguous name at least, one in its context at least, one that needs no context."""

INPUTS = (*NAMED, "more names", "rare in the text", "n-grams", "best n-grams", "encoder")
"""Columns of evidence; the last is used only where the encoder was asked."""

FALLING = ("rare in the text", "best n-grams")
"""Columns that are no evidence for the label itself; their slopes may be of either sign."""

SHARED_RIDGE, OWN_RIDGE = 0.05, 2.0
NGRAM_LIMIT, PROBE_LIMIT = 2.0, 8.0
"""Log-odds of the models below count at most so much (Ours).

Real posts hold few n-grams of the invented sentences, so that all labels seem unlikely: names must outweigh that."""

SHORT = 140.0
"""Ours: characters up to which one name says as much as it can; a name in a long text is rarer evidence."""

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Stack:
    """Intercept (labels,) and slopes (labels, inputs)."""

    intercept: Array
    slopes: Array

    def log_odds(self, evidence: Array) -> Array:
        """Return log-odds (texts, labels) of evidence (texts, labels, inputs); surplus inputs are left aside."""
        used = evidence[:, :, : self.slopes.shape[1]]
        return np.einsum("tli,li->tl", used, self.slopes) + self.intercept

    def probability(self, evidence: Array) -> Array:
        """Return probabilities (texts, labels), float32."""
        return sigmoid(self.log_odds(evidence))


def sigmoid(log_odds: Array) -> Array:
    """Return probabilities, float32."""
    from scipy.special import expit

    return expit(log_odds.astype(np.float32))


def evidence(
    strength: NDArray[np.int8], terms: NDArray[np.int16], lengths: NDArray[np.int64], odds: Array, probed: Array | None
) -> Array:
    """Return the inputs of the stack.

    Args:
        strength: (texts, labels), 0 where nothing was named, else 1 to 3.
        terms: (texts, labels), distinct names that speak for the label.
        lengths: (texts,) characters of the normal form.
        odds: (texts, labels) log-odds of the n-gram model.
        probed: (texts, labels) log-odds of the encoder's probe, or None.

    Returns:
        (texts, labels, inputs) float32; the last input is missing without ``probed``.
    """
    long = np.log(np.maximum(lengths, SHORT) / SHORT)[:, None]
    named = strength >= 2
    capped = np.clip(odds, -NGRAM_LIMIT, NGRAM_LIMIT)
    columns: list[NDArray[Any]] = [strength >= level for level in (1, 2, 3)]
    columns += [np.log(np.maximum(terms, 1)), -long * named, capped]
    columns += [np.broadcast_to(capped.max(axis=1, keepdims=True), odds.shape)]
    if probed is not None:
        columns.append(np.clip(probed, -PROBE_LIMIT, PROBE_LIMIT))
    return np.stack(columns, axis=2).astype(np.float32)


def fit(inputs: Array, truth: NDArray[np.bool_]) -> Stack:
    """Return the stack of largest posterior: logistic loss, ridges on common and own slopes, slopes at least 0.

    Args:
        inputs: (texts, labels, inputs).
        truth: (texts, labels).
    """
    from scipy.optimize import minimize

    _, labels, width = inputs.shape
    x, y = inputs.astype(np.float64), truth.astype(np.float64)
    free = [INPUTS[i] in FALLING for i in range(width)]
    bounds = [(None, None)] * labels + [(None, None) if f else (0.0, None) for f in free] * (1 + labels)

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        intercept, common, own = np.split(flat, [labels, labels + width])
        own = own.reshape(labels, width)
        z = np.einsum("tli,li->tl", x, common + own) + intercept
        wrong = sigmoid64(z) - y
        slope = np.einsum("tl,tli->li", wrong, x)
        value = np.logaddexp(0.0, z).sum() - (y * z).sum()
        value += 0.5 * (SHARED_RIDGE * (common**2).sum() + OWN_RIDGE * (own**2).sum())
        return value, np.concatenate(
            [wrong.sum(axis=0), slope.sum(axis=0) + SHARED_RIDGE * common, (slope + OWN_RIDGE * own).ravel()]
        )

    start = np.zeros(labels + width * (1 + labels))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 2000}).x
    intercept, common, own = np.split(found, [labels, labels + width])
    return Stack(intercept.astype(np.float32), (common + own.reshape(labels, width)).astype(np.float32))


def sigmoid64(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return probabilities, float64."""
    from scipy.special import expit

    return expit(log_odds)
