"""Figures of a network on held-out pictures: masks by scale, whether panels are there, false alarms on real frames."""
# ruff: noqa: TID253  (training code; nothing that Dagster loads imports this module at module level)

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from solarnet_assets.solar import presence
from solarnet_assets.solar.assess import HELD_OUT, predict
from solarnet_assets.solar.patches import match, shares
from solarnet_assets.solar.rgb_render import CHIP, RgbChip
from solarnet_assets.solar.tasks import PRESENT
from solarnet_assets.solar.tasks import held_out as chips_of
from solarnet_assets.solar.views import merge, spread

THRESHOLDS = tuple(float(t) for t in np.round(np.arange(0.25, 0.75, 0.05), 2))

SCALES = (0.07, 0.2, 0.5, 1.2, 3.0)
"""Bounds of the classes of ground sampling distance that figures are given for, m."""


def inputs(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return a picture (H, W, 3) as networks take it, (3, H, W) 0..1."""
    return np.ascontiguousarray(image.transpose(2, 0, 1), np.float32) * np.float32(1 / 255)


def predicted(net: nn.Module, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Return the probabilities (n, H, W) of pictures of one square size, as they are used: over their views."""
    views = zip(*(spread(inputs(picture)) for picture in pictures), strict=True)
    return np.stack([merge(own) for own in zip(*(predict(net, list(v)) for v in views), strict=True)])


def figures(probability: NDArray[np.float32], chips: Sequence[RgbChip], threshold: float) -> dict[str, float]:
    """Return PV-class IoU, precision, recall over all pixels, per-array F1, and the mean IoU of tiles with panels."""
    rows = np.array([_count(p, c, threshold) for p, c in zip(probability, chips, strict=True)], float)
    common, found, real, hit, true, false = (float(x) for x in rows.sum(0))
    shown = rows[:, 2] >= PRESENT
    single = rows[shown, 0] / np.maximum(rows[shown, 1] + rows[shown, 2] - rows[shown, 0], 1)
    return {
        "chips": len(rows),
        **shares(common, found, real, hit, true, false),
        "iou_per_chip": round(float(single.mean()) if len(single) else 0.0, 4),
    }


def _count(p: NDArray[np.float32], chip: RgbChip, threshold: float) -> tuple[int, int, int, int, int, int]:
    mask, truth = p > threshold, chip.share > 0.5
    return (int((mask & truth).sum()), int(mask.sum()), int(truth.sum()), *match(mask, truth))


def _asked(chips: Sequence[RgbChip]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which tiles show panels, and which are asked for."""
    pixels = np.array([(c.share > 0.5).sum() for c in chips])
    none = np.array([not c.share.any() for c in chips])
    return pixels >= PRESENT, (pixels >= PRESENT) | none


def assess(net: nn.Module, held_out: int, workers: int = 0, frames: Sequence[NDArray[np.uint8]] = ()) -> dict[str, Any]:
    """Choose threshold and presence score on held-out pictures; return them with figures from other pictures.

    ``frames`` are real frames without panels that no training saw: the share of their tiles said to show some is given.
    """
    chips = {name: chips_of("rgb", s, held_out, workers) for name, s in HELD_OUT.items()}
    found = {name: predicted(net, [c.image for c in own]) for name, own in chips.items()}
    tried = {t: figures(found["calibration"], chips["calibration"], t) for t in THRESHOLDS}
    threshold = max(tried, key=lambda t: tried[t]["iou"] + tried[t]["iou_per_chip"])
    present, asked = _asked(chips["calibration"])
    rows = np.stack([presence.features(p) for p in found["calibration"]])
    card: dict[str, Any] = {"presence": {"weights": presence.fit(rows[asked], present[asked]), "threshold": 0.5}}
    test = figures(found["test"], chips["test"], threshold)
    gsd = np.array([c.gsd for c in chips["test"]])
    for low, high in pairwise(SCALES):
        at = np.flatnonzero((gsd >= low) & (gsd < high))
        own = figures(found["test"][at], [chips["test"][n] for n in at], threshold) if len(at) else {"iou": 0.0}
        test[f"iou_{low:g}_{high:g}_m"] = own["iou"]
    present, asked = _asked(chips["test"])
    scores = np.array([presence.score(p, card) for p in found["test"]])
    test["presence_auc"] = round(presence.auc(scores[asked], present[asked]), 4)
    test["presence_accuracy"] = round(float(((scores > 0.5) == present)[asked].mean()), 4)
    if len(frames):
        tiles = [tile for frame in frames for tile in _tiles(frame)]
        said = np.array([presence.score(p, card) > 0.5 for p in predicted(net, tiles)])
        test["real_tiles_without_panels"] = len(said)
        test["real_tiles_false"] = round(float(said.mean()), 4)
    return {
        "threshold": threshold,
        **card,
        "assessed": f"python -m solarnet_assets.solar.train rgb {held_out}  (seeds {HELD_OUT})",
        "calibration": tried[threshold],
        "test": test,
    }


def _tiles(frame: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    height, width = frame.shape[:2]
    starts = [(y, x) for y in range(0, height - CHIP + 1, CHIP) for x in range(0, width - CHIP + 1, CHIP)]
    return [frame[y : y + CHIP, x : x + CHIP] for y, x in starts]
