"""Radiance at 2.2 um above what the ground would reflect, pixel by pixel, linear in heat.

A threshold turns weak heat into none, so that a sum over detected pixels falls faster than the heat itself. Here
nothing is thresholded in the measure: what the ground reflects at 2.2 um is predicted for every pixel from its other
bands, by a linear model that is fitted on the clear, cool pixels of this scene in and around the site, and the excess
is what is left. Detection only decides which pixels the model is not fitted on. (Ours; the idea of a background from
the scene itself is that of spectral matched filters, e.g. Theiler & Foy 2006, doi:10.1109/LGRS.2005.860985.)

Why it is linear: heat enters the left side (B12) with weight one and the right side through B11 alone, in proportion
for a given temperature; visible and near infrared bands carry no heat below about 1,500 K. Glint and bright roofs are
bright in all bands, which the model follows. What it does not follow (a roof that is twice as bright at 2.2 um as its
other bands suggest) is a constant of the site, and is dealt with by :mod:`solarnet_assets.steel.activity`, which sums
over the pixels that are hot again and again and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.imagery.clouds import grow
from solarnet_assets.imagery.scene import Scene
from solarnet_assets.landing import BadInputError
from solarnet_assets.steel.detectors import TAI_KEEP

PREDICTORS = ("B02", "B03", "B04", "B05", "B08", "B8A", "B09", "B11")
"""Bands from which reflected 2.2 um light is predicted, as far as a scene has them."""

RING_METRES = 200.0
"""Reach of the surroundings that the model is also fitted on."""

SITE_WEIGHT = 3.0
"""Weight of the site's own cool pixels against its surroundings: roofs and slag are scarce outside a works."""

HOT_GROW = 2
"""Pixels around hot ones that are kept out of the fit: the reach of the point spread."""

CLIP = 3.0
ROUNDS = 4
MIN_PER_PREDICTOR = 20
"""Clear cool pixels needed for each coefficient."""


@dataclass(frozen=True)
class Excess:
    """Excess radiance of a site.

    Attributes:
        radiance: W m-2 sr-1 um-1 per pixel, (rows, columns); NaN outside the site and where nothing was seen.
        noise: robust standard deviation of a cool pixel, same unit.
    """

    radiance: NDArray[np.float32]
    noise: float


def excess_radiance(
    scene: Scene, site: NDArray[np.bool_], gsd: float, doubtful: NDArray[np.bool_] | None = None
) -> Excess:
    """Return 2.2 um radiance over the reflected background for every seen, unclouded pixel of a site.

    Args:
        scene: with B12 and at least one band of :data:`PREDICTORS`.
        site: pixels of the site (rows, columns).
        gsd: pixel size, m.
        doubtful: pixels that may be hot and are kept out of the fit, beside those over the index (rows, columns).

    Raises:
        BadInputError: too little clear ground to tell what is reflected.
    """
    clear = scene.seen if scene.cloud is None else scene.seen & ~scene.cloud
    near = grow(site, max(1, round(RING_METRES / gsd)))
    part = _bounding(near)
    clear, near, inside = clear[part], near[part], site[part]
    bands = [scene.reflectance[name][part] for name in PREDICTORS if name in scene.reflectance]
    target = np.nan_to_num(scene.reflectance["B12"][part]).astype(np.float64)
    design = np.stack([np.ones_like(target), *(np.nan_to_num(band) for band in bands)], axis=-1)
    hot = _hot(scene) if doubtful is None else _hot(scene) | doubtful
    cool = clear & near & ~grow(hot[part], HOT_GROW)
    residual, sd = _robust_fit(design[near], target[near], cool[near], np.where(inside, SITE_WEIGHT, 1.0)[near])
    out = np.full(site.shape, np.nan, dtype=np.float32)
    block = np.full(target.shape, np.nan)
    block[near] = residual
    gain = scene.gain("B12")
    out[part] = np.where(inside & clear, block * gain, np.nan)
    return Excess(out, float(sd) * gain)


def _bounding(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        raise BadInputError("the site lies outside the scene")
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(cols[0]), int(cols[-1]) + 1)


def _hot(scene: Scene) -> NDArray[np.bool_]:
    """Return pixels whose thermal anomaly index passes its threshold, without the contextual tests."""
    r = scene.reflectance
    nir = next((r[name] for name in ("B8A", "B08", "B09") if name in r), None)
    if nir is None or "B11" not in r:
        return np.zeros(r["B12"].shape, dtype=bool)
    return np.nan_to_num(r["B12"] - r["B11"]) > TAI_KEEP * np.maximum(np.nan_to_num(nir), 0.02)


def _robust_fit(
    design: NDArray[np.float64], target: NDArray[np.float64], usable: NDArray[np.bool_], weight: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Fit ``target ~ design`` by weighted least squares with clipping at 3 robust sd; return residuals and their sd.

    Args:
        design: (pixels, coefficients).
        target: (pixels,).
        usable: pixels to fit on.
        weight: weight per pixel.

    Raises:
        BadInputError: too few usable pixels.
    """
    need = MIN_PER_PREDICTOR * design.shape[1]
    if np.count_nonzero(usable) < need:
        raise BadInputError(f"fewer than {need} clear pixels to tell what the ground reflects")
    fit = usable
    ridge = 1e-9 * np.eye(design.shape[1])
    for _ in range(ROUNDS):
        weighted = design[fit] * weight[fit][:, None]
        coefficients = np.linalg.solve(weighted.T @ design[fit] + ridge, weighted.T @ target[fit])
        residual = target - design @ coefficients
        spread = np.abs(residual[fit] - np.median(residual[fit]))
        sd = max(1.4826 * float(np.median(spread)), 1e-6)
        fit = usable & (np.abs(residual) < CLIP * sd)
    return residual, sd
