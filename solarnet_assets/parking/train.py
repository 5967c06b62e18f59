"""Training and calibration of LotNet, on rendered car parks and, where given, KIT AIS aerial frames."""
# ruff: noqa: TID253  (training code; nothing that Dagster loads imports this module at module level)

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from solarnet_assets.imagery import learn
from solarnet_assets.parking import kit, network
from solarnet_assets.parking.pixels import normalise
from solarnet_assets.parking.render import CHIP, LotChip, render

SIGMA = 1.3
"""Width of a centre's Gaussian target, cells of 0.6 m."""

HALF_HIDDEN, HIDDEN = 0.35, 0.75
"""Vehicles hidden more than the first share are not asked for; more than the second, not marked either."""

NEAR = 1.5
"""A detection within this distance of a vehicle's centre is that vehicle, m."""

HELD_OUT = {"calibration": 9_001, "test": 9_002}
"""Seeds of scenes that no training sees: thresholds come from the first, figures from the second."""


def targets(chip: LotChip, rng: np.random.Generator | None = None) -> learn.Sample:
    """Return network input and targets of a chip: input (3, H, W) half, heat (H/2, W/2) half, cover, ignore.

    With ``rng`` the input is sometimes normalised as if the chip were part of a larger image of other things.
    """
    cells = chip.image.shape[0] // network.STRIDE
    heat = np.zeros((cells, cells), np.float32)
    ignore = np.zeros((cells, cells), np.uint8)
    y, x = np.mgrid[-6:7, -6:7]
    for (cx, cy), hidden in zip(chip.centres / network.STRIDE - 0.5, chip.hidden, strict=True):
        ix, iy = int(np.clip(round(float(cx)), 0, cells - 1)), int(np.clip(round(float(cy)), 0, cells - 1))
        rows, columns = iy + y, ix + x
        inside = (rows >= 0) & (rows < cells) & (columns >= 0) & (columns < cells)
        rows, columns = rows[inside], columns[inside]
        if hidden > HALF_HIDDEN:
            close = (np.abs(y) <= 3) & (np.abs(x) <= 3)
            if hidden <= HIDDEN:
                ignore[rows[close[inside]], columns[close[inside]]] = 1
            continue
        bump = np.exp(-((columns - cx) ** 2 + (rows - cy) ** 2) / (2 * SIGMA**2))
        heat[rows, columns] = np.maximum(heat[rows, columns], bump)
        heat[iy, ix] = 1.0
    cover = chip.cover.reshape(2, cells, 2, cells, 2).max((2, 4)).astype(np.uint8)
    around = (1.0, 0.0)
    if rng is not None and rng.random() < 0.5:
        around = (float(np.exp(rng.uniform(-0.4, 1.2))), float(rng.normal(0, 0.3)))
    image = normalise(chip.image, stretch=around[0], shift=around[1])
    return image.astype(np.float16), heat.astype(np.float16), cover, ignore


def _draw(number: int, seed: int, frames: list[kit.Frame], every: int) -> learn.Sample:
    rng = np.random.default_rng([seed, number])
    if frames and rng.integers(every) == 0:
        return targets(kit.crop(frames[rng.integers(len(frames))], rng, CHIP), rng)
    return targets(render(rng), rng)


def _loss(logits: torch.Tensor, heat: torch.Tensor, cover: torch.Tensor, ignore: torch.Tensor) -> torch.Tensor:
    return network.loss(logits, heat, cover, ignore)


def match(found: NDArray[Any], truth: NDArray[Any], near: float) -> int:
    """Return how many of ``found`` (n, 2) hit one of ``truth`` (m, 2) each, one to one, within ``near``."""
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    if not len(found) or not len(truth):
        return 0
    distance = cdist(found, truth)
    rows, columns = linear_sum_assignment(np.minimum(distance, 10 * near))
    return int((distance[rows, columns] <= near).sum())


@torch.no_grad()
def _heats(net: network.LotNet, chips: Iterable[LotChip]) -> list[torch.Tensor]:
    device = next(net.parameters()).device
    return [
        torch.sigmoid(net(torch.from_numpy(normalise(chip.image))[None].to(device)).float())[0, 0].cpu()
        for chip in chips
    ]


