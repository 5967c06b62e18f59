"""Anybody's image for the heat detectors: which band is which, numbers to reflectance, where and when it was taken."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.evaluation.heat_doubts import NEVER_BELOW, doubts, empty
from solarnet_assets.imagery import clouds, geometry, landsat, radiometry
from solarnet_assets.imagery.raster import Grid, check_held, grid_of, open_raster, read_pixels
from solarnet_assets.imagery.scene import Scene
from solarnet_assets.landing import BadInputError
from solarnet_assets.steel.clusters import UNPLACED

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

MAX_PIXELS = 25_000_000
"""Width x height; larger scenes belong into a run of the assets, which cut them to their sites."""

LARGEST_REFLECTANCE = 3.0
"""Median above which numbers are digital numbers and not reflectance. Ours."""

BELOW_ZERO = 0.01
"""Share of pixels that an offset may push below zero before it is taken for removed already. Ours."""

OFFSET_DN = 1000
"""What Sentinel-2 adds to digital numbers from processing baseline 04.00 on (``RADIO_ADD_OFFSET``, sign turned)."""

ELEVATION = 45.0
"""Sun assumed over images that do not say where they lie, degrees; it scales radiance and hardly moves a detector."""

FALLBACK_DAY = date(2020, 3, 21)
"""Day assumed where nothing tells it: an equinox, when the sun is in its middle."""

_DAY = re.compile(r"(?<!\d)(20\d\d)[-_]?(0[1-9]|1[0-2])[-_]?(0[1-9]|[12]\d|3[01])(?!\d)")


@dataclass(frozen=True)
class Stated:
    """What the user says of an image; None: work it out.

    Attributes:
        bands: names in order, such as ``B9,B11,B12`` or ``TCI_R,TCI_G,TCI_B,B8,B12``.
        offset, scale: reflectance = (number + offset) / scale.
        day: of the pass.
        platform: satellite.
    """

    bands: Sequence[str] = ()
    offset: float | None = None
    scale: float | None = None
    day: date | None = None
    platform: str = "sentinel-2"


@dataclass(frozen=True)
class HeatImage:
    """An image ready to be judged.

    Attributes:
        path: file.
        scene: its reflectance and position.
        notes: what was assumed, one sentence each.
    """

    path: Path
    scene: Scene
    notes: tuple[str, ...]


def read_image(path: Path, stated: Stated) -> HeatImage:
    """Open an image.

    Raises:
        BadInputError: not a readable raster, too large, or its bands have no names.
    """
    with open_raster(path) as dataset:
        if dataset.width * dataset.height > MAX_PIXELS:
            raise BadInputError(
                f"{path.name} has {dataset.width} x {dataset.height} pixels; cut it to the place asked for"
            )
        names = _names(dataset, path, stated)
        if any(np.dtype(kind).kind not in "uif" for kind in dataset.dtypes):
            raise BadInputError(f"{path.name} holds {dataset.dtypes[0]} numbers; heat needs integers or real numbers")
        check_held(path.name, dataset.width * dataset.height, dataset.dtypes)
        grid, placed = _grid(dataset, path.name)
        nodata = dataset.nodata
        pixels = read_pixels(dataset)
    notes: list[str] = [] if placed else [f"no position on the ground: the sun is assumed {ELEVATION:g} degrees high"]
    day = stated.day or _day_in(path.name)
    if day is None:
        day = FALLBACK_DAY
        notes.append(f"no day: {day} is assumed")
    missing = _missing(pixels, nodata)
    if missing.all():
        raise BadInputError(f"{path.name} holds no measured pixel: all are zero, NaN or no data")
    time = geometry.morning_pass(day, grid) if placed else geometry.morning_pass(day, _GREENWICH)
    elevation = max(radiometry.sun_elevation(time, *geometry.centre_lonlat(grid)), 5.0) if placed else ELEVATION
    scale, offset = _calibration(pixels, missing, names, path.name, stated, day, elevation, notes)
    reflectance: dict[str, NDArray[np.float32]] = {}
    fillers = 0
    for name, plane, gone in zip(names, pixels, missing, strict=True):
        values = (
            radiometry.rendering_reflectance(plane)
            if name.startswith("TCI")
            else radiometry.to_reflectance(plane, scale, offset)
        )
        low = (values < NEVER_BELOW) & ~gone
        fillers += int(low.sum())
        values[gone | low] = np.nan
        reflectance.setdefault(name, values)
    notes += doubts(path.name, names, reflectance, fillers)
    reflectance = {name: band for name, band in reflectance.items() if not empty(band)}
    if radiometry.is_landsat(stated.platform):
        reflectance = landsat.as_sentinel(reflectance)
    seen = np.asarray(~np.any([np.isnan(band) for band in reflectance.values()], axis=0))
    cloud = clouds.bright_clouds(reflectance)
    scene = Scene(path.stem, reflectance, seen, cloud, grid, time, stated.platform, elevation)
    return HeatImage(path, scene, tuple(notes))


_GREENWICH = Grid(4326, (1.0, 0.0, -0.5, 0.0, -1.0, 0.5), 1, 1)


def _names(dataset: DatasetReader, path: Path, stated: Stated) -> list[str]:
    given = list(stated.bands) or [text or "" for text in dataset.descriptions]
    if len(given) != dataset.count:
        raise BadInputError(f"{path.name} has {dataset.count} bands, but --bands names {len(given)}")
    if not all(given):
        raise BadInputError(f"{path.name} does not say which band is which; name its {dataset.count} with --bands")
    return [_tci(text) or radiometry.band_name(text, stated.platform) for text in given]


def _tci(text: str) -> str | None:
    found = re.fullmatch(r"TCI[ _-]?([RGB])", text.strip(), re.IGNORECASE)
    return f"TCI_{found[1].upper()}" if found else None


def _grid(dataset: DatasetReader, name: str) -> tuple[Grid, bool]:
    try:
        return grid_of(dataset, name), True
    except BadInputError:
        return Grid(UNPLACED, (1.0, 0.0, 0.0, 0.0, 1.0, 0.0), dataset.height, dataset.width), False


def _day_in(name: str) -> date | None:
    found = _DAY.search(name)
    try:
        return date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None


def _missing(pixels: NDArray[Any], nodata: float | None) -> NDArray[np.bool_]:
    """Return where nothing was measured: NaN, the file's own value, and pixels that are zero in every band."""
    missing = ~np.isfinite(pixels) if pixels.dtype.kind == "f" else np.zeros(pixels.shape, bool)
    if nodata is not None and np.isfinite(nodata):
        missing |= pixels == nodata
    return np.asarray(missing | (pixels == 0).all(axis=0))


