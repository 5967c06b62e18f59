"""Figures at 10 m beyond the usual chips: whole scenes, files that lack bands, numbers that are a little wrong."""
# ruff: noqa: TID253  (training code; nothing that Dagster loads imports this module at module level)

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import nn

from solarnet_assets.solar.assess import counts, predict
from solarnet_assets.solar.model import BANDS, MISSING
from solarnet_assets.solar.render import SolarChip, render

SCENES = ((256, 48, 9_004), (512, 12, 9_005))
"""Side (pixels), number and seed of larger held-out scenes."""

LACKING = (("B12",), ("B11",), ("B11", "B12"), ("B08",), ("B08", "B11", "B12"))
"""Bands that files do not have."""

WRONG = {"offset_left_in": (1.0, 0.1), "gain_0.8": (0.8, 0.0), "gain_1.25": (1.25, 0.0)}
"""Name -> gain and offset of reflectance."""


def figures(net: nn.Module, threshold: float, scale: float = 1.0) -> dict[str, float]:
    """Return PV-class IoU and farm F1 on larger scenes, and on those of 256 pixels with bands missing or numbers wrong.

    Args:
        net: the network.
        threshold: smallest probability of panels.
        scale: share of :data:`SCENES` that is rendered, for tests.
    """
    found: dict[str, float] = {}
    for side, number, seed in SCENES:
        rngs = [np.random.default_rng([seed, n]) for n in range(max(1, round(number * scale)))]
        chips = [render(rng, side, filled=True) for rng in rngs]
        found |= _scored(net, threshold, chips, [c.reflectance for c in chips], f"{side}")
        if side != SCENES[0][0]:
            continue
        for bands in LACKING:
            images = [without(c.reflectance, bands) for c in chips]
            found |= _scored(net, threshold, chips, images, f"{side}_without_{'_'.join(bands)}")
        for name, (gain, offset) in WRONG.items():
            images = [c.reflectance * np.float32(gain) + np.float32(offset) for c in chips]
            found |= _scored(net, threshold, chips, images, f"{side}_{name}")
    return found


def without(reflectance: NDArray[np.float32], bands: Sequence[str]) -> NDArray[np.float32]:
    """Return reflectance (6, H, W) as a file without these bands is read."""
    left = reflectance.copy()
    for name in bands:
        left[BANDS.index(name)] = MISSING[name]
    return left


def _scored(
    net: nn.Module, threshold: float, chips: list[SolarChip], images: list[NDArray[np.float32]], name: str
) -> dict[str, float]:
    probability = np.concatenate([predict(net, [image]) for image in images])
    own = counts(probability, chips, threshold)
    return {f"iou_{name}": own["iou"], f"farm_f1_{name}": own["farm_f1"]}
