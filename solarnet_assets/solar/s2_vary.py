"""What is done to training scenes at 10 m on the device each time one is used: extent, calibration, missing bands.

So that one network reads what people have: chips of a kilometre and scenes, surface and top-of-atmosphere products,
an offset that nobody took off, and files without the short-wave infrared. All shares are ours.
"""
# ruff: noqa: TID253  (training code; nothing that Dagster loads imports this module at module level)

from __future__ import annotations

import torch
from torch import Tensor

from solarnet_assets.solar.model import BANDS, MISSING

CUT = 0.35
"""Share of steps that see a corner of the scene alone, half as wide: a small chip with little around it."""

LACKING = 0.35
"""Share of scenes that lack bands."""

KINDS = (("B11", "B12"), ("B11", "B12"), ("B12",), ("B11",), ("B08", "B11", "B12"), ("B08",))
"""What they lack, by how often."""

FORGOTTEN = 0.12
"""Share of scenes whose offset was left in: 0.1 of reflectance more in every band, as in products since January 2022
(Sentinel-2 processing baseline 04.00, BOA_ADD_OFFSET and RADIO_ADD_OFFSET of -1000 over 10000)."""


def vary(batch: list[Tensor], dice: torch.Generator) -> list[Tensor]:
    """Return reflectance (B, 6, H, W), share and ignored pixels (B, H, W), varied."""
    image, *targets = batch
    n, side = len(image), image.shape[-1]
    gain = torch.exp(0.12 * torch.randn((n, 1), generator=dice) + 0.03 * torch.randn((n, len(BANDS)), generator=dice))
    image = image * gain[:, :, None, None].to(image.device)
    left = (torch.rand(n, generator=dice) < FORGOTTEN).float() * 0.1
    image = image + left[:, None, None, None].to(image.device)
    lacks = torch.zeros(n, len(BANDS), dtype=torch.bool)
    kinds = torch.randint(len(KINDS), (n,), generator=dice)
    for row in torch.nonzero(torch.rand(n, generator=dice) < LACKING).flatten().tolist():
        for name in KINDS[int(kinds[row])]:
            lacks[row, BANDS.index(name)] = True
    neutral = torch.tensor([MISSING[name] for name in BANDS], device=image.device)[None, :, None, None]
    image = torch.where(lacks[:, :, None, None].to(image.device), neutral, image)
    if float(torch.rand(1, generator=dice)) < CUT:
        y, x = (int(v) * side // 4 for v in torch.randint(3, (2,), generator=dice))
        image, *targets = (t[..., y : y + side // 2, x : x + side // 2] for t in (image, *targets))
    return [image, *targets]
