"""Reflectance of land covers in the six bands, for the training renderer alone.

Rounded typical values of top-of-canopy reflectance (B02, B03, B04, B08, B11, B12), drawn from the
general shape of the USGS and ECOSTRESS libraries; every scene perturbs them widely, so their exact
values matter little.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

COVERS: dict[str, tuple[float, float, float, float, float, float]] = {
    "bright soil": (0.12, 0.17, 0.23, 0.31, 0.42, 0.38),
    "dark soil": (0.06, 0.08, 0.10, 0.16, 0.24, 0.20),
    "loess": (0.10, 0.14, 0.18, 0.26, 0.36, 0.30),
    "sand": (0.17, 0.24, 0.31, 0.38, 0.47, 0.44),
    "gravel": (0.12, 0.14, 0.16, 0.19, 0.23, 0.21),
    "crop": (0.03, 0.06, 0.04, 0.40, 0.20, 0.10),
    "sparse crop": (0.06, 0.09, 0.10, 0.25, 0.26, 0.18),
    "forest": (0.02, 0.04, 0.025, 0.28, 0.13, 0.06),
    "dark forest": (0.015, 0.03, 0.02, 0.17, 0.08, 0.035),
    "bare forest": (0.030, 0.042, 0.050, 0.150, 0.170, 0.105),
    "bare dark forest": (0.018, 0.025, 0.028, 0.090, 0.095, 0.055),
    "reed": (0.05, 0.07, 0.09, 0.19, 0.24, 0.17),
    "dry grass": (0.07, 0.10, 0.13, 0.25, 0.32, 0.23),
    "shrub": (0.05, 0.08, 0.09, 0.20, 0.22, 0.15),
    "wet soil": (0.05, 0.06, 0.065, 0.09, 0.08, 0.05),
    "clear water": (0.05, 0.04, 0.025, 0.012, 0.006, 0.004),
    "turbid water": (0.08, 0.11, 0.11, 0.05, 0.012, 0.007),
    "asphalt": (0.08, 0.09, 0.10, 0.12, 0.14, 0.13),
    "concrete": (0.20, 0.23, 0.25, 0.29, 0.31, 0.29),
    "blue roof": (0.24, 0.21, 0.16, 0.22, 0.29, 0.24),
    "white roof": (0.42, 0.43, 0.43, 0.44, 0.42, 0.37),
    "red roof": (0.07, 0.09, 0.16, 0.24, 0.29, 0.26),
    "dark roof": (0.06, 0.062, 0.066, 0.08, 0.10, 0.10),
    "grey roof": (0.13, 0.14, 0.15, 0.18, 0.21, 0.20),
    "greenhouse": (0.22, 0.25, 0.26, 0.36, 0.31, 0.23),
    "coal": (0.035, 0.04, 0.045, 0.055, 0.075, 0.08),
    "burnt": (0.05, 0.06, 0.07, 0.10, 0.20, 0.21),
    "basalt": (0.07, 0.08, 0.09, 0.11, 0.14, 0.14),
    "salt": (0.42, 0.46, 0.48, 0.50, 0.38, 0.30),
    "snow": (0.80, 0.80, 0.79, 0.72, 0.08, 0.06),
    "car park": (0.10, 0.105, 0.11, 0.14, 0.16, 0.15),
    "plough": (0.05, 0.065, 0.08, 0.12, 0.18, 0.16),
}
"""Cover -> reflectance in B02, B03, B04, B08, B11, B12."""

NAMES = tuple(COVERS)


def cover(rng: np.random.Generator, name: str, spread: float = 0.25) -> NDArray[np.float64]:
    """Draw one reflectance of a cover, (6,): common and per-band perturbation, sometimes mixed with another."""
    value = np.array(COVERS[name]) * np.exp(rng.normal(0, spread) + rng.normal(0, 0.07, 6))
    if rng.random() < 0.3:
        other = np.array(COVERS[NAMES[rng.integers(len(NAMES))]])
        share = rng.uniform(0.05, 0.3)
        value = (1 - share) * value + share * other
    return np.clip(value, 0.002, 0.95)


def module(rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw the reflectance of panels, (6,).

    Silicon absorbs up to 1.1 um, so the visible and the near infrared are dark, the blue often a
    little brighter; beyond, the back sheet returns light, and glass and polymer absorb at 2.2 um.
    Thin film is darker throughout, and drawn more often than it is built, since it is the harder to
    tell from dark ground; dust brightens all.
    """
    visible = rng.uniform(0.02, 0.09) if rng.random() < 0.8 else rng.uniform(0.08, 0.14)
    blue, green, red = (
        visible * rng.uniform(1.0, 1.6),
        visible * rng.uniform(0.9, 1.15),
        visible * rng.uniform(0.8, 1.1),
    )
    near = visible * rng.uniform(0.9, 2.0)
    thin = rng.random() < 0.3
    short = rng.uniform(0.05, 0.12) if thin else rng.uniform(0.09, 0.34)
    return np.array([blue, green, red, near, short, short * rng.uniform(0.5, 0.85)])
