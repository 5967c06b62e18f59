"""Colours of grounds, roofs and modules as pictures from the air show them, for the training renderer alone.

Rounded sRGB values (0..255) of typical aerial and satellite pictures, ours; every chip perturbs them widely, and the
whole picture after them, so their exact values matter little.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

COVERS: dict[str, tuple[int, int, int]] = {
    "grass": (88, 104, 62), "lawn": (96, 122, 66), "dry grass": (152, 140, 104), "soil": (150, 125, 95),
    "red soil": (150, 98, 70), "dark soil": (86, 74, 60), "sand": (202, 182, 146), "gravel": (150, 145, 138),
    "concrete": (176, 172, 164), "asphalt": (98, 98, 100), "dark asphalt": (62, 62, 66), "crop": (72, 96, 50),
    "ripe crop": (176, 158, 104), "forest": (48, 66, 42), "shrub": (96, 98, 70), "rock": (128, 118, 108),
    "water": (52, 70, 76), "green water": (76, 92, 66), "mud water": (132, 122, 96), "black water": (26, 33, 39),
    "blue water": (40, 70, 104), "snow": (230, 232, 236), "terracotta": (162, 96, 70), "brown tile": (106, 80, 68),
    "dark shingle": (68, 66, 69), "grey shingle": (120, 118, 118), "white roof": (226, 226, 226),
    "grey metal": (160, 165, 170), "blue tin": (76, 118, 172), "deep blue tin": (42, 76, 140),
    "red tin": (150, 62, 52), "green tin": (92, 136, 112), "bitumen": (56, 56, 60), "concrete roof": (150, 147, 142),
    "membrane": (196, 196, 190), "slate": (74, 78, 86), "pool": (96, 190, 206), "tarp": (58, 108, 190),
    "black plastic": (36, 36, 39), "white plastic": (214, 219, 222), "shade net": (50, 60, 55),
    "glass": (150, 165, 172), "coal": (40, 39, 40), "court": (70, 120, 110), "blue court": (50, 92, 150),
    "track": (165, 80, 66), "sleeper": (120, 105, 92),
}  # fmt: skip
"""Cover -> red, green, blue."""

ROOFS = (
    "terracotta", "terracotta", "brown tile", "dark shingle", "dark shingle", "grey shingle", "grey shingle", "slate",
    "white roof", "grey metal", "concrete roof", "bitumen", "red tin", "green tin",
)  # fmt: skip
"""Roofs of houses, by how often they are drawn."""

HALLS = (
    "white roof", "membrane", "grey metal", "grey metal", "concrete roof", "bitumen", "blue tin", "blue tin",
    "deep blue tin", "red tin", "green tin", "concrete roof",
)  # fmt: skip
"""Roofs of halls."""

OPEN = (
    "grass", "dry grass", "soil", "red soil", "dark soil", "sand", "gravel", "crop", "ripe crop", "shrub", "rock",
    "concrete", "grass", "soil",
)  # fmt: skip
"""Open ground."""

WATERS = ("water", "green water", "mud water", "black water", "blue water")

GROUND_GRAIN = 0.10
"""Relative contrast of the grain of natural ground, at most about twice this."""

MODULES: tuple[tuple[float, tuple[int, int, int]], ...] = (
    (0.22, (30, 32, 40)),  # monocrystalline, black
    (0.30, (38, 52, 98)),  # polycrystalline, blue
    (0.14, (60, 72, 108)),  # blue under haze or dust
    (0.12, (92, 104, 130)),  # much sky mirrored
    (0.08, (62, 52, 90)),  # purple
    (0.08, (38, 56, 66)),  # teal
    (0.06, (48, 42, 44)),  # thin film
)
"""Share of arrays and colour of their modules."""


def cover(rng: np.random.Generator, name: str, spread: float = 0.16) -> NDArray[np.float64]:
    """Draw the colour of a cover, (3,): brightness and hue vary."""
    colour = np.array(COVERS[name]) * np.exp(rng.normal(0, spread) + rng.normal(0, 0.04, 3))
    return np.clip(colour, 4, 252)


def module(rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw the colour of modules, (3,)."""
    shares, colours = zip(*MODULES, strict=True)
    colour = np.array(colours[rng.choice(len(colours), p=shares)], float)
    dust = rng.uniform(0, 0.35) ** 2 * 2
    colour = colour * np.exp(rng.normal(0, 0.18) + rng.normal(0, 0.05, 3)) * (1 - dust) + dust * np.array(
        [150, 135, 112]
    )
    return np.clip(colour, 6, 235)


def pick(rng: np.random.Generator, names: tuple[str, ...]) -> str:
    """Draw a name."""
    return names[rng.integers(len(names))]
