"""The map: points on a graticule, without borders. Nothing is fetched and nobody's border is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
from markupsafe import Markup

from solarnet_assets.reports.svg import INK, MUTED, PAPER, RULE, STEP_COLOURS, Sheet, Size, drawn
from solarnet_assets.reports.text import Text

LIMITS = (40.0, 60.0, 80.0, 95.0)
"""Percent of normal at which the colour changes."""

SHAPES = {"city": "circle", "steel": "square", "parking": "triangle-up", "solar": "diamond"}
MANY = 250
"""Points from which on they are drawn smaller."""

EQUATOR = 0.01
"""Degrees by which a parallel gives way where the two would lie alike about the equator: there is no such cone."""

MARGIN = 0.07
GLYPH = 0.62
"""Mean width of a letter over its height."""


@dataclass(frozen=True)
class Frame:
    """The projected extent of the points, m."""

    left: float
    right: float
    bottom: float
    top: float


def step_of(value: float | None) -> int | None:
    """Return the number of a value's colour; None for no value."""
    return None if value is None else sum(value >= limit for limit in LIMITS)


def map_chart(points: pl.DataFrame, label: Text, names: Mapping[str, Text]) -> Markup:
    """Draw places at their position, coloured by percent of normal.

    Args:
        points: kind (a key of :data:`SHAPES`), lon, lat, value, written (cities: the text beside the point), region.
        label: what a screen reader says.
        names: words that have another text in Chinese.
    """
    shown = points.with_columns(
        step=pl.col("value").map_elements(step_of, return_dtype=pl.Int64, skip_nulls=True),
    )
    placed, lines, frame = _projected(shown)
    wide, narrow = Size("wide", 640, 0, 0), Size("narrow", 330, 0, 0)
    ratio = (frame.top - frame.bottom) / (frame.right - frame.left)
    sizes = tuple(Size(s.name, s.width, round(s.width * min(ratio, 1.1)), 0) for s in (wide, narrow))
    return drawn("map", label, lambda size: _map(placed, lines, frame, size), sizes, names, anew=True)


def _projected(points: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, Frame]:
    """Project points and graticule by Albers' equal-area conic, its parallels a sixth inside the extent.

    Snyder 1987, Map projections: a working manual, doi:10.3133/pp1395, page 99.
    """
    from pyproj import Proj

    lon, lat = points["lon"], points["lat"]
    west, east, south, north = (float(v) for v in (lon.min(), lon.max(), lat.min(), lat.max()))  # type: ignore[arg-type]
    sixth, middle = max(north - south, 1.0) / 6, (south + north) / 2
    aside = EQUATOR if abs(middle) < EQUATOR else 0.0
    project = Proj(proj="aea", lat_1=south + sixth + aside, lat_2=north - sixth, lat_0=middle, lon_0=(west + east) / 2)
    x, y = project(lon.to_numpy(), lat.to_numpy())
    spread = max(float(x.max() - x.min()), float(y.max() - y.min()), 2e5)
    frame = Frame(*(float(v) for v in (x.min() - MARGIN * spread, x.max() + 2 * MARGIN * spread)),
                  *(float(v) for v in (y.min() - MARGIN * spread, y.max() + MARGIN * spread)))  # fmt: skip
    step = 10 if max(east - west, north - south) > 12 else 2
    lines = []
    for number, (lons, lats) in enumerate(_graticule(west, east, south, north, step)):
        gx, gy = project(lons, lats)
        lines.append(pl.DataFrame({"line": number, "order": range(len(lons)), "x": gx, "y": gy}))
    return points.with_columns(x=pl.Series(x), y=pl.Series(y)), pl.concat(lines), frame


