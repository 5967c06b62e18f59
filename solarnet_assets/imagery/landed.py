"""Candidates: records whose headers were read and judged, ready to become a row and files for a site."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np

from solarnet_assets.imagery import geometry, stack
from solarnet_assets.imagery.raster import (
    MAX_HELD_BYTES,
    Grid,
    check_held,
    decode_all,
    encode_geotiff,
    grid_of,
    open_raster,
    read_pixels,
)
from solarnet_assets.imagery.records import Record
from solarnet_assets.imagery.stac import Item, joined_id, resolve, safe_identifier
from solarnet_assets.landing import BadInputError, RawFile, sha256_of

MARGIN = {"steel": 640.0, "solar": 320.0, "parking": 15.0}
"""Metres of surroundings kept around a site when a large scene is cut."""

CUT_RATIO = 4
"""A scene is cut when it has more than this many times the pixels of the site and its surroundings."""

KEEP_BYTES = 64 << 20
"""A larger file is always cut, never kept whole."""

MAX_CUT_PIXELS = 64_000_000


@dataclass(frozen=True)
class Landed:
    """One row of the lake table, and the files that it names."""

    row: dict[str, Any]
    blobs: dict[str, bytes]


class Candidate(Protocol):
    """A usable record; ``land`` reads its pixels."""

    @property
    def name(self) -> str:
        """File that messages name."""
        ...

    @property
    def id(self) -> str:
        """Key of the row."""
        ...

    @property
    def sha256(self) -> str:
        """Digest of the raw files."""
        ...

    @property
    def item(self) -> Item | None:
        """STAC item, if there is one."""
        ...

    @property
    def grid(self) -> Grid | None:
        """Where the image lies, if it says so."""
        ...

    def land(self, site_id: str, wkt: str, count: int) -> Landed:
        """Return the row for a site (polygon as WKT, EPSG:4326); ``count`` sites share the record."""
        ...


@dataclass(frozen=True)
class SceneCandidate:
    """A satellite scene."""

    name: str
    id: str
    sha256: str
    item: Item | None
    grid: Grid
    layers: Sequence[stack.Layer]
    mask: RawFile | None
    time: datetime
    options: Mapping[str, Any]

    def land(self, site_id: str, wkt: str, count: int) -> Landed:
        """Return the row and files for a site; raises BadInputError if pixels cannot be decoded."""
        layers = list(self.layers)
        window = cut_window(wkt, self.grid, self.options)
        if window is None and stack.stored_as_is(layers) and _size(layers[0].file) <= KEEP_BYTES:
            data, grid = whole_bytes(layers[0].file, len(layers)), self.grid
        else:
            grid = self.grid if window is None else self.grid.window(*window)
            check_held(self.name, grid.height * grid.width, [layer.dtype for layer in layers])
            data, layers = stack.restack(layers, grid)
        blobs = {content_name(data, "tif"): data}
        mask = None if self.mask is None else _mask(self.mask, grid, window is not None)
        if mask is not None:
            blobs[content_name(mask, "tif")] = mask
        names = list(blobs)
        return Landed(self._row(site_id, count, names, layers, grid), blobs)

    def _row(
        self, site_id: str, count: int, names: list[str], layers: Sequence[stack.Layer], grid: Grid
    ) -> dict[str, Any]:
        item, options = self.item, self.options
        return {
            "scene_id": self.id if count == 1 else joined_id(self.id, site_id),
            "site_id": site_id,
            "time": self.time,
            "platform": item.platform if item else str(options.get("platform", "sentinel-2")),
            "path": names[0],
            "mask_path": names[-1] if self.mask is not None else None,
            "bands": [layer.name for layer in layers],
            "scale": layers[0].scale,
            "offset": layers[0].offset,
            "baseline": item.baseline if item else options.get("baseline"),
            "sun_elevation": item.sun_elevation if item else options.get("sun_elevation"),
            "epsg": grid.epsg,
            "gsd": geometry.ground_sampling_distance(grid),
            "source_file": self.name,
            "sha256": self.sha256,
        }


def scene_candidate(
    record: Record, files: Mapping[str, RawFile], moment: datetime, options: Mapping[str, Any]
) -> SceneCandidate:
    """Judge a scene by its metadata and headers, before any pixel is read.

    Raises:
        BadInputError: unreadable, outside the source, in another CRS than stated, or without a required band.
    """
    signal, item = str(options["signal"]), record.item
    if item is not None:
        layers = stack.layers_of_item(item, files, options.get("wanted") or stack.WANTED[signal], moment.date())
        mask = None if item.mask is None else resolve(item.mask, item.name, files)
    else:
        layers, mask = stack.layers_of_image(image_of(record), options, moment.date()), record.mask
    stack.check_bands(layers, options.get("required") or stack.REQUIRED[signal], record.name)
    grid = stack.target_grid(layers, float(options.get("gsd") or stack.TARGET_GSD[signal]))
    if item is None and options.get("datetime") is None:
        moment = geometry.morning_pass(moment.date(), grid)
    return SceneCandidate(
        name=record.name,
        id=item.id if item else stem_id(record.name),
        sha256=digest([layer.file for layer in layers]),
        item=item,
        grid=grid,
        layers=layers,
        mask=mask,
        time=moment.astimezone(UTC),
        options=options,
    )


def image_of(record: Record) -> RawFile:
    """Return the image of a record without item; raises BadInputError where there is none."""
    if record.image is None:
        raise BadInputError(record.refused or f"{record.name} names no image")
    return record.image


def cut_window(wkt: str, grid: Grid, options: Mapping[str, Any]) -> tuple[int, int, int, int] | None:
    """Return the window (row, column, height, width) that a large scene is cut to, None where it is kept whole."""
    margin = float(options.get("margin") or MARGIN.get(str(options["signal"]), 0.0))
    window = geometry.window_around(wkt, grid, margin)
    size = window[2] * window[3]
    if size > MAX_CUT_PIXELS:
        raise BadInputError(f"the site and its surroundings have {size:,} pixels, more than {MAX_CUT_PIXELS:,}")
    return window if 0 < size * CUT_RATIO < grid.height * grid.width else None


def whole_bytes(file: RawFile, bands: int) -> bytes:
    """Return a file's bytes after decoding every pixel once, so that damage is met here and not later."""
    with open_raster(file.path, file.name) as dataset:
        if dataset.count < bands:
            raise BadInputError(f"{file.name} has {dataset.count} bands where {bands} are named")
        check_held(file.name, dataset.height * dataset.width, dataset.dtypes)
        decode_all(dataset)
    return stored_bytes(file)


