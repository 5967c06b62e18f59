"""A static STAC catalogue on disk, walked without leaving its folder.

Written here and not left to pystac, which opens whatever a link names, over the network too, follows links in circles
until the stack ends, and loses a whole catalogue to one item that cannot be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from solarnet_assets.imagery.stac import parse_time, read_json
from solarnet_assets.landing import BadInputError, RawFile, reject, storable

FOLLOWED = ("child", "item")
"""Relations of links that lead from a catalogue to what it holds (STAC 1.1, catalog-spec)."""


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
            BadInputError: the catalogue cannot be read, or nothing that it leads to.
        """
        found: dict[Path, None] = {}
        for item in self._items():
            if item.day == day:
                found |= dict.fromkeys((item.file, *item.assets))
        base = self.root.parent.resolve()
        return [RawFile(path, storable(path.relative_to(base).as_posix())) for path in found]

    def refused(self, day: date) -> list[dict[str, Any]]:
        """Return reject records of links and items that cannot be read: they have no day, and lie with the first."""
        if day != self.since():
            return []
        return [reject(_name(self.root, fault.file), fault.reason) for fault in _walk(self.root, self.timezone)[1]]

    def since(self) -> date:
        """Return the day of the oldest item."""
        return min((item.day for item in self._items()), default=date.max)

    def _items(self) -> list[_Item]:
        items, faults = _walk(self.root, self.timezone)
        if faults and not items:
            raise BadInputError(f"STAC catalogue {self.root}: no item can be read: {faults[0].reason}")
        return items


@dataclass(frozen=True)
class _Item:
    """A readable item: its file, its local day, and the files of its assets that lie in the catalogue's folder."""

    file: Path
    day: date
    assets: tuple[Path, ...]


@dataclass(frozen=True)
class _Fault:
    """A link that is not followed, or a file that cannot be read."""

    file: Path
    reason: str


@lru_cache(maxsize=8)
def _walk(root: Path, timezone: str) -> tuple[list[_Item], list[_Fault]]:
    """Return items and faults in the order of links, each file once."""
    items, faults = list[_Item](), list[_Fault]()
    start = root.resolve()
    waiting, seen = [start], {start}
    while waiting:
        file = waiting.pop()
        name = _name(root, file)
        try:
            content = read_json(RawFile(file, name))
            if content.get("type") == "Feature":
                items.append(_item(file, content, name, timezone, start.parent))
                continue
            found, lost = _linked(file, content, start.parent)
        except (BadInputError, OSError) as error:
            if file == start:
                raise BadInputError(f"STAC catalogue {root} cannot be read: {error}") from error
            faults.append(_Fault(file, str(error)))
            continue
        faults += lost
        new = [path for path in dict.fromkeys(found) if path not in seen]
        seen.update(new)
        waiting += reversed(new)
    return items, faults


def _linked(file: Path, content: Mapping[str, Any], base: Path) -> tuple[list[Path], list[_Fault]]:
    """Return the files that a catalogue's links lead to, and the links that lead elsewhere."""
    found, lost = list[Path](), list[_Fault]()
    links = content.get("links")
    for link in links if isinstance(links, list) else []:
        if not isinstance(link, dict) or link.get("rel") not in FOLLOWED:
            continue
        target = _local(link.get("href"), file, base)
        if target is None:
            href = str(link.get("href"))[:80]
            lost.append(_Fault(file, f"{_name(base / 'x', file)} links to {href!r}, which is no file in its folder"))
        else:
            found.append(target)
    return found, lost


def _local(href: object, beside: Path, base: Path) -> Path | None:
    """Return the file that a reference names, if it lies in the catalogue's folder."""
    try:
        if not isinstance(href, str) or urlsplit(href).scheme:
            return None
        path = (beside.parent / href).resolve()
        return path if path.is_relative_to(base) and path.is_file() else None
    except (OSError, ValueError, RuntimeError):  # names with a zero or too long, links in circles
        return None


def _item(file: Path, content: Mapping[str, Any], name: str, timezone: str, base: Path) -> _Item:
    properties = content.get("properties")
    stated = properties if isinstance(properties, dict) else {}
    moment: datetime = parse_time(stated.get("datetime") or stated.get("start_datetime"), name)
    assets = tuple(path for href in _hrefs(content) if (path := _local(href, file, base)) is not None)
    return _Item(file, moment.astimezone(ZoneInfo(timezone)).date(), assets)


def _hrefs(content: Mapping[str, Any]) -> Iterator[object]:
    assets = content.get("assets")
    for asset in assets.values() if isinstance(assets, dict) else ():
        if isinstance(asset, dict):
            yield asset.get("href")


def _name(root: Path, file: Path) -> str:
    return storable(file.relative_to(root.parent.resolve()).as_posix())
