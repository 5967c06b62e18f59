"""Small multiples: one small picture per site, city or sector, drawn directly so that thousands stay cheap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

import polars as pl
from markupsafe import Markup

from solarnet_assets.reports.series import POINTS, thinned, with_runs
from solarnet_assets.reports.text import Text

WIDTH, HEIGHT = 200, 64


@dataclass(frozen=True)
class Frame:
    """Scale of a small multiple: all pictures of a group share one."""

    first: date
    last: date
    low: float
    high: float

    def x(self, day: date) -> float:
        """Return the position of a day, px."""
        return WIDTH * (day - self.first).days / max((self.last - self.first).days, 1)

    def y(self, value: float) -> float:
        """Return the position of a value, px; values outside are drawn at the edge."""
        share = (min(max(value, self.low), self.high) - self.low) / max(self.high - self.low, 1e-9)
        return HEIGHT * (1 - share)


def frame_of(rows: pl.DataFrame, low: float, high: float) -> Frame:
    """Return the scale of a group of pictures: its days, and the given limits."""
    return Frame(cast(date, rows["day"].min()), cast(date, rows["day"].max()), low, high)


Mark = tuple[date, date, str]
"""First and last day of an event, and its direction: above or below."""


def sparkline(
    rows: pl.DataFrame,
    frame: Frame,
    colour: str,
    normal: float,
    label: Text,
    points: int = POINTS,
    marks: Iterable[Mark] = (),
) -> Markup:
    """Draw value and interval over time; long series as in :func:`series.thinned`.

    Args:
        rows: day, value, lower, upper.
        frame: scale.
        colour: name of a CSS variable.
        normal: level of the reference line.
        label: what a screen reader says.
        points: most points to draw.
        marks: events, drawn as bars along the upper or the lower edge.
    """
    shown, step = thinned(rows.drop_nulls("value"), points)
    parts = [_level(frame, normal), *(_mark(frame, mark) for mark in marks)]
    for run in with_runs(shown, step).partition_by("run", maintain_order=True):
        days = run["day"].to_list()
        upper, lower = _points(frame, days, run["upper"]), _points(frame, days, run["lower"])
        value = _points(frame, days, run["value"])
        parts.append(f'<polygon points="{" ".join(upper + lower[::-1])}" style="fill:var({colour})" class="band"/>')
        drawn = value if len(value) > 1 else value * 2
        parts.append(f'<polyline points="{" ".join(drawn)}" style="stroke:var({colour})" class="line"/>')
    return _picture(parts, label)


def two_lines(rows: pl.DataFrame, frame: Frame, colour: str, normal: float, label: Text) -> Markup:
    """Draw two values over time: the first as a line, the second dashed behind it.

    Args:
        rows: day, first, second.
        frame: scale.
        colour: name of a CSS variable.
        normal: level of the reference line.
        label: what a screen reader says.
    """
    points, step = thinned(rows.select("day", value="first", lower="second", upper="second"), 2 * POINTS)
    parts = [_level(frame, normal)]
    for run in with_runs(points, step).partition_by("run", maintain_order=True):
        days = run["day"].to_list()
        behind, before = _points(frame, days, run["lower"]), _points(frame, days, run["value"])
        parts.append(f'<polyline points="{" ".join(behind)}" class="line without"/>')
        parts.append(f'<polyline points="{" ".join(before)}" style="stroke:var({colour})" class="line"/>')
    return _picture(parts, label)


def interval_mark(measured: float, lower: float, upper: float, published: float, truth: float | None) -> Markup:
    """Draw one row of the comparison: interval, measured value, published figure and truth on a scale of their own."""
    marks = [x for x in (measured, lower, upper, published, truth) if x is not None]
    low, high = min(marks), max(marks)
    pad = 0.06 * (high - low) or 1.0

    def at(value: float) -> str:
        return f"{150 * (value - low + pad) / (high - low + 2 * pad):.1f}"

    actual = "" if truth is None else f'<line x1="{at(truth)}" x2="{at(truth)}" y1="3" y2="19" class="truth"/>'
    return Markup(  # noqa: S704 - numbers only
        '<svg class="mark" viewBox="0 0 150 22" aria-hidden="true">'
        f'<line x1="{at(lower)}" x2="{at(upper)}" y1="11" y2="11" class="range"/>'
        f'{actual}<circle cx="{at(measured)}" cy="11" r="4.5" class="dot"/>'
        f'<path d="M{at(published)} 4l5 7l-5 7l-5 -7z" class="published"/></svg>'
    )


def event_mark(row: Mapping[str, Any], top: float) -> Markup:
    """Draw an event on a scale from 0 to ``top``: the own interval as a block, the day's value with its interval.

    Args:
        row: value, lower, upper, usual_lower, usual_upper.
        top: end of the scale.
    """

    def at(name: str) -> str:
        return f"{4 + 142 * min(max(row[name], 0.0), top) / top:.1f}"

    width = max(float(at("usual_upper")) - float(at("usual_lower")), 2.0)
    return Markup(  # noqa: S704 - numbers only
        '<svg class="mark" viewBox="0 0 150 22" aria-hidden="true">'
        '<line x1="4" x2="146" y1="18" y2="18" class="scale"/>'
        f'<rect x="{at("usual_lower")}" width="{width:.1f}" y="4" height="14" class="usual"/>'
        f'<line x1="{at("lower")}" x2="{at("upper")}" y1="11" y2="11" class="range"/>'
        f'<circle cx="{at("value")}" cy="11" r="4.5" class="dot"/></svg>'
    )


def bar(value: float | None, top: float) -> Markup:
    """Draw a number of a table as a bar; ``top`` fills the width."""
    width = 0.0 if value is None or top <= 0 else 100 * value / top
    return Markup(  # noqa: S704 - numbers only
        '<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="{width:.1f}" height="4"/></svg>'
    )


def _level(frame: Frame, normal: float) -> str:
    return f'<line x1="0" x2="{WIDTH}" y1="{frame.y(normal):.1f}" y2="{frame.y(normal):.1f}" class="normal"/>'


def _mark(frame: Frame, mark: Mark) -> str:
    first, last, direction = mark
    y = -1 if direction == "above" else HEIGHT + 1
    return f'<path d="M{frame.x(first):.1f} {y}H{max(frame.x(last), frame.x(first) + 3):.1f}" class="event"/>'


def _points(frame: Frame, days: list[date], values: pl.Series) -> list[str]:
    return [f"{frame.x(d):.1f},{frame.y(v):.1f}" for d, v in zip(days, values, strict=True)]


def _picture(parts: list[str], label: Text) -> Markup:
    return Markup(  # noqa: S704 - drawn here, its label escaped there
        f'<svg class="spark" viewBox="0 -2 {WIDTH} {HEIGHT + 4}" preserveAspectRatio="none" role="img"'
        f"{label.attr('aria-label')}>{''.join(parts)}</svg>"
    )
