"""The calibration of counts: fitted on held-out renders by marginal likelihood, checked on others.

What is fitted, and why, is written in :mod:`solarnet_assets.parking.estimate`; how photographs differ, in
:mod:`solarnet_assets.parking.real`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.landing import BadInputError
from solarnet_assets.parking.detect import FLOOR
from solarnet_assets.parking.estimate import (
    Array,
    Calibration,
    Estimate,
    distribution,
    expit,
    logits,
    missed,
    nodes,
    summarise,
)
from solarnet_assets.parking.observe import Scene, observe

if TYPE_CHECKING:
    from solarnet_assets.imagery.infer import Engine
    from solarnet_assets.parking.real import Place
    from solarnet_assets.parking.render import LotChip

SEEDS = {"fit": 9_003, "check": 9_004}
"""Seeds of held-out renders: no training, threshold or other figure uses them."""

START = (0.0, 1.0, 0.0, 0.0, -0.5, -4.0, 0.0, 0.0, -3.0)
"""First guess of the parameters, in the order of :class:`Calibration` from ``offset`` to ``empty``; of ``spread`` the
logarithm."""


def fit(scenes: Sequence[Scene]) -> Calibration:
    """Return the calibration under which held-out scenes are most likely.

    Args:
        scenes: from :func:`observe`; their hits and lost vehicles are what is explained.
    """
    from scipy.optimize import minimize

    off = np.concatenate([scene.off for scene in scenes])
    place = float(np.sqrt(np.mean(off**2) / 2)) if len(off) else 0.5
    stack = Stack.of(scenes)
    found = minimize(lambda guess: stack.surprise(_calibration(guess, place)), START, method="BFGS")
    rounded = {name: round(value, 4) for name, value in asdict(_calibration(found.x, place)).items()}
    return Calibration(**rounded)


def _calibration(guess: Array, place: float) -> Calibration:
    offset, slope, gsd, slope_gsd, log_spread, lost, lost_gsd, shared, empty = (float(v) for v in guess)
    spread = float(np.exp(min(log_spread, 3.0)))
    return Calibration(FLOOR, offset, slope, gsd, slope_gsd, spread, lost, lost_gsd, shared, max(empty, -9.0), place)


@dataclass(frozen=True)
class Stack:
    """All candidates of all scenes one below the other; ``ends`` says after how many each scene ends."""

    scores: NDArray[np.float32]
    hit: NDArray[np.bool_]
    gsd: Array
    ends: NDArray[np.int64]
    lost: Array
    scene_gsd: Array
    hectares: Array

    @classmethod
    def of(cls, scenes: Sequence[Scene]) -> Stack:
        """Stack the candidates of scenes."""
        many = [len(scene.scores) for scene in scenes]
        gsd = np.array([scene.gsd for scene in scenes])
        return cls(
            np.concatenate([scene.scores for scene in scenes]),
            np.concatenate([scene.hit for scene in scenes]),
            np.repeat(gsd, many),
            np.cumsum(many),
            np.array([[scene.lost] for scene in scenes], np.float64),
            gsd[:, None],
            np.array([[scene.hectares] for scene in scenes]),
        )

    def surprise(self, known: Calibration) -> float:
        """Return the mean negative logarithm of the scenes' marginal likelihood, a constant left out."""
        places, weights = nodes()
        shifted = logits(self.scores, self.gsd, known)[:, None] + known.spread * places
        hits = self._per_scene(self.hit[:, None] * shifted - np.logaddexp(0, shifted))
        rate = missed(self._per_scene(expit(shifted)), self.scene_gsd, self.hectares, known, places)
        likely = hits + self.lost * np.log(rate) - rate
        best = likely.max(1, keepdims=True)
        return float(-(best[:, 0] + np.log(np.exp(likely - best) @ weights)).mean())

    def _per_scene(self, values: Array) -> Array:
        below = np.vstack([np.zeros((1, values.shape[1])), np.cumsum(values, 0)])
        return np.asarray(np.diff(below[np.concatenate([[0], self.ends])], axis=0))


def estimates(scenes: Sequence[Scene], known: Calibration) -> list[Estimate]:
    """Return the estimate of every scene as a whole."""
    return [
        summarise(distribution(scene.scores, np.ones(len(scene.scores)), scene.gsd, scene.hectares, known))
        for scene in scenes
    ]


def check(scenes: Sequence[Scene], known: Calibration) -> dict[str, float]:
    """Return how counts of whole scenes do; see :func:`score`."""
    return {"scenes": len(scenes)} | score(estimates(scenes, known), np.array([scene.truth for scene in scenes]))


def score(found: Sequence[Estimate], truth: NDArray[Any]) -> dict[str, float]:
    """Return coverage and mean width of 90 % intervals, MAE of whole numbers, bias and error of the total of means."""
    inside = [one.lower <= true <= one.upper for one, true in zip(found, truth, strict=True)]
    whole, mean = np.array([one.whole for one in found]), np.array([one.mean for one in found])
    return {
        "vehicles": int(truth.sum()),
        "coverage_90": round(float(np.mean(inside)), 3),
        "width": round(float(np.mean([one.upper - one.lower for one in found])), 2),
        "mae": round(float(np.abs(whole - truth).mean()), 3),
        "bias": round(float((mean - truth).mean()), 3),
        "total_error": round(float(mean.sum() / max(truth.sum(), 1) - 1), 4),
    }


def calibrate(
    ready: Engine, count: int, draw: Callable[[int, int], Iterable[LotChip]], places: Sequence[Place] = ()
) -> dict[str, Any]:
    """Return what a model card says about counts.

    Args:
        ready: the network.
        count: held-out scenes to fit on, and as many to check on.
        draw: function from a seed and a number of scenes to chips.
        places: what networks said of real places that they never saw.

    Returns:
        ``renders``, the calibration fitted on renders; ``check``, the figures of :func:`check` on other renders under
        it; ``calibration``, the one for photographs, and ``real``, what is known of the difference.
    """
    from solarnet_assets.parking.real import fit_real

    fitted = fit(observe(draw(SEEDS["fit"], count), ready))
    photographs, facts = fit_real(places, fitted) if places else (fitted, {})
    return {
        "calibration": asdict(photographs),
        "renders": asdict(fitted),
        "real": facts,
        "seeds": SEEDS,
        "check": check(observe(draw(SEEDS["check"], count), ready), fitted),
    }


def recalibrate(count: int) -> dict[str, Any]:
    """Fit and check the calibration of the shipped weights anew, write it into their card, and return it."""
    from solarnet_assets.parking.model import WEIGHTS, engine
    from solarnet_assets.parking.real import read
    from solarnet_assets.parking.render import render

    def draw(seed: int, many: int) -> Iterable[LotChip]:
        return (render(np.random.default_rng([seed, number])) for number in range(many))

    WEIGHTS.check()
    found = calibrate(engine("cpu"), count, draw, read(WEIGHTS.folder))
    found |= {"command": f"solarnet train parking-count --held-out {count}"}
    file = WEIGHTS.folder / f"{WEIGHTS.name}.json"
    card = json.loads(file.read_text(encoding="utf-8"))
    if card["weights_sha256"] != WEIGHTS.digest:
        raise BadInputError(f"{WEIGHTS.path.name} has been replaced while its counts were calibrated")
    file.write_text(json.dumps(card | {"count": found}, indent=1) + "\n", encoding="utf-8")
    return found
