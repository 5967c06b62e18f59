import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from solarnet_assets.landing import RawFile

sys.path.append(str(Path(__file__).parent))  # test modules share made_shares.py


@pytest.fixture
def put(tmp_path):
    """Write a file (text or bytes) and return it as a source would offer it."""

    def _put(name, content, whole=False, owns_undated=True):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return RawFile(path, name, whole, owns_undated)

    return _put


def _tweet(key=1, user="ann", text="hello world", when="2020-02-10T08:00:00+00:00", **more):
    item = {"_type": "snscrape.modules.twitter.Tweet", "id": key, "user": {"username": user}, "date": when}
    return json.dumps({**item, "rawContent": text, **more}, ensure_ascii=False)


def _posts_frame(rows):
    """Return a ``posts`` table from (user, text, lang) or (user, text, lang, repost)."""
    full = [(i, r[0], datetime(2020, 2, 10, tzinfo=UTC), r[1], r[2], r[3] if len(r) > 3 else False, "twitter")
            for i, r in enumerate(rows)]  # fmt: skip
    kinds = [pl.UInt64, pl.UInt64, pl.Datetime("us", "UTC"), pl.String, pl.String, pl.Boolean, pl.String]
    names = ["post", "user", "time", "text", "lang", "repost", "network"]
    return pl.DataFrame(full, schema=dict(zip(names, kinds, strict=True)), orient="row")


@pytest.fixture
def tweet():
    return _tweet


@pytest.fixture
def posts_frame():
    return _posts_frame


WORDS_OF_TINY = "[PAD] [UNK] [CLS] [SEP] a cat sat on the mat stock fell 快 递 到 了"


@pytest.fixture
def tiny(tmp_path):
    """A folder with a small random encoder that knows a few words of both languages."""
    transformers = pytest.importorskip("transformers")
    import torch

    torch.manual_seed(0)
    (tmp_path / "vocab.txt").write_text("\n".join(WORDS_OF_TINY.split()), encoding="utf-8")
    transformers.BertTokenizerFast(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    config = transformers.BertConfig(
        vocab_size=len(WORDS_OF_TINY.split()),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
    )
    transformers.BertModel(config).save_pretrained(tmp_path)
    return tmp_path
