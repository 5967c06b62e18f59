"""The charts of the index: points of its components, stacked, and the two composites on one scale."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
from markupsafe import Markup

from solarnet_assets.reports.charts import normal_line
from solarnet_assets.reports.series import LARGE, thinned, with_runs
from solarnet_assets.reports.svg import HALF, INK, MUTED, SIGNAL_COLOURS, Sheet, Size, drawn, is_long, time_axis
from solarnet_assets.reports.text import Text

BARS = 180
"""Most bars of the stack: beyond, each stands for the mean of several days."""


def parts_chart(rows: pl.DataFrame, signals: list[str], label: Text) -> Markup:
    """Draw what each component contributes, stacked from 100 % of normal, and their sum as a line.

    Args:
        rows: day, signal, contribution, observed.
        signals: components, the first nearest to zero.
        label: what a screen reader says.
    """
    stacked, total = _stacked(rows, signals)
    return drawn("parts", label, lambda size: _parts(stacked, total, signals, size), HALF, long=is_long(total))


def two_chart(rows: pl.DataFrame, label: Text) -> Markup:
    """Draw both composites with their intervals: kind, day, value, lower, upper."""
    return drawn("two", label, lambda size: _two(rows, size), HALF, long=is_long(rows))


def _stacked(rows: pl.DataFrame, signals: list[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return bars (day, until, signal, start, end, observed), what is above normal stacked upwards, and the sums."""
    first, last = rows["day"].min(), rows["day"].max()
    if not isinstance(first, date) or not isinstance(last, date):
        raise TypeError("days of contributions are no dates")
    step = -(-((last - first).days + 1) // BARS)
    number = (pl.col("day") - pl.lit(first)).dt.total_days() // step
    order = {signal: n for n, signal in enumerate(signals)}
    bars = (
        rows.sort("signal", "day")
        .group_by(number.alias("bar"), "signal", maintain_order=True)
        .agg(pl.col("contribution").mean(), pl.col("observed").all())
        .with_columns(
            day=pl.lit(first) + pl.duration(days=pl.col("bar") * step),
            rank=pl.col("signal").replace_strict(order, return_dtype=pl.Int64),
            up=pl.col("contribution") >= 0,
        )
        .sort("bar", "up", "rank")
        .with_columns(end=pl.col("contribution").cum_sum().over("bar", "up"))
        .with_columns(start=pl.col("end") - pl.col("contribution"))
        .with_columns(until=pl.col("day") + pl.duration(days=step))
    )
    total = bars.group_by("day", maintain_order=True).agg(pl.col("contribution").sum().alias("value"))
    return bars, with_runs(total, step)


def _parts(bars: pl.DataFrame, total: pl.DataFrame, signals: list[str], size: Size) -> dict[str, Any]:
    import altair as alt

    sheet = Sheet()
    x = alt.X("day:T", title=None, axis=time_axis(size))
    y = alt.Y("start:Q", title=None, axis=alt.Axis(tickCount=5))
    layers = []
    for signal in signals:
        for observed, opacity in ((True, 1.0), (False, 0.45)):
            part = bars.filter(pl.col("signal") == signal, pl.col("observed") == observed)
            if part.height:
                shown = sheet.chart(part.select("day", "until", "start", "end"))
                colour = SIGNAL_COLOURS[signal]
                rect = shown.mark_rect(color=colour, stroke=colour, strokeWidth=0.6 if observed else 0, opacity=opacity)
                layers.append(rect.encode(x=x, x2=alt.X2("until:T"), y=y, y2=alt.Y2("end:Q")))
    zero = sheet.chart(pl.DataFrame({"start": [0.0]})).mark_rule(color=MUTED, strokeWidth=1.2)
    line = sheet.chart(total.select("day", "value", "run")).mark_line(color=INK, strokeWidth=1.6)
    ends = {"x": x, "y": alt.Y("value:Q", title=None), "detail": alt.Detail("run:N")}
    return sheet.finish([*layers, zero.encode(y=alt.Y("start:Q")), line.encode(**ends)], size)


def _two(rows: pl.DataFrame, size: Size) -> dict[str, Any]:
    import altair as alt

    sheet = Sheet()
    x = alt.X("day:T", title=None, axis=time_axis(size))
    top = float(rows["upper"].max() or 105.0)  # type: ignore[arg-type]
    scale = alt.Scale(domain=[0, max(top, 105.0)], nice=False)
    y = alt.Y("value:Q", title=None, scale=scale, axis=alt.Axis(tickCount=5))
    layers = [normal_line(sheet)]
    for kind, colour, opacity, line in (
        ("factor", SIGNAL_COLOURS["commuting"], 0.16, {"strokeDash": [5, 3], "strokeWidth": 1.8}),
        ("weights", INK, 0.16, {"strokeWidth": 2.0}),
    ):
        part = rows.filter(pl.col("kind") == kind).select("day", "value", "lower", "upper")
        points, step = thinned(part, LARGE)
        base = sheet.chart(with_runs(points, step))
        band = base.mark_area(color=colour, opacity=opacity, clip=True)
        layers += [
            band.encode(x=x, y=alt.Y("lower:Q"), y2=alt.Y2("upper:Q"), detail=alt.Detail("run:N")),
            base.mark_line(color=colour, clip=True, **line).encode(x=x, y=y, detail=alt.Detail("run:N")),
        ]
    return sheet.finish(layers, size)
