"""The scenes of a day searched for solar arrays: small ones whole, large ones by windows, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from solarnet_assets.imagery import clouds, geometry, picture, radiometry
from solarnet_assets.imagery.infer import OVERLAP, TILE
from solarnet_assets.imagery.raster import Grid, grid_of, open_raster, read_pixels
from solarnet_assets.imagery.scene import Scene, open_scene
from solarnet_assets.imagery.sink import ArraySink, FileSink
from solarnet_assets.imagery.source import RasterSource, Window
from solarnet_assets.imagery.tiling import blocks
from solarnet_assets.landing import BadInputError
from solarnet_assets.solar import polygons
from solarnet_assets.solar.model import BANDS, WEIGHTS, engine
from solarnet_assets.solar.polygons import Found
from solarnet_assets.storage.schemas import SolarPolygons

LARGE = 1280 * 1280
"""Pixels from which a scene is read by windows; opened whole, this one takes a quarter of a gigabyte."""

STRIP = 512
"""Rows of masks that are worked out at once."""

PICTURE = 1200
"""Longer side of the picture of a large scene, pixels at most."""


def observe_scenes(
    scenes: pl.DataFrame,
    areas: Mapping[str, str],
    locate: Callable[[str], Path],
    device: str | None = None,
    scratch: Path | None = None,
) -> tuple[pl.DataFrame, dict[str, bytes], dict[str, str]]:
    """Search landed scenes for solar arrays.

    Args:
        scenes: schema ``Scenes``.
        areas: area of interest -> polygon (WKT, EPSG:4326).
        locate: stored file name -> local path.
        device: see :func:`solarnet_assets.imagery.infer.load`.
        scratch: folder for large scenes in work, so that a run that was killed goes on where it was; memory without it.

    Returns:
        Rows of ``SolarPolygons`` without evidence (null), pictures (PNG) by scene, and scenes that could not be
        searched with the reason.
    """
    refused: dict[str, str] = {}
    rows: list[dict[str, Any]] = []
    pictures: dict[str, bytes] = {}
    kept: list[Path] = []
    for landed in scenes.iter_rows(named=True):
        data = locate(landed["path"])
        mask = None if landed["mask_path"] is None else locate(landed["mask_path"])
        wkt = areas.get(landed["site_id"])
        try:
            if _pixels(data) <= LARGE:
                found = _search_whole(open_scene(landed, data, mask), landed["site_id"], wkt, device)
            else:
                found = _search_large(LargeScene(landed, data), mask, wkt, device, _sink(landed, data, scratch, kept))
        except BadInputError as error:
            refused[landed["scene_id"]] = str(error)
            continue
        rows += found.rows
        pictures[landed["scene_id"]] = found.picture
    for path in kept:
        path.unlink(missing_ok=True)
    return pl.DataFrame(rows, schema=SolarPolygons.create_empty().schema), pictures, refused


def _pixels(data: Path) -> int:
    with open_raster(data) as dataset:
        return int(dataset.width * dataset.height)


def _search_whole(scene: Scene, site_id: str, wkt: str | None, device: str | None) -> Found:
    pixels = polygons.network_input(scene)
    (probability,) = engine(device).run([pixels])
    return polygons.find(scene, site_id, wkt, probability[0])


class LargeScene(RasterSource):
    """A scene's bands for the network; notes on the way what was measured, cloud by brightness, and a small picture.

    Args:
        landed: row of schema ``Scenes``.
        data: file that ``landed['path']`` names.

    Raises:
        BadInputError: damaged, without a required band, or not of about 10 m.
    """

    def __init__(self, landed: Mapping[str, Any], data: Path) -> None:
        names = list(landed["bands"])
        chosen = polygons.network_bands(landed["scene_id"], names)
        super().__init__(data, [names.index(name) + 1 for name in chosen], landed["scale"], landed["offset"])
        polygons.check_gsd(landed["scene_id"], self.grid)
        self.landed = landed
        size = self.shape[1:]
        self.seen, self.bright = np.zeros(size, bool), np.zeros(size, bool)
        self.step = -(-max(size) // PICTURE)
        self.small = np.full((3, *(-(-n // self.step) for n in size)), np.nan, np.float32)
        self.noted: set[Window] = set()

    def read(self, window: Window, out: NDArray[Any]) -> None:
        """Decode a window and note what it shows. Only samples overlap other windows, and note the same there."""
        super().read(window, out)
        row, col, height, width = window
        place = (slice(row, row + height), slice(col, col + width))
        rule = self.calibration
        missing = out == rule.nodata if out.dtype.kind in "ui" else (out == rule.nodata) | ~np.isfinite(out)
        self.seen[place] = ~missing.any(axis=0)
        if self.landed["mask_path"] is None:
            green, red = BANDS.index("B03"), BANDS.index("B04")
            shown = {BANDS[n]: radiometry.to_reflectance(out[n], rule.scale, rule.offset) for n in (green, red)}
            cloud = clouds.bright_clouds(shown)
            self.bright[place] = False if cloud is None else cloud & self.seen[place]
        self._note_picture(window, out, missing)
        self.noted.add(window)

    def _note_picture(self, window: Window, out: NDArray[Any], missing: NDArray[np.bool_]) -> None:
        """Keep every ``step``-th pixel of B12, B08 and B04."""
        row, col, _, _ = window
        first = (-row % self.step, -col % self.step)
        for plane, band in enumerate(BANDS.index(name) for name in ("B12", "B08", "B04")):
            part = out[band, first[0] :: self.step, first[1] :: self.step]
            values = radiometry.to_reflectance(part, self.calibration.scale, self.calibration.offset)
            values[missing[band, first[0] :: self.step, first[1] :: self.step]] = np.nan
            at = ((row + first[0]) // self.step, (col + first[1]) // self.step)
            self.small[plane, at[0] : at[0] + values.shape[0], at[1] : at[1] + values.shape[1]] = values

    def complete(self) -> None:
        """Read the windows that the network did not need, because an earlier run had finished them."""
        for window in blocks(*self.shape[1:], self.block):
            if window not in self.noted:
                self.read(window, np.empty((self.shape[0], *window[2:]), self.dtype))
        self.close()


def _search_large(
    scene: LargeScene, mask: Path | None, wkt: str | None, device: str | None, sink: ArraySink | FileSink
) -> Found:
    made = engine(device)
    if isinstance(sink, ArraySink) or not sink.finished():
        made.run_scene(scene, sink)
    scene.complete()
    probability = sink.array[0] if isinstance(sink, ArraySink) else sink.result()[0]
    usable = _usable(scene, mask)
    outlines = polygons.within(wkt, probability, usable, scene.grid)
    key = {name: scene.landed[name] for name in ("site_id", "scene_id", "time")}
    step = scene.step
    rings = [ring / step for ring in polygons.rings_of(outlines, scene.grid)]
    image = picture.render(picture.stretch(list(scene.small)), hidden=~usable[::step, ::step], rings=rings, zoom=1)
    return Found(polygons.rows_of(key, outlines, usable, scene.grid), image)


def _usable(scene: LargeScene, mask: Path | None) -> NDArray[np.bool_]:
    """Return the pixels that were searched, worked out in strips with enough rows around them."""
    cloud = scene.bright if mask is None else _cloud(mask, scene.grid)
    height, width = scene.seen.shape
    usable = np.empty((height, width), bool)
    around = 2 * (polygons.SPECK + polygons.CLOUD_GROW)
    for row in range(0, height, STRIP):
        top, bottom = max(0, row - around), min(height, row + STRIP + around)
        part = polygons.clear(scene.seen[top:bottom], cloud[top:bottom])
        usable[row : row + STRIP] = part[row - top : row - top + STRIP]
    return usable


def _cloud(mask: Path, grid: Grid) -> NDArray[np.bool_]:
    """Return what a classification (first band of a raster in the same CRS) calls cloud on a grid, nearest pixel."""
    with open_raster(mask) as dataset:
        own = grid_of(dataset, mask.name)
        marked = np.pad(clouds.clouded(read_pixels(dataset, [1])[0]), ((0, 1), (0, 1)))  # the pad is outside: no cloud
    cloud = np.empty((grid.height, grid.width), bool)
    for row, places in _places(grid, own):
        rows, cols = places[:, :, 0], places[:, :, 1]
        outside = (rows < 0) | (rows >= own.height) | (cols < 0) | (cols >= own.width)
        cloud[row : row + len(places)] = marked[np.where(outside, own.height, rows), np.where(outside, own.width, cols)]
    return cloud


def _places(grid: Grid, other: Grid) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield strips of a grid: first row, and for each pixel the (row, column) of another grid that holds its centre."""
    a, b, c, d, e, f = grid.transform
    for row in range(0, grid.height, STRIP // 4):
        rows = np.arange(row, min(row + STRIP // 4, grid.height)) + 0.5
        col, down = np.meshgrid(np.arange(grid.width) + 0.5, rows)
        xy = np.column_stack([(a * col + b * down + c).ravel(), (d * col + e * down + f).ravel()])
        yield row, np.floor(geometry.to_pixels(xy, other)).astype(int).reshape(len(rows), grid.width, 2)


def _sink(landed: Mapping[str, Any], data: Path, scratch: Path | None, kept: list[Path]) -> ArraySink | FileSink:
    """Return where a large scene's probabilities go; files are added to ``kept``."""
    if scratch is None:
        return ArraySink()
    scratch.mkdir(parents=True, exist_ok=True)
    with open_raster(data) as dataset:
        grid = grid_of(dataset, data.name)
    kept.append(scratch / f"{landed['path']}.tif")
    numbers = [landed[name] for name in ("path", "bands", "scale", "offset")]
    key = f"{numbers} {WEIGHTS.digest} {BANDS} {TILE} {OVERLAP}"
    return FileSink(kept[-1], key, grid)
