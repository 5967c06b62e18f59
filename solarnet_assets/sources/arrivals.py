"""When raw files arrived, so that what is said as of a day knows no file that came after it.

A day's knowledge closes when the next morning's refresh begins (:data:`CLOSES`): a file that came by then is in time. A
source declares arrivals in a file ``arrivals.csv`` (columns file, arrived) in its folder or in one below; where it does
not, STAC items or the time of the file may be asked. What nothing is said of counts as in time.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path, PurePath, PurePosixPath
from posixpath import normpath
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from solarnet_assets.landing import BadInputError, RawFile

if TYPE_CHECKING:
    from solarnet_assets.sources import Source

DECLARED = "arrivals.csv"
"""A file of this name says when the files beside and below it arrived; it is no data itself."""

CLOSES = time(6, 30)
"""Local time of the daily refresh: what came before it belongs to the knowledge of the day before."""

STAMPS = ("published", "created", "updated")
"""Properties of a STAC item that say when it was there (STAC common metadata; timestamps extension), best first."""

MOST_BYTES = 64 << 20

REMADE = 31
"""As-of days that a file brings up to date by itself; a later find is a matter for a backfill."""

How = Literal["declared", "item", "mtime"]


@dataclass(frozen=True)
class Dated:
    """A source whose files know when they arrived.

    Args:
        source: lists the files.
        how: beyond what ``arrivals.csv`` declares: ``declared`` (nothing), ``item`` (properties of STAC items) or
            ``mtime`` (time of the file's last change).
        timezone: IANA zone of the days.
    """

    source: Source
    how: How
    timezone: str

    def files(self, day: date) -> list[RawFile]:
        """Return the day's files with their arrival.

        Raises:
            OSError, BadInputError: as for the source; or a declaration that cannot be read.
        """
        return dated(self.source.files(day), self.how, self.timezone)

    def refused(self, day: date) -> list[dict[str, Any]]:
        """Return what the source refuses."""
        return self.source.refused(day)

    def since(self) -> date:
        """Return the source's first day."""
        return self.source.since()


def dated(files: Sequence[RawFile], how: How, timezone: str) -> list[RawFile]:
    """Return files with their arrival, as :class:`Dated` has it.

    Raises:
        OSError, BadInputError: a declaration, or the time of a file, cannot be read.
    """
    declared, stamped = _declared(files, timezone), _stamped(files, how, timezone)
    return [_with(file, declared.get(file.name), stamped.get(file.name)) for file in files]


def made_without(file: RawFile, day: date, yesterday: date) -> list[date]:
    """Return the as-of days that have been made without a file though it had arrived: the :data:`REMADE` newest.

    None for a file that nothing is said of: what was said since its day stays as it was said.

    Args:
        file: one that has just been seen, with its arrival.
        day: that it belongs to.
        yesterday: newest day that has been made.
    """
    if file.arrived is None:
        return []
    late = (yesterday - file.known(day)).days + 1
    return [yesterday - timedelta(days=n) for n in reversed(range(min(max(late, 0), REMADE)))]


def known_day(text: str, timezone: str) -> date:
    """Return the day whose knowledge a file joins that arrived at a time.

    Args:
        text: ISO 8601: a day, or a time, which is local where it names no zone. A day is taken as it is; a time before
            :data:`CLOSES` belongs to the day before.
        timezone: IANA zone of the days.

    Raises:
        ValueError: it is neither.
    """
    text = text.strip()
    if len(text) <= len("2020-02-09"):
        return date.fromisoformat(text)
    moment, zone = datetime.fromisoformat(text), ZoneInfo(timezone)
    return _day_of(moment.astimezone(zone) if moment.tzinfo else moment.replace(tzinfo=zone))


def _day_of(local: datetime) -> date:
    return local.date() - timedelta(days=1) if local.time() < CLOSES else local.date()


def _with(file: RawFile, declared: date | None, stamped: tuple[date, str] | None) -> RawFile:
    if declared is not None:
        return replace(file, arrived=declared, arrival="declared")
    return file if stamped is None else replace(file, arrived=stamped[0], arrival=stamped[1])


def _declared(files: Sequence[RawFile], timezone: str) -> dict[str, date]:
    """Return what declarations say of files, the nearest folder first."""
    found: dict[str, date] = {}
    read: dict[Path, Mapping[str, date]] = {}
    for file in files:
        depth = len(PurePath(file.name).parts)
        for parents, folder in enumerate(file.path.parents[:depth]):
            if folder not in read:
                read[folder] = _declaration(folder / DECLARED, file.path.parents[depth - 1], timezone)
            name = "/".join(file.path.parts[-1 - parents :])
            if name in read[folder]:
                found[file.name] = read[folder][name]
                break
    return found


def _declaration(path: Path, base: Path, timezone: str) -> Mapping[str, date]:
    if not path.is_file() or not path.resolve().is_relative_to(base.resolve()):
        return {}
    stat = path.stat()
    if stat.st_size > MOST_BYTES:
        raise BadInputError(f"{path} has {stat.st_size:,} bytes, more than {MOST_BYTES:,}")
    return _parsed(path, stat.st_size, stat.st_mtime_ns, timezone)


@lru_cache(maxsize=1024)
def _parsed(path: Path, _size: int, _changed: int, timezone: str) -> Mapping[str, date]:
    found = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines)
            if not {"file", "arrived"} <= set(rows.fieldnames or ()):
                raise BadInputError(f"{path} lacks the columns file and arrived")
            for row in rows:
                try:
                    found[row["file"]] = known_day(row["arrived"] or "", timezone)
                except (ValueError, OverflowError) as error:
                    said = str(row["arrived"])[:40]
                    raise BadInputError(
                        f"{path}, line {rows.line_num}: {said!r} is no day or time (write 2020-02-09)"
                    ) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInputError(f"{path} cannot be read: {error}") from error
    return found


def _stamped(files: Sequence[RawFile], how: How, timezone: str) -> dict[str, tuple[date, str]]:
    if how == "mtime":
        moments = {file.name: datetime.fromtimestamp(file.path.stat().st_mtime, ZoneInfo(timezone)) for file in files}
        return {name: (_day_of(moment), "file time") for name, moment in moments.items()}
    if how == "item":
        return {name: (day, "item") for file in files for name, day in _of_item(file, timezone)}
    return {}


def _of_item(file: RawFile, timezone: str) -> Iterator[tuple[str, date]]:
    """Yield the files of a STAC item, itself among them, with the day that it says; nothing where it says none.

    What cannot be read here is refused, with its reason, by the reader of the kind.
    """
    if PurePosixPath(file.name).suffix.lower() != ".json" or file.path.stat().st_size > MOST_BYTES:
        return
    try:
        item = json.loads(file.path.read_bytes())
        told = next((str(item["properties"][name]) for name in STAMPS if item["properties"].get(name)), None)
        if told is None:
            return
        day = known_day(told, timezone)
        hrefs = [str(asset["href"]) for asset in item.get("assets", {}).values()]
    except (OSError, ValueError, OverflowError, KeyError, TypeError, AttributeError, RecursionError):
        return
    yield file.name, day
    for href in hrefs:
        yield normpath(PurePosixPath(file.name).parent / href), day
