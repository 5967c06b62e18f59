"""The noise of a pass: multiplicative above an additive floor, of a learned scale, with heavy tails."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.nowcast.baseline import DOF

Array = NDArray[np.float64]

FLOOR = 1.0
"""Smallest standard deviation of one pass, percent: no reading is exact."""

SITE_PRIOR = 15.0
"""Weight of the panel's noise scale in a site's own, in passes."""


class Noise:
    """Variance of a pass: stated precision, moved to the fitted level, times learned scales.

    The stated precision was judged at the value that was read, so a low reading claims to be precise. Variance as a
    straight line in the squared level is fitted to what is stated; what a pass states above or below that line (cloud,
    saturation) stays with it.

    Args:
        seen: where a pass is, shape (S, M).
        value: percent of the own baseline, shape (S, M).
        sd: stated standard deviation, percent, shape (S, M).
    """

    def __init__(self, seen: NDArray[np.bool_], value: Array, sd: Array) -> None:
        self.seen = seen
        stated, square = sd[seen] ** 2, value[seen] ** 2
        centred = square - square.mean()
        slope = float(centred @ stated / max(float(centred @ centred), 1e-9))
        self.slope = min(max(slope, 0.0), float(stated.mean() / max(square.mean(), 1e-9)))
        self.floor = max(float(stated.mean()) - self.slope * float(square.mean()), FLOOR**2)
        at_value = self.floor + self.slope * value**2
        self.quality = np.clip(np.maximum(sd**2, FLOOR**2) / at_value, 0.1, 100.0)
        self.scale = np.ones((seen.shape[0], 1))
        self.robust = np.ones(seen.shape)

    def variance(self, level: Array) -> Array:
        """Return the variance of each pass at the fitted level, shape (S, M)."""
        stated = self.quality * (self.floor + self.slope * np.maximum(level, 0.0) ** 2)
        return np.asarray(stated * self.scale / self.robust, dtype=np.float64)

    def doubt(self, square: Array, variance: Array) -> None:
        """Set Student-t weights from squared errors and the variances used, both (S, M); scales stay."""
        self.robust = (DOF + 1.0) / (DOF + np.where(self.seen, square * self.robust / variance, 0.0))

    def update(self, square: Array, variance: Array) -> None:
        """Re-estimate scales and Student-t weights from expected squared errors and the variances used, both (S, M)."""
        stated = variance * self.robust / self.scale
        reduced = np.where(self.seen, square / stated, 0.0)
        self.robust = (DOF + 1.0) / (DOF + reduced / self.scale)
        weighed = np.where(self.seen, self.robust * reduced, 0.0)
        pooled = weighed.sum() / self.seen.sum()
        count = self.seen.sum(axis=1, keepdims=True)
        self.scale = (SITE_PRIOR * pooled + weighed.sum(axis=1, keepdims=True)) / (SITE_PRIOR + count)
