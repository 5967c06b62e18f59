"""SolarNet with its shipped weights: one network for 10 m reflectance, one for less of it, one for pictures."""

from __future__ import annotations

import os
from functools import lru_cache
from math import exp
from pathlib import Path
from typing import TYPE_CHECKING

from solarnet_assets.imagery.weights import Weights

if TYPE_CHECKING:
    from solarnet_assets.imagery.infer import Engine

FOLDER = Path(os.environ.get("SOLARNET_SOLAR_WEIGHTS") or Path(__file__).parent / "weights")
"""Where weights and model cards lie: the package's own, unless the environment names another folder."""

KINDS = ("s2", "rgb", "any")
"""Sentinel-2 reflectance at about 10 m, 8-bit pictures of 0.07 to 3 m, and reflectance of which bands are missing."""


def weights_of(kind: str = "s2", network: str = "solarnet", folder: Path = FOLDER) -> Weights:
    """Return where the weights of a network for a kind of input lie."""
    return Weights(folder, network if kind == "s2" else f"{network}_{kind}")


WEIGHTS = weights_of()

BANDS = ("B02", "B03", "B04", "B08", "B11", "B12")
"""Input bands in order; B8A stands in where B08 is missing."""

FLOOR = 0.03
"""Reflectance added before the logarithm: noise of dark water stays small. Ours."""

CENTRES = {
    "B02": -2.0, "B03": -1.9, "B04": -1.8, "B05": -1.7, "B06": -1.5, "B07": -1.4, "B08": -1.35, "B8A": -1.3,
    "B11": -1.3, "B12": -1.5,
}  # fmt: skip
"""Logarithm of reflectance that is typical of land, by Sentinel-2 band. Ours."""

MISSING = {name: exp(centre) - FLOOR for name, centre in CENTRES.items()}
"""Reflectance that stands for a band that a file does not have: the network sees zero everywhere, and has learnt to."""


@lru_cache(maxsize=4)
def engine(device: str | None = None, kind: str = "s2") -> Engine:
    """Return SolarNet for a kind of input, loaded once per process and device."""
    from solarnet_assets.imagery.infer import load
    from solarnet_assets.solar.baselines import NETWORKS

    return load(weights_of(kind), NETWORKS[kind]["solarnet"], device)


def code_version() -> str:
    """Return the version of what the network computes: the digest of its weights, shortened."""
    return f"solarnet-{WEIGHTS.digest[:12]}"
