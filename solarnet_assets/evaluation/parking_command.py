"""What ``solarnet evaluate parking`` runs, prints and writes."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from solarnet_assets.evaluation import parking_tables


def print_blocks(folder: Path, gsd: float | None, out: Path, device: str | None, console: Console) -> None:
    """Count the blocks of a folder, print them, and write ``blocks.csv``, ``detections.csv`` and pictures.

    Raises:
        BadInputError: nothing can be counted.
    """
    from solarnet_assets.evaluation.parking import evaluate

    scored = evaluate(folder, gsd, out, device, lambda line: console.print(line, markup=False, highlight=False))
    parking_tables.show(scored, console)
    console.print(f"written: {out / 'blocks.csv'}, detections.csv and a picture a block", markup=False, highlight=False)


def print_held_out(renders: int, kit: Path | None, device: str | None, console: Console) -> None:
    """Print the figures on held-out renders and on the held-out KIT AIS sequence, where they are asked for.

    Raises:
        BadInputError: the folder of frames is none.
    """
    from solarnet_assets.evaluation.parking_figures import aerial, rendered

    if renders:
        console.print(parking_tables.held_out(f"{renders} held-out renders", rendered(renders, device)))
    if kit is not None:
        console.print(parking_tables.held_out("Aerial frames", aerial(kit, device)))
