"""Training and calibration of SolarNet on rendered scenes."""
# ruff: noqa: TID253  (training code; nothing that Dagster loads imports this module at module level)

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from solarnet_assets.imagery import learn
from solarnet_assets.solar import network
from solarnet_assets.solar.render import SolarChip, render

OPAQUE = 0.25
"""Cloud opacity from which a pixel is not asked for."""

HELD_OUT = {"calibration": 9_001, "test": 9_002}
"""Seeds of scenes that no training sees."""


def targets(chip: SolarChip) -> learn.Sample:
    """Return input (6, H, W) half, share (H, W) half and ignored pixels (H, W) of a chip."""
    ignore = (chip.cloud > OPAQUE).astype(np.uint8)
    return chip.reflectance.astype(np.float16), chip.share.astype(np.float16), ignore


def _draw(number: int, seed: int) -> learn.Sample:
    return targets(render(np.random.default_rng([seed, number])))


def _loss(logits: torch.Tensor, share: torch.Tensor, ignore: torch.Tensor) -> torch.Tensor:
    return network.loss(logits, share, ignore)


@torch.no_grad()
def _predict(net: network.SolarNet, chips: list[SolarChip]) -> NDArray[np.float32]:
    device = next(net.parameters()).device
    batches = torch.from_numpy(np.stack([c.reflectance for c in chips])).split(32)
    return np.concatenate([torch.sigmoid(net(b.to(device)).float()).cpu().numpy()[:, 0] for b in batches])


def figures(probability: NDArray[np.float32], chips: list[SolarChip], threshold: float) -> dict[str, float]:
    """Return PV-class IoU, precision, recall, per-farm F1, false farms per 100 km2 and boundary errors.

    A farm is a connected patch of at least ten pixels; found when the masks overlap by at least half of
    the smaller one. The boundary error is (found - true area) / perimeter per found patch, metres.
    """
    from scipy import ndimage

    area = {"hit": 0.0, "found": 0.0, "true": 0.0}
    farms = {"hit": 0, "found": 0, "true": 0}
    edges: list[float] = []
    for p, chip in zip(probability, chips, strict=True):
        asked = chip.cloud <= OPAQUE
        mask, truth = (p > threshold) & asked, (chip.share > 0.5) & asked
        area["hit"] += float((mask & truth).sum())
        area["found"] += float(mask.sum())
        area["true"] += float(truth.sum())
        labels, n = ndimage.label(truth)
        patches, m = ndimage.label(mask)
        for label in range(1, n + 1):
            where = labels == label
            if where.sum() < 10:
                continue
            farms["true"] += 1
            if (mask & where).sum() >= 0.5 * where.sum():
                farms["hit"] += 1
                near = ndimage.binary_dilation(where, iterations=3)
                rim = where.sum() - ndimage.binary_erosion(where).sum()
                edges.append(float(((mask & near).sum() - chip.share[near].sum()) / rim * 10.0))
        for label in range(1, m + 1):
            where = patches == label
            if where.sum() >= 10:
                farms["found"] += int((truth & where).sum() < 0.5 * where.sum())
    precision, recall = area["hit"] / max(area["found"], 1), area["hit"] / max(area["true"], 1)
    found = farms["hit"] + farms["found"]
    farm_p, farm_r = farms["hit"] / max(found, 1), farms["hit"] / max(farms["true"], 1)
    spread = float(np.median(np.abs(np.array(edges) - np.median(edges))) * 1.4826) if edges else 0.0
    return {
        "chips": len(chips),
        "iou": round(area["hit"] / max(area["found"] + area["true"] - area["hit"], 1), 4),
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "farms": farms["true"],
        "farm_precision": round(farm_p, 4),
        "farm_recall": round(farm_r, 4),
        "farm_f1": round(2 * farm_p * farm_r / max(farm_p + farm_r, 1e-6), 4),
        "false_farms_per_100_km2": round(farms["found"] / (len(chips) * chips[0].share.size * 1e-4) * 100, 3),
        "boundary_bias_m": round(float(np.median(edges)), 3) if edges else 0.0,
        "boundary_sd_m": round(spread, 3),
    }


def _held_out(seed: int, count: int) -> list[SolarChip]:
    return [render(np.random.default_rng([seed, number])) for number in range(count)]


def train(out: Path, recipe: learn.Recipe, held_out: int, log: Callable[[str], None]) -> dict[str, Any]:
    """Train, calibrate, and write weights and model card.

    Args:
        out: folder for ``solarnet.safetensors`` and ``solarnet.json``.
        recipe: length and seed.
        held_out: held-out scenes per set.
        log: receives lines of progress.
    """
    torch.manual_seed(recipe.seed)
    net = network.SolarNet()
    fitted, facts = learn.fit(net, partial(_draw, seed=recipe.seed), _loss, recipe, log)
    chips = {name: _held_out(seed, held_out) for name, seed in HELD_OUT.items()}
    calibration = _predict(fitted, chips["calibration"])
    grid = np.round(np.arange(0.3, 0.75, 0.05), 2)
    threshold = float(max(grid, key=lambda t: figures(calibration, chips["calibration"], float(t))["iou"]))
    card = {
        "name": "SolarNet",
        "task": "solar arrays in Sentinel-2 reflectance at 10 m, bands " + " ".join(network.BANDS),
        "parameters": sum(p.numel() for p in net.parameters()),
        "data": "rendered scenes (solarnet_assets/solar/render.py)",
        "command": learn.command("solar", recipe, held_out),
        "recipe": recipe.__dict__,
        "training": facts,
        "threshold": threshold,
        "calibration": figures(calibration, chips["calibration"], threshold),
        "test": figures(_predict(fitted, chips["test"]), chips["test"], threshold),
    }
    card["weights_sha256"] = learn.save(fitted, card, out, "solarnet")
    return card
