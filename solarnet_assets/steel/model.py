"""HeatNet with its shipped weights."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from solarnet_assets.imagery.weights import Weights

if TYPE_CHECKING:
    from solarnet_assets.imagery.infer import Engine

WEIGHTS = Weights(Path(__file__).parent / "weights", "heatnet")


@lru_cache(maxsize=4)
def engine(device: str | None = None) -> Engine:
    """Return HeatNet, loaded once per process and device."""
    import torch

    from solarnet_assets.imagery.infer import load
    from solarnet_assets.steel.network import HeatNet

    ready = load(WEIGHTS, HeatNet, device)
    if ready.device.type == "cpu":
        ready.network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    return ready


def threshold() -> float:
    """Return the probability from which a pixel is hot, chosen on held-out scenes."""
    return float(WEIGHTS.card["threshold"])


def code_version() -> str:
    """Return the version of what the network computes: the digest of its weights, shortened."""
    return f"heatnet-{WEIGHTS.digest[:12]}"
