"""The forecast of the country: the fan, the published straight line beside it, and days of return."""

from __future__ import annotations

from typing import Any

import polars as pl

from solarnet_assets.reports import forecast_history, formats
from solarnet_assets.reports.chances import AHEAD, chances, never
from solarnet_assets.reports.country import LEVELS, country_rows
from solarnet_assets.reports.data import PUBLISHED, ReportData
from solarnet_assets.reports.forecast_charts import fan_chart, return_chart
from solarnet_assets.reports.text import DASH, NOTHING, Text, joined
from solarnet_assets.reports.words import reason, say

MAIN = ("stack", PUBLISHED)
"""The method that the page forecasts with, the first that the tables hold."""

GOAL = 100.0


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
    return say("forecast.back_on", day=formats.day(row["date_median"], year=True), interval=_ends(row), **values)


def forecast_section(data: ReportData) -> dict[str, Any] | None:
    """Return fans, days of return and how they did, for the country; None where nothing was forecast."""
    dates = data["recovery_dates"].filter(pl.col("region") == data.country)
    known = [signal for signal in LEVELS if signal in set(dates["signal"])]
    if not known:
        return None
    method = main_method(data)
    within = [n for n in AHEAD if dates[f"prob_by_{n}d"].null_count() < dates.height]
    return {
        "as_of": formats.day(dates["as_of"][0], year=True),
        "horizon": formats.day(dates["horizon"][0]),
        "method": say(f"methods_of.{method}"),
        "is_published": method == PUBLISHED,
        "last_day": dates["as_of"][0],
        "charts": [chart for signal in known if (chart := _fan(data, signal, method))],
        "returns": _returns(data, known, method),
        "chances": chances(data, known[0], method),
        "history": forecast_history.section(data, known[0], method),
        "ahead": within,
        "rows": rows_of(data, known, method, within),
        "scores": forecast_history.scores(data, method),
        "scores_before": forecast_history.scores(data, method, forecast_history.BEFORE),
        "all_scores": forecast_history.all_scores(data),
        "notes": _notes(dates, known),
    }


def rows_of(data: ReportData, known: list[str], method: str, within: list[int]) -> list[dict[str, Any]]:
    """Return one line per signal and threshold: the method's days and chances, and the day of the published line."""
    dates = data["recovery_dates"].filter(pl.col("region") == data.country, pl.col("signal").is_in(known))
    order = {signal: n for n, signal in enumerate(known)}
    lines = dates.filter(pl.col("method") == PUBLISHED).select(
        "signal", "threshold", line="date_median", line_chance="prob_by"
    )
    shown = dates.filter(pl.col("method") == method).join(lines, on=["signal", "threshold"], how="left")
    ranked = shown.with_columns(rank=pl.col("signal").replace_strict(order, return_dtype=pl.Int64))
    return [_row(row, within) for row in ranked.sort("rank", "threshold").iter_rows(named=True)]


def _fan(data: ReportData, signal: str, method: str) -> dict[str, Any] | None:
    drawn, history = ahead(data, signal), country_rows(data, signal)
    if drawn is None or history.is_empty():
        return None
    fan, line = drawn
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
    day = formats.day(row["date_median"], year=True)
    return say("forecast.nearer", threshold=formats.percent(row["threshold"]), day=day, interval=_ends(row))


def thresholds(data: ReportData, signal: str) -> dict[str, Any] | None:
    """Return the days of return of one signal of the country, a line per threshold; None where there is no forecast."""
    method = main_method(data)
    rows = rows_of(data, [signal], method, [])
    row = _date(data, signal, method)
    if not rows or row is None:
        return None
    return {"rows": rows, "horizon": formats.brief_day(row["horizon"]), "is_published": method == PUBLISHED}


def ahead(data: ReportData, signal: str) -> tuple[pl.DataFrame, pl.DataFrame] | None:
    """Return fan (day, value, lower, upper) and straight line (day, value) of one signal of the country."""
    method = main_method(data)
    paths = data["recovery_forecast"].filter(pl.col("signal") == signal, pl.col("region") == data.country).sort("day")
    fan = paths.filter(pl.col("method") == method).select("day", "value", "lower", "upper").drop_nulls()
    if fan.is_empty():
        return None
    line = paths.filter(pl.col("method") == PUBLISHED).select("day", "value").drop_nulls()
    return fan, line if method != PUBLISHED else line.clear()


def _date(data: ReportData, signal: str, method: str) -> dict[str, Any] | None:
    found = data["recovery_dates"].filter(
        pl.col("signal") == signal,
        pl.col("region") == data.country,
        pl.col("threshold") == GOAL,
        pl.col("method") == method,
    )
    return found.row(0, named=True) if found.height else None


def _row(row: dict[str, Any], within: list[int]) -> dict[str, Any]:
    """Return what a line of the table says; days without their year, which the caption and the horizon have."""
    median, lower, upper = (_day(row, f"date_{name}", "prob_by") for name in ("median", "lower", "upper"))
    return {
        "signal": say(f"signals.{row['signal']}"),
        "key": row["signal"],
        "threshold": formats.percent(row["threshold"]),
        "median": median,
        "found": row["date_median"] is not None,
        "lower": lower,
        "upper": upper,
        "interval": lower if lower == upper else say("formats.range", low=lower, high=upper),
        "by": [formats.share(row[f"prob_by_{n}d"]) for n in within],
        "by_horizon": formats.share(row["prob_by"]),
        "never": formats.share(never(row)),
        "line": _day(row, "line", "line_chance"),
    }


def _day(row: dict[str, Any], name: str, chance: str) -> Text:
    """Return a day of return, which may lie beyond the horizon; a dash where the method gives no distribution."""
    if row[name] is None and row[chance] is None:
        return DASH
    if row[name] == row["as_of"]:
        return say("forecast.already")
    return formats.brief_day(row[name]) if row[name] else say("forecast.after", day=formats.brief_day(row["horizon"]))


def _ends(row: dict[str, Any]) -> Text:
    """Return the interval of a day of return, whose late end may lie beyond the horizon."""
    beyond = say("forecast.after", day=formats.day(row["horizon"]))
    late = formats.day(row["date_upper"]) if row["date_upper"] else beyond
    return say("formats.range", low=formats.day(row["date_lower"]), high=late)


def _notes(dates: pl.DataFrame, known: list[str]) -> list[dict[str, Any]]:
    """Return which methods could not be identified, for which signals, and why."""
    noted = dates.filter(pl.col("signal").is_in(known), pl.col("note").is_not_null())
    kept = noted.unique(["signal", "method"], keep="first", maintain_order=True).sort("method", "note", "signal")
    return [
        {
            "signals": joined(say(f"signals.{signal}") for signal in part["signal"]),
            "method": say(f"methods_of.{method}"),
            "note": reason(str(note)),
        }
        for (method, note), part in kept.group_by("method", "note", maintain_order=True)
    ]
