"""The trained part of the classifier: weights, thresholds and measured error rates, as shipped or from a folder.

``weights.safetensors`` holds, for each language, the sparse weights of the hashed n-grams, the stack on top, and the
probe on an encoder's embeddings where it has one; ``operating.json`` the thresholds, which encoder the probe was fitted
on, and the counts of the evaluation set. Both are written by ``solarnet train posts``; nothing is pickled.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.landing import BadInputError
from solarnet_assets.social.features import BITS
from solarnet_assets.social.stack import Stack
from solarnet_assets.storage.schemas import SECTORS

LABELS = (*SECTORS, "home_office", "office")
"""What a post can be about: the seven sectors, and whether its author works at home or in an office."""

LANGS = ("en", "zh")
PACKAGE = Path(str(files(__package__)))
Array = NDArray[np.float32]


@dataclass(frozen=True)
class Linear:
    """A linear model: weights (inputs, labels) and bias (labels,); inputs are 2^BITS n-grams or an embedding."""

    weights: Array
    bias: Array


@dataclass(frozen=True)
class Judge:
    """How texts of one language are judged.

    Attributes:
        linear: log-odds from hashed n-grams.
        cheap: stack of names and n-grams.
        threshold: probability of the cheap stack from which a label is given.
        probe: log-odds from embeddings, or None.
        full: stack of names, n-grams and probe, or None.
        full_threshold: probability of the full stack from which a label is given.
    """

    linear: Linear
    cheap: Stack
    threshold: float
    probe: Linear | None = None
    full: Stack | None = None
    full_threshold: float = 0.5


@dataclass(frozen=True)
class PostModel:
    """Everything that was trained or measured.

    Attributes:
        judges: by language.
        encoder: model, sha256 and max_tokens of the encoder that probes were fitted on; empty without one.
        operating: ``operating.json``.
    """

    judges: Mapping[str, Judge]
    encoder: Mapping[str, Any]
    operating: Mapping[str, Any]


def operating(folder: Path | None = None) -> dict[str, Any]:
    """Return thresholds and evaluation counts of a folder, the package's own by default.

    Raises:
        BadInputError: if the folder holds none.
    """
    path = (folder or PACKAGE) / "operating.json"
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadInputError(f"{path} cannot be read ({error}); 'solarnet train posts --out DIR' writes one") from error
    return found


@lru_cache(maxsize=2)
def load(folder: Path | None = None) -> PostModel:
    """Return the model of a folder, the packaged one by default.

    Raises:
        BadInputError: if the folder holds no model, or one of another version.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    path = (folder or PACKAGE) / "weights.safetensors"
    settings = operating(folder)
    try:
        tensors = load_file(path)
        judges = {lang: _judge(tensors, lang, settings["thresholds"][lang]) for lang in LANGS}
    except (OSError, SafetensorError, KeyError, IndexError, TypeError, ValueError) as error:
        raise BadInputError(
            f"{path} is no model of posts that this version reads ({error}); train it again with 'solarnet train posts'"
        ) from error
    return PostModel(judges, settings["encoder"], settings)


def save(model: PostModel, operating: Mapping[str, Any], folder: Path) -> None:
    """Write ``weights.safetensors`` and ``operating.json`` into a folder."""
    from safetensors.numpy import save_file

    tensors: dict[str, NDArray[Any]] = {}
    for lang, judge in model.judges.items():
        used = np.flatnonzero(np.abs(judge.linear.weights).max(axis=1) > 1e-3)
        tensors[f"{lang}.index"] = used.astype(np.int32)
        tensors[f"{lang}.weights"] = judge.linear.weights[used].astype(np.float16)
        tensors[f"{lang}.bias"] = judge.linear.bias
        tensors |= _stack_tensors(f"{lang}.cheap", judge.cheap)
        if judge.probe is not None and judge.full is not None:
            tensors[f"{lang}.probe.weights"] = judge.probe.weights.astype(np.float16)
            tensors[f"{lang}.probe.bias"] = judge.probe.bias
            tensors |= _stack_tensors(f"{lang}.full", judge.full)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "weights.safetensors")
    thresholds = {lang: {"cheap": j.threshold, "full": j.full_threshold} for lang, j in model.judges.items()}
    content = {"thresholds": thresholds, "encoder": dict(model.encoder), **operating}
    (folder / "operating.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _stack_tensors(name: str, stack: Stack) -> dict[str, NDArray[Any]]:
    return {f"{name}.intercept": stack.intercept, f"{name}.slopes": stack.slopes}


def _judge(tensors: Mapping[str, NDArray[Any]], lang: str, thresholds: Mapping[str, float]) -> Judge:
    weights = np.zeros((2**BITS, len(LABELS)), dtype=np.float32)
    weights[tensors[f"{lang}.index"]] = tensors[f"{lang}.weights"].astype(np.float32)
    linear = Linear(weights, tensors[f"{lang}.bias"])
    cheap = _stack(tensors, f"{lang}.cheap")
    if f"{lang}.probe.bias" not in tensors:
        return Judge(linear, cheap, thresholds["cheap"])
    probe = Linear(tensors[f"{lang}.probe.weights"].astype(np.float32), tensors[f"{lang}.probe.bias"])
    return Judge(linear, cheap, thresholds["cheap"], probe, _stack(tensors, f"{lang}.full"), thresholds["full"])


def _stack(tensors: Mapping[str, NDArray[Any]], name: str) -> Stack:
    return Stack(tensors[f"{name}.intercept"], tensors[f"{name}.slopes"])
