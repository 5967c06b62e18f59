"""Sub-metre RGB chips with arrays of modules for training: drawn, lit, seen by a camera, stored as 8-bit pictures.

Domain randomisation (Tobin et al. 2017, arXiv 1703.06907): the ground sampling distance is drawn log-uniformly from
0.07 to 3 m, and surroundings, arrays, sun, view, haze, focus, colour and compression vary more than in any one survey.
What looks like an array (greenhouses, dark and blue roofs, skylights, car parks, furrows, water, courts, containers,
rails) occurs as often as arrays. What is done to a chip each time it is used is in ``rgb_vary``. This renderer trains
the network and nothing else.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from solarnet_assets.imagery.texture import noise
from solarnet_assets.solar import rgb_arrays, rgb_decoys, rgb_scenes
from solarnet_assets.solar.rgb_canvas import Canvas

CHIP = 256
"""Pixels of a side of a training chip."""

GSD = (0.07, 3.0)
"""Ground sampling distances that are trained on, m."""

HAZE = np.array([0.72, 0.77, 0.85], np.float32)
"""Colour of the light that haze adds, of full brightness."""

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class RgbChip:
    """A rendered chip.

    Attributes:
        image: (H, W, 3) uint8 red, green, blue.
        share: (H, W) float32, share of the pixel inside an array.
        gsd: ground sampling distance, m.
    """

    image: Picture
    share: NDArray[np.float32]
    gsd: float


def render(rng: np.random.Generator, size: int = CHIP) -> RgbChip:
    """Draw one chip of ``size`` x ``size`` pixels."""
    gsd = float(np.exp(rng.uniform(*np.log(GSD))))
    height, azimuth = (
        rng.uniform(0.6, 2.6),
        rng.uniform(0, 2 * np.pi) if rng.random() < 0.3 else rng.normal(-np.pi / 2, 0.7),
    )
    sun = (float(np.cos(azimuth) / height), float(np.sin(azimuth) / height))
    c = Canvas(rng, size, gsd, sun)
    _scene(c)
    image, share = c.compose()
    return RgbChip(_camera(image, rng), share, gsd)


def _scene(c: Canvas) -> None:
    """Draw surroundings by scale, decoys, and in half of the chips an array."""
    rng = c.rng
    close = c.gsd < 0.7
    kind = rng.choice(3, p=[0.5, 0.25, 0.25] if close else [0.12, 0.36, 0.52])
    faces = (rgb_scenes.suburb if close else rgb_scenes.village, rgb_scenes.industry, rgb_scenes.country)[kind](c)
    wet = rng.random() < (0.1 if close else 0.25)
    if wet:
        rgb_scenes.waters(c)
    if rng.random() < 0.7:
        rgb_decoys.decoys(c)
    if rng.random() < 0.55:
        _arrays(c, faces, wet)
    rgb_decoys.trees(c)


def _arrays(c: Canvas, faces: list[rgb_arrays.Face], wet: bool) -> None:
    rng = c.rng
    if rng.random() < 0.06:
        rgb_arrays.carports(c)
        return
    near = [f for f in faces if (np.abs(f.centre) < c.extent * 0.5).all()]
    if near and rng.random() < 0.85:
        share = rng.uniform(0.02, 0.6) if rng.random() < 0.7 else 1.0
        chosen = [f for f in near if rng.random() < share] or [near[rng.integers(len(near))]]
        for face in chosen[:25]:
            rgb_arrays.on_roof(c, face)
    elif wet and rng.random() < 0.5:
        rgb_arrays.farm(c, floating=c.material("water"))
    else:
        rgb_arrays.farm(c)


def _camera(image: NDArray[np.float32], rng: np.random.Generator) -> Picture:
    """See the scene: uneven light, haze, colour, stretch, focus, noise, compression."""
    size = image.shape[0]
    light = (1 + noise(rng, size, 2) * np.float32(rng.uniform(0, 0.12))) * np.float32(rng.uniform(0.75, 1.25) / 255)
    colour, haze = rng.uniform(0.35, 1.25), rng.uniform(0, 0.35) ** 2 * 2
    mix = (np.eye(3) * colour + (1 - colour) / 3) * np.exp(rng.normal(0, 0.05, 3)) * (1 - haze)
    seen = (image * light[..., None]) @ mix.astype(np.float32) + np.float32(haze) * HAZE
    picture = _focus(Image.fromarray(_tone(seen, rng)[(seen * 511).clip(0, 1023).astype(np.int16)]), rng)
    grain = rng.standard_normal((size, size, 1), np.float32) * np.float32(rng.uniform(0, 6))
    out = np.clip(np.asarray(picture, np.float32) + grain, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        file = io.BytesIO()
        Image.fromarray(out).save(file, "JPEG", quality=int(rng.integers(35, 96)))
        out = np.array(Image.open(file).convert("RGB"))
    return out


def _tone(seen: NDArray[np.float32], rng: np.random.Generator) -> Picture:
    """Return the curve from light to 8 bits as a table over light 0..2 (1,024 steps): stretch, gamma, contrast."""
    curve = np.linspace(0, 2, 1024)
    if rng.random() < 0.25:
        low, high = np.quantile(seen[::8, ::8], (rng.uniform(0, 0.02), 1 - rng.uniform(0.001, 0.03)))
        curve = (curve - low) / max(high - low, 0.15)
    curve = np.clip(curve, 0, 2) ** np.exp(rng.normal(0, 0.18))
    curve = 0.45 + (curve - 0.45) * rng.uniform(0.7, 1.3)
    return (np.clip(curve, 0, 1) * 255).astype(np.uint8)


def _focus(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Blur, sharpen, or draw large again from a coarser picture, as map services do."""
    kind, size = rng.random(), picture.size
    if kind < 0.45:
        return picture.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.2, 1.2))))
    if kind < 0.6:
        small = picture.resize((int(size[0] / rng.uniform(1.1, 2.5)),) * 2, Image.Resampling.BOX)
        return small.resize(size, Image.Resampling.BICUBIC)
    if kind < 0.7:
        return picture.filter(ImageFilter.UnsharpMask(float(rng.uniform(0.8, 2)), int(rng.integers(40, 160)), 0))
    return picture
