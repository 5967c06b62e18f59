"""Columns that many tables have."""

from __future__ import annotations

import dataframely as dy


def utc(description: str) -> dy.Datetime:
    """Return a column of times, in UTC to the microsecond."""
    return dy.Datetime(time_unit="us", time_zone="UTC", description=description)


def fraction(description: str, nullable: bool = False) -> dy.Float64:
    """Return a column of shares or probabilities, 0..1."""
    return dy.Float64(min=0.0, max=1.0, nullable=nullable, description=description)
