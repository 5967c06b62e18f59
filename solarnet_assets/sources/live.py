"""Settings of the live source of posts."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from solarnet_assets.landing import BadInputError
from solarnet_assets.sources.targets import check_host, read_target


class Live(BaseModel):
    """What snscrape's scrapers fetch, and how much of it in one collection.

    Attributes:
        targets: scraper and name as on snscrape's command line, such as ``telegram-channel NAME``.
        hosts: Mastodon instances that may be asked.
        pages, items: of one target.
        days: back from now.
        interval: seconds between requests to one host, at least.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    targets: tuple[str, ...] = Field(min_length=1, max_length=1000)
    hosts: tuple[str, ...] = ()
    pages: int = Field(default=50, ge=1, le=10_000)
    items: int = Field(default=5000, ge=1, le=10_000)
    days: int = Field(default=7, ge=1, le=3660)
    interval: float = Field(default=3.0, ge=0.5, le=3600)


def check_live(kind: str, source_type: str, live: Live | None) -> None:
    """Check that the settings fit each other and every target can be read.

    Args:
        kind: raw asset.
        source_type: of its source.
        live: what the source fetches, if anything.

    Raises:
        BadInputError: with the first thing that does not fit.
    """
    if (source_type == "snscrape") != (live is not None):
        raise BadInputError("type snscrape and the setting live go together")
    if live is None:
        return
    if kind != "posts":
        raise BadInputError("type snscrape is for posts")
    for host in live.hosts:
        check_host(host)
    named = [read_target(text, live.hosts) for text in live.targets]
    if twice := [target for target in named if named.count(target) > 1]:
        raise BadInputError(f"the target {twice[0]} is named twice")
