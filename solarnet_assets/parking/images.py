"""Images of car parks that strangers made, opened within limits as 8-bit RGB, and where they lie."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.landing import BadInputError

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from rasterio.io import DatasetReader

    from solarnet_assets.imagery.raster import Grid

PICTURES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
RASTERS = (".tif", ".tiff")
MAX_PIXELS = 100_000_000
"""Width x height of an image, which is held in memory whole."""

PNG_DEPTH = 24
"""Byte of a PNG that says how many bits a channel has (PNG specification, IHDR)."""


@dataclass(frozen=True)
class LotImage:
    """An image of a lot.

    Attributes:
        pixels: (H, W, 3) uint8; black where there is no data.
        lot: (H, W) pixels of the lot.
        seen: share of the lot's area inside the image.
        rings: outlines of the lot, fractional (row, column).
        gsd: metres per pixel.
        grid: where the pixels lie, where the image says so.
    """

    pixels: NDArray[np.uint8]
    lot: NDArray[np.bool_]
    seen: float
    rings: list[NDArray[np.float64]]
    gsd: float
    grid: Grid | None = None


def open_lot(path: Path, wkt: str | None, gsd: float) -> LotImage:
    """Read an image and the lot in it; an image without position is taken to show the lot and nothing else.

    Args:
        path: GeoTIFF, PNG or JPEG, RGB.
        wkt: polygon of the lot, EPSG:4326.
        gsd: metres per pixel.

    Raises:
        BadInputError: the image cannot be used; says why.
    """
    from solarnet_assets.imagery import geometry

    pixels, grid = read_rgb(path)
    if grid is None or wkt is None:
        height, width = pixels.shape[:2]
        return LotImage(pixels, np.ones((height, width), bool), 1.0, [frame(0, 0, width, height)], gsd, grid)
    seen = geometry.seen_share(wkt, grid)
    lot = geometry.polygon_mask(wkt, grid) if seen else np.zeros(pixels.shape[:2], bool)
    return LotImage(pixels, lot, seen, geometry.outlines(wkt, grid), gsd, grid)


def frame(left: float, top: float, right: float, bottom: float) -> NDArray[np.float64]:
    """Return the ring of a box as fractional (row, column)."""
    return np.array([(top, left), (top, right), (bottom, right), (bottom, left), (top, left)], float)


def read_rgb(path: Path) -> tuple[NDArray[np.uint8], Grid | None]:
    """Return (H, W, 3) uint8 and the grid, None where the file does not say where it lies.

    Transparent pixels and those of the file's no-data value become black.

    Raises:
        BadInputError: no PNG, JPEG or GeoTIFF, damaged, over a limit, or not RGB.
    """
    ending = path.suffix.lower()
    if ending in PICTURES:
        return _read_picture(path, PICTURES[ending]), None
    if ending in RASTERS:
        return _read_raster(path)
    raise BadInputError(f"{path.name} is no PNG, JPEG or GeoTIFF")


def _read_picture(path: Path, kind: str) -> NDArray[np.uint8]:
    from PIL import Image, UnidentifiedImageError

    if not path.is_file():
        raise BadInputError(f"{path.name} does not exist")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=[kind]) as image:
                _check_picture(image, path, kind)
                return _opaque(image)
    except Image.DecompressionBombError as error:
        raise BadInputError(f"{path.name} has more pixels than the {MAX_PIXELS:,} that are read") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        if isinstance(error, BadInputError):
            raise
        raise BadInputError(f"{path.name} is damaged, truncated, or no {kind}: its pixels cannot be decoded") from error


def _check_picture(image: Picture, path: Path, kind: str) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise BadInputError(f"{path.name} has {image.width} x {image.height} pixels, more than {MAX_PIXELS:,}")
    if image.mode in {"L", "LA", "1"}:
        raise BadInputError(f"{path.name} is grey; vehicles are found in RGB images only")
    if image.mode not in {"RGB", "RGBA"}:
        raise BadInputError(f"{path.name} has pixels of type {image.mode}; RGB of 8 bits is needed")
    if kind == "PNG":
        with path.open("rb") as file:
            depth = file.read(PNG_DEPTH + 1)[PNG_DEPTH]
        if depth != 8:
            raise BadInputError(f"{path.name} has {depth} bits a channel; a PNG needs 8, a GeoTIFF may have 16")


def _opaque(image: Picture) -> NDArray[np.uint8]:
    if image.mode == "RGB":
        return np.asarray(image)
    pixels = np.array(image)
    return np.ascontiguousarray(np.where(pixels[..., 3:] > 0, pixels[..., :3], 0), np.uint8)


def _read_raster(path: Path) -> tuple[NDArray[np.uint8], Grid | None]:
    from solarnet_assets.imagery.raster import grid_of, open_raster, read_pixels

    with open_raster(path) as dataset:
        kind = dataset.dtypes[0]
        if dataset.count < 3:
            raise BadInputError(f"{path.name} has {dataset.count} band{'s'[: dataset.count != 1]}; RGB needs three")
        if kind not in {"uint8", "uint16"}:
            raise BadInputError(f"{path.name} has bands of {kind}; RGB of 8 or 16 bits is needed")
        if dataset.width * dataset.height > MAX_PIXELS:
            raise BadInputError(f"{path.name} has {dataset.width} x {dataset.height} pixels, more than {MAX_PIXELS:,}")
        pixels = read_pixels(dataset, [1, 2, 3]).transpose(1, 2, 0)
        blank = _blank(dataset, pixels)
        grid = None if dataset.crs is None else grid_of(dataset, path.name)
    pixels = np.where(blank[..., None], 0, pixels) if blank.any() else pixels
    return _eight_bits(pixels), grid


def _blank(dataset: DatasetReader, pixels: NDArray[Any]) -> NDArray[np.bool_]:
    """Return the pixels that the file says are none, (H, W)."""
    from rasterio.enums import ColorInterp

    none = np.zeros(pixels.shape[:2], bool)
    if dataset.nodata is not None:
        none |= (pixels == dataset.nodata).all(2)
    for number, meaning in enumerate(dataset.colorinterp, start=1):
        if meaning == ColorInterp.alpha:
            none |= dataset.read(number) == 0
    return none


def _eight_bits(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """Return 8-bit pixels; of 16 bits, the brightest thousandth saturates."""
    if pixels.dtype != np.uint8:
        top = max(float(np.percentile(pixels, 99.9)), 1.0)
        pixels = np.clip(pixels.astype(np.float32) * (255.0 / top), 0, 255)
    return np.ascontiguousarray(pixels, np.uint8)
