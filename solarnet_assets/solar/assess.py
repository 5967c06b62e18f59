"""Figures of a network at 10 m on held-out scenes: areas, farms, and the threshold that gives the right area."""
# ruff: noqa: TID253  (training code; nothing that Dagster loads imports this module at module level)

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from solarnet_assets.solar.patches import match, shares
from solarnet_assets.solar.render import SolarChip
from solarnet_assets.solar.tasks import OPAQUE
from solarnet_assets.solar.tasks import held_out as chips_of

Z90 = 1.6448536269514722

THRESHOLDS = tuple(float(t) for t in np.round(np.arange(0.2, 0.75, 0.05), 2))

PLATEAU = 0.01
"""Thresholds whose IoU is within this of the best do as well; the one that gives the right area is taken. Ours."""

BLOCKS = 5
"""Pixels by which blocks are grown to join them into farms: those within 100 m, as the register does."""

FARM = 40
"""Pixels of the smallest farm whose area is judged, the smallest that is reported."""

HELD_OUT = {"calibration": 9_001, "test": 9_002}
"""Seeds of scenes that no training sees."""


@torch.no_grad()
def predict(net: nn.Module, inputs: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return the probabilities (n, H, W) of inputs (C, H, W) of one size."""
    device = next(net.parameters()).device
    batches = torch.from_numpy(np.stack(inputs)).split(32)
    return np.concatenate([torch.sigmoid(net(b.to(device)).float()).cpu().numpy()[:, 0] for b in batches])


def counts(probability: NDArray[np.float32], chips: list[SolarChip], threshold: float) -> dict[str, float]:
    """Return PV-class IoU, precision and recall, per-farm F1, and false farms per 100 km2.

    A farm is a connected patch of at least ten pixels; found when at least half of it is.
    """
    rows = np.array([_count(p, chip, threshold) for p, chip in zip(probability, chips, strict=True)], float)
    common, found, real, hit, true, false = (float(x) for x in rows.sum(0))
    return {
        "chips": len(chips),
        **shares(common, found, real, hit, true, false),
        "farms": int(true),
        "false_farms_per_100_km2": round(false / (len(chips) * chips[0].share.size * 1e-4) * 100, 3),
    }


def area_figures(probability: NDArray[np.float32], chips: list[SolarChip], threshold: float) -> dict[str, float]:
    """Return how true areas are, see :func:`areas`.

    ``area_ratio`` is found over true area of the farms of which half was found: how outlines are drawn. What follows
    speaks of all farms that left an outline, as the register's intervals do: ``area_ratio_seen``, and
    ``area_relative_sd``, the span of the central 90 % of the ratio of a farm over that of a normal distribution.
    """
    true, seen, hit = areas(probability, chips, threshold).T
    half = hit >= 0.5
    low, high = np.quantile(seen / true, (0.05, 0.95)) if len(true) else (1.0, 1.0)
    return {
        "area_farms": len(true),
        "area_ratio": round(float(seen[half].sum() / max(true[half].sum(), 1)), 4),
        "area_ratio_seen": round(float(seen.sum() / max(true.sum(), 1)), 4),
        "area_relative_sd": round(float(high - low) / (2 * Z90), 4),
    }


def figures(probability: NDArray[np.float32], chips: list[SolarChip], threshold: float) -> dict[str, float]:
    """Return :func:`counts` and :func:`area_figures`."""
    return counts(probability, chips, threshold) | area_figures(probability, chips, threshold)


def _count(p: NDArray[np.float32], chip: SolarChip, threshold: float) -> tuple[int, int, int, int, int, int]:
    """Return pixels in common, found, true; farms found, true, made up."""
    asked = chip.cloud <= OPAQUE
    mask, truth = (p > threshold) & asked, (chip.share > 0.5) & asked
    return (int((mask & truth).sum()), int(mask.sum()), int(truth.sum()), *match(mask, truth))


def areas(probability: NDArray[np.float32], chips: list[SolarChip], threshold: float) -> NDArray[np.float64]:
    """Return true area, found area (pixels) and share found of each farm that left an outline, (n, 3)."""
    from scipy import ndimage

    found = []
    for p, chip in zip(probability, chips, strict=True):
        asked = chip.cloud <= OPAQUE
        mask, share = (p > threshold) & asked, chip.share * asked
        labels, n = ndimage.label(ndimage.binary_dilation(share > 0.5, iterations=BLOCKS))
        at, sure = labels.ravel(), (share > 0.5).ravel()
        true, seen, core, hit = (
            np.bincount(at, weights.ravel(), n + 1)[1:] for weights in (share, mask, sure, mask.ravel() & sure)
        )
        kept = np.minimum(true, seen) >= FARM
        found.append(np.stack([true, seen, hit / np.maximum(core, 1)], 1)[kept])
    return np.concatenate(found) if found else np.zeros((0, 3))


def best(net: nn.Module, held_out: int, workers: int = 0) -> dict[str, Any]:
    """Return the threshold of the best IoU on one set of held-out scenes, and its counts on the other."""
    chips = {name: chips_of("s2", s, held_out, workers) for name, s in HELD_OUT.items()}
    found = {name: predict(net, [c.reflectance for c in own]) for name, own in chips.items()}
    tried = {t: counts(found["calibration"], chips["calibration"], t)["iou"] for t in THRESHOLDS}
    threshold = max(tried, key=lambda t: tried[t])
    return {"threshold": threshold, "test": counts(found["test"], chips["test"], threshold)}


def assess(net: nn.Module, held_out: int, workers: int = 0) -> dict[str, Any]:
    """Choose the threshold on held-out scenes, and return it with figures from other held-out scenes.

    Of the thresholds that do about as well in IoU, the one is taken whose outlines have the area of the farms. How the
    area varies among them, joined with what is missing from the farms of the other scenes, is the error that all share.
    """
    chips = {name: chips_of("s2", s, held_out, workers) for name, s in HELD_OUT.items()}
    found = predict(net, [c.reflectance for c in chips["calibration"]])
    tried = {t: counts(found, chips["calibration"], t) for t in THRESHOLDS}
    most = max(f["iou"] for f in tried.values())
    level = [t for t, f in tried.items() if f["iou"] >= most - PLATEAU]
    ratios = {t: area_figures(found, chips["calibration"], t)["area_ratio"] for t in level}
    threshold = min(ratios, key=lambda t: abs(ratios[t] - 1))
    test = figures(predict(net, [c.reflectance for c in chips["test"]]), chips["test"], threshold)
    shared = np.hypot((max(ratios.values()) - min(ratios.values())) / 12**0.5, test["area_ratio_seen"] - 1)
    return {
        "threshold": threshold,
        "area_shared_sd": round(float(shared), 4),
        "assessed": f"python -m solarnet_assets.solar.train s2 {held_out}  (seeds {HELD_OUT})",
        "calibration": tried[threshold],
        "test": test,
    }
