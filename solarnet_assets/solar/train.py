"""Training and calibration of the solar networks on rendered scenes, and their comparison."""
# ruff: noqa: TID253  (training code; nothing that Dagster loads imports this module at module level)

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from solarnet_assets.imagery import learn
from solarnet_assets.imagery.publish import commit, save
from solarnet_assets.imagery.weights import Weights
from solarnet_assets.landing import BadInputError
from solarnet_assets.solar import assess, assess_rgb, assess_wide, tasks
from solarnet_assets.solar.baselines import NETWORKS
from solarnet_assets.solar.model import weights_of

TASKS = {
    "s2": "solar arrays in Sentinel-2 reflectance at 10 m, bands B02 B03 B04 B08 B11 B12",
    "any": "solar arrays in Sentinel-2 reflectance at 10 m of which any but B02, B03 and B04 may be missing",
    "rgb": "solar arrays in 8-bit red, green, blue pictures of 0.07-3 m a pixel",
}
DATA = {
    "s2": "rendered scenes (solarnet_assets/solar/render.py)",
    "any": "rendered scenes (solarnet_assets/solar/render.py, varied by s2_vary.py)",
    "rgb": "rendered pictures (solar/rgb_render.py, varied by rgb_vary.py)",
}


def check_names(kind: str, name: str) -> None:
    """Raise BadInputError unless there is such a network for such input."""
    if name not in NETWORKS.get(kind, {}):
        known = "; ".join(f"{', '.join(names)} for {one}" for one, names in NETWORKS.items())
        raise BadInputError(f"there is no network {name} for {kind}; known are {known}")


def assessed(kind: str, net: nn.Module, held_out: int, workers: int = 0, real: Path | None = None) -> dict[str, Any]:
    """Return threshold, calibration and figures of a network on held-out scenes of its kind."""
    if kind != "rgb":
        return assess.assess(net, held_out, workers)
    return assess_rgb.assess(net, held_out, workers, tasks.frames(real, kept_aside=True) if real else ())


def train(
    out: Path,
    kind: str,
    name: str,
    recipe: learn.Recipe,
    held_out: int,
    log: Callable[[str], None],
    real: Path | None = None,
    resume: bool = False,
    every: int = 500,
    start: Path | None = None,
) -> dict[str, Any]:
    """Train, calibrate, and write weights and model card.

    Args:
        out: folder for weights, card and, while it trains, the checkpoint.
        kind: ``s2`` or ``rgb``.
        name: ``solarnet``, ``unet`` or ``emanet``.
        recipe: length and seed.
        held_out: held-out scenes per set.
        log: receives lines of progress.
        real: folder of KIT AIS frames, as backgrounds of pictures.
        resume: whether to go on from the checkpoint, where there is one.
        every: steps between checkpoints.
        start: folder of weights of the same network to begin with, rather than with random ones.
    """
    frames = tasks.frames(real) if real and kind == "rgb" else []
    torch.manual_seed(recipe.seed)
    net = NETWORKS[kind][name]()
    weights = weights_of(kind, name, out)
    before = begin(net, weights_of(kind, name, start)) if start else {}
    keep = learn.Keep(out / f"{weights.name}.checkpoint", every, resume)
    draw = tasks.drawer(kind, recipe.seed)
    fitted, facts = learn.fit(net, draw, tasks.loss, recipe, log, keep, tasks.preparer(kind, frames))
    options = (
        f"solar --kind {kind} --network {name}" + (" --real DIR" if frames else "") + (" --start DIR" if start else "")
    )
    card = {
        "name": type(net).__name__,
        "task": TASKS[kind],
        "parameters": sum(p.numel() for p in net.parameters()),
        "data": DATA[kind] + (f"; {tasks.ATTRIBUTION}" if frames else ""),
        "seed": recipe.seed,
        "commit": commit(),
        "command": learn.command(options, recipe, held_out),
        "recipe": recipe.__dict__,
        "training": facts,
        **before,
        **assessed(kind, fitted, held_out, recipe.workers, real),
    }
    card["weights_sha256"] = save(fitted, card, out, weights.name, half=kind == "rgb")
    keep.file.unlink(missing_ok=True)
    return card


