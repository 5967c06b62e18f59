"""Heat that comes back: in how many earlier passes the place of a cluster was hot too.

Furnaces do not move. A fire on a field, a glint or an aircraft is gone some days later; a hot target is hot again on
passes at least four days apart (Sentinel-2 passes every five days, Landsat 8 and 9 together every eight).
"""

from __future__ import annotations

from datetime import date

import polars as pl

APART_DAYS = 4
"""Days between passes from which heat counts as heat again. Ours."""

SAME_PLACE = 60.0
"""Metres within which two centres are the same place: two pixels of 30 m, about three times the registration. Ours."""

METRES_PER_DEGREE = 111_320.0

PERSISTENT = 2
"""Earlier passes, at least ``APART_DAYS`` before, in which a persistent place was hot. Ours."""


def persistence(earlier: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Return the clusters of a day with how often their place was hot before.

    Args:
        earlier: passes before the day, columns ``site_id``, ``day`` and ``hot_clusters`` (schema
            ``SteelObservations``); null where a pass was not judged.
        now: clusters of the day, one row each, columns ``site_id``, ``day``, ``lon``, ``lat`` and any others.

    Returns:
        ``now`` with ``passes_before`` (judged passes at least four days before) and ``hot_before`` (those of them with
        a cluster within 60 m), in the order of ``now``.
    """
    judged = earlier.filter(pl.col("hot_clusters").is_not_null()).with_row_index("pass_number")
    rows = now.with_row_index("row_number")
    pairs = rows.select("row_number", "site_id", "day", "lon", "lat").join(
        judged.select("pass_number", "site_id", before="day"), on="site_id"
    )
    pairs = pairs.filter((pl.col("day") - pl.col("before")).dt.total_days() >= APART_DAYS)
    counts = pairs.group_by("row_number").agg(passes_before=pl.len())
    hot = _same_place(pairs, judged).group_by("row_number").agg(hot_before=pl.col("pass_number").n_unique())
    out = rows.join(counts, on="row_number", how="left").join(hot, on="row_number", how="left").sort("row_number")
    return out.drop("row_number").with_columns(
        pl.col("passes_before", "hot_before").fill_null(0).cast(pl.Int64),
    )


def _same_place(pairs: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs of a cluster and an earlier pass that had a cluster at its place."""
    places = (
        judged.filter(pl.col("hot_clusters").list.len() > 0)
        .select("pass_number", "hot_clusters")
        .explode("hot_clusters")
        .select(
            "pass_number",
            other_lon=pl.col("hot_clusters").struct.field("lon"),
            other_lat=pl.col("hot_clusters").struct.field("lat"),
        )
    )
    north = (pl.col("lat") - pl.col("other_lat")) * METRES_PER_DEGREE
    east = (pl.col("lon") - pl.col("other_lon")) * METRES_PER_DEGREE * pl.col("lat").radians().cos()
    return pairs.join(places, on="pass_number").filter(north**2 + east**2 <= SAME_PLACE**2)


def explode(observations: pl.DataFrame, day: date) -> pl.DataFrame:
    """Return the clusters of a day's observations, one row each, with their site, scene, time and day."""
    held = observations.filter(pl.col("hot_clusters").list.len() > 0)
    rows = held.select("site_id", "scene_id", "time", "hot_clusters").explode("hot_clusters").unnest("hot_clusters")
    return rows.with_columns(day=pl.lit(day, dtype=pl.Date))
