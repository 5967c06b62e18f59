"""Anybody's images for the solar networks: pictures and rasters opened within limits, and their masks found."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.landing import BadInputError
from solarnet_assets.solar.model import BANDS, MISSING
from solarnet_assets.solar.polygons import MAX_GSD, MIN_GSD

MAX_PIXELS = 36_000_000
"""Largest picture, width x height: it is held in memory whole, 30 bytes a pixel."""

LEAST = 16
"""Smallest side of an image, pixels."""

SUFFIXES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".tif": "TIFF", ".tiff": "TIFF"}

PICTURE_GSD = (0.05, 3.5)
"""Ground sampling distances of pictures that the network has seen in training, with a little margin, m."""

NEEDED = ("B02", "B03", "B04")
"""Bands without which a chip is not read; for others the network has learnt to do without."""

OFFSET = 1000
"""What products since January 2022 add to every number (BOA_ADD_OFFSET and RADIO_ADD_OFFSET of -1000)."""

NEGATIVE = 0.05
"""Share of negative reflectances from which a file's numbers are doubted; noise over dark water gives a few. Ours."""

SLACK = 2
"""Pixels by which a mask's sides may differ from its image's; more is refused."""


@dataclass(frozen=True)
class Image:
    """One image as a network takes it.

    Attributes:
        name: file name without ending.
        kind: ``rgb``, ``s2``, or ``any`` where bands are missing.
        pixels: (C, H, W) float32: colours 0..1, or reflectance of :data:`BANDS`.
        seen: (H, W) pixels that carry data.
        notes: sentences on what its reader should know: bands it does not have, numbers that look wrong.
    """

    name: str
    kind: str
    pixels: NDArray[np.float32]
    seen: NDArray[np.bool_]
    notes: tuple[str, ...] = ()


def image_files(folder: Path, masks: Path | None = None) -> list[Path]:
    """Return the image files of a folder and its direct sub-folders, in order, masks left out.

    Args:
        folder: what is searched; or one image.
        masks: folder of masks, which may lie in it.

    Raises:
        BadInputError: there is no such folder, or nothing in it.
    """
    if folder.is_file():
        return [folder]
    if not folder.is_dir():
        raise BadInputError(f"{folder} is no folder of images")
    files = sorted(f for f in [*folder.glob("*"), *folder.glob("*/*")] if f.suffix.lower() in SUFFIXES)
    inside = masks is not None and masks.resolve() != folder.resolve()
    chosen = [
        file
        for file in files
        if not file.stem.lower().endswith("_mask") and not (inside and masks and file.is_relative_to(masks))
    ]
    if not chosen:
        raise BadInputError(f"{folder} holds no PNG, JPEG or TIFF image")
    return chosen


def mask_file(image: Path, masks: Path) -> Path | None:
    """Return the mask of an image: the same stem, or ``_mask`` in place of ``_image`` or after the stem."""
    stems = {image.stem, f"{image.stem}_mask", image.stem.removesuffix("_image") + "_mask"}
    for suffix in SUFFIXES:
        for stem in sorted(stems):
            for file in (masks / f"{stem}{suffix}", masks / image.parent.name / f"{stem}{suffix}"):
                if file.is_file() and file.resolve() != image.resolve():
                    return file
    return None


def read_image(
    file: Path, gsd: float, bands: Sequence[str] = (), scale: float | None = None, offset: float = 0.0
) -> Image:
    """Open an image for the network that can read it.

    A TIFF whose bands are named as Sentinel-2's, by their descriptions or by ``bands``, is reflectance; everything
    else of three or four 8-bit bands is a picture.

    Args:
        file: PNG, JPEG or TIFF.
        gsd: ground sampling distance, m.
        bands: names of a TIFF's bands in order, where it does not name them.
        scale: numbers per unit of reflectance; 10,000 for whole numbers when absent, else 1.
        offset: reflectance = (number + offset) / scale.

    Raises:
        BadInputError: the file cannot be used; says why.
    """
    if file.suffix.lower() in {".tif", ".tiff"}:
        found = _reflectance(file, bands, scale, offset)
        if found is not None:
            if not MIN_GSD <= gsd <= MAX_GSD:
                raise BadInputError(f"{file.name} has Sentinel-2 bands, which are read at about 10 m, not at {gsd:g} m")
            return found
    if not PICTURE_GSD[0] <= gsd <= PICTURE_GSD[1]:
        low, high = PICTURE_GSD
        raise BadInputError(
            f"{file.name} is a picture, which is read at {low:g} to {high:g} m a pixel, not at {gsd:g} m"
        )
    pixels = _picture(file, "RGB").astype(np.float32) / 255
    return Image(file.stem, "rgb", np.ascontiguousarray(pixels.transpose(2, 0, 1)), np.ones(pixels.shape[:2], bool))


