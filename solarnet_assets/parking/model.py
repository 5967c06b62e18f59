"""LotNet with its shipped weights."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from solarnet_assets.imagery.weights import Weights

if TYPE_CHECKING:
    from solarnet_assets.imagery.infer import Engine

WEIGHTS = Weights(Path(__file__).parent / "weights", "lotnet")


@lru_cache(maxsize=4)
def engine(device: str | None = None) -> Engine:
    """Return LotNet, loaded once per process and device."""
    from solarnet_assets.imagery.infer import load
    from solarnet_assets.parking.network import LotNet

    return load(WEIGHTS, LotNet, device)


def code_version() -> str:
    """Return the version of what the network computes: the digest of its weights, shortened."""
    return f"lotnet-{WEIGHTS.digest[:12]}"
