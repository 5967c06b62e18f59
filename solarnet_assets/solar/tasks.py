"""The kinds of input that networks learn from: how a sample is rendered, prepared and held against the truth."""
# ruff: noqa: TID253  (training code; nothing that Dagster loads imports this module at module level)

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from solarnet_assets.imagery.learn import Draw, Prepare, Sample
from solarnet_assets.landing import BadInputError
from solarnet_assets.solar import network
from solarnet_assets.solar.presence import TOP
from solarnet_assets.solar.render import CHIP, SolarChip, render
from solarnet_assets.solar.rgb_render import RgbChip
from solarnet_assets.solar.rgb_render import render as render_rgb
from solarnet_assets.solar.rgb_vary import Vary
from solarnet_assets.solar.s2_vary import vary

SCENE = 256
"""Pixels of a side of the training scenes of the network for fewer bands: it needs more of what lies around a farm."""

OPAQUE = 0.25
"""Cloud opacity from which a pixel is not asked for."""

PRESENT = 12
"""Pixels of panels from which a tile counts as showing some; tiles with fewer, but not none, are not asked for."""

ATTRIBUTION = "KIT AIS Data Set (KIT IPF, DLR 3K imagery), CC BY 3.0, as backgrounds"

KEPT_ASIDE = "MOS1"
"""Frames of the sequence whose names begin so are never trained on: false alarms are counted on them."""


def s2_targets(chip: SolarChip) -> Sample:
    """Return input (6, H, W) half, share (H, W) half and ignored pixels (H, W) of a 10 m chip."""
    ignore = (chip.cloud > OPAQUE).astype(np.uint8)
    return chip.reflectance.astype(np.float16), chip.share.astype(np.float16), ignore


def rgb_targets(chip: RgbChip) -> Sample:
    """Return the picture (3, H, W) and the share of panels in 255ths (H, W), both uint8."""
    return np.ascontiguousarray(chip.image.transpose(2, 0, 1)), np.rint(chip.share * 255).astype(np.uint8)


def _draw_s2(number: int, seed: int, size: int) -> Sample:
    return s2_targets(render(np.random.default_rng([seed, number]), size, filled=True))


def _draw_rgb(number: int, seed: int) -> Sample:
    return rgb_targets(render_rgb(np.random.default_rng([seed, number])))


def drawer(kind: str, seed: int) -> Draw:
    """Return what renders sample ``n`` of a kind (``s2``, ``any`` or ``rgb``)."""
    if kind == "rgb":
        return partial(_draw_rgb, seed=seed)
    return partial(_draw_s2, seed=seed, size=CHIP if kind == "s2" else SCENE)


def preparer(kind: str, frames: Sequence[NDArray[np.uint8]] = ()) -> Prepare | None:
    """Return what is done to every batch of a kind, None for nothing; ``frames`` are real grounds for pictures."""
    if kind == "rgb":
        return Vary(frames)
    return vary if kind == "any" else None


def loss(logits: Tensor, share: Tensor, ignore: Tensor | None = None) -> Tensor:
    """Return the loss of either kind: pictures have nothing to ignore, and are asked whether they show panels."""
    if ignore is not None:
        return network.loss(logits, share, ignore)
    return network.loss(logits, share, torch.zeros_like(share)) + single(logits[:, 0].float(), share)


def single(logits: Tensor, share: Tensor) -> Tensor:
    """Return what every picture is asked for by itself, so that a few modules count as much as a farm.

    Soft Dice of each picture with panels, and cross entropy of whether it shows any, by its strongest pixels, which is
    what :mod:`solarnet_assets.solar.presence` goes by. Weights are ours.

    Args:
        logits: (B, H, W).
        share: (B, H, W) share of the pixel inside an array, 0..1.
    """
    p, truth = torch.sigmoid(logits).flatten(1), share.flatten(1)
    real = (truth > 0.5).sum(1)
    shown, none = (real >= PRESENT).float(), (truth.sum(1) == 0).float()
    dice = 1 - (2 * (p * truth).sum(1) + 10) / (p.sum(1) + truth.sum(1) + 10)
    strongest = logits.flatten(1).topk(max(8, round(p.shape[1] * TOP)), 1).values.mean(1)
    seen = F.binary_cross_entropy_with_logits(strongest, shown, reduction="none")
    asked = shown + none
    return 0.25 * (dice * shown).sum() / shown.sum().clamp_min(1) + 0.1 * (seen * asked).sum() / asked.sum().clamp_min(
        1
    )


def frames(folder: Path, kept_aside: bool = False) -> list[NDArray[np.uint8]]:
    """Return real aerial frames (H, W, 3) without panels: those to train on, or those kept aside.

    Args:
        folder: KIT AIS frames, ``images/*.png``.
        kept_aside: which part.

    Raises:
        BadInputError: there are none.
    """
    files = sorted((folder / "images").glob("*.png"))
    if not files:
        raise BadInputError(f"{folder} has no images/*.png: name a folder of KIT AIS frames")
    chosen = [file for file in files if file.name.startswith(KEPT_ASIDE) == kept_aside]
    return [np.asarray(Image.open(file).convert("RGB")) for file in chosen]


@lru_cache(maxsize=4)
def held_out(kind: str, seed: int, count: int, workers: int = 0) -> list[Any]:
    """Return the first ``count`` chips of a held-out seed, rendered by that many processes; real frames in none."""
    make = partial(_held_out, kind=kind, seed=seed)
    if workers < 2:
        return [make(number) for number in range(count)]
    from multiprocessing import get_context

    with get_context("fork").Pool(workers) as pool:
        return pool.map(make, range(count), chunksize=8)


def _held_out(number: int, kind: str, seed: int) -> SolarChip | RgbChip:
    rng = np.random.default_rng([seed, number])
    return render(rng) if kind == "s2" else render_rgb(rng)
