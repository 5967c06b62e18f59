"""What HeatNet looks at: six bands and how far each can be trusted, from whatever bands an image has. No torch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

SLOTS: tuple[tuple[str, ...], ...] = (
    ("B02", "TCI_B"), ("B03", "TCI_G"), ("B04", "TCI_R"), ("B8A", "B08", "B09"), ("B11",), ("B12",),
)  # fmt: skip
"""Slot -> bands that fill it, the first that is there."""

STAND_IN = 0.5
"""Trust in a band that stands in: B09 (60 m, in water vapour) for B8A, an 8-bit rendering for a visible band."""

_STAND_INS = frozenset({"B09", "TCI_R", "TCI_G", "TCI_B"})

PLANES = 2 * len(SLOTS)

LARGEST = 3.0
"""Reflectance at which planes are cut: sensors saturate below."""


def usable(bands: Mapping[str, Array]) -> str | None:
    """Return why HeatNet cannot judge an image with these bands, None where it can."""
    if "B12" not in bands:
        return "band B12 is missing: heat cannot be seen without 2.2 um"
    if not any(name in bands for slot in SLOTS[:-1] for name in slot):
        return "there is no band beside B12: HeatNet cannot tell heat from bright ground"
    return None


def planes(reflectance: Mapping[str, Array], tci: bool = False) -> Array:
    """Return the input of HeatNet, (12, H, W) float32: reflectance of six slots, then trust in each, 0 to 1.

    Args:
        reflectance: band name -> (H, W), NaN where nothing was measured; ``TCI_*`` as reflectance
            (``radiometry.rendering_reflectance``).
        tci: visible bands are a rendering, whatever their names are.
    """
    shape = reflectance["B12"].shape
    out = np.zeros((PLANES, *shape), np.float32)
    for slot, names in enumerate(SLOTS):
        name = next((n for n in names if n in reflectance), None)
        if name is None:
            continue
        band = reflectance[name]
        known = np.isfinite(band)
        out[slot] = np.clip(np.where(known, band, 0), 0, LARGEST)
        out[len(SLOTS) + slot] = known * (STAND_IN if name in _STAND_INS or (tci and slot < 3) else 1.0)
    return out
