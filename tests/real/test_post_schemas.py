"""Every schema that snscrape 0.7.0 writes, and an old export, in every wrapping that they come in."""

import gzip
import json
import os
from datetime import date
from pathlib import Path

import pytest

from solarnet_assets.landing import RawFile
from solarnet_assets.social.formats import FORMATS, read_line
from solarnet_assets.social.readers import read_posts

REAL = Path(os.environ.get("SOLARNET_REAL", Path(__file__).parents[3] / "shared" / "real")) / "posts"
pytestmark = [pytest.mark.real, pytest.mark.skipif(not REAL.is_dir(), reason="no real data here")]

EXPORT, DAY = "snscrape_export_2020.jsonl", date(2020, 7, 1)


def lines(name):
    return [line for line in (REAL / name).read_text(encoding="utf-8").split("\n") if line.strip()]


def test_every_line_of_every_schema_is_a_post_with_author_and_time():
    found = lines("snscrape_schemas_0.7.0.jsonl")
    posts = [read_line(line.encode()) for line in found]
    assert {json.loads(line)["_type"] for line in found} <= set(FORMATS)
    assert all(post.key and post.time and post.text for post in posts)
    assert sum(not post.user for post in posts) == 1  # a Reddit comment whose author is gone
    assert sum(post.repost for post in posts) == 1


@pytest.mark.parametrize(
    ("name", "wrap"),
    [
        ("a.jsonl", lambda some: "\n".join(some).encode("utf-16")),
        ("a.jsonl", lambda some: "\r\n".join(some).encode("utf-16-le")),
        ("a.jsonl.gz", lambda some: gzip.compress("\n".join(some).encode("utf-8-sig"))),
        ("a.json", lambda some: f"[{','.join(some)}]".encode()),
        ("a.jsonl", lambda some: "\n".join(json.dumps(json.loads(one)) for one in some).encode()),
    ],
    ids=["utf16", "utf16 without mark", "gzip", "array", "escaped"],
)
def test_the_export_reads_alike_in_every_wrapping(tmp_path, name, wrap):
    plain = read_posts([RawFile(REAL / EXPORT, EXPORT)], DAY, {"hash_key": b"test"})
    (tmp_path / name).write_bytes(wrap(lines(EXPORT)))
    again = read_posts([RawFile(tmp_path / name, name)], DAY, {"hash_key": b"test"})
    assert again.frame.equals(plain.frame)
    assert again.frame.height == again.n_in == 100


def test_twscrape_writes_the_same_type_without_content(tmp_path):
    items = [json.loads(line) for line in lines(EXPORT)]
    for item in items:
        item["rawContent"] = item.pop("content")
        item["id_str"], item["date"] = str(item["id"]), item["date"].replace("T", " ")
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, items)))
    again = read_posts([RawFile(tmp_path / "a.jsonl", "a.jsonl")], DAY, {"hash_key": b"test"})
    assert again.frame.equals(read_posts([RawFile(REAL / EXPORT, EXPORT)], DAY, {"hash_key": b"test"}).frame)
