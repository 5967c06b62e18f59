"""What a reader should know of an image before trusting what detectors say of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.landing import BadInputError

NEVER_BELOW = -0.5
"""Reflectance below which a number is no measurement but a filler such as -9999 that the file does not declare. An
offset taken twice gives -0.1. Ours."""

DARK, BRIGHT = 0.01, 1.1
"""Median reflectance outside of which numbers were probably misunderstood: deep water and snow. Ours."""

CONTEXT = 24
"""Pixels of a side below which HeatNet sees hardly any surroundings: its contrasts look 11 pixels wide. Ours."""

_KNOWN = re.compile(r"B(0[1-9]|1[0-2]|8A)|TCI_[RGB]")


def empty(band: NDArray[np.float32]) -> bool:
    """Return whether a band holds nothing: one value that is zero or missing throughout."""
    return not np.nan_to_num(band).any()


def doubts(
    name: str, names: Sequence[str], reflectance: Mapping[str, NDArray[np.float32]], fillers: int = 0
) -> list[str]:
    """Return one sentence for each reason to doubt that an image was understood.

    Args:
        name: file, for messages.
        names: bands in the file's order.
        reflectance: band name -> (H, W), NaN where nothing was measured.
        fillers: numbers under ``NEVER_BELOW``, which were taken out.

    Raises:
        BadInputError: no band but renderings holds a measured pixel.
    """
    measured = {band: values for band, values in reflectance.items() if not empty(values)}
    numbers = [values[:: 1 + len(values) // 1000] for band, values in measured.items() if not band.startswith("TCI")]
    if not numbers:
        raise BadInputError(f"{name} holds no number that can be a reflectance; see --scale and --offset")
    notes = []
    twice = sorted({band for band in names if list(names).count(band) > 1})
    if twice:
        notes.append(f"{', '.join(twice)} is there more than once: the first counts")
    blank = [band for band in reflectance if band not in measured]
    if blank:
        notes.append(f"{', '.join(blank)} is empty and counts as not there")
    unknown = [band for band in measured if not _KNOWN.fullmatch(band)]
    if unknown:
        notes.append(f"no detector knows a band called {', '.join(unknown)}: --bands may name it")
    if fillers:
        notes.append(f"{fillers} numbers are a reflectance under {NEVER_BELOW:g} and count as not measured")
    level = float(np.median([np.nanmedian(values) for values in numbers]))
    if not DARK <= level <= BRIGHT:
        what = "dark as deep water" if level < DARK else "brighter than snow"
        notes.append(f"the image is {what}: is --scale right? (1 for reflectance, 100 for percent)")
    if min(numbers[0].shape[-1], len(reflectance[names[0]])) < CONTEXT:
        notes.append(f"under {CONTEXT} pixels wide, HeatNet sees hardly any surroundings and may miss heat")
    return notes
