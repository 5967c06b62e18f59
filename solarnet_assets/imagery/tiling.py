"""Where tiles lie along a row or column of a scene, and how much each of them counts where two overlap.

Overlap-tile inference after Ronneberger et al. 2015, "U-Net" (arXiv 1505.04597, section 2): a network sees less of its
surroundings near the edge of a tile. So the outer quarter of an overlap counts for nothing, and across its middle half
one tile fades into the next (ours). The weights of all tiles at a point add up to one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import lcm

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Axis:
    """Tiles along one dimension; all numbers in input pixels.

    Attributes:
        length: pixels that exist.
        size: side of a tile, a multiple of what the network asks for.
        starts: first pixel of each tile; the last tile may reach beyond ``length``, where the image is mirrored.
    """

    length: int
    size: int
    starts: tuple[int, ...]

    @property
    def padded(self) -> int:
        """Where the last tile ends."""
        return self.starts[-1] + self.size

    def mirrored(self) -> NDArray[np.int64]:
        """Return the pixels that stand in for those from ``length`` to ``padded``."""
        index = np.arange(self.length)
        return np.pad(index, (0, self.padded - self.length), mode="symmetric")[self.length :]

    def weight(self, number: int, stride: int) -> NDArray[np.float32]:
        """Return how much each output cell of a tile counts, 0..1; a cell is ``stride`` input pixels wide."""
        centre = self.starts[number] + (np.arange(self.size // stride, dtype=np.float64) + 0.5) * stride
        weight = np.ones(len(centre))
        if number > 0:
            weight *= self._rise(number - 1, centre)
        if number < len(self.starts) - 1:
            weight *= 1.0 - self._rise(number, centre)
        return weight.astype(np.float32)

    def _rise(self, seam: int, at: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how much of the later tile counts at a seam: 0 in a quarter of the overlap, then up to 1."""
        first, last = self.starts[seam + 1], self.starts[seam] + self.size
        quarter = (last - first) / 4
        return np.clip((at - first - quarter) / max(2 * quarter, 1e-9), 0.0, 1.0)


def lay(length: int, tile: int, overlap: int, multiple: int, grain: int = 1) -> Axis:
    """Return equal tiles over a length, no larger than ``tile`` and no more of them than needed.

    Args:
        length: pixels to cover.
        tile: largest side of a tile, pixels.
        overlap: pixels that neighbours share at least, less ``multiple``; at most a quarter of ``tile``.
        multiple: of what tiles' sides and first pixels are multiples, so that every tile is sampled down alike.
        grain: of what sides are multiples besides, where there are several tiles and ``tile`` has room.
    """
    whole, tile = _up(length, multiple), tile // multiple * multiple
    if whole <= tile:
        return Axis(length, whole, (0,))
    if not 0 <= 4 * overlap <= tile:
        raise ValueError(f"an overlap of {overlap} pixels does not suit tiles of {tile}")
    count = -(-(whole - overlap) // (tile - overlap))
    size = _up(-(-(whole - overlap) // count) + overlap, multiple)
    coarse = _up(size, lcm(multiple, grain))
    size = coarse if coarse <= tile else size
    last = whole - size
    return Axis(length, size, tuple(last * k // (count - 1) // multiple * multiple for k in range(count)))


def _up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


CELL = 256
"""Rasters are stored in blocks whose sides are multiples of this, mostly."""


def spread(height: int, width: int, side: int, each: int, multiple: int) -> list[tuple[int, int, int, int]]:
    """Return ``each`` x ``each`` windows (row, column, height, width) spread evenly over a scene.

    They follow from the scene's size alone, not from how it is cut. A scene without room for one has none. Where they
    lie two blocks apart or more, windows that fit into a block lie in one, so that one block is decoded for each: they
    move up and left by less than their side. Nearer together they stay: a small scene would be sampled unevenly.

    Args:
        height: rows of the scene.
        width: columns of the scene.
        side: largest side of a window, cut to whole ``multiple``.
        each: windows along each dimension.
        multiple: of what sides are multiples.
    """
    tall, wide = (min(side, n) // multiple * multiple for n in (height, width))
    if not tall or not wide:
        return []
    at = [
        sorted({(2 * k + 1) * length // (2 * each) - size // 2 for k in range(each)})
        for length, size in ((height, tall), (width, wide))
    ]
    inside = [
        [_settled(start, size, length, length >= 2 * CELL * each) for start in starts]
        for starts, length, size in zip(at, (height, width), (tall, wide), strict=True)
    ]
    return [(row, col, tall, wide) for row in dict.fromkeys(inside[0]) for col in dict.fromkeys(inside[1])]


def _settled(start: int, size: int, length: int, moves: bool) -> int:
    """Return a first pixel near ``start`` from which a window lies inside a length, and in one cell if it may move."""
    first = max(start, 0)
    if moves and size <= CELL:
        first = min(first, (first // CELL + 1) * CELL - size)
    return min(first, length - size)


def blocks(height: int, width: int, block: tuple[int, int], first: int = 0) -> Iterator[tuple[int, int, int, int]]:
    """Yield windows (row, column, height, width) of whole blocks, row by row, from the one that holds row ``first``."""
    for row in range(first // block[0] * block[0], height, block[0]):
        for col in range(0, width, block[1]):
            yield row, col, min(block[0], height - row), min(block[1], width - col)
