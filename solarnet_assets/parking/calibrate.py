"""The calibration of counts: fitted on held-out renders by marginal likelihood, checked on others.

What is fitted, and why, is written in :mod:`solarnet_assets.parking.estimate`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.landing import BadInputError
from solarnet_assets.parking.detect import FLOOR, Detections, Sample, run
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
from solarnet_assets.parking.pixels import TARGET_GSD, normalise, with_data

if TYPE_CHECKING:
    from solarnet_assets.imagery.infer import Engine
    from solarnet_assets.parking.render import LotChip

SEEDS = {"fit": 9_003, "check": 9_004}
"""Seeds of held-out renders: no training, threshold or other figure uses them."""

NEAR = 1.5
"""A candidate within this distance of a vehicle's centre is that vehicle, m."""

VISIBLE = 0.5
"""Vehicles hidden by more than this share are not asked for."""

START = (0.0, 1.0, 0.0, 0.0, -0.5, -4.0, 0.0, 0.0, -3.0)
"""First guess of the parameters, in the order of :class:`Calibration` from ``offset`` to ``empty``; of ``spread`` the
logarithm."""


@dataclass(frozen=True)
class Scene:
    """What the network said of a scene whose truth is known.

    Attributes:
        points: (n, 2) x, y of the candidates, pixels of 0.3 m.
        scores: (n,) of the candidates.
        hit: (n,) whether each is a visible vehicle of its own.
        off: distances of the hits from their vehicles, m.
        lost: visible vehicles without a candidate.
        vehicles: (m, 2) x, y of visible vehicles, pixels of 0.3 m.
        gsd: metres per pixel at which the scene was taken.
        hectares: area of the scene.
        sun: its elevation, degrees; NaN where nobody knows.
        occupancy: share of the stalls in sight that are taken; NaN without stalls.
    """

    points: Array
    scores: NDArray[np.float32]
    hit: NDArray[np.bool_]
    off: Array
    lost: int
    vehicles: Array
    gsd: float
    hectares: float
    sun: float = math.nan
    occupancy: float = math.nan

    @property
    def truth(self) -> int:
        """Visible vehicles."""
        return len(self.vehicles)


def observe(chips: Iterable[LotChip], ready: Engine) -> list[Scene]:
    """Return what a network says of chips, beside their truth."""
    kept: list[LotChip] = []

    def samples() -> Iterable[Sample]:
        for chip in chips:
            kept.append(chip)
            height, width = chip.image.shape[:2]
            yield Sample(normalise(chip.image, chip.gsd), (height, width), with_data(chip.image))

    return [_scene(kept.pop(0), found) for found in run(samples(), ready)]


def _scene(chip: LotChip, found: Detections) -> Scene:
    centres, visible = chip.centres.astype(np.float64), chip.hidden <= VISIBLE
    which, distance = match(found.points, centres, NEAR / TARGET_GSD)
    hit = np.array([n >= 0 and bool(visible[n]) for n in which], bool)
    lost = int(visible.sum()) - int(hit.sum())
    size = chip.image.shape[0] * chip.image.shape[1] * TARGET_GSD**2 / 1e4
    return Scene(
        found.points,
        found.scores,
        hit,
        distance[hit] * TARGET_GSD,
        lost,
        centres[visible],
        chip.gsd,
        size,
        chip.facts.sun,
        chip.facts.occupancy,
    )


def match(points: Array, centres: Array, near: float) -> tuple[NDArray[np.int64], Array]:
    """Give each point, best first, the nearest vehicle that is still free within ``near``.

    Returns:
        Number of the vehicle of each point, -1 for none, and its distance.
    """
    which, off = np.full(len(points), -1), np.full(len(points), np.inf)
    free = np.ones(len(centres), bool)
    for n, point in enumerate(points if len(centres) else points[:0]):
        distance = np.where(free, np.hypot(*(centres - point).T), np.inf)
        best = int(distance.argmin())
        if distance[best] <= near:
            which[n], off[n], free[best] = best, distance[best], False
    return which, off


def fit(scenes: Sequence[Scene]) -> Calibration:
    """Return the calibration under which held-out scenes are most likely.

    Args:
        scenes: from :func:`observe`; their hits and lost vehicles are what is explained.
    """
    from scipy.optimize import minimize

    off = np.concatenate([scene.off for scene in scenes])
    place = float(np.sqrt(np.mean(off**2) / 2)) if len(off) else 0.5
    stack = _Stack.of(scenes)
    found = minimize(lambda guess: stack.surprise(_calibration(guess, place)), START, method="BFGS")
    rounded = {name: round(value, 4) for name, value in asdict(_calibration(found.x, place)).items()}
    return Calibration(**rounded)


def _calibration(guess: Array, place: float) -> Calibration:
    offset, slope, gsd, slope_gsd, log_spread, lost, lost_gsd, shared, empty = (float(v) for v in guess)
    spread = float(np.exp(min(log_spread, 3.0)))
    return Calibration(FLOOR, offset, slope, gsd, slope_gsd, spread, lost, lost_gsd, shared, max(empty, -9.0), place)


@dataclass(frozen=True)
class _Stack:
    """All candidates of all scenes one below the other; ``ends`` says after how many each scene ends."""

    scores: NDArray[np.float32]
    hit: NDArray[np.bool_]
    gsd: Array
    ends: NDArray[np.int64]
    lost: Array
    scene_gsd: Array
    hectares: Array

    @classmethod
    def of(cls, scenes: Sequence[Scene]) -> _Stack:
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


def calibrate(ready: Engine, count: int, draw: Callable[[int, int], Iterable[LotChip]]) -> dict[str, Any]:
    """Return what a model card says about counts: ``calibration`` and the figures of :func:`check` on other scenes.

    Args:
        ready: the network.
        count: held-out scenes to fit on, and as many to check on.
        draw: function from a seed and a number of scenes to chips.
    """
    fitted = fit(observe(draw(SEEDS["fit"], count), ready))
    return {
        "calibration": asdict(fitted),
        "seeds": SEEDS,
        "check": check(observe(draw(SEEDS["check"], count), ready), fitted),
    }


def recalibrate(count: int) -> dict[str, Any]:
    """Fit and check the calibration of the shipped weights anew, write it into their card, and return it."""
    from solarnet_assets.parking.model import WEIGHTS, engine
    from solarnet_assets.parking.render import render

    def draw(seed: int, many: int) -> Iterable[LotChip]:
        return (render(np.random.default_rng([seed, number])) for number in range(many))

    WEIGHTS.check()
    found = calibrate(engine("cpu"), count, draw) | {"command": f"solarnet train parking-count --held-out {count}"}
    file = WEIGHTS.folder / f"{WEIGHTS.name}.json"
    card = json.loads(file.read_text(encoding="utf-8"))
    if card["weights_sha256"] != WEIGHTS.digest:
        raise BadInputError(f"{WEIGHTS.path.name} has been replaced while its counts were calibrated")
    file.write_text(json.dumps(card | {"count": found}, indent=1) + "\n", encoding="utf-8")
    return found