def begin(net: nn.Module, weights: Weights) -> dict[str, Any]:
    """Load weights to go on from, and return what the new card says of them.

    They may be of a network of another width: layers of the same shape are taken over, the others begin anew.

    Raises:
        BadInputError: no layer is of the same shape.
    """
    from safetensors.torch import load

    weights.check()
    kept, own = load(weights.path.read_bytes()), net.state_dict()
    same = {name: value for name, value in kept.items() if name in own and own[name].shape == value.shape}
    if not same:
        raise BadInputError(f"{weights.path} belongs to another network: no layer has the shape of this one's")
    net.load_state_dict(own | same)
    known = {key: weights.card.get(key) for key in ("weights_sha256", "command", "commit", "started_from")}
    return {"started_from": known | {"tensors_taken_over": f"{len(same)} of {len(own)}"}}


def average(kind: str, folders: Sequence[Path], out: Path) -> dict[str, Any]:
    """Write the mean of the weights of trainings that went on from one another, whose error is often the lower.

    After Wortsman et al. 2022, "Model soups" (arXiv 2203.05482). Figures are those of the last; see :func:`reassess`.
    """
    from safetensors.torch import load

    sources = [weights_of(kind, "solarnet", folder) for folder in folders]
    states = [load(source.path.read_bytes()) for source in sources]
    net = NETWORKS[kind]["solarnet"]()
    mean = {key: torch.stack([s[key].float() for s in states]).mean(0) for key in states[0]}
    net.load_state_dict({key: value.to(states[-1][key].dtype) for key, value in mean.items()})
    said = ("weights_sha256", "command", "commit", "recipe", "training", "started_from")
    parts = [{key: source.card[key] for key in said if key in source.card} for source in sources]
    card = {key: value for key, value in sources[-1].card.items() if key not in said} | {"averaged_from": parts}
    told = f"solarnet_assets.solar.train.average of the {len(parts)} trainings below"
    card |= {"seed": sources[-1].card["seed"], "commit": commit(), "command": told}
    save(net, card, out, weights_of(kind).name, half=kind == "rgb")
    return card


def reassess(kind: str, held_out: int, real: Path | None = None) -> dict[str, Any]:
    """Bring threshold and figures of the shipped model card up to date without training."""
    from solarnet_assets.solar.model import engine

    network = engine("cpu", kind).network
    weights = weights_of(kind)
    card = weights.card | assessed(kind, network, held_out, 0, real)
    if kind != "rgb":
        card["elsewhere"] = assess_wide.figures(network, card["threshold"])
    save(network, {k: v for k, v in card.items() if k != "weights_sha256"}, weights.folder, weights.name, kind == "rgb")
    return card


def compare(
    kind: str, seeds: Sequence[int], recipe: learn.Recipe, held_out: int, log: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Train every network with every seed side by side on the same scenes, and return one row of figures each.

    Scenes come from the recipe's seed; a network's own seed decides its first weights and the order of the scenes.
    """
    jobs: list[tuple[str, int, nn.Module]] = []
    for name, build in NETWORKS[kind].items():
        for seed in seeds:
            torch.manual_seed(seed)
            jobs.append((name, seed, build()))
    draw = tasks.drawer(kind, recipe.seed)
    pairs = [(net, seed) for _, seed, net in jobs]
    fitted = learn.fit_all(pairs, draw, tasks.loss, recipe, log, None, tasks.preparer(kind))
    rows = []
    for (name, seed, net), (ready, facts) in zip(jobs, fitted, strict=True):
        found = (assess.best if kind == "s2" else assess_rgb.assess)(ready, held_out, recipe.workers)
        row = {"network": name, "seed": seed, "parameters": sum(p.numel() for p in net.parameters())}
        rows.append(row | {"threshold": found["threshold"], **found["test"], "curve": facts["curve"]})
        log(f"{name} {seed}: IoU {found['test']['iou']}, farm F1 {found['test']['farm_f1']}")
    return rows


def milliseconds(kind: str, name: str, side: int = 256) -> float:
    """Return the time, ms, that a network takes for an image of ``side`` pixels on one thread of this CPU (median)."""
    torch.set_num_threads(1)
    net = NETWORKS[kind][name]().eval()
    image: NDArray[np.float32] = np.random.default_rng(1).random((1, 6 if kind == "s2" else 3, side, side), np.float32)
    took = []
    with torch.inference_mode():
        for _ in range(7):
            start = time.perf_counter()
            net(torch.from_numpy(image))
            took.append(time.perf_counter() - start)
    return float(np.median(took)) * 1e3


if __name__ == "__main__":
    kit = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    print(reassess(sys.argv[1], int(sys.argv[2]), kit)["test"])
