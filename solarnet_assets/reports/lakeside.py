"""What the lake holds behind a figure: partitions with their counts and digests, and the raw files of a pass."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath

import polars as pl

from solarnet_assets.storage.lake import TABLE, Lake
from solarnet_assets.storage.schemas import SCHEMAS, UNPARTITIONED

RAW_IMAGES = {"steel": "steel_scenes", "parking": "lot_images", "solar": "solar_scenes"}
"""Lake asset in which a signal's images lie as landed."""


@dataclass(frozen=True)
class Holding:
    """What the lake holds of one asset, seen from the day of a figure.

    Attributes:
        asset: name in the lake.
        path: the partition, relative to the home.
        n_in: records that came in on that day; None where the table does not say.
        n_out: records that were kept.
        n_quarantined: records that were refused.
        sha256: digest of the partition's table.
        days: partitions that the asset has in all.
        first: its first day.
        last: its last day.
    """

    asset: str
    path: str
    n_in: int | None
    n_out: int | None
    n_quarantined: int | None
    sha256: str
    days: int
    first: date | None
    last: date | None


def days_of(lake: Lake, asset: str) -> list[date]:
    """Return the days that an asset has a partition of."""
    folder = lake.root / asset
    if not folder.exists():
        return []
    names = (entry.name for entry in folder.iterdir())
    return sorted(date.fromisoformat(name[4:]) for name in names if name.startswith("day=") and len(name) == 14)


def holding(lake: Lake, asset: str, day: date) -> Holding | None:
    """Return an asset's newest partition up to a day; None where the lake holds none."""
    known = [None] if asset in UNPARTITIONED else days_of(lake, asset)
    usable = [d for d in known if d is None or d <= day]
    if not usable or not lake.exists(asset, usable[-1]):
        return None
    n_in, n_out, n_quarantined = _counts(lake, asset, usable[-1])
    table = lake.folder(asset, usable[-1]) / TABLE
    with table.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()  # type: ignore[arg-type]
    path = f"lake/{asset}/" + ("" if usable[-1] is None else f"day={usable[-1]:%Y-%m-%d}/") + TABLE
    return Holding(asset, path, n_in, n_out, n_quarantined, digest, len(known), known[0], known[-1])


def _counts(lake: Lake, asset: str, day: date | None) -> tuple[int | None, int | None, int | None]:
    """Return records in, kept and refused; nothing for a table that this project did not write."""
    try:
        found = lake.counts(asset, day)
    except (KeyError, FileNotFoundError):
        return None, None, None
    return found.n_in, found.n_out, found.n_quarantined


def raw_files(lake: Lake, signal: str, evidence: Iterable[str]) -> pl.DataFrame:
    """Return the raw file behind each evidence picture.

    Args:
        lake: the lake.
        signal: steel, parking or solar.
        evidence: paths such as ``steel/2020-03-07/<scene>.png``; the name is the scene's or image's key.

    Returns:
        evidence, asset, day, source_file, sha256, path (of the image in the lake); without a row where the lake no
        longer holds the day.
    """
    asset = RAW_IMAGES[signal]
    key = SCHEMAS[asset].column_names()[0]
    frames = [_RAW.to_frame()]
    wanted = pl.DataFrame(
        [(path, *day_and_name(path)) for path in sorted(set(evidence))], schema=_WANTED, orient="row"
    ).drop_nulls()
    for (day,), part in wanted.group_by("day", maintain_order=True):
        if isinstance(day, date) and lake.exists(asset, day):
            table = (lake.folder(asset, day) / TABLE).read_bytes()
            rows = pl.read_parquet(table, columns=[key, "source_file", "sha256", "path"], glob=False)
            joined = part.join(rows.rename({key: "name"}), on="name", how="inner")
            frames.append(joined.with_columns(asset=pl.lit(asset)).select(_RAW.names()))
    return pl.concat(frames).sort("evidence")


_WANTED = pl.Schema({"evidence": pl.String, "day": pl.Date, "name": pl.String})
_RAW = pl.Schema(
    {"evidence": pl.String, "asset": pl.String, "day": pl.Date, "source_file": pl.String, "sha256": pl.String,
     "path": pl.String}
)  # fmt: skip


def day_and_name(path: str) -> tuple[date | None, str]:
    """Return the day that an evidence picture is of, and the key of its scene or image, as its path says them."""
    parts = PurePosixPath(path).parts
    try:
        return date.fromisoformat(parts[-2]), PurePosixPath(path).stem
    except (ValueError, IndexError):
        return None, PurePosixPath(path).stem
