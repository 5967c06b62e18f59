"""``solarnet collect``: fetches raw data from live sources into their drop folders."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer
from rich.table import Table

from solarnet_assets.landing import BadInputError
from solarnet_assets.options import Home
from solarnet_assets.screen import Screen

if TYPE_CHECKING:
    from solarnet_assets.config import Config
    from solarnet_assets.sources.collect import Outcome

app = typer.Typer(help="Fetch raw data from live sources into their drop folders.", no_args_is_help=True)


@app.callback()
def collect() -> None:
    """Fetch raw data from live sources into their drop folders."""


@app.command()
def posts(
    config: Annotated[Path | None, typer.Option(help="YAML file with a source of type snscrape.")] = None,
    home: Home = None,
) -> None:
    """Fetch new posts of the configured channels and users; run it again and again, hourly for instance.

    Each time it goes on where it stopped. The posts partitions read what it wrote, without the network.
    """
    from solarnet_assets.config import load_config

    if home is not None:
        os.environ["SOLARNET_HOME"] = str(home)
    table = Table(title="Collected posts", title_justify="left")
    for name in ("target", "pages", "new posts", "files"):
        table.add_column(name, justify="left" if name == "target" else "right")
    table.add_column("remark")
    outcomes = list(collect_posts(load_config(config)))
    for done in outcomes:
        remark = done.reason or ("more is left for the next collection" if done.left else "")
        table.add_row(str(done.target), f"{done.pages}", f"{done.posts:,}", f"{len(done.files)}", remark)
    Screen(width=None if sys.stdout.isatty() else 160).print(table)
    if all(done.reason for done in outcomes):
        raise BadInputError(f"no target could be read: {outcomes[0].target}: {outcomes[0].reason}")


def collect_posts(config: Config) -> Iterator[Outcome]:
    """Fetch what is new of the configured targets; yields what became of each.

    Raises:
        BadInputError: no source of type snscrape is configured, or another collection is at work.
    """
    from solarnet_assets.sources.collect import Bounds, collect
    from solarnet_assets.sources.targets import read_target

    source, folder = config.source("posts"), config.folder("posts")
    if source is None or source.live is None or folder is None:
        raise BadInputError("no source of type snscrape is configured for posts (docs/sources.md shows one)")
    live = source.live
    targets = [read_target(text, live.hosts) for text in live.targets]
    bounds = Bounds(live.pages, live.items, live.days, live.interval)
    yield from collect(targets, folder, bounds, ZoneInfo(config.timezone))
