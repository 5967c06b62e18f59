"""Which posts count: reposts, copies, campaigns and accounts that post like machines are set aside.

Rules, in the order in which they are given as a reason:

* ``high-rate account``: more than ``MAX_POSTS`` posts of one user on one day.
* ``repeating account``: the same text (links, mentions, digits aside) more than ``MAX_REPEATS`` times.
* ``campaign``: one long text, or one text with a link, by at least ``CAMPAIGN_USERS`` users on one day; nobody's
  copy counts.
* ``repost``: a boost or retweet; what somebody else wrote.
* ``copy``: the same long text again by the same user.

Short texts that people write alike ('working from home today') are nobody's copy.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from solarnet_assets.social.text import fingerprint

MAX_POSTS = 20
MAX_REPEATS = 4
CAMPAIGN_USERS = 5
LINKED_LETTERS = 8
"""Letters from which a text with a link is a copy: who advertises says little beside the link."""

LONG_LETTERS = {"zh": 16, "en": 40, "other": 40}
"""Letters from which two equal texts are copies rather than chance, by language."""


def clean(posts: pl.DataFrame) -> pl.DataFrame:
    """Return the posts with the columns ``kept`` (bool) and ``dropped`` (reason or null).

    Args:
        posts: one day in the lake schema ``posts``; the order of rows is kept.
    """
    key = fingerprint(pl.col("text"))
    least = pl.col("lang").replace_strict(LONG_LETTERS, default=40, return_dtype=pl.Int64)
    linked = pl.col("text").str.contains(r"https?://|t\.cn/|网页链接|[Vv]信|加[Vv微]")
    marked = posts.with_columns(_key=key).with_columns(
        _long=pl.col("_key").str.len_chars() >= pl.when(linked).then(LINKED_LETTERS).otherwise(least)
    )
    own = pl.col("_long") & ~pl.col("repost")
    reason = (
        pl.when(pl.len().over("user") > MAX_POSTS)
        .then(pl.lit("high-rate account"))
        .when(pl.col("_long") & (pl.len().over("user", "_key") > MAX_REPEATS))
        .then(pl.lit("repeating account"))
        .when(own & (pl.col("user").filter(~pl.col("repost")).n_unique().over("_key") >= CAMPAIGN_USERS))
        .then(pl.lit("campaign"))
        .when(pl.col("repost"))
        .then(pl.lit("repost"))
        .when(pl.col("_long") & ~pl.struct("user", "_key").is_first_distinct())
        .then(pl.lit("copy"))
    )
    return marked.with_columns(dropped=reason).with_columns(kept=pl.col("dropped").is_null()).drop("_key", "_long")


def drop_counts(cleaned: pl.DataFrame) -> Mapping[str, int]:
    """Return the number of posts per reason, most frequent first."""
    counts = cleaned.filter(~pl.col("kept")).group_by("dropped").len().sort("len", "dropped", descending=[True, False])
    return dict(counts.iter_rows())
