"""How scores on real photographs differ from those on renders, told by places that the scoring network never saw.

A network is bolder on what it was trained on. Renders of another seed are still renders, so a calibration fitted on
them alone is wrong about photographs by an amount that renders cannot show. Cross-fitting shows it: for each real place
a network is trained without that place, and its scores there are like the shipped network's scores on any new place.
Two numbers are fitted to them, against each network's own calibration on renders: a shift of all logits, and one of the
logarithm of the rate of vehicles without a candidate. There are few places, so both are drawn towards none: the shift
by a normal prior as wide as scenes of one kind differ, the rate by one of a factor e, and every patch of ground weighs
once however often it was photographed. What remains unknown of the shift widens the spread between scenes. Ours.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from solarnet_assets.parking.calibrate import Stack
from solarnet_assets.parking.estimate import Array, Calibration
from solarnet_assets.parking.observe import Scene

NAME = "lotnet_unseen.json"
"""File beside the weights: what networks said of places that they never saw."""

FACTOR = 1.0
"""Sd of the prior on the logarithm of the rate of vehicles without a candidate."""

STEP = 0.05
"""Step of the second differences that give the precision of the fit."""


@dataclass(frozen=True)
class Place:
    """What a network said of photographed windows of a place that it never saw.

    Attributes:
        name: of the place.
        times: how often each patch of it was photographed, on average.
        renders: calibration of this network, fitted on renders.
        scenes: one a window.
    """

    name: str
    times: float
    renders: Calibration
    scenes: Sequence[Scene]


def fit_real(places: Sequence[Place], renders: Calibration) -> tuple[Calibration, dict[str, Any]]:
    """Return the calibration for photographs, and facts for the model card.

    Args:
        places: at least one.
        renders: the calibration of the network that ships, fitted on renders.
    """
    from scipy.optimize import minimize

    stacks = [(place.renders, Stack.of(place.scenes), len(place.scenes) / place.times) for place in places]

    def surprise(guess: Array) -> float:
        told = guess[0] ** 2 / (2 * renders.spread**2) + guess[1] ** 2 / (2 * FACTOR**2)
        for own, stack, weight in stacks:
            known = replace(own, offset=own.offset + guess[0], missed=own.missed + guess[1])
            told += weight * stack.surprise(known)
        return float(told)

    shift, rate = minimize(surprise, np.zeros(2), method="Nelder-Mead").x
    variance = float(np.linalg.inv(_curvature(surprise, np.array([shift, rate])))[0, 0])
    fitted = replace(
        renders,
        offset=round(float(renders.offset + shift), 4),
        missed=round(float(renders.missed + rate), 4),
        spread=round(float(np.hypot(renders.spread, np.sqrt(variance))), 4),
    )
    facts = {
        "places": {place.name: {"windows": len(place.scenes), "times": round(place.times, 1)} for place in places},
        "shift": round(float(shift), 3),
        "shift_sd": round(float(np.sqrt(variance)), 3),
        "missed_factor": round(float(np.exp(rate)), 3),
    }
    return fitted, facts


def _curvature(function: Any, at: Array) -> Array:
    """Return the second derivatives of a function of two numbers, (2, 2)."""
    steps = STEP * np.eye(2)
    return np.array(
        [[(function(at + a + b) - function(at + a - b) - function(at - a + b) + function(at - a - b)) / (4 * STEP**2)
          for b in steps] for a in steps]
    )  # fmt: skip


def write(folder: Path, places: Sequence[Place]) -> None:
    """Write what the fit needs of places beside the weights."""
    rows = [
        {
            "name": place.name,
            "times": round(place.times, 3),
            "renders": asdict(place.renders),
            "windows": [
                {
                    "gsd": round(scene.gsd, 3),
                    "hectares": round(scene.hectares, 4),
                    "lost": scene.lost,
                    "scores": [round(float(score), 4) for score in scene.scores],
                    "hit": [int(hit) for hit in scene.hit],
                }
                for scene in place.scenes
            ],
        }
        for place in places
    ]
    (folder / NAME).write_text(json.dumps(rows, separators=(",", ":")) + "\n", encoding="utf-8")


def read(folder: Path) -> list[Place]:
    """Return what :func:`write` wrote; none where there is no file."""
    if not (folder / NAME).is_file():
        return []
    rows = json.loads((folder / NAME).read_text(encoding="utf-8"))
    return [
        Place(row["name"], row["times"], Calibration(**row["renders"]), [_scene(window) for window in row["windows"]])
        for row in rows
    ]


def _scene(window: dict[str, Any]) -> Scene:
    hit, scores = np.array(window["hit"], bool), np.array(window["scores"], np.float32)
    vehicles = np.zeros((int(hit.sum()) + window["lost"], 2))
    points = np.zeros((len(scores), 2))
    return Scene(points, scores, hit, np.zeros(0), window["lost"], vehicles, window["gsd"], window["hectares"])
