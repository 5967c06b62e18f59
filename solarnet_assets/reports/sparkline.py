"""Small multiples: one small picture per site, city or sector, drawn directly so that thousands stay cheap."""

from __future__ import annotations

import html
from dataclasses import dataclass
from datetime import date

import polars as pl

from solarnet_assets.reports.charts import with_runs

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


def sparkline(rows: pl.DataFrame, frame: Frame, colour: str, normal: float, label: str) -> str:
    """Draw value and interval over time.

    Args:
        rows: day, value, lower, upper.
        frame: scale.
        colour: name of a CSS variable.
        normal: level of the reference line.
        label: what a screen reader says.
    """
    parts = [f'<line x1="0" x2="{WIDTH}" y1="{frame.y(normal):.1f}" y2="{frame.y(normal):.1f}" class="normal"/>']
    for run in with_runs(rows).partition_by("run", maintain_order=True):
        days = run["day"].to_list()
        upper = [f"{frame.x(d):.1f},{frame.y(v):.1f}" for d, v in zip(days, run["upper"], strict=True)]
        lower = [f"{frame.x(d):.1f},{frame.y(v):.1f}" for d, v in zip(days, run["lower"], strict=True)]
        value = [f"{frame.x(d):.1f},{frame.y(v):.1f}" for d, v in zip(days, run["value"], strict=True)]
        parts.append(f'<polygon points="{" ".join(upper + lower[::-1])}" style="fill:var({colour})" class="band"/>')
        parts.append(f'<polyline points="{" ".join(value)}" style="stroke:var({colour})" class="line"/>')
    return (
        f'<svg class="spark" viewBox="0 -2 {WIDTH} {HEIGHT + 4}" preserveAspectRatio="none" role="img" '
        f'aria-label="{html.escape(label, quote=True)}">{"".join(parts)}</svg>'
    )


def two_lines(rows: pl.DataFrame, frame: Frame, colour: str, normal: float, label: str) -> str:
    """Draw two values over time: the first as a line, the second dashed behind it.

    Args:
        rows: day, first, second.
        frame: scale.
        colour: name of a CSS variable.
        normal: level of the reference line.
        label: what a screen reader says.
    """
    parts = [f'<line x1="0" x2="{WIDTH}" y1="{frame.y(normal):.1f}" y2="{frame.y(normal):.1f}" class="normal"/>']
    for run in with_runs(rows).partition_by("run", maintain_order=True):
        for name, look in (("second", 'class="line without"'), ("first", f'style="stroke:var({colour})" class="line"')):
            points = [f"{frame.x(d):.1f},{frame.y(v):.1f}" for d, v in zip(run["day"], run[name], strict=True)]
            parts.append(f'<polyline points="{" ".join(points)}" {look}/>')
    return (
        f'<svg class="spark" viewBox="0 -2 {WIDTH} {HEIGHT + 4}" preserveAspectRatio="none" role="img" '
        f'aria-label="{html.escape(label, quote=True)}">{"".join(parts)}</svg>'
    )


def interval_mark(measured: float, lower: float, upper: float, published: float, truth: float | None) -> str:
    """Draw one row of the comparison: interval, measured value, published figure and truth on a scale of their own."""
    marks = [x for x in (measured, lower, upper, published, truth) if x is not None]
    low, high = min(marks), max(marks)
    pad = 0.06 * (high - low) or 1.0

    def at(value: float) -> str:
        return f"{150 * (value - low + pad) / (high - low + 2 * pad):.1f}"

    actual = "" if truth is None else f'<line x1="{at(truth)}" x2="{at(truth)}" y1="3" y2="19" class="truth"/>'
    return (
        '<svg class="mark" viewBox="0 0 150 22" aria-hidden="true">'
        f'<line x1="{at(lower)}" x2="{at(upper)}" y1="11" y2="11" class="range"/>'
        f'{actual}<circle cx="{at(measured)}" cy="11" r="4.5" class="dot"/>'
        f'<path d="M{at(published)} 4l5 7l-5 7l-5 -7z" class="published"/></svg>'
    )
