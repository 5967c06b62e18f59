"""The numbers of a scene as they are stored, carried to the device, and what they mean there."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from solarnet_assets.imagery.source import Source

CARRIED = {"uint8": "uint8", "uint16": "int16", "int16": "int16", "float32": "float32"}
"""Stored type -> type that moves to the device: as few bytes as there are. Torch calculates little in uint16, so its
bits travel as int16. Other types are read as float32."""


@lru_cache(maxsize=64)
def carried(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type in which a source's numbers are read."""
    return dtype if dtype.name in CARRIED else np.dtype(np.float32)


def torch_type(dtype: np.dtype[Any]) -> torch.dtype:
    """Return the torch type that carries what :func:`carried` returns."""
    import torch

    kind: torch.dtype = getattr(torch, CARRIED[carried(dtype).name])
    return kind


def calibrated(numbers: Tensor, source: Source) -> Tensor:
    """Return stored numbers as float32 by the source's calibration; what is missing or not finite becomes 0."""
    values, rule = _floats(numbers, source.dtype), source.calibration
    missing = None
    if rule.nodata is not None and rule.nodata * rule.scale + rule.offset != 0:
        missing = values.eq(rule.nodata)
    if rule.scale != 1.0:
        values = values.mul_(rule.scale)
    if rule.offset != 0.0:
        values = values.add_(rule.offset)
    if missing is not None:
        values = values.masked_fill_(missing, 0.0)
    return values if source.dtype.kind in "ui" else values.nan_to_num_(0.0, 0.0, 0.0)


def _floats(numbers: Tensor, dtype: np.dtype[Any]) -> Tensor:
    """Return numbers, which may be the bits of uint16, as float32 in memory of their own."""
    import torch

    if carried(dtype) != np.uint16:
        return numbers.to(torch.float32, copy=True)
    if numbers.device.type == "cpu":
        return numbers.view(torch.uint16).to(torch.float32)
    return numbers.to(torch.int32).bitwise_and_(0xFFFF).to(torch.float32)
