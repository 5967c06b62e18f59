"""The tables of the lake: columns, types, units and meaning, in one place.

Writers are validated against these, Dagster's column view and the data dictionary are generated
from them, and an asset without partitions still has its columns in the warehouse.
"""

from __future__ import annotations

import dataframely as dy


def _utc(description: str) -> dy.Datetime:
    return dy.Datetime(time_unit="us", time_zone="UTC", description=description)


def _share(description: str, nullable: bool = False) -> dy.Float64:
    return dy.Float64(min=0.0, max=1.0, nullable=nullable, description=description)


class Sites(dy.Schema):
    """Places that are watched from above: steel mills, car parks, areas searched for solar farms."""

    site_id = dy.String(unique=True, description="stable key")
    signal = dy.String(check=lambda c: c.is_in(["steel", "parking", "solar"]), description="steel, parking or solar")
    name = dy.String(description="name that people read")
    group = dy.String(description="kind of place: mill, factory, retail, theme park, area of interest")
    region = dy.String(description="province")
    city = dy.String(nullable=True, description="city key, where the site lies in one")
    lon = dy.Float64(min=-180, max=180, description="longitude of the centre, degrees, WGS 84")
    lat = dy.Float64(min=-90, max=90, description="latitude of the centre, degrees, WGS 84")
    capacity = dy.Float64(nullable=True, min=0, description="mill: Mt crude steel a year; car park: stalls")
    geometry = dy.String(description="polygon that is measured, WKT, EPSG:4326: hot plant area, lot, or area")


class Cities(dy.Schema):
    """Cities whose commuters are counted."""

    city = dy.String(unique=True, description="stable key")
    name = dy.String(description="name that people read")
    region = dy.String(description="province")
    lon = dy.Float64(min=-180, max=180, description="longitude of the centre, degrees")
    lat = dy.Float64(min=-90, max=90, description="latitude of the centre, degrees")
    radius_km = dy.Float64(min=0, description="pings within this distance of the centre belong to the city")
    timezone = dy.String(description="IANA time zone")
    workforce = dy.Float64(min=0, description="employed people; the weight of the city in region and country")


class Calendar(dy.Schema):
    """Days with their working status and their partner day a (lunar) year before."""

    date = dy.Date(primary_key=True, description="calendar day")
    is_workday = dy.Bool(description="official working day, make-up days and extensions included")
    partner = dy.Date(nullable=True, description="same lunar month and day of the year before (else 364 days before)")
    partner_kind = dy.String(nullable=True, description="lunar or weekday")


class Scenes(dy.Schema):
    """One satellite scene clipped to one site, as landed."""

    scene_id = dy.String(unique=True, description="scene and site key")
    site_id = dy.String(description="site that the scene covers")
    time = _utc("sensing time")
    platform = dy.String(description="sentinel-2a, landsat-8 ...")
    path = dy.String(description="COG of all bands, relative to the partition")
    mask_path = dy.String(nullable=True, description="scene classification (SCL), relative to the partition")
    bands = dy.List(dy.String(), description="band names in file order")
    scale = dy.Float64(description="reflectance = DN * scale + offset")
    offset = dy.Float64(description="reflectance = DN * scale + offset")
    baseline = dy.String(nullable=True, description="processing baseline of the product")
    sun_elevation = dy.Float64(nullable=True, description="degrees above the horizon")
    epsg = dy.Int64(description="EPSG code of the raster, from its header")
    gsd = dy.Float64(description="ground sampling distance, m")
    source_file = dy.String(description="raw file that this came from")
    sha256 = dy.String(description="digest of the raw file")


class LotImages(dy.Schema):
    """One sub-metre image of a car park, as landed."""

    image_id = dy.String(unique=True, description="image key")
    site_id = dy.String(description="car park")
    time = _utc("acquisition time")
    path = dy.String(description="RGB image, relative to the partition")
    gsd = dy.Float64(min_exclusive=0, description="ground sampling distance, m")
    off_nadir = dy.Float64(nullable=True, description="view angle, degrees")
    sun_elevation = dy.Float64(nullable=True, description="degrees above the horizon")
    cloud_cover = dy.Float64(nullable=True, description="share of the chip under cloud, 0..1, where the product says")
    source_file = dy.String(description="raw file that this came from")
    sha256 = dy.String(description="digest of the raw file")


