import time as clock
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from solarnet_assets.config import Posts
from solarnet_assets.social.campaigns import sells
from solarnet_assets.social.classify import Settings
from solarnet_assets.social.clean import Cleaning, clean, drop_counts, drop_table, limits_of
from solarnet_assets.social.copies import clusters, keys
from solarnet_assets.social.labels import label_posts
from solarnet_assets.social.text import language

MIDNIGHT = datetime(2020, 2, 9, 16, tzinfo=UTC)
HEADLINE = "Central bank leaves interest rates unchanged and sees slower growth this year"
ADVERT = "MEGA SALE everything {}% off at our shop, limited time, order here https://x.y/{}"
PLEDGE = "我们都支持老城改造方案，请转告身边的每一位朋友和家人"


@pytest.fixture
def day():
    """Return a ``posts`` table from (user, second of the day, text) or (user, second, text, repost)."""

    def _day(rows):
        full = [
            (i, r[0], MIDNIGHT + timedelta(seconds=r[1]), r[2], len(r) > 3 and r[3], "x") for i, r in enumerate(rows)
        ]
        kinds = {"post": pl.UInt64, "user": pl.UInt64, "time": pl.Datetime("us", "UTC"), "text": pl.String,
                 "repost": pl.Boolean, "network": pl.String}  # fmt: skip
        return pl.DataFrame(full, schema=kinds, orient="row").with_columns(lang=language(pl.col("text")))

    return _day


def some_day(rng, people=300):
    """Return a mixed day: people, a campaign, a clock, a flood, a pair of puppets."""
    rows = [(1000 + u, int(rng.integers(86400)), f"{HEADLINE} https://t.co/{u}") for u in range(40)]
    rows += [
        (u, int(rng.integers(86400)), f"note {u} about the weather and my day number {u * u}") for u in range(people)
    ]
    rows += [(2000 + u, int(rng.integers(86400)), ADVERT.format(u, u)) for u in range(8)]
    rows += [(3000, 600 * i + 7, f"temperature is now {i} degrees in town") for i in range(100)]
    rows += [
        (4000 + u, start + u, f"{text} {u}") for start, text in ((5000, PLEDGE), (50_000, PLEDGE[::-1])) for u in (0, 1)
    ]
    return rows


def reasons(cleaned, user):
    return set(cleaned.filter(pl.col("user") == user)["dropped"].to_list())


@pytest.mark.parametrize("text", ["working from home today", "在家办公第一天", "Happy new year!", "早安", "武汉加油"])
def test_what_people_write_alike_counts(day, text):
    cleaned = clean(day([(u, 100 * u, text) for u in range(200)]))
    assert cleaned["kept"].all()


def test_a_headline_with_words_of_their_own_counts_for_everybody_who_shares_it(day):
    remarks = ["", "wow. ", "about time! ", "so it begins: "]
    rows = [(u, 90 * u, f"{remarks[u % 4]}{HEADLINE} https://t.co/{u} via @paper{u % 3}") for u in range(100)]
    assert clean(day(rows))["kept"].all()


def test_chain_letters_count_once_per_person(day):
    letter = "我不认识你，但我谢谢你。愿山河无恙，人间皆安。复制这段话，传下去，让更多人看到"
    cleaned = clean(day([(u, 70 * u, letter) for u in range(50)] + [(7, 80_000, letter)]))
    assert drop_counts(cleaned) == {"copy": 1}
    assert cleaned["kept"].to_list() == [True] * 50 + [False]


def test_an_advertisement_of_many_accounts_is_a_campaign_however_it_is_varied(day):
    words = ["today", "only this week", "now", "", "tonight"]
    rows = [(u, 5000 * u, f"{'🔥' * (u % 3)}{ADVERT.format(u + 20, u)} {words[u % 5]} #{u}x{u}") for u in range(10)]
    cleaned = clean(day([*rows, (99, 3, "got a lamp in the sale, 30% off, happy")]))
    assert drop_counts(cleaned) == {"campaign": 10}
    assert cleaned.filter(user=99)["kept"].all()


def test_an_advertisement_of_few_accounts_does_not_count_and_the_rest_of_theirs_does(day):
    rows = [(u, 5000 * u, ADVERT.format(u + 10, u)) for u in range(4)] + [(1, 70_000, "在家办公第一天")]
    rows += [(9, 80_000, "限时特价，点击领取，只要9.9元包邮 http://t.cn/x")]
    cleaned = clean(day(rows))
    assert drop_counts(cleaned) == {"advertisement": 5}
    assert reasons(cleaned, 1) == {"advertisement", None}


