import json

import numpy as np
import polars as pl
import pytest
from safetensors.numpy import load_file
from typer.testing import CliRunner

from solarnet_assets.landing import BadInputError
from solarnet_assets.social import encoder, train
from solarnet_assets.social.classify import Settings, classify
from solarnet_assets.social.encoder import Spec
from solarnet_assets.social.held_out import error_counts, held_out
from solarnet_assets.social.model import LABELS, load
from solarnet_assets.social.sentences import lengthened, normal_forms, read_sentences
from solarnet_assets.training import app


def test_training_and_evaluation_share_no_sentence():
    for lang in ("en", "zh"):
        seen = set(normal_forms(read_sentences("training", lang)[0], lang))
        held = normal_forms(read_sentences("evaluation", lang)[0], lang)
        assert not seen & set(held)
        assert len(held) >= 400


def test_the_recorded_error_rates_are_those_of_the_package():
    model = load()
    for lang in ("en", "zh"):
        now = error_counts(held_out(model, lang, Settings(encoder=None)).labels, lang)
        assert now == model.operating["evaluation_without_encoder"][lang]


def test_most_unrelated_posts_of_the_evaluation_set_stay_out():
    for lang in ("en", "zh"):
        said = held_out(load(), lang, Settings(encoder=None)).labels
        _, truth, _ = read_sentences("evaluation", lang)
        assert said[~truth.any(axis=1)].any(axis=1).mean() < 0.1
        assert (said & truth).sum() > 0.5 * truth.sum()


def test_thresholds_keep_unrelated_sentences_out():
    truth = np.zeros((1000, 2), dtype=bool)
    probability = np.stack([np.linspace(0, 0.99, 1000), np.zeros(1000)], axis=1).astype(np.float32)
    least = train.threshold(probability, truth)
    assert (probability[:, 0] >= least).mean() == pytest.approx(1 - train.KEPT_OUT, abs=0.002)
    assert train.threshold(probability / 10, truth) == train.LEAST


def test_longer_forms_hold_the_sentence_and_its_labels():
    texts = [" the parcel ", " the sea ", " the sky ", " the moon "]
    truth = np.zeros((4, len(LABELS)), dtype=bool)
    truth[0, 0] = True
    fold = np.array([0, 0, 1, 1])
    longer, labels, folds = lengthened(texts, truth, fold, 2)
    assert longer[:4] == texts
    assert len(longer) == len(labels) == len(folds) == 12
    for i, text in enumerate(longer[4:]):
        assert texts[i % 4] in text
        assert len(text) > len(texts[i % 4])
        others = [" the sea "] if fold[i % 4] == 0 else [" the sky ", " the moon "]
        assert any(other in text.replace(texts[i % 4].rstrip(), "", 1) for other in others)
    assert labels[:, 0].tolist() == [True, False, False, False] * 3


@pytest.fixture
def few(monkeypatch):
    """Train on few sentences, with few folds."""
    real = train.read_sentences

    def read(name, lang):
        texts, truth, groups = real(name, lang)
        if name != "training":
            return texts, truth, groups
        chosen = np.unique(
            np.concatenate([*(np.flatnonzero(column)[:4] for column in truth.T), np.arange(0, len(texts), 40)])
        )
        return [texts[i] for i in chosen], truth[chosen], [groups[i] for i in chosen]

    monkeypatch.setattr(train, "read_sentences", read)
    monkeypatch.setattr(train, "FOLDS", 2)
    monkeypatch.setattr(train, "COPIES", 1)


def test_the_same_sentences_give_the_same_files(few, tmp_path):
    model = train.train_model(None)
    again = train.train_model(None)
    for name, one in (("a", model), ("b", again)):
        train.save(one, {"evaluation": {}}, tmp_path / name)
    for file in ("weights.safetensors", "operating.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    assert "en.probe.bias" not in load_file(tmp_path / "a" / "weights.safetensors")
    assert json.loads((tmp_path / "a" / "operating.json").read_text())["encoder"] == {}
    assert load(tmp_path / "a").judges["zh"].cheap.slopes.shape == model.judges["zh"].cheap.slopes.shape


def test_another_encoder_drops_in_for_both_languages(few, tiny, tmp_path, monkeypatch):
    spec = Spec(model=str(tiny), dtype="float32", langs=("en", "zh"), max_tokens=16)
    measured = train.train(tmp_path / "out", spec)
    assert set(measured["evaluation"]) == {"en", "zh"}
    asked = []
    monkeypatch.setattr(encoder, "embed", lambda texts, spec: asked.extend(texts) or np.zeros((len(texts), 16)))
    texts, _, _ = read_sentences("evaluation", "zh")
    done = classify(pl.Series(texts), pl.Series(["zh"] * len(texts)), Settings(spec, tmp_path / "out"))
    assert 0 < done.counts["encoded"] == len(asked)
    with pytest.raises(BadInputError, match=r"fitted on .* \(en, zh\)"):
        classify(pl.Series(["parcel"]), pl.Series(["en"]), Settings(Spec(), tmp_path / "out"))


def test_an_encoder_of_ones_own_needs_a_folder_of_its_own():
    done = CliRunner().invoke(app, ["posts", "--encoder", "someone/else"])
    assert done.exit_code == 2
    done = CliRunner().invoke(app, ["posts", "--langs", "fr"])
    assert done.exit_code == 2
