"""How well hot pixels are found: recall, false hot pixels, the network against rules at equal recall, reliability."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.steel.detectors import DETECTORS, CannotDecide, bands_of

Array = NDArray[np.float32]
Mask = NDArray[np.bool_]

BINS = (0.0, 0.001, 0.01, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 0.99, 1.0)
"""Edges of the bins of probability in a reliability table."""


HOT_FLOOR = 0.05
HOT_SHARE = 0.5
"""A pixel is hot where heat adds at least ``HOT_FLOOR + HOT_SHARE * background`` to its reflectance at 2.2 um: half of
what the ground reflects and a little more, about what the published rules ask for (HOTMAP: 1.4 times the reflectance at
1.6 um, which is 1.2 times that at 2.2 um over soil). Ours."""

COOL = 0.3
"""Below this part of that limit a pixel is certainly cool; in between lie embers and skirts of the point spread."""

TAUGHT = 0.7
"""Below this part of that limit training calls a pixel cool; between it and the limit nothing is taught. The limit is
ours and nature's heat has none: what is certainly heat must not look as doubtful as a glint. Ours."""


def untaught(heat: Array, background: Array) -> Mask:
    """Return pixels (H, W) from which training learns nothing; arguments as for :func:`truth`."""
    limit = HOT_FLOOR + HOT_SHARE * np.maximum(background, 0)
    return (heat >= TAUGHT * limit) & (heat < limit)


def truth(heat: Array, background: Array) -> tuple[Mask, Mask]:
    """Return hot pixels and pixels that are certainly cool, (H, W); the rest counts neither way.

    Args:
        heat: reflectance at 2.2 um that hot surfaces add.
        background: reflectance at 2.2 um without them.
    """
    limit = HOT_FLOOR + HOT_SHARE * np.maximum(background, 0)
    return heat >= limit, heat < COOL * limit


@dataclass(frozen=True)
class Judged:
    """One image with truth, judged by the network and by the reference detectors.

    Attributes:
        probability: (H, W) by the network.
        rules: detector -> (H, W) hot pixels; without those that could not decide.
        hot: pixels that are hot.
        cool: pixels that are certainly not; the rest counts neither way.
    """

    probability: Array
    rules: Mapping[str, Mask]
    hot: Mask
    cool: Mask


def reference(reflectance: Mapping[str, Array], gain: Callable[[str], float]) -> dict[str, Mask]:
    """Return hot pixels by each reference detector that can decide.

    Args:
        reflectance: band name -> (H, W).
        gain: radiance per reflectance of a band name.
    """
    found: dict[str, Mask] = {}
    bands = bands_of(reflectance, gain)
    for name, detector in DETECTORS.items():
        try:
            found[name] = detector(bands)
        except CannotDecide:
            continue
    return found


def at_threshold(judged: Sequence[Judged], threshold: float) -> dict[str, float]:
    """Return recall of hot pixels, precision against cool ones, and false hot pixels per 100,000 cool ones."""
    hits = sum(int(((j.probability >= threshold) & j.hot).sum()) for j in judged)
    false = sum(int(((j.probability >= threshold) & j.cool).sum()) for j in judged)
    hot, cool = (sum(int(getattr(j, name).sum()) for j in judged) for name in ("hot", "cool"))
    return {
        "images": len(judged),
        "hot_pixels": hot,
        "recall": round(hits / max(hot, 1), 4),
        "precision": round(hits / max(hits + false, 1), 4),
        "false_hot_pixels": false,
        "false_per_100000": round(1e5 * false / max(cool, 1), 2),
    }


def against_rules(judged: Sequence[Judged]) -> dict[str, dict[str, float]]:
    """Return, per reference detector, its recall and false hot pixels beside the network's at the same recall.

    The network's threshold is the largest one at which it finds at least as many of the hot pixels.
    """
    table: dict[str, dict[str, float]] = {}
    for name in DETECTORS:
        images = [j for j in judged if name in j.rules]
        if not images:
            continue
        hits = sum(int((j.rules[name] & j.hot).sum()) for j in images)
        false = sum(int((j.rules[name] & j.cool).sum()) for j in images)
        ordered = np.sort(np.concatenate([j.probability[j.hot] for j in images]))[::-1]
        threshold = float(ordered[hits - 1]) if hits else 1.1
        ours = sum(int(((j.probability >= threshold) & j.cool).sum()) for j in images)
        table[name] = {
            "recall": round(hits / max(len(ordered), 1), 4),
            "false_hot_pixels": false,
            "network_threshold": round(threshold, 6),
            "network_false_hot_pixels": ours,
            "times_fewer": round(false / max(ours, 1), 1),
        }
    return table


def reliability(judged: Sequence[Judged]) -> list[dict[str, float]]:
    """Return, per bin of probability, the number of pixels, the mean stated and the observed share of hot ones.

    Pixels that are neither hot nor certainly cool count in no bin.
    """
    p = np.concatenate([j.probability[j.hot | j.cool] for j in judged])
    hot = np.concatenate([j.hot[j.hot | j.cool] for j in judged])
    rows = []
    for low, high in itertools.pairwise(BINS):
        inside = (p >= low) & ((p < high) | (high == 1.0))
        if inside.any():
            stated, seen = float(p[inside].mean()), float(hot[inside].mean())
            rows.append({"from": low, "to": high, "pixels": int(inside.sum()), "stated": round(stated, 5),
                         "observed": round(seen, 5)})  # fmt: skip
    return rows


def calibration_error(table: Sequence[Mapping[str, Any]]) -> float:
    """Return the expected calibration error over pixels with a probability of at least 0.01, which decide."""
    rows = [row for row in table if row["from"] >= 0.01]
    count = sum(row["pixels"] for row in rows)
    return round(sum(row["pixels"] * abs(row["stated"] - row["observed"]) for row in rows) / max(count, 1), 4)
