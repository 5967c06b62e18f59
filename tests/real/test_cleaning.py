"""What cleaning removes from real posts; docs/posts.md says what was read and what changed after."""

import os
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from solarnet_assets.landing import RawFile
from solarnet_assets.social.clean import clean, drop_counts
from solarnet_assets.social.readers import read_posts

REAL = Path(os.environ.get("SOLARNET_REAL", Path(__file__).parents[3] / "shared" / "real")) / "posts"
pytestmark = [pytest.mark.real, pytest.mark.skipif(not REAL.is_dir(), reason="no real data here")]


@pytest.mark.parametrize(
    ("name", "reposts", "rest"), [("weibo_ncov.csv", (0.10, 0.25), 0.005), ("tweets_corona.csv", (0.0, 0.02), 0.005)]
)
def test_hardly_anything_but_reposts_falls(name, reposts, rest, record_property):
    first = pl.read_csv(REAL / name, infer_schema=False)["created_at"].str.slice(0, 10)
    days = [date.fromisoformat(day) for day in first.unique().sort()]
    frames = [read_posts([RawFile(REAL / name, name, whole=True)], day, {"hash_key": b"test"}).frame for day in days]
    cleaned = pl.concat([clean(frame) for frame in frames if frame.height])
    counts = dict(drop_counts(cleaned))
    for reason, posts in counts.items():
        record_property(reason, posts)
    low, high = reposts
    assert low <= counts.pop("repost", 0) / cleaned.height <= high
    assert sum(counts.values()) / cleaned.height < rest
