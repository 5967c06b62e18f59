"""Raw records as landed: scenes, images of car parks, pings, published indices, posts."""

from __future__ import annotations

import dataframely as dy

from solarnet_assets.storage.schemas.columns import utc


class Scenes(dy.Schema):
    """One satellite scene clipped to one site, as landed."""

    scene_id = dy.String(unique=True, description="scene and site key")
    site_id = dy.String(description="site that the scene covers")
    time = utc("sensing time")
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
    time = utc("acquisition time")
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
    time = utc("time of the fix")
    lat = dy.Float64(min=-90, max=90, description="latitude, degrees, WGS 84")
    lon = dy.Float64(min=-180, max=180, description="longitude, degrees, WGS 84")
    accuracy = dy.Float32(nullable=True, description="radius of the fix, m")
    city = dy.String(description="city whose radius holds the fix")


class MobilityIndex(dy.Schema):
    """A published index of movement."""

    city = dy.String(description="city key")
    intensity = dy.Float64(min=0, description="index value in the publisher's own unit")
    provider = dy.String(description="who publishes it")
    known_on = dy.Date(nullable=True, description="first day that knew it, where its file came late; null: its own day")


class RawFiles(dy.Schema):
    """The raw files that a day of each raw asset was made of; a kind without a file has one row that says so."""

    kind = dy.String(description="raw asset")
    file = dy.String(description="name relative to the source; empty: there was none that day")
    bytes = dy.Int64(nullable=True, min=0, description="size")
    sha256 = dy.String(nullable=True, description="digest; null for a link that was not followed")
    records_in = dy.Int64(min=0, description="records of the day; files of a STAC item are counted with the item")
    records_kept = dy.Int64(min=0, description="those of them in the table")
    records_refused = dy.Int64(min=0, description="those of them in quarantine")
    arrived = dy.Date(description="first day whose knowledge it belongs to: the day itself when in time")
    arrival = dy.String(description="how that is known: declared, item, file time, in time")


class Posts(dy.Schema):
    """Social posts with keyed-hashed user ids; texts stay in the lake."""

    post = dy.UInt64(description="keyed hash of the post id")
    user = dy.UInt64(description="keyed hash of the user id")
    time = utc("time of posting")
    text = dy.String(description="text of the post")
    lang = dy.String(description="en, zh or other, from the script of the text")
    repost = dy.Bool(description="a boost or retweet of somebody else's text")
    network = dy.String(description="twitter, weibo, mastodon, telegram, reddit, vk, facebook, instagram, csv")
