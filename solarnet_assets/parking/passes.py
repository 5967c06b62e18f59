"""Tables of counted passes: a row per image, with the candidates that its number is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from solarnet_assets.imagery.device import decode_threads
from solarnet_assets.landing import BadInputError
from solarnet_assets.parking.ahead import ordered
from solarnet_assets.parking.count import Count, each, occupancy
from solarnet_assets.parking.detect import Detections
from solarnet_assets.parking.evidence import caption, picture
from solarnet_assets.parking.images import LotImage, open_lot
from solarnet_assets.parking.model import WEIGHTS, engine
from solarnet_assets.parking.samples import check_extent, check_gsd
from solarnet_assets.storage.schemas import LotCounts

MIN_OPEN = 0.70
"""Share of the lot that must be inside the image and free of cloud. Ours."""

MAX_CLOUD = 0.30
"""Cloud share of the whole chip, as the product states it, above which haze may hide vehicles unseen. Ours."""


def count_images(
    images: pl.DataFrame,
    lots: Mapping[str, str],
    locate: Callable[[str], Path],
    stalls: Mapping[str, float] | None = None,
    device: str | None = None,
) -> tuple[pl.DataFrame, dict[str, bytes]]:
    """Count the vehicles in landed images.

    Args:
        images: schema ``LotImages``.
        lots: lot -> polygon (WKT, EPSG:4326).
        locate: stored file name -> local path.
        stalls: lot -> stalls, where they are known.
        device: see :func:`solarnet_assets.imagery.infer.load`.

    Returns:
        Rows of ``LotCounts`` without evidence (null), in order of the images, and pictures (PNG) by image. An image
        that cannot be used becomes a row that is not valid and says why.
    """
    rows: dict[str, dict[str, Any]] = {}
    threads = decode_threads(engine(device).device)

    def usable() -> Iterator[tuple[dict[str, Any], LotImage]]:
        for landed, lot in ordered(lambda one: _open(one, lots, locate), images.iter_rows(named=True), threads):
            if isinstance(lot, LotImage):
                yield landed, lot
            else:
                rows[landed["image_id"]] = _blank(landed) | {"reason": lot}

    def finish(
        landed: dict[str, Any], lot: LotImage, found: Detections, counted: Count
    ) -> tuple[dict[str, Any], bytes]:
        row = _row(landed, lot, found, counted, (stalls or {}).get(landed["site_id"]))
        return row, picture(lot, found, caption(row))

    pictures: dict[str, bytes] = {}
    for row, data in each(usable(), finish, device):
        rows[row["image_id"]], pictures[row["image_id"]] = row, data
    frame = pl.DataFrame([rows[key] for key in images["image_id"]], schema=LotCounts.create_empty().schema)
    return frame, pictures


def _open(
    landed: dict[str, Any], lots: Mapping[str, str], locate: Callable[[str], Path]
) -> tuple[dict[str, Any], LotImage | str]:
    """Return a landed image with its lot, or with why it cannot be used."""
    try:
        if landed["site_id"] not in lots:
            raise BadInputError(f"{landed['site_id']} is not in the table of sites")
        check_gsd(landed["gsd"])
        lot = open_lot(locate(landed["path"]), lots[landed["site_id"]], landed["gsd"])
        check_extent(lot.pixels.shape, lot.gsd)
    except BadInputError as error:
        return landed, str(error)
    return landed, lot


def _blank(landed: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: landed[name] for name in ("site_id", "image_id", "time", "gsd")}
    return dict.fromkeys(LotCounts.column_names()) | kept | {"valid": False}


def _row(
    landed: Mapping[str, Any], lot: LotImage, found: Detections, counted: Count, stalls: float | None
) -> dict[str, Any]:
    row = _blank(landed) | {
        "detections": counted.detections,
        "visible_share": counted.visible_share,
        "epsg": None if lot.grid is None else lot.grid.epsg,
        "candidates": candidates(lot, found, counted),
        "model": WEIGHTS.digest[:12],
    }
    stated = landed["cloud_cover"]
    if stated is not None and stated > MAX_CLOUD:
        return row | {"reason": f"{stated:.0%} of the image is cloud, more than {MAX_CLOUD:.0%}"}
    if counted.open_share < MIN_OPEN:
        return row | {"reason": f"only {counted.open_share:.0%} of the lot can be seen, {MIN_OPEN:.0%} is needed"}
    known = {
        "valid": True,
        "vehicles": counted.estimate.mean,
        "sd": counted.estimate.sd,
        "lower": min(float(counted.estimate.lower), counted.estimate.mean),
        "upper": max(float(counted.upper), counted.estimate.mean),
        "covered": counted.covered,
    }
    return row | known | occupancy(counted, stalls)


def candidates(lot: LotImage, found: Detections, counted: Count) -> list[dict[str, Any]]:
    """Return the candidates that a lot's count is made of, best first, with their place in the image and on the map."""
    chosen = np.flatnonzero(counted.inside > 1e-3)
    points = found.points[chosen]
    rows: list[dict[str, Any]] = [
        {"column": float(x), "row": float(y), "score": float(found.scores[n]), "x": None, "y": None, "lon": None,
         "lat": None, "probability": float(counted.probability[n]), "inside": float(counted.inside[n]),
         "listed": bool(found.listed[n])}
        for n, (x, y) in zip(chosen, points, strict=True)
    ]  # fmt: skip
    if lot.grid is None:
        return rows
    from solarnet_assets.imagery import geometry

    a, b, c, d, e, f = lot.grid.transform
    x, y = a * points[:, 0] + b * points[:, 1] + c, d * points[:, 0] + e * points[:, 1] + f
    lon, lat = geometry.transformer(lot.grid.epsg, 4326).transform(x, y)
    for row, *place in zip(rows, x, y, lon, lat, strict=True):
        row |= dict(zip(("x", "y", "lon", "lat"), (float(v) for v in place), strict=True))
    return rows
