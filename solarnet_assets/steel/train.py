"""Training and calibration of HeatNet on rendered scenes."""
# ruff: noqa: TID253  (training code; nothing that Dagster loads imports this module at module level)

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F  # noqa: N812

from solarnet_assets.imagery import learn
from solarnet_assets.imagery.publish import commit
from solarnet_assets.imagery.weights import Weights
from solarnet_assets.steel import figures, network
from solarnet_assets.steel.planes import planes
from solarnet_assets.steel.render import HeatChip, render
from solarnet_assets.steel.render_sensor import VISIBLE, draw_look

HELD_OUT = {"calibration": 9_101, "test": 9_102}
"""Seeds of scenes that no training sees."""

FALSE_PER_PIXEL = 3e-5
"""False hot pixels per cool pixel that the threshold may cost on held-out scenes: 0.3 in a mill scene of 96 x 96. These
scenes hold far more lookalikes than real ones: a quarter of those with glint hold some 25 mirrors. Ours."""

CALIBRATION = 3
"""Times as many held-out scenes set threshold and calibration as state figures: false pixels come in bunches."""

BAND_SETS: dict[str, tuple[str, ...]] = {
    "visible, B8A, B11, B12": (*VISIBLE, "B8A", "B11", "B12"),
    "B8A, B11, B12": ("B8A", "B11", "B12"),
    "B09, B11, B12": ("B09", "B11", "B12"),
    "visible, B8A, B12": (*VISIBLE, "B8A", "B12"),
    "B11, B12": ("B11", "B12"),
}
"""Sets of bands whose figures are stated one by one."""


UNTAUGHT = 2
"""Value of pixels from which nothing is learnt."""


def sample(chip: HeatChip) -> learn.Sample:
    """Return input (12, H, W) half and what is taught (H, W) of a chip: 0 cool, 1 hot, 2 nothing.

    Nothing is hot where B12 was not measured.
    """
    made = planes(chip.reflectance, chip.look.tci)
    taught = np.where(chip.untaught, UNTAUGHT, chip.hot) * (made[-1] > 0)
    return made.astype(np.float16), taught.astype(np.uint8)


def _draw(number: int, seed: int, bands: tuple[str, ...] | None = None) -> HeatChip:
    rng = np.random.default_rng([seed, number])
    return render(rng, look=draw_look(rng, bands))


def _draw_sample(number: int, seed: int) -> learn.Sample:
    return sample(_draw(number, seed))


def loss(logits: torch.Tensor, hot: torch.Tensor) -> torch.Tensor:
    """Return the cross entropy of hot pixels, per thousand pixels: a proper score, so that outputs are probabilities.

    Args:
        logits: (B, 1, H, W).
        hot: (B, H, W), 0, 1, or 2 where nothing is taught.
    """
    taught = (hot != UNTAUGHT).float()
    entropy = F.binary_cross_entropy_with_logits(logits[:, 0].float(), hot.clamp_max(1), reduction="none")
    return 1000 * (entropy * taught).mean()


@torch.no_grad()
def _logits(net: network.HeatNet, chips: Sequence[HeatChip]) -> NDArray[np.float32]:
    device = next(net.parameters()).device
    stack = torch.from_numpy(np.stack([sample(chip)[0] for chip in chips]).astype(np.float32))
    return np.concatenate([net(part.to(device)).float().cpu().numpy()[:, 0] for part in stack.split(64)])


def held_out(seed: int, count: int, bands: tuple[str, ...] | None = None, workers: int = 1) -> list[HeatChip]:
    """Render held-out chips 0 to ``count - 1`` of a seed, of any bands or of given ones."""
    make = partial(_draw, seed=seed, bands=bands)
    if workers <= 1:
        return [make(n) for n in range(count)]
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(make, range(count), chunksize=8))


