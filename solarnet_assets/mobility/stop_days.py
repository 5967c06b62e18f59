"""Ready stops as device-days: what a user did at each location on each day, for the two rules of home and work.

Locations have no coordinates. Each gets a cell of its own, far from all others, so that a rule sees what it sees of
pings, but for neighbouring cells.
"""

from __future__ import annotations

from datetime import date

import polars as pl

APART = 10
"""Cells between two locations: the rule joins cells that touch."""

DEGREES = 0.1
"""Degrees of longitude on the equator between two locations, 11 km."""

EPOCH = date(1970, 1, 1)
DAY = 86_400

SHORTEST = 60
"""Seconds; HoWDe leaves out stops, cut at midnight, that are not longer."""

HOWDE_NIGHT, HOWDE_WORK = (0, 6), (9, 17)
"""First and last hour of night and of work, as HoWDe counts them: both included."""


def device_days(stops: pl.DataFrame) -> tuple[pl.DataFrame, list[str], list[str]]:
    """Return what a device did at each location on each day, as the rule for home and work needs it.

    Args:
        stops: ``user``, ``location``, ``start``, ``end``, see :class:`solarnet_assets.mobility.stops.Stops`.

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


def hour_shares(stops: pl.DataFrame, hours: tuple[int, int], min_hours: float) -> pl.DataFrame:
    """Return the share of a day's hours that a user is at each location, for days that say enough, as HoWDe counts.

    An hour belongs to the longest stop that touches it.

    Args:
        stops: as in :func:`device_days`.
        hours: first and last hour, both included.
        min_hours: share of these hours that must be seen on a day.

    Returns:
        ``device`` (the user), ``day`` (number since 1970), ``place`` (the location), ``share``.
    """
    first, last = hours
    in_day = days_of(stops).filter(pl.col("end") - pl.col("start") > SHORTEST)
    hour = pl.int_ranges(pl.col("start") % DAY // 3600, pl.col("end") % DAY // 3600 + 1)
    each = in_day.with_columns(length=pl.col("end") - pl.col("start"), hour=hour).explode("hour")
    asked = each.filter(pl.col("hour").is_between(first, last))
    longest = asked.sort("length", "start", descending=[True, False]).unique(
        ["device", "day", "hour"], keep="first", maintain_order=True
    )
    seen = longest.with_columns(n=pl.len().over("device", "day"))
    enough = seen.filter(pl.col("n") >= min_hours * (last - first + 1))
    found = enough.group_by("device", "day", "place").agg(share=pl.len() / pl.col("n").first())
    return found.sort("device", "day", "place")  # sums of fractions depend on their order


def days_of(stops: pl.DataFrame) -> pl.DataFrame:
    """Cut stops at midnight: ``device`` (the user), ``place`` (the location), ``day`` (number), ``start``, ``end``."""
    cut = stops.with_columns(day=pl.int_ranges(pl.col("start") // DAY, pl.col("end") // DAY + 1)).explode("day")
    return cut.select(
        "day",
        device="user",
        place="location",
        start=pl.max_horizontal("start", pl.col("day") * DAY),
        end=pl.min_horizontal("end", (pl.col("day") + 1) * DAY - 1),
    )