class Pings(dy.Schema):
    """GPS pings with keyed-hashed device ids."""

    device = dy.UInt64(description="keyed hash of the device id")
    time = _utc("time of the fix")
    lat = dy.Float64(min=-90, max=90, description="latitude, degrees, WGS 84")
    lon = dy.Float64(min=-180, max=180, description="longitude, degrees, WGS 84")
    accuracy = dy.Float32(nullable=True, description="radius of the fix, m")
    city = dy.String(description="city whose radius holds the fix")


class MobilityIndex(dy.Schema):
    """A published index of movement."""

    city = dy.String(description="city key")
    intensity = dy.Float64(min=0, description="index value in the publisher's own unit")
    provider = dy.String(description="who publishes it")


class Posts(dy.Schema):
    """Social posts with keyed-hashed user ids; texts stay in the lake."""

    post = dy.UInt64(description="keyed hash of the post id")
    user = dy.UInt64(description="keyed hash of the user id")
    time = _utc("time of posting")
    text = dy.String(description="text of the post")
    lang = dy.String(description="en, zh or other, from the script of the text")
    repost = dy.Bool(description="a boost or retweet of somebody else's text")
    network = dy.String(description="twitter, weibo, mastodon, telegram, reddit, vk, facebook, instagram, csv")


_CLUSTER: dict[str, dy.Column] = {
    "number": dy.Int64(description="label of the cluster in its scene"),
    "pixels": dy.Int64(description="hot pixels"),
    "excess": dy.Float64(description="2.2 um radiance over the surroundings, summed, W m-2 sr-1 um-1"),
    "peak": dy.Float64(description="largest excess of a pixel, W m-2 sr-1 um-1"),
    "background": dy.Float64(description="median radiance of the surroundings, W m-2 sr-1 um-1"),
    "probability": _share("largest probability of a pixel, by HeatNet"),
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
    time = _utc("sensing time")
    number, pixels, excess, peak = (_CLUSTER[name] for name in ("number", "pixels", "excess", "peak"))
    background, probability, saturated = (_CLUSTER[name] for name in ("background", "probability", "saturated"))
    x, y, lon, lat = (_CLUSTER[name] for name in ("x", "y", "lon", "lat"))
    passes_before = dy.Int64(min=0, description="judged passes of the 90 days before, at least 4 days earlier")
    hot_before = dy.Int64(min=0, description="those of them in which this place (within 60 m) was hot")


class SteelObservations(dy.Schema):
    """One pass over one mill: whether it counts as an observation, and how hot it was."""

    site_id = dy.String(description="mill")
    scene_id = dy.String(unique=True, description="scene")
    time = _utc("sensing time")
    valid = dy.Bool(description="passes the observation rules")
    reason = dy.String(nullable=True, description="why it is not an observation")
    seen_share = _share("share of the site inside the scene")
    cloud_share = _share("share of the hot polygons under cloud or shadow", nullable=True)
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


class SolarPolygons(dy.Schema):
    """Solar arrays found in one scene."""

    site_id = dy.String(description="area of interest")
    scene_id = dy.String(description="scene")
    time = _utc("sensing time")
    polygon = dy.Int64(description="number within the scene")
    geometry = dy.String(description="outline, WKT, EPSG:4326")
    area_m2 = dy.Float64(min=0, description="area in an equal-area projection, m2")
    score = _share("mean probability inside the outline")
    hidden = dy.String(
        nullable=True, description="ground within 3 km that was not searched (cloud, no data), WKT, EPSG:4326"
    )
    evidence = dy.String(nullable=True, description="picture, relative to the evidence folder")


class SolarFarms(dy.Schema):
    """Register of solar farms as known on the partition's day."""

    farm_id = dy.String(unique=True, description="stable key")
    site_id = dy.String(description="area of interest")
    first_seen = dy.Date(description="first day with the farm")
    last_seen = dy.Date(description="newest day with the farm")
    area_km2 = dy.Float64(min=0, description="area, km2")
    area_lower = dy.Float64(min=0, description="5 % limit of the area, km2")
    area_upper = dy.Float64(min=0, description="95 % limit of the area, km2")
    lon = dy.Float64(description="longitude of the centre")
    lat = dy.Float64(description="latitude of the centre")
    confidence = _share("mean probability over its sightings")
    n_obs = dy.Int64(min=1, description="scenes in which it was seen")
    evidence = dy.String(nullable=True, description="picture, relative to the evidence folder")


_CANDIDATE: dict[str, dy.Column] = {
    "column": dy.Float64(description="centre, pixels from the left edge of the stored image"),
    "row": dy.Float64(description="centre, pixels from its upper edge"),
    "score": _share("what the network says"),
    "probability": _share("that a vehicle stands there: the score, calibrated on held-out scenes"),
    "inside": _share("probability that the centre lies inside the lot; the count sums probability x inside"),
    "listed": dy.Bool(description="drawn as a vehicle: the score reaches the model card's threshold"),
    "x": dy.Float64(nullable=True, description="centre, map units of the image's CRS; null for an image without place"),
    "y": dy.Float64(nullable=True, description="centre, map units of the image's CRS"),
    "lon": dy.Float64(nullable=True, description="centre, degrees, WGS 84"),
    "lat": dy.Float64(nullable=True, description="centre, degrees, WGS 84"),
}


class LotCounts(dy.Schema):
    """Vehicles in one image of a car park, and the candidates that the number is made of."""

    site_id = dy.String(description="car park")
    image_id = dy.String(unique=True, description="image")
    time = _utc("acquisition time")
    gsd = dy.Float64(description="ground sampling distance, m; nothing coarser than 1 m is counted")
    valid = dy.Bool(description="usable as an observation")
    reason = dy.String(nullable=True, description="why it is not")
    vehicles = dy.Float64(
        nullable=True,
        min=0,
        description="expected vehicles in the open; those that cloud or the image's edge hides too",
    )
    sd = dy.Float64(nullable=True, min=0, description="standard deviation of the count")
    lower = dy.Float64(nullable=True, min=0, description="lower limit of the 90 % interval")
    upper = dy.Float64(
        nullable=True, min=0, description="upper limit of the 90 % interval; allows for what crowns and roofs hide"
    )
    covered = dy.Float64(
        nullable=True, min=0, description="vehicles expected under crowns and roofs; not among vehicles"
    )
    stalls = dy.Float64(nullable=True, min=0, description="stalls of the lot, where known")
    occupancy = dy.Float64(
        nullable=True, min=0, description="(vehicles + covered) / stalls; above 1: aisles are used too"
    )
    occupancy_lower = dy.Float64(nullable=True, min=0, description="lower limit of its 90 % interval")
    occupancy_upper = dy.Float64(nullable=True, min=0, description="upper limit of its 90 % interval")
    detections = dy.Int64(nullable=True, description="listed candidates inside the lot")
    visible_share = _share("share of the lot that is not under trees, cloud or outside the image", nullable=True)
    epsg = dy.Int64(nullable=True, description="EPSG code of x and y of the candidates")
    candidates = dy.List(dy.Struct(_CANDIDATE), nullable=True, description="what the count is made of, best first")
    model = dy.String(nullable=True, description="digest of the weights, shortened")
    evidence = dy.String(nullable=True, description="picture with the detections, relative to the evidence folder")


class LotIndex(dy.Schema):
    """How uneven a car park looks in an image too coarse to count in. Not vehicles, and never mixed with them."""

    site_id = dy.String(description="car park")
    image_id = dy.String(unique=True, description="image")
    time = _utc("acquisition time")
    gsd = dy.Float64(min_exclusive=1.0, description="ground sampling distance, m; 1-10 m")
    valid = dy.Bool(description="usable as an observation")
    reason = dy.String(nullable=True, description="why it is not")
    roughness = dy.Float64(
        nullable=True, min=0, description="sd of brightness between the lot's pixels over that of its surroundings"
    )
    roughness_sd = dy.Float64(nullable=True, min=0, description="standard deviation of the roughness")
    pixels = dy.Int64(nullable=True, description="pixels of the lot")


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
    confidence = _share("probability that people themselves would call this home, see docs/commuting.md")
    work_confidence = _share("probability that they would call this their workplace", nullable=True)
    stay_slots = dy.Float64(
        nullable=True,
        min=0,
        description="quarter hours seen in work hours on days at work, less the one of each by which the day is known",
    )
    stay_at_work = dy.Float64(nullable=True, min=0, description="those of them at work")


class CityCommuters(dy.Schema):
    """Commuters of one city on one day, before any comparison."""

    city = dy.String(unique=True, description="city")
    panel = dy.Int64(description="devices seen that day whose home and work are known")
    commuters = dy.Float64(min=0, description="those of them that are at work, corrected for missed detections")
    commuters_sd = dy.Float64(
        nullable=True, min=0, description="its standard deviation for exactly this panel: what phones did not say"
    )
    commuters_seen = dy.Int64(description="devices seen at work and at home, uncorrected")
    detection = _share("commuters_seen / commuters: share of commuting devices that are caught", nullable=True)
    share = dy.Float64(nullable=True, min=0, description="commuters / panel")
    share_sd = dy.Float64(
        nullable=True, min=0, description="its standard deviation for other devices of the same city: by bucket"
    )
    epsilon = dy.Float64(
        nullable=True, min=0, description="privacy budget that the Laplace noise in this row spends; null: no noise"
    )
    suppressed = dy.Bool(description="fewer devices than the privacy threshold; figures are blanked")


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
    sensitivity = _share("share of users who wrote about it that are found")
    false_rate = _share("share of users who did not that are found all the same")
    other = _share("share of posts of other sectors: they are mistaken more often")
    share = _share("corrected share of active users")
    share_lower = _share("5 % limit of share: sampling and classifier")
    share_upper = _share("95 % limit")
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
    share = _share("post-stratified corrected share of active users", nullable=True)
    share_lower = _share("5 % limit of share", nullable=True)
    share_upper = _share("95 % limit", nullable=True)
    weekday_factor = dy.Float64(nullable=True, description="by which the days' weekdays lie above the mean weekday")
    present = dy.Float64(description="part of the usual users whose network was there")
    base_share = _share("share in the week up to the base day, of the same networks", nullable=True)
    weeks_share = _share("median share of the four weeks before the base day", nullable=True)
    ratio = dy.Float64(nullable=True, min=0, description="share / weekday_factor / base_share; null: see note")
    ratio_lower = dy.Float64(nullable=True, min=0, description="5 % limit of ratio")
    ratio_upper = dy.Float64(nullable=True, min=0, description="95 % limit of ratio")
    ratio_4w = dy.Float64(nullable=True, min=0, description="share / weekday_factor / weeks_share")
    ratio_4w_lower = dy.Float64(nullable=True, min=0, description="5 % limit of ratio_4w")
    ratio_4w_upper = dy.Float64(nullable=True, min=0, description="95 % limit of ratio_4w")
    note = dy.String(nullable=True, description="why a figure is missing, or what it leaves out")


class RecoveryIndex(dy.Schema):
    """Composites as of the partition's day, for that day and the weeks before it."""

    level = dy.String(description="country, region (province) or city")
    region = dy.String(description="country code, province or city key")
    kind = dy.String(check=lambda c: c.is_in(["weights", "factor"]), description="weights or factor")
    date = dy.Date(description="day that is estimated; the partition's day is the as-of day")
    value = dy.Float64(description="percent of normal")
    lower = dy.Float64(description="5 % limit")
    upper = dy.Float64(description="95 % limit")
    parts = dy.List(
        dy.Struct(
            {
                "signal": dy.String(description="component"),
                "weight": dy.Float64(description="its share of the composite"),
                "loading": dy.Float64(
                    nullable=True, description="points for one standard deviation of the factor; null without a model"
                ),
                "value": dy.Float64(description="percent of normal: observed, estimated, or its common part"),
                "observed": dy.Bool(description="whether the day has it"),
                "contribution": dy.Float64(description="weight times distance from 100, points"),
            }
        ),
        description="what each component contributes",
    )


class ForecastPaths(dy.Schema):
    """Forecast values as of the partition's day."""

    method = dy.String(description="straight_line, no_change, local_level, logistic, gompertz or stack")
    signal = dy.String(description="signal")
    region = dy.String(description="country, province or city")
    date = dy.Date(description="day that is forecast")
    value = dy.Float64(description="percent of normal")
    lower = dy.Float64(description="5 % limit")
    upper = dy.Float64(description="95 % limit")
    quantiles = dy.List(
        dy.Float32(), nullable=True, description="21 quantiles at (i + 0.5) / 21, on the days that are scored"
    )


class ForecastDates(dy.Schema):
    """Day of return to a threshold, as of the partition's day."""

    method = dy.String(description="method of the path")
    signal = dy.String(description="signal")
    region = dy.String(description="country, province or city")
    threshold = dy.Float64(description="percent of normal")
    date_median = dy.Date(nullable=True, description="median day of return; null: not within the horizon")
    date_lower = dy.Date(nullable=True, description="5 % limit")
    date_upper = dy.Date(nullable=True, description="95 % limit; null: beyond the horizon")
    prob_by = _share("probability of return within the horizon", nullable=True)
    prob_never = _share("probability of no return within the horizon", nullable=True)
    prob_by_7d = _share("probability of return within 7 days", nullable=True)
    prob_by_14d = _share("probability of return within 14 days", nullable=True)
    prob_by_28d = _share("probability of return within 28 days", nullable=True)
    horizon = dy.Date(description="last day that is looked at")
    note = dy.String(nullable=True, description="why the method is not identified; null where it is")


class ForecastScores(dy.Schema):
    """Forecasts of a day that has settled by the partition's day, scored by what is known of it then."""

    method = dy.String(description="method of the path")
    signal = dy.String(description="signal")
    region = dy.String(description="country, province or city")
    horizon = dy.Int64(min=1, description="days ahead")
    as_of = dy.Date(description="day on which the forecast was made")
    date = dy.Date(description="day that was forecast")
    value = dy.Float64(description="what came, percent of normal")
    crps = dy.Float64(min=0, description="continuous ranked probability score, points")
    covered = dy.Bool(description="the 90 % interval holds what came")


class EvaluationTruth(dy.Schema):
    """What a simulation knows to be true. Written by the evaluation, read by published_comparison alone."""

    signal = dy.String(description="steel, parking, commuting, sector, solar, composite")
    key = dy.String(description="country code, province, city, site_id or sector")
    date = dy.Date(description="day")
    value = dy.Float64(description="percent of normal; for solar km2")


SCHEMAS: dict[str, type[dy.Schema]] = {
    "sites": Sites,
    "cities": Cities,
    "calendar": Calendar,
    "steel_scenes": Scenes,
    "solar_scenes": Scenes,
    "lot_images": LotImages,
    "pings": Pings,
    "mobility_index": MobilityIndex,
    "posts": Posts,
    "steel_observations": SteelObservations,
    "steel_clusters": SteelClusters,
    "steel_activity": Activity,
    "steel_festival": Festival,
    "solar_polygons": SolarPolygons,
    "solar_farms": SolarFarms,
    "lot_counts": LotCounts,
    "lot_index": LotIndex,
    "parking_activity": Activity,
    "device_days": DeviceDays,
    "home_work": HomeWork,
    "city_commuters": CityCommuters,
    "post_labels": PostLabels,
    "sector_shares": SectorShares,
    "sector_trends": SectorTrends,
    "recovery_index": RecoveryIndex,
    "forecast_paths": ForecastPaths,
    "forecast_dates": ForecastDates,
    "forecast_scores": ForecastScores,
    "evaluation_truth": EvaluationTruth,
}
"""Lake asset -> schema. Daily assets get a ``day`` column from their partition folder."""

UNPARTITIONED = frozenset({"sites", "cities", "calendar", "evaluation_truth"})

SECTORS = (
    "remote_work",
    "online_education",
    "gaming",
    "video_streaming",
    "social_networking",
    "e_commerce",
    "express_delivery",
)
