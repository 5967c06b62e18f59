"""SolarNet with its shipped weights."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from solarnet_assets.imagery.weights import Weights

if TYPE_CHECKING:
    from solarnet_assets.imagery.infer import Engine

WEIGHTS = Weights(Path(__file__).parent / "weights", "solarnet")

BANDS = ("B02", "B03", "B04", "B08", "B11", "B12")
"""Input bands in order; B8A stands in where B08 is missing."""


@lru_cache(maxsize=4)
def engine(device: str | None = None) -> Engine:
    """Return SolarNet, loaded once per process and device."""
    from solarnet_assets.imagery.infer import load
    from solarnet_assets.solar.network import SolarNet

    return load(WEIGHTS, SolarNet, device)


def code_version() -> str:
    """Return the version of what the network computes: the digest of its weights, shortened."""
    return f"solarnet-{WEIGHTS.digest[:12]}"
