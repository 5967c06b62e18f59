"""The record formats of posts: every ``_type`` that snscrape writes, twscrape's variant, and plain CSV rows.

snscrape is above all a file format: ``_type`` names the dataclass of an item. Old Tweets have ``content``, new ones
``rawContent``, those of 2020 no ``user``; twscrape writes the same ``_type`` without ``content``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import unescape
from typing import Any, NamedTuple

from solarnet_assets.social.items import Author, FormatUnknownError, Item, decode
from solarnet_assets.social.refused import printable

EXACT_FLOAT = 2.0**53
"""Whole numbers up to here survive being a float (IEEE 754 double); an id beyond it has lost digits."""

MAX_TEXT_CHARS = 20_000
"""Longer texts are cut: an essay is a few thousand characters."""

PLAIN_REPOSTS = frozenset({"", "转发微博", "轉發微博", "转发微博。", "转发", "repost", "//"})
"""What Weibo puts where somebody reposts without a word."""

_HTML = re.compile(r"<(?:p|br|a|span|em|i|img|strong)\b", re.IGNORECASE)
_BREAK = re.compile(r"<br ?/?>|</p>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_KIND = re.compile(r"snscrape\.modules\.(\w{1,20})\.(\w{1,40})")


class RawPost(NamedTuple):
    """One post before anything was judged.

    Attributes:
        network: twitter, weibo, mastodon, telegram, reddit, vk, facebook, instagram or csv.
        key: id of the post within its network; empty where the item has none.
        user: id of the author within the network; empty where the item has none.
        time: time as it stands in the file.
        text: text of the post, of the original for a repost.
        repost: a boost or retweet of somebody else's text.
        collected: when the item was fetched, where the file says so (ISO 8601); else None.
    """

    network: str
    key: str
    user: str
    time: Any
    text: Any
    repost: bool
    collected: Any = None


def _id(*values: Any) -> str:
    """Return the first value that can be an id, as text; '' where none is given.

    Raises:
        FormatUnknownError: what is given cannot be an id: truth values, objects, numbers that have lost digits.
    """
    bad = None
    for value in values:
        if type(value) is int:
            return str(value)
        if isinstance(value, str):
            if value:
                return value
        elif isinstance(value, float) and abs(value) < EXACT_FLOAT and value.is_integer():
            return str(int(value))
        elif value is not None:
            bad = value
    if bad is not None:
        raise FormatUnknownError(f"has an id of the kind '{type(bad).__name__}', which is none or has lost digits")
    return ""


def _text(*values: Any) -> Any:
    """Return the first value that is not empty."""
    for value in values:
        if value is not None and value != "":
            return value
    return ""


def _author(item: Item) -> str:
    """Return the id of who wrote an item, by the first of the fields that its network has."""
    who = item.user
    if not isinstance(who, Author):
        return ""
    return _id(who.id, who.id_str, who.uid, who.account, who.username, who.screenname, who.url)


def _plain(text: Any) -> Any:
    """Return text without the HTML that some exports leave in it: tags out, character references read."""
    if not isinstance(text, str) or not ("<" in text or "&" in text):
        return text
    if "<" in text and _HTML.search(text):
        text = _TAG.sub("", _BREAK.sub("\n", text))
    return unescape(text).strip() if "&" in text else text


def _tweet(item: Item) -> RawPost:
    """A quoting tweet counts with its own words, a retweet with those of the original."""
    original = item.retweetedTweet
    source = original if isinstance(original, Item) else item
    own = (item.rawContent, item.content)  # where the original is only a reference or gone
    text = _plain(_text(source.rawContent, source.content, source.renderedContent, *own))
    repost = source is not item or (isinstance(text, str) and text.startswith("RT @"))
    user = _author(item) or _id(item.username)
    return RawPost("twitter", _id(item.id, item.id_str, item.url), user, item.date, text, repost)


def _weibo(item: Item) -> RawPost:
    """A repost with a comment counts with the comment; what it answers to follows '//@'."""
    text, original = _weibo_text(item), item.repostedPost
    said = text.partition("//@")[0].strip().lower() if isinstance(text, str) else ""
    repost = isinstance(original, Item) and said in PLAIN_REPOSTS
    if repost and isinstance(original, Item):
        text = _weibo_text(original)
    key, user = _id(item.id, item.url), _author(item)
    return RawPost("weibo", key, user, item.createdAt, text, repost)


def _weibo_text(item: Item) -> Any:
    long = item.longText
    told = long.get("longTextContent") if isinstance(long, dict) else long
    return _plain(told if isinstance(told, str) and told else item.text)


def _toot(item: Item) -> RawPost:
    """Under a warning snscrape has the warning as text and what is hidden as spoilerText; both were written."""
    parts = [p for p in (_plain(item.text), _plain(item.spoilerText)) if p not in (None, "")]
    text = "\n".join(parts) if all(isinstance(p, str) for p in parts) else item.text
    key, user = _id(item.id, item.url), _author(item)
    return RawPost("mastodon", _at_home(key, item.url), user, item.date, text, False)


def _at_home(key: str, url: Any) -> str:
    """Return the id of a toot with its server, since servers count on their own."""
    host = url.split("/")[2] if isinstance(url, str) and url.count("/") > 2 else ""
    return f"{host}/{key}" if host and key.isdigit() else key


def _boost(item: Item) -> RawPost:
    """A boost has neither id nor time of its own: both are those of the toot, the user is who boosts."""
    toot = item.toot
    for _ in range(3):
        if isinstance(toot, Item) and isinstance(toot.toot, Item):
            toot = toot.toot
    if not isinstance(toot, Item):
        raise FormatUnknownError("is a boost without the toot that it boosts")
    inner, user = _toot(toot), _author(item)
    return inner._replace(key=f"boost:{user}:{inner.key}", user=user, repost=True)


def _telegram(item: Item) -> RawPost:
    url = _id(item.url)
    parts = url.rstrip("/").split("/")
    channel = parts[-2] if len(parts) > 3 else ""
    return RawPost("telegram", url, channel, item.date, item.content, False)


def _submission(item: Item) -> RawPost:
    parts = [p for p in (item.title, item.selftext) if isinstance(p, str) and p]
    time = _text(item.date, item.created)
    return RawPost("reddit", _id(item.id, item.url), _id(item.author), time, "\n".join(parts), False)


def _comment(item: Item) -> RawPost:
    time = _text(item.date, item.created)
    return RawPost("reddit", _id(item.id, item.url), _id(item.author), time, item.body, False)


def _vk(item: Item) -> RawPost:
    url = _id(item.url)
    wall = url.rpartition("/wall")[2].partition("_")[0] if "/wall" in url else ""
    return RawPost("vk", url, wall, item.date, item.content, False)


def _facebook(item: Item) -> RawPost:
    url = _id(item.cleanUrl)
    page = url.split("/")[3] if url.count("/") > 3 else ""
    return RawPost("facebook", url, page, item.date, item.content, False)


def _instagram(item: Item) -> RawPost:
    return RawPost("instagram", _id(item.url, item.cleanUrl), _id(item.username), item.date, item.content, False)


FORMATS: dict[str, Callable[[Item], RawPost]] = {
    "snscrape.modules.twitter.Tweet": _tweet,
    "snscrape.modules.weibo.Post": _weibo,
    "snscrape.modules.mastodon.Toot": _toot,
    "snscrape.modules.mastodon.Boost": _boost,
    "snscrape.modules.telegram.TelegramPost": _telegram,
    "snscrape.modules.reddit.Submission": _submission,
    "snscrape.modules.reddit.Comment": _comment,
    "snscrape.modules.vkontakte.VKontaktePost": _vk,
    "snscrape.modules.facebook.FacebookPost": _facebook,
    "snscrape.modules.instagram.InstagramPost": _instagram,
}
"""``_type`` -> how a post is read from it."""


def read_line(line: bytes | memoryview) -> RawPost:
    """Return the post in one JSON line.

    Raises:
        FormatUnknownError: the line is no JSON, no object, or of no known ``_type``.
    """
    item, clean = decode(line)
    read = FORMATS.get(item.kind) if isinstance(item.kind, str) else None
    if read is None:
        raise FormatUnknownError(_unknown(item.kind))
    post = _cut(read(item))
    if not clean:
        post = RawPost._make(printable(value) if isinstance(value, str) else value for value in post)
    return post if item.collected is None else post._replace(collected=item.collected)


def _cut(post: RawPost) -> RawPost:
    text = post.text
    return post._replace(text=text[:MAX_TEXT_CHARS]) if isinstance(text, str) and len(text) > MAX_TEXT_CHARS else post


def _unknown(kind: Any) -> str:
    if kind in (None, ""):
        return "has no _type that names its schema"
    if isinstance(kind, str) and (named := _KIND.fullmatch(kind)):
        return f"is a '{named[2]}' of '{named[1]}', which is not a post"
    return f"has the unknown _type '{str(kind)[:60]}'"


def read_row(row: Mapping[str, Any]) -> RawPost:
    """Return the post in one CSV row with the columns id, created_at, text and, where there is one, user.

    A file without authors gets each post as its own author: shares are then of posts, not of users.
    """
    time = _text(row.get("created_at"), row.get("date"))
    return _cut(RawPost("csv", _id(row.get("id")), _id(row.get("user")), time, row.get("text"), False))
