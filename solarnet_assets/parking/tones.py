"""What the network sees of an image: wrap-around mended, offset, gain and cast of the rendering taken out, its GSD.

In torch and for batches, so that training and use share one code.
"""
# ruff: noqa: TID253  (a module of torch code; imported where images are prepared, never when definitions load)

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from solarnet_assets.parking.pixels import TARGET_GSD

WRAP_STEP = 110.0
"""Digital numbers by which an enclosed dark dot lies under its bright surround before it is taken for wrap-around."""

SAMPLE = 2_000_000
"""Pixels of which the levels of an image are taken, at most."""

AROUND = 5.0
"""Sigma of the surroundings for local contrast, in cells of four pixels: 6 m."""

MULTIPLIED = 512
"""Largest side of an image that a GPU blurs by two products of matrices: a fifth of the time of narrow convolutions."""

LEAST = (2.0, 0.15)
"""Smallest spread that is taken for contrast: globally in digital numbers, locally in their square root."""


def mend_wraparound(image: Tensor) -> Tensor:
    """Fill black dots inside white glints, as 8-bit overflow leaves them.

    A grey closing by 3x3 fills dark spots up to two pixels wide; only those much darker than their
    surround are replaced, channel by channel.

    Args:
        image: (B, 3, H, W) 0..255.
    """
    closed = _three(_three(image, torch.maximum), torch.minimum)
    return torch.where(closed - image > WRAP_STEP, 255.0, image)


