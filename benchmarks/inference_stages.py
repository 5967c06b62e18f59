"""Where the engine's loop spends its time, stage by stage, and what its threads do meanwhile.

Run: ``python benchmarks/inference_stages.py [--side 10980] [--scenes 4] [--network unet]``. Functions of ``imagery/``
are timed as they are called, over scenes run in a row after one that warms up; milliseconds a scene. Stages of the loop
add up to its time, less what it does between them; those of threads are sums over all threads.
"""

from __future__ import annotations

import argparse
import functools
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import torch
from inference import engine_pass
from inference_parts import NETWORKS, make_scene

from solarnet_assets.imagery import canvas, scan, sink, source, staging
from solarnet_assets.imagery.infer import Engine

STAGES = [
    ("loop: opens the scene", source.RasterSource, "__init__"),
    ("loop: opens handles", source.RasterSource, "prepare"),
    ("loop: finds memory, begins windows", staging.Readers, "_begin"),
    ("loop: waits for decoding", staging.Readers, "_next"),
    ("loop: moves windows", staging.Readers, "on_device"),
    ("loop: places windows, tiles, strips", canvas.Canvas, "add"),
    ("  of which runs tiles", canvas.Canvas, "_tiles"),
    ("    of which launches the network", canvas.Canvas, "_batch"),
    ("  of which hands out strips", canvas.Canvas, "_finish_rows"),
    ("loop: waits for the sink", scan._Writer, "put"),
    ("threads: take a handle", source.RasterSource, "_take"),
    ("threads: decode", source.RasterSource, "read"),
    ("writer: waits for the device", canvas.Strip, "array"),
    ("writer: writes", sink.ArraySink, "write"),
]


def watch(spent: dict[str, float], calls: Counter[str]) -> None:
    """Time every stage from now on."""
    for label, owner, name in STAGES:
        setattr(owner, name, _timed(getattr(owner, name), label, spent, calls))


def _timed(
    plain: Callable[..., object], label: str, spent: dict[str, float], calls: Counter[str]
) -> Callable[..., object]:
    @functools.wraps(plain)
    def timed(*given: object) -> object:
        begun = time.perf_counter()
        try:
            return plain(*given)
        finally:
            spent[label] += time.perf_counter() - begun
            calls[label] += 1

    return timed


def main() -> None:
    """Make the scene, warm up, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=4096)
    parser.add_argument("--scenes", type=int, default=4)
    parser.add_argument("--network", choices=sorted(NETWORKS), default="unet")
    parser.add_argument("--threads", type=int, help="that decode")
    asked = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(0)
    network = NETWORKS[asked.network]().eval().to(device, memory_format=torch.channels_last)
    engine = Engine(network, device, threads=asked.threads)
    spent, calls = defaultdict(float), Counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scene.tif"
        make_scene(path, asked.side, "zstd")
        engine_pass(engine, path, 1)
        watch(spent, calls)
        rate = engine_pass(engine, path, asked.scenes)
    print(f"{asked.network} on {device}: {rate:.1f} Mpx/s, {asked.side**2 / rate / 1e3:.0f} ms a scene")
    for label, _, _ in STAGES:
        if calls[label]:
            each = spent[label] / calls[label] * 1e3
            print(f"{label:38}{spent[label] / asked.scenes * 1e3:9.1f} ms, {calls[label]:6} calls of {each:8.3f} ms")


if __name__ == "__main__":
    main()
