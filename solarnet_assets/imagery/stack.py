"""Bands of one scene, from one file or from many, cut to a site and brought onto one grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.imagery import landsat, radiometry
from solarnet_assets.imagery.geometry import centre_lonlat, morning_pass
from solarnet_assets.imagery.raster import Grid, encode_geotiff, grid_of, open_raster, read_pixels
from solarnet_assets.imagery.stac import BandSource, Item, resolve, visible
from solarnet_assets.landing import BadInputError, RawFile

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "steel": ("B8A|B08|B09", "B11", "B12"),
    "solar": ("B02", "B03", "B04", "B08|B8A", "B11", "B12"),
}
"""Bands without which a scene is refused; alternatives in order of preference."""

WANTED: Mapping[str, tuple[str, ...]] = {
    "steel": ("B02", "B03", "B04", "B8A|B08|B09", "B11", "B12"),
    "solar": ("B02", "B03", "B04", "B08|B8A", "B11", "B12"),
}
"""Bands that are taken where a product has one file per band."""

TARGET_GSD = {"steel": 20.0, "solar": 10.0}
"""Pixel size, m, onto which bands of different sizes are brought: that of the bands that carry the signal."""


SCALES, MAX_OFFSET = (1e-9, 1e3), 1e3
"""Reflectance per stored number, and at the number 0: far beyond any product, so that only nonsense is refused."""


@dataclass(frozen=True)
class Layer:
    """One band in one file, with its calibration: reflectance = DN * scale + offset."""

    file: RawFile
    index: int
    name: str
    scale: float
    offset: float
    grid: Grid
    dtype: str
    nodata: float | None

    def __post_init__(self) -> None:
        """Refuse a calibration that is none: it would spoil the table of all scenes, or every number."""
        if not (SCALES[0] <= self.scale <= SCALES[1] and abs(self.offset) <= MAX_OFFSET):
            told = f"scale {self.scale:g} and offset {self.offset:g}"
            raise BadInputError(f"{self.file.name} states {told} for band {self.name}, which give no reflectance")


def layers_of_item(item: Item, files: Mapping[str, RawFile], wanted: Sequence[str], day: date) -> list[Layer]:
    """Return the bands of a STAC item that are wanted; all bands of a file that holds several.

    Raises:
        BadInputError: a reference leaves the source, a file cannot be read, or its CRS is not the stated one.
    """
    several = {band.href for band in item.bands if band.index > 1}
    chosen = [band for band in item.bands if band.href in several] or _pick(item.bands, wanted)
    layers: list[Layer] = []
    for href in dict.fromkeys(band.href for band in chosen):
        bands = [band for band in chosen if band.href == href]
        layers += _layers(resolve(href, item.name, files), bands, item, day)
    return layers


def _pick(bands: Sequence[BandSource], wanted: Sequence[str]) -> list[BandSource]:
    by_name: dict[str, BandSource] = {}
    for band in bands:
        by_name.setdefault(band.name, band)
    options = (next((by_name[name] for name in group.split("|") if name in by_name), None) for group in wanted)
    return [band for band in options if band is not None]


def _layers(file: RawFile, bands: Sequence[BandSource], item: Item, day: date) -> list[Layer]:
    with open_raster(file.path, file.name) as dataset:
        grid, dtype, nodata, count = grid_of(dataset, file.name), dataset.dtypes[0], dataset.nodata, dataset.count
    if item.epsg is not None and item.epsg != grid.epsg:
        raise BadInputError(f"{file.name} lies in EPSG:{grid.epsg}, but its item states EPSG:{item.epsg}")
    if len(bands) > count or max(band.index for band in bands) > count:
        raise BadInputError(f"{file.name} has {count} bands, but its item names {len(bands)}")
    return [
        Layer(file, band.index, band.name, *_calibration(band, item, day, grid), grid, dtype, nodata) for band in bands
    ]  # fmt: skip


def _calibration(band: BandSource, item: Item, day: date, grid: Grid) -> tuple[float, float]:
    if radiometry.is_landsat(item.platform) and (item.level == 1 or band.scale is None):
        elevation = item.sun_elevation
        if elevation is None:
            elevation = radiometry.sun_elevation(item.time, *centre_lonlat(grid))
        return landsat.calibration(item.level, elevation, item.name)
    scale = radiometry.QUANTIFICATION if band.scale is None else band.scale
    if item.offset_applied:
        return scale, 0.0
    if band.offset is None:
        return scale, radiometry.default_offset(item.platform, item.baseline, day)
    return scale, band.offset


def layers_of_image(file: RawFile, options: Mapping[str, Any], day: date) -> list[Layer]:
    """Return the bands of an image without STAC item, named by the option ``bands`` or by their descriptions.

    Calibration: the options ``scale`` and ``offset``, else the file's own, else 0.0001 and the rule for its day; for
    Landsat that of its level, which the option ``level`` or the names of file and bands tell.

    Raises:
        BadInputError: the file cannot be read or its bands have no names.
    """
    platform = str(options.get("platform", "sentinel-2"))
    with open_raster(file.path, file.name) as dataset:
        grid, nodata = grid_of(dataset, file.name), dataset.nodata
        described = [visible(text or "") for text in dataset.descriptions]
        kinds, scales, offsets = dataset.dtypes, dataset.scales, dataset.offsets
    names = [str(name) for name in options.get("bands") or described]
    if len(names) != len(described):
        raise BadInputError(f"{file.name} has {len(described)} bands where the option 'bands' names {len(names)}")
    if not all(names):
        raise BadInputError(f"{file.name} does not say which band is which; name them with the option 'bands'")
    if radiometry.is_landsat(platform) and options.get("scale") is None and kinds[0].startswith("uint"):
        usual = landsat.calibration(*_landsat_level(file, names, options, day, grid), file.name)
    elif scales[0] != 1.0:
        usual = (scales[0], offsets[0])
    else:
        usual = (radiometry.QUANTIFICATION, radiometry.default_offset(platform, options.get("baseline"), day))
    scale, offset = float(options.get("scale", usual[0])), float(options.get("offset", usual[1]))
    return [
        Layer(file, number, radiometry.band_name(name, platform), scale, offset, grid, kinds[0], nodata)
        for number, name in enumerate(names, start=1)
    ]


def _landsat_level(
    file: RawFile, names: Sequence[str], options: Mapping[str, Any], day: date, grid: Grid
) -> tuple[int | None, float]:
    """Return the processing level and the sun's elevation, computed for about 10:30 where the options do not say it."""
    stated = options.get("level")
    level = landsat.level_of(file.name, *names) if stated is None else int(stated)
    elevation = options.get("sun_elevation")
    if elevation is None:
        elevation = radiometry.sun_elevation(morning_pass(day, grid), *centre_lonlat(grid))
    return level, float(elevation)


