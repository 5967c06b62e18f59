"""How far a scene's probabilities depend on how it is cut into tiles, and on arithmetic: SolarNet over rendered ground.

Run: ``python benchmarks/seams.py [side] [scenes]``. A pixel's answer depends on its tile in two ways: a network sees
less near an edge, which overlapping and fading must hide, and attention looks for bases in the whole tile, unless they
are found once for the scene. So two sizes of tiles are compared near seams of either and far from all of them: without
attention, with bases found tile by tile, and with the bases of the scene, which is what the engine does.
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
from solarnet_assets.solar.assess import OPAQUE
from solarnet_assets.solar.model import WEIGHTS, engine
from solarnet_assets.solar.network import EMAU
from solarnet_assets.solar.render import render

TILES = (768, 320)
"""Sides small enough that scenes to test with need not be large."""


class Blind(torch.nn.Identity):
    """In place of attention: nothing."""

    held = None

    def hold(self, bases: object) -> None:
        """There is nothing to hold."""

    def survey(self, features: object) -> None:
        """There is nothing to find."""


class Forgetful(EMAU):
    """Attention that finds its bases in every tile anew."""

    def hold(self, bases: object) -> None:
        """Hold nothing."""


def run(
    image: np.ndarray, tile: int, overlap: int = 64, precision: str = "float32", dtype: type = np.float32,
    bases: str = "scene",
) -> np.ndarray:  # fmt: skip
    """Return probabilities (H, W) of a scene run by tiles; ``bases`` says from where attention has them."""
    network = copy.deepcopy(engine("cpu").network)
    if bases == "none":
        network.attention = Blind()
    elif bases == "tile":
        network.attention.__class__ = Forgetful
    sink = ArraySink(dtype)
    made = Engine(network, torch.device("cpu"), tile=tile, overlap=overlap, precision=precision)
    made.run_scene(ArraySource(image), sink)
    return sink.array[0] / (255 if dtype is np.uint8 else 1)


def near_seams(side: int, overlap: int) -> np.ndarray:
    """Return the pixels (side, side) that lie where tiles of either size overlap, or about so much around a cut."""
    seam = np.zeros(side, bool)
    for tile in TILES:
        axis = lay(side, tile, overlap, 8)
        for earlier, later in itertools.pairwise(axis.starts):
            seam[max(0, later - max(32 - overlap, 0)) : earlier + axis.size + max(32 - overlap, 0)] = True
    return seam[:, None] | seam[None, :]


def show(what: str, a: np.ndarray, b: np.ndarray, threshold: float) -> None:
    """Print how large a difference is, and how many pixels it takes across the threshold."""
    difference = np.abs(a - b)
    p99, p999 = np.quantile(difference, (0.99, 0.999))
    flipped = float(((a > threshold) != (b > threshold)).mean())
    print(
        f"{what:46} mean {difference.mean():.5f}  99 % {p99:.4f}  99.9 % {p999:.4f}  most {difference.max():.4f}"
        f"  across the threshold {100 * flipped:.3f} %"
    )


def main() -> None:
    """Print differences, and IoU, over all scenes."""
    side = int(sys.argv[1]) if len(sys.argv) > 1 else 1200
    scenes = int(sys.argv[2]) if len(sys.argv) > 2 else 4
    threshold = float(WEIGHTS.card["threshold"])
    chips = [render(np.random.default_rng([4242, n]), side) for n in range(scenes)]
    images = [chip.reflectance for chip in chips]
    fast = np.stack([run(image, TILES[0], precision="bfloat16", dtype=np.uint8) for image in images])
    show("bfloat16 and uint8, against float32", np.stack([run(image, TILES[0]) for image in images]), fast, threshold)
    asked = np.stack([chip.cloud <= OPAQUE for chip in chips])
    truth = np.stack([chip.share > 0.5 for chip in chips]) & asked
    for bases, overlap in (("none", 0), ("none", 32), ("none", 64), ("tile", 64), ("scene", 64)):
        first, second = (np.stack([run(image, tile, overlap, bases=bases) for image in images]) for tile in TILES)
        seams = near_seams(side, overlap)
        for where, marked in (("seams", seams), ("elsewhere", ~seams)):
            show(f"bases: {bases}, overlap {overlap}, {where}", first[:, marked], second[:, marked], threshold)
        for tile, found in zip(TILES, (first, second), strict=True) if bases != "none" else ():
            mask = (found > threshold) & asked
            print(f"  IoU in tiles of {tile} px: {(mask & truth).sum() / (mask | truth).sum():.3f}")
    whole = np.stack([next(engine("cpu").run([image]))[0] for image in images]) if side <= 1280 else None
    if whole is not None:
        mask = (whole > threshold) & asked
        print(f"  IoU of scenes run whole: {(mask & truth).sum() / (mask | truth).sum():.3f}")


if __name__ == "__main__":
    main()
