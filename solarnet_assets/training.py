"""``solarnet train``: makes the weights that the package ships, from rendered scenes, on a CPU or a GPU."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Train the networks on rendered scenes; writes safetensors and a model card.", no_args_is_help=True
)

Out = Annotated[Path | None, typer.Option(help="folder for weights and card; the package's own when absent")]
Steps = Annotated[int, typer.Option(help="optimiser steps at most")]
Minutes = Annotated[float, typer.Option(help="wall clock at most")]
Workers = Annotated[int, typer.Option(help="rendering processes")]
Seed = Annotated[int, typer.Option(help="seed of scenes, weights and order")]
Batch = Annotated[int, typer.Option(help="scenes a step")]
HeldOut = Annotated[int, typer.Option(help="held-out scenes for threshold and for figures, each")]

PACKAGE = Path(__file__).parent


@app.command()
def solar(
    out: Out = None,
    steps: Steps = 8000,
    minutes: Minutes = 30.0,
    workers: Workers = 2,
    seed: Seed = 1,
    batch: Batch = 64,
    held_out: HeldOut = 400,
) -> None:
    """Train SolarNet on rendered 10 m scenes."""
    from solarnet_assets.imagery.learn import Recipe
    from solarnet_assets.solar.train import train

    recipe = replace(Recipe(), steps=steps, minutes=minutes, workers=workers, seed=seed, batch=batch)
    card = train(out or PACKAGE / "solar" / "weights", recipe, held_out, typer.echo)
    typer.echo(f"threshold {card['threshold']}, test {card['test']}")


@app.command()
def posts(out: Out = None) -> None:
    """Fit the classifier of posts on the package's invented texts; about half a minute."""
    from solarnet_assets.social.train import train

    train(out)


@app.command()
def parking(
    out: Out = None,
    kit: Annotated[Path | None, typer.Option(help="folder of KIT AIS frames with labels_yolo/ (CC BY 3.0)")] = None,
    steps: Steps = 5000,
    minutes: Minutes = 30.0,
    workers: Workers = 2,
    seed: Seed = 1,
    batch: Batch = 64,
    held_out: HeldOut = 400,
) -> None:
    """Train LotNet on rendered car parks and, where given, KIT AIS frames."""
    from solarnet_assets.imagery.learn import Recipe
    from solarnet_assets.parking.train import train

    recipe = replace(Recipe(), steps=steps, minutes=minutes, workers=workers, seed=seed, batch=batch)
    card = train(out or PACKAGE / "parking" / "weights", recipe, kit, held_out, typer.echo)
    typer.echo(f"threshold {card['threshold']}, test {card['test']}, KIT AIS {card['kit_ais_held_out']}")


if __name__ == "__main__":
    app()
