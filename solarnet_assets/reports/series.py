"""Days of a figure as they are drawn: unbroken runs, and fewer points where a screen has fewer pixels."""

from __future__ import annotations

import polars as pl

POINTS = 120
"""Most points of a small multiple: beyond, each point stands for several days."""

LARGE = 750
"""Most points of a large chart."""


def with_runs(rows: pl.DataFrame, step: int = 1) -> pl.DataFrame:
    """Number unbroken runs of days, so that a line never bridges a gap; ``lone`` marks runs of one point.

    Args:
        rows: with ``day``.
        step: days from one point to the next.
    """
    rows = rows.sort("day")
    broken = (pl.col("day").diff().dt.total_days() > step).fill_null(value=False)
    return rows.with_columns(run=broken.cum_sum()).with_columns(lone=pl.len().over("run") == 1)


def thinned(rows: pl.DataFrame, points: int = POINTS) -> tuple[pl.DataFrame, int]:
    """Return at most ``points`` rows, and the days that each stands for.

    A point is the mean of the values of its days, its interval the envelope of theirs: no day of the interval is lost,
    and the band is never narrower than it was. Days without a figure stay a gap where it is longer than a point.

    Args:
        rows: day, value, lower, upper.
        points: most rows to return.
    """
    if rows.is_empty():
        return rows, 1
    span = (rows["day"].max() - rows["day"].min()).days + 1  # type: ignore[operator, union-attr]
    step = -(-span // points)
    if step == 1:
        return rows, 1
    first = rows["day"].min()
    number = (pl.col("day") - pl.lit(first)).dt.total_days() // step
    grouped = rows.sort("day").group_by(number.alias("bin"), maintain_order=True)
    joined = grouped.agg(
        pl.col("day").first(), pl.col("value").mean(), pl.col("lower").min(), pl.col("upper").max()
    ).with_columns(day=pl.lit(first) + pl.duration(days=pl.col("bin") * step))
    return joined.select("day", "value", "lower", "upper"), step
