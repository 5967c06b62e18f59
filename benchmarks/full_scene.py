"""A scene of a whole Sentinel-2 tile through everything that the solar asset does with it: time and peak memory.

Run: ``python benchmarks/full_scene.py [chips along a side]``. The scene is a mosaic of rendered ground, so that
outlines are as many and as large as the network finds; ten chips of 1,098 pixels along each side make the 10,980 pixels
of a tile. A process of its own writes it, so that its memory does not count.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from solarnet_assets.solar.search import observe_scenes

CHIP, KINDS = 1098, 5
BANDS = ["B02", "B03", "B04", "B08", "B11", "B12"]


def write(path: Path, chips: int) -> None:
    """Write the mosaic: uint16, zstd, blocks of 512 pixels."""
    import rasterio
    from rasterio.windows import Window

    from solarnet_assets.solar.render import render

    rng = np.random.default_rng(0)
    kinds = [render(np.random.default_rng([99, n]), CHIP + 6).reflectance[:, :CHIP, :CHIP] for n in range(KINDS)]
    numbers = [(kind * 10_000).round().clip(1, 65_000).astype(np.uint16) for kind in kinds]
    profile = {"driver": "GTiff", "dtype": "uint16", "count": len(BANDS), "nodata": 0, "compress": "zstd"}
    profile |= {"width": chips * CHIP, "height": chips * CHIP, "tiled": True, "blockxsize": 512, "blockysize": 512}
    place = {"crs": "EPSG:32650", "transform": rasterio.Affine(10, 0, 4e5, 0, -10, 4.4e6)}
    with rasterio.open(path, "w", **profile, **place) as scene:
        for n in range(chips * chips):
            turned = np.rot90(numbers[rng.integers(KINDS)], rng.integers(4), (1, 2))
            scene.write(turned, window=Window(n % chips * CHIP, n // chips * CHIP, CHIP, CHIP))


def main() -> None:
    """Print seconds, outlines and peak memory of the process."""
    chips = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scene.tif"
        writer = multiprocessing.get_context("spawn").Process(target=write, args=(path, chips))
        writer.start()
        writer.join()
        key = {"scene_id": "scene", "site_id": "area", "time": datetime(2020, 1, 5, tzinfo=UTC)}
        key |= {"platform": "sentinel-2a", "sun_elevation": 40.0}
        data = {"path": path.name, "mask_path": None, "bands": BANDS, "scale": 1e-4, "offset": 0.0}
        started = time.perf_counter()
        rows, _, refused = observe_scenes(pl.DataFrame([key | data]), {}, lambda name: Path(folder) / name)
        seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    side = chips * CHIP
    print(f"{side} x {side} px: {seconds:.0f} s, {rows.height} outlines, {len(refused)} refused, peak {peak} MiB")


if __name__ == "__main__":
    main()
