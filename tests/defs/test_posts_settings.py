from pathlib import Path

import pytest

from solarnet_assets.config import Posts, load_config
from solarnet_assets.defs.social import judging, known_errors
from solarnet_assets.landing import BadInputError
from solarnet_assets.social.classify import Settings
from solarnet_assets.social.encoder import Spec
from solarnet_assets.social.model import operating


def configured(tmp_path, text):
    file = tmp_path / "config.yaml"
    file.write_text(text)
    return load_config(file).posts


def test_by_default_the_packaged_classifier_judges():
    assert judging(Posts()) == Settings()
    assert known_errors(Posts()) == operating()["evaluation"]


def test_encoder_weights_and_gazetteer_may_be_ones_own(tmp_path):
    posts = configured(
        tmp_path,
        "posts:\n  encoder: {model: someone/multilingual, langs: [en, zh], dtype: float32, device: cpu}\n"
        "  weights: mine\n  gazetteer: more.yaml\n",
    )
    spec = Spec("someone/multilingual", langs=("en", "zh"), dtype="float32", device="cpu")
    assert judging(posts) == Settings(spec, tmp_path / "mine", tmp_path / "more.yaml")


def test_without_the_encoder_its_error_rates_are_others(tmp_path):
    posts = configured(tmp_path, "posts: {encoder: false}\n")
    assert judging(posts).encoder is None
    assert known_errors(posts) == operating()["evaluation_without_encoder"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("posts: {encoder: {langs: [fr]}}", "posts.encoder"),
        ("posts: {encoder: {sha256: abc}}", "posts.encoder"),
        ("posts: {encoder: {dtype: int4}}", "posts.encoder"),
        ("posts: {weight: here}", "posts.weight"),
    ],
)
def test_bad_settings_name_the_field(tmp_path, text, message):
    with pytest.raises(BadInputError, match=message):
        configured(tmp_path, text)


def test_weights_that_are_nowhere_are_refused():
    with pytest.raises(BadInputError, match="cannot be read"):
        known_errors(Posts(weights=Path("/nowhere")))
