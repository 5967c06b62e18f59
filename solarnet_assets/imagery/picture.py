"""Evidence pictures: small PNGs that show what a figure was made of."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

OUTLINE = (80, 220, 255)
HOT = (255, 235, 0)
CLOUD = (235, 235, 245)


def stretch(bands: Sequence[NDArray[np.float32]], low: float = 2.0, high: float = 99.0) -> NDArray[np.uint8]:
    """Return (rows, columns, bands) in 0..255, each band stretched between two percentiles; NaN becomes 0."""
    planes = []
    for band in bands:
        values = band[np.isfinite(band)][::4]
        bottom, top = np.percentile(values, [low, high]) if values.size else (0.0, 1.0)
        planes.append((np.nan_to_num(band) - bottom) * (255.0 / max(float(top - bottom), 1e-6)))
    return np.clip(np.stack(planes, axis=-1), 0, 255).astype(np.uint8)


def render(
    rgb: NDArray[np.uint8],
    *,
    marked: NDArray[np.bool_] | None = None,
    hidden: NDArray[np.bool_] | None = None,
    rings: Sequence[NDArray[np.float64]] = (),
    zoom: int = 3,
) -> bytes:
    """Return a PNG of an image with pixels marked, cloud veiled and polygons outlined.

    Args:
        rgb: (rows, columns, 3).
        marked: pixels to frame, such as hot ones (rows, columns).
        hidden: pixels to veil, such as cloud (rows, columns).
        rings: polygons as fractional (row, column) arrays.
        zoom: screen pixels per image pixel.
    """
    from PIL import Image, ImageDraw

    shown = rgb
    if hidden is not None and hidden.any():
        shown = rgb.copy()
        shown[hidden] = (shown[hidden].astype(np.uint16) + np.array(CLOUD, np.uint16)) // 2
    image = Image.fromarray(np.repeat(np.repeat(shown, zoom, axis=0), zoom, axis=1))
    draw = ImageDraw.Draw(image)
    for ring in rings:
        draw.line([(float(col) * zoom, float(row) * zoom) for row, col in ring], fill=OUTLINE, width=1)
    if marked is not None:
        for start, end in _borders(marked, zoom):
            draw.line([start, end], fill=HOT, width=1)
    out = io.BytesIO()
    image.quantize(128, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(out, "PNG", compress_level=4)
    return out.getvalue()


def _borders(mask: NDArray[np.bool_], zoom: int) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return line segments ((x, y), (x, y)) between marked and unmarked pixels."""
    padded = np.pad(mask, 1)
    rows, cols = np.nonzero(padded[1:, 1:-1] != padded[:-1, 1:-1])
    across = [
        ((c * zoom, r * zoom), ((c + 1) * zoom, r * zoom)) for r, c in zip(rows.tolist(), cols.tolist(), strict=True)
    ]
    rows, cols = np.nonzero(padded[1:-1, 1:] != padded[1:-1, :-1])
    down = [
        ((c * zoom, r * zoom), (c * zoom, (r + 1) * zoom)) for r, c in zip(rows.tolist(), cols.tolist(), strict=True)
    ]
    return across + down


def curve_png(points: Sequence[Sequence[float]], size: tuple[int, int] = (480, 200)) -> str:
    """Return a line through (x, y) points as a small PNG, base64, with the range of y written at its ends."""
    import base64

    from PIL import Image, ImageDraw

    image = Image.new("RGB", size, "white")
    draw, xy = ImageDraw.Draw(image), np.asarray(points, float)
    low, high = xy.min(0), xy.max(0)
    span = np.where(high > low, high - low, 1.0)
    place = (xy - low) / span * (size[0] - 70, size[1] - 30)
    draw.line([(60 + x, size[1] - 20 - y) for x, y in place.tolist()], fill=(30, 90, 160), width=2)
    for text, y in ((f"{high[1]:.3f}", 4), (f"{low[1]:.3f}", size[1] - 28)):
        draw.text((6, y), text, fill="black")
    draw.text((60, size[1] - 14), f"{low[0]:.0f}", fill="black")
    draw.text((size[0] - 50, size[1] - 14), f"{high[0]:.0f}", fill="black")
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return base64.b64encode(out.getvalue()).decode()
