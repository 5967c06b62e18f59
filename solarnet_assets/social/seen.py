"""Which posts of a day have been seen, in 12 bytes a post."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass
class Seen:
    """Hashes of posts in sorted runs, each at least twice as long as the one after it (a log-structured merge)."""

    _runs: list[tuple[NDArray[np.uint64], NDArray[np.uint32]]] = field(default_factory=list)

    def first(self, posts: NDArray[np.uint64], files: NDArray[np.uint32]) -> NDArray[np.int64]:
        """Add posts; return for each the file that had it before, -1 where it is the first of its id.

        Args:
            posts: keyed hashes of ids (n,).
            files: number of the file of each (n,).
        """
        unique, where, inverse = np.unique(posts, return_index=True, return_inverse=True)  # index of the first one
        before = np.full(len(posts), -1, np.int64)
        again = np.ones(len(posts), bool)
        again[where] = False
        before[again] = files[where[inverse[again]]]
        known = np.full(len(unique), -1, np.int64)
        for run, of_file in self._runs:
            at = np.minimum(np.searchsorted(run, unique), len(run) - 1)
            known = np.where(run[at] == unique, of_file[at], known)
        before = np.where(known[inverse] >= 0, known[inverse], before)
        new = known < 0
        self._add(unique[new], files[where[new]].astype(np.uint32))
        return before

    def _add(self, posts: NDArray[np.uint64], files: NDArray[np.uint32]) -> None:
        if not len(posts):
            return
        self._runs.append((posts, files))
        while len(self._runs) > 1 and len(self._runs[-2][0]) < 2 * len(self._runs[-1][0]):
            (a, of_a), (b, of_b) = self._runs[-2:]
            both = np.concatenate([a, b])
            order = np.argsort(both, kind="stable")
            self._runs[-2:] = [(both[order], np.concatenate([of_a, of_b])[order])]
