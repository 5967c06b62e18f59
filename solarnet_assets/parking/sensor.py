"""What a satellite and its processing do to a scene: optics, sampling, pan-sharpening, tone, 8 bits, JPEG.

All in torch and for a batch at once, so that one drawn scene gives many images on the training device. Every step and
its spread are ours; the values are wider than any one sensor. Training only.
"""
# ruff: noqa: TID253  (training code; nothing that Dagster loads imports this module at module level)

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from solarnet_assets.imagery.jpeg import jpeg
from solarnet_assets.parking.render import CANVAS
from solarnet_assets.parking.tones import gaussian

GROUP, GROUPS = 32, 16
"""Images of a batch that share pixel size and optics, at least, and groups of them, at most: each group costs the host
as much as a large one."""

FULL = 254.5
"""Canvas value from which a surface is a glint, brighter than any white."""


class Dice:
    """Random numbers on a device, repeatable from a generator of the CPU."""

    def __init__(self, seed: torch.Generator, device: torch.device) -> None:
        self.device = device
        number = int(torch.randint(2**62, (1,), generator=seed))
        self.source, self.host = torch.Generator(device).manual_seed(number), torch.Generator().manual_seed(number)

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        """Return uniform numbers."""
        return low + (high - low) * torch.rand(shape, generator=self.source, device=self.device)

    def normal(self, *shape: int) -> Tensor:
        """Return standard normal numbers."""
        return torch.randn(shape, generator=self.source, device=self.device)

    def one(self, low: float = 0.0, high: float = 1.0) -> float:
        """Return one uniform number on the host, without waiting for the device."""
        return low + (high - low) * float(torch.rand((), generator=self.host))


