"""Keyed hashes of device ids."""

from __future__ import annotations

import hashlib

import numpy as np
import polars as pl
from numpy.typing import NDArray

REMEMBERED = 1 << 22
"""Ids whose hash is kept, by default: 64 MB. A direct-mapped table; whoever does not fit is hashed again."""


def hash_ids(ids: pl.Series, key: bytes) -> pl.Series:
    """Return the keyed 64-bit BLAKE2b hash (RFC 7693) of each id; equal ids are hashed once."""
    return pl.Series(ids.name, Hasher(key, 1 << 10)(ids), dtype=pl.UInt64)


class Hasher:
    """Hashes ids, and remembers those seen before: a device reports many times a day, in one chunk after another.

    What is looked up is a fast hash of the id, 63 bits long: that any two ids of a nation's 10^8 share it has a
    probability of 5e-4, that any two share the keyed hash 3e-4.

    Args:
        key: secret of at most 64 bytes.
        remembered: size of the memory, a power of two.
    """

    def __init__(self, key: bytes, remembered: int = REMEMBERED) -> None:
        self._key = key
        self._mask = np.uint64(remembered - 1)
        self._seen = np.zeros(remembered, np.uint64)
        self._hashes = np.zeros(remembered, np.uint64)

    def __call__(self, ids: pl.Series) -> NDArray[np.uint64]:
        """Return the hash of each id (strings without null), shape (n,)."""
        quick = ids.hash().to_numpy() | np.uint64(1)  # 0 marks an empty place
        place = quick & self._mask
        hashes = self._hashes[place]
        new = np.flatnonzero(self._seen[place] != quick)
        if len(new):
            first, back = np.unique(quick[new], return_index=True, return_inverse=True)[1:]
            fresh = self._digests(ids.gather(new[first]))
            hashes[new] = fresh[back]
            self._seen[place[new]] = quick[new]
            self._hashes[place[new]] = hashes[new]
        return hashes

    def _digests(self, ids: pl.Series) -> NDArray[np.uint64]:
        blake, key = hashlib.blake2b, self._key
        found = [blake(raw, digest_size=8, key=key).digest() for raw in ids.cast(pl.Binary).to_list()]
        return np.frombuffer(b"".join(found), "<u8")
