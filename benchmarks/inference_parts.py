"""What ``inference.py`` measures the engine with: a network, a synthetic scene, and the loops that others write."""

from __future__ import annotations

import importlib.util
import itertools
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from solarnet_assets.imagery.tiling import blocks

SCALE = 1e-4
"""Reflectance of one digital number."""


class UNet(nn.Module):
    """A U-Net on a ResNet-18-like trunk with expectation-maximisation attention: about 138 kFLOP a pixel."""

    multiple, stride = 16, 1

    def __init__(self) -> None:
        from solarnet_assets.solar.network import EMAU

        super().__init__()
        self.stem = _conv(6, 64, 2)
        widths = (64, 64, 128, 256)
        pairs = itertools.pairwise(widths)
        self.levels = nn.ModuleList(nn.Sequential(_Basic(a, b, 2), _Basic(b, b, 1)) for a, b in pairs)
        self.attention = EMAU(256)
        ups = ((256, 128, 128), (128, 64, 64), (64, 64, 32))
        self.ups = nn.ModuleList(_conv(deep + skip, out) for deep, skip, out in ups)
        self.head = nn.Sequential(_conv(32, 16), nn.Conv2d(16, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, (B, 1, H, W)."""
        seen = [self.stem(x)]
        for level in self.levels:
            seen.append(level(seen[-1]))
        deep = self.attention(seen.pop())
        for up in self.ups:
            deep = up(torch.cat([_twice(deep), seen.pop()], 1))
        return self.head(_twice(deep))


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


def _twice(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


class _Basic(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = _conv(inputs, outputs, stride)
        self.second = nn.Sequential(nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs))
        same = stride == 1 and inputs == outputs
        short = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        self.short = nn.Identity() if same else short

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.second(self.first(x)) + self.short(x))


def solarnet() -> nn.Module:
    """Return SolarNet with its shipped weights."""
    from solarnet_assets.solar.model import engine

    return engine("cpu").network


NETWORKS: dict[str, Callable[[], nn.Module]] = {"unet": UNet, "solarnet": solarnet}


def make_scene(path: Path, side: int, compress: str) -> None:
    """Write a scene: ground of several scales in common to the bands, noise of their own, an empty corner."""
    import rasterio
    from rasterio import Affine

    rng = np.random.default_rng(0)
    patch, scales = 2048, ((8, 500), (64, 300), (512, 120), (1024, 60))
    ground = sum(_field(rng, patch, cells) * height for cells, height in scales)
    bands = [1200 + 300 * n + (0.7 + 0.1 * n) * ground + rng.normal(0, 12, (patch, patch)) for n in range(6)]
    texture = np.clip(np.stack(bands), 1, 10_000).astype(np.uint16)
    form = {
        "driver": "GTiff", "width": side, "height": side, "count": 6, "dtype": "uint16", "nodata": 0,
        "crs": "EPSG:32650", "transform": Affine(10, 0, 500_000, 0, -10, 4_400_000),
        "tiled": True, "blockxsize": 512, "blockysize": 512, "compress": compress, "predictor": 2,
        "interleave": "pixel", "num_threads": os.cpu_count(), "BIGTIFF": "YES",
        **({"zstd_level": 9} if compress == "zstd" else {}),
    }  # fmt: skip
    with rasterio.Env(GDAL_CACHEMAX=512), rasterio.open(path, "w", **form) as out:
        for row, col, height, width in blocks(side, side, (512, 512 * 8)):
            at = [int(rng.integers(0, patch - 512)), int(rng.integers(0, patch))]
            part = np.roll(texture[:, at[0] : at[0] + height], -at[1], 2)
            part = np.tile(part, (1, 1, 2))[:, :, :width]
            if row == 0 and col == 0:
                part = np.where(np.add.outer(np.arange(height), np.arange(width)) < 400, 0, part)
            out.write(part, window=((row, row + height), (col, col + width)))


def _field(rng: np.random.Generator, side: int, cells: int) -> np.ndarray:
    coarse = torch.from_numpy(rng.normal(size=(1, 1, cells, cells)).astype(np.float32))
    return F.interpolate(coarse, (side, side), mode="bicubic")[0, 0].numpy()


def usual_loop(network: nn.Module, device: torch.device, path: Path, rows: int) -> None:
    """Run the usual loop over the first rows of a scene: read a tile, float32, batch of one, copy back."""
    import rasterio

    with rasterio.open(path) as dataset, torch.inference_mode():
        out = np.zeros((rows, dataset.width), np.float32)
        for row, col, height, width in blocks(rows, dataset.width, (512, 512)):
            tile = dataset.read(window=((row, row + height), (col, col + width)))
            _loop_tile(network, device, out[row : row + height, col : col + width], tile)


def has_peer() -> bool:
    """Return whether rio-tiler is installed."""
    return importlib.util.find_spec("rio_tiler") is not None


def peer_loop(network: nn.Module, device: torch.device, path: Path, rows: int) -> None:
    """Run the same loop on rio-tiler's reader."""
    from rio_tiler.io import Reader

    with Reader(str(path)) as reader, torch.inference_mode():
        left, _, _, top = reader.dataset.bounds
        out = np.zeros((rows, reader.dataset.width), np.float32)
        for row, col, height, width in blocks(rows, out.shape[1], (512, 512)):
            box = (left + 10 * col, top - 10 * (row + height), left + 10 * (col + width), top - 10 * row)
            crs = reader.dataset.crs
            data = reader.part(box, bounds_crs=crs, dst_crs=crs, height=height, width=width).data
            _loop_tile(network, device, out[row : row + height, col : col + width], np.asarray(data))


def _loop_tile(network: nn.Module, device: torch.device, out: np.ndarray, tile: np.ndarray) -> None:
    height, width = tile.shape[1:]
    image = np.pad(tile.astype(np.float32) * SCALE, ((0, 0), (0, -height % 16), (0, -width % 16)))
    result = torch.sigmoid(network(torch.from_numpy(image)[None].to(device)))[0, 0].cpu().numpy()
    out[...] = result[:height, :width]