def calibrate(net: network.HeatNet, chips: Sequence[HeatChip]) -> None:
    """Fit slope and shift of the logits (Platt 1999) on the hot and the certainly cool pixels of scenes, in place."""
    net.slope.fill_(1.0)
    net.shift.fill_(0.0)
    logits = torch.from_numpy(_logits(net, chips)).double()
    hot = torch.from_numpy(np.stack([sample(chip)[1] == 1 for chip in chips])).double()
    counts = torch.from_numpy(np.stack([chip.hot | chip.cool for chip in chips]))
    logits, hot = logits[counts], hot[counts]
    line = torch.tensor([1.0, 0.0], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([line], max_iter=50, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        value = F.binary_cross_entropy_with_logits(line[0] * logits + line[1], hot) * 1000
        value.backward()
        return value

    optimiser.step(closure)
    net.slope.fill_(float(line[0].detach()))
    net.shift.fill_(float(line[1].detach()))


def judge(net: network.HeatNet, chips: Sequence[HeatChip]) -> list[figures.Judged]:
    """Return what the network and the reference detectors say of chips."""
    found = []
    for chip, logits in zip(chips, _logits(net, chips), strict=True):
        known = np.isfinite(chip.reflectance["B12"])
        rules = figures.reference(chip.reflectance, chip.gain)
        found.append(figures.Judged(np.exp(-np.logaddexp(0, -logits)), rules, chip.hot & known, chip.cool & known))
    return found


def threshold_of(judged: Sequence[figures.Judged]) -> float:
    """Return the smallest threshold, to 0.001 and at least 0.5, that keeps false hot pixels within bounds."""
    cool = np.sort(np.concatenate([one.probability[one.cool] for one in judged]))[::-1]
    worst = float(cool[int(FALSE_PER_PIXEL * len(cool))])  # the first that must stay below
    return float(np.clip(np.floor(worst * 1000 + 1) / 1000, 0.5, 0.999).round(3))


def assess(net: network.HeatNet, count: int, workers: int = 1) -> dict[str, Any]:
    """Calibrate a network, choose its threshold, and state figures from ``count`` other held-out scenes a set."""
    chips = held_out(HELD_OUT["calibration"], CALIBRATION * count, workers=workers)
    calibrate(net, chips)
    threshold = threshold_of(judge(net, chips))
    test = judge(net, held_out(HELD_OUT["test"], count, workers=workers))
    table = figures.reliability(test)
    sets = {}
    for name, bands in BAND_SETS.items():
        judged = judge(net, held_out(HELD_OUT["test"], count, bands, workers))
        sets[name] = figures.at_threshold(judged, threshold)
        if bands == BAND_SETS["visible, B8A, B11, B12"]:
            rules = figures.against_rules(judged)
    return {
        "threshold": threshold,
        "calibration": {"slope": round(float(net.slope), 4), "shift": round(float(net.shift), 4)},
        "assessed": f"python -m solarnet_assets.steel.train {count}  (seeds {HELD_OUT})",
        "test": figures.at_threshold(test, threshold) | {"calibration_error": figures.calibration_error(table)},
        "test_by_bands": sets,
        "against_rules_at_equal_recall": rules,
        "reliability": table,
    }


def reassess(count: int) -> dict[str, Any]:
    """Bring calibration, threshold and figures of the shipped model card up to date without training."""
    from solarnet_assets.steel.model import WEIGHTS, engine

    net = cast("network.HeatNet", engine("cpu").network)
    card = WEIGHTS.card | assess(net, count)
    learn.save(net, {k: v for k, v in card.items() if k != "weights_sha256"}, WEIGHTS.path.parent, "heatnet")
    return card


def train(
    out: Path,
    recipe: learn.Recipe,
    count: int,
    log: Callable[[str], None],
    resume: bool = False,
    every: int = 1000,
    start: Path | None = None,
) -> dict[str, Any]:
    """Train, calibrate, and write weights and model card.

    Args:
        out: folder for ``heatnet.safetensors`` and ``heatnet.json``.
        recipe: length and seed.
        count: held-out scenes per set.
        log: receives lines of progress.
        resume: go on from the checkpoint in the folder.
        every: steps between checkpoints.
        start: folder of weights to begin with, rather than with random ones.
    """
    torch.manual_seed(recipe.seed)
    net = network.HeatNet()
    before = _begin(net, Weights(start, "heatnet")) if start else {}
    out.mkdir(parents=True, exist_ok=True)
    keep = learn.Keep(out / "heatnet.checkpoint.safetensors", every, resume)
    fitted, facts = learn.fit(net, partial(_draw_sample, seed=recipe.seed), loss, recipe, log, keep)
    card = {
        "name": "HeatNet",
        "task": "hot surfaces in Sentinel-2 and Landsat reflectance at 10 to 30 m, B12 and any other bands",
        "parameters": sum(p.numel() for p in net.parameters()),
        "data": "rendered scenes (solarnet_assets/steel/render.py)",
        "command": learn.command("heat", recipe, count) + (" --start DIR" if start else ""),
        "commit": commit(),
        **before,
        "recipe": recipe.__dict__,
        "training": facts,
        **assess(fitted, count, recipe.workers),
    }
    card["weights_sha256"] = learn.save(fitted, card, out, "heatnet")
    keep.file.unlink(missing_ok=True)
    return card


def _begin(net: network.HeatNet, weights: Weights) -> dict[str, Any]:
    """Load weights to go on from, and return what the new card says of them."""
    from safetensors.torch import load

    weights.check()
    net.load_state_dict(load(weights.path.read_bytes()))
    said = ("weights_sha256", "command", "commit", "started_from")
    return {"started_from": {key: weights.card[key] for key in said if key in weights.card}}


if __name__ == "__main__":
    print(reassess(int(sys.argv[1]))["test"])
