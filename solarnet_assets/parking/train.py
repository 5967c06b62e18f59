"""Training and calibration of LotNet, on rendered car parks and, where given, KIT AIS aerial frames."""
# ruff: noqa: TID253  (training code; nothing that Dagster loads imports this module at module level)

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file

from solarnet_assets.imagery import learn
from solarnet_assets.imagery.weights import Weights
from solarnet_assets.landing import BadInputError
from solarnet_assets.parking import kit, network, tones
from solarnet_assets.parking.calibrate import SEEDS
from solarnet_assets.parking.figures import drawn, evaluate, evaluate_kit, unseen
from solarnet_assets.parking.measure import HALF_HIDDEN, HIDDEN
from solarnet_assets.parking.real import write
from solarnet_assets.parking.render import CHIP, Scene, draw
from solarnet_assets.parking.sensor import Dice, photograph

SIGMA = 1.3
"""Width of a centre's Gaussian target, cells of 0.6 m."""


def targets(scene: Scene) -> learn.Sample:
    """Return a scene for the device: canvas (3, N, N) uint8, heat (S/2, S/2) half, cover, ignore, footprint."""
    cells = scene.footprint.shape[0]
    heat = np.zeros((cells, cells), np.float32)
    ignore = np.zeros((cells, cells), np.uint8)
    y, x = np.mgrid[-6:7, -6:7]
    for (cx, cy), hidden in zip(scene.centres / network.STRIDE - 0.5, scene.hidden, strict=True):
        ix, iy = int(np.clip(round(float(cx)), 0, cells - 1)), int(np.clip(round(float(cy)), 0, cells - 1))
        rows, columns = iy + y, ix + x
        inside = (rows >= 0) & (rows < cells) & (columns >= 0) & (columns < cells)
        rows, columns = rows[inside], columns[inside]
        if hidden > HALF_HIDDEN:
            close = (np.abs(y) <= 3) & (np.abs(x) <= 3)
            if hidden <= HIDDEN:
                ignore[rows[close[inside]], columns[close[inside]]] = 1
            continue
        bump = np.exp(-((columns - cx) ** 2 + (rows - cy) ** 2) / (2 * SIGMA**2))
        heat[rows, columns] = np.maximum(heat[rows, columns], bump)
        heat[iy, ix] = 1.0
    cover = scene.cover.reshape(2, cells, 2, cells, 2).max((2, 4)).astype(np.uint8)
    canvas = np.ascontiguousarray(scene.canvas.transpose(2, 0, 1))
    return canvas, heat.astype(np.float16), cover, ignore, scene.footprint


CROPS, CUTS = 0.2, 0.36
"""Shares of scenes that are a crop of a real frame, and that show cars cut out of real frames."""


@dataclass(frozen=True)
class _Place:
    """A real place: its frames, and the cars cut out of them."""

    frames: list[kit.Frame]
    cars: list[Image.Image]


def _draw(number: int, seed: int, places: list[_Place]) -> learn.Sample:
    """Return a scene; its last array is 1 + the place that any of it comes from, 0 for one that is drawn only."""
    rng = np.random.default_rng([seed, number])
    kind, which = rng.random(), int(rng.integers(max(len(places), 1)))
    if not places or kind >= CROPS + CUTS:
        return *targets(draw(rng, CHIP)), np.zeros(1, np.int64)
    frames = places[which].frames
    if kind < CROPS:
        scene = kit.crop(frames[rng.integers(len(frames))], rng, CHIP)
    else:
        scene = draw(rng, CHIP, places[which].cars)
    return *targets(scene), np.full(1, 1 + which)


