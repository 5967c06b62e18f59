"""Posts -> labels: gazetteer first, a linear model on n-grams second, the encoder for the undecided few.

Texts are routed by script: Chinese never reaches the English encoder. Each distinct text is judged
once. The cascade decides in this order and stops at the first that speaks:

1. A term of the gazetteer that needs no context, or stands in its context, labels the post.
2. Without one, the n-gram model must be surer than a threshold that keeps unrelated posts out; an
   ambiguous term without its context lowers that threshold.
3. English texts that the n-gram model finds possible but not sure go to the encoder's probe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from solarnet_assets.social import encoder, gazetteer
from solarnet_assets.social.features import scores
from solarnet_assets.social.model import LABELS, PostModel, load
from solarnet_assets.social.text import normalise

BARE_BONUS = 2.0
"""Log-odds that an ambiguous term without context adds to the n-gram model."""

MAX_ENCODED, ENCODED_SHARE = 64, 0.02
"""Texts that the encoder may judge: so many, or this share of the distinct English ones if that is more.

The likeliest first; the rest stay with the cheap stages. A cap that bound often would lower the
sensitivity on just the days with many posts of a sector, so undecided texts are rare by their threshold.
"""

LANGS = ("en", "zh")
FIRST_PERSON = "first_person"
"""Entry of the gazetteer that tells who writes rather than of what."""


@dataclass(frozen=True)
class Classified:
    """Labels of texts and how they were reached.

    Attributes:
        labels: (texts, labels) booleans in the order of ``LABELS``.
        counts: distinct, by_gazetteer, undecided, encoded.
        note: why the encoder was not used, or empty.
    """

    labels: NDArray[np.bool_]
    counts: dict[str, int]
    note: str = ""


def classify(
    texts: pl.Series, langs: pl.Series, *, use_encoder: bool = True, model: PostModel | None = None
) -> Classified:
    """Return the labels of texts.

    Args:
        texts: texts as they were posted.
        langs: 'en', 'zh' or 'other' per text; 'other' gets no label.
        use_encoder: let the encoder judge undecided English texts.
        model: weights; the packaged ones by default.
    """
    model = model or load()
    frame = pl.DataFrame({"text": texts, "lang": langs})
    out = np.zeros((len(frame), len(LABELS)), dtype=bool)
    counts = dict.fromkeys(("distinct", "by_gazetteer", "undecided", "encoded"), 0)
    note = ""
    for lang in LANGS:
        mine = frame.with_row_index("i").filter(pl.col("lang") == lang).with_columns(normalise(pl.col("text"), lang))
        distinct = mine.select(pl.col("text").unique(maintain_order=True)).with_row_index("d")
        if not len(distinct):
            continue
        judged = _judge(distinct["text"], lang, model, use_encoder)
        note = note or judged.note
        for key, value in judged.counts.items():
            counts[key] += value
        place = mine.join(distinct, on="text", how="left", maintain_order="left")["d"].to_numpy()
        out[mine["i"].to_numpy()] = judged.labels[place]
    return Classified(out, counts, note)


def _judge(texts: pl.Series, lang: str, model: PostModel, use_encoder: bool) -> Classified:
    """Return the labels of distinct texts of one language, in normal form."""
    strength, speaks = _strength(texts, lang)
    linear = model.linear[lang]
    odds = scores(texts.to_list(), lang, linear.weights, linear.bias)
    named = strength >= gazetteer.IN_CONTEXT
    bonus = BARE_BONUS * (strength == gazetteer.BARE)
    found = named | (odds + bonus >= linear.thresholds)
    counts = {"distinct": len(texts), "by_gazetteer": int(named.any(axis=1).sum()), "undecided": 0, "encoded": 0}
    if lang != "en":
        return Classified(_with_home_office(found, speaks), counts)
    possible = (odds + bonus).max(axis=1)
    undecided = np.flatnonzero(~found.any(axis=1) & (possible > model.probe.ask_above))
    counts["undecided"] = len(undecided)
    if not (use_encoder and len(undecided)):
        return Classified(_with_home_office(found, speaks), counts)
    most = max(MAX_ENCODED, int(ENCODED_SHARE * len(texts)))
    asked = undecided[np.argsort(-possible[undecided], kind="stable")[:most]]
    try:
        probed = probe_odds(texts.gather(asked).to_list(), model) + model.probe.mix * (odds + bonus)[asked]
    except encoder.EncoderAbsentError as error:
        return Classified(_with_home_office(found, speaks), counts, f"The encoder was left out: {error}.")
    found[asked] = probed >= model.probe.thresholds
    return Classified(_with_home_office(found, speaks), counts | {"encoded": len(asked)})


def _with_home_office(found: NDArray[np.bool_], speaks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return labels where remote work told in the first person, and not from an office, is a home office."""
    remote, home, office = (found[:, LABELS.index(label)] for label in ("remote_work", "home_office", "office"))
    home |= remote & speaks & ~office
    return found


def probe_odds(texts: Sequence[str], model: PostModel) -> NDArray[np.float32]:
    """Return the probe's log-odds of English texts, (texts, labels)."""
    return encoder.embed(texts) @ model.probe.weights + model.probe.bias


def _strength(texts: pl.Series, lang: str) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Return the gazetteer's strength per text and label, 0 where nothing was named, and who speaks of themselves."""
    columns = [*LABELS, FIRST_PERSON]
    out = np.zeros((len(texts), len(columns)), dtype=np.int8)
    hits = gazetteer.load()[lang].match(texts)
    column = hits["sector"].replace_strict(columns, list(range(len(columns))), return_dtype=pl.Int64)
    out[hits["row"].to_numpy(), column.to_numpy()] = hits["strength"].to_numpy()
    return out[:, : len(LABELS)], out[:, len(LABELS)] > 0
