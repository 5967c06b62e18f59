"""SolarNet against U-Net and EMANet: the same rendered scenes and steps, three seeds each, one table.

Run: ``python benchmarks/solar_networks.py s2 --steps 2500 --held-out 400 [--out FILE.json]``
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from solarnet_assets.imagery.learn import Recipe
from solarnet_assets.solar.train import compare, milliseconds

COLUMNS = ("network", "seed", "parameters", "threshold", "iou", "precision", "recall", "farm_f1")


def main(
    kind: Annotated[str, typer.Argument(help="s2 or rgb")] = "s2",
    steps: int = 2500,
    minutes: float | None = None,
    batch: int = 64,
    workers: int = 2,
    seeds: int = 3,
    held_out: int = 400,
    reuse: float = 8.0,
    ring: int = 12288,
    out: Path | None = None,
) -> None:
    """Train, score on the same held-out scenes, print."""
    recipe = replace(Recipe(), steps=steps, minutes=minutes, batch=batch, workers=workers, reuse=reuse, ring=ring)
    rows = compare(kind, range(1, seeds + 1), recipe, held_out, typer.echo)
    if out:
        out.write_text(json.dumps({"kind": kind, "recipe": recipe.__dict__, "rows": rows}, indent=1) + "\n")
    typer.echo("| " + " | ".join(COLUMNS) + " |\n" + "|---" * len(COLUMNS) + "|")
    for row in rows:
        typer.echo("| " + " | ".join(str(row[name]) for name in COLUMNS) + " |")
    for name in dict.fromkeys(row["network"] for row in rows):
        own = [row for row in rows if row["network"] == name]
        mean = {key: sum(row[key] for row in own) / len(own) for key in ("iou", "farm_f1")}
        spread = {key: max(row[key] for row in own) - min(row[key] for row in own) for key in mean}
        typer.echo(
            f"{name}: IoU {mean['iou']:.4f} (range {spread['iou']:.4f}), farm F1 {mean['farm_f1']:.4f} "
            f"(range {spread['farm_f1']:.4f}), {milliseconds(kind, name):.0f} ms per 256 x 256 on one CPU thread"
        )


if __name__ == "__main__":
    typer.run(main)
