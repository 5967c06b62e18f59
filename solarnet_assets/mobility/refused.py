"""What was refused, with bounded memory: the first records of each file and reason in full, the others counted."""

from __future__ import annotations

from typing import Any

import polars as pl

from solarnet_assets.landing import reject, rejects_frame

KEPT = 1000
"""Records of one file and reason that are kept with their row and sample."""

KEPT_IN_ALL = 200_000
"""Records of a day that are kept so; 30 MB."""


class Refused:
    """Refused records of a day, file by file; a file that turns out to be bad takes its records back."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], int] = {}
        self._kept: list[dict[str, Any]] = []

    def file(self, name: str, reason: str) -> None:
        """Refuse a whole file, and with it the rows that were refused before."""
        self.forget(name)
        self._kept.append(reject(name, reason))

    def forget(self, name: str) -> None:
        """Forget what was refused of a file."""
        if not any(key[0] == name for key in self._counts):
            return
        self._counts = {key: count for key, count in self._counts.items() if key[0] != name}
        self._kept = [record for record in self._kept if record["file"] != name]

    def rows(self, file: str, rows: pl.DataFrame) -> None:
        """Refuse the rows of one file: ``row``, ``reason``, and ``time``, ``lat``, ``lon`` for the sample."""
        for (reason,), some in rows.group_by("reason", maintain_order=True):
            count = self._counts.get((file, str(reason)), 0)
            self._counts[file, str(reason)] = count + some.height
            room = min(max(KEPT - count, 0), max(KEPT_IN_ALL - len(self._kept), 0))
            for row, sample in some.head(room).select("row", SAMPLE).iter_rows():
                self._kept.append(reject(file, str(reason), row, sample))

    def frame(self) -> pl.DataFrame:
        """Return the records that were kept, and one line for all others of each file and reason."""
        kept: dict[tuple[str, str], int] = {}
        for record in self._kept:
            key = record["file"], record["reason"]
            kept[key] = kept.get(key, 0) + (record["row"] is not None)
        rest = [
            reject(file, reason, sample=f"{more:,} more rows of this file, not listed one by one", records=more)
            for (file, reason), count in self._counts.items()
            if (more := count - kept.get((file, reason), 0))
        ]
        return rejects_frame(self._kept + rest)


def _degrees(name: str) -> pl.Expr:
    return pl.col(name).round(2).cast(pl.String).fill_null("-")


SAMPLE = pl.format(
    "time {}, lat {}, lon {}", pl.col("time").dt.to_string("iso").fill_null("-"), _degrees("lat"), _degrees("lon")
).alias("sample")
"""Names no device, and no place finer than 0.01 degrees."""
