"""The loss of JPEG for batches of images: quantised cosines of 8x8 blocks, without the coding. Training only."""
# ruff: noqa: TID253  (training code; nothing that Dagster loads imports this module at module level)

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

_LUMA = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
"""Quantisation of brightness, ITU-T T.81 (1992), table K.1; also taken for colour here."""


def _transform(device: torch.device) -> Tensor:
    """Return the orthonormal cosine transform of eight samples, (8, 8)."""
    n = torch.arange(8, device=device, dtype=torch.float32)
    basis = torch.cos(math.pi * (2 * n[None, :] + 1) * n[:, None] / 16) / 2
    basis[0] /= math.sqrt(2)
    return basis


def jpeg(image: Tensor, quality: float) -> Tensor:
    """Return images as JPEG of a quality leaves them.

    Args:
        image: (B, 3, H, W) 0..255.
        quality: 1..100 in the scale of the Independent JPEG Group.
    """
    scale = (5000 / quality if quality < 50 else 200 - 2 * quality) / 100
    table = (torch.tensor(_LUMA, device=image.device) * scale).clamp_min(1.0)
    h, w = image.shape[-2:]
    bright = (image * image.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True)
    planes = torch.cat([bright, image[:, ::2] - bright], 1)
    planes = F.pad(planes, (0, -w % 8, 0, -h % 8), mode="replicate")
    rows, columns = planes.shape[-2] // 8, planes.shape[-1] // 8
    blocks = planes.unflatten(3, (columns, 8)).unflatten(2, (rows, 8)).permute(0, 1, 2, 4, 3, 5)
    basis = _transform(image.device)
    coded = ((basis @ (blocks - 128) @ basis.T) / table).round() * table
    back = (basis.T @ coded @ basis + 128).permute(0, 1, 2, 4, 3, 5).reshape(planes.shape)[..., :h, :w]
    bright, red, blue = back[:, :1], back[:, 1:2] + back[:, :1], back[:, 2:] + back[:, :1]
    green = (bright - 0.299 * red - 0.114 * blue) / 0.587
    return torch.cat([red, green, blue], 1).clamp(0, 255).round()
