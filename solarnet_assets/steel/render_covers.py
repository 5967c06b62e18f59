"""Reflectance of covers for the training renderer. Training only.

Ours: rounded values after the general shape of the USGS and ECOSTRESS libraries; every scene perturbs them widely, so
that their exact values matter little.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BANDS = ("B02", "B03", "B04", "B8A", "B09", "B11", "B12")
"""Bands that are drawn."""

COVERS: dict[str, tuple[float, ...]] = {
    "crop": (0.03, 0.06, 0.04, 0.42, 0.42, 0.20, 0.10),
    "sparse crop": (0.06, 0.09, 0.10, 0.25, 0.26, 0.26, 0.18),
    "forest": (0.02, 0.04, 0.025, 0.29, 0.29, 0.13, 0.055),
    "dark forest": (0.015, 0.03, 0.02, 0.17, 0.17, 0.08, 0.035),
    "shrub": (0.05, 0.08, 0.09, 0.21, 0.22, 0.23, 0.15),
    "dry grass": (0.07, 0.10, 0.13, 0.26, 0.27, 0.33, 0.23),
    "dark soil": (0.05, 0.07, 0.09, 0.15, 0.16, 0.24, 0.20),
    "wet soil": (0.05, 0.06, 0.065, 0.09, 0.09, 0.08, 0.05),
    "loess": (0.10, 0.14, 0.18, 0.26, 0.28, 0.36, 0.31),
    "bright soil": (0.12, 0.17, 0.23, 0.31, 0.33, 0.43, 0.40),
    "red soil": (0.05, 0.08, 0.18, 0.27, 0.28, 0.40, 0.38),
    "sand": (0.17, 0.25, 0.33, 0.40, 0.42, 0.49, 0.48),
    "gravel": (0.12, 0.14, 0.16, 0.19, 0.20, 0.23, 0.22),
    "salt": (0.42, 0.46, 0.48, 0.50, 0.49, 0.38, 0.28),
    "basalt": (0.06, 0.065, 0.07, 0.09, 0.09, 0.10, 0.10),
    "lava": (0.04, 0.042, 0.045, 0.05, 0.05, 0.055, 0.06),
    "water": (0.05, 0.04, 0.025, 0.012, 0.011, 0.006, 0.004),
    "turbid water": (0.08, 0.11, 0.11, 0.05, 0.03, 0.012, 0.007),
    "snow": (0.80, 0.80, 0.79, 0.70, 0.62, 0.08, 0.06),
    "asphalt": (0.08, 0.09, 0.10, 0.12, 0.125, 0.15, 0.14),
    "concrete": (0.20, 0.23, 0.25, 0.29, 0.29, 0.32, 0.30),
    "slag": (0.06, 0.065, 0.07, 0.09, 0.095, 0.115, 0.115),
    "coal": (0.035, 0.04, 0.043, 0.055, 0.057, 0.07, 0.075),
    "ore": (0.04, 0.05, 0.09, 0.13, 0.13, 0.20, 0.22),
    "white roof": (0.45, 0.46, 0.47, 0.47, 0.46, 0.43, 0.36),
    "metal roof": (0.30, 0.32, 0.34, 0.38, 0.39, 0.43, 0.46),
    "blue roof": (0.24, 0.21, 0.16, 0.22, 0.23, 0.29, 0.25),
    "red roof": (0.07, 0.08, 0.19, 0.30, 0.31, 0.38, 0.37),
    "rusty roof": (0.06, 0.08, 0.14, 0.21, 0.22, 0.31, 0.34),
    "grey roof": (0.13, 0.14, 0.15, 0.18, 0.18, 0.21, 0.20),
    "dark roof": (0.06, 0.062, 0.066, 0.08, 0.08, 0.10, 0.10),
    "greenhouse": (0.22, 0.25, 0.26, 0.40, 0.40, 0.33, 0.24),
    "char": (0.045, 0.05, 0.055, 0.075, 0.08, 0.14, 0.165),
    "ash": (0.12, 0.14, 0.16, 0.20, 0.21, 0.28, 0.31),
    "burnt grass": (0.06, 0.075, 0.095, 0.14, 0.145, 0.23, 0.25),
}
"""Cover -> reflectance in the order of :data:`BANDS`."""

WATERS = ("water", "turbid water")
SHINY = (*(name for name in COVERS if "roof" in name), "greenhouse", "odd", "concrete")
SCARS = ("char", "ash", "burnt grass")
ROOFS = ("white roof", "metal roof", "blue roof", "red roof", "rusty roof", "grey roof", "dark roof", "odd", "concrete")
FIELDS = (
    "crop",
    "sparse crop",
    "dry grass",
    "dark soil",
    "loess",
    "bright soil",
    "wet soil",
    "red soil",
    "burnt grass",
)
WILD = ("forest", "dark forest", "shrub", "dry grass", "gravel", "loess", "basalt", "dark soil", "red soil", "odd")
DESERT = ("bright soil", "sand", "gravel", "red soil", "loess", "basalt", "lava", "odd", "salt")
WORKS = ("slag", "slag", "coal", "ore", "concrete", "asphalt", "gravel", "dark soil", "dry grass")
ODD = ("coal", "basalt", "lava", "salt", "snow", "greenhouse", "char", "ash", "ore", "odd", "wet soil", "sand", "water")

MOST_RATIO = np.log(1.38)
"""Largest log ratio of 2.2 um to 1.6 um that a cool surface gets: char and rust reach 1.3. Ours."""


def cover(rng: np.random.Generator, name: str) -> NDArray[np.float64]:
    """Draw the reflectance of a cover, (7,): brightness, colour, slope in the infrared, at times mixed with another."""
    value = _odd(rng) if name == "odd" else np.array(COVERS[name])
    value = value * np.exp(rng.normal(0, 0.28) + rng.normal(0, 0.07, 7))
    if name in SCARS or "roof" in name:
        value[5:] *= np.exp(rng.normal(0.05, 0.28))
        value[6] *= np.exp(rng.normal(0, 0.08))
    if rng.random() < 0.3:
        other = np.array(list(COVERS.values())[rng.integers(len(COVERS))])
        value = value + rng.uniform(0.05, 0.35) * (other - value)
    value[6] = min(value[6], value[5] * np.exp(MOST_RATIO))
    return np.clip(value, 0.002, 0.95)


def _odd(rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw a cover that no library holds: a walk in log reflectance from blue to 2.2 um."""
    steps = rng.normal([0, 0.15, 0.15, 0.2, 0.0, 0.15, -0.06], [0, 0.15, 0.2, 0.3, 0.04, 0.35, 0.16])
    value = np.exp(rng.uniform(np.log(0.03), np.log(0.35)) + np.cumsum(steps))
    return value * min(1.0, rng.uniform(0.3, 0.75) / value.max())
