import gzip
import json
from datetime import date

import polars as pl
import pytest

from solarnet_assets.landing import BadInputError
from solarnet_assets.social.readers import read_posts
from solarnet_assets.storage.schemas import SCHEMAS

DAY = date(2020, 2, 10)
OPTIONS = {"hash_key": b"secret"}


def read(*files, day=DAY, **options):
    landing = read_posts(files, day, {**OPTIONS, **options})
    assert landing.n_in == len(landing.frame) + len(landing.rejects)
    SCHEMAS["posts"].validate(landing.frame)
    return landing


def weibo(key, created, text="在家上网课", user=7, **more):
    item = {"_type": "snscrape.modules.weibo.Post", "id": key, "user": {"uid": user}, "createdAt": created}
    return json.dumps({**item, "text": text, **more}, ensure_ascii=False)


def test_old_new_and_twscrape_tweets_read_alike(put, tweet):
    old = {"_type": "snscrape.modules.twitter.Tweet", "id": 3, "user": {"id": 9}, "date": "2020-02-10T08:00:00+00:00"}
    lines = [tweet(1, "ann"), json.dumps({**old, "content": "old export"}), tweet(5, when="2020-02-10 09:00:00+00:00")]
    frame = read(put("2020-02-10.jsonl", "\n".join(lines) + "\n\n")).frame
    assert frame["text"].to_list() == ["hello world", "old export", "hello world"]
    assert frame["network"].unique().to_list() == ["twitter"]
    assert frame["time"][0].isoformat() == "2020-02-10T08:00:00+00:00"


def test_hashes_hide_ids_and_depend_on_the_key(put, tweet):
    file = put("a.jsonl", tweet(1, "ann") + "\n" + tweet(2, "ann") + "\n" + tweet(3, "bob"))
    frame, other = read(file).frame, read(file, hash_key="another").frame
    assert frame["user"][0] == frame["user"][1] != frame["user"][2]
    assert set(frame["user"]).isdisjoint(other["user"])
    assert set(frame["post"]).isdisjoint(frame["user"])


def test_without_a_key_nothing_is_read(put, tweet):
    with pytest.raises(BadInputError, match="hash_key"):
        read_posts([put("a.jsonl", tweet())], DAY, {})


def test_weibo_times_resolve_against_the_day(put):
    forms = ["Mon Feb 10 08:00:00 +0800 2020", "刚刚", "5分钟前", "今天 07:15", "02-10", "昨天 12:30", "2019-12-31"]
    landing = read(put("w.jsonl", "\n".join(weibo(i, form) for i, form in enumerate(forms))))
    local = landing.frame["time"].dt.convert_time_zone("Asia/Shanghai").dt.strftime("%m-%d %H:%M").to_list()
    assert local == ["02-10 08:00", "02-10 23:59", "02-10 23:54", "02-10 07:15", "02-10 00:00"]
    assert ["2020-02-09" in r or "2019-12-31" in r for r in landing.rejects["reason"]] == [True, True]


def test_month_and_day_after_the_partition_are_of_the_year_before(put):
    landing = read(put("w.jsonl", weibo(1, "12-31")), day=date(2020, 1, 1))
    assert "2019-12-31" in landing.rejects["reason"][0]


def test_relative_times_of_a_whole_file_have_no_day(put):
    landing = read(put("w.jsonl", weibo(1, "刚刚"), whole=True))
    assert "relative to a day" in landing.rejects["reason"][0]
    assert read(put("w.jsonl", weibo(1, "刚刚"), whole=True, owns_undated=False)).n_in == 0


def test_boosts_reddit_telegram_and_vk(put):
    toot = {"_type": "snscrape.modules.mastodon.Toot", "id": "1", "user": {"account": "@bob@x"}, "text": "classes"}
    toot["date"] = "2020-02-10T08:00:00+00:00"
    boost = {"_type": "snscrape.modules.mastodon.Boost", "user": {"account": "@eve@x"}, "toot": toot}
    when = {"date": "2020-02-10T08:00:00+00:00"}
    items = [
        toot,
        boost,
        {"_type": "snscrape.modules.reddit.Submission", "id": "t3", "title": "T", "selftext": "S", **when},
        {"_type": "snscrape.modules.reddit.Comment", "id": "t1", "author": None, "body": "lost parcel", **when},
        {"_type": "snscrape.modules.telegram.TelegramPost", "url": "https://t.me/s/c/1", "content": "外卖恢复", **when},
        {"_type": "snscrape.modules.vkontakte.VKontaktePost", "url": "https://vk.com/wall-1_1", "date": "2020-02-10",
         "content": "игры"},
    ]  # fmt: skip
    frame = read(put("m.jsonl", "\n".join(map(json.dumps, items)))).frame
    assert frame["text"].to_list() == ["classes", "classes", "T\nS", "lost parcel", "外卖恢复", "игры"]
    assert frame["repost"].to_list() == [False, True, False, False, False, False]
    assert frame["user"].n_unique() == 6
    assert frame["lang"].to_list() == ["en", "en", "en", "en", "zh", "other"]


