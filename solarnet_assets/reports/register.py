"""The register of raw files: which files a day was made of, with their digests, and which of them came late."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from solarnet_assets.reports import formats
from solarnet_assets.reports.data import ReportData
from solarnet_assets.reports.text import Text
from solarnet_assets.reports.words import say

SHOWN = 8
"""Files of one kind and day that a figure's last step lists."""

LATE = 12
"""Late files that the page lists."""


def files(data: ReportData, kinds: list[str], day: date) -> list[dict[str, Any]]:
    """Return, by kind of raw data, the files of a day or of the newest before it; empty without a register.

    Args:
        data: the report's data.
        kinds: assets of the lake; those that are no raw data have no files.
        day: of the figure.
    """
    known = data["raw_files"].filter(pl.col("day") <= day, pl.col("file") != "")
    found = []
    for kind in kinds:
        rows = known.filter(pl.col("kind") == kind)
        newest = rows.filter(pl.col("day") == pl.col("day").max()).sort("records_in", "file", descending=[True, False])
        if newest.height:
            found.append(
                {
                    "kind": kind,
                    "day": f"{newest['day'][0]:%Y-%m-%d}",
                    "n": formats.count(newest.height),
                    "files": [_file(row) for row in newest.head(SHOWN).iter_rows(named=True)],
                    "more": max(newest.height - SHOWN, 0),
                }
            )
    return found


def late(data: ReportData) -> dict[str, Any] | None:
    """Return the files with records that came after their day, the latest to come first; None without a register."""
    known = data["raw_files"].filter(pl.col("file") != "", pl.col("records_in") > 0)
    if known.is_empty():
        return None
    rows = known.filter(pl.col("arrived") > pl.col("day"))
    shown = rows.sort("arrived", "day", "kind", "file", descending=[True, True, False, False])
    return {
        "n": formats.count(rows.height),
        "of": formats.count(known.height),
        "rows": [_file(row) for row in shown.head(LATE).iter_rows(named=True)],
        "more": max(rows.height - LATE, 0),
    }


def _late(days: int) -> Text:
    if days <= 0:
        return say("how.in_time")
    return say("how.late_one") if days == 1 else say("how.late", n=days)


def _file(row: dict[str, Any]) -> dict[str, Any]:
    """Return what a line shows; a picture whose record is the item beside it has dashes for counts."""
    counts = ("records_in", "records_kept", "records_refused")
    n_in, kept, refused = (formats.count(row[name] if row["records_in"] else None) for name in counts)
    days = 0 if row["arrived"] is None else (row["arrived"] - row["day"]).days
    return {
        "kind": row["kind"],
        "file": row["file"],
        "sha256": row["sha256"] or "",
        "day": formats.short_day(row["day"]),
        "bytes": formats.count(row["bytes"]),
        "n_in": n_in,
        "kept": kept,
        "refused": refused,
        "arrived": formats.short_day(row["arrived"]),
        "late": _late(days),
        "is_late": days > 0,
    }
