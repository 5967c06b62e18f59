"""Laplace noise on the sums of a city and day, so that no published figure tells whether one device was there.

The mechanism of Dwork, McSherry, Nissim and Smith 2006 (doi:10.1007/11681878_14) in its discrete form, the two-sided
geometric (Ghosh, Roughgarden and Sundararajan 2009, doi:10.1145/1536414.1536464): whole numbers, so that no bits of a
floating-point draw give the true sum away (Mironov 2012, doi:10.1145/2382196.2382264).
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from datetime import date

from solarnet_assets.mobility.presence import Settings


@dataclass(frozen=True)
class Sums:
    """What a city's figures of a day follow from; see :data:`solarnet_assets.mobility.presence.TALLY`."""

    panel: float
    heard: float
    weight: float
    hidden: float
    commuters_seen: float


@dataclass(frozen=True)
class Noise:
    """Noise for one day.

    The records of one device on that day change panel, heard and commuters_seen by at most 1 and weight by at most
    ``max_weight``: by :attr:`sensitivity` in all. Weights come from the device's own earlier days, so that nobody
    else's move. All four sums are drawn for together: one row spends ``epsilon`` once.

    Attributes:
        epsilon: privacy budget of one device and day, > 0.
        key: secret; who has it can take the noise off again.
        day: the day.
        max_weight: of :class:`solarnet_assets.mobility.presence.Settings`.
    """

    epsilon: float
    key: bytes
    day: date
    max_weight: int = Settings.max_weight

    @property
    def sensitivity(self) -> int:
        """Largest change of the four sums together, L1."""
        return 3 + self.max_weight

    @property
    def variance(self) -> float:
        """Variance of the noise in each sum: 2 a / (1 - a)^2 with a = exp(-epsilon / sensitivity)."""
        a = math.exp(-self.epsilon / self.sensitivity)
        return 2.0 * a / (1.0 - a) ** 2

    def add(self, city: str, sums: Sums) -> tuple[Sums, float]:
        """Return noisy sums and the variance of the noise in each of them.

        The draws are a keyed hash of city, day and the true sums: the same data give the same row, so that nothing is
        gained by running again, while data that changed get noise of their own instead of showing the change as a
        difference. ``hidden``, an error that is never published by itself, becomes a usual share of the noisy weight.
        """
        exact = [math.floor(value + 0.5) for value in (sums.panel, sums.heard, sums.weight, sums.commuters_seen)]
        panel, heard, weight, seen = (max(v + self._draw(f"{city}/{n}/{exact}"), 0) for n, v in enumerate(exact))
        noisy = replace(sums, panel=max(panel, heard), heard=heard, weight=weight, commuters_seen=min(seen, heard))
        return replace(noisy, hidden=USUAL_HIDDEN * weight), self.variance

    def _draw(self, label: str) -> int:
        """Return a two-sided geometric draw: the difference of two geometric ones."""
        digest = hashlib.blake2b(f"{self.day}/{self.epsilon}/{label}".encode(), key=self.key[:64], digest_size=16)
        bits = digest.digest()
        first, second = (int.from_bytes(part, "little") + 0.5 for part in (bits[:8], bits[8:]))
        scale = self.sensitivity / self.epsilon
        return math.floor(-scale * math.log(first / 2**64)) - math.floor(-scale * math.log(second / 2**64))


def noise_of(epsilon: float | None, key: bytes, day: date) -> Noise | None:
    """Return the noise of a day, or None where no budget is set; its key is derived, not the key of device ids."""
    if epsilon is None:
        return None
    return Noise(epsilon, hashlib.blake2b(b"noise", key=key[:64], digest_size=32).digest(), day)


USUAL_HIDDEN = 0.3
"""Ours: variance of the weighted sum per device at work where phones report about five times a day."""
