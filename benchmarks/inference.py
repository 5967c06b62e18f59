"""End-to-end inference beside its two limits: how fast windows decode, and how fast the network runs on data at hand.

Run: ``python benchmarks/inference.py [--side 10980] [--network unet|solarnet] [--compress zstd] [--repeats 3]``. The
scene is made here: six bands of uint16 as a tiled GeoTIFF, 512 blocks, about as compressible as a Sentinel-2 tile.
Rates are 10^6 px/s of the scene, medians of interleaved repeats, warm-up apart. Uses the GPU where there is one.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from inference_parts import NETWORKS, SCALE, has_peer, make_scene, peer_loop, usual_loop

from solarnet_assets.imagery import device as devices
from solarnet_assets.imagery.infer import Engine
from solarnet_assets.imagery.sink import ArraySink, FileSink
from solarnet_assets.imagery.source import RasterSource
from solarnet_assets.imagery.tiling import blocks

PIXELS = 6e6
"""Pixels of a measurement of the bare network on a CPU, a second or two."""


class clock:  # noqa: N801
    """What seconds are counted with."""

    count = staticmethod(time.perf_counter)


class Watch:
    """Peak resident memory of this process, sampled, MiB."""

    def __enter__(self) -> Watch:
        self.peak, self._stop = 0.0, threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()
        return self

    def _sample(self) -> None:
        while not self._stop.wait(0.02):
            self.peak = max(self.peak, resident())

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def resident() -> float:
    """Return the memory of this process, MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def decode(path: Path, threads: ThreadPoolExecutor, many: int, scenes: int) -> None:
    """Decode every window of a scene, taken ``scenes`` times, into memory that is used again; nothing else."""
    source = RasterSource(path)
    local = threading.local()

    def one(window: tuple[int, int, int, int]) -> None:
        if not hasattr(local, "out"):
            local.out = np.empty((6, *source.block), np.uint16)
        source.read(window, local.out.reshape(-1)[: 6 * window[2] * window[3]].reshape(6, window[2], window[3]))

    with devices.kept_memory(), devices.prompt_threads(True):
        source.prepare(many)
        list(threads.map(one, [*blocks(*source.shape[1:], source.block)] * scenes))
    source.close()


class Plain(Engine):
    """The network as torch runs it: in the engine's arithmetic, but no layer takes the next one along."""

    @cached_property
    def folded(self) -> torch.nn.Module:
        """Batch normalisation is folded, and nothing else."""
        return devices.fold(self.network)


def bare(engine: Engine, size: int, batch: int) -> float:
    """Return Mpx/s of the network on tiles that lie on the device, with the bases of a scene where it has some."""
    generator = torch.Generator().manual_seed(0)
    x = (torch.rand((batch, 6, size, size), generator=generator) * 0.4).to(engine.device)
    x = x.contiguous(memory_format=torch.channels_last)
    runs = 10 if engine.device.type == "cuda" else max(1, round(PIXELS / size**2))
    with devices.kept_memory(), torch.inference_mode(), devices.exact_arithmetic(engine.device):
        if hasattr(engine.network, "survey"):
            with devices.autocast(engine.device, engine.arithmetic):
                engine.folded.survey([x[:1, :, :128, :128]])
        for _ in range(3 if engine.device.type == "cuda" else 1):
            engine.forward(x)
        _sync(engine)
        begun = clock.count()
        for _ in range(runs):
            engine.forward(x)
        _sync(engine)
    return runs * batch * size * size / (clock.count() - begun) / 1e6


def _sync(engine: Engine) -> None:
    if engine.device.type == "cuda":
        torch.cuda.synchronize()


def timed(work: Callable[[], None]) -> float:
    """Return wall seconds."""
    begun = clock.count()
    work()
    return clock.count() - begun