@pytest.mark.parametrize(
    "text",
    [
        "bought shoes at 40% off, order arrived today",
        "能加个微信吗？我们不允许加微信",
        "抢到红包了，开心",
        "快递到了，包邮的东西果然不行",
        "DM me if you need advice on what to stock up",
    ],
)
def test_who_buys_or_chats_does_not_advertise(day, text):
    assert clean(day([(1, 5, text)]))["kept"].all()


def test_look_alike_letters_give_a_campaign_away(day):
    plain = "the harbour bridge plan keeps our families safe, tell your neighbours about it"
    hidden = plain.replace("a", "а").replace("o", "о")
    rows = [(u, 9000 * u, plain if u % 2 else hidden) for u in range(8)]
    assert drop_counts(clean(day(rows))) == {"campaign": 8}
    assert clean(day([(u, 9000 * u, plain) for u in range(8)]))["kept"].all()


def test_copies_that_come_at_once_are_a_campaign_and_spread_ones_are_not(day):
    others = [(100, 20_000, "good morning"), (101, 70_000, "good night")]
    assert drop_counts(clean(day([(u, 40_000 + 15 * u, PLEDGE) for u in range(15)] + others))) == {"campaign": 15}
    assert clean(day([(u, 40_000 + 300 * u, PLEDGE) for u in range(15)] + others))["kept"].all()


def test_in_ten_minutes_of_posts_nothing_comes_at_once(day):
    rows = [(u, 40_000 + 15 * u, PLEDGE) for u in range(15)] + [
        (100, 39_900, "good morning"),
        (101, 40_500, "good night"),
    ]
    assert clean(day(rows))["kept"].all()


def test_a_text_that_most_of_its_accounts_repeat_is_a_campaign(day):
    rows = [(u, 9000 * u + 4000 * again, PLEDGE) for u in range(8) for again in range(2)]
    assert drop_counts(clean(day(rows))) == {"campaign": 16}


def test_days_without_times_have_neither_bursts_nor_clocks(day):
    rows = [(u, 0, PLEDGE) for u in range(30)] + [(99, 0, f"thought number {i} of mine") for i in range(30)]
    assert clean(day(rows))["kept"].all()


def test_accounts_that_post_too_much_go_whole(day):
    rng = np.random.default_rng(1)
    rows = [(5, int(s), f"goal {i}") for i, s in enumerate(rng.integers(40_000, 47_000, 51))]
    rows += [(6, int(s), f"goal {i}") for i, s in enumerate(rng.integers(40_000, 47_000, 50))]
    cleaned = clean(day(rows))
    assert reasons(cleaned, 5) == {"high-rate account"}
    assert reasons(cleaned, 6) == {None}


def test_who_never_sleeps_is_no_person(day):
    rng = np.random.default_rng(2)
    rows = [(5, int(2160 * i + rng.integers(2000)), f"at it again {i}") for i in range(40)]
    rows += [(6, int(25_000 + rng.integers(55_000)), f"chatting {i}") for i in range(40)]
    cleaned = clean(day(rows))
    assert reasons(cleaned, 5) == {"sleepless account"}
    assert reasons(cleaned, 6) == {None}


def test_clocks_are_found_by_their_distance_or_their_minutes(day):
    rng = np.random.default_rng(3)
    steady = [(5, 10_000 + 2700 * i + int(rng.integers(60)), f"index at {i}") for i in range(9)]
    lapses = [(6, 3600 * h + 900 * int(rng.integers(4)) + int(rng.integers(20)), f"tick {h}") for h in range(3, 14)]
    person = [(7, int(s), f"hello {i}") for i, s in enumerate(rng.integers(25_000, 80_000, 15))]
    thread = [(8, 50_000 + 60 * i, f"part {i} of my thread") for i in range(12)]
    cleaned = clean(day(steady + lapses + person + thread))
    assert [reasons(cleaned, u) for u in (5, 6, 7, 8)] == [{"clockwork account"}] * 2 + [{None}] * 2


def test_hardly_any_person_is_taken_for_a_clock(day):
    rng = np.random.default_rng(4)
    rows = []
    for user in range(2000):
        spells = rng.integers(25_000, 80_000, 4)
        rows += [(user, int(rng.choice(spells) + rng.exponential(900)), f"{user} says {i}") for i in range(12)]
    assert (~clean(day(rows))["kept"]).mean() < 0.002


