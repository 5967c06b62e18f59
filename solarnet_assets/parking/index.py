"""Occupancy index of car parks on pixels of 1-10 m, where vehicles cannot be told apart. Never a count.

Vehicles make the surface of a lot uneven: bright and dark roofs, shadows, gaps. Roughness is the standard deviation of
brightness between a lot's pixels over that of its surroundings in the same image, so that haze, exposure and the
height of the sun, which change both, cancel. ``marts.lot_occupancy_index`` says by how many percent a pass is rougher
than the lot's own smoothest passes. Ours; the idea of reading occupancy from a lot's change against its empty
state at 3 m is Drouyer & de Franchis 2020 (IGARSS, Parking occupancy estimation on PlanetScope satellite images).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from solarnet_assets.landing import BadInputError
from solarnet_assets.parking.images import LotImage, open_lot
from solarnet_assets.parking.pixels import MAX_GSD
from solarnet_assets.storage.schemas import LotIndex

COARSEST = 10.0
"""Largest pixel, m; on simulated lots the index still follows the vehicles there (docs/parking.md)."""

FEWEST = 12
"""Pixels of the lot, and of its surroundings, at least. Ours."""

PARTS = 8
"""Strips of a lot that are left out in turn for the error of its roughness."""

MIN_SEEN, MAX_CLOUD = 0.9, 0.1
"""Share of the lot inside the image at least, and of the image under cloud at most. Ours: cloud is rough too."""


def index_images(images: pl.DataFrame, lots: Mapping[str, str], locate: Callable[[str], Path]) -> pl.DataFrame:
    """Return the roughness of lots in images that are too coarse to count in.

    Args:
        images: schema ``LotImages``; those of 1 m and finer are passed over.
        lots: lot -> polygon (WKT, EPSG:4326).
        locate: stored file name -> local path.

    Returns:
        Rows of ``LotIndex``; an image that cannot be used becomes a row that is not valid and says why.
    """
    rows = [_row(landed, lots, locate) for landed in images.filter(pl.col("gsd") > MAX_GSD).iter_rows(named=True)]
    return pl.DataFrame(rows, schema=LotIndex.create_empty().schema)


def _row(landed: Mapping[str, Any], lots: Mapping[str, str], locate: Callable[[str], Path]) -> dict[str, Any]:
    kept = {name: landed[name] for name in ("site_id", "image_id", "time", "gsd")}
    row = dict.fromkeys(LotIndex.column_names()) | kept | {"valid": False}
    try:
        _check(landed, lots)
        found = roughness(open_lot(locate(landed["path"]), lots[landed["site_id"]], landed["gsd"]))
    except BadInputError as error:
        return row | {"reason": str(error)}
    return row | {"valid": True, "roughness": found[0], "roughness_sd": found[1], "pixels": found[2]}


def _check(landed: Mapping[str, Any], lots: Mapping[str, str]) -> None:
    if landed["site_id"] not in lots:
        raise BadInputError(f"{landed['site_id']} is not in the table of sites")
    if landed["gsd"] > COARSEST:
        raise BadInputError(
            f"pixels of {landed['gsd']:.0f} m show nothing of a car park; {COARSEST:.0f} m is the limit"
        )
    if (landed["cloud_cover"] or 0.0) > MAX_CLOUD:
        raise BadInputError(f"{landed['cloud_cover']:.0%} of the image is cloud, more than {MAX_CLOUD:.0%}")


def roughness(image: LotImage) -> tuple[float, float, int]:
    """Return the roughness of a lot, its standard deviation by the delete-a-strip jackknife, and its pixels.

    Args:
        image: the lot with its surroundings.

    Raises:
        BadInputError: too little of the lot or of its surroundings is in the image.
    """
    if image.seen < MIN_SEEN:
        raise BadInputError(f"only {image.seen:.0%} of the lot lies inside the image, {MIN_SEEN:.0%} is needed")
    data, bright = image.pixels.any(axis=2), image.pixels.astype(np.float64).mean(axis=2)
    lot, around = image.lot & data, ~_grown(image.lot) & data
    if min(int(lot.sum()), int(around.sum())) < FEWEST:
        raise BadInputError(
            f"{lot.sum()} pixels of the lot and {around.sum()} around it can be seen, {FEWEST} of each are needed"
        )
    scale = float(bright[around].std())
    if scale <= 0:
        raise BadInputError("the surroundings of the lot have no contrast")
    values = bright[lot]
    without = [np.delete(values, part).std() / scale for part in np.array_split(np.arange(len(values)), PARTS)]
    sd = np.sqrt((PARTS - 1) / PARTS * np.sum((np.array(without) - np.mean(without)) ** 2))
    return float(values.std() / scale), float(sd), len(values)


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a mask one pixel larger: pixels at the lot's edge show both sides."""
    from scipy import ndimage

    return np.asarray(ndimage.binary_dilation(mask), bool)
