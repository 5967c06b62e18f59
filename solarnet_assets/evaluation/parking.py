"""Counts of vehicles on anybody's images, block by block, beside what people counted there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from solarnet_assets.evaluation.parking_boxes import Box, checked_name, image_files, read_boxes
from solarnet_assets.landing import BadInputError
from solarnet_assets.parking.count import Count, count
from solarnet_assets.parking.detect import Detections, detect
from solarnet_assets.parking.estimate import Calibration
from solarnet_assets.parking.evidence import picture
from solarnet_assets.parking.images import LotImage, frame, read_rgb
from solarnet_assets.parking.model import WEIGHTS
from solarnet_assets.parking.passes import candidates
from solarnet_assets.parking.samples import check_extent, check_gsd

if TYPE_CHECKING:
    from solarnet_assets.imagery.raster import Grid

COLUMNS = pl.Schema(
    {
        "image": pl.String, "row": pl.Int64, "xmin": pl.Float64, "ymin": pl.Float64, "xmax": pl.Float64,
        "ymax": pl.Float64, "gsd": pl.Float64, "estimate": pl.Int64, "lower": pl.Int64, "upper": pl.Int64,
        "expected": pl.Float64, "sd": pl.Float64, "detections": pl.Int64, "visible_share": pl.Float64,
        "truth": pl.Float64, "tolerance": pl.Float64, "error": pl.Float64, "inside": pl.Boolean,
        "within_tolerance": pl.Boolean, "picture": pl.String,
    }
)  # fmt: skip


@dataclass(frozen=True)
class Scored:
    """All blocks: a row each (:data:`COLUMNS`), and what could not be used.

    Attributes:
        rows: estimates beside truth, where there is one.
        refused: file or row -> reason.
    """

    rows: pl.DataFrame
    refused: dict[str, str]


@dataclass(frozen=True)
class _Task:
    """An image with the blocks to count on it."""

    name: str
    pixels: NDArray[np.uint8]
    gsd: float
    grid: Grid | None
    boxes: tuple[Box, ...]


def evaluate(
    folder: Path,
    gsd: float | None,
    out: Path | None = None,
    device: str | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> Scored:
    """Count the vehicles in every block of ``boxes.csv``, or in every image where there is no such file.

    Args:
        folder: has ``images/`` and, where people counted, ``boxes.csv``.
        gsd: metres per pixel of images that do not say.
        out: folder for ``blocks.csv``, ``detections.csv`` and pictures, made where it is missing.
        device: see :func:`solarnet_assets.imagery.infer.load`.
        tell: receives a line for every image and row that cannot be used.

    Raises:
        BadInputError: there is nothing that can be counted.
    """
    files = image_files(folder)
    if out is not None and out.resolve() == (folder / "images").resolve():
        raise BadInputError(f"{out} holds the images themselves: name another folder with --out")
    table = folder / "boxes.csv"
    boxes, refused = read_boxes(table) if table.is_file() else (None, {})
    for reason in refused.values():
        tell(reason)

    def refuse(what: str, reason: str) -> None:
        refused[what] = reason
        tell(reason)

    rows, points = list[dict[str, Any]](), list[dict[str, Any]]()
    known, waiting = Calibration.of(WEIGHTS.card), list[_Task]()

    def pairs() -> Iterator[tuple[NDArray[np.uint8], float]]:
        for task in _tasks(files, boxes, gsd, refuse):
            waiting.append(task)
            yield task.pixels, task.gsd

    for found in detect(pairs(), device):
        task = waiting.pop(0)
        for row, own in _blocks(task, found, known, out):
            rows.append(row)
            points += own
    if not rows:
        raise BadInputError(f"nothing in {folder} can be counted: {next(iter(refused.values()), 'there is no box')}")
    result = pl.DataFrame(rows, schema=COLUMNS).sort("row", "image")
    if out is not None:
        result.write_csv(out / "blocks.csv")
        pl.DataFrame(points, infer_schema_length=None).write_csv(out / "detections.csv")
    return Scored(result, refused)


def _tasks(
    files: list[Path], boxes: list[Box] | None, gsd: float | None, refuse: Callable[[str, str], None]
) -> Iterator[_Task]:
    """Yield the images that can be read, in order, each with those of its blocks that can be used."""
    by_name = {file.name: file for file in files}
    for box in boxes or []:
        if box.image not in by_name:
            refuse(str(box), f"{box}: there is no such image in images/")
    for file in files:
        own = [box for box in boxes or [] if box.image == file.name]
        if boxes is not None and not own:
            continue
        try:
            task = _task(file, own, gsd)
        except BadInputError as error:
            refuse(file.name, str(error))
            continue
        kept = []
        for box in task.boxes:
            try:
                kept.append(box.within(task.pixels.shape[1], task.pixels.shape[0]))
            except BadInputError as error:
                refuse(str(box), str(error))
        if kept:
            yield replace(task, boxes=tuple(kept))


def _task(file: Path, boxes: list[Box], gsd: float | None) -> _Task:
    from solarnet_assets.imagery.geometry import ground_sampling_distance

    name = checked_name(file.name)
    if file.resolve().parent != file.parent.resolve():
        raise BadInputError(f"{name} is a link that leads out of its folder")
    pixels, grid = read_rgb(file)
    size = gsd if grid is None else ground_sampling_distance(grid)
    if size is None:
        raise BadInputError(f"{name} does not say how large its pixels are: give --gsd")
    try:
        check_gsd(size)
        check_extent(pixels.shape, size)
    except BadInputError as error:
        raise BadInputError(f"{name}: {error}") from error
    whole = Box(0, name, 0.0, 0.0, float(pixels.shape[1]), float(pixels.shape[0]))
    return _Task(name, pixels, size, grid, tuple(boxes) or (whole,))


def _blocks(
    task: _Task, found: Detections, known: Calibration, out: Path | None
) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Yield the row of every block of an image and the candidates that it is made of; write its picture."""
    for box in task.boxes:
        image = _image(task, box)
        counted = count(image, found, known)
        row, named = _row(task, box, counted), {"image": task.name, "block": box.row}
        if out is not None:
            row["picture"] = _draw(out, task.name, box, picture(image, found, _caption(row)))
        yield row, [named | point for point in candidates(image, found, counted)]


