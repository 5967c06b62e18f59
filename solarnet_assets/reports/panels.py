"""Tables and small multiples: published figures, sectors, cities, sites, gaps and refused records."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, cast

import polars as pl
from markupsafe import Markup

from solarnet_assets.reports import words
from solarnet_assets.reports.data import ReportData
from solarnet_assets.reports.sparkline import Frame, interval_mark, sparkline

MAX_REFUSED = 40


def comparison(data: ReportData) -> list[dict[str, Any]]:
    """Return every published figure beside what is measured, and the truth where there is one."""
    order = {signal: n for n, signal in enumerate(words.SIGNALS)}
    rows = data["published_comparison"].sort(
        pl.col("signal").replace_strict(order, default=len(order), return_dtype=pl.Int64), "day", "item"
    )
    return [_compared(row) for row in rows.iter_rows(named=True)]


def _compared(row: dict[str, Any]) -> dict[str, Any]:
    unit, year = row["unit"] or "", row["day"].year if row["day"] else 2020

    def shown(value: float | None) -> str:
        return words.day_of_year(value, year) if unit == "day of the year" else words.number(value, unit)

    ends = (row["lower"], row["upper"])
    known = row["measured"] is not None and None not in ends
    mark = interval_mark(row["measured"], *ends, row["published"], row["truth"]) if known else ""
    dated = unit == "day of the year" and None not in ends
    return {
        "item": row["item"],
        "published": row["published_text"] or shown(row["published"]),
        "source": row["published_source"] or "",
        "url": row["url"] if str(row["url"] or "").startswith("https://") else "",
        "measured": row["measured_text"] or shown(row["measured"]),
        "interval": f"{shown(ends[0])} to {shown(ends[1])}" if dated else words.interval(*ends, unit),
        "truth": shown(row["truth"]),
        "within": {True: "yes", False: "no"}.get(row["within"], "–"),
        "mark": Markup(mark),  # noqa: S704 - numbers only
        "note": row["note"] or "",
    }


def sectors(data: ReportData) -> dict[str, Any] | None:
    """Return one small multiple per sector: growth of its share of users against 1 January."""
    rows = data["sector_growth"].filter(pl.col("lang") == "all", pl.col("growth_pct").is_not_null())
    if rows.is_empty():
        return None
    rows = rows.with_columns(value=pl.col("growth_pct"), lower=_or("lower"), upper=_or("upper"))
    items = []
    for (sector,), part in rows.group_by("sector", maintain_order=True):
        low, top = cast(float, part["lower"].min()), cast(float, part["upper"].max())
        frame = Frame(_first(rows), _last(rows), min(low, -20.0), max(top, 20.0))
        items.append(_item(words.title(str(sector)), part, frame, "--sector", 0.0, signed=True))
    return {
        "items": sorted(items, key=lambda item: -item["sort"]),
        "meaning": words.MEANING["sector"],
        "last_day": _last(rows),
    }


def _or(column: str) -> pl.Expr:
    return pl.col(column).fill_null(pl.col("growth_pct"))


def areas(data: ReportData, level: str) -> list[dict[str, Any]]:
    """Return small multiples of cities or provinces, grouped by signal."""
    names = dict(data["stg_cities"].select("city", "name").rows())
    rows = data["recovery_daily"].filter(pl.col("level") == level)
    groups: list[dict[str, Any]] = []
    for signal in ("composite", "steel", "parking", "commuting"):
        part = rows.filter(pl.col("signal") == signal)
        if part.is_empty():
            continue
        frame = Frame(_first(rows), _last(rows), 0.0, 140.0)
        items = [
            _item(str(names.get(key, words.title(str(key)))), one, frame, f"--{signal}", 100.0)
            for (key,), one in part.group_by("region", maintain_order=True)
        ]
        groups.append({"name": words.SIGNALS[signal], "items": sorted(items, key=_by_name)})
    return groups


def kinds(data: ReportData) -> list[dict[str, Any]]:
    """Return small multiples of the kinds of car parks: factory, theme park and so on."""
    rows = data["parking_groups"]
    if rows.is_empty():
        return []
    frame = Frame(_first(rows), _last(rows), 0.0, 160.0)
    items = [
        _item(words.title(str(key)), one, frame, "--parking", 100.0)
        for (key,), one in rows.group_by("site_group", maintain_order=True)
    ]
    return [{"name": f"{words.SIGNALS['parking']} by kind of place", "items": sorted(items, key=_by_name)}]


def sites(data: ReportData, pictured: set[str]) -> list[dict[str, Any]]:
    """Return small multiples of mills and car parks; ``pictured`` sites link to their picture."""
    rows = data["site_daily"]
    groups: list[dict[str, Any]] = []
    for signal in ("steel", "parking"):
        part = rows.filter(pl.col("signal") == signal)
        if part.is_empty():
            continue
        frame = Frame(_first(rows), _last(rows), 0.0, 160.0)
        items = []
        for (key,), one in part.group_by("site_id", maintain_order=True):
            name = one["name"].drop_nulls()
            item = _item(str(name[0] if len(name) else key), one, frame, f"--{signal}", 100.0)
            item |= {"place": one["region"][-1] or "", "picture": key if key in pictured else ""}
            items.append(item)
        groups.append({"name": words.SIGNALS[signal], "items": sorted(items, key=_by_name)})
    return groups


def _item(
    name: str, rows: pl.DataFrame, frame: Frame, colour: str, normal: float, signed: bool = False
) -> dict[str, Any]:
    rows = rows.filter(pl.col("value").is_not_null()).sort("day")
    last = rows.row(-1, named=True)
    value = words.percent(last["value"], signed)
    ends = words.interval(last["lower"], last["upper"], "% since" if signed else "%")
    label = f"{name}: {value} on {words.day(last['day'])}, 90 % interval {ends}"
    picture = sparkline(rows.select("day", "value", "lower", "upper"), frame, colour, normal, label)
    return {
        "name": name,
        "value": value,
        "interval": ends,
        "day": words.day(last["day"]),
        "picture_line": Markup(picture),  # noqa: S704 - drawn here, its label escaped there
        "sort": last["value"],
        "place": "",
        "picture": "",
    }


def _by_name(item: dict[str, Any]) -> str:
    return str(item["name"])


def _first(rows: pl.DataFrame) -> date:
    return cast(date, rows["day"].min())


def _last(rows: pl.DataFrame) -> date:
    return cast(date, rows["day"].max())


def gaps(data: ReportData) -> list[dict[str, Any]]:
    """Return, for every signal of the country, the days of the report without a figure."""
    span = data.span
    if span is None:
        return []
    calendar = pl.date_range(*span, eager=True).to_list()
    country = data["recovery_daily"].filter(pl.col("region") == data.country)
    sources = {signal: set(country.filter(pl.col("signal") == signal)["day"]) for signal in
               ("composite", "steel", "parking", "commuting")}  # fmt: skip
    sources["sector"] = set(data["sector_growth"].filter(pl.col("growth_pct").is_not_null())["day"])
    sources["solar"] = set(data["solar_daily"]["day"])
    return [
        {
            "name": words.SIGNALS[signal],
            "there": len(days & set(calendar)),
            "of": len(calendar),
            "missing": _ranges([day for day in calendar if day not in days]),
        }
        for signal, days in sources.items()
    ]


def _ranges(days: list[date]) -> str:
    """Return days as ranges such as ``3–5 January, 9 February``."""
    runs: list[list[date]] = []
    for day in days:
        if runs and day - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    texts = [words.day(run[0]) if len(run) == 1 else f"{words.day(run[0])} to {words.day(run[-1])}" for run in runs]
    return ", ".join(texts[:8]) + (f" and {len(texts) - 8} more" if len(texts) > 8 else "")


def refused(data: ReportData) -> dict[str, Any]:
    """Return counts of refused records by asset and reason."""
    rows = data.rejects
    by_reason = rows.group_by("asset", "reason").agg(
        records=pl.col("records").sum(), files=pl.col("file").n_unique(), days=pl.col("day").n_unique()
    )
    shown = by_reason.sort("records", "asset", "reason", descending=[True, False, False])
    return {
        "total": f"{rows['records'].sum():,}",
        "rows": list(shown.head(MAX_REFUSED).iter_rows(named=True)),
        "more": max(shown.height - MAX_REFUSED, 0),
    }
