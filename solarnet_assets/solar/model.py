"""SolarNet with its shipped weights: one network for 10 m reflectance, one for pictures. Free of torch."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from solarnet_assets.imagery.weights import Weights

if TYPE_CHECKING:
    from solarnet_assets.imagery.infer import Engine

FOLDER = Path(os.environ.get("SOLARNET_SOLAR_WEIGHTS") or Path(__file__).parent / "weights")
"""Where weights and model cards lie: the package's own, unless the environment names another folder."""

KINDS = ("s2", "rgb")
"""Sentinel-2 reflectance at about 10 m, and 8-bit pictures of 0.07 to 3 m."""


def weights_of(kind: str = "s2", network: str = "solarnet", folder: Path = FOLDER) -> Weights:
    """Return where the weights of a network for a kind of input lie."""
    return Weights(folder, network if kind == "s2" else f"{network}_{kind}")


WEIGHTS = weights_of()

BANDS = ("B02", "B03", "B04", "B08", "B11", "B12")
"""Input bands in order; B8A stands in where B08 is missing."""


@lru_cache(maxsize=4)
def engine(device: str | None = None, kind: str = "s2") -> Engine:
    """Return SolarNet for a kind of input, loaded once per process and device."""
    from solarnet_assets.imagery.infer import load
    from solarnet_assets.solar.baselines import NETWORKS

    return load(weights_of(kind), NETWORKS[kind]["solarnet"], device)


def code_version() -> str:
    """Return the version of what the network computes: the digest of its weights, shortened."""
    return f"solarnet-{WEIGHTS.digest[:12]}"
