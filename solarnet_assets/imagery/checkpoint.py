"""One network while it learns, and its checkpoint: safetensors with facts in the header, never pickle."""
# ruff: noqa: TID253  (training code; nothing that Dagster loads imports this module at module level)

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from solarnet_assets.landing import BadInputError

WARM = 0.05
"""Share of the training in which the learning rate rises."""

KEPT = 0.998
"""What the running mean of the weights keeps at each step."""

FREE = ("workers", "minutes")
"""Entries of a recipe that may change between the parts of a training."""


class Learner:
    """A network, the running mean of its weights, its optimiser and its dice.

    Attributes:
        network, average: what learns, and the running mean of its weights, which is what is kept in the end.
        optimiser: AdamW.
        dice: generator of the order of scenes.
        curve: [step, mean loss since the entry before] now and then.
    """

    def __init__(self, network: Any, seed: int, rate: float, device: torch.device) -> None:
        torch.manual_seed(seed)
        self.dice = torch.Generator().manual_seed(seed)
        self.network = network.to(device).to(memory_format=torch.channels_last).train()
        self.average = copy.deepcopy(self.network).eval()
        self.rate, self.device, self.steps = rate, device, 0
        fused = device.type == "cuda"
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=rate, weight_decay=0.01, fused=fused)
        self.curve: list[list[float]] = []
        self.total, self.since = torch.zeros((), device=device), 0
        self.pairs: tuple[list[Tensor], list[Tensor]] = ([], [])

    def learn(self, batch: list[Tensor], loss: Callable[..., Tensor], done: float) -> None:
        """Take one step; ``done`` is the share of the training that lies behind (0..1)."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * min(1.0, done / WARM + 0.02) * 0.5 * (1 + float(np.cos(np.pi * done)))
        image, *targets = batch
        self.optimiser.zero_grad(set_to_none=True)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            value = loss(self.network(image.contiguous(memory_format=torch.channels_last)), *targets)
        value.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self.total += value.detach().float()
        self.steps += 1
        self.since += 1
        self._average(min(KEPT, self.steps / (self.steps + 20)))

    def note(self, step: int) -> float:
        """Add the mean loss since the last entry to the curve and return it."""
        mean = round(float(self.total) / max(self.since, 1), 4)
        self.curve.append([step, mean])
        self.total.zero_()
        self.since = 0
        return mean

    @torch.no_grad()
    def _average(self, keep: float) -> None:
        if not self.pairs[0]:
            kept = (self.average.state_dict().values(), self.network.state_dict().values())
            self.pairs = tuple([v for v in values if v.dtype.is_floating_point] for values in kept)  # type: ignore[assignment]
        torch._foreach_lerp_(*self.pairs, 1 - keep)

    def tensors(self) -> dict[str, Tensor]:
        """Return everything that the next step depends on."""
        found = {f"network.{k}": v for k, v in self.network.state_dict().items()}
        found |= {f"average.{k}": v for k, v in self.average.state_dict().items()}
        for number, state in self.optimiser.state_dict()["state"].items():
            found |= {f"optimiser.{number}.{k}": v for k, v in state.items()}
        return found | {"dice": self.dice.get_state(), "total": self.total}

    def load(self, found: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Take over what :meth:`tensors` and the header gave."""
        for name, module in (("network.", self.network), ("average.", self.average)):
            module.load_state_dict({k.removeprefix(name): v for k, v in found.items() if k.startswith(name)})
        states: dict[int, dict[str, Tensor]] = {}
        for key, value in found.items():
            if key.startswith("optimiser."):
                _, number, name = key.split(".")
                states.setdefault(int(number), {})[name] = value
        self.optimiser.load_state_dict(self.optimiser.state_dict() | {"state": states})
        self.dice.set_state(found["dice"].cpu())
        self.total.copy_(found["total"])
        self.steps, self.since, self.curve = facts["steps"], facts["since"], facts["curve"]


def write(file: Path, learners: Sequence[Learner], recipe: Mapping[str, Any], step: int) -> None:
    """Write a checkpoint whole, under a name of its own first."""
    from safetensors.torch import save

    tensors: dict[str, Tensor] = {}
    for n, learner in enumerate(learners):
        tensors |= {f"{n}/{key}": value.detach().cpu().contiguous() for key, value in learner.tensors().items()}
    facts = [{"steps": x.steps, "since": x.since, "curve": x.curve} for x in learners]
    header = {"step": str(step), "recipe": json.dumps(dict(recipe)), "learners": json.dumps(facts)}
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_bytes(save(tensors, header))
    draft.replace(file)


def read(file: Path, learners: Sequence[Learner], recipe: Mapping[str, Any]) -> int:
    """Load a checkpoint and return the steps that lie behind it.

    Raises:
        BadInputError: it is no checkpoint, or one of another recipe or network.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, "pt") as opened:
            header = opened.metadata() or {}
            tensors = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118  (no mapping)
        kept, facts = json.loads(header["recipe"]), json.loads(header["learners"])
    except (SafetensorError, KeyError, ValueError, OSError) as error:
        raise BadInputError(f"{file} is not a checkpoint of a training: {error}") from error
    other = [k for k, v in recipe.items() if k not in FREE and kept.get(k) != v]
    if other:
        raise BadInputError(f"{file} belongs to another training: {other[0]} was {kept.get(other[0])}")
    try:
        for n, learner in enumerate(learners):
            own = {key.split("/", 1)[1]: v for key, v in tensors.items() if key.startswith(f"{n}/")}
            learner.load(own, facts[n])
    except (RuntimeError, KeyError, IndexError) as error:
        raise BadInputError(f"{file} belongs to another network: {str(error).splitlines()[0]}") from error
    return int(header["step"])
