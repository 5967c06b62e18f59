"""Milliseconds of a training step of LotNet in some arrangements, on a GPU or a CPU.

    python benchmarks/parking_training.py --scenes 1024 --workers 15 --steps 64     # about a minute on an H200

Printed per arrangement: scenes a step, steps whose scenes are photographed at once (``ahead``), milliseconds a step all
in all, images a second, and the milliseconds of a step that the host spends on photographs.
"""

from __future__ import annotations

import time
from functools import partial
from multiprocessing import get_context
from typing import Annotated

import numpy as np
import torch
import typer

from solarnet_assets.imagery import learn
from solarnet_assets.imagery.checkpoint import Learner
from solarnet_assets.parking import network, train

ARRANGEMENTS = ((128, 1), (128, 8), (256, 4))
"""Scenes a step, steps ahead."""

WARM = 16


def measure(ring: learn._Ring, size: int, ahead: int, steps: int) -> str:
    """Return a line about one arrangement."""
    recipe = learn.Recipe(steps=steps, batch=size, ahead=ahead)
    learner = Learner(network.LotNet(), 1, recipe.rate, ring.device)
    feed = learn._Feed(ring, learner, recipe, train.photographed, None)
    fed = start = 0.0
    for step in range(WARM + steps):
        if step == WARM:
            _finish(ring.device)
            fed, start = 0.0, time.perf_counter()
        before = time.perf_counter()
        batch = feed.take()
        fed += time.perf_counter() - before
        learner.learn(batch, network.loss, 0.3)
    _finish(ring.device)
    took = time.perf_counter() - start
    return (
        f"{size:4d} scenes a step, {ahead} ahead: {1e3 * took / steps:6.1f} ms a step, "
        f"{steps * size / took:6.0f} images/s, photographs {1e3 * fed / steps:5.1f} ms of the host"
    )


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def main(
    scenes: Annotated[int, typer.Option(help="drawn scenes, a multiple of 16")] = 1024,
    workers: Annotated[int, typer.Option(help="processes that draw them")] = 2,
    steps: Annotated[int, typer.Option(help="steps that are timed")] = 64,
    largest: Annotated[int, typer.Option(help="scenes a step at most; smaller ones for a CPU")] = 256,
) -> None:
    """Measure and print."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    start = time.perf_counter()
    with get_context("spawn").Pool(workers) as pool:
        made = pool.map(partial(train._draw, seed=77, places=[]), range(scenes), 8)
    typer.echo(f"{scenes} scenes drawn by {workers} processes: {scenes / (time.perf_counter() - start):.0f} a second")
    ring = learn._Ring(scenes, device, 0)
    ring.put([torch.from_numpy(np.stack(part)) for part in list(zip(*made, strict=True))[:-1]])
    for size, ahead in ARRANGEMENTS:
        typer.echo(measure(ring, min(size, largest), ahead, steps))


if __name__ == "__main__":
    typer.run(main)
