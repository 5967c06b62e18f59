import json
import os
import sys
from datetime import UTC, date, datetime, timedelta
from threading import Event
from zoneinfo import ZoneInfo

import pytest

from solarnet_assets.landing import BadInputError, RawFile
from solarnet_assets.social.readers import read_posts
from solarnet_assets.sources import collect as collecting
from solarnet_assets.sources.collect import Bounds, collect
from solarnet_assets.sources.files import FileSource
from solarnet_assets.sources.polite import _in_time
from solarnet_assets.sources.targets import read_target

HOSTS = ("mastodon.example",)
ZONE = ZoneInfo("Asia/Shanghai")
CHANNEL, USER, TOOTER = "telegram-channel channel", "weibo-user 1234567890", "mastodon-profile @bob@mastodon.example"
pytestmark = pytest.mark.usefixtures("slept")


def ago(hours):
    return datetime.now(UTC).replace(microsecond=0) - timedelta(hours=hours)


def messages(count, hours=1.0):
    """Messages 1..count, the newest just now, one every ``hours``."""
    return [(n, ago((count - n) * hours).isoformat(), f"message {n}") for n in range(1, count + 1)]


def run(root, *targets, **bounds):
    named = [read_target(target, HOSTS) for target in targets]
    return list(collect(named, root, Bounds(**{"interval": 0.0, **bounds}), ZONE, backoff=0.0))


def landed(root):
    """Return every landed item, and check that it lies in the folder of its day and in private files."""
    items = []
    for path in FileSource(root).paths():
        assert path.stat().st_mode & 0o777 == 0o600
        items += [json.loads(line) for line in path.read_text().splitlines()]
    return items


def texts(root):
    return sorted(item.get("content") or item.get("text") or item["toot"]["text"] for item in landed(root))


def test_a_channel_is_read_page_by_page_and_then_only_what_is_new(sites, tmp_path):
    sites.telegram["channel"] = messages(8)
    (first,) = run(tmp_path, CHANNEL)
    assert (first.posts, first.pages, first.reason, first.left) == (8, 3, "", False)
    assert len(texts(tmp_path)) == 8
    asked = len(sites.asked)
    (again,) = run(tmp_path, CHANNEL)
    assert (again.posts, again.pages, again.files) == (0, 1, [])
    assert len(sites.asked) == asked + 1
    sites.telegram["channel"] = messages(9)
    run(tmp_path, CHANNEL)
    assert texts(tmp_path) == sorted(f"message {n}" for n in range(1, 10))


def test_partitions_read_what_was_collected_by_the_day_of_posting(sites, tmp_path):
    sites.telegram["channel"] = messages(5, hours=13)
    run(tmp_path, CHANNEL)
    source, found = FileSource(tmp_path), []
    for back in range(-1, 6):
        day = datetime.now(ZONE).date() - timedelta(days=back)
        landing = read_posts(source.files(day), day, {"hash_key": b"k"})
        assert landing.rejects.is_empty()
        found += landing.frame["text"].to_list()
    assert sorted(found) == texts(tmp_path)


def test_relative_times_of_weibo_count_back_from_the_moment_of_collection(sites, tmp_path):
    original = ("900", "02-01", "the original")
    sites.weibo["1234567890"] = [
        ("105", "刚刚", "在家办公"),
        ("104", "23小时前", "<a href='/n/x'>@x</a> 上网课 &amp; 作业"),
        ("103", ago(30).astimezone(ZONE).strftime("%a %b %d %H:%M:%S +0800 %Y"), "转发微博", original),
        ("102", "something", "no time"),
    ]  # fmt: skip
    (done,) = run(tmp_path, USER)
    assert (done.posts, done.pages) == (4, 2)
    today = datetime.now(ZONE).date()
    files = FileSource(tmp_path)
    by_day = {day: read_posts(files.files(day), day, {"hash_key": b"k"}) for day in (today, *past(today, 2))}
    found = {row["text"]: row for landing in by_day.values() for row in landing.frame.iter_rows(named=True)}
    assert set(found) == {"在家办公", "@x 上网课 & 作业", "the original"}
    assert abs(found["@x 上网课 & 作业"]["time"] - ago(23)) < timedelta(minutes=2)
    assert found["the original"]["repost"]
    assert "unreadable time 'something'" in by_day[today].rejects["reason"][0]


def past(day, count):
    return [day - timedelta(days=back) for back in range(1, count + 1)]


def test_a_weibo_user_by_name(sites, tmp_path):
    sites.weibo["1234567890"] = [(str(n), "刚刚", f"p{n}") for n in range(7, 0, -1)]
    (done,) = run(tmp_path, "weibo-user 某人")
    assert (done.posts, done.reason) == (7, "")
    assert "/m.weibo.cn/n/" in sites.asked[0]


