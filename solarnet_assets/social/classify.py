"""Posts -> labels: names, n-grams and, where it decides, the encoder, stacked into calibrated probabilities.

Texts are routed by script: Chinese never reaches an English encoder. Each distinct text is judged once, and by itself:
what else was posted that day does not matter. The cheap stack of names (gazetteer) and n-grams judges every text. Where
it is unsure of a label, and the language has an encoder, the full stack with the encoder's probe decides instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from solarnet_assets.landing import BadInputError
from solarnet_assets.social import encoder, gazetteer
from solarnet_assets.social.features import scores
from solarnet_assets.social.gazetteer import IN_CONTEXT, Lexicon
from solarnet_assets.social.model import LABELS, LANGS, Judge, PostModel, load
from solarnet_assets.social.named import named
from solarnet_assets.social.stack import evidence
from solarnet_assets.social.text import normalise

UNSURE = (0.2, 0.9)
"""Ours: probabilities of the cheap stack between which the encoder is asked.

The lower, the better and the slower: from 0.1 on, macro F1 on the invented English posts is 0.02 better and twice as
many texts are asked; above 0.9 the encoder changes nothing there."""

_REMOTE, _HOME = LABELS.index("remote_work"), LABELS.index("home_office")

LONGEST = 4_000
"""Characters of a text that are judged. What a post is about is said by then."""

CHUNK = 20_000
"""Texts that are judged at a time; bounds memory (about 0.2 GB with texts of ordinary length)."""


@dataclass(frozen=True)
class Settings:
    """What judges posts.

    Attributes:
        encoder: which encoder; None: none is asked.
        weights: folder of ``solarnet train posts --out``; None: the package's.
        gazetteer: a YAML file whose entries join the packaged ones.
    """

    encoder: encoder.Spec | None = field(default_factory=encoder.Spec)
    weights: Path | None = None
    gazetteer: Path | None = None


@dataclass(frozen=True)
class Classified:
    """Labels of texts and how they were reached.

    Attributes:
        labels: (texts, labels) booleans in the order of ``LABELS``.
        probability: (texts, labels) float32, calibrated on the invented sentences.
        counts: distinct texts, those in which something was named, those undecided by the cheap stack, those encoded.
        note: why the encoder was not used, or empty.
    """

    labels: NDArray[np.bool_]
    probability: NDArray[np.float32]
    counts: dict[str, int]
    note: str = ""


def classify(
    texts: pl.Series, langs: pl.Series, settings: Settings | None = None, model: PostModel | None = None
) -> Classified:
    """Return the labels of texts.

    Args:
        texts: texts as they were posted; the first ``LONGEST`` characters are judged.
        langs: 'en', 'zh' or 'other' per text; 'other' gets no label.
        settings: encoder, weights and gazetteer; the packaged ones by default.
        model: weights in memory instead of a folder's.

    Raises:
        BadInputError: the encoder is another than the probe was fitted on, or one that was asked for is missing.
    """
    settings = settings or Settings()
    model = model or load(settings.weights)
    lexicons = gazetteer.load(settings.gazetteer)
    frame = pl.DataFrame({"text": texts, "lang": langs}, schema={"text": pl.String, "lang": pl.String})
    frame = frame.with_columns(pl.col("text").str.slice(0, LONGEST)).with_row_index("i")
    probability = np.zeros((len(frame), len(LABELS)), dtype=np.float32)
    labels = np.zeros(probability.shape, dtype=bool)
    counts = dict.fromkeys(("distinct", "named", "undecided", "encoded"), 0)
    notes = [""]
    for lang in LANGS:
        mine = frame.filter(pl.col("lang") == lang)
        probe = _probe(settings.encoder, model, lang)
        first, place = _distinct(mine["text"], lang)
        done = [
            _judge(mine["text"].gather(first[start : start + CHUNK]), lang, model.judges[lang], lexicons[lang], probe)
            for start in range(0, len(first), CHUNK)
        ]
        for part in done:
            notes.append(part.note)
            counts = {key: counts[key] + part.counts[key] for key in counts}
        if done:
            at = mine["i"].to_numpy()
            probability[at] = np.concatenate([part.probability for part in done])[place]
            labels[at] = np.concatenate([part.labels for part in done])[place]
    return Classified(labels, probability, counts, max(notes))


def _distinct(texts: pl.Series, lang: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where each distinct normal form stands first, and for each text the number of its own.

    Normal forms are kept as hashes of 64 bits: of 5 million texts two differ in one hash once in a million days.
    """
    keys = [
        texts.slice(start, CHUNK).to_frame("t").select(normalise(pl.col("t"), lang).hash())["t"]
        for start in range(0, len(texts), CHUNK)
    ]
    every = pl.concat(keys) if keys else pl.Series("t", [], dtype=pl.UInt64)
    _, first, place = np.unique(every.to_numpy(), return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return np.sort(first), rank[place]


def _probe(spec: encoder.Spec | None, model: PostModel, lang: str) -> encoder.Spec | None:
    """Return the encoder that may read texts of a language, or None.

    Raises:
        BadInputError: if the weights hold no probe for it.
    """
    if spec is None or lang not in spec.langs:
        return None
    if model.judges[lang].probe is None or model.encoder.get("model") != spec.model:
        fitted = f"{model.encoder.get('model', 'no encoder')} ({', '.join(model.encoder.get('langs', []))})"
        raise BadInputError(
            f"posts.encoder.model {spec.model}, {lang}: the weights were fitted on {fitted}; run 'solarnet train posts"
            f" --encoder {spec.model} --langs {','.join(spec.langs)} --out DIR' and name DIR as posts.weights"
        )
    return spec


def _judge(raw: pl.Series, lang: str, judge: Judge, lexicon: Lexicon, spec: encoder.Spec | None) -> Classified:
    """Return the labels of distinct texts of one language."""
    texts = raw.to_frame("t").select(normalise(pl.col("t"), lang))["t"]
    strength, terms = named(texts, lexicon)
    lengths = texts.str.len_chars().to_numpy()
    odds = scores(texts.to_list(), lang, judge.linear.weights, judge.linear.bias)
    probability = judge.cheap.probability(evidence(strength, terms, lengths, odds, None))
    labels = _with_home_office(probability, strength) >= judge.threshold
    undecided = np.flatnonzero(((probability > UNSURE[0]) & (probability < UNSURE[1])).any(axis=1))
    counts = {"distinct": len(texts), "named": int((strength >= IN_CONTEXT).any(axis=1).sum())}
    counts |= {"undecided": len(undecided), "encoded": 0}
    if spec is None or judge.full is None or not len(undecided):
        return Classified(labels, probability, counts)
    try:
        probed = probe_odds(texts.gather(undecided).to_list(), judge, spec)
    except encoder.EncoderAbsentError as error:
        if spec != encoder.Spec():
            raise BadInputError(f"posts.encoder: {error}") from error
        return Classified(labels, probability, counts, f"The encoder was left out: {error}.")
    asked = evidence(strength[undecided], terms[undecided], lengths[undecided], odds[undecided], probed)
    probability[undecided] = judge.full.probability(asked)
    labels[undecided] = _with_home_office(probability, strength)[undecided] >= judge.full_threshold
    return Classified(labels, probability, counts | {"encoded": len(undecided)})


def _with_home_office(probability: NDArray[np.float32], strength: NDArray[np.int8]) -> NDArray[np.float32]:
    """Return probabilities where remote work told in the first person is a home office at least as surely."""
    told = strength[:, _HOME] >= IN_CONTEXT
    probability[told, _HOME] = np.maximum(probability[told, _HOME], probability[told, _REMOTE])
    return probability


def probe_odds(texts: Sequence[str], judge: Judge, spec: encoder.Spec) -> NDArray[np.float32]:
    """Return the probe's log-odds of texts in normal form, (texts, labels)."""
    if judge.probe is None:
        raise ValueError("this language has no probe")
    return encoder.embed(texts, spec) @ judge.probe.weights + judge.probe.bias
