"""The register of a landing: which raw files it was made of, and what became of their records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import Any

import polars as pl

from solarnet_assets.landing import FILES_SCHEMA, IN_TIME, RawFile, sha256_of, storable


def register(
    kind: str, day: date, files: Sequence[RawFile], counted: Mapping[str, int], refused: Mapping[str, int]
) -> pl.DataFrame:
    """Return one row per file (:data:`~solarnet_assets.landing.FILES_SCHEMA`), sorted by name.

    Files are hashed once a process, after they were read: their bytes are still in the system's cache.

    Args:
        kind: raw asset.
        day: the partition.
        files: what the source offered.
        counted: records of the day in each file, by name.
        refused: those of them in quarantine. Names that are no file of the source are links that were not followed.
    """
    rows = [_row(kind, day, file, counted.get(file.name, 0), refused.get(storable(file.name), 0)) for file in files]
    known = {row["file"] for row in rows}
    for name, count in refused.items():
        if name not in known:
            rows.append(
                {"kind": kind, "file": name, "records_in": count, "records_kept": 0, "records_refused": count}
                | {"arrived": day, "arrival": IN_TIME}
            )
    return pl.DataFrame(rows, schema=FILES_SCHEMA).sort("file")


def _row(kind: str, day: date, file: RawFile, counted: int, refused: int) -> dict[str, Any]:
    size: int | None = None
    digest: str | None = None
    with suppress(OSError):  # gone since: the reader has refused it with the reason
        size, digest = file.path.stat().st_size, sha256_of(file.path)
    return {
        "kind": kind,
        "file": storable(file.name),
        "bytes": size,
        "sha256": digest,
        "records_in": counted,
        "records_kept": counted - refused,
        "records_refused": refused,
        "arrived": file.known(day),
        "arrival": file.arrival,
    }