def _three(image: Tensor, pick: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """Return maxima or minima of 3x3 pixels, by rows and columns: several times as fast as pooling on a CPU."""
    rows = image.clone()
    rows[..., 1:, :] = pick(rows[..., 1:, :], image[..., :-1, :])
    rows[..., :-1, :] = pick(rows[..., :-1, :], image[..., 1:, :])
    both = rows.clone()
    both[..., 1:] = pick(both[..., 1:], rows[..., :-1])
    both[..., :-1] = pick(both[..., :-1], rows[..., 1:])
    return both


def with_data(image: Tensor) -> Tensor:
    """Return the pixels (B, H, W) that carry data: all but black patches of at least 5 x 5 pixels."""
    return opened((image.amax(1, keepdim=True) < 0.5).float())[:, 0] < 0.5


def opened(mask: Tensor) -> Tensor:
    """Return a mask (B, 1, H, W), 0 or 1, without what is narrower than five pixels: a morphological opening."""
    return largest(-largest(-mask, 2), 2)


def largest(image: Tensor, reach: int) -> Tensor:
    """Return the largest value within ``reach`` pixels along both axes, of an image (..., H, W).

    To the bit what ``max_pool2d`` of that size returns, by comparing shifted rows and columns: on a CPU in a tenth of
    its time.
    """
    return _largest_along(_largest_along(image, reach, -1), reach, -2)


def _largest_along(image: Tensor, reach: int, axis: int) -> Tensor:
    made, length = image.clone(), image.shape[axis]
    for step in range(1, min(reach, length - 1) + 1):
        for to, start in ((step, 0), (0, step)):
            part = made.narrow(axis, to, length - step)
            torch.maximum(part, image.narrow(axis, start, length - step), out=part)
    return made


def normalise(
    image: Tensor, gsd: Tensor, valid: Tensor, stretch: Tensor | float = 1.0, shift: Tensor | float = 0.0
) -> Tensor:
    """Return the network's input.

    Three channels carry the image with its own median at zero and its own spread at one: very dark renderings, casts
    and haze differ by an offset and a gain per channel, and the median of each channel and the 5-95 % range of the
    brightness take both out. The inverse hyperbolic sine keeps glints from drowning the rest (as in Lupton et al. 2004,
    PASP 116:133). A fourth carries the brightness against its surroundings of some metres, in units of their spread:
    dark cars on dark ground differ there as much as white ones elsewhere. The fifth says how coarse the image was.

    Args:
        image: (B, 3, H, W) 0..255 at 0.3 m.
        gsd: (B,) metres per pixel before it was resampled.
        valid: (B, H, W) pixels that carry data.
        stretch: factor by which the spread is taken to be larger, as if the image showed other surroundings; for
            training.
        shift: amount by which the middle is taken to be off, likewise.

    Returns:
        (B, 5, H, W), about -3 .. 3.
    """
    mended = mend_wraparound(image)
    step = max(2, math.ceil(math.sqrt(image.shape[-1] * image.shape[-2] / SAMPLE)))
    sample = mended.masked_fill(~valid[:, None], torch.nan)[..., ::step, ::step].flatten(2)
    middle = sample.nanmedian(2).values.nan_to_num(0.0)[..., None, None]
    ends = sample.mean(1).nanquantile(torch.tensor([0.05, 0.95], device=image.device), dim=1).nan_to_num(0.0)
    spread = ((ends[1] - ends[0]) / 2).clamp_min(LEAST[0]).view(-1, 1, 1, 1)
    whole = _asinh((mended - middle) * (1.5 / (spread * stretch)) + shift)
    local = _local(mended.mean(1, keepdim=True), valid[:, None].to(image.dtype))
    coarse = torch.log2(gsd.to(image) / TARGET_GSD).view(-1, 1, 1, 1).expand_as(local)
    return torch.cat([whole, local, coarse], 1) * valid[:, None]


def _asinh(x: Tensor) -> Tensor:
    """Return the inverse hyperbolic sine; torch's own takes eight times as long on a CPU."""
    size = x.abs()
    return torch.log1p(size + size * size / (1 + torch.sqrt(size * size + 1))).copysign(x)


def _local(bright: Tensor, valid: Tensor) -> Tensor:
    """Return brightness against its surroundings, in units of their spread, (B, 1, H, W)."""
    root = (bright + 1).sqrt()
    size = (-(-root.shape[-2] // 4), -(-root.shape[-1] // 4))
    sums = F.interpolate(torch.cat([valid, root * valid, root**2 * valid], 1), size=size, mode="area")
    sums = gaussian(sums, AROUND)
    share, mean, square = sums.clamp_min(1e-6).split(1, 1)
    deviation = (square / share - (mean / share) ** 2).clamp_min(0).sqrt()
    level = F.interpolate(mean / share, size=root.shape[-2:], mode="bilinear", align_corners=False)
    unit = F.interpolate(deviation, size=root.shape[-2:], mode="bilinear", align_corners=False)
    return ((root - level) / (unit + LEAST[1])).clamp(-4, 4)


def _blurring(kernel: Tensor, length: int) -> Tensor:
    """Return the matrix (length, length) that blurs a line by a kernel, edges repeated."""
    radius, rows = len(kernel) // 2, torch.arange(length, device=kernel.device)
    apart = rows[None, :] - rows[:, None]
    made = kernel[(apart + radius).clamp(0, 2 * radius)] * (apart.abs() <= radius)
    beyond = F.pad(kernel.cumsum(0), (1, 0))
    made[:, 0] = beyond[(radius - rows + 1).clamp_min(0)]
    made[:, -1] = made[:, 0].flip(0)
    return made


def gaussian(image: Tensor, sigma: float) -> Tensor:
    """Blur (B, C, H, W) by a Gaussian of ``sigma`` pixels, edges repeated."""
    if sigma < 0.1:
        return image
    radius = max(1, math.ceil(2.6 * sigma))
    at = torch.arange(-radius, radius + 1, device=image.device, dtype=image.dtype)
    kernel = torch.exp(-(at**2) / (2 * sigma**2))
    kernel = kernel / kernel.sum()
    if image.is_cuda and max(image.shape[-2:]) <= MULTIPLIED:
        down, across = (_blurring(kernel, length) for length in image.shape[-2:])
        return down @ image @ across.T
    planes = F.pad(image.flatten(0, 1)[:, None], (radius,) * 4, mode="replicate")
    planes = F.conv2d(F.conv2d(planes, kernel.view(1, 1, 1, -1)), kernel.view(1, 1, -1, 1))
    return planes.view(image.shape)
