import gzip
import json
from io import StringIO

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from solarnet_assets.evaluating import app
from solarnet_assets.evaluation import posts as evaluation
from solarnet_assets.evaluation.posts_command import print_posts
from solarnet_assets.evaluation.posts_labels import invented, read_labels
from solarnet_assets.evaluation.posts_scores import label_score, score, wilson
from solarnet_assets.landing import BadInputError
from solarnet_assets.social.model import LABELS

GOOD = [
    {"text": "my FedEx parcel is late again", "labels": ["express_delivery"]},
    {"text": "Bread, soup, sleep", "labels": [], "lang": "en"},
    {"text": "快递小哥把包裹放在门口", "labels": ["express_delivery"]},
    {"text": "外面下雪了，好美", "labels": []},
]


@pytest.fixture
def put(tmp_path):
    def _put(rows, name="labels.jsonl"):
        path = tmp_path / name
        text = "\n".join(row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows)
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return path

    return _put


def shown(*args):
    console = Console(width=160, record=True, file=StringIO())
    print_posts(*args, console)
    return console.export_text()


@pytest.mark.parametrize("name", ["labels.jsonl", "labels.jsonl.gz"])
def test_posts_with_labels_are_read(put, name):
    posts = read_labels(put(GOOD, name))
    assert posts.langs.to_list() == ["en", "en", "zh", "zh"]
    assert posts.truth[:, LABELS.index("express_delivery")].tolist() == [True, False, True, False]
    assert "home_office" not in posts.scored
    assert posts.refused == {}


def test_what_cannot_be_used_is_counted_by_reason(put):
    bad = ["{", "[1]", {"labels": []}, {"text": "a b c", "labels": "gaming"}, {"text": "a", "labels": ["golf"]},
           {"text": "a", "labels": [], "lang": 3}, {"text": "Привет мир", "labels": []}, ""]  # fmt: skip
    posts = read_labels(put([*GOOD, *bad]))
    assert len(posts.texts) == 4
    assert posts.refused == {
        "not JSON": 1, "no text": 2, "labels is not a list": 1, "unknown label 'golf'": 1, "lang is not a string": 1,
        "language other is not judged or not asked for": 1,
    }  # fmt: skip
    english = read_labels(put(GOOD), ["en"])
    assert len(english.texts) == 2
    assert sum(english.refused.values()) == 2


def test_a_file_of_which_nothing_can_be_used_is_refused(put, tmp_path):
    with pytest.raises(BadInputError, match="no post that can be scored: 1 x not JSON"):
        read_labels(put(["nonsense"]))
    with pytest.raises(BadInputError, match="it is empty"):
        read_labels(put([]))
    with pytest.raises(BadInputError, match="cannot be read"):
        read_labels(tmp_path / "none.jsonl")
    (tmp_path / "broken.gz").write_bytes(b"\x1f\x8b\x08broken")
    with pytest.raises(BadInputError, match="cannot be read"):
        read_labels(tmp_path / "broken.gz")
    (tmp_path / "latin.jsonl").write_bytes("é".encode("latin-1"))
    with pytest.raises(BadInputError, match="cannot be read"):
        read_labels(tmp_path / "latin.jsonl")


def test_scores_match_a_count_by_hand():
    truth = np.array([[1, 0], [1, 1], [0, 0], [0, 0]], dtype=bool)
    said = np.array([[1, 0], [0, 1], [0, 1], [0, 0]], dtype=bool)
    found = score(truth, said)
    assert found.micro.value == pytest.approx(2 * 2 / (2 * 2 + 2))
    assert found.macro.value == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert found.kept_out.value == 0.5
    assert (found.posts, found.unrelated) == (4, 2)
    assert found.micro.lower <= found.micro.value <= found.micro.upper
    one = label_score(truth[:, 1], said[:, 1])
    assert (one.precision.value, one.recall.value) == (0.5, 1.0)
    assert score(truth, said) == found


