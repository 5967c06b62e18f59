"""What a camera does to a drawn scene: blur, sampling, noise, pan-sharpening, tone, 8 bits, JPEG. Training only."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from solarnet_assets.parking.pixels import TARGET_GSD
from solarnet_assets.parking.sprites import FINE


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], cells: int) -> NDArray[np.float32]:
    """Return smooth noise, (H, W), about -1..1, with ``cells`` bumps along each side."""
    coarse = Image.fromarray(rng.normal(0, 0.6, (cells + 2, cells + 2)).astype(np.float32))
    return np.asarray(coarse.resize((shape[1], shape[0]), Image.Resampling.BICUBIC))


def photograph(canvas: Image.Image, rng: np.random.Generator, size: int) -> tuple[NDArray[np.uint8], float]:
    """Return a training chip from a drawn canvas.

    Args:
        canvas: RGB scene at :data:`FINE` metres a pixel.
        rng: source of all randomness.
        size: pixels of a side of the chip at 0.3 m.

    Returns:
        (size, size, 3) uint8 at 0.3 m, and the GSD at which the sensor sampled, m.
    """
    gsd = TARGET_GSD if rng.random() < 0.5 else float(rng.uniform(0.15, 0.6))
    blurred = canvas.filter(ImageFilter.GaussianBlur(rng.uniform(0.25, 0.6) * gsd / FINE))
    side = round(size * TARGET_GSD / gsd)
    seen = np.asarray(blurred.resize((side, side), Image.Resampling.BOX), np.float32)
    if rng.random() < 0.4:
        seen = _pansharpen(seen, rng)
    seen = _tone(seen, rng)
    if rng.random() < 0.4:
        seen = _sharpen(seen, rng)
    image = _quantise(seen, rng)
    if side != size:
        image = np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC))
    return image, gsd


def _pansharpen(seen: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    bright = seen.mean(2, keepdims=True)
    colour = Image.fromarray(np.clip(seen - bright + 128, 0, 255).astype(np.uint8))
    colour = colour.filter(ImageFilter.GaussianBlur(rng.uniform(1.0, 2.5)))
    return bright + np.asarray(colour, np.float32) - 128


def _tone(seen: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Haze, gain, gamma and cast: the median of the result lies between very dark and bright."""
    unit = np.clip(seen / 255, 0, 1) ** rng.uniform(0.75, 1.4)
    unit = unit * rng.uniform(0.75, 1.0) + rng.uniform(0, 0.25)
    unit *= 1 + 0.12 * rng.random() * smooth_noise(rng, seen.shape[:2], 2)[..., None]
    wanted = float(np.exp(rng.uniform(np.log(28), np.log(150))))
    gain = wanted / max(float(np.median(unit)), 0.05)
    cast = 1 + rng.normal(0, 0.06, 3)
    return (unit * gain * cast).astype(np.float32)


def _sharpen(seen: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    from scipy import ndimage

    soft = ndimage.gaussian_filter(seen, (rng.uniform(0.7, 1.6),) * 2 + (0,))
    return seen + rng.uniform(0.3, 1.6) * (seen - soft)


def _quantise(seen: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.uint8]:
    level = float(np.median(seen))
    noise = rng.normal(0, 1, seen.shape).astype(np.float32) if rng.random() < 0.8 else np.float32(0)
    seen = seen + noise * level * rng.uniform(0.005, 0.05)
    if rng.random() < 0.12:
        return (np.clip(seen, 0, 600).astype(np.int32) % 256).astype(np.uint8)
    image = np.clip(seen, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "JPEG", quality=int(rng.integers(45, 95)))
        image = np.asarray(Image.open(buffer))
    return image


def photograph_real(seen: Image.Image, rng: np.random.Generator, size: int) -> NDArray[np.uint8]:
    """Return a finer real image as a chip of ``size`` pixels a side, through the same sensor."""
    side = round(size * (1.0 if rng.random() < 0.5 else rng.uniform(0.6, 1.4)))
    small = np.asarray(seen.resize((side, side), Image.Resampling.BOX), np.float32)
    image = _quantise(_tone(small, rng), rng)
    return np.array(Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC))
