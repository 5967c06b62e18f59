"""Convolutions that take what follows them along, on a CPU: sum and ReLU in the convolution's own pass over memory.

A small network on a CPU waits for memory: in SolarNet, ReLUs, sums and joined channels took nearly 40 % of the time
(benchmarks/NOTES.md). oneDNN can do them while a convolution's result is still in registers ("post-ops" of its
documentation); torch offers that as the operators that torch.compile itself writes for CPUs, and here they are called
without compiling. The numbers are those of the layers one by one, but for rounding.
"""
# ruff: noqa: TID253  (a module of torch layers; nothing that Dagster loads imports it)

from __future__ import annotations

import platform
from typing import Any

import torch
from torch import Tensor, nn

from solarnet_assets.imagery.layers import Join, Residual

_OPERATORS: Any = torch.ops.mkldnn


def available() -> bool:
    """Return whether this torch has the operators, on the kind of processor for which oneDNN has them all."""
    names = ("_convolution_pointwise", "_convolution_pointwise_")
    there = torch.backends.mkldnn.is_available() and all(hasattr(_OPERATORS, name) for name in names)
    return there and platform.machine().lower() in ("x86_64", "amd64")


def fuse(network: nn.Module, dtype: torch.dtype) -> nn.Module:
    """Put fused layers in the place of those that can be, in the network itself.

    Args:
        network: on the CPU, in evaluation mode, with batch normalisation folded
            (:func:`solarnet_assets.imagery.device.fold`).
        dtype: of weights and activations, float32 or bfloat16.

    Returns:
        The network.
    """
    for name, child in network.named_children():
        if isinstance(child, Residual) and _plain(child.first) and _plain(child.second, relu=False):
            setattr(network, name, FusedResidual(child, dtype))
        elif isinstance(child, Join) and _plain(child):
            setattr(network, name, FusedJoin(child, dtype))
        else:
            fuse(child, dtype)
    if isinstance(network, nn.Sequential):
        _fuse_sequence(network, dtype)
    return network


def _fuse_sequence(layers: nn.Sequential, dtype: torch.dtype) -> None:
    """Fuse each convolution of a sequence with the ReLU that comes next, passing over what folding has emptied."""
    last: int | None = None
    for n, layer in enumerate(layers):
        if isinstance(layer, nn.ReLU) and last is not None:
            layers[last] = Convolution(layers[last], dtype, relu=True)  # type: ignore[arg-type]
            layers[n] = nn.Identity()
        if not isinstance(layer, nn.Identity):
            last = n if _fits(layer) else None


def _plain(layers: nn.Sequential, *, relu: bool = True) -> bool:
    """Return whether layers are one convolution, with ReLU or without, and nothing else."""
    kinds = [layer for layer in layers if not isinstance(layer, nn.Identity)]
    wanted = [nn.Conv2d, nn.ReLU] if relu else [nn.Conv2d]
    return [type(layer) for layer in kinds] == wanted and _fits(kinds[0])


def _fits(layer: nn.Module) -> bool:
    return type(layer) is nn.Conv2d and layer.padding_mode == "zeros" and not isinstance(layer.padding, str)


class Convolution(nn.Module):
    """A convolution, and what follows it.

    Args:
        layer: what is computed.
        dtype: of weights, input and result.
        relu: ReLU follows.
        channels: input channels that this one reads; all of them when absent.
        bias: the layer's bias is added.
    """

    weight: Tensor
    bias: Tensor | None

    def __init__(
        self, layer: nn.Conv2d, dtype: torch.dtype, *, relu: bool, channels: slice | None = None, bias: bool = True
    ) -> None:
        super().__init__()
        weight = layer.weight.detach()[:, channels or slice(None)].to(dtype)
        self.register_buffer("weight", weight.contiguous(memory_format=torch.channels_last))
        self.register_buffer("bias", layer.bias.detach().to(dtype) if bias and layer.bias is not None else None)
        self.rule = (layer.padding, layer.stride, layer.dilation, layer.groups)
        self.after = "relu" if relu else "none"

    def forward(self, x: Tensor) -> Tensor:
        """Return the result for (B, C, H, W)."""
        x = x.to(self.weight.dtype)
        made: Tensor = _OPERATORS._convolution_pointwise(x, self.weight, self.bias, *self.rule, self.after, [], "")
        return made

    def beside(self, other: Tensor, x: Tensor) -> Tensor:
        """Return the result for ``x`` with ``other`` added before what follows."""
        x, other = x.to(self.weight.dtype), other.to(self.weight.dtype)
        made: Tensor = _OPERATORS._convolution_pointwise.binary(
            x, other, self.weight, self.bias, *self.rule, "add", 1.0, self.after, [], ""
        )
        return made

    def onto(self, total: Tensor, x: Tensor) -> Tensor:
        """Return the same, written over ``total``, which has the convolution's type."""
        x = x.to(self.weight.dtype)
        made: Tensor = _OPERATORS._convolution_pointwise_.binary(
            total, x, self.weight, self.bias, *self.rule, "add", 1.0, self.after, [], ""
        )
        return made


class FusedResidual(nn.Module):
    """:class:`~solarnet_assets.imagery.layers.Residual` in two passes."""

    def __init__(self, block: Residual, dtype: torch.dtype) -> None:
        super().__init__()
        self.first = Convolution(block.first[0], dtype, relu=True)  # type: ignore[arg-type]
        self.second = Convolution(block.second[0], dtype, relu=True)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output."""
        return self.second.beside(x, self.first(x))


class FusedJoin(nn.Module):
    """:class:`~solarnet_assets.imagery.layers.Join` without the joined channels ever lying in memory."""

    def __init__(self, join: Join, dtype: torch.dtype) -> None:
        super().__init__()
        layer: nn.Conv2d = join[0]  # type: ignore[assignment]
        self.first = Convolution(layer, dtype, relu=False, channels=slice(join.first), bias=False)
        self.second = Convolution(layer, dtype, relu=True, channels=slice(join.first, None))

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Return what the join returns."""
        return self.second.onto(self.first(first), second)
