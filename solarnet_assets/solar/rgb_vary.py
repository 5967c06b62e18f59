"""What is done to training pictures on the device each time one is used: zoom, glare, real ground, light, optics, JPEG.

A rendered picture is learnt from a few times; each time it is another one, so that few repeat. Domain randomisation
after Tobin et al. 2017 (arXiv 1703.06907), and arrays cut out of renders and pasted onto real frames after Dwibedi et
al. 2017, "Cut, Paste and Learn" (arXiv 1708.01642): the frames show no panels, so whatever is pasted is the truth. All
ranges are ours.
"""
# ruff: noqa: TID253  (training code; nothing that Dagster loads imports this module at module level)

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from solarnet_assets.imagery.jpeg import jpeg

ZOOM = (0.75, 1.9)
"""Pixels of the result along one of the render: above one as map services draw large, below one as exports shrink."""

REAL = 0.4
"""Share of pictures whose ground is a real frame, where there are frames."""

BARE = 0.45
"""Share of those on which nothing is pasted."""

WINDOW = 372
"""Side of the pieces that real frames are cut into, pixels."""

PER_PIECE = (0.6, 4.0)
"""Pixels of a frame along one pixel of the picture: frames of 0.13 m stand for 0.08 to 0.5 m."""


class Vary:
    """Varies batches of pictures; a pure function of the batch and the generator.

    Args:
        frames: real frames without panels, (H, W, 3) uint8, sides of 372 pixels at least; none: renders alone.
    """

    def __init__(self, frames: Sequence[NDArray[np.uint8]] = ()) -> None:
        cut = [piece for frame in frames for piece in pieces(frame)]
        self.pieces = torch.from_numpy(np.stack(cut)).permute(0, 3, 1, 2) if cut else None

    def __call__(self, batch: list[Tensor], dice: torch.Generator) -> list[Tensor]:
        """Return pictures (B, 3, H, W) 0..1 and shares (B, H, W), from both in 0..255."""
        image, share = batch[0] / 255, batch[1][:, None] / 255
        own = torch.Generator(image.device).manual_seed(int(torch.randint(2**62, (1,), generator=dice)))
        with torch.no_grad():
            image, share = zoom(image, share, own)
            image = glare(image, share, own)
            if self.pieces is not None:
                self.pieces = self.pieces.to(image.device)
                image, share = _onto(image, share, self.pieces, own)
            image = optics(colour(shadow(image, own), own), own)
        return [image, share[:, 0]]