def test_accounts_that_repeat_themselves_go_whole_and_polite_ones_do_not(day):
    text = "the daily quote of patience and of luck for everybody who is reading this number {}"
    rows = [(5, 7000 * i, text.format(i)) for i in range(6)] + [(5, 9, "hello")]
    rows += [(6, 3000 * i, "thank you so much!") for i in range(9)] + [(6, 3, "what a birthday")]
    cleaned = clean(day(rows))
    assert reasons(cleaned, 5) == {"repeating account"}
    assert reasons(cleaned, 6) == {None}


def test_accounts_that_act_together_again_and_again_are_synchronised(day):
    other = "作为一个家长我觉得停车新规早就该这么办了，支持到底"
    puppets = [
        (u, start + 5 * u, f"{text}{'！' * u}")
        for start, text in ((20_000, PLEDGE), (60_000, other))
        for u in (1, 2, 3)
    ]
    once = [(u, 20_000 + u, PLEDGE) for u in (11, 12)] + [(12, 70_000, other)]
    cleaned = clean(day([*puppets, *once, (1, 5, "hello")]))
    assert [reasons(cleaned, u) for u in (1, 2, 3, 11, 12)] == [{"synchronised account"}] * 3 + [{None}] * 2


def test_what_everybody_shares_does_not_make_two_people_synchronised(day):
    stories = [HEADLINE, "Storm cuts power to thousands of homes on the coast, repairs may take many days"]
    rng = np.random.default_rng(5)
    crowd = [
        (u, start + int(rng.integers(600)), stories[k]) for k, start in ((0, 30_000), (1, 60_000)) for u in range(600)
    ]
    assert clean(day(crowd))["kept"].mean() > 0.99


def test_rings_of_reposts_lose_their_own_posts_too(day):
    rng = np.random.default_rng(10)
    letters = list("abcdefghijklmnopqrstuvwxyz ")
    passed = ["".join(rng.choice(letters, 80)) for _ in range(6)]
    ring = [(u, 9000 * k + 4 * u, f"RT @a{k}: {text}", True) for k, text in enumerate(passed) for u in range(1, 5)]
    cleaned = clean(day([*ring, (1, 70_000, "hi"), (50, 9, f"RT @a1: {passed[1]}", True), (50, 99, "my own")]))
    assert reasons(cleaned, 1) == {"synchronised account"}
    assert reasons(cleaned, 50) == {"repost", None}


def test_reposts_are_known_by_their_form_where_the_network_does_not_say(day):
    rows = [(1, 5, "是的//@小王:今天下雪了"), (2, 6, "RT @ann: snow"), (3, 7, "见 http://a.b//c 下雪")]
    rows += [(4, 8, "我们这里也下了一整天，路都看不见了//@小王:今天下雪了//@小李:真冷"), (5, 9, "//@小王:今天下雪了")]
    assert clean(day(rows))["dropped"].to_list() == ["repost", "repost", None, None, "repost"]


def test_only_a_persons_own_words_are_judged(day):
    rows = [
        (1, 5, "我们这里也一样，已经好几天没有出门了//@小王:今天在家办公，钉钉打卡"),
        (2, 6, "今天在家办公，钉钉打卡"),
    ]
    frame = label_posts(day(rows), Settings(encoder=None)).frame
    assert frame["kept"].all()
    assert frame["sectors"].to_list() == [[], ["remote_work"]]


def test_who_comments_on_an_advertisement_does_not_advertise(day):
    text = "这种东西千万不要相信，都是骗人的//@小店:限时特价，点击领取，只要9.9元包邮 http://t.cn/x"
    assert clean(day([(u, 900 * u, f"{text[u:]}") for u in range(8)]))["kept"].all()


def test_an_empty_day_stays_empty_and_typed(day):
    cleaned = clean(day([]))
    assert cleaned.is_empty()
    assert cleaned.schema["kept"] == pl.Boolean
    assert cleaned.schema["dropped"] == pl.String
    assert drop_table(cleaned).is_empty()


def test_order_of_rows_and_repetition_change_nothing(day):
    posts = day(some_day(np.random.default_rng(6)))
    first = clean(posts)
    assert set(drop_counts(first)) == {"high-rate account", "campaign", "synchronised account"}
    shuffled = clean(posts.sample(fraction=1.0, shuffle=True, seed=7))
    assert shuffled.sort("post").equals(first.sort("post"))
    assert clean(posts).equals(first)


def test_ties_in_time_leave_the_first_by_id(day):
    posts = day([(1, 50, PLEDGE), (1, 50, PLEDGE), (1, 50, PLEDGE)])
    assert clean(posts)["dropped"].to_list() == [None, "copy", "copy"]
    assert clean(posts.reverse())["dropped"].to_list() == ["copy", "copy", None]


