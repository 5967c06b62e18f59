"""How far a scene's probabilities depend on where tiles lie, and on arithmetic: SolarNet over rendered ground.

Run: ``python benchmarks/seams.py [side] [scenes]``. A pixel's answer depends on its tile in two ways: a network sees
less near an edge, which overlapping and fading must hide, and attention looks at the whole tile, which nothing can
hide. So two grids of tiles are compared near seams of either grid and far from all of them, and once without attention.
"""

from __future__ import annotations

import copy
import itertools
import sys

import numpy as np
import torch

from solarnet_assets.imagery.infer import Engine
from solarnet_assets.imagery.sink import ArraySink
from solarnet_assets.imagery.source import ArraySource
from solarnet_assets.imagery.tiling import lay
from solarnet_assets.solar.model import WEIGHTS, engine
from solarnet_assets.solar.render import render

TILE, SHIFT = 512, 200
"""Tiles small enough that scenes to test with need not be large, and a shift that is a multiple of eight."""


def run(image: np.ndarray, precision: str, overlap: int, dtype: type = np.float32, blind: bool = False) -> np.ndarray:
    """Return probabilities (H, W) of a scene run by tiles; ``blind`` leaves out attention."""
    network = copy.deepcopy(engine("cpu").network)
    if blind:
        network.attention = torch.nn.Identity()
    sink = ArraySink(dtype)
    made = Engine(network, torch.device("cpu"), tile=TILE, overlap=overlap, precision=precision)
    made.run_scene(ArraySource(image), sink)
    return sink.array[0] / (255 if dtype is np.uint8 else 1)


def near_seams(side: int, overlap: int) -> np.ndarray:
    """Return the pixels (side - SHIFT, twice) that lie where tiles of either grid overlap, about so much."""
    marked = []
    for length, first in ((side, SHIFT), (side - SHIFT, 0)):
        axis, seam = lay(length, TILE, overlap, 8), np.zeros(length, bool)
        for earlier, later in itertools.pairwise(axis.starts):
            seam[later : earlier + axis.size] = True
        marked.append(seam[first:])
    both = marked[0] | marked[1]
    return both[:, None] | both[None, :]


def show(what: str, difference: np.ndarray, a: np.ndarray, b: np.ndarray, threshold: float) -> None:
    """Print how large a difference is, and how many pixels it takes across the threshold."""
    p99, p999 = np.quantile(difference, (0.99, 0.999))
    flipped = float(((a > threshold) != (b > threshold)).mean())
    print(
        f"{what:36} mean {difference.mean():.5f}  99 % {p99:.4f}  99.9 % {p999:.4f}  most {difference.max():.4f}"
        f"  across the threshold {100 * flipped:.3f} %"
    )


def main() -> None:
    """Print differences over all scenes."""
    side = int(sys.argv[1]) if len(sys.argv) > 1 else 1400
    scenes = int(sys.argv[2]) if len(sys.argv) > 2 else 4
    threshold = float(WEIGHTS.card["threshold"])
    images = [render(np.random.default_rng([4242, n]), side).reflectance for n in range(scenes)]
    exact = [run(image, "float32", 64) for image in images]
    fast = [run(image, "bfloat16", 64, np.uint8) for image in images]
    a, b = np.stack(exact), np.stack(fast)
    show("bfloat16 and uint8, against float32", np.abs(a - b), a, b, threshold)
    for overlap, blind in ((0, True), (32, True), (64, True), (0, False), (64, False)):
        first = np.stack([run(image, "float32", overlap, blind=blind)[SHIFT:, SHIFT:] for image in images])
        second = np.stack([run(image[:, SHIFT:, SHIFT:], "float32", overlap, blind=blind) for image in images])
        seams = near_seams(side, max(overlap, 32))
        for where, marked in (("seams", seams), ("elsewhere", ~seams)):
            marked[:64], marked[:, :64] = False, False  # here the shifted scene has its edge
            what = f"overlap {overlap}, {'no attention' if blind else 'SolarNet'}, {where}"
            a, b = first[:, marked], second[:, marked]
            show(what, np.abs(a - b), a, b, threshold)


if __name__ == "__main__":
    main()
