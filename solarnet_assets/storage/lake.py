"""The lake: one atomic partition per asset and day.

A partition is ``<asset>/day=YYYY-MM-DD/data.parquet`` with content-addressed files beside it. The
table is the commit point: files and refused records are written first under names of their own,
then the table that refers to them replaces the old one in a single step. A kill at any instant
leaves the old partition or the new one.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
from dataframely.exc import SchemaError, ValidationError
from upath import UPath

from solarnet_assets.landing import REJECTS_SCHEMA, BadInputError, Landing, rejects_frame
from solarnet_assets.storage.files import keep_only, plain_name, put, put_once
from solarnet_assets.storage.schemas import SCHEMAS, UNPARTITIONED
from solarnet_assets.storage.stream import TableStream, draft_of, footer, is_local, move_in, readers

TABLE = "data.parquet"


@dataclass(frozen=True)
class Counts:
    """Records of one partition: what came in, what was kept, what was refused."""

    n_in: int
    n_out: int
    n_quarantined: int

    @property
    def balanced(self) -> bool:
        """Whether nothing was lost: in = out + quarantined."""
        return self.n_in == self.n_out + self.n_quarantined


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

    def write(
        self,
        asset: str,
        day: date | None,
        content: Landing | pl.DataFrame,
        *,
        blobs: Mapping[str, bytes] | None = None,
    ) -> Counts:
        """Replace one partition.

        Args:
            asset: a key of :data:`SCHEMAS`.
            day: the partition; None for an asset without partitions.
            content: a table, or a landing with its refused records.
            blobs: files to keep beside the table, by bare file name.

        Returns:
            What was counted.

        Raises:
            BadInputError: the table does not fit the asset's schema; nothing was written.
        """
        landing = content if isinstance(content, Landing) else Landing(content, rejects_frame([]), content.height)
        frame = _validated(asset, day, landing.frame)
        folder, refused = self.folder(asset, day), _folder(self.quarantine, asset, day)
        files = {**landing.blobs, **(blobs or {})}
        for name, data in files.items():
            put_once(folder / plain_name(name), data)
        rejects_name = _write_rejects(refused, landing.rejects)
        counts = Counts(landing.n_in, frame.height, landing.n_rejected)
        put(folder / TABLE, _parquet(frame, _notes(counts, rejects_name)))
        keep_only(folder, {TABLE, *files})
        keep_only(refused, {rejects_name})
        return counts

    def write_stream(self, asset: str, day: date | None, parts: Iterable[Landing | pl.DataFrame]) -> Counts:
        """Replace one partition by a table that comes in parts, with one part in memory at a time.

        Up to a million rows are one row group; beyond, each part has row groups of its own (of up to a million rows),
        so that parts of one bucket each can be skipped by their statistics. Same parts, same bytes.

        Args:
            asset: a key of :data:`SCHEMAS`.
            day: the partition; None for an asset without partitions.
            parts: the table in its order, or a landing in parts (without blobs).

        Returns:
            What was counted.

        Raises:
            BadInputError: a part does not fit the asset's schema; nothing was written.
        """
        table = self.folder(asset, day) / TABLE
        stream = TableStream(draft_of(table), SCHEMAS[asset].create_empty())
        n_in, rejects = 0, [rejects_frame([])]
        try:
            for part in parts:
                landing = part if isinstance(part, Landing) else Landing(part, rejects_frame([]), part.height)
                stream.write(_validated(asset, day, landing.frame))
                rejects.append(landing.rejects)
                n_in += landing.n_in
            refused, folder = pl.concat(rejects), _folder(self.quarantine, asset, day)
            rejects_name = _write_rejects(folder, refused)
            counts = Counts(n_in, stream.height, int(refused["records"].sum()))
            stream.finish(_notes(counts, rejects_name))
            move_in(stream.draft, table)
        except BaseException:
            stream.abandon()
            raise
        keep_only(table.parent, {TABLE})
        keep_only(folder, {rejects_name})
        return counts

    def exists(self, asset: str, day: date | None) -> bool:
        """Whether the partition has been written."""
        return bool((self.folder(asset, day) / TABLE).exists())

    def days(self, asset: str) -> list[date]:
        """Return the days that have a partition, in order."""
        base = self.root / asset
        if not base.exists():
            return []
        found = (entry.name.removeprefix("day=") for entry in base.iterdir() if entry.name.startswith("day="))
        return sorted(day for day in map(date.fromisoformat, found) if self.exists(asset, day))

    def read(self, asset: str, day: date | None = None) -> pl.DataFrame:
        """Return one partition, empty but typed where there is none; daily assets get a ``day`` column."""
        if asset in UNPARTITIONED:
            table = self.folder(asset, None) / TABLE
            return pl.read_parquet(io.BytesIO(table.read_bytes())) if table.exists() else empty(asset)
        if day is None:
            raise ValueError(f"{asset} has daily partitions: name a day")
        return self.scan(asset, day, day).collect()

    def scan(self, asset: str, start: date, end: date) -> pl.LazyFrame:
        """Return the days in [start, end] that exist, lazily, with a ``day`` column.

        Raises:
            BadInputError: a version of this project with other columns wrote one of them.
        """
        frames = [self._scan_day(asset, day) for day in self.days_between(asset, start, end)]
        return pl.concat(frames) if frames else empty(asset).lazy()

    def readers(
        self, asset: str, day: date, columns: Iterable[str], dictionaries: Iterable[str]
    ) -> list[Callable[[], pa.Table]]:
        """Return one function per row group of a day that reads it as Arrow; none where there is no partition.

        Args:
            asset: a daily asset.
            day: the partition.
            columns: those to read.
            dictionaries: text columns to return as dictionaries.
        """
        table = self.folder(asset, day) / TABLE
        return readers(table, columns, dictionaries) if table.exists() else []

    def height(self, asset: str, start: date, end: date) -> int:
        """Return the number of rows in the days of [start, end], from their footers."""
        days = self.days_between(asset, start, end)
        return sum(footer(self.folder(asset, day) / TABLE)[1] for day in days)

    def days_between(self, asset: str, start: date, end: date) -> list[date]:
        """Return the days in [start, end] that have a partition."""
        span = pl.date_range(start, end, eager=True).to_list()
        return [day for day in span if self.exists(asset, day)]

    def blob(self, asset: str, day: date | None, name: str) -> UPath:
        """Return the path of a file that lies beside the table."""
        return self.folder(asset, day) / plain_name(name)

    def counts(self, asset: str, day: date | None) -> Counts:
        """Count a partition from what is stored: the table, its footer and the quarantine file."""
        notes, height = footer(self.folder(asset, day) / TABLE)
        return Counts(int(notes["n_in"]), height, int(self.rejects(asset, day)["records"].sum()))

    def rejects(self, asset: str, day: date | None) -> pl.DataFrame:
        """Return the refused records of a partition (:data:`REJECTS_SCHEMA`)."""
        notes, _ = footer(self.folder(asset, day) / TABLE)
        if not notes.get("rejects"):
            return pl.DataFrame(schema=REJECTS_SCHEMA)
        file = _folder(self.quarantine, asset, day) / notes["rejects"]
        found = pl.read_parquet(io.BytesIO(file.read_bytes()))
        return found if "records" in found.columns else found.with_columns(records=pl.lit(1, pl.Int64))

    def _scan_day(self, asset: str, day: date) -> pl.LazyFrame:
        table = self.folder(asset, day) / TABLE
        source: Any = str(table) if is_local(table) else io.BytesIO(table.read_bytes())
        frame = pl.scan_parquet(source, hive_partitioning=False)
        _check_columns(asset, day, frame.collect_schema().names())
        return frame.with_columns(day=pl.lit(day, dtype=pl.Date))


def _check_columns(asset: str, day: date, found: list[str]) -> None:
    wanted = SCHEMAS[asset].column_names()
    if set(found) != set(wanted):
        missing = ", ".join(name for name in wanted if name not in found) or "none"
        unknown = ", ".join(name for name in found if name not in wanted) or "none"
        raise BadInputError(
            f"{asset} {day} was written by another version of this project (missing columns: {missing}; unknown: "
            f"{unknown}): materialise that day again"
        )


def blob_name(data: bytes, suffix: str) -> str:
    """Return a content-addressed file name such as ``3f2a...9c.tif``."""
    return f"{hashlib.sha256(data).hexdigest()[:24]}{suffix}"


def empty(asset: str) -> pl.DataFrame:
    """Return an asset's table without rows."""
    frame = SCHEMAS[asset].create_empty()
    return frame if asset in UNPARTITIONED else frame.with_columns(day=pl.lit(None, dtype=pl.Date))


