"""A training step recorded once as a CUDA graph: the host then asks for it by one call instead of some hundreds."""
# ruff: noqa: TID253  (training code; nothing that Dagster loads imports this module at module level)

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

Step = Callable[[list[Tensor]], None]

EAGER = 4
"""Steps before the recording, so that libraries have chosen their kernels and the optimiser has its state."""


class Replay:
    """Runs a step on batches of one shape.

    After "CUDA graphs" in PyTorch's notes on CUDA semantics: the first steps run on a stream of their own, the
    recording reads from tensors that stay where they are, and every later batch is copied into them.
    """

    def __init__(self) -> None:
        self.stream, self.seen = torch.cuda.Stream(), 0
        self.held: list[Tensor] = []
        self.graph: torch.cuda.CUDAGraph | None = None

    def __call__(self, batch: list[Tensor], step: Step) -> None:
        """Run ``step`` on a batch; it must leave everything it changes in tensors that live on."""
        self.seen += 1
        if self.seen <= EAGER:
            self.stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(self.stream), _fastest_kernels():
                step(batch)
            torch.cuda.current_stream().wait_stream(self.stream)
            return
        if self.graph is None:
            self.held = [part.clone() for part in batch]
            torch.cuda.synchronize()
            self.graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self.graph), _fastest_kernels():
                step(self.held)
        for held, part in zip(self.held, batch, strict=True):
            held.copy_(part)
        self.graph.replay()


@contextmanager
def _fastest_kernels() -> Iterator[None]:
    """Have cuDNN try its ways of a convolution and keep the fastest; worth it where shapes stay the same."""
    before, torch.backends.cudnn.benchmark = torch.backends.cudnn.benchmark, True
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before