def check_bands(layers: Sequence[Layer], required: Sequence[str], name: str) -> None:
    """Raise BadInputError if a required band is missing."""
    have = {layer.name for layer in layers}
    for group in required:
        if not have.intersection(group.split("|")):
            listed = ", ".join(sorted(have)) or "none"
            raise BadInputError(f"{name} lacks band {group.replace('|', ' or ')}; it has {listed}")


def target_grid(layers: Sequence[Layer], gsd: float) -> Grid:
    """Return the grid of the layer whose pixel size is nearest to ``gsd`` metres, in the CRS that all share.

    Raises:
        BadInputError: the layers lie in different CRSs.
    """
    from solarnet_assets.imagery.geometry import ground_sampling_distance

    codes = sorted({layer.grid.epsg for layer in layers})
    if len(codes) > 1:
        listed = ", ".join(f"EPSG:{code}" for code in codes)
        raise BadInputError(f"{layers[0].file.name} and its other bands lie in different projections: {listed}")
    return min((layer.grid for layer in layers), key=lambda grid: abs(np.log(ground_sampling_distance(grid) / gsd)))


def stored_as_is(layers: Sequence[Layer]) -> bool:
    """Return whether one file holds all layers with one calibration, so that its bytes can be kept."""
    first = layers[0]
    same = all((x.file, x.scale, x.offset) == (first.file, first.scale, first.offset) for x in layers)
    return same and [layer.index for layer in layers] == list(range(1, len(layers) + 1))


def restack(layers: Sequence[Layer], grid: Grid) -> tuple[bytes, list[Layer]]:
    """Return one GeoTIFF of all layers on a grid, and the layers as they are in it.

    Finer bands are averaged, coarser ones interpolated. Layers with one calibration stay digital numbers, others become
    reflectance in float32.

    Args:
        layers: bands to read.
        grid: where to put them, in the CRS of the layers.
    """
    same = len({(layer.scale, layer.offset, layer.dtype) for layer in layers}) == 1
    planes = [_plane(layer, grid) for layer in layers]
    nodata = layers[0].nodata if layers[0].nodata is not None else 0.0
    if same:
        made = [replace(x, index=i, grid=grid, nodata=nodata) for i, x in enumerate(layers, start=1)]
        return encode_geotiff(np.stack(planes), grid, [x.name for x in made], nodata), made
    pixels = [_reflectance(plane, layer) for plane, layer in zip(planes, layers, strict=True)]
    made = [
        replace(x, index=i, grid=grid, scale=1.0, offset=0.0, dtype="float32", nodata=float("nan"))
        for i, x in enumerate(layers, start=1)
    ]
    return encode_geotiff(np.stack(pixels), grid, [x.name for x in made], float("nan")), made


def _reflectance(plane: NDArray[Any], layer: Layer) -> NDArray[np.float32]:
    reflectance = radiometry.to_reflectance(plane, layer.scale, layer.offset)
    reflectance[plane == (0 if layer.nodata is None else layer.nodata)] = np.nan
    return reflectance


def _plane(layer: Layer, grid: Grid) -> NDArray[Any]:
    from rasterio.enums import Resampling
    from rasterio.windows import Window

    from solarnet_assets.imagery.geometry import to_pixels

    left, bottom, right, top = grid.bounds
    (row0, col0), (row1, col1) = to_pixels(np.array([[left, top], [right, bottom]]), layer.grid)
    finer = (row1 - row0) > grid.height * 1.01
    exact = (
        abs((row1 - row0) - grid.height) < 1e-3 and abs(row0 - round(row0)) < 1e-3 and abs(col0 - round(col0)) < 1e-3
    )
    with open_raster(layer.file.path, layer.file.name) as dataset:
        if exact:
            window = (round(row0), round(col0), grid.height, grid.width)
            return _filled(read_pixels(dataset, [layer.index], window)[0], grid, layer)
        resampling = Resampling.average if finer else Resampling.bilinear
        window = Window(col0, row0, col1 - col0, row1 - row0)
        return np.asarray(
            dataset.read(layer.index, window=window, out_shape=(grid.height, grid.width), resampling=resampling)
        )


def _filled(plane: NDArray[Any], grid: Grid, layer: Layer) -> NDArray[Any]:
    if plane.shape == (grid.height, grid.width):
        return plane
    raise BadInputError(f"{layer.file.name} covers less ground than the other bands of its scene")