def settings(engine: Engine, compiled: bool) -> list[tuple[int, int, bool]]:
    """Return what the bare network is tried with: side, batch, compiled."""
    tile = engine.axes(10980, 10980)[1].size
    if engine.device.type == "cpu":
        return [(512, 1, False), (tile, 1, False)]
    return [(512, 16, False), (tile, 6, False), *([(tile, 6, True)] if compiled else [])]


def best_bare(options: dict, compiled_too: bool) -> tuple[tuple[int, int], list[bool]]:
    """Return the side and batch at which the bare network is fastest, and the values of ``compiled`` tried."""
    found: dict[tuple[int, int, bool], float] = {}
    for size, batch, compiled in settings(Engine(**options), compiled_too):
        made = Engine(**options, compiled=compiled)
        rate = found[size, batch, compiled] = statistics.median(bare(made, size, batch) for _ in range(3))
        word = "compiled" if compiled else "eager"
        print(f"  bare network, {size} px, batch {batch}, {word}: {rate:.1f} Mpx/s", flush=True)
    size, batch, _ = max(found, key=lambda key: found[key])
    return (size, batch), sorted({key[2] for key in found})


def engine_pass(engine: Engine, path: Path, scenes: int, folder: Path | None = None) -> float:
    """Return Mpx/s of the engine over a scene, taken ``scenes`` times: into memory, or into files."""
    shape = RasterSource(path).shape

    def sink(number: int) -> ArraySink | FileSink:
        if folder is None:
            return ArraySink()
        return FileSink(folder / f"{number}-{time.time_ns()}.tif", "benchmark", RasterSource(path).grid)

    jobs = ((RasterSource(path, None, SCALE), sink(n)) for n in range(scenes))
    seconds = timed(lambda: list(engine.run_scenes(jobs)))
    return scenes * shape[1] * shape[2] / seconds / 1e6


def measure(path: Path, asked: argparse.Namespace, options: dict) -> None:
    """Print every rate and what it means."""
    device, side, scenes = options["device"], asked.side, asked.scenes
    threads = devices.decode_threads(device)
    (size, batch), kinds = best_bare(options, not asked.eager)
    made = {"compiled" if kind else "eager": Engine(**options, compiled=kind) for kind in kinds}
    rates: dict[str, list[float]] = {}
    pool = ThreadPoolExecutor(threads)
    for n in range(asked.repeats + 1):
        row = {"decode": scenes * side * side / timed(lambda: decode(path, pool, threads, scenes)) / 1e6}
        for word, engine in made.items():
            row[f"network, {word}"] = bare(engine, size, batch)
            row[f"engine, {word}"] = engine_pass(engine, path, scenes)
        if device.type == "cpu":
            row["plain network"] = bare(Plain(**options), size, batch)
            row["plain float32 network"] = bare(Plain(**options | {"precision": "float32"}), size, batch)
        if scenes > 1:
            row["engine, one scene"] = engine_pass(made["eager"], path, 1)
            row["engine, to files"] = engine_pass(made["eager"], path, scenes, path.parent)
        for name, rate in row.items() if n else ():  # the first round warms up
            rates.setdefault(name, []).append(rate)
    rows = min(side, 1024 if device.type == "cpu" else 2048)
    loops = {"usual loop": usual_loop} | ({"rio-tiler loop": peer_loop} if has_peer() else {})
    for name, loop in loops.items():
        seconds = [timed(lambda loop=loop: loop(options["network"], device, path, rows)) for _ in range(asked.repeats)]
        rates[name] = [rows * side / one / 1e6 for one in seconds]
    report(rates, side, made["eager"])


