"""The invented sentences: known labels, enough of each kind, and nothing measured on what was trained on."""

import re

import polars as pl
import pytest

from solarnet_assets.social.model import LABELS
from solarnet_assets.social.sentences import TRAP, read_sentences
from solarnet_assets.social.text import language
from solarnet_assets.storage.schemas import SECTORS

RUN = {"en": 22, "zh": 9}
"""Letters and digits in a row that no two sentences of the two sets share: a phrase, not a sentence's frame."""


def bare(text):
    return re.sub(r"[\W_]+", "", text.lower())


def runs(text, length):
    return {text[i : i + length] for i in range(len(text) - length + 1)}


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", ["training", "evaluation"])
def test_groups_are_labels_and_no_sentence_stands_twice(name, lang):
    texts, truth, groups = read_sentences(name, lang)
    for group, row in zip(groups, truth, strict=True):
        parts = group.split("+")
        assert set(parts) <= {*LABELS, "none", TRAP}
        assert len(parts) == len(set(parts))
        assert row.sum() == (0 if group in ("none", TRAP) else len(parts))
    assert TRAP not in groups or name == "evaluation"
    assert len({bare(text) for text in texts}) == len(texts)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_nothing_is_measured_on_what_was_trained_on(lang):
    trained, measured = (read_sentences(name, lang)[0] for name in ("training", "evaluation"))
    seen = set().union(*(runs(bare(text), RUN[lang]) for text in trained))
    assert [text for text in measured if runs(bare(text), RUN[lang]) & seen] == []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_evaluation_has_enough_of_each_kind(lang):
    _, truth, groups = read_sentences("evaluation", lang)
    positives = dict(zip(LABELS, truth.sum(axis=0).tolist(), strict=True))
    assert min(positives[sector] for sector in SECTORS) >= 25
    assert min(positives["home_office"], positives["office"]) >= 10
    assert groups.count("none") >= 150
    assert groups.count(TRAP) >= 100
    assert (truth[:, : len(SECTORS)].sum(axis=1) >= 2).sum() >= 10


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", ["training", "evaluation"])
def test_the_sentences_are_of_their_language(name, lang):
    texts = read_sentences(name, lang)[0]
    found = pl.DataFrame({"t": texts}).select(t=language(pl.col("t")))["t"]
    assert (found == lang).mean() > 0.995
