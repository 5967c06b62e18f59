"""Charts as inline SVG: drawn by Altair and vl-convert, coloured by the page's own style sheet.

Colours go in as sentinels and come out as CSS variables, so one picture serves light, dark and print.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

INK, MUTED, RULE, PAPER = "#010101", "#020202", "#030303", "#040404"
SIGNAL_COLOURS = {
    "composite": "#050501",
    "steel": "#050502",
    "parking": "#050503",
    "commuting": "#050504",
    "sector": "#050505",
    "solar": "#050506",
}
VARIABLES = {
    INK: "--ink",
    MUTED: "--muted",
    RULE: "--rule",
    PAPER: "--card",
    **{colour: f"--{signal}" for signal, colour in SIGNAL_COLOURS.items()},
}


@dataclass(frozen=True)
class Size:
    """Width and height of the plotting area, px, and the ticks that fit."""

    name: str
    width: int
    height: int
    ticks: int


SIZES = (Size("wide", 760, 250, 9), Size("narrow", 290, 210, 4))
"""Every large chart is drawn twice; the style sheet shows the one that fits, so that letters keep their size."""


def level_chart(
    signal: str,
    rows: pl.DataFrame,
    truth: pl.DataFrame,
    published: pl.DataFrame,
    label: str,
    ordinary: pl.DataFrame | None = None,
) -> str:
    """Draw percent of normal over time with its interval.

    Args:
        signal: decides the colour.
        rows: day, value, lower, upper; gaps in ``day`` stay gaps.
        truth: day, value; empty outside a simulation.
        published: day, published, published_text.
        label: what a screen reader says.
        ordinary: day, value, lower, upper of an ordinary year; None where nothing is known of one.
    """

    def draw(size: Size) -> Any:
        return _level(signal, rows, truth, published, size, ordinary)

    return _both_sizes(f"level-{signal}", label, draw)


def forecast_chart(history: pl.DataFrame, path: pl.DataFrame, dates: dict[str, Any], signal: str, label: str) -> str:
    """Draw recent values, the straight line with its interval, and the day of return to 100."""
    return _both_sizes(f"forecast-{signal}", label, lambda size: _forecast(history, path, dates, signal, size))


def area_chart(rows: pl.DataFrame, label: str) -> str:
    """Draw the area of solar farms by watched place: name, area_km2, lower, upper, truth."""
    return _both_sizes("solar", label, lambda size: _areas(rows, size))


def _both_sizes(name: str, label: str, draw: Any) -> str:
    return "".join(
        f'<div class="{size.name}">{to_svg(draw(size), f"{name}-{size.name}", label)}</div>' for size in SIZES
    )


def _level(
    signal: str,
    rows: pl.DataFrame,
    truth: pl.DataFrame,
    published: pl.DataFrame,
    size: Size,
    ordinary: pl.DataFrame | None,
) -> Any:
    import altair as alt

    top = max(_max(rows["upper"]), _max(truth["value"]), _max(published["published"]), 105.0)
    x = alt.X("day:T", title=None, axis=_time_axis(size))
    y = alt.Y("value:Q", title=None, scale=alt.Scale(domain=[0, min(top * 1.03, 250)], nice=False))
    line = alt.Chart(_values(with_runs(rows)))
    layers = [
        _normal_line(),
        *([] if ordinary is None else _ordinary(ordinary, x, y)),
        line.mark_area(color=SIGNAL_COLOURS[signal], opacity=0.2, clip=True).encode(
            x=x, y=alt.Y("lower:Q"), y2="upper:Q", detail="run:N"
        ),
        line.mark_line(color=SIGNAL_COLOURS[signal], strokeWidth=2.2, clip=True).encode(x=x, y=y, detail="run:N"),
        line.transform_filter("datum.lone")
        .mark_point(color=SIGNAL_COLOURS[signal], size=14, filled=True)
        .encode(x=x, y=y),
    ]
    if truth.height:
        layers.append(
            alt.Chart(_values(truth)).mark_line(color=INK, strokeDash=[2, 3], strokeWidth=1.2).encode(x=x, y=y)
        )
    if published.height:
        marks = alt.Chart(_values(published.rename({"published": "value"}).select("day", "value", "published_text")))
        layers.append(marks.mark_point(shape="diamond", size=70, filled=True, color=INK).encode(x=x, y=y))
        layers.append(
            marks.mark_text(align="left", dx=8, dy=9, fontSize=11, color=INK).encode(x=x, y=y, text="published_text:N")
        )
    return _finish(alt.layer(*layers), size)


def _ordinary(rows: pl.DataFrame, x: Any, y: Any) -> list[Any]:
    """Return the layers of an ordinary year: a dashed line and a band, behind everything that was measured."""
    import altair as alt

    base = alt.Chart(_values(with_runs(rows)))
    band = base.mark_area(color=MUTED, opacity=0.14, clip=True)
    line = base.mark_line(color=MUTED, strokeDash=[6, 3], strokeWidth=1.4, clip=True)
    return [
        band.encode(x=x, y=alt.Y("lower:Q"), y2="upper:Q", detail="run:N"),
        line.encode(x=x, y=y, detail="run:N"),
    ]


def _forecast(history: pl.DataFrame, path: pl.DataFrame, dates: dict[str, Any], signal: str, size: Size) -> Any:
    import altair as alt

    colour = SIGNAL_COLOURS[signal]
    x = alt.X("day:T", title=None, axis=_time_axis(size))
    y = alt.Y("value:Q", title=None, scale=alt.Scale(domain=[0, 140]))
    past, ahead = alt.Chart(_values(with_runs(history))), alt.Chart(_values(path))
    layers = [
        _normal_line(),
        past.mark_area(color=colour, opacity=0.2).encode(x=x, y=alt.Y("lower:Q"), y2="upper:Q", detail="run:N"),
        past.mark_line(color=colour, strokeWidth=2.2).encode(x=x, y=y, detail="run:N"),
        ahead.mark_area(color=MUTED, opacity=0.16, clip=True).encode(x=x, y=alt.Y("lower:Q"), y2="upper:Q"),
        ahead.mark_line(color=MUTED, strokeDash=[5, 4], strokeWidth=1.8, clip=True).encode(x=x, y=y),
    ]
    if dates.get("date_median"):
        last = dates.get("date_upper") or dates["horizon"]
        mark = {"day": dates["date_median"], "from": dates["date_lower"], "to": last, "value": 100.0}
        bar = alt.Chart(_values(pl.DataFrame([mark])))
        layers.append(bar.mark_rule(color=INK, strokeWidth=4, opacity=0.6).encode(x=alt.X("from:T"), x2="to:T", y=y))
        layers.append(bar.mark_point(color=INK, filled=True, size=110).encode(x=x, y=y))
    return _finish(alt.layer(*layers), size)


def _areas(rows: pl.DataFrame, size: Size) -> Any:
    import altair as alt

    base = alt.Chart(_values(rows)).encode(y=alt.Y("name:N", title=None, sort=None, axis=alt.Axis(labelLimit=110)))
    x = alt.X("area_km2:Q", title="km²", scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=size.ticks // 2 + 1))
    layers = [
        base.mark_bar(color=SIGNAL_COLOURS["solar"], opacity=0.75, height=12).encode(x=x),
        base.mark_rule(color=INK, strokeWidth=1.4).encode(x=alt.X("lower:Q"), x2="upper:Q"),
        base.transform_filter("isValid(datum.truth)")
        .mark_tick(color=INK, thickness=2.5, height=18)
        .encode(x=alt.X("truth:Q")),
    ]
    return _finish(alt.layer(*layers), Size(size.name, size.width - 80, 26 * max(rows.height, 1), size.ticks))


def _normal_line() -> Any:
    import altair as alt

    return alt.Chart(alt.InlineData([{"value": 100}])).mark_rule(color=MUTED, strokeWidth=1).encode(y="value:Q")


def with_runs(rows: pl.DataFrame) -> pl.DataFrame:
    """Number unbroken runs of days, so that a line never bridges a gap; ``lone`` marks runs of one day."""
    rows = rows.sort("day")
    broken = (pl.col("day").diff().dt.total_days() != 1).fill_null(value=False)
    return rows.with_columns(run=broken.cum_sum()).with_columns(lone=pl.len().over("run") == 1)


def _values(rows: pl.DataFrame) -> Any:
    """Return rows as inline data; days become UTC instants and numbers are rounded to what a screen shows."""
    import altair as alt

    records = [{k: _plain(v) for k, v in row.items()} for row in rows.iter_rows(named=True)]
    return alt.InlineData(records or [{"day": None, "value": None}])


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00Z"
    return round(value, 2) if isinstance(value, float) else value


def _max(values: pl.Series) -> float:
    found = values.max()
    return float(found) if isinstance(found, int | float) else 0.0


def _time_axis(size: Size) -> Any:
    import altair as alt

    return alt.Axis(format="%-d %b", tickCount=size.ticks, grid=False, labelFlush=True)


def _finish(chart: Any, size: Size) -> dict[str, Any]:
    """Apply the page's look; returns the Vega-Lite specification."""
    styled = (
        chart.properties(width=size.width, height=size.height, background="transparent")
        .resolve_scale(x="shared", y="shared")
        .configure(aria=False, font="system-ui, -apple-system, 'Segoe UI', sans-serif")
        .configure_view(stroke=None)
        .configure_axis(
            domainColor=RULE, tickColor=RULE, gridColor=RULE, gridOpacity=0.7, labelColor=MUTED, titleColor=MUTED,
            labelFontSize=11, titleFontSize=11, titleFontWeight="normal", tickSize=4, domain=False,
        )
    )  # fmt: skip
    spec: dict[str, Any] = styled.to_dict()
    for encoding in _encodings(spec):
        if encoding.get("type") == "temporal":
            encoding["scale"] = {**encoding.get("scale", {}), "type": "utc"}
    return spec


