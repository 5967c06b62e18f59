"""The record formats of posts: every ``_type`` that snscrape writes, twscrape's variant, and plain CSV rows.

snscrape is above all a file format: ``_type`` names the dataclass of an item. Old Tweets have
``content``, new ones ``rawContent``; twscrape writes the same ``_type`` without ``content``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class RawPost(NamedTuple):
    """One post before anything was judged.

    Attributes:
        network: twitter, weibo, mastodon, telegram, reddit, vk or csv.
        key: id of the post within its network; empty where the item has none.
        user: id of the author within the network; empty where the item has none.
        time: time as it stands in the file.
        text: text of the post, of the original for a repost.
        repost: a boost or retweet of somebody else's text.
    """

    network: str
    key: str
    user: str
    time: Any
    text: Any
    repost: bool


class FormatUnknownError(ValueError):
    """The record is of no known format; the message completes the sentence 'the line ...'."""


Item = Mapping[str, Any]


def _first(item: Item, *names: str) -> Any:
    for name in names:
        value = item.get(name)
        if value not in (None, ""):
            return value
    return ""


def _user(item: Item, *names: str) -> str:
    user = item.get("user")
    return str(_first(user, *names)) if isinstance(user, dict) else ""


def _tweet(item: Item) -> RawPost:
    original = item.get("retweetedTweet")
    source = original if isinstance(original, dict) else item
    text = _first(source, "rawContent", "content", "renderedContent")
    key = str(_first(item, "id", "id_str", "url"))
    repost = source is not item or (isinstance(text, str) and text.startswith("RT @"))
    return RawPost("twitter", key, _user(item, "id", "id_str", "username"), item.get("date"), text, repost)


def _weibo(item: Item) -> RawPost:
    original = item.get("repostedPost")
    text = item.get("text")
    repost = isinstance(original, dict) and text in (None, "", "转发微博")
    if isinstance(original, dict) and repost:
        text = original.get("text")
    key = str(_first(item, "id", "url"))
    return RawPost("weibo", key, _user(item, "uid", "screenname"), item.get("createdAt"), text, repost)


def _toot(item: Item) -> RawPost:
    key = str(_first(item, "id", "url"))
    return RawPost("mastodon", key, _user(item, "account", "url"), item.get("date"), item.get("text"), False)


def _boost(item: Item) -> RawPost:
    """A boost has neither id nor time of its own: both are those of the toot, the user is who boosts."""
    toot = item.get("toot")
    for _ in range(3):
        if isinstance(toot, dict) and isinstance(toot.get("toot"), dict):
            toot = toot["toot"]
    if not isinstance(toot, dict):
        raise FormatUnknownError("is a boost without the toot that it boosts")
    inner, user = _toot(toot), _user(item, "account", "url")
    return inner._replace(key=f"boost:{user}:{inner.key}", user=user, repost=True)


def _telegram(item: Item) -> RawPost:
    url = str(item.get("url") or "")
    channel = url.rstrip("/").split("/")[-2] if url.count("/") > 2 else ""
    return RawPost("telegram", url, channel, item.get("date"), item.get("content"), False)


def _submission(item: Item) -> RawPost:
    parts = [p for p in (item.get("title"), item.get("selftext")) if isinstance(p, str) and p]
    key, user = str(_first(item, "id", "url")), str(_first(item, "author"))
    return RawPost("reddit", key, user, _first(item, "date", "created"), "\n".join(parts), False)


def _comment(item: Item) -> RawPost:
    key, user = str(_first(item, "id", "url")), str(_first(item, "author"))
    return RawPost("reddit", key, user, _first(item, "date", "created"), item.get("body"), False)


def _vk(item: Item) -> RawPost:
    url = str(item.get("url") or "")
    wall = url.rpartition("/wall")[2].partition("_")[0] if "/wall" in url else ""
    return RawPost("vk", url, wall, item.get("date"), item.get("content"), False)


FORMATS: dict[str, Callable[[Item], RawPost]] = {
    "snscrape.modules.twitter.Tweet": _tweet,
    "snscrape.modules.weibo.Post": _weibo,
    "snscrape.modules.mastodon.Toot": _toot,
    "snscrape.modules.mastodon.Boost": _boost,
    "snscrape.modules.telegram.TelegramPost": _telegram,
    "snscrape.modules.reddit.Submission": _submission,
    "snscrape.modules.reddit.Comment": _comment,
    "snscrape.modules.vkontakte.VKontaktePost": _vk,
}
"""``_type`` -> how a post is read from it."""


def read_item(item: object) -> RawPost:
    """Return the post in one decoded JSON line.

    Raises:
        FormatUnknownError: if the line is no object, has no ``_type`` or one that is not known.
    """
    if not isinstance(item, dict):
        raise FormatUnknownError("is JSON but not an object")
    kind = item.get("_type")
    read = FORMATS.get(kind) if isinstance(kind, str) else None
    if read is None:
        described = f"has the unknown _type '{str(kind)[:60]}'" if kind else "has no _type that names its schema"
        raise FormatUnknownError(described)
    return read(item)


def read_row(row: Mapping[str, Any]) -> RawPost:
    """Return the post in one CSV row with the columns id, created_at, text and, where there is one, user.

    A file without authors gets each post as its own author: shares are then of posts, not of users.
    """
    key = str(_first(row, "id"))
    return RawPost("csv", key, str(_first(row, "user")), _first(row, "created_at", "date"), row.get("text"), False)
