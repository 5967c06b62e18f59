"""Post files as strangers make them: encodings, damage, size, odd values; counts always add up."""

import gzip
import json
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from solarnet_assets.landing import BadInputError, RawFile
from solarnet_assets.social import lines as lines_module
from solarnet_assets.social import readers as readers_module
from solarnet_assets.social import spool as spool_module
from solarnet_assets.social.readers import read_posts, stream_posts
from solarnet_assets.storage.schemas import SCHEMAS

DAY = date(2020, 2, 10)
WHEN = "2020-02-10T08:00:00+00:00"


def read(*files, day=DAY, **options):
    landing = read_posts(files, day, {"hash_key": b"secret", **options})
    assert landing.n_in == landing.frame.height + landing.n_rejected
    SCHEMAS["posts"].validate(landing.frame)
    return landing


def item(kind, **fields):
    return json.dumps({"_type": f"snscrape.modules.{kind}", **fields})


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-16"])
def test_utf16_with_and_without_its_mark(put, tweet, codec):
    text = "\n".join(tweet(n, text=f"在家办公 一起 {n}") for n in range(300))
    for name, data in (("a.jsonl", text.encode(codec)), ("b.jsonl.gz", gzip.compress(text.encode(codec)))):
        assert read(put(name, data)).frame["text"][299] == "在家办公 一起 299"


def test_a_json_array_reads_like_its_lines(put, tweet):
    lines = [tweet(n) for n in range(5)] + ['{"id": 1}']
    for name, text in (("a.json", f"[{', '.join(lines)}]"), ("b.jsonl", "[\n" + ",\n".join(lines) + "\n]\n")):
        landing = read(put(name, text))
        assert landing.frame.height == 5
        assert landing.rejects["row"].to_list() == [5]


def test_a_line_that_begins_like_an_array_does_not_make_the_file_one(put, tweet):
    landing = read(put("a.jsonl", f"[1, 2]\n{tweet(1)}"))
    assert landing.frame.height == 1
    assert "not an object" in landing.rejects["reason"][0]


def test_an_array_that_does_not_fit_into_memory_is_refused(put, tweet, monkeypatch):
    monkeypatch.setattr(lines_module, "MAX_ARRAY", 1000)
    landing = read(put("a.json", f"[{','.join(tweet(n) for n in range(50))}]"))
    assert "write it as JSON lines" in landing.rejects["reason"][0]


def test_blocks_of_any_size_give_the_same_lines(put, tweet, monkeypatch):
    text = "\n".join(tweet(n, text=f"行 {n} " + "x" * (n % 50)) for n in range(200))
    whole = read(put("a.jsonl", text))
    for size in (64, 257, 1000):
        monkeypatch.setattr(lines_module, "BLOCK", size)
        for data in (text.encode(), gzip.compress(text.encode()), text.encode("utf-16")):
            again = read(put("a.jsonl", data))
            assert again.frame.equals(whole.frame)


def test_parts_give_the_table_of_the_whole(put, tweet, monkeypatch):
    file = put("a.jsonl", "\n".join(tweet(n % 70, user=f"u{n % 9}") for n in range(100)))
    whole = read(file)
    monkeypatch.setattr(readers_module, "PART_ROWS", 8)
    monkeypatch.setattr(lines_module, "BLOCK", 400)
    parts = list(stream_posts([file], DAY, {"hash_key": b"secret"}))
    assert len(parts) > 10
    assert pl.concat([part.frame for part in parts]).equals(whole.frame)
    rejects = pl.concat([part.rejects for part in parts])
    assert rejects.sort("row").equals(whole.rejects.sort("row"))
    assert rejects.height == 30


def test_ids_that_come_again_in_other_files_name_the_first(put, tweet):
    first, second = put("a.jsonl", tweet(1) + "\n" + tweet(2)), put("b.jsonl", tweet(2) + "\n" + tweet(3))
    landing = read(first, second)
    assert landing.frame.height == 3
    assert landing.rejects.select("file", "row").row(0) == ("b.jsonl", 0)
    assert "'a.jsonl'" in landing.rejects["reason"][0]


def test_too_long_lines_are_refused_and_the_next_ones_read(put, tweet, monkeypatch):
    monkeypatch.setattr(lines_module, "BLOCK", 256)
    monkeypatch.setattr(lines_module, "MAX_LINE", 2000)
    lines = [tweet(1), tweet(2, text="x" * 9000), tweet(3), tweet(4, text="y" * 5000)]
    landing = read(put("a.jsonl", "\n".join(lines)))
    assert landing.frame.height == 2
    assert landing.rejects["row"].to_list() == [1, 3]
    assert "longer than" in landing.rejects["reason"][0]


