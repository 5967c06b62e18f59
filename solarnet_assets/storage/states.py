"""States of knowledge: what a partition was before files that came late.

Nearly every day has one state. Where files came late, the partition is what is known now, and each earlier state is a
table in ``<asset>/earlier/day=.../``, named by the day from which it was known and by its content. The partition's
footer names those that belong to it: they are written first and count from the moment that the partition is replaced.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
from upath import UPath

from solarnet_assets.storage.files import put_once
from solarnet_assets.storage.schemas import SCHEMAS
from solarnet_assets.storage.stream import TableStream, draft_of, footer, move_in
from solarnet_assets.storage.tables import parquet, validated

EARLIER = "earlier"
_KNOWN, _BEFORE = "known", "before"


@dataclass(frozen=True)
class Before:
    """What a partition was before late files came.

    Attributes:
        known: day from which the partition itself is known.
        tables: day from which each earlier state was known (the partition's own day is the first) -> its table, or
            parts of it.
    """

    known: date
    tables: Mapping[date, pl.DataFrame | Iterable[pl.DataFrame]]


def late_days(root: UPath, asset: str) -> frozenset[str]:
    """Return the names of the day folders (``day=2020-02-09``) that may have earlier states."""
    folder = root / asset / EARLIER
    return frozenset(entry.name for entry in folder.iterdir()) if folder.exists() else frozenset()


def folder_of(partition: UPath) -> UPath:
    """Return where the earlier states of a partition (``<asset>/day=...``) lie."""
    return partition.parent / EARLIER / partition.name


def states(partition: UPath, table: str) -> dict[date, UPath]:
    """Return day from which each state of a partition was known -> its file, the oldest first; none where it has one.

    Args:
        partition: its folder.
        table: name of its table.
    """
    notes, _ = footer(partition / table)
    if _BEFORE not in notes:
        return {}
    found = {date.fromisoformat(day): folder_of(partition) / name for day, name in json.loads(notes[_BEFORE]).items()}
    return found | {date.fromisoformat(notes[_KNOWN]): partition / table}


@dataclass(frozen=True)
class Stored:
    """Earlier states as they were stored: what the partition's footer says of them, and their file names."""

    notes: dict[str, str]
    names: frozenset[str]


def store(partition: UPath, asset: str, day: date | None, before: Before | None) -> Stored:
    """Store the earlier states of a partition; they count when its footer names them.

    Args:
        partition: its folder.
        asset: whose schema the tables have.
        day: the partition.
        before: the states; None: there are none.

    Raises:
        BadInputError: a table does not fit the asset's schema.
    """
    if before is None:
        return Stored({}, frozenset())
    names = {}
    for known, table in before.tables.items():
        if isinstance(table, pl.DataFrame):
            data = parquet(validated(asset, day, table), {})
            names[known] = f"{known}-{hashlib.sha256(data).hexdigest()[:16]}.parquet"
            put_once(folder_of(partition) / names[known], data)
        else:
            parts = (validated(asset, day, part) for part in table)
            names[known] = _streamed(folder_of(partition), known, parts, SCHEMAS[asset].create_empty())
    told = json.dumps({f"{known}": name for known, name in sorted(names.items())})
    return Stored({_KNOWN: f"{before.known}", _BEFORE: told}, frozenset(names.values()))


def _streamed(folder: UPath, known: date, parts: Iterable[pl.DataFrame], empty: pl.DataFrame) -> str:
    stream = TableStream(draft_of(folder / "state.parquet"), empty)
    try:
        for part in parts:
            stream.write(part)
        stream.finish({})
    except BaseException:
        stream.abandon()
        raise
    name = f"{known}-{_digest(stream.draft)}.parquet"
    move_in(stream.draft, folder / name)
    return name


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:16]
