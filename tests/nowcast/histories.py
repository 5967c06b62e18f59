"""Series for the tests of forecasts."""

from datetime import date, timedelta

import numpy as np
import polars as pl

AS_OF = date(2020, 3, 10)


def rows(values, region="CN", signal="commuting", half=0.0, as_of=AS_OF):
    """Return the history whose last day is ``as_of``; NaN is a day without a figure."""
    values = np.asarray(values, dtype=float)
    days = [as_of - timedelta(days=len(values) - 1 - n) for n in range(len(values))]
    frame = pl.DataFrame({"signal": signal, "region": region, "day": days, "value": values})
    return frame.filter(pl.col("value").is_not_nan()).with_columns(
        lower=pl.col("value") - half, upper=pl.col("value") + half
    )


def fall_and_return(days=84, depth=30.0, top=98.0, middle=18.0, speed=0.15, sd=1.0, seed=0):
    """Return a series that falls 45 days before its end and comes back like a logistic curve, and its level."""
    day = np.arange(days) - (days - 46.0)
    share = 1 / (1 + np.exp(-speed * (day - middle)))
    level = np.where(day < 0, 100.0, np.maximum(100 - 14 * day, depth + (top - depth) * share))
    return level + sd * np.random.default_rng(seed).normal(size=days), level
