"""Vega-Lite specifications to inline SVG: drawn by Altair and vl-convert, coloured by the page's own style sheet.

Colours go in as sentinels and come out as CSS variables, so that one picture serves light, dark and print; days on an
axis go in as ISO days and come out in both languages.
"""

from __future__ import annotations

import copy
import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl
from markupsafe import Markup

from solarnet_assets.reports import formats, palette
from solarnet_assets.reports.text import Text

INK, MUTED, RULE, PAPER = "#010101", "#020202", "#030303", "#040404"
SIGNAL_COLOURS = {name: f"#0505{number:02x}" for number, name in enumerate(palette.SIGNALS)}
STEP_COLOURS = tuple(f"#0606{number:02x}" for number in range(len(palette.STEPS)))
VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    RULE: "rule",
    PAPER: "card",
    **{colour: name for name, colour in SIGNAL_COLOURS.items()},
    **dict(zip(STEP_COLOURS, palette.STEPS, strict=True)),
}
LONG_AXIS = 300
"""Days from which on a time axis names months and years."""

FONT = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'PingFang SC', 'Microsoft YaHei', sans-serif"


@dataclass(frozen=True)
class Size:
    """Width and height of the plotting area, px, and the ticks that fit."""

    name: str
    width: int
    height: int
    ticks: int


HALF = (Size("wide", 520, 210, 6), Size("narrow", 300, 200, 4))
"""Every large chart is drawn twice; the style sheet shows the one that fits, so that letters keep their size."""


@dataclass
class Sheet:
    """A drawing in the making: frames are kept apart from the chart, since Altair copies and checks what it holds."""

    datasets: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def chart(self, rows: pl.DataFrame) -> Any:
        """Return a chart on a frame; days become UTC instants and numbers are rounded to what a screen shows."""
        import altair as alt

        name = f"rows{len(self.datasets)}"
        self.datasets[name] = [{k: _plain(v) for k, v in row.items()} for row in rows.iter_rows(named=True)]
        return alt.Chart(alt.NamedData(name=name))

    def finish(self, layers: list[Any], size: Size) -> dict[str, Any]:
        """Return the Vega-Lite specification of layers in the page's look."""
        import altair as alt

        styled = (
            alt.layer(*layers)
            .properties(width=size.width, height=size.height, background="transparent")
            .configure(aria=False, font=FONT)
            .configure_view(stroke=None)
            .configure_axis(
                tickColor=RULE, gridColor=RULE, gridOpacity=0.8, labelColor=MUTED, titleColor=MUTED,
                labelFontSize=11, titleFontSize=11, titleFontWeight="normal", tickSize=4, domain=False,
            )
        )  # fmt: skip
        spec: dict[str, Any] = styled.to_dict(validate=False)
        for encoding in _positions(spec):
            if encoding.get("type") == "temporal":
                encoding["scale"] = {**encoding.get("scale", {}), "type": "utc"}
        spec["datasets"] = self.datasets
        return spec


def drawn(
    name: str,
    label: Text,
    draw: Callable[[Size], dict[str, Any]],
    sizes: tuple[Size, ...] = HALF,
    names: Mapping[str, Text] | None = None,
    long: bool = False,
    anew: bool = False,
) -> Markup:
    """Draw a chart at every size.

    Args:
        name: begins the ids of the drawing.
        label: what a screen reader says.
        draw: makes the specification at a size.
        sizes: at which it is drawn.
        names: words in the drawing that have another text in Chinese.
        long: the time axis names months and years.
        anew: what is drawn depends on the size; else the first drawing is fitted to the others.
    """
    first = _quietly(draw, sizes[0])
    specs = [first] + [_quietly(draw, size) if anew else _fitted(first, sizes[0], size) for size in sizes[1:]]
    parts = [
        f'<div class="{size.name}">{to_svg(spec, f"{name}-{size.name}", label, names or {}, long)}</div>'
        for size, spec in zip(sizes, specs, strict=True)
    ]
    return Markup("".join(parts))  # noqa: S704 - drawn here; label and words are escaped below


def _quietly(draw: Callable[[Size], dict[str, Any]], size: Size) -> dict[str, Any]:
    """Draw without Altair's checks of every part against its schema, which take as long as all the rest."""
    from altair.utils.schemapi import debug_mode

    with debug_mode(False):
        return draw(size)


