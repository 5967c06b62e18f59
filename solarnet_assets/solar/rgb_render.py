"""Sub-metre RGB chips with arrays of modules for training: drawn, lit, seen by a camera, stored as 8-bit pictures.

Domain randomisation (Tobin et al. 2017, arXiv 1703.06907): the ground sampling distance is drawn log-uniformly from
0.07 to 3 m, and surroundings, arrays, sun, view, haze, focus, colour and compression vary more than in any one survey.
What looks like an array (greenhouses, dark and blue roofs, skylights, car parks, furrows, water, courts, containers,
rails) occurs as often as arrays. Some chips stand on real aerial frames, with arrays drawn onto them or none. This
renderer trains the network and nothing else.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
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

FRAME_GSD = 0.13
"""Ground sampling distance of the real frames, m: a car of 4.5 m is 33-38 pixels long in them."""

HAZE = np.array([0.72, 0.77, 0.85], np.float32)
"""Colour of the light that haze adds, of full brightness."""

REAL = 0.2
"""Share of chips that stand on a real frame, where there are some."""

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


def render(rng: np.random.Generator, frames: Sequence[Picture] = (), size: int = CHIP) -> RgbChip:
    """Draw one chip of ``size`` x ``size`` pixels; a fifth of them on ``frames`` where there are some."""
    gsd = float(np.exp(rng.uniform(*np.log(GSD))))
    real = bool(frames) and rng.random() < REAL
    if real:
        gsd = float(rng.uniform(0.09, 0.22))
    height, azimuth = (
        rng.uniform(0.6, 2.6),
        rng.uniform(0, 2 * np.pi) if rng.random() < 0.3 else rng.normal(-np.pi / 2, 0.7),
    )
    sun = (float(np.cos(azimuth) / height), float(np.sin(azimuth) / height))
    c = Canvas(rng, size, gsd, sun, seethrough=real)
    if real:
        c.material(np.array([90.0, 90, 90]), 0.0)
        _on_frame(c)
    else:
        _scene(c)
    image, share, drawn = c.compose()
    if real:
        under = _crop(frames[int(rng.integers(len(frames)))], rng, gsd, size)
        image = image * drawn[..., None] + under * (1 - drawn[..., None])
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


def _on_frame(c: Canvas) -> None:
    """Lay small arrays onto a real frame in half of the chips."""
    rng = c.rng
    if rng.random() < 0.5:
        return
    for _ in range(int(rng.integers(1, 4))):
        size = (float(rng.uniform(6, 20)), float(rng.uniform(3.5, 12)))
        face = rgb_arrays.Face(c.somewhere(), size, float(rng.uniform(0, np.pi)), rng.random() < 0.7, 5.0)
        rgb_arrays.on_roof(c, face)


def _crop(frame: Picture, rng: np.random.Generator, gsd: float, size: int) -> NDArray[np.float32]:
    """Return a part of a frame at another ground sampling distance, turned and mirrored, (size, size, 3)."""
    height, width = frame.shape[:2]
    side = int(min(size * gsd / FRAME_GSD, height, width))
    y, x = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
    part = np.rot90(frame[y : y + side, x : x + side], int(rng.integers(4)))
    if rng.random() < 0.5:
        part = part[:, ::-1]
    picture = Image.fromarray(np.ascontiguousarray(part)).resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(picture, np.float32)


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
