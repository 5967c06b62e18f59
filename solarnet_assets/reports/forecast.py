"""The forecast of the country: the fan, the published straight line beside it, and days of return."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl

from solarnet_assets.reports import formats
from solarnet_assets.reports.country import LEVELS, country_rows
from solarnet_assets.reports.data import PUBLISHED, ReportData
from solarnet_assets.reports.forecast_charts import fan_chart, return_chart
from solarnet_assets.reports.text import NOTHING, Text
from solarnet_assets.reports.words import reason, say

MAIN = ("stack", PUBLISHED)
"""The method that the page forecasts with, the first that the tables hold."""

GOAL = 100.0

AHEAD = (7, 14, 28)
"""Days within which the tables may say the probability of return."""


def main_method(data: ReportData) -> str:
    """Return the method that the page forecasts with."""
    known = set(data["recovery_dates"]["method"])
    return next((method for method in MAIN if method in known), PUBLISHED)


def sentence(data: ReportData, signal: str) -> Text:
    """Return the sentence on the day of return to 100 %; nothing where no forecast was made."""
    method = main_method(data)
    row = _date(data, signal, method)
    if not row or (row["date_median"] is None and row["prob_by"] is None):
        return NOTHING
    values = {"method": say(f"forecast.by.{method}"), "horizon": formats.day(row["horizon"], year=True)}
    if row["date_median"] is None:
        return say("forecast.not_within", chance=formats.share(row["prob_by"]), **values) + _nearer(
            data, signal, method
        )
    if row["date_median"] == row["as_of"]:
        return say("forecast.is_back")
    ends = say("formats.range", low=formats.day(row["date_lower"]), high=_late(row, formats.day))
    return say("forecast.back_on", day=formats.day(row["date_median"], year=True), interval=ends, **values)


def forecast_section(data: ReportData) -> dict[str, Any] | None:
    """Return fans and days of return of every signal of the country; None where nothing was forecast."""
    dates = data["recovery_dates"].filter(pl.col("region") == data.country)
    known = [signal for signal in LEVELS if signal in set(dates["signal"])]
    if not known:
        return None
    method = main_method(data)
    ahead = [n for n in AHEAD if dates[f"prob_by_{n}d"].null_count() < dates.height]
    return {
        "as_of": formats.day(dates["as_of"][0], year=True),
        "method": say(f"methods_of.{method}"),
        "is_published": method == PUBLISHED,
        "last_day": dates["as_of"][0],
        "charts": [chart for signal in known if (chart := _fan(data, signal, method))],
        "returns": _returns(data, known, method),
        "ahead": ahead,
        "rows": [_row(row, ahead) for row in _rows(dates, known, method)],
        "scores": _scores(data),
        "notes": _notes(dates, known),
    }


def _fan(data: ReportData, signal: str, method: str) -> dict[str, Any] | None:
    paths = data["recovery_forecast"].filter(pl.col("signal") == signal, pl.col("region") == data.country).sort("day")
    fan = paths.filter(pl.col("method") == method).select("day", "value", "lower", "upper").drop_nulls()
    history = country_rows(data, signal)
    if fan.is_empty() or history.is_empty():
        return None
    line = paths.filter(pl.col("method") == PUBLISHED).select("day", "value").drop_nulls()
    line = line if method != PUBLISHED else line.clear()
    back, name = sentence(data, signal), say(f"signals.{signal}")
    label = say("forecast.label", name=name, back=back or say("forecast.no_date"))
    row = _date(data, signal, method) or {}
    chart = fan_chart(history, fan, line, row, signal, label)
    return {"signal": signal, "name": name, "back": back, "chart": chart, "has_line": line.height > 0,
            "has_date": bool(row.get("date_median"))}  # fmt: skip


def _returns(data: ReportData, known: list[str], method: str) -> Any:
    """Return the chart of days of return to 100 %; nothing where no method finds one."""
    rows = []
    for signal in known:
        for one in dict.fromkeys((method, PUBLISHED)):
            row = _date(data, signal, one)
            if row and row["date_lower"] is not None:
                last = row["date_upper"] or row["horizon"]
                name = say(f"signals.{signal}")
                shown = {"day": row["date_median"], "first": row["date_lower"], "last": last}
                rows.append({"name": name.en, "main": one == method, **shown, "open": row["date_upper"] is None})
    if not rows:
        return ""
    names = {say(f"signals.{signal}").en: say(f"signals.{signal}") for signal in known}
    schema = {
        "name": pl.String,
        "main": pl.Boolean,
        "day": pl.Date,
        "first": pl.Date,
        "last": pl.Date,
        "open": pl.Boolean,
    }
    return return_chart(pl.DataFrame(rows, schema=schema), say("forecast.returns_label"), names)


def _nearer(data: ReportData, signal: str, method: str) -> Text:
    """Return the sentence on the highest threshold below the goal that is reached; nothing where none is."""
    dates = data["recovery_dates"].filter(
        pl.col("signal") == signal, pl.col("region") == data.country, pl.col("method") == method
    )
    reached = dates.filter(pl.col("threshold") < GOAL).drop_nulls("date_median").sort("threshold")
    if reached.is_empty():
        return NOTHING
    row = reached.row(-1, named=True)
    ends = say("formats.range", low=formats.day(row["date_lower"]), high=_late(row, formats.day))
    day = formats.day(row["date_median"], year=True)
    return say("forecast.nearer", threshold=formats.percent(row["threshold"]), day=day, interval=ends)


def beside(data: ReportData, signal: str) -> Text:
    """Return what the published straight line says of the return, where another method makes the forecast."""
    row = _date(data, signal, PUBLISHED)
    if main_method(data) == PUBLISHED or not row or row["date_median"] is None:
        return NOTHING
    return say("forecast.line_says", day=formats.day(row["date_median"], year=True))


def _date(data: ReportData, signal: str, method: str) -> dict[str, Any] | None:
    found = data["recovery_dates"].filter(
        pl.col("signal") == signal,
        pl.col("region") == data.country,
        pl.col("threshold") == GOAL,
        pl.col("method") == method,
    )
    return found.row(0, named=True) if found.height else None


def _rows(dates: pl.DataFrame, known: list[str], method: str) -> list[dict[str, Any]]:
    order = {signal: n for n, signal in enumerate(known)}
    shown = dates.filter(pl.col("signal").is_in(known), pl.col("method").is_in([method, PUBLISHED]))
    ranked = shown.with_columns(
        rank=pl.col("signal").replace_strict(order, return_dtype=pl.Int64), line=pl.col("method") != method
    )
    return ranked.sort("rank", "threshold", "line").to_dicts()


def _row(row: dict[str, Any], ahead: list[int]) -> dict[str, Any]:
    never = row["prob_never"] if row["prob_never"] is not None else _rest(row["prob_by"])
    return {
        "signal": say(f"signals.{row['signal']}"),
        "method": say(f"methods_of.{row['method']}"),
        "published": row["method"] == PUBLISHED,
        "threshold": formats.percent(row["threshold"]),
        "median": formats.short_day(row["date_median"]) if row["date_median"] else say("forecast.none_within"),
        "lower": formats.short_day(row["date_lower"]),
        "upper": _late(row) if row["date_lower"] else formats.short_day(None),
        "by": [formats.share(row[f"prob_by_{n}d"]) for n in ahead],
        "never": formats.share(never),
    }


def _rest(prob: float | None) -> float | None:
    return None if prob is None else 1.0 - prob


def _late(row: dict[str, Any], form: Callable[[date | None], Text] = formats.short_day) -> Text:
    """Return the late end of a day of return, which may lie beyond the horizon."""
    return form(row["date_upper"]) if row["date_upper"] else say("forecast.after", day=form(row["horizon"]))


def _notes(dates: pl.DataFrame, known: list[str]) -> list[dict[str, Any]]:
    """Return which methods could not be identified for which signals, and why."""
    noted = dates.filter(pl.col("signal").is_in(known), pl.col("note").is_not_null())
    kept = noted.unique(["signal", "method"], keep="first", maintain_order=True).sort("signal", "method")
    return [
        {
            "signal": say(f"signals.{row['signal']}"),
            "method": say(f"methods_of.{row['method']}"),
            "note": reason(row["note"]),
        }
        for row in kept.iter_rows(named=True)
    ]


def _scores(data: ReportData) -> list[dict[str, Any]]:
    """Return how the methods did in back-tests of the country, by horizon."""
    rows = data["forecast_scores"].filter(pl.col("level") == "country").drop_nulls("crps")
    if rows.is_empty():
        return []
    weighed = [
        ((pl.col(c) * pl.col("n")).sum() / pl.col("n").sum()).alias(c)
        for c in ("crps", "crps_straight_line", "crps_no_change", "covered")
    ]
    by_method = rows.group_by("method", "horizon").agg(pl.col("n").sum(), *weighed).sort("horizon", "crps", "method")
    return [
        {
            "method": say(f"methods_of.{row['method']}"),
            "horizon": say("forecast.days", n=int(row["horizon"])),
            "n": formats.count(row["n"]),
            "crps": formats.tenth(row["crps"]),
            "line": formats.tenth(row["crps_straight_line"]),
            "same": formats.tenth(row["crps_no_change"]),
            "covered": formats.share(row["covered"]),
        }
        for row in by_method.iter_rows(named=True)
    ]