def report(rates: dict[str, list[float]], side: int, engine: Engine) -> None:
    """Print the medians with their spread, and the ratios that matter."""
    middle = {name: statistics.median(values) for name, values in rates.items() if values}
    for name, rate in middle.items():
        print(f"{name:22}{rate:8.1f} Mpx/s  ({min(rates[name]):.1f} to {max(rates[name]):.1f})")
    network = max(rate for name, rate in middle.items() if name.startswith("network"))
    run = max(rate for name, rate in middle.items() if name in ("engine, eager", "engine, compiled"))
    axes = engine.axes(side, side)
    useful = math.prod(side / (len(axis.starts) * axis.size) for axis in axes)
    size = f"{axes[0].size} x {axes[1].size}"
    print(f"tiles of {size} px; {useful:.3f} of what the network computes is scene, the rest overlap")
    ratios = {"min(decode, network)": min(middle["decode"], network), "network": network}
    if engine.device.type == "cpu":
        ratios |= {name: middle[name] for name in ("plain network", "plain float32 network")}
        ratios["what cores that do both allow"] = 1 / (1 / middle["decode"] + 1 / (network * useful))
    for name in ("usual loop", "rio-tiler loop"):
        ratios |= {name: middle[name]} if name in middle else {}
    for name, rate in ratios.items():
        print(f"engine / {name:30}{run / rate:8.3f}")
    if "rio-tiler loop" not in middle:
        print("rio-tiler is not installed: no peer was measured")


def profile(engine: Engine, path: Path) -> None:
    """Print where the time of two scenes goes: operations on the host, kernels on the device."""
    from torch.profiler import ProfilerActivity

    engine_pass(engine, path, 1)
    cuda = engine.device.type == "cuda"
    kinds = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if cuda else [])]
    with torch.profiler.profile(activities=kinds) as found:
        rate = engine_pass(engine, path, 2)
    print(f"{rate:.1f} Mpx/s while profiled")
    for key in ("self_cpu_time_total", *(["self_cuda_time_total"] if cuda else [])):
        print(found.key_averages().table(sort_by=key, row_limit=12, max_name_column_width=48))


def memory(engine: Engine, path: Path) -> None:
    """Print the peak memory of one pass."""
    before = resident()
    with Watch() as watch:
        rate = engine_pass(engine, path, 1)
    print(f"peak memory {watch.peak:.0f} MiB in all, {before:.0f} MiB before the scene; {rate:.1f} Mpx/s")


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=4096)
    parser.add_argument("--network", choices=sorted(NETWORKS), default="unet")
    parser.add_argument("--compress", choices=("zstd", "deflate"), default="zstd")
    parser.add_argument("--precision", choices=("float32", "bfloat16"))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--scenes", type=int, default=1, help="scenes that one pass of the engine runs")
    parser.add_argument("--scene", type=Path, help="where the scene is kept between calls")
    parser.add_argument("--eager", action="store_true", help="leave torch.compile out")
    parser.add_argument("--busy", action="store_true", help="count CPU seconds: for a machine that others use")
    parser.add_argument("--memory", action="store_true", help="one pass of the engine, and its peak memory")
    parser.add_argument("--profile", action="store_true", help="two passes of the engine, and where their time goes")
    return parser.parse_args()


def main() -> None:
    """Make the scene, measure, print."""
    asked = arguments()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if asked.busy:
        clock.count = lambda: time.process_time() / torch.get_num_threads()
    torch.manual_seed(0)
    network = NETWORKS[asked.network]().eval().to(device, memory_format=torch.channels_last)
    options = {"network": network, "device": device, "precision": asked.precision}
    with tempfile.TemporaryDirectory() as folder:
        path = asked.scene or Path(folder) / "scene.tif"
        if not path.exists():
            make_scene(path, asked.side, asked.compress)
        ratio = asked.side**2 * 12 / path.stat().st_size
        where = torch.cuda.get_device_name() if device.type == "cuda" else "CPU"
        print(
            f"{asked.network} on {where}, {devices.decode_threads(device)} decoding threads, torch {torch.__version__}"
        )
        precision = asked.precision or devices.fast_precision(device)
        print(f"{asked.side} x {asked.side} px, {asked.compress}, {ratio:.2f} to 1, {precision}", flush=True)
        if asked.memory:
            memory(Engine(**options), path)
        elif asked.profile:
            profile(Engine(**options), path)
        else:
            measure(path, asked, options)


if __name__ == "__main__":
    main()
