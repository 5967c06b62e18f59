"""Inference on a GPU that is recorded once and then replayed by a single call (CUDA graphs).

A network of sixty layers is some two hundred calls of CUDA, each a few microseconds of Python, and each may have to
wait for the interpreter, which threads that decode take in between. Replayed, a batch of tiles costs the loop one call;
the numbers are the same. "CUDA semantics", section "CUDA Graphs", of torch's documentation says what recorded work may
do: nothing that waits for the GPU, and memory that stays where it was.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger(__name__)

MOST = 4
"""Recordings that are kept; each holds the memory of its batch."""


@dataclass(frozen=True)
class Recording:
    """A step on a batch of one shape.

    Attributes:
        graph: what is replayed.
        given, made: the memory that it reads and writes.
    """

    graph: Any
    given: Tensor
    made: Tensor

    def run(self, given: Tensor) -> Tensor:
        """Return the step's result, which the next run overwrites."""
        self.given.copy_(given)
        self.graph.replay()
        return self.made


class Recorder:
    """Runs steps: the first of a kind as it is, which lets libraries set themselves up, the second recorded."""

    def __init__(self) -> None:
        self.seen: set[Hashable] = set()
        self.kept: dict[Hashable, Recording] = {}
        self.refused = False

    def run(self, kind: Hashable, step: Callable[[Tensor], Tensor], given: Tensor) -> Tensor:
        """Return ``step(given)``, in order with what else this thread has the GPU do.

        Args:
            kind: names everything but the numbers in ``given`` and in the network's memory that the step depends on.
            step: what is done.
            given: on a GPU.

        Raises:
            torch.cuda.OutOfMemoryError: the step has no room.
        """
        if self.refused or kind not in self.seen:
            self.seen.add(kind)
            return step(given)
        if kind not in self.kept:
            made = self._record(step, given)
            if made is None:
                return step(given)
            self.kept[kind] = made
        return self.kept[kind].run(given)

    def _record(self, step: Callable[[Tensor], Tensor], given: Tensor) -> Recording | None:
        """Record a step; None: it does what cannot be recorded, and no other is tried."""
        import torch

        if len(self.kept) >= MOST:
            self.kept.clear()
        pool = next((one.graph.pool() for one in self.kept.values()), None)
        graph, memory = torch.cuda.CUDAGraph(), torch.empty_like(given)
        try:
            with torch.cuda.graph(graph, pool=pool, capture_error_mode="thread_local"):
                made = step(memory)
        except torch.cuda.OutOfMemoryError:
            raise
        except RuntimeError as error:
            log.info("not recorded: %s", error)
            self.refused = True
            return None
        return Recording(graph, memory, made)
