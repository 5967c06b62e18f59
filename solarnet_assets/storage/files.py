"""Files that appear whole or not at all, under names that cannot leave their folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from upath import UPath

from solarnet_assets.landing import BadInputError
from solarnet_assets.storage.stream import draft_of, is_local, move_in

_SAFE_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


def plain_name(name: str) -> str:
    """Return a file name, refusing anything that could leave its folder."""
    if not name or name.startswith(".") or not set(name) <= _SAFE_NAME:
        raise BadInputError(f"{name!r} is not a plain file name")
    return name


def put_once(path: UPath, data: bytes) -> None:
    """Write a content-addressed file unless it is there."""
    if not path.exists():
        put(path, data)


def put(path: UPath, data: bytes) -> None:
    """Write a file whole: by rename on a local disk, by one object put elsewhere."""
    if not is_local(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return
    draft = draft_of(path)
    draft.write_bytes(data)
    move_in(draft, path)


@contextmanager
def held(folder: UPath) -> Iterator[None]:
    """Hold a folder, made if it is not there, for one writer at a time; others wait, and a kill lets it go.

    Without it a writer that tidies up takes another's drafts for leftovers of a kill. Object stores, and network shares
    without locks, hold nothing: there two writers of one folder are for the orchestration to keep apart.
    """
    if not is_local(folder):
        yield
        return
    place = Path(str(folder))
    place.mkdir(parents=True, exist_ok=True)
    handle = os.open(place, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def keep_only(folder: UPath, names: Collection[str]) -> None:
    """Remove what older versions of a partition and killed writes left behind; the caller holds it."""
    if folder.exists():
        for entry in folder.iterdir():
            if entry.name not in names and entry.is_file():
                entry.unlink(missing_ok=True)
