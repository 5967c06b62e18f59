"""Where a network runs, in which arithmetic, and how much of it at once."""

from __future__ import annotations

import copy
import ctypes
import logging
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

log = logging.getLogger(__name__)

MAX_SHARERS = 16
"""Processes that are told apart on one GPU; more than that all take the first."""

MEMORY_SHARE = 0.5
"""Share of a GPU's free memory that one batch may take."""


@lru_cache(maxsize=1)
def claim_gpu() -> int:
    """Return the index of the GPU that this process works on, of those it may see.

    Processes on one machine spread themselves: each takes the first GPU that the fewest others have taken, so N steps
    of a Dagster pool work on N GPUs. A claim is a Unix socket bound to a name in Linux's abstract namespace: the kernel
    allows it once, nothing lies on disk, and it ends with the process however that ends.
    """
    import torch

    count = torch.cuda.device_count()
    names = [str(getattr(torch.cuda.get_device_properties(n), "uuid", n)) for n in range(count)] if count > 1 else []
    for turn in range(MAX_SHARERS):
        for index, name in enumerate(names):
            if _claim(f"solarnet-gpu-{name}-{turn}"):
                return index
    return 0


_claims: list[socket.socket] = []


def _claim(name: str) -> bool:
    """Bind a name that only one process can have; False if another has it, or the system knows no such names."""
    if not hasattr(socket, "AF_UNIX"):
        return False
    held = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        held.bind("\0" + name)
    except OSError:
        held.close()
        return False
    _claims.append(held)
    return True


def choose(device: str | None) -> torch.device:
    """Return the named device; without a name this process's GPU where there is one, else the CPU."""
    import torch

    if device is not None:
        return torch.device(device)
    return torch.device("cuda", claim_gpu()) if torch.cuda.is_available() else torch.device("cpu")


def fast_precision(device: torch.device) -> str:
    """Return the fastest arithmetic for large scenes: bfloat16 on GPUs and on CPUs that have it in hardware."""
    import torch

    asked = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")  # not yet public names
    hardware = device.type == "cuda" or any(getattr(torch.cpu, name, bool)() for name in asked)
    return "bfloat16" if hardware else "float32"


def decode_threads(device: torch.device) -> int:
    """Return how many threads decode: beside a CPU as many as the network's own, beside a GPU its share of the cores.

    Two processes, each beside a GPU and with threads for all 32 cores, made 381 Mpx/s together; with threads for half
    of them as many as when each was pinned to its half (benchmarks/NOTES.md).
    """
    import torch

    if device.type != "cuda":
        return torch.get_num_threads()
    allowed = len(os.sched_getaffinity(0))
    return max(1, min(allowed, (os.cpu_count() or allowed) // max(torch.cuda.device_count(), 1)))


def prepared(network: nn.Module, precision: str, compiled: bool) -> Any:
    """Return a function from input (B, C, H, W) float32 to probabilities (B, K, H / s, W / s) float32.

    Args:
        network: in evaluation mode, see :func:`folded`.
        precision: ``float32`` or ``bfloat16``.
        compiled: use torch.compile, if there is a compiler. It pays where the GPU, not decoding, is the limit.
    """
    import torch

    def forward(x: Tensor) -> Tensor:
        with autocast(x.device, precision):
            return torch.sigmoid(network(x).float())

    return _compile(forward) if compiled else forward


def _compile(forward: Callable[[Tensor], Tensor]) -> Any:
    import torch

    if shutil.which("cc") is None and shutil.which("gcc") is None and shutil.which("clang") is None:
        log.info("not compiled: there is no C compiler on the path")
        return forward
    made = torch.compile(forward, dynamic=False)

    def careful(x: Tensor) -> Tensor:
        nonlocal made
        try:
            return made(x)
        except torch.cuda.OutOfMemoryError:
            raise
        except Exception as error:
            if made is forward:
                raise
            log.info("not compiled: %s", error)
            made = forward
            return forward(x)

    return careful


def autocast(device: torch.device, precision: str) -> Any:
    """Return a context for scenes' arithmetic: bfloat16 leaves to float32 what a network marks as such."""
    import torch

    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")


def folded(network: nn.Module, device: torch.device, precision: str) -> nn.Module:
    """Return a copy of a network as it is fastest: :func:`fold`, and on a CPU :mod:`~solarnet_assets.imagery.fused`.

    Args:
        network: in evaluation mode.
        device: where it runs.
        precision: ``float32`` or ``bfloat16``.
    """
    import torch

    from solarnet_assets.imagery import fused

    made = fold(network)
    return fused.fuse(made, getattr(torch, precision)) if device.type == "cpu" and fused.available() else made


def fold(network: nn.Module) -> nn.Module:
    """Return a copy in which batch normalisation right after a convolution is part of it, exact but for rounding."""
    from torch import nn
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    folded = copy.deepcopy(network).eval()
    for module in folded.modules():
        if not isinstance(module, nn.Sequential):
            continue
        for n in range(len(module) - 1):
            first, second = module[n], module[n + 1]
            if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                module[n], module[n + 1] = fuse_conv_bn_eval(first, second), nn.Identity()
    return folded


def exact_arithmetic(device: torch.device) -> Any:
    """Return a context in which a GPU computes float32 as a CPU does, without TF32."""
    import torch

    return torch.backends.cudnn.flags(enabled=True, allow_tf32=False) if device.type == "cuda" else nullcontext()


def measure(run: Callable[[], object], device: torch.device) -> tuple[int, int]:
    """Return how many bytes of a GPU's memory something takes while it runs, and how many are free for more of it."""
    import torch

    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    run()
    torch.cuda.synchronize(device)
    needed = torch.cuda.max_memory_allocated(device) - before
    unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return needed, torch.cuda.mem_get_info(device)[0] + unused


def fitting_batch(needed: int, free: int, most: int) -> int:
    """Return how many tiles run together.

    Args:
        needed: bytes that one tile takes while it runs.
        free: bytes that are free.
        most: never more than this.
    """
    return max(1, min(most, int(free * MEMORY_SHARE / max(needed, 1))))


@contextmanager
def kept_memory() -> Iterator[None]:
    """Let the C library keep large blocks for reuse while scenes run on a CPU, and give them back at the end.

    By default glibc maps every block above 32 MiB anew and unmaps it when freed, so that each layer of a large tile
    pays for its pages again: a fifth of the time at 1024 x 1024 pixels (benchmarks/NOTES.md). Where the C library is
    another one nothing happens.
    """
    try:
        libc = ctypes.CDLL(None)
        libc.mallopt(_MMAP_THRESHOLD, 1 << 30)
        libc.mallopt(_TRIM_THRESHOLD, (1 << 31) - 1)
    except (OSError, AttributeError):
        yield
        return
    try:
        yield
    finally:
        libc.mallopt(_MMAP_THRESHOLD, 32 << 20)
        libc.mallopt(_TRIM_THRESHOLD, 64 << 20)
        libc.malloc_trim(0)


@contextmanager
def prompt_threads(wanted: bool) -> Iterator[None]:
    """Let threads ask each other for the interpreter after half a millisecond instead of five.

    Decoding threads need it only to begin a window; waiting for the thread that drives the GPU cost them a tenth of
    their time on 16 cores (benchmarks/NOTES.md).
    """
    before = sys.getswitchinterval()
    if wanted:
        sys.setswitchinterval(5e-4)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1
"""Numbers of glibc's ``mallopt`` (malloc.h)."""
