"""A small works of our own: mixed ground, a few hot points, and the scene that a sensor makes of them."""

from datetime import UTC, datetime

import numpy as np

from solarnet_assets.imagery.raster import Grid
from solarnet_assets.imagery.scene import Scene

BANDS = ("B02", "B03", "B04", "B8A", "B11", "B12")
N, GSD, WEST, NORTH = 80, 20.0, 500_000.0, 4_400_000.0
GRID = Grid(32650, (GSD, 0.0, WEST, 0.0, -GSD, NORTH), N, N)
SPECTRA = np.array([
    [0.06, 0.09, 0.07, 0.35, 0.20, 0.11],  # green
    [0.10, 0.13, 0.16, 0.22, 0.30, 0.25],  # soil
    [0.06, 0.06, 0.07, 0.09, 0.11, 0.10],  # slag
    [0.30, 0.33, 0.36, 0.40, 0.41, 0.38],  # bright roof
])  # fmt: skip
UNITS = ((30, 34, 60.0), (36, 50, 36.0), (45, 40, 24.0), (48, 47, 15.0))
"""Row, column and summed 2.2 um excess of the hot units in a normal pass, W m-2 sr-1 um-1."""
HEAT = sum(unit[2] for unit in UNITS)
TIME = datetime(2020, 2, 9, 2, 50, tzinfo=UTC)


def square(half=320.0):
    from pyproj import Transformer

    to = Transformer.from_crs(32650, 4326, always_xy=True)
    x, y = WEST + N * GSD / 2, NORTH - N * GSD / 2
    ring = [(-half, -half), (half, -half), (half, half), (-half, half), (-half, -half)]
    points = [to.transform(x + a, y + b) for a, b in ring]
    return "POLYGON ((" + ", ".join(f"{a:.9f} {b:.9f}" for a, b in points) + "))"


WKT = square()


def scene(level=1.0, seed=0, *, cloud=None, seen=None, noise=0.002, bands=BANDS, glint=False, scene_id="s", time=TIME):
    """Return a scene; the ground is the same for every seed, noise and registration are not."""
    rng = np.random.default_rng([seed, 7])
    fixed = np.random.default_rng(3)
    blocks = np.repeat(np.repeat(fixed.dirichlet((0.6, 0.6, 0.5, 0.15), (N // 4, N // 4)), 4, 0), 4, 1)
    grain = 1 + 0.06 * fixed.standard_normal((N, N))
    image = np.moveaxis(blocks @ SPECTRA, -1, 0) * grain
    made = Scene("", {}, np.ones((N, N), bool), None, GRID, time, "sentinel-2a", 35.0)
    rows, cols = np.mgrid[:N, :N]
    for row, col, heat in UNITS:
        dr, dc = rng.normal(0, 0.25, 2)
        shape = np.exp(-0.5 * ((rows - row - dr) ** 2 + (cols - col - dc) ** 2) / 0.7**2)
        for band, part in (("B11", 0.4), ("B12", 1.0)):
            image[BANDS.index(band)] += level * heat * part * shape / shape.sum() / made.gain(band)
    if glint:
        image[:, 41, 36] += np.array([0.9, 0.95, 1.0, 1.0, 1.05, 1.1])
    image = image * rng.uniform(0.95, 1.05) + rng.normal(0, noise, image.shape)
    reflectance = {name: plane.astype(np.float32) for name, plane in zip(BANDS, image, strict=True) if name in bands}
    return Scene(scene_id, reflectance, made.seen if seen is None else seen, cloud, GRID, time, "sentinel-2a", 35.0)
