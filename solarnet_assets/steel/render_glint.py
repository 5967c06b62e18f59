"""Mirrors for the training renderer: roofs, panes, panels and water that throw the sun at the sensor. Training only.

Glint is what looks most like heat: as narrow as a furnace, brightest in the infrared, and gone on the next pass. Its
colour is that of the mirror (glass is grey; metal, paint and roughness redden it), times how far the beam has turned
away while the bands looked one after the other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.imagery.texture import noise
from solarnet_assets.steel.render_heat import WAVELENGTH
from solarnet_assets.steel.render_sky import DELAY

Array = NDArray[np.float32]

MOST_SLOPE = 1.6
"""Largest ratio of 2.2 um to 1.6 um that a mirror gets. Hot surfaces have 2.0 (2,000 K) to 7 (1,000 K) and more by
Planck's law; what lies between, one pass cannot tell. Ours."""

SWEEP = 1.4
"""Degrees by which the view turns between the first band and the last: 2.6 s at 7.4 km/s, seen from 786 km."""


def glint(scene: Array, roofs: NDArray[np.bool_], rng: np.random.Generator) -> None:
    """Add mirrors to a scene (7, side, side), in place: single sheets, or a whole quarter of one colour.

    Args:
        scene: reflectance, fine pixels.
        roofs: where shiny covers are (side, side).
        rng: source of chance.
    """
    if rng.random() > 0.62:
        return
    side = scene.shape[1]
    where = np.argwhere(roofs) if roofs.any() and rng.random() < 0.85 else rng.integers(0, side, (500, 2))
    common = _colour(rng) if rng.random() < 0.6 else None
    for _ in range(1 + int(rng.exponential(25 if rng.random() < 0.25 else 5))):
        row, col = where[rng.integers(len(where))]
        colour = _colour(rng) if common is None else _capped(common * np.exp(rng.normal(0, 0.06, 7)))
        strength = np.exp(rng.uniform(np.log(0.3), np.log(40)))
        if rng.random() < 0.12:
            _plane(scene, roofs, (int(row), int(col)), colour * rng.uniform(0.05, 1.2), rng)
            continue
        tall, wide = (1 + int(rng.exponential(1.2)) for _ in range(2))
        patch = (strength / (tall * wide) ** 0.5 * colour).astype(np.float32)
        scene[:, row : row + tall, col : col + wide] += patch[:, None, None]


def _plane(
    scene: Array, roofs: NDArray[np.bool_], spot: tuple[int, int], colour: NDArray[np.float64], rng: np.random.Generator
) -> None:
    """Light the roofs about a spot, unevenly, as sheets of one slope and rows of panels do."""
    tall, wide = (int(np.exp(rng.uniform(np.log(4), np.log(40)))) for _ in range(2))
    part = (slice(spot[0], spot[0] + tall), slice(spot[1], spot[1] + wide))
    sparkle = np.exp(rng.normal(0, rng.uniform(0.1, 1.5), roofs[part].shape)) * roofs[part]
    scene[:, *part] += colour.astype(np.float32)[:, None, None] * sparkle.astype(np.float32)


def _colour(rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw the strength of a mirror per band, (7,), about 1.

    Slope: reflectance of glass and water hardly depends on the wavelength; that of metal rises (iron from 0.5 in the
    visible to 0.8 at 2.2 um), and a rough sheet mirrors long waves better (Bennett and Porteus 1961,
    doi:10.1364/JOSA.51.000123). Paint takes from the visible, its binder from 2.2 um. Ranges are ours.
    """
    slope = rng.choice([rng.normal(0, 0.1), rng.uniform(0, 0.7), rng.uniform(0.3, 1.6)], p=[0.3, 0.4, 0.3])
    colour = (WAVELENGTH / 0.86) ** slope
    if rng.random() < 0.4:
        colour[:3] *= rng.uniform(0.3, 1.0) * np.exp(rng.normal(0, 0.15, 3))
    colour[6] *= rng.uniform(0.75, 1.0) if rng.random() < 0.3 else 1.0
    return _capped(colour * _beam(rng) * np.exp(rng.normal(0, 0.07, 7)))


def _beam(rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw how much of a beam meets each band: narrow beams (the sun is half a degree wide) pass within a second."""
    half = np.exp(rng.uniform(np.log(0.4), np.log(10)))
    centre = rng.uniform(-0.5, 1.5) * SWEEP
    beam = np.exp(-0.5 * ((SWEEP * DELAY - centre) / half) ** 2)
    beam = np.asarray(beam / beam.max())
    return np.maximum(beam, 0.05)


def _capped(colour: NDArray[np.float64]) -> NDArray[np.float64]:
    colour[6] = min(colour[6], colour[5] * MOST_SLOPE)
    return colour


def sea_glint(scene: Array, waters: NDArray[np.bool_], rng: np.random.Generator) -> None:
    """Add the sun's image on rough water, in place: patches and sparkle, about as strong in every band."""
    if rng.random() > 0.25 or not waters.any():
        return
    side = scene.shape[1]
    field = np.clip(noise(rng, side, 4) + 0.5 * noise(rng, side, 40) + rng.uniform(-0.6, 0.6), 0, None)
    sparkle = np.exp(rng.normal(0, rng.uniform(0.1, 1.2), (side, side)))
    colour = np.exp(np.repeat(rng.normal(0, 0.15, 2), [5, 2]) + rng.normal(0, 0.05, 7))
    patch = (field * sparkle * rng.uniform(0.02, 0.5) * waters).astype(np.float32)
    scene += patch * colour.astype(np.float32)[:, None, None]
