"""Items as networks and other tools write them, and the forms that their times take."""

import json
from datetime import UTC, datetime

import pytest

from solarnet_assets.social.formats import read_line
from solarnet_assets.social.items import FormatUnknownError
from solarnet_assets.social.times import BEIJING, TimeUnreadableError, parse_time


def post(kind, **fields):
    return read_line(json.dumps({"_type": f"snscrape.modules.{kind}", **fields}).encode())


@pytest.mark.parametrize(
    ("value", "words"),
    [("true", "of the kind 'bool'"), ("1.278e18", "lost digits"), ("NaN", "lost digits"), ("1e999", "lost digits"),
     ('{"a": 1}', "of the kind 'dict'"), ("[1]", "of the kind 'list'"), ("9" * 5000, "not valid JSON"),
     ("[" * 100_000 + "]" * 100_000, "nested too deeply")],
)  # fmt: skip
def test_ids_that_are_none(value, words):
    with pytest.raises(FormatUnknownError, match=words):
        read_line(f'{{"_type": "snscrape.modules.twitter.Tweet", "id": {value}}}'.encode())


def test_ids_as_numbers_and_text_are_one():
    assert post("twitter.Tweet", id=12.0).key == post("twitter.Tweet", id="12").key == "12"
    assert post("twitter.Tweet", id=10**30).key == str(10**30)
    assert post("twitter.Tweet", id=1.5e18, id_str="1500000000000000001").key == "1500000000000000001"


@pytest.mark.parametrize(
    ("kind", "words"),
    [("twitter.User", "is a 'User' of 'twitter', which is not a post"), ("twitter.Trend", "a 'Trend' of 'twitter'"),
     ("telegram.Channel", "'Channel' of"), ("weibo.User", "'User' of 'weibo'"),
     ("twitter.Tombstone", "'Tombstone' of")],
)  # fmt: skip
def test_items_that_are_no_posts_say_what_they_are(kind, words):
    with pytest.raises(FormatUnknownError, match=words):
        post(kind, id=1)


def test_old_tweets_without_a_user_and_other_networks():
    assert post("twitter.Tweet", id=1, username="ann", content="x").user == "ann"
    facebook = post("facebook.FacebookPost", cleanUrl="https://www.facebook.com/page/posts/1", content="x")
    assert (facebook.network, facebook.user) == ("facebook", "page")
    assert post("instagram.InstagramPost", url="u", username="ann").user == "ann"


def test_own_words_count_of_quotes_and_reposts():
    quoted = {"_type": "x", "rawContent": "the original"}
    gone = {"_type": "snscrape.modules.twitter.TweetRef", "id": 5}
    assert post("twitter.Tweet", id=1, rawContent="RT @x: short", retweetedTweet=gone)[4:6] == ("RT @x: short", True)
    assert post("twitter.Tweet", id=1, rawContent="mine", quotedTweet=quoted)[4:6] == ("mine", False)
    original = {"_type": "x", "id": "1", "text": "原文"}
    weibo = {"id": "2", "repostedPost": original}
    assert post("weibo.Post", text="说得好//@a:原文", **weibo)[4:6] == ("说得好//@a:原文", False)
    for empty in ("转发微博", "", "//@a:好", "Repost"):
        assert post("weibo.Post", text=empty, **weibo)[4:6] == ("原文", True)
    boost = {"_type": "b", "toot": {"_type": "t", "id": "9", "url": "https://x.example/@a/9", "text": "t"}}
    nested = post("mastodon.Boost", user={"account": "@eve@x"}, toot=boost)
    assert (nested.text, nested.repost, nested.key) == ("t", True, "boost:@eve@x:x.example/9")


def test_markup_warnings_and_long_texts():
    toot = post("mastodon.Toot", id=1, text="<p>a &amp; b<br>c</p><p>d <a href='x'>e</a></p>", spoilerText="f")
    assert toot.text == "a & b\nc\nd e\nf"
    assert post("mastodon.Toot", id=1, text="1 < 2 > 0").text == "1 < 2 > 0"
    long = {"longTextContent": "the whole of it"}
    assert post("weibo.Post", id=1, text="the ...全文", longText=long).text == "the whole of it"
    assert len(post("mastodon.Toot", id=1, text="<p" * 200_000).text) > 0  # in linear time


def test_toots_of_two_servers_with_one_number_are_two():
    keys = {post("mastodon.Toot", id="1", url=f"https://{host}/@a/1").key for host in ("a.example", "b.example")}
    assert len(keys) == 2


NOW = datetime(2020, 2, 10, 23, 59, 59, tzinfo=BEIJING)


@pytest.mark.parametrize(
    ("form", "local"),
    [("刚刚", "02-10 23:59"), ("30秒前", "02-10 23:59"), ("5分钟前", "02-10 23:54"), ("3小时前", "02-10 20:59"),
     ("2天前", "02-08 23:59"), ("今天 07:15", "02-10 07:15"), ("昨天12:30", "02-09 12:30"),
     ("前天 1:05", "02-08 01:05"), ("02-09", "02-09 00:00"), ("2-9 08:30", "02-09 08:30"),
     ("12-31", "12-31 00:00"), ("2019-12-31", "12-31 00:00"), ("20-2-9 10:00", "02-09 10:00"),
     ("02月09日 12:30", "02-09 12:30"), ("2020年2月9日 12:30", "02-09 12:30"),
     ("Mon Feb 10 08:00:00 +0800 2020", "02-10 08:00"), ("2020-02-10 08:00:00", "02-10 08:00")],
)  # fmt: skip
def test_every_form_of_weibos_times(form, local):
    found = parse_time(form, NOW, BEIJING, BEIJING)
    assert found.tzinfo is UTC
    assert f"{found.astimezone(BEIJING):%m-%d %H:%M}" == local
    assert found.astimezone(BEIJING).year == (2019 if form.endswith("12-31") else 2020)


@pytest.mark.parametrize(
    "form",
    ["02-30", "13-01", "2020-02-30", "25:00", "昨天 24:61", "5 光年前", "99999999分钟前", "9999-12-31T23:59:59-08:00",
     "0001-01-01T00:00:00+08:00", "9999-12-31T20:00:00+00:00", "0001-01-01T00:00:00Z", "0001-01-01",
     "x" * 9999, 5, True, [], ""],
)  # fmt: skip
def test_impossible_times_are_refused(form):
    with pytest.raises(TimeUnreadableError):
        parse_time(form, NOW, BEIJING, BEIJING)
