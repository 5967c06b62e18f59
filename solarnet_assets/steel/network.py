"""HeatNet: a small fully convolutional network that tells hot surfaces from what looks like them, in plain torch.

Heat is a point-spread-shaped excess at 2.2 um over what the other bands and the surroundings predict. The first layer
therefore sees, beside the bands, their log ratios to 2.2 um and the contrast of these with their surroundings; a small
U-Net (Ronneberger et al. 2015, arXiv 1505.04597) weighs them. Ours. Nothing that Dagster loads imports this module at
module level.
"""
# ruff: noqa: TID253  (a module of torch layers)

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from solarnet_assets.imagery.layers import Residual, conv

SLOTS = 6
"""Slots of the input: B02, B03, B04, near infrared, B11, B12; as many planes of trust follow."""

FLOOR = 0.02
"""Reflectance added before the logarithm: noise of dark water stays small."""

NEAR = 11
"""Side of the window that is a pixel's surroundings, pixels."""

FEATURES = 22


def features(planes: Tensor) -> Tensor:
    """Return the input of the first layer.

    Args:
        planes: (B, 12, H, W), reflectance of the slots and trust in each (``steel/planes.py``).

    Returns:
        (B, 22, H, W): log reflectance, linear 1.6 and 2.2 um, log ratios of 2.2 um to 1.6 um, near infrared and red,
        of 1.6 um to near infrared, a thermal anomaly index, contrasts with the surroundings, trust. What rests on a
        band that is not there is zero.
    """
    r, trust = planes[:, :SLOTS], planes[:, SLOTS:]
    there = (trust > 0).to(r.dtype)
    logs = torch.log(r + FLOOR)
    red, nir, b11, b12 = (slice(n, n + 1) for n in (2, 3, 4, 5))
    both = [there[:, b] * there[:, b12] for b in (b11, nir, red)]
    ratios = [(logs[:, b12] - logs[:, b]) * m for b, m in zip((b11, nir, red), both, strict=True)]
    slope = (logs[:, b11] - logs[:, nir]) * there[:, b11] * there[:, nir]
    index = ((r[:, b12] - r[:, b11]) / (r[:, nir] + 0.05)).clamp(-2, 6) * both[0] * there[:, nir]
    centred = (logs + 1.8) * there
    contrasts = [
        _contrast(centred[:, b12], there[:, b12]),
        _contrast(ratios[0], both[0]),
        _contrast(ratios[1], both[1]),
    ]
    linear = r[:, 4:6] * there[:, 4:6]
    return torch.cat([centred, linear, *ratios, slope, index, *contrasts, trust], 1)


def _contrast(x: Tensor, there: Tensor) -> Tensor:
    """Return ``x`` minus its mean over the surroundings, as far as it is there."""
    total = F.avg_pool2d(x * there, NEAR, 1, NEAR // 2)
    count = F.avg_pool2d(there, NEAR, 1, NEAR // 2).clamp_min(1e-3)
    return (x - total / count) * there


class HeatNet(nn.Module):
    """Probability that a pixel holds a hot surface.

    Input: (B, 12, H, W) planes of ``steel/planes.py``, H and W multiples of 8.
    Output: (B, 1, H, W) logits, calibrated by ``slope`` and ``shift`` (Platt 1999), which are fitted on held-out scenes
    after training.
    """

    multiple = 8
    stride = 1
    slope: Tensor
    shift: Tensor

    def __init__(self, width: int = 20) -> None:
        super().__init__()
        w, half, quarter = width, 32 * width // 20, 48 * width // 20
        self.stem = nn.Sequential(
            nn.Conv2d(FEATURES, w + 4, 1, bias=False), nn.BatchNorm2d(w + 4), nn.ReLU(inplace=True), conv(w + 4, w)
        )
        self.down1 = nn.Sequential(conv(w, half, 2), Residual(half))
        self.down2 = nn.Sequential(conv(half, quarter, 2), Residual(quarter))
        self.down3 = nn.Sequential(conv(quarter, quarter, 2), Residual(quarter))
        self.lift2 = nn.Conv2d(quarter, quarter, 1)
        self.lift1, self.join1 = nn.Conv2d(quarter, half, 1), conv(2 * half, half)
        self.lift0, self.join0 = nn.Conv2d(half, w, 1), conv(2 * w, w)
        self.last = Residual(w)
        self.head = nn.Conv2d(w, 1, 1)
        nn.init.constant_(self.head.bias, -3.0)  # type: ignore[arg-type]
        self.register_buffer("slope", torch.ones(()))
        self.register_buffer("shift", torch.zeros(()))

    def forward(self, planes: Tensor) -> Tensor:
        """Return logits, (B, 1, H, W)."""
        with torch.autocast(planes.device.type, enabled=False):
            first = features(_rows(planes.float()))
        full = self.stem(first)
        half = self.down1(full)
        quarter = self.down2(half)
        quarter = quarter + _twice(self.lift2(self.down3(quarter)))
        half = self.join1(torch.cat([half, _twice(self.lift1(quarter))], 1))
        out = self.head(self.last(self.join0(torch.cat([full, _twice(self.lift0(half))], 1))))
        return self.slope * out + self.shift


def _rows(x: Tensor) -> Tensor:
    """Return the tensor in rows on a CPU, where so few channels run a third faster that way."""
    return x.contiguous() if x.device.type == "cpu" else x


def _twice(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