def test_a_damaged_end_keeps_the_posts_before_it(put, tweet):
    data = gzip.compress("\n".join(tweet(n) for n in range(3000)).encode(), 1)
    landing = read(put("cut.jsonl.gz", data[: len(data) // 2]))
    assert landing.frame.height > 1000
    assert landing.rejects.height == 1
    assert "cut.jsonl.gz is damaged or cut off" in landing.rejects["reason"][0]


def test_a_bomb_is_refused_before_it_goes_off(put, monkeypatch):
    monkeypatch.setattr(lines_module, "SUSPECT_BYTES", 1 << 20)
    landing = read(put("bomb.jsonl.gz", gzip.compress(b" " * (64 << 20))))
    assert "unpacks to more than" in landing.rejects["reason"][0]
    assert "limit" in read(put("big.jsonl", b"\n" * 5000), max_bytes=4000).rejects["reason"][0]


def test_long_texts_are_cut_and_parts_stay_small(put, tweet, monkeypatch):
    monkeypatch.setattr(readers_module, "PART_CHARS", 50_000)
    monkeypatch.setattr(lines_module, "BLOCK", 30_000)
    file = put("a.jsonl", "\n".join(tweet(n, user="u" * 200, text="長" * 25_000) for n in range(12)))
    parts = [part.frame for part in stream_posts([file], DAY, {"hash_key": b"k"})]
    assert max(part.height for part in parts) <= 4
    frame = pl.concat(parts)
    assert frame["text"].str.len_chars().unique().to_list() == [20_000]
    assert frame["user"].n_unique() == 1


def test_zero_bytes_and_invisible_halves(put, tweet):
    lines = [tweet(1, text="a\x00b"), tweet(2).replace("hello", "\\udc00"), tweet(3) + "\x00"]
    landing = read(put("a.jsonl", "\n" * 4000 + "\n".join(lines)))
    assert landing.frame["text"].to_list() == ["a b", "? world"]
    assert "not valid JSON" in landing.rejects["reason"][0]


@pytest.mark.parametrize("user", [None, "bob", 5, [], {}, {"id": None}])
def test_authors_that_are_none_leave_each_post_its_own(put, user):
    lines = [item("twitter.Tweet", id=n, user=user, date=WHEN, rawContent="x") for n in (1, 2)]
    assert read(put("a.jsonl", "\n".join(lines))).frame["user"].n_unique() == 2


def test_weibos_clock_is_beijings_wherever_the_reader_is(put):
    line = item("weibo.Post", id="1", createdAt="昨天 23:30", text="x", _collected="2020-02-11T01:00:00+00:00")
    lines = [line, item("weibo.Post", id="2", createdAt="2020-02-10 23:31:00", text="x")]
    landing = read(put("w.jsonl", "\n".join(lines), whole=True), timezone="UTC")
    assert landing.frame["time"].to_list() == [datetime(2020, 2, 10, 15, m, tzinfo=UTC) for m in (30, 31)]


def test_times_without_a_zone_take_the_one_that_is_told(put, tweet):
    line = tweet(1, when="2020-02-10T23:30:00")
    assert read(put("a.jsonl", line)).frame.is_empty()
    found = read(put("a.jsonl", line), naive_timezone="Asia/Shanghai").frame["time"][0]
    assert found == datetime(2020, 2, 10, 23, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
    with pytest.raises(BadInputError, match="not known"):
        read(put("a.jsonl", line), naive_timezone="Mars/Base")


def test_many_refusals_are_counted_and_the_first_ones_listed(put, tweet):
    lines = [tweet(n, when=f"2020-02-{1 + n % 9:02d}T08:00:00+00:00") for n in range(3000)]
    landing = read(put("a.jsonl", "\n".join(lines) + "\nnothing"))
    assert landing.rejects.height == 1002
    assert landing.rejects["records"].max() == 2000


def test_quarantine_names_nobody(put):
    line = item("twitter.Tweet", url="https://twitter.com/alice/status/1", id=1, date=WHEN, rawContent="")
    other = '{"user": "alice", "text": "alice writes"}'
    assert "alice" not in str(read(put("a.jsonl", f"{line}\n{other}")).rejects.rows())
    cells = "id,user,created_at,text\n1,alice,2020-02-11,alice writes\n"
    assert "alice" not in str(read(put("a.csv", cells)).rejects.rows())


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from([WHEN, "刚刚"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "text", "toot"]), inner),
    max_leaves=4,
)  # fmt: skip
NAMES = ["id", "url", "date", "createdAt", "rawContent", "text", "user", "toot", "repostedPost", "retweetedTweet",
         "title", "author", "longText", "_collected", "spoilerText", "username", "cleanUrl"]  # fmt: skip
KINDS = [
    "twitter.Tweet",
    "weibo.Post",
    "mastodon.Toot",
    "mastodon.Boost",
    "telegram.TelegramPost",
    "reddit.Comment",
    "reddit.Submission",
    "vkontakte.VKontaktePost",
    "facebook.FacebookPost",
    "instagram.InstagramPost",
    "x",
]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(NAMES), VALUES)), max_size=20))
def test_no_value_trips_the_reader(tmp_path, items):
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(item(kind, **fields) for kind, fields in items))
    for whole in (False, True):
        landing = read(RawFile(path, "a.jsonl", whole))
        assert whole or landing.n_in == len(items)


