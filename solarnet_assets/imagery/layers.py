"""The blocks that all networks here are made of."""
# ruff: noqa: TID253  (a module of torch layers; nothing that Dagster loads imports it)

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812


def conv(inputs: int, outputs: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    """Return a 3x3 convolution with batch normalisation and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, dilation, dilation, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    """Two 3x3 convolutions with a shortcut (He et al. 2016, arXiv 1512.03385)."""

    def __init__(self, width: int, dilation: int = 1) -> None:
        super().__init__()
        self.first = conv(width, width, 1, dilation)
        self.second = nn.Sequential(
            nn.Conv2d(width, width, 3, 1, dilation, dilation, bias=False), nn.BatchNorm2d(width)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output, (B, C, H, W) as given."""
        return F.relu(x + self.second(self.first(x)))


class Join(nn.Sequential):
    """A :func:`conv` over the channels of two inputs together, which may have different numbers of them.

    A class of its own so that the engine need not write the joined channels to memory
    (:mod:`solarnet_assets.imagery.fused`).
    """

    def __init__(self, first: int, second: int, outputs: int) -> None:
        super().__init__(*conv(first + second, outputs))
        self.first = first

    def forward(self, first: Tensor, second: Tensor) -> Tensor:  # type: ignore[override]
        """Return (B, outputs, H, W) from (B, first, H, W) and (B, second, H, W)."""
        joined: Tensor = super().forward(torch.cat([first, second], 1))
        return joined
