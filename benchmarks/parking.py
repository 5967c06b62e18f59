"""Car parks a second, from files to counts with evidence, beside the plain loop and what the hardware allows.

    python benchmarks/parking.py --lots 48 --repeats 3                     # a CPU, or the GPU where there is one
    OMP_NUM_THREADS=1 python benchmarks/parking.py --lots 16 --repeats 2

The pictures are PNG files of rendered lots, at 0.3 m and, every third, at 0.5 m. All loops run in one process, turn by
turn, and read the same files; medians and ranges over the repeats.

* plain loop: open, resample, normalise, network in float32 with a batch of one, peaks above the threshold; one by one.
* ours: the same network, and on top what a count needs: calibrated distribution, hidden shares, evidence picture; and
  the same without the picture.
* limits: decoding alone in as many threads as ours uses; the bare network on inputs that lie in memory (float32, the
  best of some batch sizes), copies to the device included.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from PIL import Image

from solarnet_assets.imagery.device import decode_threads
from solarnet_assets.parking.ahead import ordered
from solarnet_assets.parking.count import Count, each
from solarnet_assets.parking.detect import Detections
from solarnet_assets.parking.evidence import picture
from solarnet_assets.parking.images import LotImage, open_lot, read_rgb
from solarnet_assets.parking.model import WEIGHTS, engine
from solarnet_assets.parking.network import peaks
from solarnet_assets.parking.pixels import normalise, resample
from solarnet_assets.parking.render import render

SEED = 9_009
COARSE = 0.5


def make(folder: Path, lots: int, tiles: int) -> list[tuple[Path, float]]:
    """Write pictures of ``tiles`` x ``tiles`` rendered chips each; returns files with their pixel size, m."""
    chips = [render(np.random.default_rng([SEED, n])).image for n in range(4 * tiles)]
    rng, files = np.random.default_rng(SEED), []
    for number in range(lots):
        order = rng.integers(0, len(chips), (tiles, tiles))
        image = Image.fromarray(np.vstack([np.hstack([chips[n] for n in row]) for row in order]))
        gsd = COARSE if number % 3 == 0 else 0.3
        size = round(image.width * 0.3 / gsd)
        file = folder / f"lot{number}.png"
        image.resize((size, size), Image.Resampling.BOX).save(file)
        files.append((file, gsd))
    return files


def plain(files: list[tuple[Path, float]]) -> int:
    """Run the plain loop; returns vehicles found."""
    ready, found = engine(), 0
    with torch.inference_mode():
        for file, gsd in files:
            image = resample(np.asarray(Image.open(file).convert("RGB")), gsd)
            stack = _padded(normalise(image, gsd))[None].to(ready.device)
            heat = torch.sigmoid(ready.network(stack))[0, 0].cpu()
            found += len(peaks(heat, float(WEIGHTS.card["threshold"]))[0])
    return found


def ours(files: list[tuple[Path, float]], *, evidence: bool = True) -> int:
    """Count as the pipeline does, evidence pictures included; returns listed vehicles."""

    def finish(key: int, lot: LotImage, found: Detections, counted: Count) -> int:
        if evidence:
            picture(lot, found, f"{counted.estimate.mean:.0f} vehicles")
        return counted.detections

    threads = decode_threads(engine().device)
    lots = ordered(lambda one: open_lot(one[0], None, one[1]), files, threads)
    return sum(each(enumerate(lots), finish))


def decoding(files: list[tuple[Path, float]]) -> int:
    """Decode in as many threads as ours uses."""
    with ThreadPoolExecutor(decode_threads(engine().device)) as pool:
        return sum(image[0].size for image in pool.map(lambda one: read_rgb(one[0]), files))


def network(files: list[tuple[Path, float]]) -> float:
    """Return lots a second of the bare network, float32, inputs ready in memory."""
    ready = engine()
    inputs = [_padded(normalise(resample(read_rgb(file)[0], gsd), gsd)) for file, gsd in files[:8]]
    side = min(min(i.shape[1:]) for i in inputs)
    best = 0.0
    with torch.inference_mode():
        for batch in (1, 4, 8):
            stack = torch.stack([i[:, :side, :side] for i in inputs])[:batch].contiguous(
                memory_format=torch.channels_last
            )

            def once(stack: torch.Tensor = stack) -> None:
                torch.sigmoid(ready.network(stack.to(ready.device)).float()).cpu()

            once()
            best = max(best, batch / statistics.median(_seconds(once) for _ in range(3)))
    return best


def _padded(planes: np.ndarray) -> torch.Tensor:
    multiple = int(engine().network.multiple)
    more = [-n % multiple for n in planes.shape[1:]]
    return torch.from_numpy(np.pad(planes, ((0, 0), (0, more[0]), (0, more[1])), mode="symmetric"))


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main(
    lots: Annotated[int, typer.Option(help="pictures")] = 48,
    tiles: Annotated[int, typer.Option(help="chips of 57.6 m along a side of a lot")] = 2,
    repeats: Annotated[int, typer.Option(help="turns of every loop")] = 3,
) -> None:
    """Measure and print."""
    loops = {
        "plain loop": plain,
        "ours": ours,
        "without pictures": partial(ours, evidence=False),
        "decoding alone": decoding,
    }
    with tempfile.TemporaryDirectory() as name:
        files = make(Path(name), lots, tiles)
        for work in loops.values():
            work(files[:4])
        times: dict[str, list[float]] = {key: [] for key in loops}
        busy: dict[str, list[float]] = {key: [] for key in loops}
        bare = []
        for turn in range(repeats):
            for key, work in loops.items():
                before = time.process_time()
                times[key].append(lots / _seconds(lambda work=work: work(files)))
                busy[key].append((time.process_time() - before) / lots)
                print(f"turn {turn + 1}, {key}: {times[key][-1]:.2f}", file=sys.stderr, flush=True)
            bare.append(network(files))
    rates = {key: statistics.median(values) for key, values in (times | {"bare network": bare}).items()}
    where = (
        torch.cuda.get_device_name() if engine().device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    )
    print(f"{lots} lots of {tiles * 57.6:.0f} m, {where}, torch {torch.__version__}, lots a second:")
    for key, values in (times | {"bare network": bare}).items():
        cores = f"; {statistics.median(busy[key]):.3f} core seconds a lot" if key in busy else ""
        print(f"  {key:17s} {rates[key]:8.2f}   ({min(values):.2f} to {max(values):.2f}){cores}")
    ratios = [ours / plain for ours, plain in zip(times["ours"], times["plain loop"], strict=True)]
    print(f"  ours / plain loop, turn by turn: {', '.join(f'{r:.2f}' for r in ratios)}; ours / bare network: "
          f"{rates['ours'] / rates['bare network']:.2f}")  # fmt: skip


if __name__ == "__main__":
    typer.run(main)
