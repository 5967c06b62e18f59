"""Posts: schemas as in the field, texts that vary, and a truth that counting the genuine authors gives back."""

import gzip
import json
import re
from collections import Counter
from datetime import UTC, date, datetime

import numpy as np
import pytest

from solarnet_assets.landing import BadInputError
from solarnet_assets.world.authors import authors
from solarnet_assets.world.bots import drafts
from solarnet_assets.world.posts import write_posts
from solarnet_assets.world.scenario import Posts, Scenario, Signals
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


def test_share_of_authors_follows_the_curve():
    curve = {"remote_work": [(date(2020, 1, 1), 100.0), (DAY, 600.0)], "gaming": [(DAY, 50.0)]}
    for day, factors in ((date(2020, 1, 1), (1.0, 0.5, 1.0)), (DAY, (6.0, 0.5, 1.0))):
        measured = {}
        for name, sectors in (("normal", None), ("curve", curve)):
            _, people = drafts(scenario(4000, sectors), day)
            wrote = {d.number for d in people}
            about = Counter(label for _, label in {(d.number, label) for d in people for label in d.labels})
            measured[name] = {label: n / len(wrote) for label, n in about.items()}
        for sector, factor in zip(("remote_work", "gaming", "e_commerce"), factors, strict=True):
            assert measured["curve"][sector] / measured["normal"][sector] == pytest.approx(factor, rel=0.04)


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


def test_bots_flood_and_copy():
    world = scenario(bots=0.2)
    rates, copied = [], 0
    for number in range(2, 12):
        everything, people = drafts(world, date(2020, 3, number))
        bots = [d for d in everything if d.number < 0]
        assert len(bots) == pytest.approx(300, abs=30)
        rates.append(max(Counter(d.key for d in bots).values()))
        copied += max(Counter(d.text for d in bots).values()) > 20
        assert max(Counter(d.number for d in people).values()) < 15
    assert min(rates) >= 20
    assert 2 <= copied <= 9


def test_genuine_texts_differ():
    sectors = {"remote_work": [(DAY, 600.0)]}
    _, people = drafts(scenario(6000, sectors), DAY)
    remote = [d.text for d in people if "remote_work" in d.labels]
    assert len(set(remote)) / len(remote) > 0.98
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
