"""The lake: one atomic partition per asset and day.

A partition is ``<asset>/day=YYYY-MM-DD/data.parquet`` with content-addressed files beside it. The
table is the commit point: files and refused records are written first under names of their own,
then the table that refers to them replaces the old one in a single step. A kill at any instant
leaves the old partition or the new one. So do the register of raw files and earlier states of
knowledge (:mod:`solarnet_assets.storage.states`).
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path

import polars as pl
import pyarrow as pa
from upath import UPath

from solarnet_assets.landing import REJECTS_SCHEMA, BadInputError, Landing, rejects_frame
from solarnet_assets.storage.files import held, keep_only, plain_name, put, put_once
from solarnet_assets.storage.schemas import SCHEMAS, UNPARTITIONED
from solarnet_assets.storage.states import Before, folder_of, late_days, states, store
from solarnet_assets.storage.stream import TableStream, draft_of, footer, move_in, readers
from solarnet_assets.storage.tables import (
    FILES,
    Counts,
    check_columns,
    empty,
    notes,
    parquet,
    scanned,
    validated,
    write_register,
    write_rejects,
)

__all__ = ["TABLE", "Counts", "Lake", "blob_name", "empty"]

TABLE = "data.parquet"


class Lake:
    """Reads and writes partitions below a local folder or any fsspec URL.

    Args:
        root: folder or URL of the lake.
        quarantine: folder or URL of refused records.
    """

    def __init__(self, root: UPath | Path | str, quarantine: UPath | Path | str) -> None:
        self.root = UPath(root)
        self.quarantine = UPath(quarantine)

    def folder(self, asset: str, day: date | None) -> UPath:
        """Return the folder of a partition."""
        return _folder(self.root, asset, day)

    def table(self, asset: str, day: date | None) -> UPath:
        """Return the file of a partition's table."""
        return self.folder(asset, day) / TABLE

    def write(
        self,
        asset: str,
        day: date | None,
        content: Landing | pl.DataFrame,
        *,
        blobs: Mapping[str, bytes] | None = None,
        before: Before | None = None,
    ) -> Counts:
        """Replace one partition.

        Args:
            asset: a key of :data:`SCHEMAS`.
            day: the partition; None for an asset without partitions.
            content: a table, or a landing with its refused records.
            blobs: files to keep beside the table, by bare file name.
            before: what it was before late files came; None: nothing came late.

        Returns:
            What was counted.

        Raises:
            BadInputError: the table does not fit the asset's schema; nothing was written.
        """
        landing = content if isinstance(content, Landing) else Landing(content, rejects_frame([]), content.height)
        frame = validated(asset, day, landing.frame)
        folder, refused = self.folder(asset, day), _folder(self.quarantine, asset, day)
        files = {**landing.blobs, **(blobs or {})}
        with held(folder):
            for name, data in files.items():
                put_once(folder / plain_name(name), data)
            rejects_name, register = write_rejects(refused, landing.rejects), write_register(folder, landing.files)
            earlier = store(folder, asset, day, before)
            counts = Counts(landing.n_in, frame.height, landing.n_rejected)
            put(folder / TABLE, parquet(frame, notes(counts, rejects_name) | register | earlier.notes))
            keep_only(folder, {TABLE, *register.values(), *files})
            keep_only(refused, {rejects_name})
            keep_only(folder_of(folder), earlier.names)
        return counts

    def write_stream(
        self,
        asset: str,
        day: date | None,
        parts: Iterable[Landing | pl.DataFrame],
        before: Before | None = None,
    ) -> Counts:
        """Replace one partition by a table that comes in parts, with one part in memory at a time.

        Up to a million rows are one row group; beyond, each part has row groups of its own (of up to a million rows),
        so that parts of one bucket each can be skipped by their statistics. Same parts, same bytes.

        Args:
            asset: a key of :data:`SCHEMAS`.
            day: the partition; None for an asset without partitions.
            parts: the table in its order, or a landing in parts (without blobs).
            before: what it was before late files came; None: nothing came late.

        Returns:
            What was counted.

        Raises:
            BadInputError: a part does not fit the asset's schema; nothing was written.
        """
        table, folder = self.table(asset, day), _folder(self.quarantine, asset, day)
        n_in, rejects, files = 0, [rejects_frame([])], None
        with held(table.parent):
            earlier = store(table.parent, asset, day, before)
            stream = TableStream(draft_of(table), SCHEMAS[asset].create_empty())
            try:
                for part in parts:
                    landing = part if isinstance(part, Landing) else Landing(part, rejects_frame([]), part.height)
                    stream.write(validated(asset, day, landing.frame))
                    rejects.append(landing.rejects)
                    n_in += landing.n_in
                    files = landing.files if files is None else files
                refused = pl.concat(rejects)
                rejects_name, register = write_rejects(folder, refused), write_register(table.parent, files)
                counts = Counts(n_in, stream.height, int(refused["records"].sum()))
                stream.finish(notes(counts, rejects_name) | register | earlier.notes)
                move_in(stream.draft, table)
            except BaseException:
                stream.abandon()
                raise
            keep_only(table.parent, {TABLE, *register.values()})
            keep_only(folder, {rejects_name})
            keep_only(folder_of(table.parent), earlier.names)
        return counts

    def exists(self, asset: str, day: date | None) -> bool:
        """Whether the partition has been written."""
        return bool(self.table(asset, day).exists())

    def days(self, asset: str) -> list[date]:
        """Return the days that have a partition, in order."""
        base = self.root / asset
        if not base.exists():
            return []
        found = (entry.name.removeprefix("day=") for entry in base.iterdir() if entry.name.startswith("day="))
        return sorted(day for day in map(date.fromisoformat, found) if self.exists(asset, day))

    def states(self, asset: str, day: date) -> list[date]:
        """Return from which days on the states of a partition were known: the day itself alone, unless files came late.

        The oldest comes first, and is the day itself.
        """
        if f"day={day}" not in late_days(self.root, asset) or not self.exists(asset, day):
            return [day]
        return list(states(self.folder(asset, day), TABLE)) or [day]

    def read(self, asset: str, day: date | None = None, known: date | None = None) -> pl.DataFrame:
        """Return one partition, empty but typed where there is none; daily assets get a ``day`` column.

        Args:
            asset: a key of :data:`SCHEMAS`.
            day: the partition.
            known: day whose knowledge is wanted; None: all that is known now.

        Raises:
            BadInputError: a version of this project with other columns wrote it.
        """
        if asset in UNPARTITIONED:
            table = self.table(asset, None)
            frame = pl.read_parquet(io.BytesIO(table.read_bytes())) if table.exists() else empty(asset)
            check_columns(asset, None, frame.columns)
            return frame
        if day is None:
            raise ValueError(f"{asset} has daily partitions: name a day")
        return self.scan(asset, day, day, known).collect()

    def scan(self, asset: str, start: date, end: date, known: date | None = None) -> pl.LazyFrame:
        """Return the days in [start, end] that exist, lazily, with a ``day`` column.

        Args:
            asset: a daily asset.
            start: first day.
            end: last one.
            known: day whose knowledge is wanted: files that came after it are left out; None: all that is known now.

        Raises:
            BadInputError: a version of this project with other columns wrote one of them.
        """
        late = late_days(self.root, asset) if known else frozenset()
        days = self.days_between(asset, start, end)
        frames, faults = [], dict[date, BadInputError]()
        for day in days:
            try:
                table = self._table(asset, day, known if f"day={day}" in late else None)
                frames.append(scanned(asset, day, table))
            except BadInputError as fault:
                faults[day] = fault
        if faults:
            more = f"; and {len(faults) - 1} more days of it, the last {max(faults)}" if len(faults) > 1 else ""
            raise BadInputError(f"{faults[min(faults)]}{more}")
        return pl.concat(frames) if frames else empty(asset).lazy()

    def readers(
        self, asset: str, day: date, columns: Iterable[str], dictionaries: Iterable[str], known: date | None = None
    ) -> list[Callable[[], pa.Table]]:
        """Return one function per row group of a day that reads it as Arrow; none where there is no partition.

        Args:
            asset: a daily asset.
            day: the partition.
            columns: those to read.
            dictionaries: text columns to return as dictionaries.
            known: day whose knowledge is wanted; None: all that is known now.
        """
        late = known is not None and f"day={day}" in late_days(self.root, asset)
        table = self._table(asset, day, known if late else None)
        return readers(table, columns, dictionaries) if table.exists() else []

    def height(self, asset: str, start: date, end: date) -> int:
        """Return the number of rows in the days of [start, end], from their footers."""
        days = self.days_between(asset, start, end)
        return sum(footer(self.table(asset, day))[1] for day in days)

    def days_between(self, asset: str, start: date, end: date) -> list[date]:
        """Return the days in [start, end] that have a partition."""
        span = pl.date_range(start, end, eager=True).to_list()
        return [day for day in span if self.exists(asset, day)]

    def blob(self, asset: str, day: date | None, name: str) -> UPath:
        """Return the path of a file that lies beside the table."""
        return self.folder(asset, day) / plain_name(name)

    def counts(self, asset: str, day: date | None) -> Counts:
        """Count a partition from what is stored: the table, its footer and the quarantine file."""
        told, height = footer(self.table(asset, day))
        return Counts(int(told["n_in"]), height, int(self.rejects(asset, day)["records"].sum()))

    def rejects(self, asset: str, day: date | None) -> pl.DataFrame:
        """Return the refused records of a partition (:data:`REJECTS_SCHEMA`)."""
        found = self._beside(asset, day, "rejects", _folder(self.quarantine, asset, day))
        if found is None:
            return pl.DataFrame(schema=REJECTS_SCHEMA)
        return found if "records" in found.columns else found.with_columns(records=pl.lit(1, pl.Int64))

    def files(self, asset: str, day: date) -> pl.DataFrame | None:
        """Return the raw files that a partition was made of (:data:`FILES_SCHEMA`); None where nothing says so."""
        return self._beside(asset, day, FILES, self.folder(asset, day)) if self.exists(asset, day) else None

    def _beside(self, asset: str, day: date | None, note: str, folder: UPath) -> pl.DataFrame | None:
        """Return the table that a partition's footer names, of a newer partition where that came in between."""
        name = ""
        while wanted := footer(self.table(asset, day))[0].get(note):
            try:
                return pl.read_parquet(io.BytesIO((folder / wanted).read_bytes()))
            except FileNotFoundError:
                if wanted == name:
                    raise
                name = wanted
        return None

    def _table(self, asset: str, day: date, known: date | None) -> UPath:
        """Return the file of a day's newest state that was known on a day."""
        folder = self.folder(asset, day)
        if known is None or not self.exists(asset, day):
            return folder / TABLE
        found = states(folder, TABLE) or {day: folder / TABLE}
        return found[max((first for first in found if first <= known), default=min(found))]


def blob_name(data: bytes, suffix: str) -> str:
    """Return a content-addressed file name such as ``3f2a...9c.tif``."""
    return f"{hashlib.sha256(data).hexdigest()[:24]}{suffix}"


def _folder(root: UPath, asset: str, day: date | None) -> UPath:
    if (day is None) != (asset in UNPARTITIONED):
        raise ValueError(f"{asset}: daily assets need a day, the others must have none")
    return root / asset if day is None else root / asset / f"day={day:%Y-%m-%d}"
