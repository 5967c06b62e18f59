"""Sub-metre images of car parks as candidates for landing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from solarnet_assets.imagery import geometry
from solarnet_assets.imagery.landed import (
    Landed,
    content_name,
    cut_window,
    digest,
    image_of,
    stem_id,
    stored_bytes,
    whole_bytes,
)
from solarnet_assets.imagery.raster import Grid, encode_geotiff, grid_of, open_raster, read_pixels
from solarnet_assets.imagery.records import Record
from solarnet_assets.imagery.stac import Item, joined_id, resolve
from solarnet_assets.landing import BadInputError, RawFile

PNG_MAX_PIXELS = 100_000_000


@dataclass(frozen=True)
class LotCandidate:
    """A sub-metre image of a car park."""

    name: str
    id: str
    sha256: str
    item: Item | None
    grid: Grid | None
    file: RawFile
    gsd: float
    time: datetime
    options: Mapping[str, Any]

    def land(self, site_id: str, wkt: str, count: int) -> Landed:
        """Return the row and file for a car park; raises BadInputError if pixels cannot be decoded."""
        window = None if self.grid is None else cut_window(wkt, self.grid, self.options)
        suffix = PurePosixPath(self.file.name).suffix.lower().lstrip(".")
        if suffix == "png":
            data = stored_bytes(self.file)
        elif window is None or self.grid is None:
            data = whole_bytes(self.file, 3)
        else:
            with open_raster(self.file.path, self.file.name) as dataset:
                pixels = read_pixels(dataset, [1, 2, 3], window)
            data, suffix = encode_geotiff(pixels, self.grid.window(*window), ["red", "green", "blue"], None), "tif"
        name = content_name(data, suffix)
        item, options = self.item, self.options
        row = {
            "image_id": self.id if count == 1 else joined_id(self.id, site_id),
            "site_id": site_id,
            "time": self.time,
            "path": name,
            "gsd": self.gsd,
            "off_nadir": item.off_nadir if item else options.get("off_nadir"),
            "sun_elevation": item.sun_elevation if item else options.get("sun_elevation"),
            "cloud_cover": item.cloud_cover if item else None,
            "source_file": self.name,
            "sha256": self.sha256,
        }
        return Landed(row, {name: data})


def lot_candidate(
    record: Record, files: Mapping[str, RawFile], moment: datetime, options: Mapping[str, Any]
) -> LotCandidate:
    """Judge a car park image by its metadata and header.

    Raises:
        BadInputError: unreadable, not RGB, or without a pixel size.
    """
    item = record.item
    if item is not None and not item.images:
        raise BadInputError(f"{item.name} names no image")
    file = resolve(item.images[0], item.name, files) if item else image_of(record)
    grid = _rgb_grid(file)
    if item is not None and grid is not None and item.epsg not in {None, grid.epsg}:
        raise BadInputError(f"{file.name} lies in EPSG:{grid.epsg}, but its item states EPSG:{item.epsg}")
    gsd = geometry.ground_sampling_distance(grid) if grid else (item.gsd if item else None) or options.get("gsd")
    if gsd is None:
        raise BadInputError(f"{record.name} does not say how large its pixels are; state it with the option 'gsd'")
    return LotCandidate(
        name=record.name,
        id=item.id if item else stem_id(record.name),
        sha256=digest([file]),
        item=item,
        grid=grid,
        file=file,
        gsd=float(gsd),
        time=moment.astimezone(UTC),
        options=options,
    )


def _rgb_grid(file: RawFile) -> Grid | None:
    """Return where an RGB image lies; None for a PNG, or a TIFF without a position."""
    if file.name.lower().endswith(".png"):
        _check_png(file)
        return None
    with open_raster(file.path, file.name) as dataset:
        if dataset.count < 3 or dataset.dtypes[0] not in {"uint8", "uint16"}:
            raise BadInputError(
                f"{file.name} has {dataset.count} bands of {dataset.dtypes[0]}; RGB of 8 or 16 bits is needed"
            )
        return None if dataset.crs is None else grid_of(dataset, file.name)


def _check_png(file: RawFile) -> None:
    """Decode a PNG to see that it is whole."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(file.path, formats=("PNG",)) as image:
            if image.width * image.height > PNG_MAX_PIXELS:
                raise BadInputError(
                    f"{file.name} has {image.width} x {image.height} pixels, more than {PNG_MAX_PIXELS:,}"
                )
            if image.mode not in {"RGB", "RGBA"}:
                raise BadInputError(f"{file.name} is a PNG of mode {image.mode}; RGB is needed")
            image.load()
    except BadInputError:
        raise
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BadInputError(f"{file.name} is not a readable PNG, or is damaged or truncated") from error
