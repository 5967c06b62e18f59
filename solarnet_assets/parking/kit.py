"""KIT AIS aerial frames with boxed vehicles, as training crops at 0.3 m (CC BY 3.0)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from solarnet_assets.parking.pixels import TARGET_GSD
from solarnet_assets.parking.render import LotChip
from solarnet_assets.parking.sensor import photograph_real

ATTRIBUTION = (
    "KIT AIS Data Set (KIT IPF, DLR 3K imagery), CC BY 3.0, boxes by Yauhen Kharuzhy "
    "(github.com/jekhor/aerial-cars-dataset, commit d2ed927fe2b06e4794e90d6320152b940808ddd9)"
)

GSD = 0.13
"""Metres per pixel; not stated by the publisher, from cars of about 35 pixels."""

CYCLIST = 4
"""Class number that is no vehicle here."""

UNKNOWN = 2
"""Cover that nobody labelled."""

HELD_OUT = "munich_avenue"
"""The sequence (frames MOS155-MOS179) that no training sees."""


@dataclass(frozen=True)
class Frame:
    """One frame: (H, W, 3) uint8 at :data:`GSD`, vehicle centres (n, 2) x, y in its pixels, and its sequence."""

    image: NDArray[np.uint8]
    centres: NDArray[np.float32]
    sequence: str


def frames(folder: Path) -> list[Frame]:
    """Read ``images/*.png`` and ``labels_yolo/*.txt`` (class, centre x, centre y, width, height; shares)."""
    found = []
    for path in sorted((folder / "images").glob("*.png")):
        image = np.asarray(Image.open(path).convert("RGB"))
        lines = (folder / "labels_yolo" / f"{path.stem}.txt").read_text(encoding="ascii").split("\n")
        rows = [[float(x) for x in line.split()] for line in lines if line.strip()]
        centres = [(r[1] * image.shape[1], r[2] * image.shape[0]) for r in rows if int(r[0]) != CYCLIST]
        found.append(Frame(image, np.array(centres, np.float32).reshape(-1, 2), _sequence(path.stem)))
    return found


def _sequence(stem: str) -> str:
    if stem.startswith("MunichStreet02"):
        return "munich_street"
    return HELD_OUT if int(stem.removeprefix("MOS")) >= 155 else "munich_crossroad"


def crop(frame: Frame, rng: np.random.Generator, size: int) -> LotChip:
    """Return a random, turned crop at 0.3 m, seen by a random sensor."""
    side = round(size * TARGET_GSD / GSD * rng.uniform(0.88, 1.14))
    angle = float(rng.uniform(0, 360)) if rng.random() < 0.7 else 0.0
    h, w = frame.image.shape[:2]
    middle = np.array([rng.uniform(0.15, 0.85) * w, rng.uniform(0.15, 0.85) * h])
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    turn = np.array([[c, -s], [s, c]])
    corner = middle - turn @ np.array([side / 2, side / 2])
    matrix = (c, -s, corner[0], s, c, corner[1])
    seen = Image.fromarray(frame.image).transform(
        (side, side), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
    )
    inside = Image.new("L", (w, h), 255).transform((side, side), Image.Transform.AFFINE, matrix)
    centres = (frame.centres - corner) @ turn * (size / side)
    kept = np.all((centres >= 0) & (centres < size), axis=1)
    image = photograph_real(seen, rng, size)
    image[np.asarray(inside.resize((size, size))) < 128] = 0
    return _chip(image, centres[kept])


def whole(frame: Frame) -> LotChip:
    """Return a whole frame at 0.3 m, cut to a multiple of eight pixels."""
    h, w = (int(n * GSD / TARGET_GSD) // 8 * 8 for n in frame.image.shape[:2])
    box = (0, 0, w * TARGET_GSD / GSD, h * TARGET_GSD / GSD)
    image = np.asarray(Image.fromarray(frame.image).resize((w, h), Image.Resampling.BOX, box=box))
    centres = frame.centres * (GSD / TARGET_GSD)
    return _chip(image, centres[(centres[:, 0] < w) & (centres[:, 1] < h)])


def _chip(image: NDArray[np.uint8], centres: NDArray[Any]) -> LotChip:
    cover = np.full((2, *image.shape[:2]), UNKNOWN, np.uint8)
    return LotChip(image, centres.astype(np.float32), np.zeros(len(centres), np.float32), cover, GSD)