def photograph(canvas: Tensor, dice: Dice, size: int) -> tuple[Tensor, Tensor]:
    """Return images as a data provider would hand them over, resampled to 0.3 m.

    Args:
        canvas: (B, 3, N, N) square roots of reflectance, 0..255, 0 where nothing is, at
            :data:`~solarnet_assets.parking.render.CANVAS`.
        dice: source of all randomness.
        size: pixels of a side of the result.

    Returns:
        (B, 3, size, size) whole numbers 0..255 as float, and the pixel sizes (B,) at which the sensor sampled, m.
    """
    light = (canvas / 255) ** 2
    glint = (canvas >= FULL).all(1, keepdim=True)
    light = torch.where(glint, light * dice.uniform(1.0, 7.0, len(canvas), 1, 1, 1), light)
    light = light * _illumination(light, dice)
    images, sizes = [], []
    for part in light.split(max(GROUP, -(-len(light) // GROUPS))):
        gsd = draw_gsd(dice)
        images.append(_resized(_sampled(part, gsd, dice), size))
        sizes += [gsd] * len(part)
    image = torch.cat(images).round_().clamp_(0, 255)
    outside = F.interpolate((canvas.amax(1, keepdim=True) < 0.5).float(), size=(size, size), mode="area") > 0.5
    return image.masked_fill_(outside, 0.0), torch.tensor(sizes).to(canvas.device, non_blocking=True)


def draw_gsd(dice: Dice) -> float:
    """Return a pixel size, m: half near 0.3, the others between 0.15 and 0.6, a few up to 1."""
    kind = dice.one()
    if kind < 0.5:
        return dice.one(0.28, 0.34)
    return dice.one(0.15, 0.6) if kind < 0.9 else dice.one(0.6, 1.0)


def _illumination(light: Tensor, dice: Dice) -> Tensor:
    """Return slowly varying light and a cast of colour, (B, 3, 1, 1) or (B, 3, N, N)."""
    count = len(light)
    field = F.interpolate(dice.normal(count, 1, 4, 4), size=light.shape[-2:], mode="bicubic", align_corners=False)
    cast = 1 + 0.08 * dice.normal(count, 3, 1, 1)
    return (1 + dice.uniform(0, 0.12, count, 1, 1, 1) * field).clamp_min(0.3) * cast.clamp_min(0.5)


def _sampled(light: Tensor, gsd: float, dice: Dice) -> Tensor:
    """Return DN at the sensor's pixels, (B, 3, h, w), for images that share optics."""
    side = round(light.shape[-1] * CANVAS / gsd)
    seen = F.interpolate(gaussian(light, dice.one(0.25, 0.7) * gsd / CANVAS), size=(side, side), mode="area")
    level = seen.mean((1, 2, 3), keepdim=True)
    seen = seen + level * dice.uniform(0.0, 0.8, len(seen), 1, 1, 1) ** 2 * _haze(dice, len(seen))
    if dice.one() < 0.6:
        seen = _pansharpened(seen, dice)
    noise = dice.uniform(0.0, 1.0, len(seen), 1, 1, 1) ** 2 * 0.06
    seen = seen + noise * (level * seen.clamp_min(0)).sqrt() * dice.normal(*seen.shape)
    if dice.one() < 0.3:
        seen = gaussian(seen, dice.one(0.3, 0.6))
    if dice.one() < 0.5:
        seen = seen + dice.one(0.2, 1.5) * (seen - gaussian(seen, dice.one(0.6, 1.6)))
    image = _toned(seen, dice)
    if dice.one() < 0.3:
        return jpeg(image, dice.uniform(55, 96, len(image), 1, 1, 1)).round()
    return image


def _haze(dice: Dice, count: int) -> Tensor:
    """Return the colour of light scattered by air, blue above red, (B, 3, 1, 1)."""
    tint = torch.tensor([0.75, 0.95, 1.3]).to(dice.device, non_blocking=True).view(1, 3, 1, 1)
    return tint ** dice.uniform(0, 1.5, count, 1, 1, 1)


def _pansharpened(seen: Tensor, dice: Dice) -> Tensor:
    """Colour at four times the pixel size under the detail of a panchromatic band.

    Brovey's ratio or an added difference, the panchromatic band with weights of its own, sometimes colour that is off
    by a part of its pixel.
    """
    weight = dice.uniform(0.15, 0.5, 3)
    pan = (seen * (weight / weight.sum()).view(1, 3, 1, 1)).sum(1, keepdim=True)
    both = torch.cat([seen, pan], 1)
    h, w = seen.shape[-2:]
    coarse = F.interpolate(both, scale_factor=1 / dice.one(2.5, 4.5), mode="area")
    smooth = F.interpolate(coarse, size=(h, w), mode="bicubic", align_corners=False)
    colour, base = smooth[:, :3], smooth[:, 3:]
    if dice.one() < 0.3:
        colour = torch.roll(colour, (int(dice.one(-1.5, 2.5)), int(dice.one(-1.5, 2.5))), (-2, -1))
    if dice.one() < 0.5:
        return (colour * (pan / base.clamp_min(1e-4)).clamp(0, 6)).clamp_min(0)
    return (colour + pan - base).clamp_min(0)


def _toned(seen: Tensor, dice: Dice) -> Tensor:
    """Return 8-bit numbers: a line through radiance or a curve, the middle between very dark and bright.

    Half of the images are straight lines, as products are before anybody makes them pleasant. Values above 255 clip;
    in one image of seven, a dark one, they wrap around.
    """
    count = len(seen)
    flat = seen[:, :, ::2, ::2].flatten(2)
    dark = flat.mean(1).quantile(0.02, dim=1).view(-1, 1, 1, 1) * dice.uniform(-0.3, 0.95, count, 1, 1, 1)
    unit = (seen - dark.clamp_min(0)).clamp_min(0)
    straight = dice.uniform(0, 1, count, 1, 1, 1) < 0.5
    power = torch.where(straight, 1.0, dice.uniform(0.4, 0.95, count, 1, 1, 1))
    middle = unit[:, :, ::2, ::2].flatten(1).median(1).values.view(-1, 1, 1, 1).clamp_min(1e-3)
    unit = (unit / middle).pow(power)
    wanted = torch.exp(dice.uniform(math.log(9), math.log(150), count, 1, 1, 1))
    wraps = dice.uniform(0, 1, count, 1, 1, 1) < 0.15
    image = (
        unit * torch.where(wraps, dice.uniform(0.3, 0.8, count, 1, 1, 1) * wanted, wanted)
        + dice.uniform(0, 1, count, 1, 1, 1) ** 3 * 40
    )
    return torch.where(wraps, image.clamp(0, 1000).floor() % 256, image.clamp(0, 255).floor())


def _resized(image: Tensor, size: int) -> Tensor:
    """Return the images at 0.3 m as :func:`solarnet_assets.parking.pixels.resample` would."""
    if abs(image.shape[-1] / size - 1) < 0.03 and image.shape[-1] == size:
        return image
    if image.shape[-1] * 0.6 > size:
        return F.interpolate(image, size=(size, size), mode="area")
    return F.interpolate(image, size=(size, size), mode="bicubic", align_corners=False, antialias=True)
