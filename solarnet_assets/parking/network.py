"""LotNet: a small network that marks the centres of vehicles in 0.3 m images.

Everything here is torch; nothing that Dagster loads imports this module at module level.
"""
# ruff: noqa: TID253  (a module of torch layers)

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from solarnet_assets.imagery.layers import Residual, conv

STRIDE = 2
"""One output cell is 2 x 2 input pixels, 0.6 m."""

OUTPUTS = ("vehicle", "canopy", "cloud", "footprint")
"""Output channels: centre heat, under trees or roofs, under cloud, covered by a vehicle."""

INPUTS = 5
"""Input channels, see :func:`solarnet_assets.parking.tones.normalise`."""


class LotNet(nn.Module):
    """Centre heat-maps of vehicles after CenterNet (Zhou et al. 2019, arXiv 1904.07850), on a U-shaped trunk.

    Input: (B, 5, H, W) float, an image at 0.3 m through :func:`solarnet_assets.parking.tones.normalise`;
    H and W multiples of 16. Output: (B, 4, H / 2, W / 2) logits in the order of :data:`OUTPUTS`. The footprint is
    there for what the trunk learns from it and for the outline of what was found.
    """

    multiple = 16
    stride = STRIDE

    def __init__(self, width: int = 40) -> None:
        super().__init__()
        w = width
        self.stem = nn.Sequential(nn.PixelUnshuffle(STRIDE), conv(INPUTS * STRIDE**2, w), Residual(w))
        self.down1 = nn.Sequential(conv(w, 2 * w, 2), Residual(2 * w))
        self.down2 = nn.Sequential(conv(2 * w, 3 * w, 2), Residual(3 * w), Residual(3 * w))
        self.down3 = nn.Sequential(conv(3 * w, 4 * w, 2), Residual(4 * w), Residual(4 * w, 2))
        self.rise2, self.join2 = _rise(4 * w, 3 * w), conv(3 * w, 3 * w)
        self.rise1, self.join1 = _rise(3 * w, 2 * w), conv(2 * w, 2 * w)
        self.rise0, self.join0 = _rise(2 * w, w), nn.Sequential(conv(w, w), Residual(w))
        self.head = nn.Conv2d(w, len(OUTPUTS), 1)
        nn.init.constant_(self.head.bias, -4.0)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, (B, 4, H / 2, W / 2)."""
        half = self.stem(x)
        quarter = self.down1(half)
        eighth = self.down2(quarter)
        eighth = self.join2(F.relu(eighth + self.rise2(self.down3(eighth))))
        quarter = self.join1(F.relu(quarter + self.rise1(eighth)))
        return self.head(self.join0(F.relu(half + self.rise0(quarter))))


def _rise(inputs: int, outputs: int) -> nn.Sequential:
    """Return fewer channels on twice the cells."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.Upsample(scale_factor=2.0, mode="bilinear", align_corners=False),
    )


def peaks(heat: Tensor, threshold: float) -> tuple[Tensor, Tensor]:
    """Return local maxima of a heat-map.

    Args:
        heat: (H, W) probabilities.
        threshold: smallest probability that counts.

    Returns:
        Cells (n, 2) as float x, y with sub-cell refinement by the centroid of the 3x3 block, and
        scores (n,), best first.
    """
    return peaks_of_many(heat[None], threshold)[:2]


def peaks_of_many(heats: Tensor, threshold: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return what :func:`peaks` does for maps (B, H, W), best first over all, and the map each belongs to, (n,)."""
    window = F.max_pool2d(heats[:, None], 3, 1, 1)[:, 0]
    owner, y, x = torch.nonzero((heats >= window) & (heats >= threshold), as_tuple=True)
    padded = F.pad(heats, (1, 1, 1, 1))
    block = torch.stack([padded[owner, y + dy, x + dx] for dy in range(3) for dx in range(3)]).clamp_min(1e-6)
    steps = torch.arange(3, device=heats.device, dtype=heats.dtype) - 1
    weight = block / block.sum(0)
    fine_x = x + (weight * steps.repeat(3)[:, None]).sum(0)
    fine_y = y + (weight * steps.repeat_interleave(3)[:, None]).sum(0)
    scores = heats[owner, y, x]
    order = torch.argsort(scores, descending=True, stable=True)
    return torch.stack([fine_x, fine_y], 1)[order], scores[order], owner[order]


def loss(logits: Tensor, heat: Tensor, cover: Tensor, ignore: Tensor, footprint: Tensor) -> Tensor:
    """Return the training loss: penalty-reduced focal loss of the centres plus cross entropy of cover and footprint.

    Args:
        logits: (B, 4, H, W).
        heat: (B, H, W) Gaussian targets, 1 at a centre (CornerNet/CenterNet focal loss, alpha 2, beta 4).
        cover: (B, 2, H, W) 1 under canopy and under cloud, 0 in the open, 2 unknown.
        ignore: (B, H, W) 1 where neither vehicle nor background is asked for (half hidden vehicles).
        footprint: (B, H, W) share of the cell that a vehicle covers, 2 unknown.
    """
    logits = logits.float()
    p = torch.sigmoid(logits[:, 0]).clamp(1e-4, 1 - 1e-4)
    positive = (heat > 0.999).float()
    asked = 1.0 - ignore
    found = positive * torch.log(p) * (1 - p) ** 2
    quiet = (1 - positive) * (1 - heat) ** 4 * torch.log(1 - p) * p**2 * asked
    centre = -(found.sum() + quiet.sum()) / positive.sum().clamp_min(1.0)
    maps = torch.cat([cover, footprint[:, None]], 1)
    known = (maps < 1.5).float()
    each = F.binary_cross_entropy_with_logits(logits[:, 1:], maps * known, reduction="none") * known
    return centre + (each.sum((0, 2, 3)) / known.sum((0, 2, 3)).clamp_min(1.0)).sum()
