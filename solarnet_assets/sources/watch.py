"""What has appeared in a drop folder since the last look."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from solarnet_assets.sources.files import day_of


@dataclass(frozen=True, order=True)
class Seen:
    """A file version: time of its last change (ns) and path relative to its root; orders what was seen.

    The change time (ctime) is set by the system when a file is written, copied or moved in, so that a file that keeps
    an old modification time (``cp -p``, ``rsync -t``, ``mv``) is new all the same, and one dated into the future blocks
    nothing. Two cases remain: a folder moved in whole keeps the change times of its files, and a clock set back.
    """

    changed: int
    name: str


@dataclass(frozen=True)
class Arrival:
    """A file version that is new, and the day it belongs to (None: holds many days)."""

    seen: Seen
    day: date | None


def arrivals(root: Path, paths: Iterable[Path], after: Seen, limit: int) -> list[Arrival]:
    """Return at most ``limit`` file versions newer than ``after``, oldest first.

    What counts is when files changed, never when a tick looks, so that a late tick loses nothing.
    """
    found = (Seen(path.stat().st_ctime_ns, path.relative_to(root).as_posix()) for path in paths)
    return [Arrival(seen, day_of(Path(seen.name))) for seen in sorted(s for s in found if s > after)[:limit]]
