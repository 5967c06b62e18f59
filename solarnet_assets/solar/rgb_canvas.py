"""The canvas that sub-metre training chips are drawn on: a plane of materials, a plane of shadows, a camera.

Objects are given in metres about the middle of the chip; the camera (ground sampling distance, oblique view) brings
them to pixels. A material is a colour with a grain and stripes; what is a panel is a property of the material, so
that the truth is exactly what was drawn. Training only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from solarnet_assets.imagery.texture import noise
from solarnet_assets.solar.rgb_covers import GROUND_GRAIN, cover

FINE = 2
"""Fine pixels along a pixel."""

MOST = 250
"""Materials of a chip; further ones share an earlier one."""

JOINED = 4
"""Pixels: the widest gap that belongs to an array. People who outline arrays by hand draw round rows that stand so
close, and part what lies further apart. Ours."""

Points = NDArray[np.float64]


@dataclass
class Canvas:
    """A chip while it is drawn.

    Attributes:
        rng: all randomness of the chip.
        side: pixels of a side.
        gsd: ground sampling distance, m.
        sun: displacement of a shadow per metre of height, m east and m south.
    """

    rng: np.random.Generator
    side: int
    gsd: float
    sun: tuple[float, float]
    colours: list[NDArray[np.float64]] = field(default_factory=list)
    grains: list[tuple[float, float]] = field(default_factory=list)
    stripes: list[tuple[float, float, float]] = field(default_factory=list)
    panels: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        size = (self.side * FINE, self.side * FINE)
        self.plane, self.shade = Image.new("L", size, 0), Image.new("L", size, 0)
        self.draw, self.dark = ImageDraw.Draw(self.plane), ImageDraw.Draw(self.shade)
        lean = self.rng.normal(0, 0.06, 2) if self.rng.random() < 0.5 else np.zeros(2)
        self.camera = np.array([[1 + lean[0], lean[1]], [0, 1]]) * FINE / self.gsd
        self.half = self.side * FINE / 2

    @property
    def extent(self) -> float:
        """Metres of a side."""
        return self.side * self.gsd

    @property
    def fine(self) -> float:
        """Metres of a fine pixel."""
        return self.gsd / FINE

    def somewhere(self, margin: float = 0.0) -> Points:
        """Return a random place, (2,) m."""
        half = self.extent / 2 - margin
        return self.rng.uniform(-half, half, 2)

    def material(
        self,
        colour: str | NDArray[np.float64],
        grain: float | None = None,
        stripe: tuple[float, float, float] | None = None,
        panel: bool = False,
    ) -> int:
        """Return a new material.

        Args:
            colour: a cover's name, or red, green, blue.
            grain: relative contrast of its grain; natural ground's when absent.
            stripe: distance of stripes (m), direction across them (rad), relative contrast.
            panel: whether it belongs to the truth.
        """
        if len(self.colours) >= MOST:
            same = sorted(self.panels) if panel else [n for n in range(MOST - 30, MOST) if n not in self.panels]
            return int(same[self.rng.integers(len(same))]) if same else 1
        rng, number = self.rng, len(self.colours)
        self.colours.append(cover(rng, colour) if isinstance(colour, str) else np.clip(colour, 2, 253))
        fine = GROUND_GRAIN * rng.uniform(0.2, 2) if grain is None else grain
        self.grains.append((fine, fine * rng.uniform(0.3, 1.5)))
        self.stripes.append((0.0, 0.0, 0.0) if stripe is None else self._wave(*stripe))
        if panel:
            self.panels.add(number)
        return number

    def _wave(self, distance: float, across: float, contrast: float) -> tuple[float, float, float]:
        """Return a stripe's wave vector (rad/pixel) and the contrast that pixels of this size leave of it."""
        pixels = distance / self.gsd
        seen = contrast * float(np.sinc(min(1 / pixels, 1.0)))
        k = 2 * np.pi / pixels
        return k * np.cos(across), k * np.sin(across), seen

    def pixels(self, points: Points) -> Points:
        """Return fine pixels of points (..., 2) in metres."""
        return points @ self.camera.T + self.half

    def polygon(self, points: Points, material: int, height: float = 0.0) -> None:
        """Draw a polygon, (n, 2) m; what is high casts a shadow and stands in the light itself."""
        self.polygons(np.asarray(points, float)[None], [material], height)

    def polygons(self, shapes: Points, materials: Sequence[int], height: float = 0.0) -> None:
        """Draw polygons of equal corner counts, (m, n, 2) m: all shadows first, then the bodies."""
        at = self.pixels(shapes)
        inside = (at.max((1, 2)) > -50) & (at.min((1, 2)) < self.side * FINE + 50)
        if height > 0:
            moved = self.pixels(shapes + np.array(self.sun) * height)
            for base, top in zip(at[inside], moved[inside], strict=True):
                self._shadow(base, top)
        flat = at[inside].reshape(-1, 2 * shapes.shape[1]).tolist() if inside.any() else []
        for shape, material in zip(flat, np.array(materials)[inside], strict=True):
            self.draw.polygon(shape, fill=int(material))
            if height > 0:
                self.dark.polygon(shape, fill=0)

    def _shadow(self, base: Points, top: Points) -> None:
        """Draw what lies between an outline and its shadow: the shadow and one quadrangle an edge."""
        step = float(np.abs(top[0] - base[0]).max())
        if step < 1.2:
            return
        self.dark.polygon(top.reshape(-1).tolist(), fill=255)
        n = len(base)
        if n > 8 or step < 2:
            self.dark.polygon(((base + top) / 2).reshape(-1).tolist(), fill=255)
            return
        sides = np.concatenate([base, np.roll(base, -1, 0), np.roll(top, -1, 0), top], 1)
        for side in sides.tolist():
            self.dark.polygon(side, fill=255)

    def line(self, points: Points, width: float, material: int) -> None:
        """Draw a line through points, (n, 2) m, ``width`` m wide."""
        at = [(float(x), float(y)) for x, y in self.pixels(np.asarray(points, float))]
        self.draw.line(at, fill=material, width=max(1, round(width / self.fine)), joint="curve")

    def compose(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the picture (H, W, 3) 0..255 and the share of panels (H, W)."""
        palette = np.clip(np.array(self.colours), 0, 255).astype(np.uint8).reshape(-1).tolist()
        body = Image.frombytes("P", self.plane.size, self.plane.tobytes())
        body.putpalette(palette)
        image: NDArray[np.float32] = np.asarray(body.convert("RGB").reduce(FINE), np.float32)
        image *= (1 + self._texture())[..., None]
        shade = _share(self.shade)
        depth = np.array([1.0, 0.95, 0.86]) * self.rng.uniform(0.3, 0.75)
        image *= 1 - shade[..., None] * depth.astype(np.float32)
        return image, self._truth()

    def _truth(self) -> NDArray[np.float32]:
        """Return the share of each pixel inside an array, outlined as by hand: gaps of up to JOINED are inside."""
        if not self.panels:
            return np.zeros((self.side, self.side), np.float32)
        inside = np.asarray(self.plane.point([255 if n in self.panels else 0 for n in range(256)]))
        reach = JOINED * FINE // 2
        padded = np.pad(inside, 2 * reach, mode="edge")
        closed = 255 - _grown(255 - _grown(padded, reach), reach)
        return _share(Image.fromarray(closed))

    def _texture(self) -> NDArray[np.float32]:
        side, rng = self.side, self.rng
        ids = np.asarray(self.plane)[::FINE, ::FINE]
        grain = np.array(self.grains, np.float32)
        field = rng.standard_normal((side, side), np.float32) * grain[:, 0][ids]
        field += noise(rng, side, int(rng.integers(20, 70))) * grain[:, 1][ids]
        field += noise(rng, side, int(rng.integers(4, 16))) * grain[:, 1][ids]
        wave = np.array(self.stripes, np.float32)
        if wave[:, 2].any():
            y, x = np.mgrid[0:side, 0:side].astype(np.float32)
            field += np.sin(wave[:, 0][ids] * x + wave[:, 1][ids] * y) * wave[:, 2][ids]
        return field


def _share(plane: Image.Image) -> NDArray[np.float32]:
    """Return the share of each pixel that a fine plane of 0 and 255 marks."""
    return np.asarray(plane.reduce(FINE), np.float32) * np.float32(1 / 255)


def _grown(plane: NDArray[np.uint8], reach: int) -> NDArray[np.uint8]:
    """Return the maximum over a square of 2 reach + 1; the plane loses ``reach`` pixels on every side."""
    rows = plane[: -2 * reach]
    for n in range(1, 2 * reach + 1):
        rows = np.maximum(rows, plane[n : len(plane) - 2 * reach + n])
    out = rows[:, : -2 * reach]
    for n in range(1, 2 * reach + 1):
        out = np.maximum(out, rows[:, n : rows.shape[1] - 2 * reach + n])
    return out


def rectangles(centres: Points, size: tuple[float, float] | Points, heading: float) -> Points:
    """Return the corners of turned rectangles, (n, 4, 2) m; ``size`` is one (long, wide) or (n, 2)."""
    half = np.broadcast_to(np.asarray(size, float) / 2, (len(centres), 2))
    signs = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], float)
    return turn(signs * half[:, None, :], heading) + np.asarray(centres, float)[:, None, :]


def turn(points: Points, heading: float) -> Points:
    """Return points (..., 2) turned by an angle, rad."""
    c, s = np.cos(heading), np.sin(heading)
    return np.asarray(points, float) @ np.array([[c, s], [-s, c]])


def lattice(rows: int, columns: int, step: tuple[float, float] | Points) -> Points:
    """Return the nodes of a grid about the origin, (rows * columns, 2): x runs over columns, y over rows."""
    x = (np.arange(columns) - (columns - 1) / 2) * step[0]
    y = (np.arange(rows) - (rows - 1) / 2) * step[1]
    return np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)


def blob(rng: np.random.Generator, centre: Points, radius: float, rough: float = 0.3, corners: int = 24) -> Points:
    """Return a wavy outline about a centre, (corners, 2) m."""
    t = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    wave = 1 + sum(rng.normal(0, rough / k) * np.cos(k * t + rng.uniform(0, 6.3)) for k in (1, 2, 3, 5))
    r = radius * np.clip(wave, 0.3, 2)
    return np.stack([r * np.cos(t), rng.uniform(0.5, 1) * r * np.sin(t)], -1) + centre
