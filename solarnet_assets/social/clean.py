"""Which posts count: reposts, copies, campaigns and accounts that post like machines are set aside.

What people write alike ('working from home today', a headline, a chain letter) counts; ``accounts`` and
``campaigns`` say what speaks against an account or a text. Reasons, in the order in which they are given:

* ``high-rate account``, ``sleepless account``, ``clockwork account``, ``repeating account``,
  ``synchronised account``: nothing of the account counts that day;
* ``repost``: a boost, a retweet, or a text that quotes another with hardly a word of its own;
* ``campaign``: one text by many accounts that sells, hides or is repeated; nobody's copy counts;
* ``advertisement``: it sells, with a link, a price or an account; who sells does not tell what people do;
* ``copy``: the same long text again by the same account.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import polars as pl

from solarnet_assets.social import accounts
from solarnet_assets.social.campaigns import campaigns, has_terms, sells
from solarnet_assets.social.copies import clusters, keys

RETWEET = r"^RT @\w+"
QUOTED = r"(?s)//@[^:：\s/]{1,40}[:：].*"
"""How retweets begin, and how Weibo's clients put what is passed on behind a comment."""

OWN_LETTERS = 8
"""Letters of a comment from which a repost counts as a post: 'so true' says nothing of its own. Ours."""

LONG_LETTERS = {"zh": 16, "en": 40, "other": 40}
"""Letters from which two equal texts are copies rather than chance, by language. Ours."""

LINKED_LETTERS = {"zh": 8, "en": 16, "other": 16}
"""Likewise for a text that advertises or bears a link: who advertises says little beside the link. Ours."""


SAME_SECOND = 20
"""Posts, or a thousandth of the day's, that may share a second; of more the time is not known but for the day."""


MOMENTS = 20
"""What comes at once takes at most this part of the time that was scraped: in ten minutes everything comes at once."""

SHARES = ("similar", "campaign_repeats")


@dataclass(frozen=True)
class Cleaning:
    """Limits of the rules; where nothing else is said they are ours.

    Attributes:
        posts_a_day: own posts above which an account is automated (Howard and Kollanyi 2016).
        awake_posts: own posts from which an account must sleep, ``sleep_hours`` at a stretch.
        sleep_hours: the least pause of a person.
        timed_posts: own posts, or hours with one, from which regularity is looked for.
        burstiness: at most that of a clock; -0.5 is a standard deviation of a third of the mean gap.
        phase_evidence: n R^2 of Rayleigh's test from which minutes are not chance.
        repeats: near-duplicates of one text by one account above which it repeats itself.
        window: seconds within which two accounts post together (Keller et al. 2020).
        crowd: posts of one text in a window above which it is merely popular.
        together: weight of shared moments from which two accounts are synchronised.
        similar: Jaccard similarity of near-duplicates.
        campaign_users: accounts from which a text may be a campaign.
        at_once: seconds within which nine tenths of a text's copies come at once.
        campaign_repeats: share of accounts that repeat it from which a text is one.
    """

    posts_a_day: int = 50
    awake_posts: int = 20
    sleep_hours: float = 5.0
    timed_posts: int = 8
    burstiness: float = -0.5
    phase_evidence: float = 8.0
    repeats: int = 4
    window: int = 60
    crowd: int = 15
    together: float = 2.0
    similar: float = 0.5
    campaign_users: int = 5
    at_once: int = 300
    campaign_repeats: float = 0.25


def _length(marked: pl.DataFrame) -> float:
    """Return seconds from the first to the last post whose time is known; 0 where none is."""
    seconds = marked.filter("timed")["second"].cast(pl.Float64)
    return seconds.max() - seconds.min() if len(seconds) else 0.0  # type: ignore[operator, return-value]


def own_words(text: pl.Expr) -> pl.Expr:
    """Return a text without what it quotes: those are the words of somebody else."""
    return text.str.replace(QUOTED, "")


def limits_of(named: Mapping[str, float]) -> Cleaning:
    """Return the limits with some of them set.

    Raises:
        ValueError: a name is unknown, or a number is not of its kind (whole, positive; burstiness -1 to 1).
    """
    usual = {field.name: field.default for field in fields(Cleaning)}
    if unknown := sorted(set(named) - set(usual)):
        raise ValueError(f"unknown limit {unknown[0]}; known are {', '.join(usual)}")
    for name, value in named.items():
        low, high = (-1.0, 1.0) if name == "burstiness" else (0.0, 1.0) if name in SHARES else (1e-9, 1e9)
        if not low <= value <= high or (isinstance(usual[name], int) and value != int(value)):
            raise ValueError(f"limit {name} cannot be {value:g}")
    whole = {name: int(value) if isinstance(usual[name], int) else value for name, value in named.items()}
    return Cleaning(**whole)  # type: ignore[arg-type]


