"""Hot surfaces for the training renderer: furnaces, coke batteries, flares, flame fronts, embers, lava. Training only.

Radiance is that of black bodies (Planck's law, constants CODATA 2018) over a small part of a pixel: the mixed-pixel
model of Dozier 1981 (doi:10.1016/0034-4257(81)90021-3). Temperatures: steel and coke 700-1,600 K, gas flares
1,400-2,000 K (Elvidge et al. 2013, doi:10.3390/en6083853), flames 750-1,300 K, embers and slag 500-900 K.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

WAVELENGTH = np.array([0.4924, 0.5598, 0.6646, 0.8647, 0.9451, 1.6137, 2.2024])
"""Centre wavelengths of :data:`BANDS`, um (Sentinel-2A)."""

IRRADIANCE = np.array([1941.63, 1822.61, 1512.79, 955.19, 813.04, 245.59, 85.25])
"""Solar irradiance of the same bands, W m-2 um-1 (MTD_MSIL1C.xml of Sentinel-2A)."""

_C1 = 1.191042972e8  # 2 h c^2, W um^4 m-2 sr-1
_C2 = 14387.769  # h c / k, um K


def planck(kelvin: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Return black-body radiance per band (..., 7), W m-2 sr-1 um-1."""
    t = np.atleast_1d(np.asarray(kelvin, float))[:, None]
    return np.asarray(_C1 / (WAVELENGTH**5 * np.expm1(_C2 / (WAVELENGTH * t))))


@dataclass(frozen=True)
class Heat:
    """Hot surfaces of a scene.

    Attributes:
        reflectance: (7, side, side) emitted radiance in units of reflectance, at the ground.
        places: (row, column) of the sources, fine pixels.
    """

    reflectance: Array
    places: NDArray[np.int64]


class _Canvas:
    """Collects points with a share of their fine pixel and a temperature."""

    def __init__(self, rng: np.random.Generator, side: int, metres: float, cosine: float) -> None:
        self.rng, self.side, self.metres, self.cosine = rng, side, metres, cosine
        self.rows: list[NDArray[np.float64]] = []

    def put(self, yx: NDArray[np.float64], total: float, kelvin: tuple[float, float]) -> None:
        """Add points that share ``total``: 2.2 um excess in reflectance, summed over pixels of 20 m."""
        low, high = kelvin
        t = self.rng.uniform(low, high) * np.exp(self.rng.normal(0, 0.04, len(yx)))
        part = self.rng.lognormal(0, 0.6, len(yx))
        share = total * part / part.sum() * (20.0 / self.metres) ** 2 * self.cosine
        share = share * IRRADIANCE[6] / (np.pi * planck(t)[:, 6])
        self.rows.append(np.column_stack([yx, np.minimum(share, 1.0), t]))


def draw_heat(
    rng: np.random.Generator, side: int, metres: float, cosine: float, scars: NDArray[np.bool_], kind: str
) -> Heat | None:
    """Draw the hot surfaces of a place, or None.

    Args:
        rng: source of chance.
        side: fine pixels.
        metres: size of a fine pixel.
        cosine: of the sun's zenith angle.
        scars: where the ground is burnt (side, side).
        kind: of place.
    """
    canvas = _Canvas(rng, side, metres, cosine)
    for make in _choose(rng, kind):
        make(canvas, scars)
    if not canvas.rows:
        return None
    points = np.concatenate(canvas.rows)
    place = np.floor(points[:, :2]).astype(int)
    inside = ((place >= 0) & (place < side)).all(axis=1)
    if not inside.any():
        return None
    place, share, kelvin = place[inside], points[inside, 2], points[inside, 3]
    glow = planck(kelvin) * share[:, None] * (np.pi / (IRRADIANCE * cosine))
    image = np.zeros((7, side, side), np.float32)
    for band in range(7):
        np.add.at(image[band], (place[:, 0], place[:, 1]), glow[:, band])
    return Heat(image, place)


