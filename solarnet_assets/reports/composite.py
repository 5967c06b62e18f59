"""What the index is made of: each component's points, and the two composites side by side."""

from __future__ import annotations

from typing import Any

import polars as pl

from solarnet_assets.reports import formats
from solarnet_assets.reports.composite_charts import parts_chart, two_chart
from solarnet_assets.reports.country import LEVELS
from solarnet_assets.reports.data import ReportData
from solarnet_assets.reports.text import NOTHING, Text, joined
from solarnet_assets.reports.words import language, name_of, quoted, say

WEIGHTS, FACTOR = "weights", "factor"
"""Kinds of composite: fixed weights on the components, and the same weights on what they have in common."""


def section(data: ReportData) -> dict[str, Any] | None:
    """Return charts, table and explanation of the country's composites; None where there are no contributions."""
    parts = data["index_contributions"].filter(pl.col("region") == data.country).drop_nulls("contribution")
    fixed = parts.filter(pl.col("kind") == WEIGHTS)
    if fixed.is_empty():
        return None
    index = data["recovery_index"].filter(pl.col("region") == data.country).drop_nulls("value").sort("kind", "day")
    last = fixed["day"].max()
    newest = parts.filter(pl.col("day") == last)
    known = [signal for signal in LEVELS if signal in set(fixed["signal"])]
    both = {kind: _sum(newest, kind) for kind in (WEIGHTS, FACTOR) if kind in set(newest["kind"])}
    return {
        "day": formats.day(fixed["day"].max(), year=True),  # type: ignore[arg-type]
        "last_day": last,
        "signals": [{"signal": signal, "name": say(f"signals.{signal}")} for signal in known],
        "parts": parts_chart(fixed, known, _label(newest, known)),
        "two": two_chart(index, _two_label(both)) if FACTOR in both else "",
        "difference": _difference(newest, known, both),
        "rows": [_row(newest, signal) for signal in known],
        "total": {kind: formats.tenth(value, signed=True) for kind, value in both.items()},
        "stands": {kind: formats.tenth(100 + value) for kind, value in both.items()},
        "has_factor": FACTOR in both,
        "has_estimates": not bool(fixed["observed"].all()),
        "estimated": _estimated(newest),
        "days": _days(parts, known, both),
        "weights": [_weight(row) for row in data["composite_weights"].iter_rows(named=True)],
    }


def _sum(newest: pl.DataFrame, kind: str) -> float:
    return float(newest.filter(pl.col("kind") == kind).sort("signal")["contribution"].sum())


def _one(newest: pl.DataFrame, signal: str, kind: str) -> dict[str, Any]:
    found = newest.filter(pl.col("signal") == signal, pl.col("kind") == kind)
    return found.row(0, named=True) if found.height else {}


def _row(newest: pl.DataFrame, signal: str) -> dict[str, Any]:
    """Return a component's line of the table: weight, loading, value, and its points in both composites."""
    fixed, common = _one(newest, signal, WEIGHTS), _one(newest, signal, FACTOR)
    ends = (fixed.get("contribution"), common.get("contribution"))
    return {
        "signal": signal,
        "name": say(f"signals.{signal}"),
        "weight": formats.percent(100 * (fixed.get("weight") or 0.0)),
        "loading": formats.tenth(common.get("loading", fixed.get("loading"))),
        "value": formats.tenth(fixed.get("value")),
        "observed": bool(fixed.get("observed", True)),
        "points": formats.tenth(ends[0], signed=True),
        "common": formats.tenth(common.get("value")),
        "common_points": formats.tenth(ends[1], signed=True),
        "difference": formats.tenth(None if None in ends else ends[1] - ends[0], signed=True),  # type: ignore[operator]
    }


def _label(newest: pl.DataFrame, known: list[str]) -> Text:
    points = dict(newest.filter(pl.col("kind") == WEIGHTS).select("signal", "contribution").rows())
    said = (
        say("composite.one", name=say(f"signals.{signal}"), points=formats.tenth(points.get(signal), signed=True))
        for signal in known
    )
    return say("composite.parts_label", day=formats.day(newest["day"][0], year=True), parts=joined(said, ", ", "，"))


def _two_label(both: dict[str, float]) -> Text:
    values = {kind: formats.tenth(100 + value) for kind, value in both.items()}
    return say("composite.two_label", **values)


def _difference(newest: pl.DataFrame, known: list[str], both: dict[str, float]) -> Text:
    """Return why the two composites differ: the component whose common part is farthest from what was measured."""
    if FACTOR not in both:
        return say("composite.no_factor")
    gaps = {
        signal: _one(newest, signal, FACTOR)["contribution"] - _one(newest, signal, WEIGHTS)["contribution"]
        for signal in known
        if _one(newest, signal, FACTOR)
    }
    signal = max(gaps, key=lambda name: abs(gaps[name]))
    fixed, common = _one(newest, signal, WEIGHTS), _one(newest, signal, FACTOR)
    return say(
        "composite.difference",
        weights=formats.tenth(100 + both[WEIGHTS]),
        factor=formats.tenth(100 + both[FACTOR]),
        apart=formats.tenth(both[FACTOR] - both[WEIGHTS], signed=True),
        name=say(f"signals.{signal}"),
        points=formats.tenth(gaps[signal], signed=True),
        value=formats.tenth(fixed["value"]),
        common=formats.tenth(common["value"]),
    )


def _estimated(newest: pl.DataFrame) -> Text:
    """Return which components the newest day lacks, as a sentence; nothing where it has all of them."""
    lacking = newest.filter(pl.col("kind") == WEIGHTS, pl.col("observed").not_()).sort("signal")["signal"].to_list()
    if not lacking:
        return NOTHING
    return say("composite.estimated", names=joined(say(f"signals.{signal}") for signal in lacking))


def _days(parts: pl.DataFrame, known: list[str], both: dict[str, float]) -> list[dict[str, Any]]:
    """Return every day's points by component, their sum, and the sum of the factor version; the newest first."""
    cells = parts.sort("signal").group_by("day", "kind").agg(
        pl.col("signal"), pl.col("contribution"), pl.col("observed"), total=pl.col("contribution").sum()
    )  # fmt: skip
    by_day: dict[Any, dict[str, dict[str, Any]]] = {}
    for row in cells.sort("day", "kind", descending=[True, False]).iter_rows(named=True):
        by_day.setdefault(row["day"], {})[row["kind"]] = row
    return [
        {
            "day": formats.short_day(day),
            "cells": [_cell(found[WEIGHTS], signal) for signal in known],
            "total": formats.tenth(found[WEIGHTS]["total"], signed=True),
            "factor": formats.tenth(found[FACTOR]["total"] if FACTOR in found else None, signed=True),
        }
        for day, found in by_day.items()
        if WEIGHTS in found
    ]


def _cell(row: dict[str, Any], signal: str) -> dict[str, Any]:
    if signal not in row["signal"]:
        return {"points": formats.tenth(None), "observed": True}
    at = row["signal"].index(signal)
    return {"points": formats.tenth(row["contribution"][at], signed=True), "observed": row["observed"][at]}


def _weight(row: dict[str, Any]) -> dict[str, Text]:
    known = f"signals.{row['signal']}" in language("en")
    name = say(f"signals.{row['signal']}") if known else name_of(row["signal"])
    return {"name": name, "weight": formats.percent(100 * (row["weight"] or 0.0)), "reason": quoted(row["reason"])}
