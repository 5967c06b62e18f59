"""Patches of two masks held against each other. Free of torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def match(mask: NDArray[np.bool_], truth: NDArray[np.bool_], least: int = 10) -> tuple[int, int, int]:
    """Return true patches of which half was found, true patches, and found patches of which half is not true.

    Patches are four-connected and have at least ``least`` pixels.
    """
    from scipy import ndimage

    labels, n = ndimage.label(truth)
    patches, m = ndimage.label(mask)
    size = np.bincount(labels.ravel(), minlength=n + 1)[1:]
    seen = np.bincount(labels[mask].ravel(), minlength=n + 1)[1:]
    size_found = np.bincount(patches.ravel(), minlength=m + 1)[1:]
    right = np.bincount(patches[truth].ravel(), minlength=m + 1)[1:]
    big, big_found = size >= least, size_found >= least
    return int((big & (seen >= 0.5 * size)).sum()), int(big.sum()), int((big_found & (right < 0.5 * size_found)).sum())
