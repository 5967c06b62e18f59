"""snscrape's own scrapers, loaded on any Python, watched page by page, and able to start in the middle."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from solarnet_assets.landing import BadInputError

if TYPE_CHECKING:
    from requests.adapters import HTTPAdapter

    from solarnet_assets.sources.targets import Target

CLASSES = {
    "telegram-channel": ("telegram", "TelegramChannelScraper"),
    "weibo-user": ("weibo", "WeiboUserScraper"),
    "mastodon-profile": ("mastodon", "MastodonProfileScraper"),
    "mastodon-toot": ("mastodon", "MastodonTootScraper"),
}
NETWORK_RETRIES = 1
"""Of snscrape itself, after a connection that broke; busy answers are the adapter's business."""


def load(name: str) -> Any:
    """Import one of snscrape's modules.

    ``snscrape.modules`` imports all of them through an interface that Python 3.12 removed. Where it is not loaded yet,
    a bare package takes its place, so that on every version of Python one module is loaded, and no dead one.

    Raises:
        BadInputError: snscrape is not installed.
    """
    if "snscrape.modules" not in sys.modules:
        found = find_spec("snscrape")
        if found is None or not found.submodule_search_locations:
            raise BadInputError("snscrape is not installed: pip install snscrape")
        package = ModuleType("snscrape.modules")
        package.__path__ = [f"{folder}/modules" for folder in found.submodule_search_locations]
        sys.modules["snscrape.modules"] = package
    return import_module(f"snscrape.modules.{name}")


class Scraping:
    """One scraper at work.

    snscrape yields the items of a page and then asks for the next one: that moment is the end of the page. All its
    requests go through ``_request``, which is watched here, and its session, which gets our adapter.

    Args:
        target: whose posts.
        adapter: sends the requests.
        start: page to begin with; None: the newest.
        turn: called with the address of the next page before it is asked for; may raise to end.
    """

    def __init__(self, target: Target, adapter: HTTPAdapter, start: str | None, turn: Callable[[str], None]) -> None:
        module, name = CLASSES[target.scraper]
        told = int(target.name) if target.scraper == "weibo-user" and target.name.isdecimal() else target.name
        self._scraper = getattr(load(module), name)(told, retries=NETWORK_RETRIES)
        for scheme in ("https://", "http://"):
            self._scraper._session.mount(scheme, adapter)
        self._fetch, self._scraper._request = self._scraper._request, self._request
        self._start, self._turn = start, turn
        self.page: str | None = None

    def items(self) -> Iterator[Any]:
        """Yield snscrape's items, newest first."""
        yield from self._scraper.get_items()

    def _request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        if not url.startswith("https://m.weibo.cn/n/"):  # where Weibo tells the number of a name
            if self.page is None:
                url = self._start or url
            else:
                self._turn(url)
            self.page = url
        return self._fetch(method, url, *args, **kwargs)


@contextmanager
def complaints() -> Iterator[list[str]]:
    """Collect what snscrape says of a target that does not exist, which it only logs."""
    said: list[str] = []

    class _Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    logger, handler = logging.getLogger("snscrape"), _Keep(logging.WARNING)
    before = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield said
    finally:
        logger.removeHandler(handler)
        logger.propagate = before
