"""The large charts of what was measured: levels in percent of normal, and areas of solar farms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
from markupsafe import Markup

from solarnet_assets.reports.series import LARGE, thinned, with_runs
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

NAMES = 118
"""Width that names beside bars need in any browser's font, px."""

Ahead = tuple[pl.DataFrame, pl.DataFrame]
"""A forecast (day, value, lower, upper) and the straight line beside it (day, value; may be empty)."""

FAN_CEILING = 140.0
"""Highest value that a forecast may stretch an axis to, percent of normal."""

CEILING = 250.0
"""Highest value of an axis, percent of normal; wider intervals are cut at it."""


def level_chart(
    signal: str,
    rows: pl.DataFrame,
    truth: pl.DataFrame,
    published: pl.DataFrame,
    label: Text,
    ordinary: pl.DataFrame | None = None,
    ahead: Ahead | None = None,
) -> Markup:
    """Draw percent of normal over time with its interval.

    Args:
        signal: decides the colour.
        rows: day, value, lower, upper; gaps in ``day`` stay gaps.
        truth: day, value; empty outside a simulation.
        published: day, published, published_text.
        label: what a screen reader says.
        ordinary: day, value, lower, upper of an ordinary year; None where nothing is known of one.
        ahead: the forecast, and the straight line beside it; None for a chart of the past alone.
    """
    points, step = thinned(rows.select("day", "value", "lower", "upper"), LARGE)
    usual = ordinary if ordinary is None else thinned(ordinary, LARGE)[0]
    runs = with_runs(points, step)

    def draw(size: Size) -> dict[str, Any]:
        return _level(signal, runs, truth, published, size, usual, ahead)

    days = rows if ahead is None else pl.concat([rows.select("day"), ahead[0].select("day")])
    return drawn(f"level-{signal}", label, draw, HALF, long=is_long(days))


def area_chart(rows: pl.DataFrame, label: Text, names: Mapping[str, Text]) -> Markup:
    """Draw the area of solar farms by watched place: name, area_km2, lower, upper, truth."""
    return drawn("solar", label, lambda size: _areas(rows, size), names=names)


def _level(
    signal: str,
    runs: pl.DataFrame,
    truth: pl.DataFrame,
    published: pl.DataFrame,
    size: Size,
    ordinary: pl.DataFrame | None,
    ahead: Ahead | None,
) -> dict[str, Any]:
    import altair as alt

    sheet, colour = Sheet(), SIGNAL_COLOURS[signal]
    fan = 0.0 if ahead is None else min(_max(ahead[0]["upper"]), FAN_CEILING)
    top = max(_max(runs["upper"]), _max(truth["value"]), _max(published["published"]), fan, 105.0)
    x = alt.X("day:T", title=None, axis=time_axis(size))
    scale = alt.Scale(domain=[0, min(top * 1.03, CEILING)], nice=False)
    y = alt.Y("value:Q", title=None, scale=scale, axis=alt.Axis(tickCount=5))
    line = sheet.chart(runs)
    layers = [
        normal_line(sheet),
        *([] if ordinary is None else _ordinary(sheet, ordinary, x, y)),
        line.mark_area(color=colour, opacity=0.2, clip=True).encode(
            x=x, y=alt.Y("lower:Q"), y2=alt.Y2("upper:Q"), detail=alt.Detail("run:N")
        ),
        line.mark_line(color=colour, strokeWidth=2, clip=True).encode(x=x, y=y, detail=alt.Detail("run:N")),
        line.transform_filter("datum.lone").mark_point(color=colour, size=14, filled=True).encode(x=x, y=y),
    ]
    if truth.height:
        known = sheet.chart(thinned(truth.with_columns(lower="value", upper="value"), LARGE)[0])
        layers.append(known.mark_line(color=INK, strokeDash=[1.5, 3], strokeWidth=1.6, clip=True).encode(x=x, y=y))
    layers += ahead_layers(sheet, ahead, colour, x, y) if ahead else []
    layers += _published(sheet, published, x, y)
    return sheet.finish(layers, size)


