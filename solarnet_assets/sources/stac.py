"""A static STAC catalogue on disk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from solarnet_assets.landing import BadInputError, RawFile


@dataclass(frozen=True)
class StacSource:
    """Items of a catalogue, by the local day of their sensing time.

    Args:
        root: ``catalog.json`` or ``collection.json``.
        timezone: IANA zone of the days.
    """

    root: Path
    timezone: str

    def files(self, day: date) -> list[RawFile]:
        """Return the items of a day and the local files that their assets name.

        Raises:
            BadInputError: the catalogue cannot be read.
        """
        base = self.root.parent.resolve()
        found: list[Path] = []
        for item_file, local_day, assets in _index(self.root, self.timezone):
            if local_day == day:
                found += [item_file, *(a for a in assets if a.is_relative_to(base) and a.is_file())]
        return [RawFile(p, p.relative_to(base).as_posix()) for p in dict.fromkeys(found) if p.is_relative_to(base)]

    def refused(self, day: date) -> list[dict[str, Any]]:
        """Return nothing: what leaves the catalogue's folder is refused with its item."""
        return []

    def since(self) -> date:
        """Return the day of the oldest item."""
        return min((day for _, day, _ in _index(self.root, self.timezone)), default=date.max)


@lru_cache(maxsize=8)
def _index(root: Path, timezone: str) -> list[tuple[Path, date, list[Path]]]:
    import pystac

    try:
        items = list(pystac.Catalog.from_file(root).get_items(recursive=True))
    except (OSError, ValueError, KeyError, pystac.STACError) as error:
        raise BadInputError(f"STAC catalogue {root} cannot be read: {error}") from error
    rows = []
    for item in items:
        if item.datetime is None or not item.get_self_href():
            continue
        moment = item.datetime if item.datetime.tzinfo else item.datetime.replace(tzinfo=UTC)
        file = Path(str(item.get_self_href())).resolve()
        hrefs = [a.href for a in item.assets.values() if "://" not in a.href and not Path(a.href).is_absolute()]
        rows.append((file, moment.astimezone(ZoneInfo(timezone)).date(), [(file.parent / h).resolve() for h in hrefs]))
    return rows
