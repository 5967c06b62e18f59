"""Drafts as JSON lines of snscrape: Tweet of 0.7.0 and of the older schema, Weibo Post, Mastodon Toot and Boost.

Keys and their order follow snscrape 0.7.0.20230622 (github.com/JustAnotherArchivist/snscrape) and, for the
older Tweet, exports of 2020 to 2022, which know ``content`` and no ``rawContent``. Weibo gives no date but
the words that its site shows.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from solarnet_assets.world.authors import MASTODON, TWITTER_OLD, WEIBO, Account, account
from solarnet_assets.world.drafts import Draft
from solarnet_assets.world.words import CODE

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = '"_snscrape": "0.7.0.20230622"'
TWITTER_EPOCH_MS = 1288834974657
HASHTAG = re.compile(r"#(\w+)")
LINK = re.compile(r"https://t\.co/\w+")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
INSTANCES = ("mastodon.example", "toots.example", "fedi.example")


@dataclass
class Day:
    """The day that is written: its date, local midnight in epoch seconds, its UTC offset, and a source of draws."""

    date: date
    midnight: int
    offset_hours: float
    draws: Iterator[int]

    def line(self, draft: Draft) -> str:
        """Return one JSON line, without its end."""
        if draft.network == WEIBO:
            return _closed(self._weibo(draft))
        if draft.network == MASTODON:
            return _closed(self._boost(draft) if draft.original else self._toot(draft))
        return self._old_tweet(draft) if draft.network == TWITTER_OLD else _closed(self._tweet(draft))

    def _utc(self, draft: Draft) -> str:
        return datetime.fromtimestamp(self.midnight + draft.second, UTC).isoformat()

    def _tweet_id(self, draft: Draft) -> int:
        ms = (self.midnight + draft.second) * 1000 + draft.key % 1000
        return (ms - TWITTER_EPOCH_MS) << 22 | (draft.key ^ len(draft.text) * 2654435761) & 0x3FFFFF

    def _tweet_text(self, draft: Draft) -> str:
        if draft.original is None:
            return draft.text
        return f"RT @{_face(draft.original).name}: {draft.original.text}"[:140]

    def _counts(self) -> tuple[int, int, int]:
        size = next(self.draws) % 1000
        likes = 0 if size < 400 else size % 7 if size < 900 else size % 97 * 3
        return likes, likes // 4, likes // 9

    def _tweet(self, draft: Draft) -> str:
        who, number, text = _face(draft), self._tweet_id(draft), json.dumps(self._tweet_text(draft))
        likes, retweets, replies = self._counts()
        nested = f"{{{self._tweet(draft.original)}}}" if draft.original else "null"
        links, tags = LINK.findall(draft.text), HASHTAG.findall(draft.text)
        outlinks = json.dumps([f"http://example.com/{x[-7:]}" for x in links])
        lang = "zh" if draft.chinese else "en"
        return (
            f'"_type": "snscrape.modules.twitter.Tweet", "url": "https://twitter.com/{who.name}/status/{number}", '
            f'"date": "{self._utc(draft)}", "rawContent": {text}, "renderedContent": {text}, "id": {number}, '
            f'"user": {_twitter_user(who)}, "replyCount": {replies}, "retweetCount": {retweets}, "likeCount": {likes}, '
            f'"quoteCount": 0, "conversationId": {number}, "lang": "{lang}", "source": null, "sourceUrl": null, '
            f'"sourceLabel": null, "links": null, "media": null, "retweetedTweet": {nested}, "quotedTweet": null, '
            '"inReplyToTweetId": null, "inReplyToUser": null, "mentionedUsers": null, "coordinates": null, '
            f'"place": null, "hashtags": {json.dumps(tags) if tags else "null"}, "cashtags": null, "card": null, '
            '"viewCount": null, "vibe": null, "bookmarkCount": null, "pinned": null, "editState": null, '
            f'"conversationControlPolicy": null, "content": {text}, "outlinks": {outlinks}, "outlinksss": "", '
            f'"tcooutlinks": {json.dumps(links)}, "tcooutlinksss": "", "username": "{who.name}"'
        )

    def _old_tweet(self, draft: Draft) -> str:
        who, number = _face(draft), self._tweet_id(draft)
        text = json.dumps(self._tweet_text(draft), ensure_ascii=False)
        likes, retweets, replies = self._counts()
        tags, links = HASHTAG.findall(draft.text), LINK.findall(draft.text)
        nested = self._old_tweet(draft.original) if draft.original else "null"
        lang = "zh" if draft.chinese else "en"
        return (
            f'{{"_type": "snscrape.modules.twitter.Tweet", "url": "https://twitter.com/{who.name}/status/{number}", '
            f'"date": "{self._utc(draft)}", "content": {text}, "renderedContent": {text}, "id": {number}, '
            f'"user": {_old_user(who)}, "replyCount": {replies}, "retweetCount": {retweets}, "likeCount": {likes}, '
            f'"quoteCount": 0, "conversationId": {number}, "lang": "{lang}", "source": '
            '"<a href=\\"http://twitter.com/download/iphone\\" rel=\\"nofollow\\">Twitter for iPhone</a>", '
            '"sourceUrl": "http://twitter.com/download/iphone", "sourceLabel": "Twitter for iPhone", '
            f'"outlinks": null, "tcooutlinks": {json.dumps(links) if links else "null"}, "media": null, '
            f'"retweetedTweet": {nested}, "quotedTweet": null, "inReplyToTweetId": null, "inReplyToUser": null, '
            '"mentionedUsers": null, "coordinates": null, "place": null, '
            f'"hashtags": {json.dumps(tags) if tags else "null"}, "cashtags": null}}'
        )

    def _created_at(self, draft: Draft) -> str:
        """Return the time as Weibo's site shows it: mostly in full, sometimes as a day or by its distance to now."""
        dice, d = next(self.draws) % 1000, self.date
        hour, minute, second = draft.second // 3600, draft.second // 60 % 60, draft.second % 60
        if dice < 900:
            zone = f"{'-' if self.offset_hours < 0 else '+'}{round(abs(self.offset_hours) * 100):04d}"
            clock = f"{hour:02d}:{minute:02d}:{second:02d}"
            return f"{WEEKDAYS[d.weekday()]} {MONTHS[d.month - 1]} {d.day:02d} {clock} {zone} {d.year}"
        if dice < 955:
            return f"{d.month:02d}-{d.day:02d}"
        if dice < 970:
            return d.isoformat()
        if dice < 975:
            return f"昨天 {hour:02d}:{minute:02d}"
        return "刚刚" if dice < 980 else f"{dice % 59 + 1}分钟前"

    def _weibo(self, draft: Draft) -> str:
        who = _face(draft)
        likes, reposts, comments = self._counts()
        number = 4_456_000_000_000_000 + (self.midnight + draft.second - 1_577_808_000) * 4_190_000
        number += next(self.draws) % 4_000_000
        text, nested = draft.text, "null"
        if draft.original:
            text = f"{draft.text}//@{_face(draft.original).name}:{draft.original.text}"
            nested = f"{{{self._weibo(draft.original)}}}"
        code = "".join(CODE[number // 55**i % 55] for i in range(9))
        user = (
            f'{{"_type": "snscrape.modules.weibo.User", "screenname": {json.dumps(who.name)}, "uid": {who.number}, '
            f'"verified": {"true" if who.followers > 3000 else "false"}, "verifiedReason": null, "description": "", '
            f'"statusesCount": {who.posts}, "followersCount": {who.followers}, "followCount": {who.following}, '
            '"avatar": ""}'
        )
        return (
            f'"_type": "snscrape.modules.weibo.Post", "url": "https://m.weibo.cn/status/{code}", "id": "{number}", '
            f'"user": {user}, "createdAt": {json.dumps(self._created_at(draft))}, "text": {json.dumps(text)}, '
            f'"repostsCount": {reposts}, "commentsCount": {comments}, "likesCount": {likes}, "picturesCount": 0, '
            f'"pictures": null, "video": null, "link": null, "repostedPost": {nested}'
        )

    def _toot(self, draft: Draft) -> str:
        who, host = _face(draft), INSTANCES[draft.key % len(INSTANCES)]
        number = (self.midnight + draft.second) * 1000 << 16 | (draft.key ^ len(draft.text) * 40503) & 0xFFFF
        tags = HASHTAG.findall(draft.text)
        return (
            f'"_type": "snscrape.modules.mastodon.Toot", "url": "https://{host}/@{who.name}/{number}", '
            f'"id": "{number}", "user": {_mastodon_user(who, host)}, "date": "{self._utc(draft)}", '
            f'"text": {json.dumps(draft.text)}, "spoilerText": null, "attachments": null, "links": null, '
            f'"mentionedUsers": null, "hashtags": {json.dumps(tags) if tags else "null"}, "poll": null'
        )

    def _boost(self, draft: Draft) -> str:
        who, host = _face(draft), INSTANCES[draft.key % len(INSTANCES)]
        original = self._toot(draft.original) if draft.original else ""
        return (
            f'"_type": "snscrape.modules.mastodon.Boost", "user": {_mastodon_user(who, host)}, "toot": {{{original}}}'
        )


def _closed(inside: str) -> str:
    return f"{{{inside}, {VERSION}}}"


def _face(draft: Draft) -> Account:
    return account(draft.key, draft.chinese, draft.network)


def _twitter_user(who: Account) -> str:
    return (
        f'{{"_type": "snscrape.modules.twitter.User", "username": "{who.name}", "id": {who.number}, '
        f'"displayname": {json.dumps(who.display)}, "rawDescription": "", "renderedDescription": null, '
        f'"descriptionLinks": null, "verified": false, "created": "{who.created}", '
        f'"followersCount": {who.followers}, "friendsCount": {who.following}, "statusesCount": {who.posts}, '
        '"favouritesCount": null, "listedCount": null, "mediaCount": null, "location": null, "protected": null, '
        '"link": null, "profileImageUrl": null, "profileBannerUrl": null, "label": null, "blue": null, '
        '"blueType": null, "profileImageShape": null, "description": null, "descriptionUrls": null, '
        f'"linkTcourl": null, "linkUrl": null, "url": "https://twitter.com/{who.name}"}}'
    )


def _old_user(who: Account) -> str:
    return (
        f'{{"_type": "snscrape.modules.twitter.User", "username": "{who.name}", "id": {who.number}, '
        f'"displayname": {json.dumps(who.display, ensure_ascii=False)}, "description": "", "rawDescription": "", '
        f'"descriptionUrls": null, "verified": false, "created": "{who.created}", '
        f'"followersCount": {who.followers}, "friendsCount": {who.following}, "statusesCount": {who.posts}, '
        '"favouritesCount": 0, "listedCount": 0, "mediaCount": 0, "location": "", "protected": false, '
        '"linkUrl": null, "linkTcourl": null, "profileImageUrl": "", "profileBannerUrl": null, '
        f'"url": "https://twitter.com/{who.name}"}}'
    )


def _mastodon_user(who: Account, host: str) -> str:
    return (
        f'{{"_type": "snscrape.modules.mastodon.User", "account": "@{who.name}@{host}", '
        f'"displayName": {json.dumps(who.display)}, "displayNameWithCustomEmojis": null, "avatarUrl": null, '
        f'"url": "https://{host}/@{who.name}"}}'
    )
