"""``solarnet train``: makes the weights that the package ships, from rendered scenes, on a CPU or a GPU."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from solarnet_assets.landing import BadInputError

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
    kind: Annotated[
        str,
        typer.Option(
            help="s2 (reflectance at 10 m), any (the same, bands may be missing) or rgb (pictures of 0.07-3 m)"
        ),
    ] = "s2",
    network: Annotated[str, typer.Option(help="solarnet, unet or emanet")] = "solarnet",
    steps: Steps = 8000,
    minutes: Annotated[float | None, typer.Option(help="wall clock at most; without it runs can be repeated")] = None,
    workers: Workers = 2,
    seed: Seed = 1,
    batch: Batch = 64,
    rate: Annotated[float, typer.Option(help="largest learning rate")] = 2e-3,
    reuse: Annotated[float, typer.Option(help="how often a scene is used, on average")] = 8.0,
    ring: Annotated[int, typer.Option(help="scenes kept on the device, a multiple of 16")] = 12288,
    held_out: HeldOut = 400,
    real: Annotated[Path | None, typer.Option(help="folder of KIT AIS frames as backgrounds (CC BY 3.0)")] = None,
    every: Annotated[int, typer.Option(help="steps between checkpoints")] = 500,
    resume: Annotated[bool, typer.Option(help="go on from the checkpoint in the folder")] = False,
    start: Annotated[Path | None, typer.Option(help="folder of weights to begin with; random ones when absent")] = None,
) -> None:
    """Train SolarNet, or one of the networks that it is compared with, on rendered scenes."""
    from solarnet_assets.imagery.learn import Recipe
    from solarnet_assets.solar.train import check_names, train

    try:
        check_names(kind, network)
    except BadInputError as error:
        raise typer.BadParameter(str(error)) from error
    lengths = {"steps": steps, "minutes": minutes, "batch": batch, "rate": rate, "reuse": reuse, "ring": ring}
    recipe = replace(Recipe(), **lengths, workers=workers, seed=seed)  # type: ignore[arg-type]
    folder = out or PACKAGE / "solar" / "weights"
    card = train(folder, kind, network, recipe, held_out, typer.echo, real, resume, every, start)
    typer.echo(f"threshold {card['threshold']}, test {card['test']}")


@app.command()
def heat(
    out: Out = None,
    steps: Steps = 7000,
    minutes: Annotated[float | None, typer.Option(help="wall clock at most; without it runs can be repeated")] = None,
    workers: Workers = 2,
    seed: Seed = 1,
    batch: Batch = 64,
    reuse: Annotated[float, typer.Option(help="how often a scene is used, on average")] = 16.0,
    held_out: HeldOut = 600,
    every: Annotated[int, typer.Option(help="steps between checkpoints")] = 1000,
    resume: Annotated[bool, typer.Option(help="go on from the checkpoint in the folder")] = False,
    ring: Annotated[int, typer.Option(help="scenes kept on the device, a multiple of 16")] = 12288,
    start: Annotated[Path | None, typer.Option(help="folder of weights to begin with; random ones when absent")] = None,
) -> None:
    """Train HeatNet on rendered scenes with and without hot surfaces."""
    from solarnet_assets.imagery.learn import Recipe
    from solarnet_assets.steel.train import train

    lengths = {"steps": steps, "minutes": minutes, "batch": batch, "reuse": reuse, "ring": ring}
    recipe = replace(Recipe(), **lengths, workers=workers, seed=seed)  # type: ignore[arg-type]
    card = train(out or PACKAGE / "steel" / "weights", recipe, held_out, typer.echo, resume, every, start)
    typer.echo(f"threshold {card['threshold']}, test {card['test']}")


@app.command()
def posts(
    out: Out = None,
    encoder: Annotated[
        str | None, typer.Option(help="folder or Hugging Face model that probes are fitted on; the packaged MiniLM")
    ] = None,
    revision: Annotated[str | None, typer.Option(help="of a Hugging Face model")] = None,
    langs: Annotated[str, typer.Option(help="languages that the encoder reads: en, zh or en,zh")] = "en",
    max_tokens: Annotated[int, typer.Option(min=8, help="of --encoder: texts are cut there")] = 128,
) -> None:
    """Fit the classifier of posts on the package's invented texts; about half a minute."""
    from solarnet_assets.social.encoder import PACKAGED, EncoderAbsentError, Spec
    from solarnet_assets.social.train import train

    named = tuple(lang.strip() for lang in langs.split(","))
    if not set(named) <= {"en", "zh"}:
        raise typer.BadParameter(f"--langs {langs}: known are en and zh")
    if encoder is not None and out is None:
        raise typer.BadParameter("--encoder needs --out: the package's own weights belong to the packaged encoder")
    try:
        train(out, Spec(encoder or PACKAGED, revision, None, named, max_tokens))
    except EncoderAbsentError as error:
        raise BadInputError(f"posts cannot be trained: {error}") from error


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
    start: Annotated[Path | None, typer.Option(help="folder of weights to go on from, with scenes of its own")] = None,
    blind: Annotated[
        Path | None, typer.Option(help="weights that no frame has trained, for the networks that never see a place")
    ] = None,
    rate: Annotated[float, typer.Option(help="largest learning rate")] = 2e-3,
    reuse: Annotated[float, typer.Option(help="how often a drawn scene is photographed, on average")] = 8.0,
    ring: Annotated[int, typer.Option(help="scenes kept on the device, a multiple of 16")] = 12288,
    ahead: Annotated[int, typer.Option(help="steps whose scenes are photographed at once")] = 1,
) -> None:
    """Train LotNet on rendered car parks and, where given, KIT AIS frames."""
    from solarnet_assets.imagery.learn import Recipe
    from solarnet_assets.parking.train import train

    recipe = replace(Recipe(), steps=steps, minutes=minutes, workers=workers, seed=seed, batch=batch)
    recipe = replace(recipe, rate=rate, reuse=reuse, ring=ring, ahead=ahead)
    card = train(out or PACKAGE / "parking" / "weights", recipe, kit, held_out, typer.echo, start, blind)
    typer.echo(f"threshold {card['threshold']}, test {card['test']}, KIT AIS {card['kit_ais_held_out']}")


@app.command("parking-count")
def parking_count(held_out: HeldOut = 400) -> None:
    """Fit anew, on held-out renders, how scores of the shipped LotNet become counts; replaces that part of its card."""
    from solarnet_assets.parking.calibrate import recalibrate

    typer.echo(f"counts of other held-out scenes: {recalibrate(held_out)['check']}")


if __name__ == "__main__":
    app()
