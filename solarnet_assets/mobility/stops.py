"""Ready stops (user, location, start, end), as stop detectors and HoWDe write them, brought to device-days.

Locations are names without coordinates. Each gets a cell of its own, far from all others, so that the rule of
:mod:`solarnet_assets.mobility.homework` sees what it sees of pings, but for neighbouring cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from solarnet_assets.landing import BadInputError

NAMES = {
    "user": ("useruuid", "user", "user_id", "uid", "device", "device_id"),
    "location": ("loc", "location", "location_id", "cluster", "label_loc"),
    "start": ("start", "start_time", "started_at"),
    "end": ("end", "end_time", "finished_at"),
    "kind": ("true_location_type", "location_type", "kind"),
}
"""Accepted column names; ``kind`` (H home, W work, anything else) is optional."""

APART = 10
"""Cells between two locations: the rule joins cells that touch."""

DEGREES = 0.1
"""Degrees of longitude on the equator between two locations, 11 km."""

EPOCH = date(1970, 1, 1)
LONGEST = 14 * 86_400
"""Seconds; a longer stop is refused: nobody stays two weeks in one place without a gap in the record. Ours."""


@dataclass(frozen=True)
class Stops:
    """Stops as read.

    Attributes:
        frame: ``user``, ``location`` (strings), ``start``, ``end`` (local seconds since 1970) and, where the file says
            so, ``kind``.
        refused: rows that cannot be used, by reason.
    """

    frame: pl.DataFrame
    refused: dict[str, int]


def read_stops(path: Path) -> Stops:
    """Read stops from Parquet or CSV (also gzipped); times are local: seconds since 1970, or dates with times.

    Raises:
        BadInputError: not such a file, or a column is missing.
    """
    reader = pl.read_parquet if path.suffix == ".parquet" else pl.read_csv
    try:
        table = reader(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise BadInputError(f"{path.name} is not a table of stops: {str(error).splitlines()[0]}") from error
    found = {name: next((c for c in given if c in table.columns), None) for name, given in NAMES.items()}
    missing = [name for name, column in found.items() if column is None and name != "kind"]
    if missing:
        named = "; ".join(f"{name} ({', '.join(NAMES[name])})" for name in missing)
        raise BadInputError(f"{path.name} has no column for {named}; it has {', '.join(table.columns)}")
    frame = table.select(pl.col(column).alias(name) for name, column in found.items() if column is not None)
    frame = frame.with_columns(
        pl.col("user", "location").cast(pl.String), _seconds(frame, "start"), _seconds(frame, "end")
    )
    return _usable(frame)


def _seconds(frame: pl.DataFrame, name: str) -> pl.Expr:
    column, kind = pl.col(name), frame.schema[name]
    if kind == pl.String:
        column, kind = column.str.to_datetime(strict=False), pl.Datetime()
    if kind.is_temporal():
        return (column.dt.replace_time_zone(None) if isinstance(kind, pl.Datetime) else column).dt.epoch("s")
    return column.cast(pl.Int64, strict=False)


def _usable(frame: pl.DataFrame) -> Stops:
    faults = {
        "without user, location or time": pl.any_horizontal(pl.col("user", "location", "start", "end").is_null()),
        "that end before they start": pl.col("end") < pl.col("start"),
        "of more than two weeks": pl.col("end") - pl.col("start") > LONGEST,
    }
    refused = {}
    for reason, fault in faults.items():
        kept = frame.filter(~fault)
        if kept.height < frame.height:
            refused[reason] = frame.height - kept.height
        frame = kept
    return Stops(frame, refused)


def device_days(stops: pl.DataFrame) -> tuple[pl.DataFrame, list[str], list[str]]:
    """Return what a device did at each location on each day, as the rule for home and work needs it.

    Args:
        stops: ``user``, ``location``, ``start``, ``end`` as :func:`read_stops` gives them.

    Returns:
        Rows with ``day``, ``device`` (number of the user), ``cell_x`` and ``lon`` of the location, quarter hours by
        night (00-06), in work hours (09-16) and in all; the users by number; and the locations by number, see
        :func:`place`.
    """
    users, places = (stops[name].unique().sort().to_list() for name in ("user", "location"))
    numbered = stops.select(
        pl.col("user").replace_strict(users, range(len(users)), return_dtype=pl.UInt64).alias("device"),
        pl.col("location").replace_strict(places, range(len(places)), return_dtype=pl.Int32).alias("place"),
        slot=pl.int_ranges(pl.col("start") // 900, (pl.col("end") + 899) // 900),
    )
    slots = numbered.explode("slot").drop_nulls("slot").unique()
    of_day = pl.col("slot") % 96
    frame = slots.group_by("device", "place", day=pl.lit(EPOCH) + pl.duration(days=pl.col("slot") // 96)).agg(
        night_slots=(of_day < 24).sum(), work_slots=of_day.is_between(36, 63).sum(), slots=pl.len()
    )
    return (
        frame.select(
            "day", "device", "night_slots", "work_slots", "slots", city=pl.lit("stops"), bucket=pl.lit(0),
            cell_x=pl.col("place") * APART, cell_y=pl.lit(0), lat=pl.lit(0.0), lon=pl.col("place") * DEGREES,
        ),
        users,
        places,
    )  # fmt: skip


def place(longitude: pl.Expr) -> pl.Expr:
    """Return the number of the location at a longitude of :func:`device_days`."""
    return (longitude / DEGREES).round().cast(pl.Int32)
