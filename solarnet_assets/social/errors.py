"""The classifier's known error: rates per post from the counts of the evaluation set, and draws of them.

A rate is known as well as a Beta distribution says; few evaluation posts speak for one label, so each leans on the mean
of its language's labels. Draws are the same for every day: an error rate is a property of the classifier.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.social.model import LABELS

TRAP_SHARE = 0.01
"""Ours: assumed share of posts that use a sector's words in another sense, the evaluation set's traps."""

FALSE_PRIOR = 300.0
"""Evaluation posts that the mean false-positive rate of a language's labels counts for, in each label's rate."""

CROSS_PRIOR = 100.0
SENSITIVITY_PRIOR = 10.0
"""Likewise for false positives among posts of other sectors, and for sensitivity."""

TRANSFER_SD = 0.2
"""Ours: standard deviation of the logarithm of a sensitivity on other texts than those of the evaluation set.

Read off 14 pairs of language and sector: simulated posts, written apart from the evaluation set, were found 0.24 off in
the logarithm, of which the evaluation set's size explains 0.16.
"""

LANGS = ("en", "zh")
DRAWS = 4000
"""Draws of an interval: its limits are then known to about 0.03 of a standard deviation."""

SEED = 1978
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rate:
    """A rate that is known like ``hits`` among ``of`` trials: a Beta distribution with that mean."""

    hits: float
    of: float

    @property
    def mean(self) -> float:
        """Return the expected rate."""
        return self.hits / self.of

    @property
    def sd(self) -> float:
        """Return the standard deviation of the rate."""
        return float((self.mean * (1.0 - self.mean) / (self.of + 1.0)) ** 0.5)

    def draws(self, rng: np.random.Generator) -> Floats:
        """Return ``DRAWS`` draws of the rate."""
        return rng.beta(max(self.hits, 1e-6), max(self.of - self.hits, 1e-6), DRAWS)


@dataclass(frozen=True)
class ErrorRates:
    """Known error of one label in one language, per post.

    Attributes:
        sensitivity: share of the label's posts that get it.
        unrelated: share of unrelated posts that get it.
        trap: share of posts with its words in another sense that get it.
        cross: share of posts of other labels that get it.
    """

    sensitivity: Rate
    unrelated: Rate
    trap: Rate
    cross: Rate

    def false(self, other: float) -> float:
        """Return the false-positive rate per post of a day on which a share of posts has other labels."""
        return (1.0 - other) * (self.unrelated.mean + TRAP_SHARE * self.trap.mean) + other * self.cross.mean

    def false_sd(self, other: float) -> float:
        """Return the standard deviation of :meth:`false`."""
        plain = (self.unrelated.sd**2 + (TRAP_SHARE * self.trap.mean) ** 2) ** 0.5
        return float((((1.0 - other) * plain) ** 2 + (other * self.cross.sd) ** 2) ** 0.5)


@dataclass(frozen=True)
class ErrorDraws:
    """Draws of one label's error, each of shape (DRAWS,).

    Attributes:
        sensitivity: relative to its mean.
        unrelated: false-positive rate of posts without another label, traps included.
        cross: false-positive rate of posts with another label.
    """

    sensitivity: Floats
    unrelated: Floats
    cross: Floats

    def false(self, other: float) -> Floats:
        """Return draws of the false-positive rate per post; see :meth:`ErrorRates.false`."""
        return (1.0 - other) * self.unrelated + other * self.cross


def error_rates(evaluation: Mapping[str, Mapping[str, int]]) -> dict[str, ErrorRates]:
    """Return the error rates per label of one language from the counts of the evaluation set."""
    total = {key: sum(counts[key] for counts in evaluation.values()) for key in next(iter(evaluation.values()))}
    mean_sensitivity = (total["tp"] + 1.0) / (total["tp"] + total["fn"] + 2.0)
    mean_false = (total["fp"] + 0.5) / (total["negatives"] + 1.0)
    mean_cross = (total["cross_fp"] + 0.5) / (total["cross"] + 1.0)
    mean_trap = (total["trap_fp"] + 0.5) / (total["traps"] + 1.0)
    return {
        label: ErrorRates(
            sensitivity=_leaning(n["tp"], n["tp"] + n["fn"], mean_sensitivity, SENSITIVITY_PRIOR),
            unrelated=_leaning(n["fp"], n["negatives"], mean_false, FALSE_PRIOR),
            trap=_leaning(n["trap_fp"], n["traps"], mean_trap, FALSE_PRIOR),
            cross=_leaning(n["cross_fp"], n["cross"], mean_cross, CROSS_PRIOR),
        )
        for label, n in evaluation.items()
    }


def _leaning(hits: int, of: int, prior: float, weight: float) -> Rate:
    return Rate(hits + prior * weight, of + weight)


@lru_cache(maxsize=64)
def error_draws(rates: ErrorRates, lang: str, label: str) -> ErrorDraws:
    """Return draws of one label's error, the same whenever they are asked for; nobody may write into them.

    The share of traps is as uncertain as an exponential distribution: the evaluation set does not tell it.
    """
    rng = generator(lang, label, 0)
    elsewhere = rates.sensitivity.draws(rng) * np.exp(TRANSFER_SD * rng.standard_normal(DRAWS))
    sensitivity = np.minimum(elsewhere, 1.0) / rates.sensitivity.mean
    traps = TRAP_SHARE * rng.exponential(size=DRAWS) * rates.trap.draws(rng)
    drawn = ErrorDraws(sensitivity, rates.unrelated.draws(rng) + traps, rates.cross.draws(rng))
    for values in (drawn.sensitivity, drawn.unrelated, drawn.cross):
        values.flags.writeable = False
    return drawn


def generator(lang: str, label: str, number: int) -> np.random.Generator:
    """Return the generator of one language, label and thing that is numbered, such as a day's ordinal."""
    return np.random.default_rng([SEED, LANGS.index(lang), LABELS.index(label), number])


def count_draws(total: float, variance: float, unit: float, rng: np.random.Generator) -> Floats:
    """Return draws from the mid-p confidence distribution of a weighted sum of counts, ``DRAWS`` of them.

    Half come from the gamma distribution of the exact lower limit, half from that of the upper, which has one event
    more (Fay and Feuer 1997, doi:10.1002/(SICI)1097-0258(19970415)16:7<791::AID-SIM500>3.0.CO;2-#; mid-p: Fay and Kim
    2017, doi:10.1002/bimj.201600111). The size of that event is the mean one, as in Tiwari, Clegg and Zou 2006
    (doi:10.1177/0962280206070621), not the largest, which is conservative.

    Args:
        total: the weighted sum.
        variance: its estimated variance.
        unit: weight of one event where none was seen.
        rng: source of the draws.
    """
    more = rng.random(DRAWS) < 0.5
    if total <= 0.0 or variance <= 0.0:
        return total + np.where(more, unit * rng.standard_gamma(1.0, DRAWS), 0.0)
    shape = total**2 / variance + more
    return rng.standard_gamma(shape) * (variance / total)
