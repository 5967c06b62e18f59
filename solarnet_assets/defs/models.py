"""Networks, trained on demand: one asset that is no part of a day's work.

Belongs here: the settings of a training, calling it, and what the UI shows of it. No networks, no loops.
"""

from typing import Any

import dagster as dg
from pydantic import Field

from solarnet_assets.defs.daily import OWNERS
from solarnet_assets.defs.resources import Project


class Training(dg.Config):
    """Settings of one training; the same settings go on from the checkpoint that a killed run left."""

    kind: str = Field("s2", description="s2: reflectance at 10 m; any: bands may be missing; rgb: pictures of 0.07-3 m")
    network: str = Field("solarnet", description="solarnet, unet or emanet")
    seed: int = Field(1, description="seed of scenes, weights and order")
    steps: int = Field(8000, gt=0, description="optimiser steps")
    batch: int = Field(64, gt=0, description="scenes a step")
    ring: int = Field(12288, gt=0, multiple_of=16, description="scenes kept on the device")
    workers: int = Field(2, ge=0, description="rendering processes")
    held_out: int = Field(400, gt=0, description="held-out scenes for threshold and for figures, each")
    every: int = Field(500, gt=0, description="steps between checkpoints")


def training_metadata(card: dict[str, Any], folder: str) -> dict[str, Any]:
    """Return what the UI shows of a training: figures as a table and as numbers, the curve, where the weights lie."""
    from solarnet_assets.imagery.picture import curve_png

    figures = {name: value for name, value in card["test"].items() if isinstance(value, int | float)}
    rows = "\n".join(f"| {name.replace('_', ' ')} | {value} |" for name, value in figures.items())
    curve = card["training"]["curve"]
    shown: dict[str, Any] = {"loss": curve[-1][1]} if curve else {}
    shown |= {name: float(figures[name]) for name in ("iou", "farm_f1", "precision", "recall")}
    picture = f"![loss](data:image/png;base64,{curve_png(curve)})" if curve else "no curve"
    return shown | {
        "threshold": float(card["threshold"]),
        "parameters": int(card["parameters"]),
        "held_out_figures": dg.MetadataValue.md(f"| figure | value |\n|---|---|\n{rows}"),
        "loss_curve": dg.MetadataValue.md(picture),
        "command": dg.MetadataValue.text(card["command"]),
        "weights_sha256": dg.MetadataValue.text(card["weights_sha256"]),
        "path": dg.MetadataValue.path(folder),
    }


@dg.asset(
    group_name="models",
    kinds={"pytorch"},
    owners=OWNERS,
    tags={"layer": "model"},
    pool="gpu",
    description="A network that finds solar arrays, trained on rendered scenes, calibrated on held-out ones: weights "
    "(safetensors) and model card under `models/` of the home. Run by hand; a killed run is taken up again from its "
    "last checkpoint. Nothing uses these weights until SOLARNET_SOLAR_WEIGHTS names their folder.",
)
def solar_network(context: dg.AssetExecutionContext, config: Training, project: Project) -> dg.MaterializeResult[Any]:
    """Train one network."""
    from dataclasses import replace

    from solarnet_assets.imagery.learn import Recipe
    from solarnet_assets.solar.train import check_names, train

    check_names(config.kind, config.network)
    name = f"{config.network}_{config.kind}_seed{config.seed}_steps{config.steps}"
    folder = project.config.home / "models" / name
    recipe = replace(
        Recipe(), steps=config.steps, seed=config.seed, batch=config.batch, ring=config.ring, workers=config.workers
    )
    card = train(
        folder, config.kind, config.network, recipe, config.held_out, context.log.info, resume=True, every=config.every
    )
    return dg.MaterializeResult(metadata=training_metadata(card, str(folder)))
