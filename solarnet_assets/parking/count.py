"""From detections to vehicles per lot, with an error that the held-out scenes of the training back."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from solarnet_assets.imagery import geometry
from solarnet_assets.imagery.raster import Grid, grid_of, open_raster, read_pixels
from solarnet_assets.landing import BadInputError
from solarnet_assets.parking.detect import Detections, check_gsd, detect
from solarnet_assets.parking.model import WEIGHTS
from solarnet_assets.storage.schemas import LotCounts

MIN_OPEN = 0.70
"""Share of the lot that must be inside the image and free of cloud. Ours."""

MAX_CLOUD = 0.30
"""Cloud share of the whole chip, as the product states it, above which haze may hide vehicles unseen. Ours."""

HIDDEN_SD = 0.5
"""Relative sd of the occupancy of what is hidden for a day against what is seen. Ours."""

MARK = (255, 60, 60)
OUTLINE = (80, 220, 255)


@dataclass(frozen=True)
class LotImage:
    """An image of a lot.

    Attributes:
        pixels: (H, W, 3) uint8.
        lot: (H, W) pixels of the lot.
        seen: share of the lot's area inside the image.
        rings: outlines of the lot, fractional (row, column).
        gsd: metres per pixel.
    """

    pixels: NDArray[np.uint8]
    lot: NDArray[np.bool_]
    seen: float
    rings: list[NDArray[np.float64]]
    gsd: float = 0.3


@dataclass(frozen=True)
class Count:
    """Vehicles of a lot.

    Attributes:
        vehicles: corrected for missed and false detections and for what is hidden this day.
        sd: standard deviation.
        detections: raw detections inside the lot.
        visible_share: share of the lot that is not under trees, cloud or outside the image.
        open_share: share of the lot inside the image and free of cloud.
    """

    vehicles: float
    sd: float
    detections: int
    visible_share: float
    open_share: float


def open_lot(path: Path, wkt: str | None, gsd: float) -> LotImage:
    """Read an image and the lot in it; an image without position is taken to show the lot and nothing else.

    Args:
        path: GeoTIFF or PNG, RGB.
        wkt: polygon of the lot, EPSG:4326.
        gsd: metres per pixel.

    Raises:
        BadInputError: the image is damaged.
    """
    pixels, grid = _read(path)
    if grid is None or wkt is None:
        height, width = pixels.shape[:2]
        ring = np.array([(0, 0), (0, width - 1), (height - 1, width - 1), (height - 1, 0), (0, 0)], float)
        return LotImage(pixels, np.ones((height, width), bool), 1.0, [ring], gsd)
    seen = geometry.seen_share(wkt, grid)
    lot = geometry.polygon_mask(wkt, grid) if seen else np.zeros(pixels.shape[:2], bool)
    return LotImage(pixels, lot, seen, geometry.outlines(wkt, grid), gsd)


def _read(path: Path) -> tuple[NDArray[np.uint8], Grid | None]:
    if path.suffix.lower() == ".png":
        from PIL import Image

        try:
            with Image.open(path, formats=("PNG",)) as image:
                return np.asarray(image.convert("RGB")), None
        except OSError as error:
            raise BadInputError(f"{path.name} is damaged or truncated: its pixels cannot be decoded") from error
    with open_raster(path) as dataset:
        pixels = read_pixels(dataset, [1, 2, 3]).transpose(1, 2, 0)
        grid = None if dataset.crs is None else grid_of(dataset, path.name)
    if pixels.dtype != np.uint8:
        top = max(float(np.percentile(pixels, 99.9)), 1.0)
        pixels = np.clip(pixels.astype(np.float32) * (255.0 / top), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(pixels), grid


def count(image: LotImage, found: Detections, figures: Mapping[str, float]) -> Count:
    """Return the vehicles of a lot.

    Of n detections on A open hectares, f A are clutter and a share s of the others is false; of the vehicles a share r
    is found. The estimate is m / r with m = (n - f A)(1 - s), not below zero. Its variance adds clutter, f A / r^2,
    other false detections, m s / r^2, missed vehicles, m (1 - r) / r^2, and the spread of the relative error between
    scenes.

    Args:
        image: the lot.
        found: detections in the whole image.
        figures: ``recall``, ``false_per_hectare``, ``false_share``, ``relative_sd`` from the model card.
    """
    size = max(int(image.lot.sum()), 1)
    open_pixels = image.lot & found.data & ~found.cloud
    open_share = image.seen * float(open_pixels.sum()) / size
    visible = image.seen * float((open_pixels & ~found.canopy).sum()) / size
    column, row = np.floor(found.points).astype(int).T if len(found.points) else (np.zeros(0, int), np.zeros(0, int))
    height, width = image.lot.shape
    inside = image.lot[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]
    n = int(inside.sum())
    r, share = figures["recall"], figures["false_share"]
    clutter = figures["false_per_hectare"] * float(open_pixels.sum()) * image.gsd**2 / 1e4
    true = max(n - clutter, 0.0) * (1 - share)
    seen = true / r
    scale = 1.0 / max(open_share, 0.05)
    variance = (clutter + true * share + true * (1 - r)) / r**2 + (figures["relative_sd"] * seen) ** 2
    hidden = HIDDEN_SD * seen * (scale - 1.0)
    sd = float(np.sqrt(scale**2 * variance + hidden**2 + 0.25))
    return Count(seen * scale, sd, n, min(visible, 1.0), min(open_share, 1.0))


def picture(image: LotImage, found: Detections) -> bytes:
    """Return a PNG of the lot with its outline and a ring about every detection inside it."""
    from PIL import Image, ImageDraw

    low, high = np.percentile(image.pixels[::4, ::4], [1, 99.5])
    shown = np.clip((image.pixels.astype(np.float32) - low) * (255.0 / max(high - low, 1.0)), 0, 255).astype(np.uint8)
    canvas = Image.fromarray(shown)
    draw = ImageDraw.Draw(canvas)
    for ring in image.rings:
        draw.line([(float(column), float(row)) for row, column in ring], fill=OUTLINE, width=1)
    height, width = image.lot.shape
    for x, y in found.points:
        if image.lot[min(int(y), height - 1), min(int(x), width - 1)]:
            draw.ellipse((x - 3, y - 3, x + 3, y + 3), outline=MARK)
    out = io.BytesIO()
    canvas.quantize(128, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(out, "PNG", compress_level=4)
    return out.getvalue()


def count_images(
    images: pl.DataFrame, lots: Mapping[str, str], locate: Callable[[str], Path], device: str | None = None
) -> tuple[pl.DataFrame, dict[str, bytes]]:
    """Count the vehicles in landed images.

    Args:
        images: schema ``LotImages``.
        lots: lot -> polygon (WKT, EPSG:4326).
        locate: stored file name -> local path.
        device: see :func:`solarnet_assets.imagery.infer.load`.

    Returns:
        Rows of ``LotCounts`` without evidence (null), in order of the images, and pictures (PNG) by image. An image
        that cannot be used becomes a row that is not valid and says why.
    """
    rows: dict[str, dict[str, Any]] = {}
    opened = list(_open_all(images, lots, locate, rows))
    pictures: dict[str, bytes] = {}
    pairs = ((lot.pixels, landed["gsd"]) for landed, lot in opened)
    for (landed, lot), found in zip(opened, detect(pairs, device=device) if opened else (), strict=True):
        rows[landed["image_id"]] = _row(landed, count(lot, found, WEIGHTS.card["calibration"]))
        pictures[landed["image_id"]] = picture(lot, found)
    ordered = [rows[image_id] for image_id in images["image_id"]]
    return pl.DataFrame(ordered, schema=LotCounts.create_empty().schema), pictures


def _open_all(
    images: pl.DataFrame, lots: Mapping[str, str], locate: Callable[[str], Path], rows: dict[str, dict[str, Any]]
) -> Iterator[tuple[dict[str, Any], LotImage]]:
    for landed in images.iter_rows(named=True):
        try:
            if landed["site_id"] not in lots:
                raise BadInputError(f"{landed['site_id']} is not in the table of sites")
            check_gsd(landed["gsd"])
            yield landed, open_lot(locate(landed["path"]), lots[landed["site_id"]], landed["gsd"])
        except BadInputError as error:
            rows[landed["image_id"]] = _blank(landed) | {"reason": str(error)}


def _blank(landed: Mapping[str, Any]) -> dict[str, Any]:
    nothing = dict.fromkeys(("reason", "vehicles", "sd", "detections", "visible_share", "evidence"))
    return {name: landed[name] for name in ("site_id", "image_id", "time")} | {"valid": False} | nothing


def _row(landed: Mapping[str, Any], counted: Count) -> dict[str, Any]:
    row = _blank(landed) | {"detections": counted.detections, "visible_share": counted.visible_share}
    stated = landed["cloud_cover"]
    if stated is not None and stated > MAX_CLOUD:
        return row | {"reason": f"{stated:.0%} of the image is cloud, more than {MAX_CLOUD:.0%}"}
    if counted.open_share < MIN_OPEN:
        return row | {"reason": f"only {counted.open_share:.0%} of the lot can be seen, {MIN_OPEN:.0%} is needed"}
    return row | {"valid": True, "vehicles": counted.vehicles, "sd": counted.sd}
