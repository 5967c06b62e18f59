"""The headline, the newest figure of each of the five signals, and the large charts of their levels."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from solarnet_assets.reports import charts, festival, forecast, formats
from solarnet_assets.reports.country import LEVELS, country_rows, country_truth
from solarnet_assets.reports.data import ReportData
from solarnet_assets.reports.solar import newest_solar
from solarnet_assets.reports.sparkline import Frame, frame_of, sparkline
from solarnet_assets.reports.text import DASH, NOTHING, Text
from solarnet_assets.reports.words import name_of, say

HEADLINES = ("composite", "commuting", "steel", "parking")
"""Signals that may head the page, the first that there is."""


def headline(data: ReportData) -> dict[str, Any] | None:
    """Return the newest value of the index (or of the first signal there is) and its day of return."""
    for signal in HEADLINES:
        rows = country_rows(data, signal)
        if rows.height:
            last = rows.row(-1, named=True)
            return {
                "key": signal,
                "signal": say(f"signals.{signal}"),
                "country": name_of(data.country),
                "day": formats.short_day(last["day"]),
                "value": formats.percent(last["value"]),
                "interval": formats.interval(last["lower"], last["upper"]),
                "back": forecast.sentence(data, signal),
                "returns": forecast.thresholds(data, signal),
                **_change(rows),
            }
    return None


def _change(rows: pl.DataFrame) -> dict[str, Text]:
    """Return the points of the week before the newest day (a dash where that day has no figure) and the lowest day."""
    last = rows.row(-1, named=True)
    before = rows.filter(pl.col("day") == pl.lit(last["day"]) - pl.duration(days=7))
    lowest = rows.sort("value", "day").row(0, named=True)
    week = None if before.is_empty() else last["value"] - before["value"][0]
    value, day = formats.percent(lowest["value"]), formats.brief_day(lowest["day"])
    return {
        "week": DASH if week is None else say("headline.points", points=formats.tenth(week, signed=True)),
        "lowest": say("headline.lowest_on", value=value, day=day),
    }


def cards(data: ReportData) -> list[dict[str, Any]]:
    """Return the newest figure of every signal."""
    shown = []
    for signal in LEVELS[1:]:
        rows = country_rows(data, signal)
        if rows.height:
            frame = frame_of(rows, 0.0, 130.0)
            shown.append(_card(signal, rows, formats.percent(rows["value"][-1]), say("cards.of_normal"), frame))
    sectors = data["sector_growth"].filter(pl.col("lang") == "all", pl.col("growth_pct").is_not_null())
    if sectors.height:
        newest = sectors.filter(pl.col("day") == pl.col("day").max()).sort("growth_pct", "sector").row(-1, named=True)
        rows = sectors.filter(pl.col("sector") == newest["sector"]).with_columns(value="growth_pct")
        top = max(float(rows["value"].max() or 0.0), 50.0)  # type: ignore[arg-type]
        what = say("cards.sector", sector=name_of(newest["sector"]))
        value = formats.percent(newest["growth_pct"], signed=True)
        shown.append(_card("sector", rows, value, what, frame_of(rows, min(-20.0, 0.0), top), normal=0.0, signed=True))
    areas = newest_solar(data).filter(pl.col("site_id") == "all")
    if areas.height:
        row = areas.row(0, named=True)
        rows = data["solar_daily"].filter(pl.col("site_id") == "all").with_columns(value="area_km2")
        top = 1.15 * max(float(rows["upper"].max() or 0.0), 0.1)  # type: ignore[arg-type]
        what = say("cards.solar", farms=formats.count(row["farms"]))
        value = formats.number(row["area_km2"], "km²")
        shown.append(_card("solar", rows, value, what, frame_of(rows, 0.0, top), normal=0.0))
    return shown


def _card(
    signal: str, rows: pl.DataFrame, value: Text, what: Text, frame: Frame, normal: float = 100.0, signed: bool = False
) -> dict[str, Any]:
    ordered = rows.sort("day")
    last = ordered.row(-1, named=True)
    filled = ordered.with_columns(pl.col(end).fill_null(pl.col("value")) for end in ("lower", "upper"))
    name, day = say(f"signals.{signal}"), formats.day(last["day"])
    ends = formats.interval(last["lower"], last["upper"], signed)
    label = say("tile.label", name=name, value=value, day=formats.day(last["day"], year=True), interval=ends)
    line = sparkline(filled.select("day", "value", "lower", "upper"), frame, f"--{signal}", normal, label)
    return {"signal": signal, "name": name, "value": value, "interval": ends, "what": what, "day": day, "line": line}


def level_sections(data: ReportData) -> list[dict[str, Any]]:
    """Return chart and table of every percent-of-normal signal that has figures."""
    return [_section(data, signal, rows) for signal in LEVELS if (rows := country_rows(data, signal)).height]


def _section(data: ReportData, signal: str, rows: pl.DataFrame) -> dict[str, Any]:
    truth, published = country_truth(data, signal), _published(data, signal)
    last = rows.row(-1, named=True)
    ordinary = festival.ordinary_rows(data, signal)
    usual = None if ordinary is None else ordinary.select(
        "day", value="ordinary", lower="ordinary_lower", upper="ordinary_upper"
    )  # fmt: skip
    ahead = forecast.ahead(data, signal) if signal == LEVELS[0] else None
    lowest = rows.sort("value", "day").row(0, named=True)
    label = say(
        "levels.label",
        name=say(f"signals.{signal}"),
        country=name_of(data.country),
        first=formats.day(rows["day"][0], year=True),
        last=formats.day(last["day"], year=True),
        lowest=formats.percent(lowest["value"]),
        value=formats.percent(last["value"]),
        interval=formats.interval(last["lower"], last["upper"]),
    )
    return {
        "signal": signal,
        "name": say(f"signals.{signal}"),
        "meaning": say(f"meaning.{signal}"),
        "value": formats.percent(last["value"]),
        "interval": formats.interval(last["lower"], last["upper"]),
        "day": formats.day(last["day"], year=True),
        "chart": charts.level_chart(signal, rows, truth, published, label, usual, ahead),
        "has_ahead": ahead is not None,
        "has_line": ahead is not None and ahead[1].height > 0,
        "shock": festival.shock(ordinary) or NOTHING,
        "rows": [_row(row) for row in rows.sort("day", descending=True).iter_rows(named=True)],
        "has_truth": truth.height > 0,
        "has_published": published.height > 0,
        "has_ordinary": ordinary is not None,
        "last_day": last["day"],
        "last": last,
    }


def _published(data: ReportData, signal: str) -> pl.DataFrame:
    rows = data["published_comparison"].filter(
        pl.col("signal") == signal, pl.col("unit") == "% of normal", ~pl.col("item").str.contains("car park")
    )
    shown = rows.unique(["day"], keep="first", maintain_order=True)
    return shown.select("day", "published", published_text=pl.col("published").round(0).cast(pl.Int64).cast(pl.String))


def _row(row: dict[str, Any]) -> dict[str, Any]:
    day: date = row["day"]
    return {
        "number": formats.number_of_day(day),
        "day": formats.short_day(day),
        "value": formats.tenth(row["value"]),
        "lower": formats.tenth(row["lower"]),
        "upper": formats.tenth(row["upper"]),
        "n_obs": formats.count(row["n_obs"] or 0),
    }