def ahead_layers(sheet: Sheet, ahead: Ahead, colour: str, x: Any, y: Any) -> list[Any]:
    """Return the layers of a forecast: band, dotted median, and the straight line dashed."""
    import altair as alt

    points, step = thinned(ahead[0], LARGE)
    fan = sheet.chart(with_runs(points, step))
    layers = [
        fan.mark_area(color=colour, opacity=0.13, clip=True).encode(
            x=x, y=alt.Y("lower:Q"), y2=alt.Y2("upper:Q"), detail=alt.Detail("run:N")
        ),
        fan.mark_line(color=colour, strokeWidth=1.6, strokeDash=[1, 3], strokeCap="round", clip=True).encode(x=x, y=y),
    ]
    if ahead[1].height:
        straight = sheet.chart(ahead[1].select("day", "value"))
        layers.append(straight.mark_line(color=MUTED, strokeDash=[7, 4], strokeWidth=1.5, clip=True).encode(x=x, y=y))
    return layers


def _published(sheet: Sheet, published: pl.DataFrame, x: Any, y: Any) -> list[Any]:
    import altair as alt

    if published.is_empty():
        return []
    marks = sheet.chart(published.select("day", "published_text", value="published"))
    text = marks.mark_text(align="left", dx=8, dy=9, fontSize=11, color=INK)
    return [
        marks.mark_point(shape="diamond", size=80, filled=True, color=PAPER, stroke=INK, strokeWidth=1.6).encode(
            x=x, y=y
        ),
        text.encode(x=x, y=y, text=alt.Text("published_text:N")),
    ]


def _ordinary(sheet: Sheet, rows: pl.DataFrame, x: Any, y: Any) -> list[Any]:
    """Return the layers of an ordinary year: a dashed line and a band, behind everything that was measured."""
    import altair as alt

    base = sheet.chart(with_runs(rows))
    band = base.mark_area(color=MUTED, opacity=0.14, clip=True)
    line = base.mark_line(color=MUTED, strokeDash=[6, 3], strokeWidth=1.4, clip=True)
    return [
        band.encode(x=x, y=alt.Y("lower:Q"), y2=alt.Y2("upper:Q"), detail=alt.Detail("run:N")),
        line.encode(x=x, y=y, detail=alt.Detail("run:N")),
    ]


def _areas(rows: pl.DataFrame, size: Size) -> dict[str, Any]:
    import altair as alt

    sheet = Sheet()
    base = sheet.chart(rows).encode(
        y=alt.Y("name:N", title=None, sort=None, axis=alt.Axis(labelLimit=150, minExtent=NAMES))
    )
    x = alt.X("area_km2:Q", title="km²", scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=size.ticks // 2 + 1))
    layers = [
        base.mark_bar(color=SIGNAL_COLOURS["solar"], opacity=0.7, height=11).encode(x=x),
        base.mark_rule(color=INK, strokeWidth=1.4).encode(x=alt.X("lower:Q"), x2=alt.X2("upper:Q")),
        base.transform_filter("isValid(datum.truth)")
        .mark_tick(color=INK, thickness=2.5, height=17)
        .encode(x=alt.X("truth:Q")),
    ]
    return sheet.finish(layers, Size(size.name, size.width - NAMES, 24 * max(rows.height, 1), size.ticks))


def normal_line(sheet: Sheet) -> Any:
    """Return the level line at 100 % of normal."""
    import altair as alt

    return (
        sheet.chart(pl.DataFrame({"value": [100.0]})).mark_rule(color=MUTED, strokeWidth=1.2).encode(y=alt.Y("value:Q"))
    )


def _max(values: pl.Series) -> float:
    found = values.max()
    return float(found) if isinstance(found, int | float) else 0.0
