"""The loop that trains the small networks: scenes rendered by worker processes while the device learns.

Scenes are drawn once each, from their number; a ring of recent ones lives on the device and every
scene is used a few times from there, turned and mirrored, so that neither side waits for the other.
"""
# ruff: noqa: TID253  (training code; nothing that Dagster loads imports this module at module level)

from __future__ import annotations

import copy
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

Net = TypeVar("Net", bound=nn.Module)
Sample = tuple[NDArray[Any], ...]
Draw = Callable[[int], Sample]
"""Sample number -> input and targets; a pure function of the number."""


@dataclass(frozen=True)
class Recipe:
    """How long and how fast to learn.

    Attributes:
        steps: optimiser steps at most.
        minutes: wall clock at most; the learning rate falls to zero by whichever ends first.
        batch: scenes a step.
        rate: largest learning rate (AdamW, one cycle).
        seed: seed of weights and order.
        workers: rendering processes.
        ring: scenes kept on the device.
        reuse: how often a scene is used, on average.
    """

    steps: int = 4000
    minutes: float = 6.0
    batch: int = 64
    rate: float = 2e-3
    seed: int = 1
    workers: int = 8
    ring: int = 12288
    reuse: float = 8.0


class _Stream(IterableDataset[Sample]):
    def __init__(self, draw: Draw) -> None:
        self.draw = draw

    def __iter__(self) -> Iterator[Sample]:
        info = get_worker_info()
        first, stride = (info.id, info.num_workers) if info else (0, 1)
        torch.set_num_threads(1)
        number = first
        while True:
            yield self.draw(number)
            number += stride


class _Ring:
    """The newest scenes, on the device."""

    def __init__(self, capacity: int, device: torch.device) -> None:
        self.capacity, self.device, self.count = capacity, device, 0
        self.store: list[Tensor] = []

    def put(self, batch: list[Tensor]) -> None:
        if not self.store:
            self.store = [torch.empty((self.capacity, *b.shape[1:]), dtype=b.dtype, device=self.device) for b in batch]
        slots = (torch.arange(len(batch[0])) + self.count) % self.capacity
        for kept, new in zip(self.store, batch, strict=True):
            kept[slots.to(self.device)] = new.to(self.device, non_blocking=True)
        self.count += len(batch[0])

    def take(self, size: int, dice: torch.Generator) -> list[Tensor]:
        at = torch.randint(min(self.count, self.capacity), (size,), generator=dice).to(self.device)
        turns, mirror = int(torch.randint(4, (1,), generator=dice)), bool(torch.randint(2, (1,), generator=dice))
        taken = [torch.rot90(kept[at], turns, (-2, -1)) for kept in self.store]
        return [(t.flip(-1) if mirror else t).float() for t in taken]


def fit(
    network: Net, draw: Draw, loss: Callable[..., Tensor], recipe: Recipe, log: Callable[[str], None]
) -> tuple[Net, dict[str, Any]]:
    """Train a network and return the running mean of its weights.

    Args:
        network: takes the first array of a sample as a batch.
        draw: renders sample ``n``; inputs and targets end in (H, W) so that they turn together.
        loss: ``loss(network(input), *targets)`` -> scalar.
        recipe: length, rate, seed, workers.
        log: receives one line now and then.

    Returns:
        The averaged network in evaluation mode, and facts: steps, scenes, seconds, the loss curve.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(recipe.seed)
    dice = torch.Generator().manual_seed(recipe.seed)
    network = network.to(device).to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    average = copy.deepcopy(network).eval()
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=0.01)
    loader = iter(DataLoader(_Stream(draw), batch_size=16, num_workers=recipe.workers, prefetch_factor=4))
    ring, started, step, curve, mean = _Ring(recipe.ring, device), time.monotonic(), 0, [], 0.0
    while (done := _progress(step, started, recipe)) < 1.0:
        while ring.count < max(recipe.batch * 4, (step + 1) * recipe.batch / recipe.reuse):
            ring.put(next(loader))
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate * min(1.0, done / 0.05 + 0.02) * 0.5 * (1 + np.cos(np.pi * done))
        image, *targets = ring.take(recipe.batch, dice)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            value = loss(network(image.contiguous(memory_format=torch.channels_last)), *targets)
        optimiser.zero_grad(set_to_none=True)
        value.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        step += 1
        _average(average, network, min(0.998, step / (step + 20)))
        if step % 100 == 0:
            mean = float(value.detach())
            curve.append([step, round(mean, 4)])
            log(f"step {step}, {ring.count} scenes, {time.monotonic() - started:.0f} s, loss {mean:.4f}")
    facts = {"steps": step, "scenes": ring.count, "seconds": round(time.monotonic() - started), "curve": curve}
    return average.eval(), facts


def command(name: str, recipe: Recipe, held_out: int) -> str:
    """Return the command line that trains with a recipe, for the model card."""
    return (
        f"solarnet train {name} --steps {recipe.steps} --minutes {recipe.minutes:g} --batch {recipe.batch} "
        f"--workers {recipe.workers} --seed {recipe.seed} --held-out {held_out}"
    )


def _progress(step: int, started: float, recipe: Recipe) -> float:
    return max(step / recipe.steps, (time.monotonic() - started) / (60 * recipe.minutes))


@torch.no_grad()
def _average(average: nn.Module, network: nn.Module, keep: float) -> None:
    for old, new in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if old.dtype.is_floating_point:
            old.lerp_(new, 1 - keep)
        else:
            old.copy_(new)


def save(network: nn.Module, card: dict[str, Any], folder: Path, name: str) -> str:
    """Write ``<name>.safetensors`` and its model card ``<name>.json``; return the SHA-256 of the weights."""
    from safetensors.torch import save as to_bytes

    folder.mkdir(parents=True, exist_ok=True)
    data = to_bytes({key: value.detach().float().cpu().contiguous() for key, value in network.state_dict().items()})
    digest = hashlib.sha256(data).hexdigest()
    (folder / f"{name}.safetensors").write_bytes(data)
    text = json.dumps({"weights_sha256": digest, **card}, indent=1, ensure_ascii=False)
    (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    return digest