def _image(task: _Task, box: Box) -> LotImage:
    """Return the image with a block as its lot."""
    lot = np.zeros(task.pixels.shape[:2], bool)
    edges = (box.left, box.top, box.right, box.bottom)
    left, top, right, bottom = (round(edge) for edge in edges)
    lot[top:bottom, left:right] = True
    return LotImage(task.pixels, lot, 1.0, [frame(*edges)], task.gsd, task.grid)


def _row(task: _Task, box: Box, counted: Count) -> dict[str, Any]:
    edges = {"xmin": box.left, "ymin": box.top, "xmax": box.right, "ymax": box.bottom}
    row = dict.fromkeys(COLUMNS.names()) | {"image": task.name, "row": box.row, "gsd": task.gsd}
    return row | edges | _figures(counted, box)


def _draw(out: Path, name: str, box: Box, data: bytes) -> str:
    """Write a picture and return its name."""
    stem = name.removesuffix(".png").replace(".", "_")
    file = out / (f"{stem}_row{box.row}.png" if box.row else f"{stem}.png")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return file.name


def _figures(counted: Count, box: Box) -> dict[str, Any]:
    estimate = counted.estimate
    row: dict[str, Any] = {
        "estimate": estimate.whole, "lower": estimate.lower, "upper": counted.upper, "expected": estimate.mean,
        "sd": estimate.sd, "detections": counted.detections, "visible_share": counted.visible_share,
    }  # fmt: skip
    if box.truth is None:
        return row
    error = estimate.whole - box.truth
    scored = {
        "error": error,
        "inside": estimate.lower <= box.truth <= counted.upper,
        "within_tolerance": abs(error) <= box.tolerance,
    }
    return row | {"truth": box.truth, "tolerance": box.tolerance} | scored


def _caption(row: dict[str, Any]) -> str:
    text = f"{row['estimate']} vehicles ({row['lower']}-{row['upper']})"
    return text if row["truth"] is None else f"{text}, by eye {row['truth']:g}"


def totals(rows: pl.DataFrame) -> dict[str, float]:
    """Return the figures of all blocks whose vehicles people counted.

    Returns:
        ``blocks``, ``truth`` (vehicles), ``mae``, ``bias`` (a block) and ``total`` of the estimates in whole vehicles,
        the same of expected values (``expected_...``) and of listed detections (``detections_...``), ``inside``
        (share of blocks whose 90 % interval holds the truth) and ``within_tolerance``.
    """
    known = rows.filter(pl.col("truth").is_not_null())
    figures: dict[str, float] = {"blocks": known.height, "truth": float(known["truth"].sum())}
    for prefix, name in (("", "estimate"), ("expected_", "expected"), ("detections_", "detections")):
        error = (known[name] - known["truth"]).to_numpy()
        figures |= {f"{prefix}mae": float(np.abs(error).mean()), f"{prefix}bias": float(error.mean())}
        figures[f"{prefix}total"] = float(known[name].sum())
    return figures | {
        name: float(known[name].cast(pl.Float64).to_numpy().mean()) for name in ("inside", "within_tolerance")
    }