def stored_bytes(file: RawFile) -> bytes:
    """Return a file's bytes, refusing one that holds far more of them than an image that is landed needs."""
    if _size(file) > MAX_HELD_BYTES:
        raise BadInputError(f"{file.name} has {_size(file):,} bytes, more than {MAX_HELD_BYTES:,}")
    return file.path.read_bytes()


def _mask(file: RawFile, grid: Grid, cut: bool) -> bytes:
    with open_raster(file.path, file.name) as dataset:
        own = grid_of(dataset, file.name)
        if own.epsg != grid.epsg:
            raise BadInputError(f"{file.name} lies in EPSG:{own.epsg}, its scene in EPSG:{grid.epsg}")
        if not cut:
            check_held(file.name, own.height * own.width, dataset.dtypes)
            decode_all(dataset)
            return stored_bytes(file)
        left, bottom, right, top = grid.bounds
        corners = geometry.to_pixels(np.array([[left, top], [right, bottom]]), own)
        first = np.clip(np.floor(corners[0]), 0, [own.height, own.width]).astype(int)
        last = np.clip(np.ceil(corners[1]), 0, [own.height, own.width]).astype(int)
        size = last - first
        if (size <= 0).any():
            raise BadInputError(f"{file.name} does not cover its scene")
        check_held(file.name, int(size.prod()), dataset.dtypes[:1])
        window = (int(first[0]), int(first[1]), int(size[0]), int(size[1]))
        return encode_geotiff(read_pixels(dataset, [1], window), own.window(*window), ["SCL"], 0)


def stem_id(name: str) -> str:
    """Return a key from a file's name."""
    return safe_identifier(None, name)


def _size(file: RawFile) -> int:
    return file.path.stat().st_size


def digest(files: Sequence[RawFile]) -> str:
    """Return the SHA-256 of a file, or of the digests of several."""
    unique = list(dict.fromkeys(files))
    digests = [sha256_of(file.path) for file in unique]
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def content_name(data: bytes, suffix: str) -> str:
    """Return the name under which bytes are stored."""
    return f"{hashlib.sha256(data).hexdigest()[:16]}.{suffix}"
