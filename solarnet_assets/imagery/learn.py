"""The loop that trains the small networks: scenes rendered by worker processes while the device learns.

Scenes are drawn once each, from their number; a ring of recent ones lives on the device and every
scene is used a few times from there, turned and mirrored, so that neither side waits for the other.
What is learnt follows from the recipe alone: length counts steps, scenes come in the order of their
numbers whatever the number of workers, and a training that was cut off and goes on from a checkpoint
ends with the same weights (to the bit on a CPU).
"""
# ruff: noqa: TID253  (training code; nothing that Dagster loads imports this module at module level)

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from solarnet_assets.imagery.checkpoint import Learner, read, write
from solarnet_assets.imagery.publish import command, save
from solarnet_assets.landing import BadInputError

__all__ = ["Draw", "Keep", "Recipe", "Sample", "command", "fit", "fit_all", "save"]

Net = TypeVar("Net", bound=nn.Module)
Sample = tuple[NDArray[Any], ...]
Draw = Callable[[int], Sample]
"""Sample number -> input and targets; a pure function of the number."""

Prepare = Callable[[list[Tensor], torch.Generator], list[Tensor]]
"""Input and targets as stored -> as learnt from; may draw from the generator."""

CHUNK = 16
"""Scenes that a worker hands over at once."""