def clean(posts: pl.DataFrame, limits: Cleaning | None = None) -> pl.DataFrame:
    """Return the posts with the columns ``kept`` (bool) and ``dropped`` (reason or null).

    Args:
        posts: one day in the lake schema ``posts``; the order of rows is kept and does not matter.
        limits: of the rules.
    """
    limits = limits or Cleaning()
    marked = _marked(posts, limits)
    own = marked.filter(~pl.col("repost"))
    unlike = _unlike_people(marked, own, limits)
    at_once = min(limits.at_once, _length(marked) / MOMENTS)
    sold = campaigns(own, limits.campaign_users, limits.campaign_repeats, at_once)
    first = pl.col("post") == pl.col("post").sort_by("time", "post").first().over("user", "repost", "_key")
    reason = pl.coalesce(
        pl.col("_account"),
        pl.when("repost").then(pl.lit("repost")),
        pl.when(pl.col("cluster").is_in(sold["cluster"].implode())).then(pl.lit("campaign")),
        pl.when(pl.col("sells") & has_terms(pl.col("text"))).then(pl.lit("advertisement")),
        pl.when(pl.col("cluster").is_not_null() & ~first).then(pl.lit("copy")),
    )
    found = marked.join(unlike, on="user", how="left", maintain_order="left").select(dropped=reason)
    return posts.with_columns(found["dropped"]).with_columns(kept=pl.col("dropped").is_null())


def _marked(posts: pl.DataFrame, limits: Cleaning) -> pl.DataFrame:
    """Return the posts with what the rules look at: key and cluster of the text, repost or own, second of the day."""
    text, letters = pl.col("text"), pl.col("_key").str.len_chars()
    linked = text.str.contains(r"https?://|t\.cn/|网页链接") | pl.col("sells")
    least = pl.when(linked).then(_least(LINKED_LETTERS)).otherwise(_least(LONG_LETTERS))
    most = max(SAME_SECOND, posts.height // 1000)
    marked = (
        posts.with_columns(_said=own_words(text))
        .with_columns(repost=pl.col("repost") | text.str.contains(RETWEET) | _only_quotes())
        .with_columns(text=pl.when("repost").then("text").otherwise("_said"), second=pl.col("time").dt.epoch("s"))
        .select("post", "user", "time", "text", "lang", "repost", "second", _key=keys(text), sells=sells(text))
        .with_columns(_long=letters >= least, timed=pl.len().over("second") <= most)
    )
    named = clusters(marked.filter("_long").select(key="_key", lang="lang").unique(), limits.similar)
    found = marked.join(named.unique("key"), left_on="_key", right_on="key", how="left", maintain_order="left")
    return found.with_columns(cluster=pl.when("_long").then("cluster"))


def _only_quotes() -> pl.Expr:
    """Return whether a post passes something on with hardly a word of its own."""
    return (pl.col("_said") != pl.col("text")) & (keys(pl.col("_said")).str.len_chars() < OWN_LETTERS)


def _least(letters: Mapping[str, int]) -> pl.Expr:
    return pl.col("lang").replace_strict(letters, default=letters["other"], return_dtype=pl.Int64)


def _unlike_people(marked: pl.DataFrame, own: pl.DataFrame, limits: Cleaning) -> pl.DataFrame:
    """Return ``user`` and the first reason (``_account``) for which an account does not count."""
    mine = own.filter("timed")
    shared = marked.filter(pl.col("cluster").is_not_null() & pl.col("timed"))
    found = {
        "high-rate account": accounts.high_rate(own, limits.posts_a_day),
        "sleepless account": accounts.sleepless(mine, limits.awake_posts, limits.sleep_hours),
        "clockwork account": accounts.regular(mine, limits.timed_posts, limits.burstiness, limits.phase_evidence),
        "repeating account": accounts.repeating(own, limits.repeats),
        "synchronised account": accounts.synchronised(shared, limits.window, limits.crowd, limits.together),
    }
    rows = [
        users.cast(pl.UInt64).to_frame("user").with_columns(_account=pl.lit(reason)) for reason, users in found.items()
    ]
    return pl.concat(rows).unique("user", keep="first", maintain_order=True)


def drop_table(labels: pl.DataFrame) -> pl.DataFrame:
    """Return one row per reason: ``reason``, ``posts``, ``users``, and the shares of the day's posts and users.

    Args:
        labels: anything with ``user`` and ``dropped``; users may have posts under several reasons.
    """
    all_users = max(labels["user"].n_unique(), 1)
    counted = labels.filter(pl.col("dropped").is_not_null()).group_by(reason="dropped")
    return counted.agg(posts=pl.len(), users=pl.col("user").n_unique()).with_columns(
        posts_percent=100.0 * pl.col("posts") / max(labels.height, 1), users_percent=100.0 * pl.col("users") / all_users
    ).sort("posts", "reason", descending=[True, False])  # fmt: skip


def drop_counts(cleaned: pl.DataFrame) -> Mapping[str, int]:
    """Return the number of posts per reason, most frequent first."""
    return dict(drop_table(cleaned).select("reason", "posts").iter_rows())
