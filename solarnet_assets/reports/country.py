"""The country's own days of a signal, as measured and as a simulation knows them."""

from __future__ import annotations

import polars as pl

from solarnet_assets.reports.data import ReportData

LEVELS = ("composite", "steel", "parking", "commuting")
"""Signals in percent of normal, in the order of the page."""


def country_rows(data: ReportData, signal: str) -> pl.DataFrame:
    """Return the country's days of one signal that have a value."""
    rows = data["recovery_daily"].filter(
        pl.col("signal") == signal, pl.col("region") == data.country, pl.col("value").is_not_null()
    )
    ends = [pl.col(end).fill_null(pl.col("value")) for end in ("lower", "upper")]
    return rows.select("day", "value", *ends, "n_obs").sort("day")


def country_truth(data: ReportData, signal: str) -> pl.DataFrame:
    """Return the simulation's truth of the country within the days that the report shows; empty outside one."""
    truth = data.truth.filter(pl.col("signal") == signal, pl.col("key") == data.country)
    span = data.span
    return truth.filter(pl.col("day").is_between(*span) if span else pl.lit(value=False)).select("day", "value")
