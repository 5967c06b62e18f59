"""The contract between raw files and the lake: what a source hands over and what a reader returns.

A source lists :class:`RawFile`; a reader of a domain package turns the files of one day into a
:class:`Landing`. Every record that came in is either a row of the landing or a row of its rejects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

REJECTS_SCHEMA = pl.Schema(
    {"file": pl.String, "row": pl.Int64, "reason": pl.String, "sample": pl.String, "records": pl.Int64}
)
"""A refused record: file name, 0-based row (null for a whole file), one-sentence reason, harmless excerpt, and how many
records the line stands for: 1, or those of the file that were refused for the same reason after the first ones."""

SAMPLE_CHARS = 120


class BadInputError(ValueError):
    """Raised for an input that cannot be used; the message is one readable sentence that names the cause."""


@dataclass(frozen=True)
class RawFile:
    """One file that a source offers for a day.

    Attributes:
        path: where the bytes are, on local disk.
        name: the path relative to the source's root; what messages and quarantine name.
        whole: the file holds many days, and the reader keeps the rows of the asked day only.
        owns_undated: rows of a ``whole`` file that have no readable date are reported with this day.
    """

    path: Path
    name: str
    whole: bool = False
    owns_undated: bool = True


@dataclass(frozen=True)
class Landing:
    """What a reader made of one day's raw files.

    Attributes:
        frame: the accepted records, in the lake schema of the asset.
        rejects: the refused records (:data:`REJECTS_SCHEMA`).
        n_in: records counted on the way in, before any of them was judged.
        blobs: files to store beside the table, by content-addressed name.
    """

    frame: pl.DataFrame
    rejects: pl.DataFrame
    n_in: int
    blobs: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def n_rejected(self) -> int:
        """Refused records, also those that a line of ``rejects`` only counts."""
        return int(self.rejects["records"].sum())


Reader = Callable[[Sequence[RawFile], date, Mapping[str, Any]], Landing | Iterator[Landing]]
"""``reader(files, day, options)``; options are the source's own settings plus 'sites' or 'cities' frames.

A reader whose days do not fit into memory returns an iterator: the landing in parts, whose frames follow each other in
the order of the table and whose counts are summed.
"""


def reject(file: str, reason: str, row: int | None = None, sample: object = "", records: int = 1) -> dict[str, Any]:
    """Return one reject record."""
    return {"file": file, "row": row, "reason": reason, "sample": str(sample)[:SAMPLE_CHARS], "records": records}


def rejects_frame(records: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Return reject records as a frame with :data:`REJECTS_SCHEMA`."""
    return pl.DataFrame(list(records), schema=REJECTS_SCHEMA).with_columns(pl.col("records").fill_null(1))
