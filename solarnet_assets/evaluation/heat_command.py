"""What ``solarnet evaluate heat`` prints and writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from solarnet_assets.evaluation import heat_tables
from solarnet_assets.evaluation.heat import evaluate
from solarnet_assets.evaluation.heat_images import Stated
from solarnet_assets.imagery.stac import IMAGE_SUFFIXES
from solarnet_assets.landing import BadInputError
from solarnet_assets.steel import figures


@dataclass(frozen=True)
class Asked:
    """Images to judge, what is known of them, a mask for the only one, and the folder for pictures."""

    images: tuple[Path, ...]
    stated: Stated
    mask: Path | None
    out: Path


def print_images(asked: Asked, console: Console) -> None:
    """Judge images one by one, print their tables, and write their pictures.

    Raises:
        BadInputError: an image or the mask cannot be used.
    """
    total, images = 0, _files(asked.images)
    stems = Counter(path.stem for path in images)
    for path in images:
        report = evaluate(path, asked.stated, asked.mask)
        total += report.verdicts[0].hot
        console.print(heat_tables.detectors(report))
        console.print(heat_tables.understood(report), markup=False, highlight=False)
        clusters = heat_tables.clusters(report)
        if clusters is not None:
            console.print(clusters)
        if report.largest is not None:
            console.print(f"largest probability of a hot pixel: {report.largest:.3f}", highlight=False)
        if report.picture is not None:
            asked.out.mkdir(parents=True, exist_ok=True)
            name = path.stem if stems[path.stem] == 1 else f"{path.absolute().parent.name}_{path.name}"
            file = asked.out / f"{name}_heat.png"
            file.write_bytes(report.picture)
            console.print(f"picture: {file}", markup=False, highlight=False)
    if len(images) > 1:
        console.print(f"HeatNet: {total} hot pixels in {len(images)} images", highlight=False)


def _files(given: Sequence[Path]) -> list[Path]:
    """Return the images, those of a folder in order of their names."""
    found: list[Path] = []
    for path in given:
        inside = (
            sorted(file for file in path.glob("*") if file.suffix.lower() in IMAGE_SUFFIXES)
            if path.is_dir()
            else [path]
        )
        if not inside:
            raise BadInputError(f"{path} holds no GeoTIFF or JPEG 2000 image")
        found += inside
    return found


def print_held_out(scenes: int, days: int, console: Console) -> None:
    """Score HeatNet and the rules on held-out rendered scenes and on simulated mills of held-out seeds.

    Args:
        scenes: rendered scenes per set of bands; 0 leaves them out.
        days: simulated days per held-out seed; 0 leaves them out.
        console: where to print.
    """
    from solarnet_assets.steel.model import engine, threshold

    if scenes:
        from solarnet_assets.evaluation.heat_figures import rendered

        for name, judged in rendered(engine("cpu"), scenes).items():
            console.print(f"{scenes} rendered scenes, {name}: {figures.at_threshold(judged, threshold())}")
            if any(one.rules for one in judged):
                console.print(
                    heat_tables.rules(f"rules against HeatNet, rendered scenes, {name}", figures.against_rules(judged))
                )
    if days:
        from solarnet_assets.evaluation.heat_figures import simulated

        judged = simulated(engine("cpu"), days=days)
        console.print(f"{len(judged)} simulated passes of held-out seeds: {figures.at_threshold(judged, threshold())}")
        console.print(heat_tables.rules("rules against HeatNet, simulated passes", figures.against_rules(judged)))
        console.print(heat_tables.reliability("probability, simulated passes", figures.reliability(judged)))
