"""Where raw files come from: one small protocol, named in configuration, never in code."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

from solarnet_assets.landing import BadInputError

if TYPE_CHECKING:
    from solarnet_assets.config import Config
    from solarnet_assets.config.settings import SourceConfig
    from solarnet_assets.landing import RawFile


class Source(Protocol):
    """Anything that can name the raw files of a day."""

    def files(self, day: date) -> list[RawFile]:
        """Return the files of a day, in a stable order; an empty list is a day without data.

        Raises:
            OSError: the source cannot be reached now; the caller may try again.
            BadInputError: the source is misconfigured; trying again does not help.
        """
        ...

    def refused(self, day: date) -> list[dict[str, Any]]:
        """Return reject records of files that lie there and must not be opened."""
        ...

    def since(self) -> date:
        """Return the first day that the source may have anything of; ``date.max`` where it has nothing.

        Raises:
            OSError, BadInputError: as for :meth:`files`.
        """
        ...


def open_source(config: Config, kind: str) -> Source:
    """Return the configured source of a raw asset."""
    from solarnet_assets.sources.arrivals import Dated
    from solarnet_assets.sources.files import NoSource

    wanted = config.source(kind)
    return NoSource() if wanted is None else Dated(_opened(config, kind, wanted), wanted.arrival, config.timezone)


def _opened(config: Config, kind: str, wanted: SourceConfig) -> Source:
    from solarnet_assets.sources.files import FileSource
    from solarnet_assets.sources.simulated import SimulatedSource
    from solarnet_assets.sources.stac import StacSource

    if wanted.type == "simulated":
        return SimulatedSource(config, kind)
    if wanted.type == "snscrape":
        folder = config.folder(kind)
        assert folder is not None  # noqa: S101 - that type has one
        if not folder.is_dir():
            raise BadInputError(f"nothing has been collected into {folder} yet: run `solarnet collect posts` first")
        return FileSource(folder, wanted.first_day)
    assert wanted.path is not None  # noqa: S101 - load_config has seen to it
    if wanted.type == "stac":
        return StacSource(wanted.path, config.timezone)
    return FileSource(wanted.path, wanted.first_day)
