"""A folder that raw files are dropped into."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from solarnet_assets.landing import BadInputError, RawFile

DAY_IN_PATH = re.compile(r"(?<!\d)(20\d{2})-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])(?!\d{1,5}(?!\d))")
"""The first date in a path: 2020-02-09, 20200209, also 20200209T025841."""


class NoSource:
    """A raw asset that nothing is configured for: its days are empty."""

    def files(self, day: date) -> list[RawFile]:
        """Return no files."""
        return []


@dataclass(frozen=True)
class FileSource:
    """Files below a folder: by day where the path holds a date, else holding many days.

    Args:
        root: folder, or a single file.
        first_day: the day that reports what has no readable date in files of many days.
    """

    root: Path
    first_day: date | None = None

    def files(self, day: date) -> list[RawFile]:
        """Return the day's own files and every file of many days."""
        base = self.root if self.root.is_dir() else self.root.parent
        return [
            RawFile(path, path.relative_to(base).as_posix(), whole=found is None, owns_undated=self._owns(found, day))
            for path in self.paths()
            if (found := day_of(path.relative_to(base))) in (None, day)
        ]

    def paths(self) -> list[Path]:
        """Return every file of the source; hidden files and links out of the root are left out.

        Raises:
            BadInputError: the folder does not exist.
        """
        if self.root.is_file():
            return [self.root]
        if not self.root.is_dir():
            raise BadInputError(f"source folder {self.root} does not exist")
        inside = self.root.resolve()
        visible = (p for p in sorted(self.root.rglob("*")) if not _hidden(p.relative_to(self.root)))
        return [p for p in visible if p.is_file() and p.resolve().is_relative_to(inside)]

    def _owns(self, found: date | None, day: date) -> bool:
        return found is not None or self.first_day in (None, day)


def day_of(path: Path) -> date | None:
    """Return the first valid date in a path, or None."""
    for year, month, dom in DAY_IN_PATH.findall(path.as_posix()):
        try:
            return date(int(year), int(month), int(dom))
        except ValueError:
            continue
    return None


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
