"""Whether N GPUs run N times the scenes: processes beside each other, as the slots of a Dagster pool start them.

Run: ``python benchmarks/inference_gpus.py [--side 10980] [--scenes 4] [--repeats 3] [--network unet]``. Each process
claims a GPU by itself (:func:`solarnet_assets.imagery.device.claim_gpu`), runs one scene to warm up, waits until all
are ready, and runs its scenes. A rate is the pixels of all processes over the time until the last has finished. Beside
one process with its share of the cores stand one process with all of them, and processes that share all cores unpinned,
as a pool starts them. Without a GPU the same is done on the CPU.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from inference_parts import NETWORKS, SCALE, make_scene

from solarnet_assets.imagery import device as devices
from solarnet_assets.imagery.infer import Engine
from solarnet_assets.imagery.sink import ArraySink
from solarnet_assets.imagery.source import RasterSource


def work(path: Path, network: str, scenes: int, repeats: int) -> None:
    """Be one process: say which GPU was claimed, then run the scenes at each word from the parent."""
    torch.manual_seed(0)
    device = devices.choose(None)
    ready = NETWORKS[network]().eval().to(device, memory_format=torch.channels_last)
    engine = Engine(ready, device)
    run(engine, path, 1)
    say({"device": str(device), "threads": devices.decode_threads(device)})
    for _ in range(repeats):
        sys.stdin.readline()
        say({"begun": time.time()})
        run(engine, path, scenes)
        say({"ended": time.time()})


def say(what: dict[str, object]) -> None:
    """Tell the parent."""
    print(json.dumps(what), flush=True)


def run(engine: Engine, path: Path, scenes: int) -> None:
    """Run a scene several times."""
    list(engine.run_scenes((RasterSource(path, None, SCALE), ArraySink()) for _ in range(scenes)))


def together(asked: argparse.Namespace, path: Path, shares: list[set[int]]) -> list[float]:
    """Return Mpx/s of all processes together, one process for each set of cores, for each repeat."""
    command = [sys.executable, __file__, "--worker", "--scene", str(path), "--network", asked.network]
    command += ["--scenes", str(asked.scenes), "--repeats", str(asked.repeats)]
    started = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            preexec_fn=lambda share=share: os.sched_setaffinity(0, share),
        )
        for share in shares
    ]  # fmt: skip
    found = [json.loads(one.stdout.readline()) for one in started]
    rates = []
    for _ in range(asked.repeats):
        for one in started:
            one.stdin.write("go\n")
            one.stdin.flush()
        times = [(json.loads(one.stdout.readline()), json.loads(one.stdout.readline())) for one in started]
        seconds = max(end["ended"] for _, end in times) - min(begin["begun"] for begin, _ in times)
        rates.append(len(started) * asked.scenes * asked.side**2 / seconds / 1e6)
    for one in started:
        one.wait()
    where = ", ".join(f"{one['device']} with {one['threads']} decoding threads" for one in found)
    print(f"  {len(started)} process(es): {where}", flush=True)
    return rates


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=10980)
    parser.add_argument("--network", choices=sorted(NETWORKS), default="unet")
    parser.add_argument("--scenes", type=int, default=4, help="scenes that each process runs")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--scene", type=Path, help="where the scene is kept between calls")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Make the scene, run each arrangement, print the rates."""
    asked = arguments()
    if asked.worker:
        work(asked.scene, asked.network, asked.scenes, asked.repeats)
        return
    gpus = torch.cuda.device_count() or 1
    count = max(2, gpus)
    cores = sorted(os.sched_getaffinity(0))
    part = len(cores) // count
    shares = [set(cores[n * part : (n + 1) * part]) for n in range(count)]
    arrangements = {
        f"1 process, {part} cores": shares[:1],
        f"1 process, {len(cores)} cores": [set(cores)],
        f"{count} processes, {part} cores each": shares,
        f"{count} processes, {len(cores)} cores between them": [set(cores)] * count,
    }
    with tempfile.TemporaryDirectory() as folder:
        path = asked.scene or Path(folder) / "scene.tif"
        if not path.exists():
            make_scene(path, asked.side, "zstd")
        print(f"{asked.network}, {gpus} GPU(s), {asked.side} x {asked.side} px, {asked.scenes} scenes a process")
        first = None
        for name, sets in arrangements.items():
            rates = together(asked, path, sets)
            middle = statistics.median(rates)
            first = first or middle
            print(
                f"{name:42}{middle:8.1f} Mpx/s  ({min(rates):.1f} to {max(rates):.1f}), {middle / first:.2f} times"
                " the first",
                flush=True,
            )


if __name__ == "__main__":
    main()
