"""KIT AIS aerial frames with boxed vehicles, as training crops at 0.3 m (CC BY 3.0)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from solarnet_assets.parking.pixels import TARGET_GSD
from solarnet_assets.parking.render import CANVAS, LotChip, Scene
from solarnet_assets.parking.sprites import FINE

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

WINDOW = 136
"""Pixels of 0.3 m of a square of a frame that a network is tried on, 40.8 m."""

EDGE = 3.0
"""Metres along the edge of a frame where cars may lack a box."""

HELD_OUT = "munich_avenue"
"""The sequence (frames MOS155-MOS179) that no training sees."""


@dataclass(frozen=True)
class Frame:
    """One frame: (H, W, 3) uint8 at :data:`GSD`, boxes (n, 4) centre x, y, width, height (pixels), its sequence."""

    image: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    sequence: str

    @property
    def centres(self) -> NDArray[np.float32]:
        """Centres of the vehicles, (n, 2) x, y."""
        return self.boxes[:, :2]


def frames(folder: Path) -> list[Frame]:
    """Read ``images/*.png`` and ``labels_yolo/*.txt`` (class, centre x, centre y, width, height; shares)."""
    found = []
    for path in sorted((folder / "images").glob("*.png")):
        image = np.asarray(Image.open(path).convert("RGB"))
        lines = (folder / "labels_yolo" / f"{path.stem}.txt").read_text(encoding="ascii").split("\n")
        rows = [[float(x) for x in line.split()] for line in lines if line.strip()]
        scale = np.array([image.shape[1], image.shape[0]] * 2)
        boxes = [np.array(r[1:5]) * scale for r in rows if int(r[0]) != CYCLIST]
        found.append(Frame(image, np.array(boxes, np.float32).reshape(-1, 4), _sequence(path.stem)))
    return found


def _sequence(stem: str) -> str:
    if stem.startswith("MunichStreet02"):
        return "munich_street"
    return HELD_OUT if int(stem.removeprefix("MOS")) >= 155 else "munich_crossroad"


def crop(frame: Frame, rng: np.random.Generator, size: int) -> Scene:
    """Return a random, turned crop as a scene of ``size`` pixels at 0.3 m; a grey value is taken for a root."""
    side = round(size * TARGET_GSD / CANVAS)
    scale = CANVAS / GSD * rng.uniform(0.85, 1.15)
    angle = float(rng.uniform(0, 2 * np.pi))
    h, w = frame.image.shape[:2]
    middle = np.array([rng.uniform(0.1, 0.9) * w, rng.uniform(0.1, 0.9) * h])
    c, s = np.cos(angle) * scale, np.sin(angle) * scale
    turn = np.array([[c, -s], [s, c]])
    corner = middle - turn @ np.array([side / 2, side / 2])
    matrix = (c, -s, corner[0], s, c, corner[1])
    seen = Image.fromarray(frame.image).transform(
        (side, side), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC
    )
    inside = Image.new("L", (w, h), 255).transform((side, side), Image.Transform.AFFINE, matrix)
    known = np.asarray(inside) > 127
    centres = (frame.centres - corner) @ np.linalg.inv(turn).T
    kept = np.all((centres >= 0) & (centres < side), axis=1)
    canvas = np.where(known[..., None], np.clip(np.asarray(seen), 1, 254), 0).astype(np.uint8)
    cover = np.full((2, size, size), UNKNOWN, np.uint8)
    footprint = np.full((size // 2, size // 2), UNKNOWN, np.float16)
    centres = (centres[kept] * (size / side)).astype(np.float32)
    return Scene(canvas, centres, np.zeros(len(centres), np.float32), cover, footprint)


def window(frame: Frame, rng: np.random.Generator) -> Scene:
    """Return a square of a frame as a scene for the camera, away from the frame's edge.

    Cars that the edge cuts are not labelled; those that a window cuts count by their centres, as in drawn scenes.
    """
    side = round(WINDOW * TARGET_GSD / GSD)
    margin = EDGE / GSD
    h, w = frame.image.shape[:2]
    left, top = (float(rng.uniform(margin, n - margin - side)) for n in (w, h))
    canvas = round(WINDOW * TARGET_GSD / CANVAS)
    box = (left, top, left + side, top + side)
    seen = Image.fromarray(frame.image).resize((canvas, canvas), Image.Resampling.BICUBIC, box)
    centres = (frame.centres - (left, top)) * (WINDOW / side)
    inside = np.all((centres >= 0) & (centres < WINDOW), axis=1)
    turns = int(rng.integers(4))
    pixels, kept = np.rot90(np.asarray(seen), turns), centres[inside]
    for _ in range(turns):
        kept = np.stack([kept[:, 1], WINDOW - kept[:, 0]], 1)
    cover = np.full((2, WINDOW, WINDOW), UNKNOWN, np.uint8)
    footprint = np.full((WINDOW // 2, WINDOW // 2), UNKNOWN, np.float16)
    return Scene(np.clip(pixels, 1, 254), kept.astype(np.float32), np.zeros(len(kept), np.float32), cover, footprint)


def cut_out(frames: list[Frame]) -> list[Image.Image]:
    """Return cars that stand along an axis of their frame, pointing along x at the drawing scale, RGBA."""
    found = []
    for frame in frames:
        for x, y, w, h in frame.boxes:
            if max(w, h) < 2.0 * min(w, h) or max(w, h) > 45 or not _inside(frame, x, y, w, h):
                continue
            car = Image.fromarray(frame.image).crop(
                (round(x - w / 2), round(y - h / 2), round(x + w / 2), round(y + h / 2))
            )
            car = car if w > h else car.transpose(Image.Transpose.ROTATE_90)
            car = car.resize((round(max(w, h) * GSD / FINE), round(min(w, h) * GSD / FINE)), Image.Resampling.BICUBIC)
            mask = Image.new("L", car.size, 0)
            ImageDraw.Draw(mask).rounded_rectangle((0, 0, car.width - 1, car.height - 1), car.height // 3, fill=255)
            car.putalpha(mask)
            found.append(car)
    return found


def _inside(frame: Frame, x: float, y: float, w: float, h: float) -> bool:
    height, width = frame.image.shape[:2]
    return bool(x > w / 2 + 2 and y > h / 2 + 2 and x < width - w / 2 - 2 and y < height - h / 2 - 2)


def whole(frame: Frame) -> LotChip:
    """Return a whole frame at 0.3 m."""
    h, w = (int(n * GSD / TARGET_GSD) for n in frame.image.shape[:2])
    box = (0, 0, w * TARGET_GSD / GSD, h * TARGET_GSD / GSD)
    image = np.asarray(Image.fromarray(frame.image).resize((w, h), Image.Resampling.BOX, box=box))
    centres = frame.centres * (GSD / TARGET_GSD)
    centres = centres[(centres[:, 0] < w) & (centres[:, 1] < h)].astype(np.float32)
    cover = np.full((2, *image.shape[:2]), UNKNOWN, np.uint8)
    return LotChip(image, centres, np.zeros(len(centres), np.float32), cover, GSD)