def photographed(batch: list[torch.Tensor], seed: torch.Generator) -> list[torch.Tensor]:
    """Return canvases as the network sees them, photographed anew; half as if part of a larger image."""
    canvas, *rest = batch
    dice = Dice(seed, canvas.device)
    image, gsd = photograph(canvas, dice, canvas.shape[-1] // 2)
    other = dice.uniform(0, 1, len(image), 1, 1, 1) < 0.5
    stretch = torch.where(other, torch.exp(dice.uniform(-0.5, 1.3, len(image), 1, 1, 1)), 1.0)
    shift = torch.where(other, dice.uniform(-1.6, 1.0, len(image), 1, 1, 1), 0.0)
    return [tones.normalise(image, gsd, tones.with_data(image), stretch, shift), *rest]


def _loss(logits: torch.Tensor, *wanted: torch.Tensor) -> torch.Tensor:
    return network.loss(logits, *wanted)


def train(
    out: Path,
    recipe: learn.Recipe,
    real: Path | None,
    held_out: int,
    log: Callable[[str], None],
    start: Path | None = None,
    blind: Path | None = None,
) -> dict[str, Any]:
    """Train, calibrate, and write weights and model card.

    With frames, one more network is trained beside for each place, on the same scenes but for those of its place: what
    these say of the places that they never saw is how scores on real images compare with those on renders (see
    :mod:`solarnet_assets.parking.real`).

    Args:
        out: folder for ``lotnet.safetensors`` and ``lotnet.json``, and for the networks that never saw a place.
        recipe: length and seed.
        real: folder of KIT AIS frames with boxes; rendered scenes alone when absent.
        held_out: held-out scenes per set.
        log: receives lines of progress.
        start: folder of an earlier training whose weights this one goes on from, with scenes of its own.
        blind: folder of weights that were trained on renders alone, from which the networks that never see a place
            begin; ``start`` when absent.

    Raises:
        BadInputError: these weights have seen frames already, so that no network would be new to its place.
    """
    frames = kit.frames(real) if real else []
    learnt = [frame for frame in frames if frame.sequence != kit.HELD_OUT]
    names = sorted({frame.sequence for frame in learnt})
    own = [[frame for frame in learnt if frame.sequence == name] for name in names]
    places = [_Place(some, kit.cut_out(some)) for some in own]
    before, other = (Weights(folder, "lotnet") if folder else None for folder in (start, blind or start))
    if other and names and kit.ATTRIBUTION in other.card["data"]:
        raise BadInputError(f"{other.folder} has seen the frames: --blind needs weights that renders alone trained")
    job = partial(_draw, seed=recipe.seed, places=places)
    fitted, facts, others = _fitted(out, recipe, job, names, (before, other), log)
    chips = drawn(SEEDS["fit"], held_out, recipe.workers) if names else []
    seen = [unseen(others[name], place.frames, chips) for name, place in zip(names, places, strict=True)]
    write(out, seen)
    figures = evaluate(fitted, held_out, recipe.workers, seen)
    held = [f for f in frames if f.sequence == kit.HELD_OUT]
    figures["kit_ais_held_out"] = evaluate_kit(fitted, held, figures)
    given = {"--kit": learnt, "--start": start, "--blind": blind}
    command = learn.command("parking", recipe, held_out) + "".join(f" {k} DIR" for k, value in given.items() if value)
    done = {"command": command, "recipe": recipe.__dict__, "training": facts}
    card = {
        **_described(fitted, bool(learnt)),
        "trainings": [*(before.card["trainings"] if before else []), done],
        "blind": other.card["trainings"] if other and blind else [],
        **figures,
    }
    card["weights_sha256"] = learn.save(fitted, card, out, "lotnet", half=True)
    return card


def _fitted(
    out: Path,
    recipe: learn.Recipe,
    job: Callable[..., Any],
    names: Sequence[str],
    begun: tuple[Weights | None, Weights | None],
    log: Callable[[str], None],
) -> tuple[network.LotNet, dict[str, Any], dict[str, network.LotNet]]:
    """Train the network and, for each place, one that never sees it; write their weights.

    Returns:
        The network with its weights as they are stored, what its training says of itself, and the others by place.
    """
    before, other = begun
    nets = [(_begun(weights, recipe.seed), recipe.seed) for weights in (before, *[other] * len(names))]
    without = [None, *range(1, 1 + len(names))]
    fits = learn.fit_all(nets, job, _loss, recipe, log, None, photographed, without)
    (fitted, facts), others = fits[0], {name: net for name, (net, _) in zip(names, fits[1:], strict=True)}
    for name, net in others.items():
        learn.save(net, {"never_saw": name}, out, f"lotnet_without_{name}", half=True)
    learn.save(fitted, {}, out, "lotnet", half=True)
    fitted.load_state_dict(load_file(out / "lotnet.safetensors"))
    return fitted, facts, others


def _described(net: network.LotNet, with_frames: bool) -> dict[str, Any]:
    """Return what the model card says of the network itself."""
    return {
        "name": "LotNet",
        "task": "centres of vehicles in RGB images resampled to 0.3 m",
        "parameters": sum(p.numel() for p in net.parameters()),
        "data": "rendered car parks (solarnet_assets/parking/render.py)"
        + (f"; {kit.ATTRIBUTION}" if with_frames else ""),
    }


def _begun(before: Weights | None, seed: int) -> network.LotNet:
    """Return a network with the weights of an earlier training, or with random ones."""
    torch.manual_seed(seed)
    net = network.LotNet()
    if before:
        before.check()
        net.load_state_dict(load_file(before.path))
    return net
