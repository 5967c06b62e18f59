"""Scenes that are read by windows: what the engine asks of a source, files of rasters, arrays in memory."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.imagery.raster import Grid, enter_environment, grid_of, open_raster
from solarnet_assets.landing import BadInputError

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

Window = tuple[int, int, int, int]
"""Row, column, height, width."""

WINDOW_PIXELS = 512 * 1024
"""Windows are grown by whole blocks to at most this many pixels: small ones cost more in calls than in decoding."""


@dataclass(frozen=True)
class Calibration:
    """From stored numbers to what a network reads: value = number * scale + offset.

    Attributes:
        scale, offset: see above.
        nodata: number that stands for nothing measured; None: none does. It becomes 0, as what is not finite does.
    """

    scale: float = 1.0
    offset: float = 0.0
    nodata: float | None = None


class Source(Protocol):
    """A scene that is read by windows, from several threads at once."""

    @property
    def name(self) -> str:
        """What messages call it."""
        ...

    @property
    def shape(self) -> tuple[int, int, int]:
        """Bands, rows, columns."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the stored numbers."""
        ...

    @property
    def block(self) -> tuple[int, int]:
        """Rows and columns of the windows that are cheapest to read."""
        ...

    @property
    def calibration(self) -> Calibration:
        """What the stored numbers mean."""
        ...

    def prepare(self, readers: int) -> None:
        """Open what so many threads need that read at once."""
        ...

    def read(self, window: Window, out: NDArray[Any]) -> None:
        """Fill ``out`` (bands, height, width) with the stored numbers of a window."""
        ...

    def close(self) -> None:
        """Let go of what reading has opened; reading again opens it again."""
        ...


class ArraySource:
    """An image in memory.

    Args:
        pixels: (bands, rows, columns).
        calibration: what the numbers mean.
    """

    name = "image"

    def __init__(self, pixels: NDArray[Any], calibration: Calibration | None = None) -> None:
        self.pixels, self.dtype, self.calibration = pixels, pixels.dtype, calibration or Calibration()
        self.shape: tuple[int, int, int] = pixels.shape
        self.block = (512, 512)

    def prepare(self, readers: int) -> None:
        """Nothing is opened."""

    def read(self, window: Window, out: NDArray[Any]) -> None:
        """Copy a window."""
        row, col, height, width = window
        out[...] = self.pixels[:, row : row + height, col : col + width]

    def close(self) -> None:
        """Nothing was opened."""


class RasterSource:
    """Bands of a raster file. A GDAL handle serves one thread at a time: each that reads takes one that is free.

    Args:
        path: local file, opened under the limits of :mod:`solarnet_assets.imagery.raster`.
        bands: 1-based band numbers; all without it.
        scale, offset: reflectance = number * scale + offset.
        nodata: stands for nothing measured; the file's own without it, else 0.

    Raises:
        BadInputError: the file cannot be opened, or lies nowhere.
    """

    def __init__(
        self, path: Path, bands: Sequence[int] | None = None, scale: float = 1.0, offset: float = 0.0,
        nodata: float | None = None,
    ) -> None:  # fmt: skip
        self.path, self.name = path, path.name
        with open_raster(path) as dataset:
            self.bands = list(bands or dataset.indexes)
            self.shape = (len(self.bands), dataset.height, dataset.width)
            self.dtype: np.dtype[Any] = np.result_type(*(dataset.dtypes[band - 1] for band in self.bands))
            self.grid: Grid = grid_of(dataset, self.name)
            self.block = _grow(dataset.block_shapes[self.bands[0] - 1], self.shape[1:])
            own = dataset.nodata if nodata is None else nodata
        missing = 0.0 if own is None or np.isnan(own) else float(own)
        self.calibration = Calibration(scale, offset, missing)
        self._free: list[DatasetReader] = []
        self._open, self._lock = ExitStack(), Lock()

    def prepare(self, readers: int) -> None:
        """Open handles; one after the other: sixteen threads that open at once take five times as long for each."""
        with self._lock:
            while len(self._free) < readers:
                self._free.append(self._another())

    def read(self, window: Window, out: NDArray[Any]) -> None:
        """Decode a window with a handle of this thread alone; raises BadInputError if its pixels are damaged."""
        from rasterio.errors import RasterioError
        from rasterio.windows import Window as Part

        row, col, height, width = window
        handle = self._take()
        try:
            handle.read(self.bands, window=Part(col, row, width, height), out=out)
        except (RasterioError, OSError) as error:
            raise BadInputError(f"{self.name} is damaged or truncated: its pixels cannot be decoded") from error
        finally:
            self._free.append(handle)

    def _take(self) -> DatasetReader:
        enter_environment()
        try:
            return self._free.pop()
        except IndexError:
            with self._lock:
                return self._another()

    def _another(self) -> DatasetReader:
        return self._open.enter_context(open_raster(self.path))

    def close(self) -> None:
        """Close all handles; no thread may be reading."""
        with self._lock:
            opened, self._open, self._free = self._open, ExitStack(), []
        opened.close()


def _grow(block: tuple[int, int], shape: tuple[int, int]) -> tuple[int, int]:
    """Return a window of whole blocks, up to ``WINDOW_PIXELS``, no larger than the scene: wider first, then taller."""
    rows, cols = min(block[0], shape[0]), min(block[1], shape[1])
    wide = max(1, min(WINDOW_PIXELS // (rows * cols), -(-shape[1] // cols)))
    tall = max(1, min(WINDOW_PIXELS // (rows * cols * wide), -(-512 // rows)))
    return min(rows * tall, shape[0]), min(cols * wide, shape[1])
