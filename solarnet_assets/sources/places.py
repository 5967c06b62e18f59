"""Sites and cities from CSV files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from solarnet_assets.imagery.geometry import polygon_in
from solarnet_assets.landing import BadInputError, Landing, reject, rejects_frame
from solarnet_assets.storage.schemas import SCHEMAS

if TYPE_CHECKING:
    from solarnet_assets.config import Config


def read_places(config: Config, asset: str) -> Landing:
    """Read ``sites`` or ``cities`` (:mod:`solarnet_assets.storage.schemas`); rows that do not fit are refused.

    Raises:
        BadInputError: the file is missing, is not CSV or lacks a column; names file and column.
    """
    file = _file(config, asset)
    if file is None:
        return Landing(SCHEMAS[asset].create_empty(), rejects_frame([]), 0)
    schema = SCHEMAS[asset]
    try:
        raw = pl.read_csv(file, infer_schema=False, glob=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise BadInputError(f"{asset} file {file} cannot be read as CSV: {error}") from error
    lacking = [name for name in schema.column_names() if name not in raw.columns]
    if lacking:
        raise BadInputError(f"{asset} file {file} lacks the column {lacking[0]}")
    types = {name: column.dtype for name, column in schema.columns().items()}
    typed = raw.select(pl.col(name).cast(dtype, strict=False) for name, dtype in types.items())
    if asset == "sites":
        typed = typed.with_columns(_polygons(typed["geometry"]))
    good, failures = schema.filter(typed)
    bad = [
        reject(file.name, f"{asset}: a value is missing or out of range", row, cells)
        for row, cells in _refused(raw, failures)
    ]
    return Landing(good, rejects_frame(bad), raw.height)


def _polygons(outlines: pl.Series) -> pl.Series:
    """Return outlines (WKT) with null for those that enclose nothing on Earth: one would stop the work on all sites."""

    def usable(wkt: str) -> bool:
        try:
            west, south, east, north = polygon_in(wkt, 4326).bounds
        except BadInputError:
            return False
        return -180 <= west < east <= 180 and -90 <= south < north <= 90

    kept = [wkt if wkt is not None and usable(wkt) else None for wkt in outlines]
    return pl.Series(outlines.name, kept, dtype=pl.String)


def _file(config: Config, asset: str) -> Path | None:
    named = config.sites if asset == "sites" else config.cities
    if named is not None or not config.simulated:
        return named
    from solarnet_assets.sources.simulated import reference_folder

    return reference_folder(config) / f"{asset}.csv"


def _refused(raw: pl.DataFrame, failures: object) -> list[tuple[int, dict[str, object]]]:
    invalid = failures.invalid()  # type: ignore[attr-defined]
    key = raw.columns[0] if invalid.is_empty() else invalid.columns[0]
    wanted = set(invalid[key].to_list()) if not invalid.is_empty() else set()
    return [(row, cells) for row, cells in enumerate(raw.iter_rows(named=True)) if cells[key] in wanted]
