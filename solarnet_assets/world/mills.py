"""Steel mills: where the hot units stand, how hot they are, and what the sensor gets of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import erf
from shapely import MultiPoint

from solarnet_assets.world.rng import generator, mean_one
from solarnet_assets.world.scenario import Mill, Scenario, value_at
from solarnet_assets.world.spectra import planck

if TYPE_CHECKING:
    from numpy.typing import NDArray

PASS_SD = 0.11  # log standard deviation of a mill's heat between passes: taps, charges, wind
BLUR_M = np.array([8.0, 8.0, 8.0, 8.5, 9.0, 9.5])
"""Standard deviation of the optics' point spread per band, m; the pixel's own box comes on top."""
MARGIN_M = 90.0  # how far the measured polygon reaches beyond the outermost unit
HALF_SPAN_M = 620.0  # hot units stand within this distance of a mill's centre

UNITS = {
    "furnace": (0.30, 1000.0, 1500.0),
    "coke": (0.30, 750.0, 1150.0),
    "caster": (0.28, 800.0, 1250.0),
    "rolling": (0.12, 600.0, 850.0),
}
"""Kind of unit: share of units, and range of its blackbody temperature, K."""


@dataclass(frozen=True)
class Plant:
    """A mill's fixed layout.

    Attributes:
        angle: direction of the halls, radians from east.
        places: hot sources, metres east and north of the grid centre (s, 2).
        unit: unit number per source (s,).
        kelvin: temperature per source in a normal pass (s,).
        share: share of the mill's 2.2 um excess per source, sums to 1 (s,).
        ring: polygon that is measured, metres east and north of the centre.
    """

    angle: float
    places: NDArray[np.float64]
    unit: NDArray[np.int64]
    kelvin: NDArray[np.float64]
    share: NDArray[np.float64]
    ring: tuple[tuple[float, float], ...]


def normal_heat(mill: Mill) -> float:
    """Return the expected 2.2 um excess of a normal pass, summed over 20 m pixels, W m-2 sr-1 um-1."""
    return mill.heat if mill.heat is not None else 26.0 * mill.capacity**0.9


def true_activity(scenario: Scenario, mill: Mill, day: date) -> float:
    """Return a mill's true activity in percent of normal: its own curve, else the country's."""
    return value_at(mill.curve or scenario.signals.steel, day)


@lru_cache(maxsize=256)
def plant(seed: int, site: str, capacity: float) -> Plant:
    """Return the layout of a mill: furnaces, coke batteries (lines), casters and rolling mills on a turned grid."""
    rng = generator(seed, "plant", site)
    count = 5 + round(0.75 * min(capacity, 30))
    angle = float(rng.uniform(-math.pi / 4, math.pi / 4))
    reach = HALF_SPAN_M * min(1.0, 0.55 + capacity / 30)
    kinds = rng.choice(list(UNITS), size=count, p=[share for share, _, _ in UNITS.values()])
    centres = rng.uniform(-1, 1, (count, 2)) * [reach * 0.85, reach * 0.5]
    strength = mean_one(rng, 0.65, count)
    places, unit, kelvin, share = [], [], [], []
    for number, (kind, centre) in enumerate(zip(kinds, centres, strict=True)):
        parts = 7 if kind == "coke" else int(rng.integers(1, 4))
        step = np.array([16.0, 0.0]) if kind == "coke" else np.array([9.0, 4.0])
        _, low, high = UNITS[str(kind)]
        temperature = rng.uniform(low, high)
        for part in range(parts):
            places.append(centre + step * (part - (parts - 1) / 2) + rng.normal(0, 1.5, 2))
            unit.append(number)
            kelvin.append(temperature * rng.uniform(0.93, 1.05))
            share.append(strength[number] / parts)
    local = np.array(places)
    c, s = math.cos(angle), math.sin(angle)
    turned = local @ np.array([[c, s], [-s, c]])
    hull = MultiPoint(turned).convex_hull.buffer(MARGIN_M, quad_segs=2).simplify(8)
    ring = tuple((round(x, 1), round(y, 1)) for x, y in hull.exterior.coords)
    weights = np.array(share) / float(np.sum(share))
    return Plant(angle, turned, np.array(unit), np.clip(np.array(kelvin), 600, 1500), weights, ring)


def _spread(places: NDArray[np.float64], n: int, gsd: float, blur: float) -> NDArray[np.float64]:
    """Return the share of each point's light that falls into each of n pixels along one axis (s, n).

    The exact integral of a Gaussian over the pixel's box, so that it equals rendering at infinite resolution.
    """
    edges = (np.arange(n + 1) - n / 2) * gsd
    below = 0.5 * (1 + erf((edges[None, :] - places[:, None]) / (math.sqrt(2) * blur)))
    return np.asarray(np.diff(below, axis=1))


def heat_image(
    layout: Plant, total: float, rng: np.random.Generator, n: int, gsd: float, shift: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return the radiance (6, n, n) that a mill's hot surfaces add to its pixels, W m-2 sr-1 um-1.

    Units flare and rest from pass to pass, but the summed 2.2 um excess is ``total`` exactly. Temperatures
    wander by a few percent; the glowing area follows from both.

    Args:
        layout: the mill.
        total: 2.2 um excess summed over the image.
        rng: source of the pass's randomness.
        n: side, pixels.
        gsd: pixel size, m.
        shift: registration error per band, metres east and north (6, 2).
    """
    factor = mean_one(rng, 0.35, int(layout.unit.max()) + 1)[layout.unit]
    share = layout.share * factor
    kelvin = np.clip(layout.kelvin * (1 + 0.025 * rng.standard_normal(layout.kelvin.size)), 600, 1500)
    black = planck(kelvin)
    area = total * share / share.sum() / black[:, 5]
    image = np.empty((6, n, n), dtype=np.float32)
    for band in range(6):
        across = _spread(layout.places[:, 0] + shift[band, 0], n, gsd, float(BLUR_M[band]))
        down = _spread(-(layout.places[:, 1] + shift[band, 1]), n, gsd, float(BLUR_M[band]))
        image[band] = (down * (area * black[:, band])[:, None]).T @ across
    return image