def test_a_file_of_many_days_reads_alike_on_its_first_day_and_sorted(put, tweet, monkeypatch, tmp_path):
    monkeypatch.setattr(spool_module, "WAITING", 3)
    whens = [f"2020-{1 + n % 5:02d}-{1 + n % 28:02d}T{n % 24:02d}:00:00+00:00" for n in range(400)]
    lines = [tweet(n, text=f"text {n}", when=when) for n, when in enumerate(whens)]
    lines[7:7] = ["nothing", tweet(1, when="02-10"), tweet(990, when=5), tweet(991).replace("hello", "\\udc00")]
    lines += [item("twitter.Tweet", id=992, date=WHEN, rawContent={"not": "text"})]
    days = [date(2020, month, 10) for month in range(1, 6)] * 2

    def every_day(folder):
        file = put(f"{folder}/a.jsonl", "\n".join(lines), whole=True, owns_undated=True)
        return [(found.frame, found.rejects.drop("file")) for found in (read(file, day=day) for day in days)]

    with_spool = every_day("with")
    monkeypatch.setattr(readers_module.SPOOLS, "of", lambda *args: None)
    without = every_day("without")
    for (frame, rejects), (plain, refused) in zip(with_spool, without, strict=True):
        assert frame.equals(plain)
        assert rejects.sort("row").equals(refused.sort("row"))


def test_a_sorted_file_that_changes_or_is_damaged(put, tweet):
    lines = [tweet(n, when=f"2020-02-{1 + n % 28:02d}T08:00:00+00:00") for n in range(3000)]
    packed = gzip.compress("\n".join(lines).encode(), 1)
    file = put("a.jsonl.gz", packed[:-1000], whole=True)
    for day in (1, 2, 3):
        landing = read(file, day=date(2020, 2, day))
        assert "damaged" in landing.rejects["reason"][0]
        assert landing.frame.height > 90
    file = put("a.jsonl.gz", packed, whole=True)
    assert [read(file, day=date(2020, 2, day)).n_in for day in (1, 2, 5)] == [108, 108, 107]


@pytest.mark.parametrize(
    "header",
    ["id,created_at,text," + "x" * 200_000, "id,created_at\r,text", '"id,created_at,text\n' + "x\n" * 99_999],
)
def test_a_header_that_cannot_be_read_loses_its_file_alone(put, tweet, header):
    landing = read(put("a.csv", header + "\n1,2,3\n"), put("b.jsonl", tweet(1)))
    assert landing.frame.height == 1
    assert "has no header that can be read" in landing.rejects["reason"][0]


@pytest.mark.parametrize("url", ["/" * 99, "//", "/", "https://t.me", "a/b"])
def test_an_address_that_is_none_names_no_channel(put, url):
    post = {"_type": "snscrape.modules.telegram.TelegramPost", "url": url, "date": WHEN, "content": "hello"}
    assert read(put("a.jsonl", json.dumps(post))).frame.height == 1


def test_an_array_of_too_many_elements_is_refused(put, monkeypatch):
    monkeypatch.setattr(lines_module, "MAX_COMMAS", 100)
    (reason,) = read(put("a.json", "[" + "1," * 200 + "1]")).rejects["reason"]
    assert "too many elements" in reason
