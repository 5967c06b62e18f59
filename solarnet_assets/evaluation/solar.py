"""Scores of the solar networks on anybody's images: masks against masks, or how surely a tile shows panels."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from solarnet_assets.evaluation.solar_images import Image, image_files, mask_file, read_image, read_mask
from solarnet_assets.landing import BadInputError
from solarnet_assets.storage.spreadsheet import inert

MARKED, TRUE = np.array([255, 60, 40]), np.array([60, 220, 80])
"""Colours of found and true outlines in overlays."""

SHOWS, SHOWS_NOT = (
    ("with", "yes", "pos", "positive", "1", "solar", "panel", "panels"),
    ("without", "no", "neg", "negative", "0"),
)
"""Names of sub-folders that say whether the tiles in them show panels."""


@dataclass(frozen=True)
class Settings:
    """What is known of the images.

    Attributes:
        gsd: ground sampling distance, m.
        bands, scale, offset: of rasters; see :func:`~solarnet_assets.evaluation.solar_images.read_image`.
        device: see :func:`solarnet_assets.imagery.infer.load`.
    """

    gsd: float
    bands: Sequence[str] = ()
    scale: float | None = None
    offset: float = 0.0
    device: str | None = None


@dataclass(frozen=True)
class Scored:
    """All images: one row each, and those that could not be used.

    Attributes:
        rows: image, kind, found (share of the ground), presence, label; with masks also iou, precision, recall and the
            counts that totals are made of.
        refused: file name -> reason.
    """

    rows: pl.DataFrame
    refused: dict[str, str]


COUNTS = ("common", "found_pixels", "true_pixels", "arrays_hit", "arrays_true", "arrays_false")
RATIOS = ("iou", "precision", "recall", "farm_f1")
SHOWN = {"image": pl.String, "kind": pl.String, "found": pl.Float64, "presence": pl.Float64, "label": pl.Boolean}
AGAINST_MASKS = SHOWN | dict.fromkeys(COUNTS, pl.Int64) | dict.fromkeys(RATIOS, pl.Float64)
"""Columns of the rows, without masks and with: the first hundred images may all have nothing to find."""


def evaluate(
    images: Path,
    masks: Path | None,
    settings: Settings,
    out: Path | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> Scored:
    """Run the network that each image needs, and score what it found.

    Args:
        images: folder (or one file); sub-folders such as ``with`` and ``without`` label their tiles.
        masks: folder of masks, where there are some.
        settings: what is known of the images.
        out: folder for overlays (PNG) and ``solar.csv``, made where it is missing.
        tell: receives one line per refused image, and what its reader should know of another.

    Raises:
        BadInputError: there is no image that can be used, or ``out`` holds the images or masks themselves.
    """
    rows, refused = [], {}
    files = image_files(images, masks)
    stems = Counter(file.stem for file in files)
    if out is not None and out.resolve() in _sources(images, masks, files):
        raise BadInputError(f"{out} holds the images or masks themselves: name another folder with --out")
    for file in files:
        try:
            mask = None if masks is None else mask_file(file, masks)
            if masks is not None and mask is None:
                raise BadInputError(f"{file.name} has no mask in {masks}")
            image = read_image(file, settings.gsd, settings.bands, settings.scale, settings.offset)
            truth = None if mask is None else read_mask(mask, image.seen.shape)
        except BadInputError as error:
            refused[file.name] = str(error)
            tell(str(error))
            continue
        for note in image.notes:
            tell(note)
        probability = probabilities(image, settings)
        rows.append(_row(file, image, probability, truth))
        if out is not None:
            name = file.stem if stems[file.stem] == 1 else f"{file.parent.name}_{file.name}"
            _overlay(out / f"{name}.png", image, probability, truth)
    if not rows:
        raise BadInputError(f"no image of {images} can be used: {next(iter(refused.values()))}")
    frame = pl.DataFrame(rows, schema=SHOWN if masks is None else AGAINST_MASKS)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        inert(frame).write_csv(out / "solar.csv")
    return Scored(frame, refused)


def _sources(images: Path, masks: Path | None, files: Sequence[Path]) -> set[Path]:
    """Return the folders in which an overlay could replace an image or a mask, or be taken for one later."""
    folders = {file.parent for file in files if images.is_dir() or file.suffix.lower() == ".png"}
    return {folder.resolve() for folder in folders | ({masks} if masks else set())}


def probabilities(image: Image, settings: Settings) -> NDArray[np.float32]:
    """Return the probability of panels, (H, W)."""
    from solarnet_assets.solar.model import engine
    from solarnet_assets.solar.views import merge, spread

    ready = engine(settings.device, image.kind)
    if image.kind != "rgb":
        return next(ready.run([image.pixels]))[0]
    return merge([p[0] for p in ready.run(spread(image.pixels))])


def _row(
    file: Path, image: Image, probability: NDArray[np.float32], truth: NDArray[np.bool_] | None
) -> dict[str, object]:
    from solarnet_assets.solar import presence
    from solarnet_assets.solar.model import weights_of
    from solarnet_assets.solar.patches import match

    card = weights_of(image.kind).card
    mask = (probability > card["threshold"]) & image.seen
    folder = file.parent.name.lower()
    label = True if folder in SHOWS else False if folder in SHOWS_NOT else None
    shown = presence.score(probability, card) if "presence" in card else float(mask.sum() >= 40)
    row: dict[str, object] = {
        "image": file.stem, "kind": image.kind, "found": float(mask.mean()), "presence": shown, "label": label
    }  # fmt: skip
    if truth is None:
        return row
    truth = truth & image.seen
    counts = (int((mask & truth).sum()), int(mask.sum()), int(truth.sum()), *match(mask, truth))
    return row | dict(zip(COUNTS, counts, strict=True)) | ratios(dict(zip(COUNTS, counts, strict=True)))


def ratios(counts: dict[str, int]) -> dict[str, float | None]:
    """Return IoU, precision, recall (of pixels) and F1 (of arrays); None where nothing was there to find."""

    def share(part: float, whole: float) -> float | None:
        return part / whole if whole else None

    common, found, true, hit, arrays, false = (counts[name] for name in COUNTS)
    shares = (
        share(common, found + true - common),
        share(common, found),
        share(common, true),
        share(2 * hit, arrays + hit + false),
    )
    return dict(zip(RATIOS, shares, strict=True))


def totals(rows: pl.DataFrame) -> dict[str, float | None]:
    """Return the figures of all images together: pixels and arrays pooled, and the mean IoU of images with panels."""
    pooled = {name: int(rows[name].sum()) for name in COUNTS}
    with_panels = rows.filter(pl.col("true_pixels") > 0)["iou"]
    return ratios(pooled) | {"mean_iou": float(with_panels.fill_null(0).mean()) if len(with_panels) else None}  # type: ignore[arg-type]


def presence_figures(rows: pl.DataFrame, threshold: float) -> dict[str, float | None]:
    """Return the share of tiles above the threshold; where folders label them also accuracy and AUC."""
    from solarnet_assets.solar.presence import auc

    said = rows["presence"].to_numpy()
    known = rows.filter(pl.col("label").is_not_null())
    figures: dict[str, float | None] = {"share_above": float((said > threshold).mean()), "accuracy": None, "auc": None}
    if known.height:
        labels, scores = known["label"].to_numpy().astype(bool), known["presence"].to_numpy()
        figures |= {"accuracy": float(((scores > threshold) == labels).mean()), "auc": auc(scores, labels)}
    return figures


def _overlay(file: Path, image: Image, probability: NDArray[np.float32], truth: NDArray[np.bool_] | None) -> None:
    """Write a picture with found outlines in red and true ones in green."""
    from PIL import Image as Pillow

    from solarnet_assets.imagery.picture import stretch
    from solarnet_assets.solar.model import weights_of

    threshold = weights_of(image.kind).card["threshold"]
    planes = image.pixels if image.kind == "rgb" else image.pixels[[2, 1, 0]]
    shown = (planes.transpose(1, 2, 0) * 255).astype(np.uint8) if image.kind == "rgb" else stretch(list(planes))
    shown = np.ascontiguousarray(shown)
    for mask, colour in ((truth, TRUE), (probability > threshold, MARKED)):
        if mask is not None:
            shown[_edge(mask)] = colour
    buffer = io.BytesIO()
    Pillow.fromarray(shown).save(buffer, "PNG")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(buffer.getvalue())


def _edge(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    padded = np.pad(mask, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return mask & ~inner