def test_retweets_carry_the_original_text(put, tweet):
    line = tweet(2, text="RT @x: short…", retweetedTweet={"rawContent": "the whole text"})
    frame = read(put("r.jsonl", line)).frame
    assert frame.select("text", "repost").row(0) == ("the whole text", True)


def test_each_bad_line_has_a_readable_reason(put, tweet):
    lines = [
        tweet(1),
        '{"_type": "snscrape.mod',
        "[1, 2]",
        json.dumps({"_type": "made.up.Kind", "id": 1}),
        json.dumps({"id": 1}),
        tweet(2, text="  "),
        tweet(3, when=None),
        tweet(4, when="2020-02-10T08:00:00"),
        tweet(5, when="2020-02-12T08:00:00+00:00"),
        tweet(6, when="yesterday evening"),
        tweet(1, text="again"),
    ]
    landing = read(put("bad.jsonl", "\n".join(lines)))
    assert landing.n_in == len(lines)
    assert len(landing.frame) == 1
    expected = ["not valid JSON", "not an object", "unknown _type 'made.up.Kind'", "no _type", "no text", "no time",
                "no time zone", "not of 2020-02-10, as its file says, but of '2020-02-12'",
                "unreadable time", "repeats the id of an earlier one"]  # fmt: skip
    for words, reason in zip(expected, landing.rejects["reason"], strict=True):
        assert words in reason
        assert reason.endswith(".")
    assert landing.rejects["row"].to_list() == list(range(1, 11))


def test_gzip_utf16_and_byte_order_marks(put, tweet):
    text = tweet(1, text="grüße 在家办公") + "\n"
    for name, data in {
        "a.jsonl.gz": gzip.compress(text.encode()),
        "b.jsonl": text.encode("utf-16"),
        "c.jsonl": b"\xef\xbb\xbf" + text.encode(),
        "d.jsonl.gz": gzip.compress(text.encode("utf-16")),
    }.items():
        assert read(put(name, data)).frame["text"].to_list() == ["grüße 在家办公"]


def test_undecodable_bytes_are_refused_line_by_line(put, tweet):
    unread = tweet(3).encode()[:-1] + b', "a field that is not read": "\xff"}'
    data = b"\n".join([tweet(1).encode(), b'{"text": "\xff\xfe"}', unread, tweet(2, text="fine �").encode()])
    landing = read(put("u.jsonl", data))
    assert landing.frame["text"].to_list() == ["hello world", "fine �"]
    assert ["not UTF-8" in reason for reason in landing.rejects["reason"]] == [True, True]


LINE = b'{"_type": "snscrape.modules.twitter.Tweet", "id": 1, "date": "2020-02-10T08:00:00Z", "rawContent": "a b c"}\n'


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("cut.jsonl.gz", gzip.compress(LINE * 50, mtime=0)[:30], "damaged or cut off"),
        ("zeros.jsonl", b"\x00\x00ab" * 100, "not text"),
        ("odd.jsonl", b"\xff\xfea", "UTF-16 with bytes that are not"),
        ("notes.docx", b"hello", "neither JSONL nor CSV"),
        ("no.csv", b"a,b\n1,2\n", "lacks the column(s) created_at, id, text"),
    ],
)
def test_a_bad_file_is_one_reject_and_the_others_are_read(put, name, data, words):
    landing = read(put(name, data), put("good.jsonl", LINE))
    assert len(landing.frame) == 1
    assert landing.n_in == 2
    assert words in landing.rejects["reason"][0]
    assert landing.rejects["row"][0] is None


def test_a_missing_file_is_a_reject(put, tmp_path, tweet):
    file = put("gone.jsonl", tweet())
    file.path.unlink()
    assert "cannot be opened" in read(file).rejects["reason"][0]


def test_lone_surrogates_do_not_break_the_table(put, tweet):
    line = tweet(1).replace("hello world", "half \\ud83d emoji")
    assert read(put("s.jsonl", line)).frame["text"].to_list() == ["half ? emoji"]


def test_csv_rows_with_and_without_users(put):
    with_user = 'id,user,created_at,text\n1,u1,2020-02-10,one\n2,u1,2020-02-10,"two\nlines"\n3,u2,2020-02-11,no\n'
    without = "id,created_at,text\n1,2020-02-10T01:00:00+08:00,在家\n2,2020-02-10T02:00:00+08:00,\n"
    first = read(put("t.csv", with_user, whole=True))
    assert first.n_in == 2
    assert first.frame["user"].n_unique() == 1
    second = read(put("w.csv", without))
    assert len(second.frame) == 1
    assert "no text" in second.rejects["reason"][0]


def test_days_are_local_days(put, tweet):
    line = tweet(1, when="2020-02-09T16:30:00+00:00")
    assert len(read(put("a.jsonl", line, whole=True)).frame) == 1
    assert read(put("a.jsonl", line, whole=True), timezone="UTC").n_in == 0


def test_no_files_give_an_empty_typed_table():
    landing = read()
    assert landing.frame.is_empty()
    assert landing.frame.schema["time"] == pl.Datetime("us", "UTC")
