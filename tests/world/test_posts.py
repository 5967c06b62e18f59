"""Posts: schemas as in the field, texts that vary, and a truth that counting the genuine authors gives back."""

import gzip
import json
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from solarnet_assets.landing import BadInputError
from solarnet_assets.world.authors import authors
from solarnet_assets.world.bots import KINDS, drafts
from solarnet_assets.world.drafts import _choose, daily_share
from solarnet_assets.world.posts import write_posts
from solarnet_assets.world.scenario import BotMix, Outage, Posts, Scenario, Signals
from solarnet_assets.world.words import SECTORS, draws_of, fill, words

NORMAL = [(date(2020, 1, 1), 100.0)]
DAY = date(2020, 3, 2)


def scenario(per_day=1500, sectors=None, commuting=NORMAL, **posts):
    curves = {s: NORMAL for s in SECTORS} if sectors is None else sectors
    signals = Signals(steel=NORMAL, parking=NORMAL, commuting=commuting, sectors=curves)
    return Scenario(
        name="t", seed=5, start=date(2020, 1, 1), end=date(2020, 3, 15), signals=signals, cities=[], mills=[], lots=[],
        farms=[], posts=Posts(per_day=per_day, **posts),
    )  # fmt: skip


def lines(folder):
    return gzip.decompress((folder / "posts.jsonl.gz").read_bytes()).decode("utf-8").split("\n")


def parsed(folder):
    out = []
    for line in lines(folder):
        if line.endswith("}"):
            out.append(json.loads(line))
    return out


def users(truth, key, quantity="users_all"):
    return truth.filter(key=key, quantity=quantity)["value"].item()


def test_the_same_day_gives_the_same_bytes_whatever_was_written_before(tmp_path):
    write_posts(scenario(), DAY, tmp_path)
    first = (tmp_path / "posts.jsonl.gz").read_bytes()
    write_posts(scenario(), date(2020, 1, 4), tmp_path)
    assert (tmp_path / "posts.jsonl.gz").read_bytes() != first
    write_posts(scenario(), DAY, tmp_path)
    assert (tmp_path / "posts.jsonl.gz").read_bytes() == first


def test_schemas_of_the_field(tmp_path):
    write_posts(scenario(6000), DAY, tmp_path)
    posts = parsed(tmp_path)
    kinds = Counter(p["_type"].removeprefix("snscrape.modules.") for p in posts)
    assert set(kinds) == {"twitter.Tweet", "weibo.Post", "mastodon.Toot", "mastodon.Boost"}
    tweets = [p for p in posts if p["_type"].endswith("Tweet")]
    assert 0.05 < sum("rawContent" not in p for p in tweets) / len(tweets) < 0.4
    assert all(p["content"] and p["user"]["id"] and p["id"] for p in tweets)
    assert any(p["retweetedTweet"] and p["content"].startswith("RT @") for p in tweets)
    assert all("toot" in p and p["toot"]["text"] and "id" not in p for p in posts if p["_type"].endswith("Boost"))
    weibo = [p for p in posts if p["_type"].endswith("weibo.Post")]
    assert all("date" not in p and p["createdAt"] for p in weibo)
    assert {re.sub(r"\d+", "0", p["createdAt"]) for p in weibo} >= {"Mon Mar 0 0:0:0 +0 0", "0-0", "0分钟前"}
    assert any(p["repostedPost"] and "//@" in p["text"] for p in weibo)


def test_posts_lie_in_the_local_day(tmp_path):
    write_posts(scenario(), DAY, tmp_path)
    times = [datetime.fromisoformat(p["date"]) for p in parsed(tmp_path) if "date" in p]
    assert datetime(2020, 3, 1, 16, tzinfo=UTC) <= min(times) < datetime(2020, 3, 1, 17, tzinfo=UTC)
    assert datetime(2020, 3, 2, 15, tzinfo=UTC) < max(times) < datetime(2020, 3, 2, 16, tzinfo=UTC)


def shares_on(world, day):
    """Return the share of people who wrote about each label on a day."""
    _, people = drafts(world, day)
    wrote = {d.number for d in people}
    about = Counter(label for _, label in {(d.number, label) for d in people for label in d.labels})
    return {label: n / len(wrote) for label, n in about.items()}


def test_share_of_authors_follows_the_curve():
    """Each for themselves: with 6,000 people and two days a ratio is known to about 8 %, more people at 600 %."""
    curve = {"remote_work": [(date(2020, 1, 1), 100.0), (DAY, 600.0)], "gaming": [(DAY, 50.0)]}
    for day, factors in ((date(2020, 1, 1), (1.0, 0.5, 1.0)), (DAY, (6.0, 0.5, 1.0))):
        normal, curved = (shares_on(scenario(8000, sectors, noise=0.0), day) for sectors in (None, curve))
        for sector, factor in zip(("remote_work", "gaming", "e_commerce"), factors, strict=True):
            assert curved[sector] / normal[sector] == pytest.approx(factor, rel=0.2)


