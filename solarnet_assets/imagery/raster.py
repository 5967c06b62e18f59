"""Opening rasters that strangers wrote: few drivers, no references to other files, limits before pixels.

GDAL handles must not be shared between threads, so nothing here keeps one: every call opens its own in
the calling thread and closes it. The GDAL environment is entered once per thread and kept, because
entering it costs more than reading a small chip.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.landing import BadInputError

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

SIGNATURES = {
    b"II*\0": "GTiff", b"MM\0*": "GTiff", b"II+\0": "GTiff", b"MM\0+": "GTiff",
    b"\0\0\0\x0cjP  ": "JP2OpenJPEG", b"\xffO\xffQ": "JP2OpenJPEG",
}  # fmt: skip
"""First bytes of a file -> the one driver that may open it. COGs and BigTIFF are read by GTiff.

VRT, which may point anywhere, and every network driver are left out."""

MAX_PIXELS = 500_000_000
"""Width x height; a Sentinel-2 tile at 10 m has 120 million."""

MAX_COORDINATE = 1e9
"""Metres or degrees; the Earth's girth is 4e7 m."""

MAX_BANDS = 64
MAX_BLOCK_BYTES = 1 << 30
"""Largest tile or strip that GDAL would have to hold at once."""

MAX_HELD_BYTES = 1 << 30
"""Decoded pixels of one scene and site that are landed, and so held in memory at once by whoever looks at them."""

MAX_RATIO = 2000
RATIO_FLOOR_BYTES = 256 << 20
"""Above this decoded size, more than MAX_RATIO decoded bytes per stored byte is refused as a bomb."""

DECODED_PIXELS = 4 << 20
"""Pixels of a band that are decoded at once where they are only looked at."""

_CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

GDAL_OPTIONS = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",  # no sidecar file is looked for
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_GEOREF_SOURCES": "INTERNAL",
    "GDAL_NUM_THREADS": "1",
    "CPL_VSIL_CURL_ALLOWED_FILENAME": "-",
    "GDAL_CACHEMAX": max(128, 8 * _CORES),  # MiB, of all threads: each holds the blocks of one window
}

_thread = threading.local()


@dataclass(frozen=True)
class Grid:
    """Where the pixels of a raster lie.

    Attributes:
        epsg: code of the CRS.
        transform: affine coefficients (a, b, c, d, e, f): x = a*col + b*row + c, y = d*col + e*row + f.
        height: rows.
        width: columns.
    """

    epsg: int
    transform: tuple[float, float, float, float, float, float]
    height: int
    width: int

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Return (left, bottom, right, top) in CRS units."""
        a, b, c, d, e, f = self.transform
        xs = [c, c + a * self.width, c + b * self.height, c + a * self.width + b * self.height]
        ys = [f, f + d * self.width, f + e * self.height, f + d * self.width + e * self.height]
        return min(xs), min(ys), max(xs), max(ys)

    def window(self, row: int, col: int, height: int, width: int) -> Grid:
        """Return the grid of a window of this one."""
        a, b, c, d, e, f = self.transform
        moved = (a, b, c + a * col + b * row, d, e, f + d * col + e * row)
        return Grid(self.epsg, moved, height, width)


def enter_environment() -> None:
    """Give this thread GDAL's options, once."""
    import rasterio

    if getattr(_thread, "env", None) is None:
        _thread.env = rasterio.Env(**GDAL_OPTIONS)
        _thread.env.__enter__()


@contextmanager
def open_raster(path: Path, name: str | None = None) -> Iterator[DatasetReader]:
    """Open a local raster and check its limits before any pixel is read.

    Args:
        path: local file.
        name: what messages call the file.

    Raises:
        BadInputError: not a TIFF or JPEG 2000, damaged, or over a limit; also for damage met while reading.
    """
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning, RasterioError

    name = name or path.name
    if not path.is_file():
        raise BadInputError(f"{name} does not exist")
    driver = _driver(path, name)
    enter_environment()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            dataset = rasterio.open(path.absolute(), driver=driver)
    except (RasterioError, OSError) as error:
        raise BadInputError(f"{name} is damaged or truncated: its header cannot be read") from error
    with dataset:
        _check_limits(dataset, path, name)
        try:
            yield dataset
        except UnicodeDecodeError as error:
            raise BadInputError(f"{name} describes its bands in bytes that are not UTF-8") from error
        except (RasterioError, OSError) as error:
            raise BadInputError(f"{name} is damaged or truncated: its pixels cannot be decoded") from error


def _driver(path: Path, name: str) -> str:
    with path.open("rb") as file:
        head = file.read(64)
    for signature, driver in SIGNATURES.items():
        if head.startswith(signature):
            return driver
    text = all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head)
    what = "it is empty" if not head else "it holds text" if text else "it holds something else"
    raise BadInputError(f"{name} is not a TIFF or JPEG 2000 image: {what}")


def _check_limits(dataset: DatasetReader, path: Path, name: str) -> None:
    pixels = dataset.width * dataset.height
    if pixels > MAX_PIXELS:
        raise BadInputError(f"{name} has {dataset.width} x {dataset.height} pixels, more than {MAX_PIXELS:,}")
    if dataset.count > MAX_BANDS:
        raise BadInputError(f"{name} has {dataset.count} bands, more than {MAX_BANDS}")
    if odd := [kind for kind in dataset.dtypes if not kind.startswith(("uint", "int", "float"))]:
        raise BadInputError(f"{name} holds {odd[0]} numbers, not integers or real numbers")
    sizes = [np.dtype(kind).itemsize for kind in dataset.dtypes]
    decoded = pixels * sum(sizes)
    if decoded > RATIO_FLOOR_BYTES and decoded > MAX_RATIO * path.stat().st_size:
        raise BadInputError(f"{name} would grow {decoded // max(path.stat().st_size, 1):,}-fold when decompressed")
    block = max(h * w for h, w in dataset.block_shapes) * sum(sizes)
    if block > MAX_BLOCK_BYTES:
        raise BadInputError(f"{name} has tiles of {block >> 20:,} MiB, more than {MAX_BLOCK_BYTES >> 20:,}")


