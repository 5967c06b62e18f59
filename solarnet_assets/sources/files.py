"""A folder that raw files are dropped into."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from solarnet_assets.landing import RawFile, reject, storable
from solarnet_assets.sources.arrivals import DECLARED
from solarnet_assets.sources.away import SourceAwayError

DAY_IN_PATH = re.compile(r"(?<!\d)(20\d{2})-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])(?!\d{1,5}(?!\d))")
"""The first date in a path: 2020-02-09, 20200209, also 20200209T025841."""


class NoSource:
    """A raw asset that nothing is configured for: its days are empty."""

    def files(self, day: date) -> list[RawFile]:
        """Return no files."""
        return []

    def refused(self, day: date) -> list[dict[str, Any]]:
        """Return nothing."""
        return []

    def since(self) -> date:
        """Return no day."""
        return date.max


@dataclass(frozen=True)
class FileSource:
    """Files below a folder: by day where the path holds a date, else holding many days.

    Args:
        root: folder, or a single file.
        first_day: first day of files of many days; it reports what has no readable date in them.
    """

    root: Path
    first_day: date | None = None

    @property
    def base(self) -> Path:
        """The folder that names are relative to."""
        return self.root.parent if self.root.is_file() else self.root

    def files(self, day: date) -> list[RawFile]:
        """Return the day's own files and every file of many days."""
        return [
            RawFile(
                path,
                storable(path.relative_to(self.base).as_posix()),
                whole=found is None,
                owns_undated=self._owns(found, day),
            )
            for path in self.paths()
            if (found := day_of(path.relative_to(self.base))) in (None, day)
        ]

    def refused(self, day: date) -> list[dict[str, Any]]:
        """Return reject records of the day for links that are not followed: out of the root, to folders, to nothing."""
        if self.root.is_file():
            return []
        found = ((path, path.relative_to(self.root)) for path in self._visible() if path.is_symlink())
        return [
            reject(name.as_posix(), f"{name.as_posix()} is a link out of the source's folder; it was not followed")
            for path, name in found
            if not self._usable(path) and (own := day_of(name)) in (None, day) and self._owns(own, day)
        ]

    def since(self) -> date:
        """Return the first day in a path, or ``first_day`` for files of many days (any day where it is not told)."""
        found = {day_of(path.relative_to(self.base)) for path in self.paths()}
        return min((day or self.first_day or date.min for day in found), default=date.max)

    def paths(self) -> list[Path]:
        """Return every file of the source; hidden files and links out of the root are left out.

        Raises:
            SourceAwayError: the folder does not exist, or one below it cannot be listed.
        """
        if self.root.is_file():
            return [self.root]
        if not self.root.is_dir():
            raise SourceAwayError(f"source folder {self.root} does not exist")
        return [path for path in self._visible() if path.name != DECLARED and self._usable(path)]

    def _visible(self) -> list[Path]:
        """Return every file, and every link to a folder: those are not followed.

        Raises:
            SourceAwayError: a folder cannot be listed: its files must not count as gone.
        """
        found = []
        for folder, folders, names in os.walk(self.root, onerror=_away):
            folders[:] = [name for name in folders if not name.startswith(".")]
            links = [name for name in folders if (Path(folder) / name).is_symlink()]
            found += [Path(folder) / name for name in (*names, *links) if not name.startswith(".")]
        return sorted(found)

    def _usable(self, path: Path) -> bool:
        if path.is_symlink() and not path.resolve().is_relative_to(self.root.resolve()):
            return False
        return path.is_file()

    def _owns(self, found: date | None, day: date) -> bool:
        return found is not None or self.first_day in (None, day)


def _away(error: OSError) -> None:
    raise SourceAwayError(f"source folder {error.filename} cannot be listed: {error.strerror}") from error


def day_of(path: Path) -> date | None:
    """Return the first valid date in a path, or None."""
    for year, month, dom in DAY_IN_PATH.findall(path.as_posix()):
        try:
            return date(int(year), int(month), int(dom))
        except ValueError:
            continue
    return None
