"""Random draws that belong to a thing, not to a moment: the same key always gives the same draw.

A device's home or a user's language must not depend on which days were generated before, so such
properties come from a counter-based hash (SplitMix64, Steele, Lea and Flood 2014,
doi:10.1145/2660193.2660195) of the key instead of from the state of a generator.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Keys = NDArray[np.uint64]
Floats = NDArray[np.float64]


def mix(values: Keys) -> Keys:
    """Return the SplitMix64 finaliser of 64-bit values: a bijection that looks random."""
    z = values + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def text_key(text: str) -> int:
    """Return a stable 32-bit key of a name (``hash`` differs between processes)."""
    return zlib.crc32(text.encode("utf-8"))


def combine(first: Keys, second: Keys | int) -> Keys:
    """Return keys of pairs, element by element."""
    return mix(mix(first) ^ np.asarray(second, dtype=np.uint64))


def keys(seed: int, name: str, numbers: NDArray[np.int64]) -> Keys:
    """Return the keys of numbered things of one kind: seed and kind first, number second."""
    root = mix(np.array([(seed & 0xFFFFFFFF) << 32 | text_key(name)], dtype=np.uint64))
    return combine(np.broadcast_to(root, numbers.shape), numbers.astype(np.uint64))


def uniform(key: Keys, field: str | int) -> Floats:
    """Return one uniform draw in (0, 1) per key for a named property."""
    number = text_key(field) if isinstance(field, str) else field
    bits = combine(key, number) >> np.uint64(11)
    return (bits.astype(np.float64) + 0.5) / 2.0**53


def normal(key: Keys, field: str | int) -> Floats:
    """Return one standard normal draw per key for a named property."""
    return np.asarray(ndtri(uniform(key, field)), dtype=np.float64)