def pieces(frame: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Return the squares of :data:`WINDOW` pixels that a frame holds, apart along its longer side, (h, w, 3) each."""
    height, width = frame.shape[:2]
    rows, cols = (np.linspace(0, n - WINDOW, n // WINDOW).astype(int) for n in (height, width))
    return [frame[y : y + WINDOW, x : x + WINDOW] for y in rows for x in cols]


def _rand(n: int, own: torch.Generator, low: float = 0.0, high: float = 1.0) -> Tensor:
    """Return (n, 1, 1, 1) uniform numbers."""
    return torch.rand((n, 1, 1, 1), generator=own, device=own.device) * (high - low) + low


def _normal(n: int, own: torch.Generator, channels: int = 1) -> Tensor:
    return torch.randn((n, channels, 1, 1), generator=own, device=own.device)


def _smooth(like: Tensor, cells: int, own: torch.Generator) -> Tensor:
    """Return smooth fields (B, 1, H, W) of about unit spread with ``cells`` bumps along a side."""
    coarse = torch.randn((len(like), 1, cells + 2, cells + 2), generator=own, device=own.device)
    return F.interpolate(coarse, like.shape[-2:], mode="bicubic", align_corners=True)


def _sampled(source: Tensor, scale: Tensor, turn: Tensor, own: torch.Generator, size: int) -> Tensor:
    """Return squares of ``size`` pixels out of sources, turned, ``scale`` source pixels along a pixel, mirrored out."""
    n, side = len(source), source.shape[-1]
    c, s = torch.cos(turn) * scale * size / side, torch.sin(turn) * scale * size / side
    room = (1 - scale * size / side).clamp_min(0.15)
    at = torch.rand((n, 2, 1), generator=own, device=own.device) * 2 - 1
    theta = torch.cat([torch.stack([c, -s], -1), torch.stack([s, c], -1)], 1).reshape(n, 2, 2)
    grid = F.affine_grid(torch.cat([theta, at * room[:, None, None]], 2), [n, 1, size, size], align_corners=False)
    return F.grid_sample(source, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def zoom(image: Tensor, share: Tensor, own: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw half of the pictures larger or smaller, turned by any angle; what lies outside is mirrored."""
    n = len(image)
    factor = torch.exp(_rand(n, own, *np.log(ZOOM)).flatten())
    turn = (torch.rand(n, generator=own, device=own.device) - 0.5) * np.pi
    both = _sampled(torch.cat([image, share], 1), 1 / factor, turn, own, image.shape[-1])
    chosen = _rand(n, own) < 0.5
    return torch.where(chosen, both[:, :3], image), torch.where(chosen, both[:, 3:], share)


def glare(image: Tensor, share: Tensor, own: torch.Generator) -> Tensor:
    """Let arrays mirror the sky unevenly: a smooth gain and a bluish or white veil inside the truth."""
    n = len(image)
    gain = torch.exp(_smooth(image, 2, own) * _rand(n, own, 0, 0.25) * share)
    veil = (_smooth(image, 2, own) * 0.5 + _rand(n, own, -1.5, 0.7)).clamp(0, 1) * share * _rand(n, own, 0, 0.6)
    sky = torch.tensor([0.75, 0.82, 0.92], device=image.device)[None, :, None, None] * _rand(n, own, 0.7, 1.1)
    return (image * gain * (1 - veil) + sky * veil).clamp(0, 1)


def _onto(image: Tensor, share: Tensor, stock: Tensor, own: torch.Generator) -> tuple[Tensor, Tensor]:
    """Give pictures a real ground: arrays pasted with a margin, or none; others take the grain of one."""
    n = len(image)
    chosen = torch.randint(len(stock), (n,), generator=own, device=own.device)
    scale = torch.exp(_rand(n, own, *np.log(PER_PIECE)).flatten())
    real = stock[chosen].float() / 255
    level = torch.log2(scale).round().clamp(0, 2)[:, None, None, None]
    for k in (1, 2):
        smaller = F.interpolate(F.avg_pool2d(real, 2**k), real.shape[-2:], mode="bilinear", align_corners=False)
        real = torch.where(level == k, smaller, real)
    turn = torch.rand(n, generator=own, device=own.device) * 2 * np.pi
    real = _sampled(real, scale, turn, own, image.shape[-1])
    kind, bare = _rand(n, own), _rand(n, own) < BARE
    under = kind < REAL
    margin = [share, *(F.max_pool2d(share, k, 1, k // 2) for k in (3, 7))]
    pick = torch.randint(3, (n, 1, 1, 1), generator=own, device=own.device)
    alpha = torch.where(pick == 0, margin[0], torch.where(pick == 1, margin[1], margin[2]))
    alpha = torch.where(bare, torch.zeros_like(alpha), alpha)
    pasted = image * alpha + real * (1 - alpha)
    grey = real.mean(1, keepdim=True)
    grain = (grey - F.avg_pool2d(grey, 9, 1, 4)) / (grey + 0.15)
    grained = image * (1 + grain * _rand(n, own, 0, 1.2) * (1 - 0.8 * share))
    image = torch.where(under, pasted, torch.where(kind < REAL + 0.3, grained, image))
    return image.clamp(0, 1), torch.where(under & bare, torch.zeros_like(share), share)


def shadow(image: Tensor, own: torch.Generator) -> Tensor:
    """Cast the shadow of something outside the picture over a third of them: a soft or hard edge of any form."""
    n = len(image)
    field = torch.where(_rand(n, own) < 0.5, _smooth(image, 3, own), _smooth(image, 14, own))
    dark = torch.sigmoid((field - _rand(n, own, 0.5, 1.8)) * _rand(n, own, 4, 60)) * (_rand(n, own) < 0.33)
    tint = torch.tensor([1.0, 0.95, 0.86], device=image.device)[None, :, None, None]
    return image * (1 - dark * tint * _rand(n, own, 0.15, 0.65))


def colour(image: Tensor, own: torch.Generator) -> Tensor:
    """Change light, cast, saturation, hue, contrast and gamma; a few pictures turn grey."""
    n = len(image)
    seen = image.clamp_min(1e-3) ** torch.exp(0.22 * _normal(n, own))
    seen = seen * torch.exp(0.16 * _normal(n, own) + 0.05 * _normal(n, own, 3))
    grey = seen.mean(1, keepdim=True)
    strength = torch.where(_rand(n, own) < 0.04, torch.zeros_like(_rand(n, own)), torch.exp(0.35 * _normal(n, own)))
    seen = grey + (seen - grey) * strength
    mix = torch.eye(3, device=image.device) + 0.03 * torch.randn((n, 3, 3), generator=own, device=own.device)
    seen = torch.einsum("nij,njhw->nihw", mix / mix.sum(2, keepdim=True).clamp_min(0.5), seen)
    mean = seen.mean((1, 2, 3), keepdim=True)
    seen = mean + (seen - mean) * torch.exp(0.2 * _normal(n, own)) + 0.06 * _normal(n, own)
    return seen.clamp(0, 1)


def optics(image: Tensor, own: torch.Generator) -> Tensor:
    """Blur, shrink and draw large again, add noise, sharpen and compress, each in a part of the pictures."""
    n = len(image)
    small = F.interpolate(
        F.interpolate(image, scale_factor=float(_rand(1, own, 0.4, 0.9)), mode="bilinear", antialias=True),
        image.shape[-2:], mode="bicubic" if float(_rand(1, own)) < 0.7 else "nearest",
    )  # fmt: skip
    image = torch.where(_rand(n, own) < 0.25, small, image)
    soft = blur(image, torch.exp(_rand(n, own, *np.log((0.3, 1.6)))))
    way = _rand(n, own)
    sharp = image + (image - soft) * _rand(n, own, 0.2, 1.2)
    image = torch.where(way < 0.3, soft, torch.where(way < 0.45, sharp, image))
    fine = torch.randn(image.shape, generator=own, device=own.device)
    fine = torch.where(_rand(n, own) < 0.5, fine, fine[:, :1])
    image = image + fine * _rand(n, own) ** 2 * 0.06 * (_rand(n, own) < 0.6)
    image = torch.where(_rand(n, own) < 0.5, jpeg(image.clamp(0, 1) * 255, _rand(n, own, 25, 95)) / 255, image)
    return image.clamp(0, 1)


def blur(image: Tensor, sigma: Tensor) -> Tensor:
    """Return pictures blurred by Gaussians of ``sigma`` (B, 1, 1, 1) pixels, up to 4 pixels wide on a side."""
    n, c, height, width = image.shape
    x = torch.arange(-4, 5, device=image.device, dtype=torch.float32)
    kernel = torch.exp(-0.5 * (x / sigma.reshape(n, 1)) ** 2)
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(c, 0)
    flat = F.pad(image, (4, 4, 4, 4), mode="reflect").reshape(1, n * c, height + 8, width + 8)
    flat = F.conv2d(flat, kernel[:, None, None, :], groups=n * c)
    return F.conv2d(flat, kernel[:, None, :, None], groups=n * c).reshape(n, c, height, width)