def tallies(heats: list[torch.Tensor], chips: list[LotChip], threshold: float) -> NDArray[np.float64]:
    """Return per chip: vehicles, detections, hits, detections on vehicles that are half hidden, (n, 4)."""
    rows = []
    for heat, chip in zip(heats, chips, strict=True):
        cells, _ = network.peaks(heat, threshold)
        found = (cells.numpy() + 0.5) * network.STRIDE
        near = NEAR / 0.3
        seen, lost = chip.centres[chip.hidden <= HALF_HIDDEN], chip.centres[chip.hidden > HALF_HIDDEN]
        hits = match(found, seen, near)
        extra = match(found, chip.centres, near) - hits
        rows.append((len(seen), len(found) - max(extra, 0), hits, len(lost)))
    return np.array(rows, np.float64)


CHIP_HECTARES = (CHIP * 0.3) ** 2 / 1e4


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


def _render_held_out(number: int, seed: int) -> LotChip:
    return render(np.random.default_rng([seed, number]))


def evaluate(net: network.LotNet, count: int, workers: int) -> dict[str, Any]:
    """Choose the threshold on one set of held-out scenes and measure on another; returns figures for the card."""
    sets = {name: _pooled(partial(_render_held_out, seed=seed), count, workers) for name, seed in HELD_OUT.items()}
    heats = {name: _heats(net, chips) for name, chips in sets.items()}
    grid = np.round(np.arange(0.16, 0.62, 0.02), 2)
    scores = [summary(tallies(heats["calibration"], sets["calibration"], float(t)))["f1"] for t in grid]
    threshold = float(grid[int(np.argmax(scores))])
    rows = tallies(heats["test"], sets["test"], threshold)
    gsd = np.array([chip.gsd for chip in sets["test"]])
    bins = {
        f"{a:.2f}-{b:.2f} m": (gsd >= a) & (gsd < b)
        for a, b in ((0.15, 0.29), (0.29, 0.31), (0.31, 0.45), (0.45, 0.61))
    }
    return {
        "threshold": threshold,
        "calibration": summary(tallies(heats["calibration"], sets["calibration"], threshold)),
        "test": summary(rows),
        "test_by_gsd": {name: summary(rows[chosen]) for name, chosen in bins.items() if chosen.any()},
    }


def _pooled(job: Callable[[int], Any], count: int, workers: int) -> list[Any]:
    if workers < 2:
        return [job(n) for n in range(count)]
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return list(pool.map(job, range(count), chunksize=8))


def evaluate_kit(net: network.LotNet, frames: list[kit.Frame], threshold: float) -> dict[str, float]:
    """Return the figures of :func:`summary` over whole aerial frames brought to 0.3 m."""
    chips = [kit.whole(frame) for frame in frames]
    return summary(tallies(_heats(net, chips), chips, threshold)) if chips else {}


def train(
    out: Path, recipe: learn.Recipe, real: Path | None, held_out: int, log: Callable[[str], None]
) -> dict[str, Any]:
    """Train, calibrate, and write weights and model card.

    Args:
        out: folder for ``lotnet.safetensors`` and ``lotnet.json``.
        recipe: length and seed.
        real: folder of KIT AIS frames with boxes; rendered scenes alone when absent.
        held_out: held-out scenes per set.
        log: receives lines of progress.
    """
    frames = kit.frames(real) if real else []
    learnt = [frame for frame in frames if frame.sequence != kit.HELD_OUT]
    torch.manual_seed(recipe.seed)
    net = network.LotNet()
    draw = partial(_draw, seed=recipe.seed, frames=learnt, every=6)
    fitted, facts = learn.fit(net, draw, _loss, recipe, log)
    figures = evaluate(fitted, held_out, recipe.workers)
    figures["kit_ais_held_out"] = evaluate_kit(
        fitted, [f for f in frames if f.sequence == kit.HELD_OUT], figures["threshold"]
    )
    card = {
        "name": "LotNet",
        "task": "centres of vehicles in RGB images resampled to 0.3 m",
        "parameters": sum(p.numel() for p in net.parameters()),
        "data": "rendered car parks (solarnet_assets/parking/render.py)" + (f"; {kit.ATTRIBUTION}" if learnt else ""),
        "command": learn.command("parking", recipe, held_out) + (" --kit DIR" if learnt else ""),
        "recipe": recipe.__dict__,
        "training": facts,
        **figures,
    }
    card["weights_sha256"] = learn.save(fitted, card, out, "lotnet")
    return card