def _calibration(
    pixels: NDArray[Any],
    missing: NDArray[np.bool_],
    names: Sequence[str],
    name: str,
    stated: Stated,
    day: date,
    elevation: float,
    notes: list[str],
) -> tuple[float, float]:
    """Return (scale, offset) in reflectance = number * scale + offset: as stated, else by a rule that is noted."""
    chosen = [n for n, band in enumerate(names) if not band.startswith("TCI")]
    if not chosen:
        raise BadInputError(f"{name} holds renderings for the eye only; heat cannot be seen without 2.2 um")
    values = pixels[chosen][~missing[chosen]]
    if stated.scale is None and stated.offset is None and _is_reflectance(values):
        return 1.0, 0.0
    if radiometry.is_landsat(stated.platform) and stated.scale is None and stated.offset is None:
        scale, offset = landsat.calibration(landsat.level_of(name, *names), elevation, name)
        notes.append(f"reflectance = number * {scale:.4g} {offset:+.4g} is assumed")
        return scale, offset
    if stated.scale is None and values.dtype.itemsize == 1:
        raise BadInputError(f"{name} holds 8-bit numbers; say with --scale how many are a reflectance of 1")
    divisor = 10000.0 if stated.scale is None else stated.scale
    if not 0 < divisor < np.inf:
        raise BadInputError(f"--scale {divisor:g} is not above zero")
    add = stated.offset
    if add is not None and not np.isfinite(add):
        raise BadInputError(f"--offset {add:g} is not a number to add")
    if add is None:
        add = _usual_offset(values, stated, day, divisor)
        notes.append(f"reflectance = (number {add:+g}) / {divisor:g} is assumed; --offset says otherwise")
        if not add and stated.day is None and _day_in(name) is None and values.size and values.min() >= OFFSET_DN:
            notes.append(f"no number lies under {OFFSET_DN}: --offset -{OFFSET_DN} if the product is of 2022 or later")
    return 1.0 / divisor, add / divisor


def _is_reflectance(values: NDArray[Any]) -> bool:
    return values.dtype.kind == "f" and values.size > 0 and float(np.median(values)) < LARGEST_REFLECTANCE


def _usual_offset(values: NDArray[Any], stated: Stated, day: date, divisor: float) -> float:
    """Return the product's offset by its day, none where it was evidently removed: ground would be below zero."""
    rule = radiometry.default_offset(stated.platform, None, day) * divisor
    below = np.count_nonzero(values + rule < 0) / max(values.size, 1)
    return 0.0 if below > BELOW_ZERO else rule


def read_mask(path: Path, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return where a mask (first band) is not zero.

    Raises:
        BadInputError: unreadable, or of another size than the image.
    """
    with open_raster(path) as dataset:
        mask = read_pixels(dataset, [1])[0]
    if mask.shape != shape:
        raise BadInputError(f"{path.name} has {mask.shape} pixels, its image {shape}")
    return np.asarray(np.nan_to_num(mask) > 0)


def spectra(scene: Scene) -> Mapping[str, float]:
    """Return the median reflectance of each band, to see that bands and numbers were understood."""
    return {name: float(np.nanmedian(band)) for name, band in scene.reflectance.items()}