def _encodings(node: Any) -> list[dict[str, Any]]:
    """Return all x and y channels of a specification."""
    found = []
    for layer in [node, *node.get("layer", [])]:
        found += [layer["encoding"][c] for c in ("x", "y") if c in layer.get("encoding", {})]
    return found


def to_svg(spec: dict[str, Any], name: str, label: str) -> str:
    """Render a specification as an accessible inline SVG with scalable size and ids of its own."""
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(spec)
    for number, old in enumerate(dict.fromkeys(re.findall(r'\bid="([^"]+)"', svg))):
        svg = re.sub(rf'(id="|url\(#|href="#){re.escape(old)}(?=[")])', rf"\g<1>{name}-{number}", svg)
    for colour, variable in VARIABLES.items():
        svg = svg.replace(f'"{colour}"', f'"var({variable})"')
    svg = re.sub(r' (?:class|role|aria-roledescription|aria-hidden|pointer-events)="[^"]*"', "", svg)
    svg = re.sub(r'<path d="M0,0h0v0h0Z"/>|<path d="" display="none"/>', "", svg)
    head = re.match(r"<svg[^>]*viewBox=\"([^\"]+)\"[^>]*>", svg)
    if head is None:
        raise ValueError("the renderer returned no SVG")
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{head[1]}" role="img" aria-labelledby="{name}-title">'
    return f'{opening}<title id="{name}-title">{html.escape(label)}</title>{svg[head.end() :]}'
