"""Heat of steel mills: passes, hot clusters, and what a festival makes ordinary."""

from __future__ import annotations

import dataframely as dy

from solarnet_assets.storage.schemas.columns import fraction, utc

_CLUSTER: dict[str, dy.Column] = {
    "number": dy.Int64(description="label of the cluster in its scene"),
    "pixels": dy.Int64(description="hot pixels"),
    "excess": dy.Float64(description="2.2 um radiance over the surroundings, summed, W m-2 sr-1 um-1"),
    "peak": dy.Float64(description="largest excess of a pixel, W m-2 sr-1 um-1"),
    "background": dy.Float64(description="median radiance of the surroundings, W m-2 sr-1 um-1"),
    "probability": fraction("largest probability of a pixel, by HeatNet"),
    "saturated": dy.Bool(description="a pixel reached the sensor's limit: the excess is a lower limit"),
    "x": dy.Float64(description="centre of excess, map units of the scene's CRS"),
    "y": dy.Float64(description="centre of excess, map units of the scene's CRS"),
    "lon": dy.Float64(description="centre of excess, degrees"),
    "lat": dy.Float64(description="centre of excess, degrees"),
}


class SteelClusters(dy.Schema):
    """Hot clusters of a day's passes, and whether their place was hot before."""

    site_id = dy.String(description="mill")
    scene_id = dy.String(description="scene")
    time = utc("sensing time")
    number, pixels, excess, peak = (_CLUSTER[name] for name in ("number", "pixels", "excess", "peak"))
    background, probability, saturated = (_CLUSTER[name] for name in ("background", "probability", "saturated"))
    x, y, lon, lat = (_CLUSTER[name] for name in ("x", "y", "lon", "lat"))
    passes_before = dy.Int64(min=0, description="judged passes of the 90 days before, at least 4 days earlier")
    hot_before = dy.Int64(min=0, description="those of them in which this place (within 60 m) was hot")


class SteelObservations(dy.Schema):
    """One pass over one mill: whether it counts as an observation, and how hot it was."""

    site_id = dy.String(description="mill")
    scene_id = dy.String(unique=True, description="scene")
    time = utc("sensing time")
    valid = dy.Bool(description="passes the observation rules")
    reason = dy.String(nullable=True, description="why it is not an observation")
    seen_share = fraction("share of the site inside the scene")
    cloud_share = fraction("share of the hot polygons under cloud or shadow", nullable=True)
    net_pixels = dy.Int64(nullable=True, description="hot pixels by HeatNet inside the polygons")
    clusters = dy.Int64(nullable=True, description="clusters of hot pixels by HeatNet that touch the polygons")
    cluster_excess = dy.Float64(
        nullable=True, description="SWIR (B12) radiance of these clusters over their surroundings, W m-2 sr-1 um-1"
    )
    hot_clusters = dy.List(
        dy.Struct(_CLUSTER), nullable=True, description="these clusters; null where HeatNet could not decide"
    )
    hot_pixels = dy.Int64(nullable=True, description="hot pixels by TAI inside the polygons")
    nhi_pixels = dy.Int64(nullable=True, description="hot pixels by NHI inside the polygons")
    excess_radiance = dy.Float64(
        nullable=True, description="SWIR (B12) radiance over background, summed, W m-2 sr-1 um-1"
    )
    saturated_pixels = dy.Int64(nullable=True, description="pixels at the sensor's limit")
    relative_sd = dy.Float64(nullable=True, description="relative standard deviation from cloud share and saturation")
    excess_map = dy.List(
        dy.Int16(nullable=True),
        nullable=True,
        description="excess radiance per pixel, row by row over the polygon's bounding box, in 0.01 W m-2 sr-1 um-1; "
        "null outside the polygon and where nothing was seen",
    )
    map_width = dy.Int32(nullable=True, description="columns of excess_map")
    map_grid = dy.String(
        nullable=True, description="EPSG code, corner and pixel size of excess_map; equal: same pixels"
    )
    evidence = dy.String(nullable=True, description="picture of the hot pixels, relative to the evidence folder")


class Festival(dy.Schema):
    """What is ordinary for mills on the partition's day at its distance from the Spring Festival.

    In the season around the festival: the level on the same day of the year before. On other days one row of the
    country, 100 by definition. No row in the season: the year before was not observed.
    """

    level = dy.String(check=lambda c: c.is_in(["site", "region", "country"]), description="site, region, country")
    key = dy.String(description="site_id, province or country code")
    partner = dy.Date(nullable=True, description="day of the year before, as far from its festival; null: not read")
    ordinary = dy.Float64(description="percent of the level of the ordinary weeks before and after the season")
    lower = dy.Float64(description="5 % limit")
    upper = dy.Float64(description="95 % limit")
    n_obs = dy.Int64(min=0, description="observations that inform the value")
