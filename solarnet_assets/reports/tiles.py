"""Tiles: one name, one small picture, one newest figure with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from solarnet_assets.reports import formats
from solarnet_assets.reports.series import POINTS
from solarnet_assets.reports.sparkline import Frame, sparkline
from solarnet_assets.reports.text import NOTHING, Text
from solarnet_assets.reports.words import say


def tile(
    name: Text,
    rows: pl.DataFrame,
    frame: Frame,
    colour: str,
    normal: float = 100.0,
    signed: bool = False,
    points: int = POINTS,
    events: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """Return what a tile shows.

    Args:
        name: whose figure it is.
        rows: day, value, lower, upper; at least one value.
        frame: scale of the group.
        colour: name of a CSS variable.
        normal: level of the reference line.
        signed: figures are changes and carry their sign.
        points: most points of the picture.
        events: what :func:`events.by_place` says of it; the newest last.
    """
    known = rows.filter(pl.col("value").is_not_null()).sort("day")
    last = known.row(-1, named=True)
    value = formats.percent(last["value"], signed)
    ends = formats.interval(last["lower"], last["upper"], signed)
    label = say("tile.label", name=name, value=value, day=formats.day(last["day"], year=True), interval=ends)
    filled = known.with_columns(pl.col(end).fill_null(pl.col("value")) for end in ("lower", "upper"))
    marks = [(event["since"], event["until"], event["direction"]) for event in events]
    shown = filled.select("day", "value", "lower", "upper")
    now = events[-1] if events and events[-1]["is_open"] else None
    return {
        "anchor": events[-1]["anchor"] if events else "",
        "event": say(f"tile.{now['direction']}", day=formats.day(now["since"])) if now else NOTHING,
        "direction": now["direction"] if now else "",
        "name": name,
        "value": value,
        "interval": ends,
        "day": formats.day(last["day"]),
        "line": sparkline(shown, frame, colour, normal, label, points, marks),
        "sort": last["value"],
        "place": NOTHING,
        "trace": None,
    }


def by_name(item: dict[str, Any]) -> str:
    """Return the English name of a tile, to sort by."""
    return str(item["name"].en)
