"""LotNet and its counts on held-out renders and on the KIT AIS sequence that no training sees."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from solarnet_assets.landing import BadInputError
from solarnet_assets.parking.calibrate import check, score
from solarnet_assets.parking.count import inside_share
from solarnet_assets.parking.estimate import Calibration, distribution, summarise
from solarnet_assets.parking.model import WEIGHTS, engine
from solarnet_assets.parking.observe import Scene, observe
from solarnet_assets.parking.pixels import TARGET_GSD

if TYPE_CHECKING:
    from solarnet_assets.parking.render import LotChip

SEED = 9_005
"""Seed of the renders: no training, threshold or calibration uses it."""

GSD = ((0.0, 0.29), (0.29, 0.31), (0.31, 0.45), (0.45, 0.61), (0.61, 1.01))
"""Kinds of pixel size, m."""

FULL = ((0.0, 0.01), (0.01, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1.01))
"""Kinds of occupancy, share of the stalls that are taken."""

SUN = ((0, 30), (30, 45), (45, 60), (60, 91))
"""Kinds of sun elevation, degrees."""


def rendered(count: int, device: str | None = None) -> list[dict[str, Any]]:
    """Return the figures of held-out renders: all, by pixel size, by share of stalls taken and by height of the sun.

    Args:
        count: renders.
        device: see :func:`solarnet_assets.imagery.infer.load`.
    """
    from solarnet_assets.parking.render import render

    def draw() -> Iterator[LotChip]:
        return (render(np.random.default_rng([SEED, number])) for number in range(count))

    scenes = observe(draw(), engine(device))
    kinds: list[tuple[str, Callable[[Scene], float], Sequence[tuple[float, float]]]] = [
        ("{:.2f} to {:.2f} m", lambda scene: scene.gsd, GSD),
        ("{:.0%} to {:.0%} of the stalls taken", lambda scene: scene.occupancy, FULL),
        ("sun at {} to {} degrees", lambda scene: scene.sun, SUN),
    ]
    rows = [figures("all", scenes), in_blocks(scenes)]
    for text, key, bins in kinds:
        for low, high in bins:
            own = [scene for scene in scenes if low <= key(scene) < high]
            if own:
                rows.append(figures(text.format(low, high), own))
    return rows


def in_blocks(scenes: Sequence[Scene], parts: int = 3) -> dict[str, Any]:
    """Return how counts do in the ``parts`` x ``parts`` blocks that scenes are cut into, edges through cars and all."""
    known, found, truth = Calibration.of(WEIGHTS.card, renders=True), [], []
    for scene in scenes:
        side = round(100 * scene.hectares**0.5 / TARGET_GSD)
        edges = np.linspace(0, side, parts + 1).round().astype(int)
        for top, bottom in itertools.pairwise(edges):
            for left, right in itertools.pairwise(edges):
                block = np.zeros((side, side), bool)
                block[top:bottom, left:right] = True
                inside = inside_share(block, scene.points, known.place / TARGET_GSD)
                area = scene.hectares * float(block.mean())
                found.append(summarise(distribution(scene.scores, inside, scene.gsd, area, known)))
                x, y = np.floor(scene.vehicles).astype(int).T.clip(0, side - 1)
                truth.append(int(block[y, x].sum()))
    row = {"name": f"cut into {parts} x {parts} blocks", "precision": None, "recall": None, "scenes": len(truth)}
    return row | score(found, np.array(truth))


def aerial(folder: Path, device: str | None = None) -> list[dict[str, Any]]:
    """Return the figures of the held-out KIT AIS sequence: whole frames brought to 0.3 m, and windows of them.

    Windows are photographed by the simulated sensor at 0.15-1 m, as satellites see such a place, and keep away from the
    frames' edges, where cars lack boxes; vehicles without a candidate under what the network takes for crowns are not
    asked for. They are counted twice: as photographs, and as if they were renders.

    Args:
        folder: has ``images/`` and ``labels_yolo/``.
        device: see :func:`solarnet_assets.imagery.infer.load`.

    Raises:
        BadInputError: the folder does not hold that sequence.
    """
    from solarnet_assets.parking import kit
    from solarnet_assets.parking.figures import windows

    found = kit.frames(folder) if (folder / "labels_yolo").is_dir() else []
    frames = [frame for frame in found if frame.sequence == kit.HELD_OUT]
    if not frames:
        raise BadInputError(f"{folder} has no frame of the held-out sequence with labels in labels_yolo/")
    ready = engine(device)
    whole = observe(map(kit.whole, frames), ready)
    seen = observe(windows(frames), ready, crowns_known=False)
    return [
        figures("KIT AIS, held-out sequence, whole frames", whole, renders=False),
        figures("the same, as if rendered", whole),
        figures("its windows through the simulated sensor", seen, renders=False),
        figures("the same, as if rendered", seen),
    ]


def figures(name: str, scenes: Sequence[Scene], *, renders: bool = True) -> dict[str, Any]:
    """Return precision and recall of listed detections, and how counts of whole scenes do."""
    threshold = float(WEIGHTS.card["threshold"])
    listed = [scene.scores >= threshold for scene in scenes]
    hits = sum(int(scene.hit[mask].sum()) for scene, mask in zip(scenes, listed, strict=True))
    marked, true = sum(int(mask.sum()) for mask in listed), sum(scene.truth for scene in scenes)
    shares = {"precision": hits / max(marked, 1), "recall": hits / max(true, 1)}
    return {"name": name} | shares | check(scenes, Calibration.of(WEIGHTS.card, renders=renders))
