"""Randomness of the simulated country: every draw is a function of the keys that name it."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import fft

if TYPE_CHECKING:
    from numpy.typing import NDArray


def generator(*keys: object) -> np.random.Generator:
    """Return a generator seeded by the SHA-256 of the keys' texts: the same on every machine, in any order of calls."""
    digest = hashlib.sha256("\x1f".join(str(key) for key in keys).encode()).digest()
    return np.random.default_rng(np.frombuffer(digest, dtype="<u4"))


@lru_cache(maxsize=32)
def _filter(n: int, slope: float, longest: float) -> NDArray[np.float32]:
    ky = np.fft.fftfreq(n)[:, None] * n
    kx = np.fft.rfftfreq(n)[None, :] * n
    k = np.hypot(ky, kx)
    weight = np.maximum(k, 1.0 / longest) ** -slope
    weight[0, 0] = 0.0
    return weight.astype(np.float32)


def fractal(rng: np.random.Generator, n: int, slope: float = 1.6, longest: float = 1.0) -> NDArray[np.float32]:
    """Return a periodic random field (n, n), zero mean and unit variance.

    Args:
        rng: source of randomness.
        n: side, pixels.
        slope: amplitude falls as wave number to the power of -slope; 0 is white, 2 is very smooth.
        longest: longest wave as a share of the side; below 1 the largest scales are flattened.
    """
    white = rng.standard_normal((n, n), dtype=np.float32)
    field = fft.irfft2(fft.rfft2(white) * _filter(n, slope, longest), s=(n, n))
    return np.asarray(field / max(float(field.std()), 1e-9), dtype=np.float32)


def mean_one(rng: np.random.Generator, sd: float, size: int | None = None) -> Any:
    """Return lognormal factors of mean exactly 1 and log standard deviation ``sd``."""
    return np.exp(sd * rng.standard_normal(size) - sd * sd / 2)
