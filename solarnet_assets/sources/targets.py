"""Whose posts are fetched live: targets in the words of snscrape's own command line, checked before use.

Of snscrape 0.7.0.20230622, its last release, the scrapers of Telegram channels, Weibo users and Mastodon 3.x work.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from solarnet_assets.landing import BadInputError

LIVE = ("telegram-channel", "weibo-user", "mastodon-profile", "mastodon-toot")
DEAD = ("twitter", "reddit", "vkontakte", "facebook", "instagram")
"""Sites that have shut out snscrape's scrapers, by the first word of their names (its maintainer, 2023 to 2025)."""

_HOST = re.compile(r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}")
_NAMES = {
    "telegram-channel": re.compile(r"[A-Za-z]\w{3,31}", re.ASCII),
    "weibo-user": re.compile(r"\d{5,12}|[\w-]{2,30}"),
    "mastodon-profile": re.compile(r"@[\w.-]{1,64}@([a-z0-9.-]{4,253})", re.ASCII),
    "mastodon-toot": re.compile(r"https://([a-z0-9.-]{4,253})/@[\w.-]{1,64}(?:@[a-z0-9.-]+)?/\d{1,20}", re.ASCII),
}
_OWN_HOSTS = {"telegram-channel": "t.me", "weibo-user": "m.weibo.cn"}


@dataclass(frozen=True)
class Target:
    """One account or page.

    Attributes:
        scraper: name of the scraper, as snscrape has it.
        name: what the scraper is given.
        host: the only host that may be asked.
    """

    scraper: str
    name: str
    host: str

    @property
    def slug(self) -> str:
        """Name of its files: letters, digits, dots and dashes."""
        name = re.sub(r"[^\w.-]+", "-", self.name.removeprefix("https://")).strip("-.")
        return f"{self.scraper}-{name}"

    def __str__(self) -> str:
        return f"{self.scraper} {self.name}"


def read_target(text: str, hosts: Collection[str]) -> Target:
    """Return the target that a line of the configuration names, such as 'telegram-channel NAME'.

    Args:
        text: scraper and name, with one blank between them.
        hosts: Mastodon instances that may be asked.

    Raises:
        BadInputError: the scraper does not work or exist, the name does not fit it, or its host is not named.
    """
    scraper, _, name = text.strip().partition(" ")
    name = name.strip()
    if scraper.partition("-")[0] in DEAD:
        raise BadInputError(
            f"snscrape's scraper {scraper} no longer works, because the site shut it out; export with another tool "
            "(twscrape for X) and name the folder of its JSONL files as a source of type files"
        )
    if scraper not in LIVE:
        raise BadInputError(f"'{scraper[:40]}' is no scraper that works; those that do are {', '.join(LIVE)}")
    match = _NAMES[scraper].fullmatch(name)
    if match is None:
        raise BadInputError(f"'{name[:80]}' is no name for {scraper}; see docs/sources.md for its form")
    host = _OWN_HOSTS.get(scraper) or match[1]
    if scraper not in _OWN_HOSTS and host not in hosts:
        raise BadInputError(f"the Mastodon instance {host[:80]} is not among the hosts that may be asked")
    return Target(scraper, name, host)


def check_host(host: str) -> None:
    """Refuse what is no public host name: addresses, ports, schemes, single words, reserved names.

    Raises:
        BadInputError: with the reason.
    """
    reserved = (".localhost", ".local", ".internal", ".lan", ".home.arpa", ".onion")
    if not _HOST.fullmatch(host) or _is_address(host) or host.endswith(reserved):
        raise BadInputError(f"'{host[:80]}' is no public host name (lower case, such as mastodon.social)")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(urlsplit(f"//{host}").hostname or "")
    except ValueError:
        return False
    return True