def test_limits_can_be_set(day):
    rows = [(1, 1000 * i, f"hello {i}") for i in range(11)]
    assert clean(day(rows))["kept"].all()
    assert drop_counts(clean(day(rows), Cleaning(posts_a_day=10))) == {"high-rate account": 11}


def test_limits_come_by_name_and_wrong_ones_are_refused():
    assert limits_of({"posts_a_day": 10.0, "similar": 0.7}) == Cleaning(posts_a_day=10, similar=0.7)
    assert limits_of({}) == Cleaning()
    for named in ({"posts": 3}, {"posts_a_day": 2.5}, {"window": 0}, {"similar": 1.5}, {"sleep_hours": float("nan")}):
        with pytest.raises(ValueError, match="limit"):
            limits_of(named)


def test_the_configuration_refuses_unknown_limits():
    assert Posts(cleaning={"window": 30}).cleaning == {"window": 30}
    with pytest.raises(ValueError, match="unknown limit windows; known are posts_a_day"):
        Posts(cleaning={"windows": 30})


def test_hostile_texts_neither_stop_nor_slow_it(day):
    rng = np.random.default_rng(8)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    rows = [(1, 5, "a" * 1_000_000), (2, 6, "ab" * 500_000), (3, 7, "\x00\u202e\u200b"), (4, 8, ""), (5, 9, "𝕳" * 3000)]
    rows += [
        (10 + i, i % 86400, "the very same text of an account that nobody has ever heard of") for i in range(30_000)
    ]
    crowd = "".join(rng.choice(letters, 60 * 8))
    rows += [
        (60_000 + u, 1000 * k + int(rng.integers(50)), crowd[60 * k : 60 * k + 60])
        for u in range(2000)
        for k in range(8)
    ]
    common = "a text that all of them share with another one so that every bucket of every band is crowded "
    rows += [(50_000 + i, i, common + "".join(rng.choice(letters, 12))) for i in range(4000)]
    start = clock.perf_counter()
    cleaned = clean(day(rows))
    assert clock.perf_counter() - start < 60  # quadratic work would take hours; not a measure of speed
    assert cleaned.height == len(rows)


def test_crowded_buckets_cost_one_comparison_each():
    same = pl.DataFrame({"key": [f"{'x' * 60}{i:06d}" for i in range(5000)], "lang": ["en"] * 5000})
    found = clusters(same, 0.5)
    assert found["cluster"].n_unique() < 10


def test_near_duplicates_are_found_at_the_similarity_asked_for():
    texts = {
        "weliketowalkalongthebeachintheevening": 0,
        "weliketowalkalongthebeachintheeveninglol": 0,
        "theriverisoveritsbanksagainandnobodycares": 1,
    }
    frame = pl.DataFrame({"key": list(texts), "lang": ["en"] * 3})
    found = dict(clusters(frame, 0.5).select("key", "cluster").iter_rows())
    assert [found[a] == found[b] for a in texts for b in texts] == [texts[a] == texts[b] for a in texts for b in texts]
    assert clusters(frame, 1.0)["cluster"].n_unique() == 3
    assert clusters(frame.reverse(), 0.5).sort("key").equals(clusters(frame, 0.5).sort("key"))


def test_keys_see_through_disguise():
    texts = pl.DataFrame({"t": ["RT @ann: Fr\u200bее соffee 100 🔥 https://t.co/x", "free COFFEE!", "ｆｒｅｅ coffee"]})
    assert texts.select(keys(pl.col("t")))["t"].to_list() == ["freecoffee"] * 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DM me to join our team", True),
        ("手机就能做，加微信 abc123", True),
        ("50% off everything, order now", True),
        ("限时特价，点击领取", True),
        ("Amazon to hire 50,000 as online orders surge", False),
        ("高考报名时间公布", False),
        ("I got 20% off my new lamp", False),
        ("点击查看疫情实时动态", False),
        ("微博私信被骂了四条", False),
        ("进门要扫码登记，越来越多的人参加群防群治", False),
    ],
)
def test_what_sells(text, expected):
    assert pl.DataFrame({"t": [text]}).select(sells(pl.col("t"))).item() is expected


def test_the_table_of_reasons_adds_up(day):
    cleaned = clean(day(some_day(np.random.default_rng(9))))
    table = drop_table(cleaned)
    assert table["posts"].sum() == (~cleaned["kept"]).sum()
    assert table.filter(reason="campaign").row(0, named=True)["users"] == 8
    assert table.filter(reason="campaign")["posts_percent"].item() == pytest.approx(100 * 8 / cleaned.height)