def test_macro_leaves_out_labels_that_no_post_has():
    truth = np.zeros((10, 3), dtype=bool)
    truth[:5, 0] = True
    assert score(truth, truth).macro.value == 1.0
    nothing = score(np.zeros((3, 2), dtype=bool), np.zeros((3, 2), dtype=bool))
    assert np.isnan(nothing.micro.value)
    assert nothing.kept_out.value == 1.0


def test_wilson_interval():
    share = wilson(9, 10)
    assert (round(share.lower, 3), round(share.upper, 3)) == (0.652, 0.977)
    assert str(wilson(0, 0)) == "-"


def test_intervals_hold_the_truth():
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(40):
        truth = rng.random((150, 1)) < 0.4
        said = np.where(rng.random((150, 1)) < 0.2, ~truth, truth)
        micro = score(truth, said).micro
        held += micro.lower <= 2 * 0.32 / (0.4 + 0.44) <= micro.upper
    assert 31 <= held <= 40


def test_the_table_shows_simpler_ones_beside_it(put):
    text = shown(put([*GOOD, "{"]), ["en", "zh"], None, False)
    assert "refused: 1 x not JSON" in text
    for name in ("this classifier", "plain names alone", "n-grams alone"):
        assert name in text
    assert "zero-shot" not in text
    assert "1.000" in text


def test_the_encoder_stands_beside_it_in_its_own_language_only(put, monkeypatch):
    asked = []

    def embed(texts, spec):
        asked.extend(texts)
        return np.eye(384, dtype=np.float32)[np.arange(len(texts)) % 384]

    monkeypatch.setattr(evaluation.encoder, "embed", embed)
    report = evaluation.evaluate(read_labels(put(GOOD)))
    rows = [(lang, one.name) for lang, one, _ in report.scores()]
    assert ("en", evaluation.ZERO_SHOT) in rows
    assert not {("zh", evaluation.ZERO_SHOT), ("all", evaluation.ZERO_SHOT)} & set(rows)
    assert not any("快递" in text for text in asked)


def test_the_invented_set_is_shown_as_invented():
    posts = invented()
    assert len(posts.texts) >= 800
    assert "home_office" in posts.scored
    text = shown(None, ["zh"], None, False)
    assert "invented for this project" in text
    assert "home_office" in text


def test_long_texts_are_judged(put):
    long = "这是一款记录天气的应用，可以看天气预报。" * 500
    text = shown(put([{"text": long, "labels": []}, *GOOD]), ["en", "zh"], None, False)
    assert "5 posts" in text


def test_arguments_and_files_are_checked(put, tmp_path):
    assert CliRunner().invoke(app, ["posts", "--languages", "fr"]).exit_code == 2
    done = CliRunner().invoke(app, ["posts", "--labels", str(put(GOOD)), "--weights", str(tmp_path)])
    assert isinstance(done.exception, BadInputError)


def test_hostile_lines_and_files_are_refused(put, tmp_path, monkeypatch):
    odd = ['{"text": "zoom \\ud800", "labels": [], "lang": "en"}', '{"text": "a", "labels": [{}], "lang": "en"}']
    posts = read_labels(put([*GOOD, *odd, '{"text": "a", "labels": [], "lang": "\\udcff\\u001b"}']))
    assert len(posts.texts) == 5
    assert all(text.encode() for text in posts.texts)
    data = bytearray(gzip.compress(json.dumps(GOOD).encode() * 500))
    data[30:60] = bytes(30)
    (tmp_path / "rotten.gz").write_bytes(data)
    with pytest.raises(BadInputError, match="cannot be read"):
        read_labels(tmp_path / "rotten.gz")
    monkeypatch.setattr("solarnet_assets.evaluation.posts_labels.MAX_LINE", 100)
    monkeypatch.setattr("solarnet_assets.evaluation.posts_labels.MAX_CHARS", 9999)
    assert read_labels(put([*GOOD, "x" * 300])).refused["not JSON"] == 3, "in pieces"
    with pytest.raises(BadInputError, match="more than 9,999 characters"):
        read_labels(put(["x" * 20_000], "bomb.jsonl.gz"))
