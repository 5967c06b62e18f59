import socket
from datetime import date

import pytest
from typer.testing import CliRunner

from solarnet_assets.cli import app
from solarnet_assets.config import load_config, save_config
from solarnet_assets.landing import BadInputError
from solarnet_assets.sources import open_source
from solarnet_assets.sources.polite import check_public
from solarnet_assets.sources.targets import read_target

GOOD = """
sources:
  posts:
    type: snscrape
    live:
      targets: [telegram-channel channel, weibo-user 1234567890]
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.setenv("SOLARNET_HOME", str(tmp_path / "home"))

    def _write(text):
        (tmp_path / "solarnet.yaml").write_text(text)
        return tmp_path / "solarnet.yaml"

    return _write


@pytest.mark.parametrize(
    ("text", "host"),
    [("telegram-channel durov", "t.me"), ("weibo-user 1234567890", "m.weibo.cn"), ("weibo-user 某人", "m.weibo.cn"),
     ("mastodon-profile @bob@toots.example", "toots.example"),
     ("mastodon-toot https://toots.example/@bob/1", "toots.example")],
)  # fmt: skip
def test_targets_are_written_as_on_snscrapes_command_line(text, host):
    target = read_target(text, {"toots.example"})
    assert target.host == host
    assert "/" not in target.slug


@pytest.mark.parametrize(
    ("text", "words"),
    [("twitter-user jack", "no longer works.*type files"), ("reddit-subreddit china", "no longer works"),
     ("vkontakte-user x", "no longer works"), ("instagram-user x", "no longer works"), ("gab x", "is no scraper"),
     ("telegram-channel ../etc", "is no name"), ("telegram-channel a b", "is no name"), ("telegram-channel", "no name"),
     ("weibo-user 1/2", "is no name"), ("mastodon-profile @bob@evil.example", "not among the hosts"),
     ("mastodon-toot http://toots.example/@bob/1", "is no name"), ("mastodon-toot file:///etc/passwd", "is no name"),
     ("mastodon-toot https://toots.example:8080/@bob/1", "is no name"),
     ("mastodon-toot https://toots.example@127.0.0.1/@bob/1", "is no name")],
)  # fmt: skip
def test_targets_that_are_refused_say_why(text, words):
    with pytest.raises(BadInputError, match=words):
        read_target(text, {"toots.example"})


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("    live:\n      targets: [telegram-channel channel, weibo-user 1234567890]\n", "", "go together"),
        ("type: snscrape", "type: files\n    path: x", "go together"),
        ("posts:", "pings:", "is for posts"),
        ("weibo-user 1234567890", "twitter-user jack", "sources.posts: snscrape's scraper twitter-user no longer"),
        ("weibo-user 1234567890", "telegram-channel channel", "named twice"),
        ("[telegram-channel channel, weibo-user 1234567890]", "[]", "live.targets"),
        ("      targets", "      pages: 0\n      targets", "live.pages"),
        ("      targets", "      interval: 0.1\n      targets", "live.interval"),
        ("      targets", "      hosts: [127.0.0.1]\n      targets", "no public host name"),
        ("      targets", "      hosts: [localhost]\n      targets", "no public host name"),
        ("      targets", "      hosts: ['x.example:99']\n      targets", "no public host name"),
        ("      targets", "      hosts: [nas.local]\n      targets", "no public host name"),
        ("      targets", "      proxy: x\n      targets", "live.proxy"),
    ],
)
def test_settings_that_do_not_fit_name_their_place(write, old, new, words):
    assert old in GOOD
    with pytest.raises(BadInputError, match=words) as caught:
        load_config(write(GOOD.replace(old, new)))
    assert "solarnet.yaml" in str(caught.value)


def test_the_drop_folder_lies_in_the_home_or_where_the_path_says(write, tmp_path):
    config = load_config(write(GOOD))
    assert config.folder("posts") == config.home / "drop" / "posts"
    with pytest.raises(BadInputError, match="run `solarnet collect posts` first"):
        open_source(config, "posts")
    config.folder("posts").mkdir(parents=True)
    assert open_source(config, "posts").since() == date.max
    named = load_config(write(GOOD.replace("    live:", "    path: here\n    live:")))
    assert named.folder("posts") == tmp_path / "here"
    save_config(config)
    assert load_config().source("posts") == config.source("posts")


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1"])
def test_names_that_lead_to_private_addresses_are_refused(monkeypatch, address):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: [(2, 1, 6, "", (address, 443))])
    with pytest.raises(BadInputError, match="not a public address"):
        check_public("toots.example")


def test_the_command_collects_and_tells(sites, slept, write):
    file = write(GOOD)
    sites.telegram["channel"] = [(1, "2020-02-10T08:00:00+00:00", "old"), (2, "2099-02-10T08:00:00+00:00", "[new]")]
    done = CliRunner().invoke(app, ["collect", "posts", "--config", str(file)])
    assert done.exit_code == 0, done.output
    assert "telegram-channel channel" in done.output
    (found,) = open_source(load_config(file), "posts").files(date(2099, 2, 10))
    assert found.path.parent.name == "2099-02-10"


def test_the_command_fails_where_no_target_can_be_read(sites, slept, write):
    sites.faults["/"] = [(404, {}, "")] * 9
    done = CliRunner().invoke(app, ["collect", "posts", "--config", str(write(GOOD))])
    assert isinstance(done.exception, BadInputError)
    assert "no target could be read: telegram-channel channel: Got status code 404" in str(done.exception)
    nothing = CliRunner().invoke(app, ["collect", "posts", "--config", str(write("sources: {}"))])
    assert "no source of type snscrape" in str(nothing.exception)


def test_the_scheduled_job_collects_and_the_sensor_sees_it(sites, slept, write):
    import dagster as dg

    from solarnet_assets.defs.automation import collect_live_posts, collect_schedule, drop_folders
    from solarnet_assets.defs.resources import Project

    project = Project(config_file=str(write(GOOD)))
    assert drop_folders(project.config) == {}
    sites.telegram["channel"] = [(2, "2099-02-10T08:00:00+00:00", "new")]
    with dg.DagsterInstance.ephemeral() as instance:
        done = collect_live_posts.execute_in_process(resources={"project": project}, instance=instance)
    assert done.success
    (found,) = drop_folders(project.config)["posts"].paths()
    assert found.read_text().count("\n") == 1
    with dg.build_schedule_context(resources={"project": project}) as context:
        assert isinstance(collect_schedule(context), dg.RunRequest)
    with dg.build_schedule_context(resources={"project": Project(config_file=str(write("sources: {}")))}) as context:
        assert isinstance(collect_schedule(context), dg.SkipReason)
