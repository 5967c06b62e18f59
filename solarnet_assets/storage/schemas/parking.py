"""Car parks: vehicles counted, and the index where pictures are too coarse to count."""

from __future__ import annotations

import dataframely as dy

from solarnet_assets.storage.schemas.columns import fraction, utc

_CANDIDATE: dict[str, dy.Column] = {
    "column": dy.Float64(description="centre, pixels from the left edge of the stored image"),
    "row": dy.Float64(description="centre, pixels from its upper edge"),
    "score": fraction("what the network says"),
    "probability": fraction("that a vehicle stands there: the score, calibrated on held-out scenes"),
    "inside": fraction("probability that the centre lies inside the lot; the count sums probability x inside"),
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
    time = utc("acquisition time")
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
    visible_share = fraction("share of the lot that is not under trees, cloud or outside the image", nullable=True)
    epsg = dy.Int64(nullable=True, description="EPSG code of x and y of the candidates")
    candidates = dy.List(dy.Struct(_CANDIDATE), nullable=True, description="what the count is made of, best first")
    model = dy.String(nullable=True, description="digest of the weights, shortened")
    evidence = dy.String(nullable=True, description="picture with the detections, relative to the evidence folder")


class LotIndex(dy.Schema):
    """How uneven a car park looks in an image too coarse to count in. Not vehicles, and never mixed with them."""

    site_id = dy.String(description="car park")
    image_id = dy.String(unique=True, description="image")
    time = utc("acquisition time")
    gsd = dy.Float64(min_exclusive=1.0, description="ground sampling distance, m; 1-10 m")
    valid = dy.Bool(description="usable as an observation")
    reason = dy.String(nullable=True, description="why it is not")
    roughness = dy.Float64(
        nullable=True, min=0, description="sd of brightness between the lot's pixels over that of its surroundings"
    )
    roughness_sd = dy.Float64(nullable=True, min=0, description="standard deviation of the roughness")
    pixels = dy.Int64(nullable=True, description="pixels of the lot")
