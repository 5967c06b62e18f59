"""SolarNet: an encoder-decoder with expectation-maximisation attention, in plain torch.

After Hou et al. 2019, "SolarNet" (arXiv 1912.03685), whose attention is the EMAU of Li et al. 2019,
"Expectation-Maximization Attention Networks" (ICCV; arXiv 1907.13426): the contracting path of a U-Net, the unit where
the features are deepest, and an expanding path that joins the features of each level again. Width, depth and trunk are
ours: small enough for a CPU, and configurable up. Nothing that Dagster loads imports this module at module level.
"""
# ruff: noqa: TID253  (a module of torch layers)

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from solarnet_assets.imagery.layers import Join, Residual, conv
from solarnet_assets.solar.model import BANDS, CENTRES, FLOOR

COLOURS = ("red", "green", "blue")
"""Bands of an 8-bit picture, scaled to 0..1."""


class Normalise(nn.Module):
    """Bring input to about zero mean and unit spread, by what each band is.

    Sentinel-2 bands are reflectance, taken to a logarithmic scale on which typical land lies near zero; colours of a
    picture (0..1) are centred and scaled as they are, because their stretch is unknown.
    """

    centre: Tensor

    def __init__(self, bands: Sequence[str]) -> None:
        super().__init__()
        self.picture = set(bands) <= set(COLOURS)
        unknown = sorted(set(bands) - set(COLOURS if self.picture else CENTRES))
        if unknown:
            raise ValueError(f"no scale is known for {', '.join(unknown)}: name Sentinel-2 bands, or colours alone")
        centre = [0.4 if self.picture else CENTRES[name] for name in bands]
        self.register_buffer("centre", torch.tensor(centre)[:, None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, C, H, W) as given, normalised."""
        if self.picture:
            return (x - self.centre) / 0.22
        return x.clamp(0.0, 1.5).add_(FLOOR).log_().sub_(self.centre).div_(0.6)


def normalise(reflectance: Tensor, bands: Sequence[str] = BANDS) -> Tensor:
    """Return reflectance (B, C, H, W) in the order of ``bands`` as networks see it; see :class:`Normalise`."""
    return Normalise(bands).to(reflectance.device)(reflectance)


class EMAU(nn.Module):
    """Expectation-maximisation attention unit (arXiv 1907.13426, section 3).

    Every pixel is explained by a mixture of ``bases`` vectors, found by ``steps`` rounds of
    expectation (softmax of the inner products) and maximisation (weighted mean). The start is a
    running mean of the bases over training batches, kept in a buffer.

    In a scene that is cut into tiles, bases found tile by tile would let a pixel's answer depend on where tiles lie.
    There they are found once from samples of the whole scene (:meth:`survey`) and held (:meth:`hold`). Ours.
    """

    mu: Tensor
    seen_by: Tensor | None
    built_from: Tensor | None
    holding = False

    def __init__(self, width: int, bases: int = 64, steps: int = 3, momentum: float = 0.9) -> None:
        super().__init__()
        self.steps, self.momentum = steps, momentum
        start = torch.randn(1, width, bases) * (2.0 / bases) ** 0.5
        self.register_buffer("mu", F.normalize(start, dim=1))
        self.register_buffer("seen_by", None, persistent=False)
        self.register_buffer("built_from", None, persistent=False)
        self.into = nn.Conv2d(width, width, 1)
        self.out = nn.Sequential(nn.Conv2d(width, width, 1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` plus its reconstruction from the bases, (B, C, H, W)."""
        b, c, h, w = x.shape
        with torch.autocast(x.device.type, enabled=False):
            flat = self.into(x.float()).reshape(b, c, h * w)
            with torch.no_grad():
                if not self.holding or self.seen_by is None or self.built_from is None:
                    _, mu, z = self._find(flat)
                else:
                    mu = self.built_from.expand(b, -1, -1)
                    z = self._assign(flat, self.seen_by.expand(b, -1, -1))
            if self.training:
                with torch.no_grad():
                    self.mu.mul_(self.momentum).add_(mu.mean(0, keepdim=True), alpha=1 - self.momentum)
            rebuilt = F.relu(torch.bmm(mu, z.transpose(1, 2))).reshape(b, c, h, w)
        return F.relu(x + self.out(rebuilt.to(x.dtype)))

    def survey(self, features: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Find bases from several pieces of one scene together.

        Args:
            features: inputs of the unit, (B, C, H, W) each.

        Returns:
            What :meth:`hold` takes: the bases that pixels are assigned by, and those that they are rebuilt from.
        """
        with torch.no_grad(), torch.autocast(features[0].device.type, enabled=False):
            flat = torch.cat([self.into(x.float()).flatten(2).transpose(0, 1).flatten(1) for x in features], 1)
            seen_by, mu, _ = self._find(flat[None])
        return seen_by, mu

    def hold(self, bases: tuple[Tensor, Tensor] | None) -> None:
        """Use these bases for whatever comes; None: find them anew each time.

        They stay where they are in memory from scene to scene: what a GPU has recorded reads them there
        (:mod:`solarnet_assets.imagery.recorded`).
        """
        self.holding = bases is not None
        if bases is None:
            return
        with torch.inference_mode():
            if self.seen_by is None or self.built_from is None or self.seen_by.shape != bases[0].shape:
                self.seen_by, self.built_from = (one.clone() for one in bases)
            else:
                self.seen_by.copy_(bases[0])
                self.built_from.copy_(bases[1])

    def _find(self, flat: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the bases before and after the last step, and the assignment of that step."""
        mu = self.mu.float().expand(flat.shape[0], -1, -1)
        for _ in range(self.steps):
            before, z = mu, self._assign(flat, mu)
            share = z / (z.sum(1, keepdim=True) + 1e-6)
            mu = F.normalize(torch.bmm(flat, share), dim=1)
        return before, mu, z

    @staticmethod
    def _assign(flat: Tensor, mu: Tensor) -> Tensor:
        return torch.softmax(torch.bmm(flat.transpose(1, 2), mu), dim=2)


class Attentive(nn.Module):
    """A network with one attention unit, whose bases a scene can share."""

    steady = True
    attention: EMAU

    def survey(self, samples: Sequence[Tensor]) -> None:
        """Find the bases of a scene from samples of it, (1, bands, H, W) alike, and hold them; no sample: let go."""
        self.attention.hold(None)
        if not samples:
            return
        features: list[Tensor] = []
        hook = self.attention.register_forward_pre_hook(lambda _, inputs: features.append(inputs[0]))
        self(torch.cat(list(samples)))
        hook.remove()
        self.attention.hold(self.attention.survey(features))


class SolarNet(Attentive):
    """Mask of solar arrays.

    Input: (B, len(bands), H, W), reflectance at 10 m or colours 0..1; H and W multiples of ``multiple``.
    Output: (B, 1, H, W) logits.

    Args:
        bands: names of the input bands in order, Sentinel-2 or :data:`COLOURS`.
        width: channels at full resolution; everything scales with it.
        factors: channels of each deeper level, in widths; their number is the depth.
        bases, steps: of the attention unit.
    """

    stride = 1

    def __init__(
        self,
        bands: Sequence[str] = BANDS,
        width: int = 20,
        factors: Sequence[int] = (2, 4, 7),
        bases: int = 64,
        steps: int = 3,
    ) -> None:
        super().__init__()
        self.multiple = 2 ** len(factors)
        widths = [width, *(f * width for f in factors)]
        self.normalise = Normalise(bands)
        self.stem = conv(len(bands), width)
        pairs = list(pairwise(widths))
        self.down = nn.ModuleList(nn.Sequential(conv(a, b, 2), Residual(b)) for a, b in pairs)
        self.attention = EMAU(widths[-1], bases, steps)
        self.lift = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in pairs)
        self.join = nn.ModuleList(Join(a, a, a) for a, _ in pairs)
        self.head = final(width)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, (B, 1, H, W)."""
        levels = [self.stem(self.normalise(x))]
        for down in self.down:
            levels.append(down(levels[-1]))
        x = self.attention(levels.pop())
        for n in reversed(range(len(levels))):
            x = self.join[n](levels.pop(), _twice(self.lift[n](x)))
        return self.head(x)


def final(width: int) -> nn.Conv2d:
    """Return the last layer, whose first answers are near the small share of the ground that is under panels."""
    head = nn.Conv2d(width, 1, 1)
    nn.init.constant_(head.bias, -2.0)  # type: ignore[arg-type]
    return head


def _twice(x: Tensor) -> Tensor:
    """Return an image twice as large; in autocast a GPU does that in float32, which only gradients need."""
    with torch.autocast(x.device.type, enabled=False) if not torch.is_grad_enabled() else nullcontext():
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