def _graticule(
    west: float, east: float, south: float, north: float, step: int
) -> list[tuple[list[float], list[float]]]:
    """Return meridians and parallels as lists of longitudes and latitudes, degrees."""
    first, last = int(west // step - 1) * step, int(east // step + 2) * step
    low, high = max(int(south // step - 1) * step, -80), min(int(north // step + 2) * step, 80)
    across = [first + (last - first) * n / 40 for n in range(41)]
    along = [low + (high - low) * n / 40 for n in range(41)]
    meridians = [([float(m)] * 41, along) for m in range(first, last + 1, step)]
    parallels = [(across, [float(p)] * 41) for p in range(low, high + 1, step)]
    return meridians + parallels


def _map(points: pl.DataFrame, lines: pl.DataFrame, frame: Frame, size: Size) -> dict[str, Any]:
    import altair as alt

    sheet = Sheet()
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[frame.left, frame.right], nice=False, zero=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[frame.bottom, frame.top], nice=False, zero=False))
    layers = [
        sheet.chart(lines)
        .mark_line(color=RULE, strokeWidth=1, clip=True)
        .encode(x=x, y=y, detail=alt.Detail("line:N"), order=alt.Order("order:Q"))
    ]
    for (kind,), part in points.group_by("kind", maintain_order=True):
        dots = 190 if kind == "city" else max(62 * min(1.0, MANY / points.height), 16)
        for (step,), some in part.group_by("step", maintain_order=True):
            colour = MUTED if step is None else STEP_COLOURS[int(str(step))]
            mark = sheet.chart(some.select("x", "y")).mark_point(
                shape=SHAPES[str(kind)], size=dots, filled=True, opacity=1, color=colour, stroke=PAPER, strokeWidth=1
            )
            layers.append(mark.encode(x=x, y=y))
    labels = _labels(points, frame, size)
    for kind, colour, letters in (("city", INK, 12.0), ("region", MUTED, 10.5)):
        for align, dx in (("left", 9), ("right", -9), ("center", 0)):
            some = labels.filter(kind=kind, align=align)
            for ground in ({"stroke": PAPER, "strokeWidth": 3, "strokeOpacity": 0.85}, {}) if some.height else ():
                text = sheet.chart(some).mark_text(
                    align=align, dx=dx, baseline="middle", fontSize=letters, color=colour, **ground
                )
                layers.append(text.encode(x=x, y=y, text=alt.Text("written:N")))
    return sheet.finish(layers, size)


def _labels(points: pl.DataFrame, frame: Frame, size: Size) -> pl.DataFrame:
    """Place the text of cities beside their point, then the names of provinces amid theirs, where nothing is met."""
    scale = size.width / (frame.right - frame.left)
    spots = [((row["x"] - frame.left) * scale, (frame.top - row["y"]) * scale) for row in points.iter_rows(named=True)]
    dots = [(x - 6, y - 6, x + 6, y + 6) for x, y in spots]
    taken: list[Box] = []
    rows: list[dict[str, Any]] = []
    for row in points.filter(pl.col("written").is_not_null()).iter_rows(named=True):
        x, y = (row["x"] - frame.left) * scale, (frame.top - row["y"]) * scale
        length = GLYPH * 12 * len(row["written"])
        sides = (("left", x + 9), ("right", x - 9 - length))
        boxes = [(align, (left, y - 8, left + length, y + 8)) for align, left in sides]
        free = [side for around in (dots, []) for side in boxes if _free(side[1], taken + around, size.width)]
        if free:
            taken.append(free[0][1])
            at = {"x": row["x"], "y": row["y"]}
            rows.append({**at, "written": row["written"], "align": free[0][0], "kind": "city"})
    regions = points.drop_nulls("region").group_by("region").agg(pl.col("x", "y").mean()).sort("region")
    for row in regions.iter_rows(named=True):
        x, y = (row["x"] - frame.left) * scale, (frame.top - row["y"]) * scale
        half = GLYPH * 10.5 * len(row["region"]) / 2
        for down in (14, -14, 26, -26):
            box = (x - half, y + down - 7, x + half, y + down + 7)
            if _free(box, taken + dots, size.width):
                taken.append(box)
                at = {"x": row["x"], "y": row["y"] - down / scale}
                rows.append({**at, "written": row["region"], "align": "center", "kind": "region"})
                break
    return pl.DataFrame(rows, schema=_LABELS)


Box = tuple[float, float, float, float]
"""Left, top, right and bottom of a text, px."""

_LABELS = pl.Schema(
    {"x": pl.Float64, "y": pl.Float64, "written": pl.String, "align": pl.String, "kind": pl.String}
)  # fmt: skip


def _free(box: Box, taken: list[Box], width: float) -> bool:
    inside = box[0] > 0 and box[2] < width
    return inside and all(b[2] < box[0] or box[2] < b[0] or b[3] < box[1] or box[3] < b[1] for b in taken)