def check_held(name: str, pixels: int, kinds: Sequence[str]) -> None:
    """Refuse what is too large to be landed as one piece.

    Args:
        name: what messages call the file.
        pixels: rows x columns.
        kinds: type of each band.

    Raises:
        BadInputError: it decodes to more than ``MAX_HELD_BYTES``.
    """
    size = pixels * sum(np.dtype(kind).itemsize for kind in kinds)
    if size > MAX_HELD_BYTES:
        raise BadInputError(f"{name} holds {size >> 20:,} MiB of pixels there, more than {MAX_HELD_BYTES >> 20:,}")


def decode_all(dataset: DatasetReader) -> None:
    """Decode every pixel once, some rows at a time, so that damage is met."""
    from rasterio.windows import Window

    rows = max(1, DECODED_PIXELS // dataset.width)
    for row in range(0, dataset.height, rows):
        for band in dataset.indexes:
            dataset.read(band, window=Window(0, row, dataset.width, min(rows, dataset.height - row)))


def grid_of(dataset: DatasetReader, name: str) -> Grid:
    """Return the grid of an open raster.

    Raises:
        BadInputError: the raster has no CRS, or one without an EPSG code, or a broken transform.
    """
    if dataset.crs is None:
        raise BadInputError(f"{name} has no coordinate reference system")
    epsg = dataset.crs.to_epsg()
    if epsg is None:
        raise BadInputError(f"{name} has a coordinate reference system without an EPSG code")
    transform = tuple(float(v) for v in dataset.transform[:6])
    area = transform[0] * transform[4] - transform[1] * transform[3]
    if not np.abs(transform).max() <= MAX_COORDINATE or area == 0:
        raise BadInputError(f"{name} has a broken geotransform")
    return Grid(int(epsg), transform, dataset.height, dataset.width)  # type: ignore[arg-type]


def read_pixels(
    dataset: DatasetReader, bands: Sequence[int] | None = None, window: tuple[int, int, int, int] | None = None
) -> NDArray[Any]:
    """Read (bands, rows, columns) in the file's own type.

    Args:
        dataset: open raster.
        bands: 1-based band numbers; all without it.
        window: (row, column, height, width); the whole raster without it.
    """
    from rasterio.windows import Window

    part = None if window is None else Window(window[1], window[0], window[3], window[2])
    return np.asarray(dataset.read(None if bands is None else list(bands), window=part))


def encode_geotiff(pixels: NDArray[Any], grid: Grid, names: Sequence[str], nodata: float | None) -> bytes:
    """Return a tiled, deflate-compressed GeoTIFF of (bands, rows, columns) as bytes.

    The bytes depend on the input alone, so that a stored file can be named by its digest.
    """
    from rasterio import Affine
    from rasterio.io import MemoryFile

    enter_environment()
    profile: dict[str, Any] = {
        "driver": "GTiff", "dtype": pixels.dtype, "count": pixels.shape[0], "height": grid.height, "width": grid.width,
        "crs": f"EPSG:{grid.epsg}", "transform": Affine(*grid.transform), "nodata": nodata, "compress": "deflate",
        "interleave": "pixel",
    }  # fmt: skip
    if min(grid.height, grid.width) > 512:
        profile |= {"tiled": True, "blockxsize": 512, "blockysize": 512}
    with MemoryFile() as memory:
        with memory.open(**profile) as out:
            out.write(pixels)
            for number, name in enumerate(names, start=1):
                out.set_band_description(number, name)
        return bytes(memory.read())


def write_geotiff(
    path: Path, planes: Sequence[NDArray[Any]], grid: Grid, names: Sequence[str], tags: Mapping[str, str]
) -> None:
    """Write bands that need not fit into memory as a tiled, zstd-compressed GeoTIFF, block row by block row.

    Args:
        path: file to write; whatever is there is replaced.
        planes: (rows, columns) each and of one type, such as memory-mapped files.
        grid: position; its size is taken from the planes.
        names: of the bands.
        tags: metadata of the file.
    """
    import rasterio
    from rasterio import Affine
    from rasterio.windows import Window

    enter_environment()
    height, width = planes[0].shape
    side = 512 if min(height, width) >= 512 else 16 * max(1, min(height, width) // 16)
    profile: dict[str, Any] = {
        "driver": "GTiff", "dtype": planes[0].dtype, "count": len(planes), "height": height, "width": width,
        "crs": f"EPSG:{grid.epsg}", "transform": Affine(*grid.transform), "compress": "zstd", "zstd_level": 1,
        "interleave": "band", "tiled": True, "blockxsize": side, "blockysize": side, "BIGTIFF": "IF_SAFER",
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as out:
        out.update_tags(**tags)
        for number, (name, plane) in enumerate(zip(names, planes, strict=True), start=1):
            out.set_band_description(number, name)
            for row in range(0, height, side):
                part = plane[row : row + side]
                out.write(part, number, window=Window(0, row, width, part.shape[0]))
