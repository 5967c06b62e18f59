"""Published hot-pixel rules for Sentinel-2 and Landsat, as pure functions behind one interface.

A detector takes :class:`Bands` and returns a boolean mask, or says by :class:`CannotDecide` which band it lacks.
Masks are False where a band is NaN. B8A may be stood in for by B09 or B08 (:func:`bands_of`): B09 lies in a
water-vapour absorption and is darker than B8A over the same ground by a scene-dependent part, so that ratios to it
come out too high; B08 is broader and differs little.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Mask = NDArray[np.bool_]

# TAI: Liu et al., global industrial heat sources from Sentinel-2 (as in the authors' published code).
TAI_SEED = 0.45  # TAI above its own mean of 15 x 15 pixels
TAI_KEEP = 0.45  # TAI of pixels near a seed
TAI_WINDOW = 15  # pixels: side of the mean, and reach of the buffer around seeds
TAI_MIN_R12 = 0.15
TAI_SATURATED = 1.0  # r12 and r11 of saturated neighbours
TAI_MIN_R11 = 0.05
TAI_MIN_R8A = 0.01

# NHI: Marchese et al. 2019, Remote Sens. 11:2876, doi:10.3390/rs11232876; radiances in W m-2 sr-1 um-1. The authors'
# later web tool adds a guard against misregistration, (L2.2 - L0.8) / (L2.2 + L0.8) > -0.6 or -0.3: not used here.
NHI_MIN_L22 = 2.0
NHI_MAX_L07_A = 90.0
NHI_MIN_L08 = 10.0
NHI_MAX_L07_B = 70.0
NHI_EXTREME_L16 = 70.0

# HOTMAP: Murphy et al. 2016, Remote Sens. Environ. 177:78, doi:10.1016/j.rse.2016.02.027.
HOTMAP_RATIO = 1.4
HOTMAP_MIN_R12 = 0.15
HOTMAP_GROW_RATIO = 2.0
HOTMAP_GROW_R11 = 0.5

# Massimetti et al. 2020, Remote Sens. 12:820, doi:10.3390/rs12050820.
MASSIMETTI_ALPHA = (1.4, 1.2, 0.15)  # r12/r11, r12/r8A, r12
MASSIMETTI_BETA = (2.0, 0.5, 0.5)  # r11/r8A, r11, r12
MASSIMETTI_S = (1.2, 1.0, 1.5, 1.0)  # r12 >=, r8A <=, or r11 >=, r8A >=
MASSIMETTI_GAMMA = (1.0, 1.0, 0.5)  # r12, r11, r8A of a pixel whose eight neighbours are all hot


class CannotDecide(ValueError):  # noqa: N818 - a statement about the input, read by people
    """A detector lacks a band; the message says which and what follows."""


@dataclass(frozen=True)
class Bands:
    """What detectors look at, arrays of (rows, columns) float32.

    Attributes:
        r8a: reflectance at 0.865 um, or of its stand-in.
        r11: reflectance at 1.61 um.
        r12: reflectance at 2.2 um.
        l07: radiance at about 0.7 um (B05, else B04), W m-2 sr-1 um-1; None where no visible band is there.
        gain: radiance per reflectance of 0.865, 1.61 and 2.2 um.
        nir: band that ``r8a`` really is.
    """

    r8a: Array | None
    r11: Array | None
    r12: Array
    gain: tuple[float, float, float]
    l07: Array | None = None
    nir: str | None = "B8A"


def bands_of(reflectance: Mapping[str, Array], gain: Callable[[str], float]) -> Bands:
    """Return the bands of a scene, B09 or B08 in place of a missing B8A.

    Args:
        reflectance: band name -> (rows, columns).
        gain: radiance per reflectance of a band name.

    Raises:
        CannotDecide: there is no 2.2 um band.
    """
    if "B12" not in reflectance:
        raise CannotDecide("band B12 is missing: heat cannot be seen without 2.2 um")
    nir = next((name for name in ("B8A", "B08", "B09") if name in reflectance), None)
    red = next((name for name in ("B05", "B04") if name in reflectance), None)
    return Bands(
        r8a=None if nir is None else reflectance[nir],
        r11=reflectance.get("B11"),
        r12=reflectance["B12"],
        gain=(gain(nir or "B8A"), gain("B11"), gain("B12")),
        l07=None if red is None else reflectance[red] * np.float32(gain(red)),
        nir=nir,
    )


def _need(band: Array | None, name: str, detector: str) -> Array:
    if band is None:
        raise CannotDecide(f"band {name} is missing: {detector} cannot tell heat from bright ground")
    return band


def tai_index(bands: Bands) -> Array:
    """Return the thermal anomaly index ``(r12 - r11) / r8A``; NaN where a band is NaN."""
    r8a, r11 = _need(bands.r8a, "B8A", "TAI"), _need(bands.r11, "B11", "TAI")
    return np.asarray((bands.r12 - r11) / np.maximum(r8a, 1e-4), dtype=np.float32)


def tai(bands: Bands) -> Mask:
    """Return hot pixels by TAI, the primary rule for industry."""
    from scipy.ndimage import maximum_filter, uniform_filter

    r8a, r11, r12 = _need(bands.r8a, "B8A", "TAI"), _need(bands.r11, "B11", "TAI"), bands.r12
    index = np.nan_to_num(tai_index(bands))
    positive = np.maximum(index, 0)
    seed = positive - uniform_filter(positive, TAI_WINDOW, mode="nearest") > TAI_SEED
    if not seed.any():
        return seed
    near = maximum_filter(seed, size=2 * TAI_WINDOW + 1)
    hot = near & (index >= TAI_KEEP) & ((r12 - r11) > (r11 - r8a)) & (r12 > TAI_MIN_R12)
    saturated = (r12 >= TAI_SATURATED) & (r11 >= TAI_SATURATED)
    if saturated.any():
        hot |= saturated & maximum_filter(hot, size=3)
    return np.asarray(hot & (r11 > TAI_MIN_R11) & (r8a > TAI_MIN_R8A))


def nhi(bands: Bands) -> Mask:
    """Return hot pixels by the normalised hotspot indices, on radiance.

    Without a visible band the guards against bright cloud and band misregistration (``L0.7``) are left out, and more
    false alarms are to be expected.
    """
    r8a, r11 = _need(bands.r8a, "B8A", "NHI"), _need(bands.r11, "B11", "NHI")
    l08, l16, l22 = (np.float32(g) * r for g, r in zip(bands.gain, (r8a, r11, bands.r12), strict=True))
    swir, swnir = l22 > l16, l16 > l08
    dim_a, dim_b, dim_c = _guards(bands.l07, l22)
    mild = swir & (l22 > NHI_MIN_L22) & dim_a
    strong = swnir & (l08 > NHI_MIN_L08) & (l22 > NHI_MIN_L22) & dim_b
    return np.asarray(mild | strong | ((l16 >= NHI_EXTREME_L16) & dim_c))


def _guards(l07: Array | None, like: Array) -> tuple[Mask, Mask, Mask]:
    if l07 is None:
        every = np.isfinite(like)
        return every, every, every
    dim = l07 < NHI_MAX_L07_B
    return l07 < NHI_MAX_L07_A, dim, dim


def hotmap(bands: Bands) -> Mask:
    """Return hot pixels by HOTMAP: seeds by ratios, grown over saturated neighbours."""
    from scipy.ndimage import binary_propagation

    r8a, r11, r12 = _need(bands.r8a, "B8A", "HOTMAP"), _need(bands.r11, "B11", "HOTMAP"), bands.r12
    seed = (r12 >= HOTMAP_RATIO * r11) & (r12 >= HOTMAP_RATIO * r8a) & (r12 >= HOTMAP_MIN_R12)
    if not seed.any():
        return np.asarray(seed)
    halo = (r11 >= HOTMAP_GROW_RATIO * r8a) & (r11 > HOTMAP_GROW_R11)
    return np.asarray(binary_propagation(seed, np.ones((3, 3), bool), mask=seed | halo))


def massimetti(bands: Bands) -> Mask:
    """Return hot pixels by the contextual rule of Massimetti et al.: alpha, beta, saturated, surrounded."""
    from scipy.ndimage import convolve

    r8a, r11, r12 = _need(bands.r8a, "B8A", "Massimetti"), _need(bands.r11, "B11", "Massimetti"), bands.r12
    a, b, s, g = MASSIMETTI_ALPHA, MASSIMETTI_BETA, MASSIMETTI_S, MASSIMETTI_GAMMA
    alpha = (r12 >= a[0] * r11) & (r12 >= a[1] * r8a) & (r12 >= a[2])
    beta = (r11 >= b[0] * r8a) & (r11 >= b[1]) & (r12 >= b[2])
    saturated = ((r12 >= s[0]) & (r8a <= s[1])) | ((r11 >= s[2]) & (r8a >= s[3]))
    ring = np.ones((3, 3), np.uint8)
    ring[1, 1] = 0
    surrounded = convolve((alpha | beta).astype(np.uint8), ring, mode="constant", cval=1) == 8
    gamma = (r12 >= g[0]) & (r11 >= g[1]) & (r8a >= g[2]) & surrounded
    return np.asarray(alpha | beta | saturated | gamma)


DETECTORS: Mapping[str, Callable[[Bands], Mask]] = {
    "TAI": tai, "NHI": nhi, "HOTMAP": hotmap, "Massimetti": massimetti,
}  # fmt: skip
"""Name -> detector."""
