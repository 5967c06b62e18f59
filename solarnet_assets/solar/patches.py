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


def shares(common: float, found: float, real: float, hit: float, true: float, false: float) -> dict[str, float]:
    """Return PV-class IoU, precision and recall over pixels, and precision, recall and F1 over patches.

    Args:
        common: pixels found that are true.
        found: pixels found.
        real: true pixels.
        hit: true patches that were found; this and what follows as :func:`match` counts.
        true: true patches.
        false: found patches that are not true.
    """
    precision, recall = hit / max(hit + false, 1), hit / max(true, 1)
    made = {
        "iou": common / max(found + real - common, 1),
        "precision": common / max(found, 1),
        "recall": common / max(real, 1),
        "farm_precision": precision,
        "farm_recall": recall,
        "farm_f1": 2 * precision * recall / max(precision + recall, 1e-6),
    }
    return {name: round(value, 4) for name, value in made.items()}
