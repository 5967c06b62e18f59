"""U-Net and EMANet, the two networks that SolarNet joins, of its size, and the registry of all three by name."""
# ruff: noqa: TID253  (a module of torch layers)

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from solarnet_assets.imagery.layers import Residual, conv
from solarnet_assets.solar.model import BANDS
from solarnet_assets.solar.network import COLOURS, EMAU, Attentive, Normalise, SolarNet, final


class UNet(nn.Module):
    """U-Net (Ronneberger et al. 2015, arXiv 1505.04597), padded, with batch normalisation.

    Two 3x3 convolutions a level, 2x2 maximum pooling down, 2x2 transposed convolution up, the features of each level
    joined again; channels double with depth. Input and output as for :class:`SolarNet`.
    """

    stride = 1

    def __init__(self, bands: Sequence[str] = BANDS, width: int = 21, depth: int = 3) -> None:
        super().__init__()
        self.multiple = 2**depth
        widths = [width * 2**n for n in range(depth + 1)]
        self.normalise = Normalise(bands)
        self.down = nn.ModuleList(_double(a, b) for a, b in zip([len(bands), *widths], widths, strict=False))
        pairs = list(pairwise(widths))
        self.lift = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, 2) for a, b in pairs)
        self.up = nn.ModuleList(_double(2 * a, a) for a, _ in pairs)
        self.head = final(width)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, (B, 1, H, W)."""
        levels = [self.down[0](self.normalise(x))]
        for down in list(self.down)[1:]:
            levels.append(down(F.max_pool2d(levels[-1], 2)))
        x = levels.pop()
        for n in reversed(range(len(levels))):
            x = self.up[n](torch.cat([levels[n], self.lift[n](x)], 1))
        return self.head(x)


class EMANet(Attentive):
    """EMANet (Li et al. 2019, arXiv 1907.13426): a residual trunk, attention, and a head that is drawn large again.

    The trunk has an output stride of 8, its last stage dilated as the paper's; its depth is cut to the size of the
    other networks. Input and output as for :class:`SolarNet`.
    """

    multiple, stride = 8, 1

    def __init__(self, bands: Sequence[str] = BANDS, width: int = 16, bases: int = 64, steps: int = 3) -> None:
        super().__init__()
        w = width
        self.normalise = Normalise(bands)
        self.trunk = nn.Sequential(
            conv(len(bands), w, 2), conv(w, 2 * w), Residual(2 * w),
            conv(2 * w, 4 * w, 2), Residual(4 * w),
            conv(4 * w, 6 * w, 2), Residual(6 * w),
            conv(6 * w, 8 * w, 1, 2), Residual(8 * w, 2),
        )  # fmt: skip
        self.into = conv(8 * w, 4 * w)
        self.attention = EMAU(4 * w, bases, steps)
        self.out = conv(4 * w, 4 * w)
        self.head = final(4 * w)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, (B, 1, H, W)."""
        deep = self.out(self.attention(self.into(self.trunk(self.normalise(x)))))
        return F.interpolate(self.head(deep), scale_factor=8.0, mode="bilinear", align_corners=False)


def _double(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(conv(inputs, outputs), conv(outputs, outputs))


NETWORKS: dict[str, dict[str, Callable[[], nn.Module]]] = {
    "s2": {
        "solarnet": SolarNet,
        "unet": UNet,
        "emanet": EMANet,
    },
    "any": {
        "solarnet": SolarNet,
    },
    "rgb": {
        "solarnet": partial(SolarNet, COLOURS, width=24, factors=(2, 4, 8, 14)),
        "unet": partial(UNet, COLOURS, width=25, depth=4),
        "emanet": partial(EMANet, COLOURS, width=38),
    },
}
"""Kind of input -> name -> constructor; the networks of a kind are of comparable size."""
