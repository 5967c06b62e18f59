"""What of a model is shown: rows per day, newest rows, and a small picture of its series with intervals."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from solarnet_assets.sql.columns import quote
from solarnet_assets.sql.models import Model

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

MAX_SERIES = 8
"""More series than a small picture can keep apart are left out, in order of name."""

SIZE = (640, 300)
MARGIN = (46, 10, 120, 22)
"""Left, top, right and bottom margin of a picture, pixels."""

COLOURS = (
    (0, 114, 178),
    (213, 94, 0),
    (0, 158, 115),
    (204, 121, 167),
    (86, 180, 233),
    (230, 159, 0),
    (90, 90, 90),
    (150, 110, 50),
)
"""Wong's palette for colour-blind readers (doi:10.1038/nmeth.1618), yellow replaced."""


_SERIES = pl.Schema(
    {"series": pl.String, "day": pl.Date, "value": pl.Float64, "lower": pl.Float64, "upper": pl.Float64}
)


def rows_by_day(con: duckdb.DuckDBPyConnection, model: Model) -> dict[date, int]:
    """Return the number of rows of each day; of a model without days under one arbitrary day."""
    column = quote(model.partition) if model.partition else f"date '{date.min}'"
    rows = con.sql(f"select {column}, count(*) from {model.table} group by all order by all").fetchall()  # noqa: S608
    return dict(rows)


def newest_rows(con: duckdb.DuckDBPyConnection, model: Model, day: date | None, rows: int) -> pl.DataFrame:
    """Return some rows of a model, of the given day where it has days."""
    where = f"where {quote(model.partition)} = date '{day}'" if model.partition and day else ""
    order = ", ".join(map(quote, model.unique)) or "all"
    return con.sql(f"select * from {model.table} {where} order by {order} limit {rows}").pl()  # noqa: S608


def series(con: duckdb.DuckDBPyConnection, model: Model) -> pl.DataFrame:
    """Return what the picture of a model shows: series, day, value, lower, upper; empty where it has no picture."""
    if not model.plot:
        return pl.DataFrame(schema=_SERIES)
    names = zip(model.plot, _SERIES, strict=True)
    columns = ", ".join(f"{quote(name)} as {alias}" for name, alias in names)
    frame = con.sql(f"select {columns} from {model.table} where {model.plot_where} order by 1, 2").pl()  # noqa: S608
    kept = frame["series"].unique().sort().head(MAX_SERIES)
    return frame.filter(pl.col("series").is_in(kept.implode()), pl.col("value").is_not_null())


def picture(frame: pl.DataFrame) -> bytes:
    """Draw series with their intervals as a PNG.

    Args:
        frame: result of :func:`series`, with at least one row.
    """
    from PIL import Image, ImageDraw

    frame = frame.with_columns(pl.col("lower", "upper").fill_null(pl.col("value")))
    x, y = _scales(frame)
    canvas = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(canvas, "RGBA")
    _axes(draw, frame, x, y)
    for number, ((name,), part) in enumerate(frame.group_by("series", maintain_order=True)):
        colour, across = COLOURS[number], [x(day) for day in part["day"]]
        upper, lower = map(y, part["upper"]), map(y, part["lower"].reverse())
        if len(across) > 1:
            band = [*zip(across, upper, strict=True), *zip(reversed(across), lower, strict=True)]
            draw.polygon(band, fill=(*colour, 45))
        draw.line(list(zip(across, map(y, part["value"]), strict=True)), fill=colour, width=2)
        draw.text((SIZE[0] - MARGIN[2] + 6, MARGIN[1] + 14 * number), _ascii(str(name)), fill=colour)
    data = io.BytesIO()
    canvas.save(data, "PNG", optimize=True)
    return data.getvalue()


def _scales(frame: pl.DataFrame) -> tuple[Callable[[date], float], Callable[[float], float]]:
    """Return the functions from a day and from a value to pixels; values start at 0 or below."""
    left, top, right, bottom = MARGIN
    days = frame["day"].to_list()
    first, last = min(days), max(days)
    low, high = _range(frame)
    width, height = SIZE[0] - left - right, SIZE[1] - top - bottom
    span = max((last - first).days, 1)
    return (
        lambda day: left + width * (day - first).days / span,
        lambda value: top + height * (high - min(max(value, low), high)) / (high - low),
    )


def _range(frame: pl.DataFrame) -> tuple[float, float]:
    """Return the limits of the value axis; a few very wide intervals are cut, not followed."""
    tops = [float(frame["value"].max() or 0.0), float(frame["upper"].quantile(0.98) or 0.0)]  # type: ignore[arg-type]
    low, high = min(0.0, float(frame["value"].min() or 0.0)), max(tops)  # type: ignore[arg-type]
    return low, high if high > low else low + 1.0


def _axes(draw: ImageDraw, frame: pl.DataFrame, x: Callable[[date], float], y: Callable[[float], float]) -> None:
    low, high = _range(frame)
    days = sorted(set(frame["day"].to_list()))
    left, right, floor = MARGIN[0], SIZE[0] - MARGIN[2], SIZE[1] - MARGIN[3]
    for value in (low + (high - low) * step / 4 for step in range(5)):
        draw.line([(left, y(value)), (right, y(value))], fill=(225, 225, 225))
        draw.text((4, y(value) - 6), f"{value:.4g}", fill=(90, 90, 90))
    for day in {days[0], days[len(days) // 2], days[-1]}:
        draw.text((min(x(day), right - 40), floor + 6), f"{day:%Y-%m-%d}", fill=(90, 90, 90))


def _ascii(name: str) -> str:
    """Return a name in the letters of the built-in font."""
    return name.encode("ascii", "replace").decode()[:18]
