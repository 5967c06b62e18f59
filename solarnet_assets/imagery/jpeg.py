"""JPEG's loss for training pictures, on the device: colour to half resolution, 8 x 8 cosines rounded to a table.

After ITU-T T.81 (1992), annexes A.3.3 (transform) and K.1 (tables), with the quality scale of the Independent JPEG
Group's library and the colour transform of JFIF 1.02. What no decoder changes (entropy coding) is left out.
"""
# ruff: noqa: TID253  (training code; nothing that Dagster loads imports this module at module level)

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

LUMINANCE = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip
"""Table K.1, row by row."""

CHROMINANCE = tuple(
    {(0, 0): 17, (0, 1): 18, (1, 0): 18, (0, 2): 24, (2, 0): 24, (1, 1): 21, (1, 2): 26, (2, 1): 26, (0, 3): 47,
     (3, 0): 47, (1, 3): 66, (3, 1): 66, (2, 2): 56}.get((n // 8, n % 8), 99)
    for n in range(64)
)  # fmt: skip
"""Table K.2, row by row."""

TO_YCC = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))
"""JFIF 1.02: red, green, blue -> luminance and two differences of colour."""


def jpeg(image: Tensor, quality: Tensor) -> Tensor:
    """Return pictures as they come back from JPEG, not yet rounded to whole numbers.

    Args:
        image: (B, 3, H, W) 0..255; edges are repeated where sides are no multiples of 16.
        quality: (B, 1, 1, 1), 1..100, as cameras and Pillow count.
    """
    height, width = image.shape[-2:]
    to = torch.tensor(TO_YCC).to(image.device, non_blocking=True)
    whole = F.pad(image, (0, -width % 16, 0, -height % 16), mode="replicate")
    planes = torch.einsum("ij,njhw->nihw", to, whole)
    scale = torch.where(quality < 50, 50 / quality, 2 - quality / 50)
    light = _rounded(planes[:, :1] - 128, scale, LUMINANCE) + 128
    tints = _rounded(F.avg_pool2d(planes[:, 1:], 2), scale, CHROMINANCE)
    tints = F.interpolate(tints, scale_factor=2.0, mode="bilinear", align_corners=False)
    back = torch.linalg.inv(torch.tensor(TO_YCC)).to(image.device, non_blocking=True)
    seen = torch.einsum("ij,njhw->nihw", back, torch.cat([light, tints], 1))
    return seen[..., :height, :width].clamp(0, 255)


def _rounded(planes: Tensor, scale: Tensor, table: tuple[int, ...]) -> Tensor:
    """Return planes (B, C, H, W) whose cosines were rounded to the table times ``scale``."""
    n, c, height, width = planes.shape
    basis = _cosines(planes.device)
    whole = torch.tensor(table, dtype=torch.float32).to(planes.device, non_blocking=True)
    step = (whole * scale.reshape(n, 1)).round().clamp(1, 255).reshape(n, 1, 1, 1, 8, 8)
    blocks = planes.reshape(n, c, height // 8, 8, width // 8, 8).transpose(3, 4)
    found = (basis @ blocks @ basis.T / step).round() * step
    return (basis.T @ found @ basis).transpose(3, 4).reshape(n, c, height, width)


def _cosines(device: torch.device) -> Tensor:
    """Return the orthonormal transform of T.81 A.3.3, (8, 8)."""
    k, x = np.mgrid[0:8, 0:8]
    basis = np.cos((2 * x + 1) * k * np.pi / 16) * np.where(k == 0, np.sqrt(1 / 8), 0.5)
    return torch.tensor(basis, dtype=torch.float32).to(device, non_blocking=True)
