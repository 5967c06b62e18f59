"""The chart of events: how many places are outside their own interval, day by day, above and below."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
from markupsafe import Markup

from solarnet_assets.reports.svg import INK, MUTED, Sheet, Size, drawn, is_long, time_axis
from solarnet_assets.reports.text import Text

SIZES = (Size("wide", 1000, 110, 11), Size("narrow", 300, 110, 4))

BARS = 240
"""Most bars: beyond, one stands for the fullest of several days."""


def count_chart(events: pl.DataFrame, span: tuple[date, date], label: Text) -> Markup:
    """Draw places outside their own interval by day: above normal upwards, below downwards, new ones dark.

    Args:
        events: signal, key, day, direction, is_new.
        span: first and last day of the report.
        label: what a screen reader says.
    """
    counted = _counts(events, span)
    days = pl.DataFrame({"day": list(span)})
    return drawn("events", label, lambda size: _counted(counted, days, size), SIZES, long=is_long(days))


def _counts(events: pl.DataFrame, span: tuple[date, date]) -> pl.DataFrame:
    """Return day, until, direction, is_new and the number, negative below; bars of equal width."""
    step = -(-((span[1] - span[0]).days + 1) // BARS)
    number = (pl.col("day") - pl.lit(span[0])).dt.total_days() // step
    daily = events.group_by("day", "direction", "is_new").len()
    fullest = daily.group_by(number.alias("bar"), "direction", "is_new").agg(pl.col("len").max())
    sign = pl.when(pl.col("direction") == "above").then(1).otherwise(-1)
    first = pl.lit(span[0]) + pl.duration(days=pl.col("bar") * step)
    shown = fullest.with_columns(n=pl.col("len").cast(pl.Int64) * sign, day=first)
    return shown.with_columns(until=pl.col("day") + pl.duration(days=step)).sort("day", "direction", "is_new")


def _counted(counted: pl.DataFrame, days: pl.DataFrame, size: Size) -> dict[str, Any]:
    import altair as alt

    sheet = Sheet()
    x = alt.X("day:T", title=None, axis=time_axis(size))
    layers = [sheet.chart(days).mark_point(opacity=0).encode(x=x)]
    for is_new, colour, opacity in ((True, INK, 1.0), (False, MUTED, 0.4)):
        part = counted.filter(pl.col("is_new") == is_new).select("day", "until", "n", "direction")
        base = part.with_columns(start=pl.lit(0))
        if not is_new:
            new = counted.filter("is_new").select("day", "direction", offset="n")
            joined = part.join(new, on=["day", "direction"], how="left", maintain_order="left")
            base = joined.with_columns(start=pl.col("offset").fill_null(0))
        shown = base.select("day", "until", "start", end=pl.col("start") + pl.col("n"))
        bars = sheet.chart(shown).mark_rect(color=colour, opacity=opacity)
        y = alt.Y("start:Q", title=None, axis=alt.Axis(tickCount=4, format="~s", tickMinStep=1))
        layers.append(bars.encode(x=x, x2=alt.X2("until:T"), y=y, y2=alt.Y2("end:Q")))
    zero = sheet.chart(pl.DataFrame({"start": [0.0]})).mark_rule(color=MUTED, strokeWidth=1)
    return sheet.finish([*layers, zero.encode(y=alt.Y("start:Q"))], size)
