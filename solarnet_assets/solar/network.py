"""SolarNet: an encoder-decoder with expectation-maximisation attention, in plain torch.

After Hou et al. 2019, "SolarNet" (arXiv 1912.03685), whose attention is the EMAU of Li et al. 2019,
"Expectation-Maximization Attention Networks" (ICCV; arXiv 1907.13426). The trunk is ours: small
enough for a CPU. Nothing that Dagster loads imports this module at module level.
"""
# ruff: noqa: TID253  (a module of torch layers)

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

BANDS = ("B02", "B03", "B04", "B08", "B11", "B12")
"""Input bands, Sentinel-2 names, at 10 m."""

FLOOR = 0.03
"""Reflectance added before the logarithm: noise of dark water stays small."""


def normalise(reflectance: Tensor) -> Tensor:
    """Return reflectance on a logarithmic scale with typical land near zero and one.

    Args:
        reflectance: (B, 6, H, W), unitless, 0..1 and a little beyond.
    """
    centre = torch.tensor([-2.0, -1.9, -1.8, -1.35, -1.3, -1.5], device=reflectance.device)[:, None, None]
    return (torch.log(reflectance.clamp(0.0, 1.5) + FLOOR) - centre) / 0.6


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


class Residual(nn.Module):
    """Two 3x3 convolutions with a shortcut (He et al. 2016, arXiv 1512.03385)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _conv(width, width)
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output, (B, C, H, W) as given."""
        return F.relu(x + self.second(self.first(x)))


class EMAU(nn.Module):
    """Expectation-maximisation attention unit (arXiv 1907.13426, section 3).

    Every pixel is explained by a mixture of ``bases`` vectors, found by ``steps`` rounds of
    expectation (softmax of the inner products) and maximisation (weighted mean). The start is a
    running mean of the bases over training batches, kept in a buffer.
    """

    mu: Tensor

    def __init__(self, width: int, bases: int = 64, steps: int = 3, momentum: float = 0.9) -> None:
        super().__init__()
        self.steps, self.momentum = steps, momentum
        start = torch.randn(1, width, bases) * (2.0 / bases) ** 0.5
        self.register_buffer("mu", F.normalize(start, dim=1))
        self.into = nn.Conv2d(width, width, 1)
        self.out = nn.Sequential(nn.Conv2d(width, width, 1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` plus its reconstruction from the bases, (B, C, H, W)."""
        b, c, h, w = x.shape
        with torch.autocast(x.device.type, enabled=False):
            flat = self.into(x.float()).reshape(b, c, h * w)
            mu = self.mu.float().expand(b, -1, -1)
            with torch.no_grad():
                for _ in range(self.steps):
                    mu, z = self._step(flat, mu)
            if self.training:
                with torch.no_grad():
                    self.mu.mul_(self.momentum).add_(mu.mean(0, keepdim=True), alpha=1 - self.momentum)
            rebuilt = F.relu(torch.bmm(mu, z.transpose(1, 2))).reshape(b, c, h, w)
        return F.relu(x + self.out(rebuilt.to(x.dtype)))

    @staticmethod
    def _step(flat: Tensor, mu: Tensor) -> tuple[Tensor, Tensor]:
        z = torch.softmax(torch.bmm(flat.transpose(1, 2), mu), dim=2)
        share = z / (z.sum(1, keepdim=True) + 1e-6)
        return F.normalize(torch.bmm(flat, share), dim=1), z


class SolarNet(nn.Module):
    """Mask of solar arrays at 10 m.

    Input: (B, 6, H, W) reflectance in the order of :data:`BANDS`, H and W multiples of 8.
    Output: (B, 1, H, W) logits.
    """

    multiple = 8
    stride = 1

    def __init__(self, width: int = 20, bases: int = 64, steps: int = 3) -> None:
        super().__init__()
        w = width
        self.stem = _conv(len(BANDS), w)
        self.down1 = nn.Sequential(_conv(w, 2 * w, 2), Residual(2 * w))
        self.down2 = nn.Sequential(_conv(2 * w, 4 * w, 2), Residual(4 * w))
        self.down3 = nn.Sequential(_conv(4 * w, 7 * w, 2), Residual(7 * w))
        self.attention = EMAU(7 * w, bases, steps)
        self.lift2, self.join2 = nn.Conv2d(7 * w, 4 * w, 1), _conv(8 * w, 4 * w)
        self.lift1, self.join1 = nn.Conv2d(4 * w, 2 * w, 1), _conv(4 * w, 2 * w)
        self.lift0, self.join0 = nn.Conv2d(2 * w, w, 1), _conv(2 * w, w)
        self.head = nn.Conv2d(w, 1, 1)
        nn.init.constant_(self.head.bias, -2.0)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, (B, 1, H, W)."""
        full = self.stem(normalise(x))
        half = self.down1(full)
        quarter = self.down2(half)
        deep = self.attention(self.down3(quarter))
        quarter = self.join2(torch.cat([quarter, _twice(self.lift2(deep))], 1))
        half = self.join1(torch.cat([half, _twice(self.lift1(quarter))], 1))
        return self.head(self.join0(torch.cat([full, _twice(self.lift0(half))], 1)))


def _twice(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


def loss(logits: Tensor, share: Tensor, ignore: Tensor) -> Tensor:
    """Return cross entropy plus soft Dice over the pixels that are asked for.

    Args:
        logits: (B, 1, H, W).
        share: (B, H, W) share of the pixel inside an array, 0..1.
        ignore: (B, H, W) 1 under cloud.
    """
    asked = 1.0 - ignore
    flat = logits[:, 0].float()
    entropy = (F.binary_cross_entropy_with_logits(flat, share, reduction="none") * asked).sum() / asked.sum().clamp_min(
        1
    )
    p = torch.sigmoid(flat) * asked
    truth = share * asked
    dice = 1 - (2 * (p * truth).sum() + 50.0) / (p.sum() + truth.sum() + 50.0)
    return entropy + 0.5 * dice