def _folder(root: UPath, asset: str, day: date | None) -> UPath:
    if (day is None) != (asset in UNPARTITIONED):
        raise ValueError(f"{asset}: daily assets need a day, the others must have none")
    return root / asset if day is None else root / asset / f"day={day:%Y-%m-%d}"


def _validated(asset: str, day: date | None, frame: pl.DataFrame) -> pl.DataFrame:
    schema = SCHEMAS[asset]
    try:
        return schema.validate(frame.select(schema.column_names()), cast=True)
    except (SchemaError, ValidationError, pl.exceptions.PolarsError) as error:
        reason = " ".join(str(error).split())
        raise BadInputError(f"{asset} {day or ''}: the table does not fit its schema: {reason}") from error


def _write_rejects(folder: UPath, rejects: pl.DataFrame) -> str:
    if rejects.is_empty():
        return ""
    data = _parquet(rejects.select(REJECTS_SCHEMA.names()), {})
    name = f"rejects-{hashlib.sha256(data).hexdigest()[:12]}.parquet"
    put_once(folder / name, data)
    return name


def _notes(counts: Counts, rejects: str) -> dict[str, str]:
    return {"n_in": str(counts.n_in), "n_quarantined": str(counts.n_quarantined), "rejects": rejects}


def _parquet(frame: pl.DataFrame, notes: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", metadata=notes)
    return buffer.getvalue()
