"""Online sectors: growth of their share of users, against 1 January and against the four weeks before."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

import polars as pl

from solarnet_assets.reports import formats
from solarnet_assets.reports.data import ReportData
from solarnet_assets.reports.events import Events
from solarnet_assets.reports.sparkline import frame_of
from solarnet_assets.reports.text import Text
from solarnet_assets.reports.tiles import tile
from solarnet_assets.reports.words import name_of, reason


def sectors(data: ReportData, events: Events) -> dict[str, Any] | None:
    """Return a small multiple, its events marked, and a table row per sector; None without any figure."""
    rows = data["sector_growth"].filter(pl.col("growth_pct").is_not_null())
    everybody = rows.filter(pl.col("lang") == "all")
    if everybody.is_empty():
        return None
    items = [
        _tile(str(sector), part, rows, events) for (sector,), part in everybody.group_by("sector", maintain_order=True)
    ]
    newest = everybody.filter(pl.col("day") == pl.col("day").max())
    return {
        "tiles": sorted(items, key=lambda item: -item["sort"]),
        "rows": [_row(row, rows) for row in newest.sort("growth_pct", "sector", descending=True).iter_rows(named=True)],
        "missing": _missing(data, newest["day"][0]),
        "has_recent_interval": newest["lower_4w"].null_count() < newest.height,
        "day": formats.day(newest["day"][0], year=True),
        "last_day": newest["day"][0],
        "last": newest.sort("growth_pct", "sector").row(-1, named=True),
    }


def _missing(data: ReportData, day: date) -> list[dict[str, Text]]:
    """Return the sectors that have no figure on a day, and why."""
    rows = data["sector_growth"].filter(
        pl.col("lang") == "all", pl.col("day") == day, pl.col("growth_pct").is_null(), pl.col("note").is_not_null()
    )
    return [
        {"name": name_of(row["sector"]), "note": reason(row["note"])}
        for row in rows.sort("sector").iter_rows(named=True)
    ]


def _tile(sector: str, part: pl.DataFrame, rows: pl.DataFrame, events: Events) -> dict[str, Any]:
    shown = part.with_columns(value="growth_pct")
    low = cast(float, shown.select(pl.min_horizontal("value", "lower").min()).item())
    top = cast(float, shown.select(pl.max_horizontal("value", "upper").quantile(0.98)).item())
    frame = frame_of(rows, min(low, -20.0), max(top, 20.0))
    happened = events.get(("sector", "sector", sector), ())
    return tile(name_of(sector), shown, frame, "--sector", normal=0.0, signed=True, events=happened)


def _row(row: dict[str, Any], rows: pl.DataFrame) -> dict[str, Any]:
    by_language = {
        lang: rows.filter(pl.col("sector") == row["sector"], pl.col("lang") == lang, pl.col("day") == row["day"])
        for lang in ("en", "zh")
    }
    return {
        "name": name_of(row["sector"]),
        "note": reason(row["note"] or ""),
        "growth": formats.figure(row["growth_pct"], signed=True),
        "interval": formats.interval(row["lower"], row["upper"], signed=True),
        "recent": formats.figure(row["growth_pct_4w"], signed=True),
        "recent_interval": formats.interval(row["lower_4w"], row["upper_4w"], signed=True),
        "share": formats.tenth(None if row["share"] is None else 100 * row["share"]),
        **{
            lang: formats.figure(part["growth_pct"][0] if part.height else None, signed=True)
            for lang, part in by_language.items()
        },
        "n_obs": formats.count(row["n_obs"] or 0),
    }
