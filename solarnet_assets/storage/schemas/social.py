"""Online sectors: labels of posts, shares of users, and their growth."""

from __future__ import annotations

import dataframely as dy

from solarnet_assets.storage.schemas.columns import fraction

SECTORS = (
    "remote_work",
    "online_education",
    "gaming",
    "video_streaming",
    "social_networking",
    "e_commerce",
    "express_delivery",
)


class PostLabels(dy.Schema):
    """Sectors of one post, and whether it counts."""

    post = dy.UInt64(unique=True, description="keyed hash of the post id")
    user = dy.UInt64(description="keyed hash of the user id")
    lang = dy.String(description="en, zh or other")
    network = dy.String(description="where it was posted")
    kept = dy.Bool(description="counts: not a duplicate, not a flood")
    dropped = dy.String(nullable=True, description="why it does not count")
    sectors = dy.List(dy.String(), description="0..n of the seven sectors")
    home_office = dy.Bool(description="writes, in the first person, from home")
    office = dy.Bool(description="writes, in the first person, from the office")


class SectorShares(dy.Schema):
    """Share of active users who wrote about a sector on one day, corrected for the classifier's known error."""

    sector = dy.String(description="one of seven sectors, or home_office, office")
    lang = dy.String(description="all (both as they were that day), en, zh")
    network = dy.String(description="all, or where it was posted")
    users = dy.Int64(description="active users that day")
    users_with = dy.Int64(description="active users with at least one post of the sector")
    sensitivity = fraction("share of users who wrote about it that are found")
    false_rate = fraction("share of users who did not that are found all the same")
    other = fraction("share of posts of other sectors: they are mistaken more often")
    share = fraction("corrected share of active users")
    share_lower = fraction("5 % limit of share: sampling and classifier")
    share_upper = fraction("95 % limit")
    share_sd = dy.Float64(min=0, description="standard deviation of the corrected share: sampling and classifier")
    sampling_sd = dy.Float64(min=0, description="its part from who happened to post that day; independent between days")
    false_sd = dy.Float64(min=0, description="its part from false positives, the same error on every day")


class SectorTrends(dy.Schema):
    """Share of a sector with fixed weights of language and network, against the base and the four weeks before it."""

    sector = dy.String(description="one of seven sectors, or home_office, office")
    lang = dy.String(description="all, en, zh")
    days = dy.Int64(description="1: the day; 7: the seven days up to it")
    users = dy.Int64(description="active users of these days that are compared")
    users_with = dy.Int64(description="of them, with at least one post of the sector")
    share = fraction("post-stratified corrected share of active users", nullable=True)
    share_lower = fraction("5 % limit of share", nullable=True)
    share_upper = fraction("95 % limit", nullable=True)
    weekday_factor = dy.Float64(nullable=True, description="by which the days' weekdays lie above the mean weekday")
    present = dy.Float64(description="part of the usual users whose network was there")
    base_share = fraction("share in the week up to the base day, of the same networks", nullable=True)
    weeks_share = fraction("median share of the four weeks before the base day", nullable=True)
    ratio = dy.Float64(nullable=True, min=0, description="share / weekday_factor / base_share; null: see note")
    ratio_lower = dy.Float64(nullable=True, min=0, description="5 % limit of ratio")
    ratio_upper = dy.Float64(nullable=True, min=0, description="95 % limit of ratio")
    ratio_4w = dy.Float64(nullable=True, min=0, description="share / weekday_factor / weeks_share")
    ratio_4w_lower = dy.Float64(nullable=True, min=0, description="5 % limit of ratio_4w")
    ratio_4w_upper = dy.Float64(nullable=True, min=0, description="95 % limit of ratio_4w")
    note = dy.String(nullable=True, description="why a figure is missing, or what it leaves out")
