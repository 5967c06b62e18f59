"""The two kinds of input that networks learn from: how a sample is rendered, prepared and held against the truth."""
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

from solarnet_assets.imagery.learn import Draw, Prepare, Sample
from solarnet_assets.landing import BadInputError
from solarnet_assets.solar import network
from solarnet_assets.solar.render import SolarChip, render
from solarnet_assets.solar.rgb_render import RgbChip
from solarnet_assets.solar.rgb_render import render as render_rgb

OPAQUE = 0.25
"""Cloud opacity from which a pixel is not asked for."""

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


def _draw_s2(number: int, seed: int) -> Sample:
    return s2_targets(render(np.random.default_rng([seed, number])))


def _draw_rgb(number: int, seed: int, frames: Sequence[NDArray[np.uint8]]) -> Sample:
    return rgb_targets(render_rgb(np.random.default_rng([seed, number]), frames))


def drawer(kind: str, seed: int, frames: Sequence[NDArray[np.uint8]] = ()) -> Draw:
    """Return what renders sample ``n`` of a kind (``s2`` or ``rgb``)."""
    return partial(_draw_s2, seed=seed) if kind == "s2" else partial(_draw_rgb, seed=seed, frames=frames)


def preparer(kind: str) -> Prepare | None:
    """Return what is done to every batch of a kind, None for nothing."""
    return _vary if kind == "rgb" else None


def _vary(batch: list[Tensor], dice: torch.Generator) -> list[Tensor]:
    """Bring pictures to 0..1 with another light, cast, contrast and gamma each time one is used."""
    image, share = batch
    n = len(image)
    gain, cast, contrast, gamma = (torch.randn(shape, generator=dice) for shape in ((n, 1), (n, 3), (n, 1), (n, 1)))
    seen = (image / 255).clamp_min(1e-3) ** _column(torch.exp(0.12 * gamma), image)
    seen = seen * _column(torch.exp(0.1 * gain + 0.03 * cast), image)
    seen = 0.45 + (seen - 0.45) * _column(torch.exp(0.1 * contrast), image)
    return [seen.clamp(0, 1), share / 255]


def _column(values: Tensor, like: Tensor) -> Tensor:
    return values[:, :, None, None].to(like.device)


def loss(logits: Tensor, share: Tensor, ignore: Tensor | None = None) -> Tensor:
    """Return the loss of either kind: pictures have nothing to ignore."""
    return network.loss(logits, share, torch.zeros_like(share) if ignore is None else ignore)


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
