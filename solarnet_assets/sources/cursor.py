"""How far each live target has been read, and its raw files that are not finished: both outlive a kill.

A page counts when the cursor says so. Its posts are appended to drafts first, then the cursor with the new lengths of
the drafts replaces the old one in one step; what a killed collection appended beyond them is cut off by the next one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

import msgspec

from solarnet_assets.landing import BadInputError

KNOWN = 20_000
"""Posts that a target remembers, at least twice what a collection may add: a page without a new one ends a reading."""

GAPS = 20
"""Unfinished readings that a target remembers."""


class Gap(msgspec.Struct):
    """Where a reading stopped before it met what was known.

    Attributes:
        page: address of the first page that is missing.
        before: day before which everything is missing; past the bound of days nothing of it is wanted any more.
    """

    page: str
    before: date


class Cursor(msgspec.Struct):
    """The state of one target.

    Attributes:
        known: hashes of the keys of posts that were seen, last seen last.
        gaps: where readings stopped.
        drafts: path below the drop folder -> bytes that count.
        not_before: until when the site asked to be left alone.
    """

    known: dict[str, None] = {}
    gaps: list[Gap] = []
    drafts: dict[str, int] = {}
    not_before: datetime | None = None

    def is_new(self, key: str) -> bool:
        """Remember a post; tells whether it was not known."""
        hashed = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        known = hashed in self.known
        self.known.pop(hashed, None)
        self.known[hashed] = None
        return not known


def load_cursor(file: Path) -> Cursor:
    """Return the state of a target; a new one where there is none.

    Raises:
        BadInputError: the file is damaged; names it.
    """
    try:
        return msgspec.json.decode(file.read_bytes(), type=Cursor)
    except FileNotFoundError:
        return Cursor()
    except msgspec.MsgspecError as error:
        raise BadInputError(f"the cursor {file} is damaged ({error}); remove it to start this target anew") from error


def save_cursor(file: Path, cursor: Cursor) -> None:
    """Put the state of a target in its place in one step, on disk before it counts."""
    for key in list(cursor.known)[:-KNOWN]:
        del cursor.known[key]
    cursor.gaps = cursor.gaps[:GAPS]
    draft = file.with_suffix(".part")
    with _private(draft, os.O_TRUNC) as handle:
        _write(handle, msgspec.json.encode(cursor))
    draft.replace(file)


class Drop:
    """Raw files of one target and collection, one for each day: drafts that are hidden until they are landed.

    Args:
        root: the drop folder.
        slug: the target's part of file names.
        stamp: the collection's part, a UTC time such as 20200210T063000123456Z.
    """

    def __init__(self, root: Path, slug: str, stamp: str) -> None:
        self.root, self.slug, self.stamp = root, slug, stamp

    def append(self, drafts: Mapping[str, int], lines: Mapping[date, Iterable[str]]) -> dict[str, int]:
        """Append lines to the drafts of their days; returns the drafts with their new lengths."""
        lengths = dict(drafts)
        for day, some in lines.items():
            name = f"{day:%Y-%m-%d}/.{self.slug}-{self.stamp}.part"
            path = self.root / name
            path.parent.mkdir(mode=0o700, exist_ok=True)
            with _private(path) as handle:
                handle.seek(0, os.SEEK_END)
                _write(handle, "".join(f"{line}\n" for line in some).encode())
                lengths[name] = handle.tell()
        return lengths

    def land(self, drafts: Mapping[str, int]) -> list[Path]:
        """Give drafts their names, cut to the lengths that count; those of a killed collection too. Repeatable."""
        landed = []
        for name, length in drafts.items():
            path = self.root / name
            with suppress(FileNotFoundError):  # landed before a kill
                os.truncate(path, length)
                landed.append(path.replace(path.with_name(path.name[1:].removesuffix(".part") + ".jsonl")))
        for stray in self.root.glob(f"????-??-??/.{self.slug}-*.part"):
            if re.fullmatch(rf"\.{re.escape(self.slug)}-\d{{8}}T\d{{12}}Z\.part", stray.name):
                stray.unlink()
        return landed


def _private(path: Path, *flags: int) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | sum(flags), 0o600), "r+b")


def _write(handle: BinaryIO, data: bytes) -> None:
    handle.write(data)
    handle.flush()
    os.fsync(handle.fileno())
