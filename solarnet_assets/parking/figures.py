"""The figures of LotNet's model card: held-out scenes by pixel size, occupancy and sun; aerial frames."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.imagery.infer import Engine
from solarnet_assets.parking import kit, network
from solarnet_assets.parking.calibrate import calibrate, estimates, fit
from solarnet_assets.parking.estimate import Calibration
from solarnet_assets.parking.measure import heats_of, summary, tallies
from solarnet_assets.parking.observe import observe
from solarnet_assets.parking.pixels import TARGET_GSD
from solarnet_assets.parking.real import Place
from solarnet_assets.parking.render import LotChip, render, snap

HELD_OUT = {"calibration": 9_001, "test": 9_002, "real": 9_006}
"""Seeds of scenes that no training sees: thresholds come from the first, figures from the second."""


WINDOWS = 24
"""Windows of each real frame, each photographed anew."""


def _render_held_out(number: int, seed: int) -> LotChip:
    return render(np.random.default_rng([seed, number]))


BINS: dict[str, tuple[Callable[[LotChip], float], tuple[float, ...]]] = {
    "gsd": (lambda chip: chip.gsd, (0.15, 0.28, 0.34, 0.45, 0.6, 1.01)),
    "occupancy": (lambda chip: chip.facts.occupancy, (0.0, 0.01, 0.25, 0.5, 0.75, 1.01)),
    "sun": (lambda chip: chip.facts.sun, (20, 30, 45, 60, 76)),
}
"""What held-out figures are told apart by, and the edges: m, share of stalls, degrees of elevation."""


def evaluate(net: network.LotNet, count: int, workers: int, places: Sequence[Place] = ()) -> dict[str, Any]:
    """Choose the threshold and fit the count on some held-out scenes, measure on others; returns figures for the card.

    Args:
        net: what was learnt.
        count: scenes of each of the four sets.
        workers: rendering processes.
        places: what networks said of real places that they never saw.
    """
    sets = {name: drawn(HELD_OUT[name], count, workers) for name in ("calibration", "test")}
    heats = {name: heats_of(net, chips) for name, chips in sets.items()}
    grid = np.round(np.arange(0.16, 0.62, 0.02), 2)
    scores = [summary(tallies(heats["calibration"], sets["calibration"], float(t)))["f1"] for t in grid]
    threshold = float(grid[int(np.argmax(scores))])
    engine = Engine(net.eval(), next(net.parameters()).device)
    counting = calibrate(engine, count, partial(drawn, workers=workers), places)
    rows = tallies(heats["test"], sets["test"], threshold)
    counted = _counted(engine, sets["test"], counting, "renders")
    figures: dict[str, Any] = {"test": summary(rows) | _errors(counted, rows)}
    for name, (key, edges) in BINS.items():
        values = np.array([key(chip) for chip in sets["test"]])
        chosen = {f"{a:g}-{b:g}": (values >= a) & (values < b) for a, b in itertools.pairwise(edges)}
        figures[f"test_by_{name}"] = {
            label: summary(rows[c]) | _errors(counted[c], rows[c]) for label, c in chosen.items() if c.sum() > 2
        }
    first = {
        "threshold": threshold,
        "calibration": summary(tallies(heats["calibration"], sets["calibration"], threshold)),
    }
    return first | {"count": counting} | figures


def windows(frames: Sequence[kit.Frame]) -> Iterator[LotChip]:
    """Yield :data:`WINDOWS` windows of each frame, each as the simulated sensor sees it, always the same."""
    for number in range(len(frames) * WINDOWS):
        rng = np.random.default_rng([HELD_OUT["real"], number])
        yield snap(kit.window(frames[number // WINDOWS], rng), rng, kit.WINDOW)


def unseen(net: network.LotNet, frames: Sequence[kit.Frame], renders: Sequence[LotChip]) -> Place:
    """Return what a network says of photographed windows of a place that it never saw, beside their truth.

    Args:
        net: trained without the place.
        frames: of one sequence, which overlap almost wholly.
        renders: held-out scenes to fit its own calibration on.
    """
    engine = Engine(net.eval(), next(net.parameters()).device)
    area = np.mean([frame.image.shape[0] * frame.image.shape[1] * kit.GSD**2 for frame in frames])
    times = len(frames) * WINDOWS * (kit.WINDOW * TARGET_GSD) ** 2 / area
    seen = observe(windows(frames), engine, crowns_known=False)
    return Place(frames[0].sequence, float(times), fit(observe(renders, engine)), seen)


def drawn(seed: int, count: int, workers: int) -> list[LotChip]:
    """Return held-out renders, drawn by several processes."""
    job = partial(_render_held_out, seed=seed)
    if workers < 2:
        return [job(n) for n in range(count)]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return list(pool.map(job, range(count), chunksize=8))


def _counted(engine: Engine, chips: list[LotChip], counting: Mapping[str, Any], kind: str) -> NDArray[np.float64]:
    known = Calibration(**counting[kind])
    return np.array([one.mean for one in estimates(observe(chips, engine), known)])


def _errors(counted: NDArray[np.float64], rows: NDArray[np.float64]) -> dict[str, float]:
    """Return the error of calibrated counts: MAE, bias, and bias as a share of all vehicles."""
    error, seen = counted - rows[:, 0], rows[:, 0].sum()
    figures = {"mae": np.abs(error).mean(), "bias": error.mean(), "share": error.sum() / max(seen, 1)}
    return {f"count_{name}": round(float(value), 4) for name, value in figures.items()}


def evaluate_kit(net: network.LotNet, frames: list[kit.Frame], card: Mapping[str, Any]) -> dict[str, float]:
    """Return the figures over whole aerial frames brought to 0.3 m, with the card's threshold and count."""
    chips = [kit.whole(frame) for frame in frames]
    if not chips:
        return {}
    rows = tallies(heats_of(net, chips), chips, card["threshold"])
    engine = Engine(net.eval(), next(net.parameters()).device)
    return summary(rows) | _errors(_counted(engine, chips, card["count"], "calibration"), rows)