def _fitted(spec: dict[str, Any], old: Size, new: Size) -> dict[str, Any]:
    """Return a specification at another size; a height of its own, as of bars, stays."""
    fitted = {name: value if name == "datasets" else copy.deepcopy(value) for name, value in spec.items()}
    fitted["width"] += new.width - old.width
    fitted["height"] = new.height if spec["height"] == old.height else spec["height"]
    for encoding in _positions(fitted):
        if encoding.get("type") == "temporal" and encoding.get("axis"):
            encoding["axis"]["tickCount"] = new.ticks
    return fitted


def time_axis(size: Size) -> Any:
    """Return a time axis; its labels become days of both languages afterwards."""
    import altair as alt

    return alt.Axis(format="%Y-%m-%d", tickCount=size.ticks, grid=False, labelFlush=True, labelOverlap=True)


def is_long(*frames: pl.DataFrame) -> bool:
    """Tell whether the days of some frames span so much that an axis names months and years."""
    days = pl.concat([frame.select("day") for frame in frames])["day"].drop_nulls()
    return len(days) > 0 and (days.max() - days.min()).days > LONG_AXIS  # type: ignore[operator, union-attr]


def to_svg(spec: dict[str, Any], name: str, label: Text, names: Mapping[str, Text], long: bool) -> str:
    """Render a specification as an accessible inline SVG with scalable size and ids of its own."""
    import vl_convert

    raw: str = vl_convert.vegalite_to_svg(spec)
    said = (found[2] for found in _TEXT.finditer(raw))  # taken out meanwhile: what a name says is no markup of ours
    svg = _tidied(_TEXT.sub(r"<text\1></text>", raw), name)
    svg = _TEXT.sub(lambda found: _both(found[1], next(said), names, long), svg)
    head = re.match(r"<svg[^>]*viewBox=\"([^\"]+)\"[^>]*>", svg)
    if head is None:
        raise ValueError("the renderer returned no SVG")
    days = _days(spec, svg)
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{head[1]}"{days} role="img" aria-labelledby="{name}-title">'
    )
    title = f'<title id="{name}-title"{label.other}>{html.escape(label.en)}</title>'
    return f"{opening}{title}{svg[head.end() :]}"


_TEXT = re.compile(r"<text([^>]*)>([^<]*)</text>")


def _tidied(svg: str, name: str) -> str:
    """Return a drawing without its words: ids of its own, colours as variables, nothing that draws nothing."""
    for number, old in enumerate(dict.fromkeys(re.findall(r'\bid="([^"]+)"', svg))):
        new = f"{name}-{number}"
        svg = svg.replace(f'id="{old}"', f'id="{new}"').replace(f"url(#{old})", f"url(#{new})")
    for colour, variable in VARIABLES.items():
        svg = svg.replace(f'"{colour}"', f'"var(--{variable})"')
    svg = re.sub(r' (?:class|role|aria-roledescription|aria-hidden|pointer-events)="[^"]*"', "", svg)
    svg = re.sub(r'<path d="M0,0h0v0h0Z"/>|<path d="" display="none"/>', "", svg)
    return re.sub(r"(\d+\.\d)\d+", r"\1", svg)


def _days(spec: dict[str, Any], svg: str) -> str:
    """Return an attribute with left edge and width of the plot, px, and its first and last day since 1970."""
    found = {row["day"][:10] for rows in spec["datasets"].values() for row in rows if row.get("day")}
    left = re.search(r"translate\((\d+(?:\.\d+)?),", svg)
    if not found or left is None:
        return ""
    first, last = (formats.number_of_day(date.fromisoformat(day)) for day in (min(found), max(found)))
    return f' data-days="{left[1]} {spec["width"]} {first} {last}"'


def _both(attributes: str, escaped: str, names: Mapping[str, Text], long: bool) -> str:
    """Return a text element with its Chinese beside it."""
    said = html.unescape(escaped)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", said):
        text = formats.tick(date.fromisoformat(said), long)
    elif said in names:
        text = names[said]
    else:
        return f"<text{attributes}>{escaped}</text>"
    return f"<text{attributes}{text.other}>{html.escape(text.en)}</text>"


def _positions(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all x and y channels of a specification."""
    layers = [spec, *spec.get("layer", [])]
    return [layer["encoding"][c] for layer in layers for c in ("x", "y") if c in layer.get("encoding", {})]


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00Z"
    return round(value, 2) if isinstance(value, float) else value