@pytest.mark.parametrize(("share", "tolerance"), [(0.05, 0.1), (0.3, 0.04), (0.8, 0.02)])
def test_high_shares_are_not_bent_by_keen_people(share, tolerance):
    interest = np.exp(0.7 * np.random.default_rng(1).standard_normal(20_000))
    chosen = _choose(share, interest, np.random.default_rng(2))
    assert len(chosen) / len(interest) == pytest.approx(share, rel=tolerance)
    assert interest[chosen].mean() > interest.mean()


def test_who_writes_is_chance_and_not_a_quota():
    interest = np.ones(2000)
    counts = [len(_choose(0.05, interest, np.random.default_rng(n))) for n in range(200)]
    assert np.var(counts) == pytest.approx(2000 * 0.05 * 0.95, rel=0.3)


def test_weekends_differ_and_the_week_keeps_its_mean():
    world = scenario(rhythm=0.2, noise=0.0)
    week = [daily_share(world, "gaming", False, date(2020, 3, 2 + n)) for n in range(7)]
    assert week[5] == week[6] == pytest.approx(1.2 * np.mean(week))
    flat = scenario(rhythm=0.0, noise=0.0)
    assert np.mean(week) == pytest.approx(daily_share(flat, "gaming", False, DAY))


def test_days_differ_by_the_noise_alone():
    world = scenario(rhythm=0.0, noise=0.2)
    days = [date(2020, 1, 1) + timedelta(days=n) for n in range(75)]
    logs = np.log([daily_share(world, "gaming", True, day) for day in days])
    assert logs.std() == pytest.approx(0.2, rel=0.25)


def test_an_outage_takes_every_post_of_a_network(tmp_path):
    down = Outage(network="weibo", start=DAY, end=DAY)
    world = scenario(600, bots=0.1, outages=(down,))
    truth = write_posts(world, DAY, tmp_path)
    kinds = Counter(p["_type"] for p in parsed(tmp_path))
    assert kinds
    assert not [kind for kind in kinds if "weibo" in kind]
    assert users(truth, "all", "users_en") > 5 * users(truth, "all", "users_zh")
    write_posts(world, date(2020, 3, 3), tmp_path)
    assert [p for p in parsed(tmp_path) if "weibo" in p["_type"]]


def test_the_mix_of_languages_drifts_and_the_truth_does_not(tmp_path):
    world = scenario(chinese_drift=0.4)
    parts = {}
    for day in (world.start, world.end):
        truth = write_posts(world, day, tmp_path)
        parts[day] = users(truth, "all", "users_zh") / users(truth, "all", "users_en")
        assert truth.filter(key="gaming", quantity="percent_of_normal")["value"].item() == 100.0
    assert parts[world.end] / parts[world.start] == pytest.approx(np.exp(0.8), rel=0.2)


def test_new_words_hide_posts_without_changing_what_they_are_about():
    world = scenario(new_words=1.0, sectors={"remote_work": [(DAY, 600.0)]})
    about = re.compile("home|remote|wfh|zoom|office|work|家|远程|钉钉|办公|会议", re.IGNORECASE)
    told = {}
    for day in (world.start, world.end):
        _, people = drafts(world, day)
        remote = [d.text for d in people if "remote_work" in d.labels]
        assert len(remote) > 100
        told[day] = np.mean([bool(about.search(text)) for text in remote])
    assert told[world.start] > 0.7
    assert told[world.end] < 0.5 * told[world.start]


def test_truth_counts_genuine_people_once(tmp_path):
    world = scenario(bots=0.3)
    truth = write_posts(world, DAY, tmp_path)
    _, people = drafts(world, DAY)
    other = authors(world.seed, world.posts).other
    for sector in SECTORS:
        expected = {d.number for d in people if sector in d.labels and not other[d.number]}
        assert users(truth, sector) == len(expected)
        assert users(truth, sector) == users(truth, sector, "users_en") + users(truth, sector, "users_zh")
        assert truth.filter(key=sector, quantity="percent_of_normal")["value"].item() == 100.0
    assert users(truth, "home_office") < users(truth, "remote_work") < 0.07 * users(truth, "all")
    assert truth.columns == ["signal", "key", "date", "quantity", "value"]


def test_each_sector_has_enough_authors_at_six_thousand_posts(tmp_path):
    truth = write_posts(scenario(6000), date(2020, 1, 1), tmp_path)
    counts = [users(truth, sector) for sector in SECTORS]
    assert 150 <= min(counts) <= max(counts) <= 400
    assert 5400 < len(parsed(tmp_path)) < 6600


def test_most_posts_are_about_something_else_and_trouble_shows():
    slump = [(date(2020, 1, 20), 100.0), (DAY, 20.0)]
    _, calm = drafts(scenario(), DAY)
    _, tense = drafts(scenario(commuting=slump), DAY)
    assert sum(not d.labels for d in calm) / len(calm) > 0.6
    virus = re.compile("case|mask|quarantin|outbreak|virus|确诊|口罩|封|隔离|疫")
    assert sum(bool(virus.search(d.text)) for d in tense) > 4 * sum(bool(virus.search(d.text)) for d in calm)


