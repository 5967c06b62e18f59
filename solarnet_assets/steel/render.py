"""Scenes with and without hot surfaces for training HeatNet, drawn at a quarter of a pixel and seen by a sensor.

Domain randomisation (Tobin et al. 2017, arXiv 1703.06907): what passes for heat (glint, bright and rusty roofs, char,
clouds that move between bands, bands out of register, aircraft, lava and coal) occurs more often than heat does.
Training only; independent of the simulated country that the project is tested on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from solarnet_assets.steel import render_sensor
from solarnet_assets.steel.figures import truth, untaught
from solarnet_assets.steel.render_covers import BANDS
from solarnet_assets.steel.render_glint import glint, sea_glint
from solarnet_assets.steel.render_ground import ground
from solarnet_assets.steel.render_heat import IRRADIANCE, Heat, draw_heat
from solarnet_assets.steel.render_sensor import FINE, Look
from solarnet_assets.steel.render_sky import DELAY, air, clouds, smoke

Array = NDArray[np.float32]

CHIP = 64
"""Pixels of a side of a training chip."""

ENLARGED = 0.05
"""Share of chips that were enlarged by two after the sensor. Ours."""

MARGIN = 2
"""Pixels around a chip that are drawn and cut away."""


@dataclass(frozen=True)
class HeatChip:
    """A rendered chip.

    Attributes:
        reflectance: band name -> (H, W) float32, the bands that are there; NaN where nothing was measured.
        heat: (H, W) float32, 2.2 um reflectance that hot surfaces add.
        hot, cool: (H, W) pixels that are hot, and that certainly are not (``figures.truth``).
        untaught: (H, W) pixels from which nothing is learnt (``figures.untaught``).
        look: how the sensor saw it.
        kind: of place.
        cosine: of the sun's zenith angle.
    """

    reflectance: dict[str, Array]
    heat: Array
    hot: NDArray[np.bool_]
    cool: NDArray[np.bool_]
    untaught: NDArray[np.bool_]
    look: Look
    kind: str
    cosine: float

    def gain(self, band: str) -> float:
        """Return radiance per reflectance of a band, W m-2 sr-1 um-1, at one astronomical unit."""
        name = {"B08": "B8A", "B05": "B04"}.get(band, band)
        return float(IRRADIANCE[BANDS.index(name)] * self.cosine / np.pi)


def render(rng: np.random.Generator, size: int = CHIP, look: Look | None = None) -> HeatChip:
    """Draw one chip of ``size`` x ``size`` pixels.

    Args:
        rng: source of chance.
        size: pixels.
        look: sensor and bands; drawn when absent.
    """
    look = look or render_sensor.draw_look(rng)
    side = (size + 2 * MARGIN) * FINE
    cosine = float(rng.uniform(0.25, 0.97))
    place = ground(rng, side, look.metres)
    heat = draw_heat(rng, side, look.metres, cosine, place.scars, place.kind)
    plain = place.scene[:3].copy()
    glint(place.scene, place.roofs, rng)
    sea_glint(place.scene, place.waters, rng)
    lit, glow = _through_air(place.scene, heat, look.metres, rng)
    if rng.random() < 0.03:
        _aircraft(lit, look.metres, rng)
    seen, hot = render_sensor.expose(lit, glow, look, rng)
    part = slice(MARGIN, -MARGIN)
    seen, hot = seen[:, part, part], hot[part, part]
    bands = render_sensor.deliver(seen, render_sensor.average(plain)[:, part, part], look, rng)
    rest = seen[6] - hot
    chip = HeatChip(bands, hot, *truth(hot, rest), untaught(hot, rest), look, place.kind, cosine)
    return _enlarge(chip, rng) if rng.random() < ENLARGED and size % 2 == 0 else chip


def _enlarge(chip: HeatChip, rng: np.random.Generator) -> HeatChip:
    """Return the middle of a chip at twice its size: whoever cuts chips for others likes to enlarge them."""
    size = len(chip.heat)
    part = slice(size // 4, size // 4 + size // 2)
    way = (Image.Resampling.NEAREST, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC)[int(rng.integers(3))]

    def twice(plane: Array) -> Array:
        return np.asarray(Image.fromarray(np.ascontiguousarray(plane[part, part])).resize((size, size), way))

    masks = {
        name: getattr(chip, name)[part, part].repeat(2, 0).repeat(2, 1) for name in ("heat", "hot", "cool", "untaught")
    }
    return replace(chip, reflectance={name: twice(band) for name, band in chip.reflectance.items()}, **masks)


def _aircraft(lit: Array, metres: float, rng: np.random.Generator) -> None:
    """Add an aircraft: bright, and up to 600 m further on in the last band than in the first (230 m/s for 2.6 s)."""
    side = lit.shape[1]
    angle, way = rng.uniform(0, 2 * np.pi), rng.uniform(100, 600) / metres
    start = rng.uniform(0.2, 0.8, 2) * side
    size = max(1, round(rng.uniform(8, 35) / metres))
    bright = rng.uniform(0.2, 0.9) * np.array([1, 1, 1, 1, 0.9, 0.8, 0.7]) * np.exp(rng.normal(0, 0.1, 7))
    for band, delay in enumerate(DELAY):
        row, col = (start + way * delay * np.array([np.sin(angle), np.cos(angle)])).astype(int)
        if 0 <= row < side and 0 <= col < side:
            lit[band, row : row + size, col : col + size] = bright[band]


def _through_air(scene: Array, heat: Heat | None, metres: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return what reaches the sensor, (7, side, side): reflected light with that of the air, and glow."""
    side = scene.shape[1]
    path, through = air(rng, side)
    sky = clouds(rng, side, metres)
    shade = np.float32(1.0) if sky is None else 1 - sky[2]
    lit = scene * through
    lit *= shade
    lit += path
    emitted = np.zeros((1, 1, 1), np.float32) if heat is None else heat.reflectance
    glow = emitted * np.sqrt(through)
    if heat is not None and rng.random() < {True: 0.6, False: 0.2}[len(heat.places) > 40]:
        white, clear = smoke(rng, side, heat.places)
        lit, glow = lit * clear**2 + white, glow * clear
    if sky is not None:
        opacity, bright, _ = sky
        lit += (bright - lit) * opacity
        glow = glow * (1 - opacity)
    return lit, np.broadcast_to(glow, scene.shape)
