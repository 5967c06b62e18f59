"""Evidence of a count: the lot, what was found in it, what could not be seen, small enough to keep for every pass."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

    from solarnet_assets.parking.detect import Detections
    from solarnet_assets.parking.images import LotImage

SIDE = 560
"""Longest side of a picture, pixels; a lot that is smaller is enlarged by at most :data:`MOST_ZOOM`."""

MOST_ZOOM = 3.0
LINE = 16
"""Height of the caption, pixels."""

COLOURS = 48

SPARSE = 3
"""Every so many rows and columns tell how bright a picture is."""

BYTES, TRIES = 100_000, 4
"""A picture that is larger than this is drawn smaller, so many times at most."""

MARGIN = 12.0
"""Surroundings of the lot that are shown, m."""

OUTLINE, SURE, UNSURE = (80, 220, 255), (255, 50, 50), (255, 200, 0)
CANOPY, CLOUD = (40, 150, 60), (235, 235, 245)


def caption(row: Mapping[str, Any]) -> str:
    """Return what a row of ``LotCounts`` says, in a line."""
    if row["vehicles"] is None:
        return f"{row['detections']} found; {row['reason']}"
    text = f"{row['vehicles']:.0f} vehicles ({row['lower']:.0f}-{row['upper']:.0f})"
    if row["occupancy"] is not None:
        text += f", {row['occupancy']:.0%} of {row['stalls']:.0f} stalls"
    return f"{text}; {row['visible_share']:.0%} of the lot seen"


def picture(image: LotImage, found: Detections, text: str) -> bytes:
    """Return a PNG: the lot in its outline, a ring on every listed vehicle, a small one on every other candidate.

    Crowns and roofs are shaded green, cloud white, what lies outside the lot dark.

    Args:
        image: the lot.
        found: candidates in the whole image.
        text: caption below.
    """
    side = SIDE
    for _ in range(TRIES):
        data = _draw(image, found, text, side)
        if len(data) <= BYTES:
            break
        side = int(side * min(0.97 * (BYTES / len(data)) ** 0.5, 0.9))
    return data


def _draw(image: LotImage, found: Detections, text: str, side: int) -> bytes:
    from PIL import Image, ImageDraw

    top, left, height, width = _crop(image)
    zoom = min(side / max(height, width), MOST_ZOOM)
    size = max(round(width * zoom), 1), max(round(height * zoom), 1)
    shown = Image.fromarray(_shaded(image, found, (top, left, height, width))).resize(size, Image.Resampling.BICUBIC)
    canvas = Image.new("RGB", (max(size[0], 7 * len(text) if size[0] < 240 else 0), size[1] + LINE))
    canvas.paste(shown)
    draw = ImageDraw.Draw(canvas)
    for ring in image.rings:
        draw.line([((c - left) * zoom, (r - top) * zoom) for r, c in ring.tolist()], fill=OUTLINE, width=1)
    _marks(draw, image, found, (top, left, zoom))
    draw.rectangle((0, size[1], canvas.width, canvas.height), fill=(0, 0, 0))
    draw.text((3, size[1] + 2), text, fill=(255, 255, 255))
    out = io.BytesIO()
    canvas.quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
        out, "PNG", compress_level=4
    )
    return out.getvalue()


def _crop(image: LotImage) -> tuple[int, int, int, int]:
    """Return (row, column, height, width) of the lot and its surroundings inside the image."""
    rows, columns = np.flatnonzero(image.lot.any(1)), np.flatnonzero(image.lot.any(0))
    if not len(rows):
        return 0, 0, *image.lot.shape
    pad = round(MARGIN / image.gsd)
    top, left = max(int(rows[0]) - pad, 0), max(int(columns[0]) - pad, 0)
    bottom = min(int(rows[-1]) + 1 + pad, image.lot.shape[0])
    right = min(int(columns[-1]) + 1 + pad, image.lot.shape[1])
    return top, left, bottom - top, right - left


def _shaded(image: LotImage, found: Detections, part: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    top, left, height, width = part
    cut = np.s_[top : top + height, left : left + width]
    pixels, lot = image.pixels[cut], image.lot[cut]
    few = pixels[::SPARSE, ::SPARSE]
    own = few[lot[::SPARSE, ::SPARSE]]
    low, high = np.percentile((own if len(own) else few.reshape(-1, 3)).mean(1), [1, 98])
    stretched = 255 * np.clip((np.arange(256) - low) / max(high - low, 1.0), 0, 1) ** 0.7
    shown = stretched.astype(np.uint8).take(pixels)
    for mask, colour, share in ((found.canopy, CANOPY, 0.3), (found.cloud, CLOUD, 0.5)):
        hidden = mask[cut] & lot
        if hidden.any():
            shown[hidden] = ((1 - share) * shown[hidden] + share * np.array(colour)).astype(np.uint8)
    if not lot.all():
        shown[~lot] //= 2
    return shown


def _marks(draw: ImageDraw, image: LotImage, found: Detections, place: tuple[int, int, float]) -> None:
    top, left, zoom = place
    radius = float(np.clip(0.9 / image.gsd * zoom, 2.0, 6.0))
    height, width = image.lot.shape
    for (x, y), listed in zip(found.points.tolist(), found.listed.tolist(), strict=True):
        if image.lot[min(int(y), height - 1), min(int(x), width - 1)]:
            r = radius if listed else radius / 2
            at = ((x - left) * zoom, (y - top) * zoom)
            box = (at[0] - r, at[1] - r, at[0] + r, at[1] + r)
            draw.ellipse(box, outline=SURE if listed else UNSURE)