@dataclass(frozen=True)
class Recipe:
    """How long and how fast to learn.

    Attributes:
        steps: optimiser steps.
        minutes: wall clock at most; the learning rate then falls to zero by whichever ends first. A training that
            the clock ends cannot be repeated to the bit: None, the default, asks no clock.
        batch: scenes a step.
        rate: largest learning rate (AdamW, one cycle).
        seed: seed of weights and order.
        workers: rendering processes; none renders in the training process.
        ring: scenes kept on the device, a multiple of 16.
        reuse: how often a scene is used, on average.
        ahead: steps whose scenes are prepared at once and then shuffled, which asks less of the host.
    """

    steps: int = 4000
    minutes: float | None = None
    batch: int = 64
    rate: float = 2e-3
    seed: int = 1
    workers: int = 8
    ring: int = 12288
    reuse: float = 8.0
    ahead: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be learnt with."""
        if min(self.steps, self.batch, self.ahead) < 1 or min(self.rate, self.reuse) <= 0 or self.workers < 0:
            raise BadInputError("a training needs steps, scenes a step, a rate and a reuse above zero")
        if self.ring < CHUNK or self.ring % CHUNK:
            raise BadInputError(f"a training keeps a multiple of {CHUNK} scenes on the device, not {self.ring}")


@dataclass(frozen=True)
class Keep:
    """Where a training keeps its state.

    Attributes:
        file: checkpoint, safetensors; replaced whole.
        every: steps between checkpoints.
        resume: whether to go on from the file, where there is one.
    """

    file: Path
    every: int = 500
    resume: bool = False


class _Stream(IterableDataset[Sample]):
    """Scenes in chunks: worker ``i`` of ``n`` renders chunks i, i + n ..., which a loader hands out in turn."""

    def __init__(self, draw: Draw, first: int) -> None:
        self.draw, self.first = draw, first

    def __iter__(self) -> Iterator[Sample]:
        info = get_worker_info()
        chunk, stride = (info.id, info.num_workers) if info else (0, 1)
        torch.set_num_threads(1)
        while True:
            start = self.first + chunk * CHUNK
            yield from (self.draw(number) for number in range(start, start + CHUNK))
            chunk += stride


class _Ring:
    """The newest scenes, on the device."""

    def __init__(self, capacity: int, device: torch.device, count: int) -> None:
        self.capacity, self.device, self.count = capacity, device, count
        self.store: list[Tensor] = []
        self.kinds = torch.zeros(capacity, dtype=torch.int64)

    def put(self, batch: list[Tensor], kinds: Tensor | None = None) -> None:
        """Keep scenes, and of what kind each is."""
        if not self.store:
            self.store = [torch.empty((self.capacity, *b.shape[1:]), dtype=b.dtype, device=self.device) for b in batch]
        slots = (torch.arange(len(batch[0])) + self.count) % self.capacity
        if kinds is not None:
            self.kinds[slots] = kinds
        for kept, new in zip(self.store, batch, strict=True):
            kept[slots.to(self.device, non_blocking=True)] = new.to(self.device, non_blocking=True)
        self.count += len(batch[0])

    def take(self, size: int, dice: torch.Generator, without: int | None = None) -> list[Tensor]:
        """Return scenes drawn at random, none of the kind ``without``, all turned and mirrored alike."""
        count = min(self.count, self.capacity)
        if without is None:
            at = torch.randint(count, (size,), generator=dice)
        else:
            allowed = torch.nonzero(self.kinds[:count] != without)[:, 0]
            at = allowed[torch.randint(len(allowed), (size,), generator=dice)]
        at = at.to(self.device, non_blocking=True)  # the host does not wait for what the device still has to do
        turns, mirror = int(torch.randint(4, (1,), generator=dice)), bool(torch.randint(2, (1,), generator=dice))
        taken = [torch.rot90(kept[at], turns, (-2, -1)) for kept in self.store]
        return [(t.flip(-1) if mirror else t).float() for t in taken]


class _Feed:
    """Batches for one network, as many prepared at once as the recipe says, then shuffled."""

    def __init__(
        self, ring: _Ring, learner: Learner, recipe: Recipe, prepare: Prepare | None, without: int | None
    ) -> None:
        self.ring, self.dice, self.recipe, self.prepare, self.without = ring, learner.dice, recipe, prepare, without
        self.ready: list[list[Tensor]] = []

    def take(self) -> list[Tensor]:
        if not self.ready:
            size, ahead = self.recipe.batch, self.recipe.ahead
            batch = self.ring.take(size * ahead, self.dice, self.without)
            batch = self.prepare(batch, self.dice) if self.prepare else batch
            if ahead == 1:
                return batch
            order = torch.randperm(size * ahead, generator=self.dice).to(batch[0].device, non_blocking=True)
            self.ready = [[part[at] for part in batch] for at in order.split(size)]
        return self.ready.pop()


def fit(
    network: Net,
    draw: Draw,
    loss: Callable[..., Tensor],
    recipe: Recipe,
    log: Callable[[str], None],
    keep: Keep | None = None,
    prepare: Prepare | None = None,
) -> tuple[Net, dict[str, Any]]:
    """Train a network and return the running mean of its weights.

    Args:
        network: takes the first array of a sample as a batch.
        draw: renders sample ``n``; inputs and targets end in (H, W) so that they turn together.
        loss: ``loss(network(input), *targets)`` -> scalar.
        recipe: length, rate, seed, workers.
        log: receives one line now and then.
        keep: checkpoints, and whether to go on from one.
        prepare: what is done to every batch before it is learnt from.

    Returns:
        The averaged network in evaluation mode, and facts: steps, scenes, seconds, the loss curve.

    Raises:
        BadInputError: the checkpoint to go on from is of another recipe, or no checkpoint.
    """
    ((fitted, facts),) = fit_all([(network, recipe.seed)], draw, loss, recipe, log, keep, prepare)
    return fitted, facts


def fit_all(
    networks: Sequence[tuple[Net, int]],
    draw: Draw,
    loss: Callable[..., Tensor],
    recipe: Recipe,
    log: Callable[[str], None],
    keep: Keep | None = None,
    prepare: Prepare | None = None,
    without: Sequence[int | None] | None = None,
) -> list[tuple[Net, dict[str, Any]]]:
    """Train several networks side by side on the same scenes, each in the order of its own seed; see :func:`fit`.

    Args:
        networks: each with its seed.
        draw: see :func:`fit`.
        loss: likewise.
        recipe: likewise.
        log: likewise.
        keep: likewise.
        prepare: likewise.
        without: for each network the kind of scenes that it never sees, or None; given this, the last array of every
            sample is its kind, one whole number, (1,).

    Raises:
        BadInputError: see :func:`fit`.
    """
    if keep and keep.every % recipe.ahead:
        raise BadInputError(f"checkpoints come every {recipe.ahead} steps, or a multiple of that")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    learners = [Learner(network, seed, recipe.rate, device) for network, seed in networks]
    step = read(keep.file, learners, recipe.__dict__) if keep and keep.resume and keep.file.exists() else 0
    first = max(0, _asked(step - 1, recipe) - recipe.ring) // CHUNK * CHUNK if step else 0
    workers = {"num_workers": recipe.workers, "prefetch_factor": 4 if recipe.workers else None}
    loader = iter(DataLoader(_Stream(draw, first), batch_size=CHUNK, **workers))  # type: ignore[arg-type]
    ring, started, interval = _Ring(recipe.ring, device, first), time.monotonic(), max(1, recipe.steps // 100)
    kinds = without or [None] * len(learners)
    feeds = [_Feed(ring, one, recipe, prepare, kind) for one, kind in zip(learners, kinds, strict=True)]
    while (done := _progress(step, started, recipe)) < 1.0:
        while ring.count < _asked(step, recipe):
            batch = next(loader)
            ring.put(batch[:-1], batch[-1][:, 0]) if without else ring.put(batch)
        for learner, feed in zip(learners, feeds, strict=True):
            learner.learn(feed.take(), loss, done)
        step += 1
        if step % interval == 0:
            means = [learner.note(step) for learner in learners]
            log(f"step {step}, {ring.count} scenes, {time.monotonic() - started:.0f} s, loss {min(means):.4f}")
        if keep and step % keep.every == 0 and step < recipe.steps:
            write(keep.file, learners, recipe.__dict__, step)
    facts = {"steps": step, "scenes": ring.count, "seconds": round(time.monotonic() - started), "device": device.type}
    return [(learner.average.eval(), facts | {"curve": learner.curve}) for learner in learners]


def _asked(step: int, recipe: Recipe) -> int:
    """Return how many scenes must have come before a step, a multiple of the chunk."""
    asked = max(recipe.batch * 4, (step + 1) * recipe.batch / recipe.reuse)
    return -int(-asked // CHUNK) * CHUNK


def _progress(step: int, started: float, recipe: Recipe) -> float:
    clock = 0.0 if recipe.minutes is None else (time.monotonic() - started) / (60 * recipe.minutes)
    return max(step / recipe.steps, clock)
