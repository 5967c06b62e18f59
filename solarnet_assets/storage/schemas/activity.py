"""Percent of the own baseline, as steel mills and car parks share it."""

from __future__ import annotations

import dataframely as dy


class Activity(dy.Schema):
    """Percent of the own baseline as known on the partition's day, for that day and the weeks before it.

    Each partition re-estimates its trailing days with what has been seen since (fixed-lag smoothing),
    so that a day's figure settles as later passes arrive while every vintage stays on record.
    """

    date = dy.Date(description="day that is estimated; the partition's day is the as-of day")
    level = dy.String(
        check=lambda c: c.is_in(["site", "group", "region", "country"]), description="site, group, region, country"
    )
    key = dy.String(description="site_id, group, province or country code")
    value = dy.Float64(description="percent of the own baseline")
    lower = dy.Float64(description="5 % limit")
    upper = dy.Float64(description="95 % limit")
    sampling_lower = dy.Float64(
        nullable=True, description="5 % limit had other sites been chosen (bootstrap over sites); null for few sites"
    )
    sampling_upper = dy.Float64(nullable=True, description="95 % limit had other sites been chosen")
    n_obs = dy.Int64(min=0, description="observations that inform the value")
    evidence = dy.String(nullable=True, description="newest evidence picture of a site")
