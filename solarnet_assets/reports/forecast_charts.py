"""The charts of the forecast: the fan ahead of what was measured, and the days of return with their intervals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import polars as pl
from markupsafe import Markup

from solarnet_assets.reports.charts import NAMES, ahead_layers, normal_line
from solarnet_assets.reports.series import with_runs
from solarnet_assets.reports.svg import (
    HALF,
    INK,
    MUTED,
    PAPER,
    SIGNAL_COLOURS,
    Sheet,
    Size,
    drawn,
    is_long,
    time_axis,
)
from solarnet_assets.reports.text import Text

BEFORE = 56
"""Days of what was measured that a fan chart shows."""


def fan_chart(
    history: pl.DataFrame, fan: pl.DataFrame, line: pl.DataFrame, back: dict[str, Any], signal: str, label: Text
) -> Markup:
    """Draw newest values, the forecast with its interval, the published line, and the day of return to 100 %.

    Args:
        history: day, value, lower, upper as measured.
        fan: day, value, lower, upper of the forecast.
        line: day, value of the straight line; empty where the forecast is that line.
        back: date_median, date_lower, date_upper, horizon of the return to 100 %; may be empty.
        signal: decides the colour.
        label: what a screen reader says.
    """
    recent = history.filter(pl.col("day") > pl.col("day").max() - timedelta(days=BEFORE))

    def draw(size: Size) -> dict[str, Any]:
        return _fan(recent, fan, line, back, signal, size)

    return drawn(f"forecast-{signal}", label, draw, HALF, long=is_long(recent, fan))


def return_chart(rows: pl.DataFrame, label: Text, names: Mapping[str, Text]) -> Markup:
    """Draw days of return as dots with their 90 % interval, one line per signal.

    Args:
        rows: name, main (the forecast rather than the published line), day, first, last, open (the interval goes on
            beyond the horizon).
        label: what a screen reader says.
        names: names of the signals.
    """
    days = rows.select(day="first").vstack(rows.select(day="last"))
    return drawn("returns", label, lambda size: _returns(rows, size), HALF, names, long=is_long(days))


def chance_chart(rows: pl.DataFrame, signal: str, label: Text, names: Mapping[str, Text]) -> Markup:
    """Draw the probability of being back at each threshold by a day: lines between computed points.

    Args:
        rows: day, chance (0..1), threshold (its text).
        signal: decides the colour.
        label: what a screen reader says.
        names: texts of the thresholds.
    """
    return drawn(f"chances-{signal}", label, lambda size: _chances(rows, signal, size), HALF, names, long=is_long(rows))


def history_chart(rows: pl.DataFrame, came: date | None, signal: str, label: Text) -> Markup:
    """Draw the forecast day of return against the day on which it was made.

    Args:
        rows: day (as-of), median, first, last (days), main (the forecast rather than the published line).
        came: the day of return, where it has come.
        signal: decides the colour.
        label: what a screen reader says.
    """
    return drawn("history", label, lambda size: _history(rows, came, signal, size), HALF, long=is_long(rows))


def _fan(
    recent: pl.DataFrame, fan: pl.DataFrame, line: pl.DataFrame, back: dict[str, Any], signal: str, size: Size
) -> dict[str, Any]:
    import altair as alt

    sheet, colour = Sheet(), SIGNAL_COLOURS[signal]
    x = alt.X("day:T", title=None, axis=time_axis(size))
    y = alt.Y("value:Q", title=None, scale=alt.Scale(domain=[0, 140]), axis=alt.Axis(tickCount=5))
    past = sheet.chart(with_runs(recent))
    layers = [
        normal_line(sheet),
        past.mark_area(color=colour, opacity=0.22, clip=True).encode(
            x=x, y=alt.Y("lower:Q"), y2=alt.Y2("upper:Q"), detail=alt.Detail("run:N")
        ),
        past.mark_line(color=colour, strokeWidth=2, clip=True).encode(x=x, y=y, detail=alt.Detail("run:N")),
        *ahead_layers(sheet, (fan, line), colour, x, y),
    ]
    return sheet.finish(layers + _back(sheet, back, x, y), size)


def _back(sheet: Sheet, back: dict[str, Any], x: Any, y: Any) -> list[Any]:
    import altair as alt

    if not back.get("date_median"):
        return []
    last = back.get("date_upper") or back["horizon"]
    mark = pl.DataFrame([{"day": back["date_median"], "from": back["date_lower"], "to": last, "value": 100.0}])
    bar = sheet.chart(mark)
    return [
        bar.mark_rule(color=INK, strokeWidth=3.5, opacity=0.65).encode(x=alt.X("from:T"), x2=alt.X2("to:T"), y=y),
        bar.mark_point(color=INK, filled=True, size=90, opacity=1).encode(x=x, y=y),
    ]


def _returns(rows: pl.DataFrame, size: Size) -> dict[str, Any]:
    import altair as alt

    sheet = Sheet()
    y = alt.Y("name:N", title=None, sort=None, axis=alt.Axis(labelLimit=150, grid=True, minExtent=NAMES))
    axis = time_axis(size)
    layers = []
    for main, offset, width in ((True, -5, 4.0), (False, 6, 1.6)):
        part = rows.filter(pl.col("main") == main)
        if part.is_empty():
            continue
        base, colour = sheet.chart(part), INK if main else MUTED
        x = alt.X("day:T", title=None, axis=axis)
        layers += [
            base.mark_rule(color=colour, strokeWidth=width, opacity=0.55, yOffset=offset).encode(
                x=alt.X("first:T", title=None, axis=axis), x2=alt.X2("last:T"), y=y
            ),
            base.transform_filter("datum.open")
            .mark_point(shape="triangle-right", color=colour, filled=True, size=70, opacity=0.8, yOffset=offset)
            .encode(x=alt.X("last:T", axis=axis), y=y),
            base.transform_filter("isValid(datum.day)")
            .mark_point(
                shape="circle" if main else "diamond", size=90 if main else 60, filled=True, opacity=1, yOffset=offset,
                color=colour if main else PAPER, stroke=colour, strokeWidth=1.6,
            )
            .encode(x=x, y=y),
        ]  # fmt: skip
    height = 34 * max(rows["name"].n_unique(), 1)
    return sheet.finish(layers, Size(size.name, size.width - NAMES, height, max(size.ticks - 1, 3)))


DASHES = ([1, 0], [5, 3], [2, 3])


def _chances(rows: pl.DataFrame, signal: str, size: Size) -> dict[str, Any]:
    import altair as alt

    sheet, colour = Sheet(), SIGNAL_COLOURS[signal]
    shown = rows.with_columns(chance=100 * pl.col("chance"))
    x = alt.X("day:T", title=None, axis=time_axis(size))
    y = alt.Y("chance:Q", title=None, scale=alt.Scale(domain=[0, 100]), axis=alt.Axis(tickCount=5))
    layers = []
    for number, (_, part) in enumerate(shown.group_by("threshold", maintain_order=True)):
        base = sheet.chart(part.select("day", "chance"))
        dash = DASHES[number % len(DASHES)]
        layers += [
            base.mark_line(color=colour, strokeWidth=2, strokeDash=dash).encode(x=x, y=y),
            base.mark_point(color=colour, filled=True, size=22, opacity=1).encode(x=x, y=y),
        ]
        end = sheet.chart(part.tail(1).select("day", "chance", "threshold"))
        text = end.mark_text(align="right", dx=-4, dy=-9, fontSize=12, fontWeight=600, color=INK)
        layers.append(text.encode(x=x, y=y, text=alt.Text("threshold:N")))
    return sheet.finish(layers, size)


def _history(rows: pl.DataFrame, came: date | None, signal: str, size: Size) -> dict[str, Any]:
    import altair as alt

    sheet, colour = Sheet(), SIGNAL_COLOURS[signal]
    x = alt.X("day:T", title=None, axis=time_axis(size))
    axis = alt.Axis(format="%Y-%m-%d", tickCount=5)
    y = alt.Y("median:T", title=None, axis=axis)
    line = sheet.chart(with_runs(rows.filter(pl.col("main").not_()).drop_nulls("median").select("day", "median")))
    main = rows.filter("main")
    band = sheet.chart(with_runs(main.drop_nulls("first").select("day", "first", "last")))
    dots = sheet.chart(with_runs(main.drop_nulls("median").select("day", "median")))
    layers = [
        band.mark_area(color=colour, opacity=0.16).encode(
            x=x, y=alt.Y("first:T", title=None, axis=axis), y2=alt.Y2("last:T"), detail=alt.Detail("run:N")
        ),
        line.mark_line(color=MUTED, strokeDash=[7, 4], strokeWidth=1.5).encode(x=x, y=y, detail=alt.Detail("run:N")),
        dots.mark_line(color=colour, strokeWidth=2).encode(x=x, y=y, detail=alt.Detail("run:N")),
        dots.mark_point(color=colour, filled=True, size=18, opacity=1).encode(x=x, y=y),
    ]
    if came is not None:
        rule = sheet.chart(pl.DataFrame({"median": [came]}))
        layers.append(rule.mark_rule(color=INK, strokeWidth=1.6).encode(y=y))
    return sheet.finish(layers, size)
