"""The trained part of the classifier: weights, thresholds and measured error rates, as shipped in the package.

``weights.safetensors`` holds sparse weights of the hashed n-grams per language and the probe on the
encoder's embeddings; ``operating.json`` the thresholds and the counts of the evaluation set. Both are
written by ``solarnet train posts``; nothing is pickled.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.social.features import BITS
from solarnet_assets.storage.schemas import SECTORS

LABELS = (*SECTORS, "home_office", "office")
"""What a post can be about: the seven sectors, and whether its author works at home or in an office."""


@dataclass(frozen=True)
class Linear:
    """A linear model on hashed n-grams: weights (2^BITS, labels), bias (labels,), thresholds on log-odds."""

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    thresholds: NDArray[np.float32]


@dataclass(frozen=True)
class Probe:
    """A linear model on embeddings beside the n-gram score.

    Attributes:
        weights: (384, labels).
        bias: (labels,).
        thresholds: on the sum of the probe's log-odds and ``mix`` times the n-gram log-odds.
        ask_above: an undecided text whose best n-gram margin is above this is encoded.
        mix: weight of the n-gram log-odds.
    """

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    thresholds: NDArray[np.float32]
    ask_above: float
    mix: float


@dataclass(frozen=True)
class PostModel:
    """Everything that was trained or measured, by language where it differs."""

    linear: Mapping[str, Linear]
    probe: Probe
    operating: Mapping[str, Any]


def operating() -> dict[str, Any]:
    """Return thresholds and evaluation counts of the package."""
    return json.loads(files(__package__).joinpath("operating.json").read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def load() -> PostModel:
    """Return the packaged model.

    Raises:
        FileNotFoundError: if the package holds no weights.
    """
    from safetensors.numpy import load_file

    with as_file(files(__package__).joinpath("weights.safetensors")) as path:
        tensors = load_file(path)
    settings = operating()
    linear = {lang: _linear(tensors, lang, settings["thresholds"][lang]) for lang in ("en", "zh")}
    probe = Probe(
        weights=tensors["probe.weights"].astype(np.float32),
        bias=tensors["probe.bias"].astype(np.float32),
        thresholds=_vector(settings["thresholds"]["probe"]),
        ask_above=float(settings["ask_above"]),
        mix=float(settings["mix"]),
    )
    return PostModel(linear, probe, settings)


def _vector(by_label: Mapping[str, float]) -> NDArray[np.float32]:
    return np.array([by_label[label] for label in LABELS], dtype=np.float32)


def _linear(tensors: Mapping[str, NDArray[Any]], lang: str, thresholds: Mapping[str, float]) -> Linear:
    weights = np.zeros((2**BITS, len(LABELS)), dtype=np.float32)
    weights[tensors[f"{lang}.index"]] = tensors[f"{lang}.weights"].astype(np.float32)
    return Linear(weights, tensors[f"{lang}.bias"].astype(np.float32), _vector(thresholds))