def test_a_mastodon_profile_with_boosts(sites, tmp_path):
    stamp = ago(2).strftime("%Y-%m-%dT%H:%M:%S+00:00")
    sites.toots["bob"] = [(n, stamp, f"toot {n}", "bob" if n == 103 else None) for n in range(105, 100, -1)]
    (done,) = run(tmp_path, TOOTER)
    assert (done.posts, done.reason) == (5, "")
    assert sum(item["_type"].endswith("Boost") for item in landed(tmp_path)) == 1
    assert run(tmp_path, TOOTER)[0].posts == 0


def test_a_single_toot(sites, tmp_path):
    sites.toots["bob"] = [(105, ago(2).strftime("%Y-%m-%dT%H:%M:%S+00:00"), "just this one")]
    target = "mastodon-toot https://mastodon.example/@bob/105"
    assert [run(tmp_path, target)[0].posts for _ in range(2)] == [1, 0]
    assert texts(tmp_path) == ["just this one"]


def test_an_instance_of_mastodon_4_is_told(sites, tmp_path):
    sites.faults["/mastodon.example"] = [(200, {}, '<html><body><div id="mastodon"></div></body></html>')]
    assert "from Mastodon 4 on" in run(tmp_path, TOOTER)[0].reason


def test_one_dead_channel_does_not_lose_the_others(sites, tmp_path):
    sites.telegram["channel"] = messages(2)
    sites.faults["/m.weibo.cn"] = [(200, {}, "<html>log in</html>")] * 9
    gone, broken, done, nobody = run(
        tmp_path, "telegram-channel nobody_here", USER, CHANNEL, "mastodon-profile @eve@mastodon.example"
    )
    assert "No public post list" in gone.reason
    assert "not one that snscrape can read" in broken.reason
    assert (done.posts, done.reason) == (2, "")
    assert "Account does not exist" in nobody.reason
    del sites.telegram["channel"]
    assert "No public post list" in run(tmp_path, CHANNEL)[0].reason


def test_a_busy_site_is_asked_again_as_late_as_it_says(sites, tmp_path, slept):
    sites.telegram["channel"] = messages(2)
    sites.faults["/t.me"] = [(429, {"Retry-After": "7"}, ""), (500, {}, ""), (503, {}, "")]
    assert run(tmp_path, CHANNEL)[0].posts == 2
    assert 7 in slept
    sites.faults["/t.me"] = [(500, {}, "")] * 4
    assert "status code 500" in run(tmp_path, CHANNEL)[0].reason


def test_a_site_that_asks_for_a_long_wait_is_left_alone(sites, tmp_path, slept):
    sites.telegram["channel"] = messages(8)
    sites.faults["/t.me/s/channel?before"] = [(429, {"Retry-After": "5000"}, "")]
    (done,) = run(tmp_path, CHANNEL)
    assert "asks to wait until" in done.reason
    assert (done.posts, done.left) == (3, True)
    assert max(slept, default=0) <= 120
    asked = len(sites.asked)
    assert "asked to wait" in run(tmp_path, CHANNEL)[0].reason
    assert len(sites.asked) == asked


def test_requests_to_one_host_keep_their_distance(sites, tmp_path, slept):
    sites.telegram["channel"] = messages(8)
    run(tmp_path, CHANNEL, interval=5.0)
    assert len([wait for wait in slept if 4 < wait <= 5]) == 2


def test_endless_pages_end_at_the_bound_and_later_collections_go_on(sites, tmp_path):
    sites.endless, sites.telegram["channel"] = True, messages(1)
    (done,) = run(tmp_path, CHANNEL, pages=4, days=3660)
    assert (done.pages, done.posts, done.left) == (4, 12, True)
    (more,) = run(tmp_path, CHANNEL, pages=4, days=3660)
    assert (more.posts, more.left) == (9, True)  # one page shows that nothing is new
    assert len(set(texts(tmp_path))) == 21 == len(texts(tmp_path))


def test_items_and_days_are_bounds_too(sites, tmp_path):
    sites.telegram["channel"] = messages(30, hours=24)
    (done,) = run(tmp_path, CHANNEL, items=3)
    assert (done.posts, done.left) == (3, True)
    (done,) = run(tmp_path, CHANNEL, days=5)
    assert not done.left
    assert done.pages < 5
    oldest = date.today() - timedelta(days=7)
    assert all(date.fromisoformat(path.parent.name) >= oldest for path in FileSource(tmp_path).paths())


@pytest.mark.parametrize("dies_in", ["save_cursor", "append", "land"])
@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_kill_at_any_step_loses_and_repeats_nothing(sites, tmp_path, monkeypatch, dies_in, after):
    sites.telegram["channel"] = messages(8)
    owner = collecting if dies_in == "save_cursor" else collecting.Drop
    real, calls = getattr(owner, dies_in), []

    def killed(*args):
        calls.append(args)
        if dies_in == "append" and len(calls) == after:
            real(*args)  # written and not yet counted
        if len(calls) == after:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(owner, dies_in, killed)
    try:
        run(tmp_path, CHANNEL)
    except KeyboardInterrupt:
        pass
    else:
        assert len(calls) < after
    monkeypatch.setattr(owner, dies_in, real)
    sites.telegram["channel"] = messages(10)
    run(tmp_path, CHANNEL)
    run(tmp_path, CHANNEL)
    assert texts(tmp_path) == sorted(f"message {n}" for n in range(1, 11))
    assert not list(tmp_path.rglob("*.part"))