def bots_of(world, kind):
    """Return six days' posts of one kind of bot, by day."""
    days = [drafts(world, date(2020, 3, number))[0] for number in range(2, 8)]
    return [[d for d in everything if d.number == -1 - KINDS.index(kind)] for everything in days]


def alone(kind, per_day=1500):
    weights = dict.fromkeys(KINDS, 0.0) | {kind: 1.0}
    return scenario(per_day, bots=0.2, mix=BotMix(**weights))


def test_bots_write_their_share_in_the_mix_of_the_scenario():
    world = scenario(bots=0.2, mix=BotMix(flood=1, timer=1, slow=1, leaflet=0, burst=0, ring=1))
    everything, _ = drafts(world, DAY)
    counts = Counter(KINDS[-1 - d.number] for d in everything if d.number < 0)
    assert counts == {"flood": 75, "timer": 75, "slow": 75, "ring": 75}
    assert not [d for d in drafts(scenario(bots=0.0), DAY)[0] if d.number < 0]
    with pytest.raises(ValueError, match="at least one kind"):
        BotMix(flood=0, timer=0, slow=0, leaflet=0, burst=0, ring=0)


def test_floods_never_sleep_and_timers_keep_their_distance():
    for bots in bots_of(alone("flood"), "flood"):
        assert max(Counter(d.key for d in bots).values()) >= 24
        assert len({d.second // 3600 for d in bots}) == 24
    steady = 0
    for bots in bots_of(alone("timer"), "timer"):
        for key in {d.key for d in bots}:
            seconds = np.array([d.second for d in bots if d.key == key])
            gaps = np.diff(seconds)
            steady += len(gaps) > 5 and gaps.std() < 0.1 * gaps.mean()
    assert steady > 2


def test_slow_bots_stay_slow_and_come_back():
    days = bots_of(alone("slow"), "slow")
    assert max(max(Counter(d.key for d in bots).values()) for bots in days) <= 4
    first, last = ({d.key for d in bots} for bots in (days[0], days[-1]))
    assert len(first & last) > 0.8 * len(first)
    texts = [d.text for bots in days for d in bots if d.labels]
    assert len(set(texts)) > 0.95 * len(texts)


def test_leaflets_are_copied_on_some_days_and_bursts_within_minutes():
    copies = [max(Counter(d.labels for d in bots).values(), default=0) for bots in bots_of(alone("leaflet"), "leaflet")]
    assert min(copies) == 0 or min(copies) > 50
    assert max(copies) > 90
    for bots in bots_of(alone("burst"), "burst"):
        seconds = sorted(d.second for d in bots)
        close = sum(b - a <= 60 for a, b in pairwise(seconds))
        assert close > 0.85 * len(seconds)


def test_rings_pass_on_the_same_posts():
    for bots in bots_of(alone("ring"), "ring"):
        passed = Counter(d.original.text for d in bots if d.original)
        assert sum(passed.values()) > 0.8 * len(bots)
        assert sum(n >= 3 for n in passed.values()) > 0.7 * len(passed)
        assert all(d.second >= d.original.second for d in bots if d.original)


def test_people_report_live_answer_everybody_and_share_news():
    days = [drafts(scenario(3000, bots=0.0), date(2020, 3, number))[1] for number in range(2, 6)]
    assert 12 <= max(max(Counter(d.number for d in people).values()) for people in days) <= 60
    for people in days:
        links = Counter(link for d in people for link in re.findall(r"http\S+", d.text))
        assert 10 < max(links.values()) < 100
        assert Counter(d.text for d in people)["早安"] < 20
        assert len(people) < 3300


def test_genuine_texts_differ():
    sectors = {"remote_work": [(DAY, 600.0)]}
    _, people = drafts(scenario(6000, sectors), DAY)
    remote = [d.text for d in people if "remote_work" in d.labels]
    # Some say no more than "working from home today".
    assert len(set(remote)) / len(remote) > 0.95
    assert not [d.text for d in people if re.search(r"[{}]", d.text)]


def test_rare_sectors_have_days_without_any_author(tmp_path):
    world = scenario(40)
    counts = [users(write_posts(world, date(2020, 1, d), tmp_path), "express_delivery") for d in range(1, 21)]
    assert 0 in counts
    assert max(counts) > 0


@pytest.mark.parametrize(("chinese", "expected"), [(0.0, "users_en"), (1.0, "users_zh")])
def test_one_language_alone(tmp_path, chinese, expected):
    truth = write_posts(scenario(200, chinese=chinese), DAY, tmp_path)
    assert users(truth, "all", expected) == users(truth, "all") > 0


def test_unknown_sector_is_refused(tmp_path):
    with pytest.raises(BadInputError, match="unknown sector 'knitting'"):
        write_posts(scenario(sectors={"knitting": NORMAL}), DAY, tmp_path)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("troubled", [False, True])
def test_every_topic_fills(language, troubled):
    known, draws = words(language, troubled), draws_of(np.random.default_rng(1))
    for options in [*known.topics.values(), *known.campaigns.values(), known.before, known.after]:
        assert all("{" not in fill([option], draws) for option in options)
    assert set(SECTORS) <= set(known.topics)
    assert len(known.topics["daily"]) > 40
