-- description: The points that the vehicles of a car park were counted from, one row per candidate: the count is the sum of
--   probability x inside over an image, plus a small share for vehicles that left no candidate.
-- partition: day
-- unique: image_id, day, number
-- owner: team:analytics
-- column image_id: image
-- column site_id: car park
-- column day: day of the image
-- column number: candidate within the image, the best score first
-- column pixel_column: centre, pixels from the left edge of the stored image
-- column pixel_row: centre, pixels from its upper edge
-- column score: what the network says
-- column probability: that a vehicle stands there
-- column inside: probability that its centre lies inside the lot
-- column listed: drawn as a vehicle
-- column x: centre, map units of epsg; null for an image without a place
-- column y: centre, map units of epsg
-- column lon: centre, degrees
-- column lat: centre, degrees
with points as (
    select
        image_id, site_id, day, epsg, unnest(candidates) as p, generate_subscripts(candidates, 1) as number
    from staging.stg_lot_counts
    where valid
)

select
    image_id, site_id, day, number, p."column" as pixel_column, p."row" as pixel_row, p.score, p.probability, p.inside,
    p.listed, epsg, p.x, p.y, p.lon, p.lat
from points