def read_mask(file: Path, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return which pixels a mask marks (any value but zero), brought to an image's size where it differs a little.

    Raises:
        BadInputError: it cannot be read, or belongs to an image of another size.
    """
    from PIL import Image as Pillow

    marked = _picture(file, "L") > 0
    if max(abs(a - b) for a, b in zip(marked.shape, shape, strict=True)) > SLACK:
        raise BadInputError(
            f"{file.name} has {marked.shape[1]} x {marked.shape[0]} pixels, its image {shape[1]} x {shape[0]}"
        )
    if marked.shape == shape:
        return marked
    resized = Pillow.fromarray(marked).resize(shape[::-1], Pillow.Resampling.NEAREST)
    return np.asarray(resized, bool)


def _picture(file: Path, mode: str) -> NDArray[np.uint8]:
    """Return an 8-bit picture, (H, W, 3) or (H, W)."""
    from PIL import Image as Pillow
    from PIL import UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Pillow.open(file, formats=["PNG", "JPEG", "TIFF"]) as opened:
                width, height = opened.size
                if width * height > MAX_PIXELS:
                    raise BadInputError(f"{file.name} has {width} x {height} pixels, more than {MAX_PIXELS:,}")
                if min(width, height) < LEAST:
                    raise BadInputError(f"{file.name} has {width} x {height} pixels, fewer than {LEAST} a side")
                if mode == "L" and opened.mode in {"P", "I", "I;16", "F", "1", "LA", "L"}:
                    values = np.asarray(opened if opened.mode != "LA" else opened.getchannel(0))
                    return (values > 0).astype(np.uint8)
                if opened.mode not in {"RGB", "RGBA", "P", "L", "CMYK", "YCbCr"}:
                    raise BadInputError(f"{file.name} is no 8-bit picture (its pixels are of type {opened.mode})")
                return np.asarray(opened.convert(mode))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Pillow.DecompressionBombError) as error:
        if isinstance(error, BadInputError):
            raise
        raise BadInputError(f"{file.name} is no PNG, JPEG or TIFF picture that can be decoded") from error


def _reflectance(file: Path, bands: Sequence[str], scale: float | None, offset: float) -> Image | None:
    """Return the Sentinel-2 bands of a TIFF, None where it is a picture.

    Raises:
        BadInputError: it is no readable TIFF, or lacks a band.
    """
    from solarnet_assets.imagery.raster import check_held, open_raster, read_pixels

    with open_raster(file) as dataset:
        names = list(bands) or [name or "" for name in dataset.descriptions]
        picture = dataset.count in {3, 4} and set(dataset.dtypes) == {"uint8"} and not set(_numbers(names)) & set(BANDS)
        if picture:
            return None
        if dataset.width * dataset.height > MAX_PIXELS:
            raise BadInputError(f"{file.name} has {dataset.width} x {dataset.height} pixels, more than {MAX_PIXELS:,}")
        if min(dataset.width, dataset.height) < LEAST:
            raise BadInputError(f"{file.name} has fewer than {LEAST} pixels a side")
        if len(names) > dataset.count:
            raise BadInputError(f"{file.name} has {dataset.count} bands, and {len(names)} were named")
        order = _numbers(names)
        lacking = [name for name in NEEDED if name not in order]
        if lacking:
            raise BadInputError(
                f"{file.name} ({dataset.count} bands) lacks band {', '.join(lacking)}: name the file's bands in order "
                "with --bands, such as B02,B03,B04,B08,B11,B12"
            )
        chosen = [name for name in BANDS if name in order]
        check_held(file.name, dataset.width * dataset.height, [dataset.dtypes[order[name] - 1] for name in chosen])
        raw = read_pixels(dataset, [order[name] for name in chosen])
        empty = 0 if dataset.nodata is None or np.isnan(dataset.nodata) else dataset.nodata
    if raw.dtype.kind == "u" and raw.dtype.itemsize == 1 and scale is None:
        raise BadInputError(f"{file.name} holds 8-bit numbers: name with --scale how many make a reflectance of 1")
    seen = np.isfinite(raw).all(0) & (raw != empty).all(0)
    per_unit = (1.0 if raw.dtype.kind == "f" else 1e4) if scale is None else scale
    values = np.where(seen, (raw.astype(np.float32) + np.float32(offset)) / np.float32(per_unit), 0).astype(np.float32)
    if seen.any() and float(np.median(values[:, seen])) > 2:
        raise BadInputError(f"{file.name} holds no reflectance at --scale {per_unit:g}: half of its values exceed 2")
    notes = _doubts(file.name, raw[:, seen], offset, chosen)
    return Image(
        file.stem,
        "s2" if len(chosen) == len(BANDS) else "any",
        _complete(np.clip(values, 0, None), chosen),
        seen,
        notes,
    )


def _complete(values: NDArray[np.float32], chosen: Sequence[str]) -> NDArray[np.float32]:
    """Return reflectance in the order of :data:`BANDS`, with what stands for bands that are not there."""
    own = iter(values)
    blank = np.ones(values.shape[1:], np.float32)
    return np.stack([next(own) if name in chosen else blank * np.float32(MISSING[name]) for name in BANDS])


def _doubts(name: str, raw: NDArray[np.number], offset: float, chosen: Sequence[str]) -> tuple[str, ...]:
    """Return what is odd about a file's numbers, (bands, pixels), and which bands it lacks."""
    notes = []
    if lacking := [band for band in BANDS if band not in chosen]:
        notes.append(f"{name} has no {' and '.join(lacking)}: more is missed and made up without (docs/solar.md).")
    if not raw.size:
        notes.append(f"{name} holds no pixel with data.")
    elif raw.dtype.kind != "f" and offset == 0 and float(raw.min()) >= OFFSET:
        notes.append(f"{name} has no number below {OFFSET}: if its product has an offset, give --offset -{OFFSET}.")
    elif float((raw < -offset).mean()) > NEGATIVE:
        notes.append(f"{name} has many negative reflectances: the offset may have been taken off before.")
    return tuple(notes)


def _numbers(names: Sequence[str]) -> dict[str, int]:
    """Return band name -> number (1-based), names as ``B2`` or ``b02`` read too; B8A stands in for B08."""
    order: dict[str, int] = {}
    for number, name in enumerate(names, start=1):
        plain = name.strip().upper()
        order.setdefault(f"B0{plain[1]}" if len(plain) == 2 and plain[0] == "B" else plain, number)
    if "B8A" in order:
        order.setdefault("B08", order["B8A"])
    return order