def test_a_page_that_breaks_off_keeps_what_came_before_it(sites, tmp_path):
    sites.telegram["channel"] = messages(8)
    sites.faults["/t.me/s/channel?before"] = [(200, {}, '<div class="tgme_widget_message" data-post="x/1"></div>')]
    (done,) = run(tmp_path, CHANNEL)
    assert "can read" in done.reason
    assert (done.posts, done.left) == (3, True)
    (done,) = run(tmp_path, CHANNEL)
    assert (done.reason, done.left) == ("", False)
    assert len(texts(tmp_path)) == 8 == len(set(texts(tmp_path)))


def test_an_answer_of_any_size_is_cut_off(sites, tmp_path, monkeypatch):
    monkeypatch.setattr("solarnet_assets.sources.polite.MAX_BODY", 1000)
    sites.faults["/t.me"] = [(200, {}, "x" * 5000)]
    sites.telegram["channel"] = messages(1)
    assert "larger than" in run(tmp_path, CHANNEL)[0].reason


@pytest.mark.parametrize("leads_to", ["http://t.me/s/channel?before=3", "https://127.0.0.1/x", "https://evil.example/"])
def test_pages_lead_nowhere_else(sites, tmp_path, leads_to):
    link = f'<a class="tme_messages_more" data-before="1" href="{leads_to}"></a>'
    sites.faults["/t.me"] = [(200, {}, f"<html><body>{link}</body></html>")]
    (done,) = run(tmp_path, CHANNEL)
    assert "which is not https://t.me" in done.reason
    assert len(sites.asked) == 1
    sites.faults["/t.me"] = [(302, {"Location": leads_to}, "")]
    assert "which is not https://t.me" in run(tmp_path / "b", CHANNEL)[0].reason


def test_an_empty_channel_and_a_damaged_cursor(sites, tmp_path):
    sites.faults["/t.me"] = [(200, {}, "<html><body></body></html>")]
    (done,) = run(tmp_path, CHANNEL)
    assert (done.posts, done.reason) == (0, "")
    (tmp_path / ".cursors" / "telegram-channel-channel.json").write_text("{")
    assert "is damaged" in run(tmp_path, CHANNEL)[0].reason


def test_two_collections_at_once_are_refused(sites, tmp_path):
    sites.telegram["channel"] = messages(1)
    running = collect([read_target(CHANNEL, ())], tmp_path, Bounds(), ZONE)
    next(running)
    with pytest.raises(BadInputError, match="another collection is at work"):
        run(tmp_path, CHANNEL)
    running.close()


def test_the_drop_folder_is_private(sites, tmp_path):
    sites.telegram["channel"] = messages(1)
    os.umask(0o022)
    run(tmp_path / "drop", CHANNEL)
    folders = [tmp_path / "drop", *(p for p in (tmp_path / "drop").rglob("*") if p.is_dir())]
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}


def test_scrapers_load_without_the_package_that_imports_them_all(monkeypatch):
    from solarnet_assets.sources.scrapers import load

    for name in [name for name in sys.modules if name.startswith("snscrape")]:
        monkeypatch.delitem(sys.modules, name)
    assert load("telegram").TelegramChannelScraper.name == "telegram-channel"
    assert "snscrape.modules.twitter" not in sys.modules


def test_a_collected_file_is_read_alike_by_every_run(sites, tmp_path):
    sites.weibo["1234567890"] = [("1", "5分钟前", "在家")]
    run(tmp_path, USER)
    (path,) = FileSource(tmp_path).paths()
    day = date.fromisoformat(path.parent.name)
    first, second = (read_posts([RawFile(path, path.name)], day, {"hash_key": b"k"}).frame for _ in range(2))
    assert first.equals(second)
    assert first.height == 1


def test_an_answer_that_drips_is_given_up(monkeypatch):
    monkeypatch.setattr("solarnet_assets.sources.polite.MAX_SECONDS", 0.05)
    ended = Event()
    with pytest.raises(BadInputError, match="takes longer than"):
        _in_time(lambda: ended.wait(30))
    ended.set()
    with pytest.raises(TimeoutError, match="its own"):
        _in_time(lambda: (_ for _ in ()).throw(TimeoutError("its own")))
    assert _in_time(lambda: 5) == 5


def test_requests_are_sent_and_read_in_time(sites, tmp_path, monkeypatch):
    timed = []
    monkeypatch.setattr("solarnet_assets.sources.polite._in_time", lambda work: timed.append(work) or work())
    sites.telegram["channel"] = messages(1)
    run(tmp_path, CHANNEL)
    assert len(timed) == 2 * len(sites.asked)
