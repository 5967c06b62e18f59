"""Tables of the lake as bytes: checked against their schema, with notes in their footer, and what lies beside them."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
from dataframely.exc import SchemaError, ValidationError
from upath import UPath

from solarnet_assets.landing import REJECTS_SCHEMA, BadInputError
from solarnet_assets.storage.files import put_once
from solarnet_assets.storage.schemas import SCHEMAS, UNPARTITIONED
from solarnet_assets.storage.stream import is_local

FILES = "files"
"""Entry of a footer that names the register of raw files beside the table."""

KNOWN_ON = "known_on"
"""Column of tables whose rows may have come late; a table without it (of an earlier version) says that none did."""


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


def empty(asset: str) -> pl.DataFrame:
    """Return an asset's table without rows."""
    frame = SCHEMAS[asset].create_empty()
    return frame if asset in UNPARTITIONED else frame.with_columns(day=pl.lit(None, dtype=pl.Date))


def check_columns(asset: str, day: date | None, found: list[str]) -> None:
    """Refuse a stored table that has other columns than the asset.

    Raises:
        BadInputError: with what to do.
    """
    wanted = SCHEMAS[asset].column_names()
    if set(found) | ({KNOWN_ON} & set(wanted)) != set(wanted):
        missing = ", ".join(name for name in wanted if name not in found) or "none"
        unknown = ", ".join(name for name in found if name not in wanted) or "none"
        raise BadInputError(
            f"{asset}{'' if day is None else f' {day}'} was written by another version of this project (missing "
            f"columns: {missing}; unknown: {unknown}): materialise {'it' if day is None else 'that day'} again"
        )


def scanned(asset: str, day: date, table: UPath) -> pl.LazyFrame:
    """Return the table of a daily asset, lazily, with a ``day`` column.

    Raises:
        BadInputError: it has other columns.
    """
    source: Any = str(table) if is_local(table) else io.BytesIO(table.read_bytes())
    frame = pl.scan_parquet(source, hive_partitioning=False, glob=False)
    wanted, found = SCHEMAS[asset].column_names(), frame.collect_schema().names()
    check_columns(asset, day, found)
    if len(found) < len(wanted):
        frame = frame.with_columns(pl.lit(None, pl.Date).alias(KNOWN_ON))
    if found != wanted:
        frame = frame.select(wanted)
    return frame.with_columns(day=pl.lit(day, dtype=pl.Date))


def validated(asset: str, day: date | None, frame: pl.DataFrame) -> pl.DataFrame:
    """Return a table as the asset's schema wants it.

    Raises:
        BadInputError: it does not fit.
    """
    schema = SCHEMAS[asset]
    if KNOWN_ON in schema.column_names() and KNOWN_ON not in frame.columns:
        frame = frame.with_columns(pl.lit(None, pl.Date).alias(KNOWN_ON))
    try:
        return schema.validate(frame.select(schema.column_names()), cast=True)
    except (SchemaError, ValidationError, pl.exceptions.PolarsError) as error:
        reason = " ".join(str(error).split())
        raise BadInputError(f"{asset} {day or ''}: the table does not fit its schema: {reason}") from error


def write_rejects(folder: UPath, rejects: pl.DataFrame) -> str:
    """Store refused records under a name that their content decides; return it, empty where there are none."""
    if rejects.is_empty():
        return ""
    data = parquet(rejects.select(REJECTS_SCHEMA.names()), {})
    name = f"rejects-{hashlib.sha256(data).hexdigest()[:12]}.parquet"
    put_once(folder / name, data)
    return name


def write_register(folder: UPath, files: pl.DataFrame | None) -> dict[str, str]:
    """Store which raw files a table was made of beside it; return what its footer says of that."""
    if files is None:
        return {}
    data = parquet(files, {})
    name = f"files-{hashlib.sha256(data).hexdigest()[:12]}.parquet"
    put_once(folder / name, data)
    return {FILES: name}


def notes(counts: Counts, rejects: str) -> dict[str, str]:
    """Return what every table's footer says."""
    return {"n_in": str(counts.n_in), "n_quarantined": str(counts.n_quarantined), "rejects": rejects}


def parquet(frame: pl.DataFrame, notes: dict[str, str]) -> bytes:
    """Return a table as Parquet (zstd) with notes in its footer."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", metadata=notes)
    return buffer.getvalue()
