"""What LotNet finds held against the truth: hits and false detections. Training only."""
# ruff: noqa: TID253  (training code; nothing that Dagster loads imports this module at module level)

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from solarnet_assets.imagery.infer import Engine
from solarnet_assets.parking import network
from solarnet_assets.parking.observe import NEAR, match
from solarnet_assets.parking.pixels import TARGET_GSD, normalise
from solarnet_assets.parking.render import CHIP, LotChip

HALF_HIDDEN, HIDDEN = 0.35, 0.75
"""Vehicles hidden more than the first share are not asked for; more than the second, not marked either."""


def heats_of(net: network.LotNet, chips: list[LotChip]) -> list[torch.Tensor]:
    """Return the probabilities of vehicles of each chip, (H / 2, W / 2)."""
    engine = Engine(net.eval(), next(net.parameters()).device)
    return [torch.from_numpy(found[0].copy()) for found in engine.run(normalise(c.image, c.gsd) for c in chips)]


def tallies(heats: list[torch.Tensor], chips: list[LotChip], threshold: float) -> NDArray[np.float64]:
    """Return per chip: vehicles, detections, hits, detections on vehicles that are half hidden, (n, 4)."""
    rows = []
    for heat, chip in zip(heats, chips, strict=True):
        cells, _ = network.peaks(heat, threshold)
        found = (cells.numpy().astype(np.float64) + 0.5) * network.STRIDE
        near = NEAR / TARGET_GSD
        seen, lost = chip.centres[chip.hidden <= HALF_HIDDEN], chip.centres[chip.hidden > HALF_HIDDEN]
        hits = int((match(found, seen, near)[0] >= 0).sum())
        extra = int((match(found, chip.centres, near)[0] >= 0).sum()) - hits
        rows.append((len(seen), len(found) - max(extra, 0), hits, len(lost)))
    return np.array(rows, np.float64)


CHIP_HECTARES = (CHIP * TARGET_GSD) ** 2 / 1e4


def false_rates(rows: NDArray[np.float64]) -> tuple[float, float]:
    """Return false detections on an empty hectare, and the share of further detections that is false.

    Clutter makes detections wherever it lies, crowding and shadows make them where vehicles are: a line through false
    detections against detections, its intercept not below zero.
    """
    _, found, hits, _ = rows.T
    design = np.stack([np.ones_like(found), found], axis=1)
    weight = 1 / np.sqrt(1 + found)
    base, share = np.linalg.lstsq(design * weight[:, None], (found - hits) * weight, rcond=None)[0]
    if base < 0 or share < 0:
        base, share = (0.0, (found - hits).sum() / max(found.sum(), 1)) if base < 0 else ((found - hits).mean(), 0.0)
    return float(base / CHIP_HECTARES), float(share)


def summary(rows: NDArray[np.float64]) -> dict[str, float]:
    """Return precision, recall, F1, MAE, bias, false rates, and the spread of the corrected count between chips."""
    seen, found, hits, _ = rows.T
    recall, precision = hits.sum() / max(seen.sum(), 1), hits.sum() / max(found.sum(), 1)
    per_hectare, share = false_rates(rows)
    corrected = np.maximum(found - per_hectare * CHIP_HECTARES, 0) * (1 - share) / max(recall, 1e-6)
    busy = seen >= 10
    relative = (corrected[busy] - seen[busy]) / seen[busy]
    noise = float(np.median(np.abs(relative - np.median(relative))) * 1.4826) if busy.any() else 0.0
    return {
        "chips": len(rows),
        "vehicles": int(seen.sum()),
        "precision": round(float(precision), 4),
        "recall": round(float(recall), 4),
        "f1": round(float(2 * precision * recall / max(precision + recall, 1e-6)), 4),
        "mae": round(float(np.abs(found - seen).mean()), 3),
        "bias": round(float((found - seen).mean()), 3),
        "false_per_hectare": round(per_hectare, 3),
        "false_share": round(share, 4),
        "relative_sd": round(max(noise, 0.01), 4),
        "false_on_empty": round(float(found[seen == 0].mean()) if (seen == 0).any() else 0.0, 3),
    }
