"""Commuting: device-days, homes and workplaces, commuters of a city."""

from __future__ import annotations

import dataframely as dy
import polars as pl

from solarnet_assets.storage.schemas.columns import fraction


class DeviceDays(dy.Schema):
    """What one device did in one cell on one day: every ping is read once, here."""

    city = dy.String(description="city")
    device = dy.UInt64(description="keyed hash of the device id")
    bucket = dy.UInt8(description="device hash modulo the number of buckets")
    cell_x = dy.Int32(description="column of the metric grid of the city")
    cell_y = dy.Int32(description="row of the metric grid of the city")
    lat = dy.Float64(description="dwell-weighted latitude inside the cell")
    lon = dy.Float64(description="dwell-weighted longitude inside the cell")
    night_slots = dy.Int16(description="distinct quarter hours seen between 00 and 06 local time")
    work_slots = dy.Int16(description="distinct quarter hours seen between 09 and 16 local time")
    work_mask = dy.UInt32(
        description="those quarter hours as bits, bit 0 from 09:00: cells can be joined without counting twice"
    )
    slots = dy.Int16(description="distinct quarter hours seen")
    pings = dy.Int32(description="pings")


class HomeWork(dy.Schema):
    """Home and work locations from the trailing 28 days."""

    city = dy.String(description="city")
    device = dy.UInt64(unique=True, description="keyed hash of the device id")
    home_lat = dy.Float64(description="latitude of the home location")
    home_lon = dy.Float64(description="longitude of the home location")
    work_lat = dy.Float64(nullable=True, description="latitude of the work location")
    work_lon = dy.Float64(nullable=True, description="longitude of the work location")
    nights = dy.Int32(description="nights seen at home in the window")
    workdays = dy.Int32(description="working days seen at work in the window")
    observed_workdays = dy.Int32(description="working days seen anywhere in the window")
    confidence = fraction("probability that people themselves would call this home, see docs/commuting.md")
    work_confidence = fraction("probability that they would call this their workplace", nullable=True)
    stay_slots = dy.Float64(
        nullable=True,
        min=0,
        description="quarter hours seen in work hours on days at work, less the one of each by which the day is known",
    )
    stay_at_work = dy.Float64(nullable=True, min=0, description="those of them at work")


class CityCommuters(dy.Schema):
    """Commuters of one city on one day, before any comparison; a row more for each late arrival of its files."""

    city = dy.String(description="city")
    known_on = dy.Date(
        nullable=True,
        description="first day that knew these figures, where files came late (the row before is what was known until "
        "then); null: the day itself",
    )
    panel = dy.Int64(description="devices seen that day whose home and work are known")
    commuters = dy.Float64(min=0, description="those of them that are at work, corrected for missed detections")
    commuters_sd = dy.Float64(
        nullable=True, min=0, description="its standard deviation for exactly this panel: what phones did not say"
    )
    commuters_seen = dy.Int64(description="devices seen at work and at home, uncorrected")
    detection = fraction("commuters_seen / commuters: share of commuting devices that are caught", nullable=True)
    share = dy.Float64(nullable=True, min=0, description="commuters / panel")
    share_sd = dy.Float64(
        nullable=True, min=0, description="its standard deviation for other devices of the same city: by bucket"
    )
    epsilon = dy.Float64(
        nullable=True, min=0, description="privacy budget that the Laplace noise in this row spends; null: no noise"
    )
    suppressed = dy.Bool(description="fewer devices than the privacy threshold; figures are blanked")

    @dy.rule()
    def one_row_per_state(cls) -> pl.Expr:  # noqa: N805 - a class method to dataframely
        """A city has one row for each state of knowledge."""
        return pl.struct("city", "known_on").is_unique()