def _choose(rng: np.random.Generator, kind: str) -> list[Callable[[_Canvas, NDArray[np.bool_]], None]]:
    """Return what burns at a place of a kind."""
    many = {"works": 0.85, "town": 0.4, "scar": 0.6, "snow": 0.4, "coast": 0.45}.get(kind, 0.5)
    if rng.random() > many:
        return []
    weights = {
        "works": (0.68, 0.12, 0.02, 0.12, 0.06), "town": (0.5, 0.3, 0.06, 0.1, 0.04),
        "scar": (0.0, 0.02, 0.48, 0.46, 0.04),
    }.get(kind, (0.22, 0.3, 0.26, 0.12, 0.10))  # fmt: skip
    options = (_units, _flares, _front, _embers, _lava)
    return [options[rng.choice(5, p=weights)] for _ in range(1 + int(rng.random() < 0.2))]


def _strength(rng: np.random.Generator, low: float = 0.04, high: float = 12.0) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _units(canvas: _Canvas, _: NDArray[np.bool_]) -> None:
    """Furnaces (points), coke batteries (lines) and rolling mills (lines, cooler) about one centre."""
    rng, m = canvas.rng, canvas.metres
    centre, heading = rng.uniform(0.15, 0.85, 2) * canvas.side, rng.uniform(0, np.pi)
    along = np.array([np.sin(heading), np.cos(heading)])
    for _unit in range(int(rng.integers(1, 12))):
        spot = centre + rng.normal(0, 220 / m, 2)
        line = rng.random() < 0.4
        length = rng.uniform(15, 140) / m if line else rng.uniform(0, 15) / m
        steps = np.linspace(-0.5, 0.5, int(rng.integers(3, 9)) if line else 2) * length
        kelvin = (620.0, 950.0) if rng.random() < 0.2 else (800.0, 1600.0)
        canvas.put(spot + steps[:, None] * along + rng.normal(0, 3 / m, (len(steps), 2)), _strength(rng), kelvin)


def _flares(canvas: _Canvas, _: NDArray[np.bool_]) -> None:
    rng = canvas.rng
    for _flare in range(int(rng.integers(1, 5))):
        spot = rng.uniform(0, 1, 2) * canvas.side
        canvas.put(spot + rng.normal(0, 4 / canvas.metres, (3, 2)), _strength(rng, 0.04, 30), (1400.0, 2000.0))


def _front(canvas: _Canvas, _: NDArray[np.bool_]) -> None:
    """A winding flame front with gaps, and single embers behind it."""
    rng, m = canvas.rng, canvas.metres
    steps = int(rng.uniform(60, 1200) / m)
    turn = np.cumsum(rng.normal(0, 0.12, steps)) + rng.uniform(0, 6.3)
    path = np.cumsum(np.column_stack([np.sin(turn), np.cos(turn)]), axis=0)
    path = path - path.mean(axis=0) + rng.uniform(0.2, 0.8, 2) * canvas.side
    burning = np.convolve(rng.normal(0, 1, steps + 8), np.ones(9) / 3, "valid") > rng.uniform(-0.8, 0.8)
    path = path[burning] + rng.normal(0, rng.uniform(0.5, 12) / m, (int(burning.sum()), 2))
    if len(path):
        canvas.put(path, len(path) * m / 20 * _strength(rng, 0.05, 3), (750.0, 1300.0))


def _embers(canvas: _Canvas, scars: NDArray[np.bool_]) -> None:
    """A few smouldering places, inside a scar where there is one."""
    rng, m = canvas.rng, canvas.metres
    burnt = np.argwhere(scars)
    for _cluster in range(int(rng.integers(1, 7))):
        spot = burnt[rng.integers(len(burnt))] if len(burnt) else rng.uniform(0, 1, 2) * canvas.side
        points = spot + rng.normal(0, rng.uniform(3, 40) / m, (int(rng.integers(1, 12)), 2))
        canvas.put(points, _strength(rng, 0.05, 10), (550.0, 1150.0))


def _lava(canvas: _Canvas, _: NDArray[np.bool_]) -> None:
    """A hot area: lava, slag pits, burning heaps."""
    rng, m = canvas.rng, canvas.metres
    count = int(rng.integers(20, 400))
    spread = rng.uniform(10, 90) / m * np.array([1.0, rng.uniform(0.3, 1)])
    points = rng.uniform(0.15, 0.85, 2) * canvas.side + rng.normal(0, 1, (count, 2)) * spread
    canvas.put(points, _strength(rng, 0.5, 80), (500.0, 1150.0))
