-- description: Images of car parks with the vehicles counted in them, one row per image and day.
-- partition: day
-- unique: image_id, day
-- owner: team:analytics
-- column day: day of the image
-- column candidates: scored points that the count is made of
select
    day, image_id, site_id, time, gsd, valid, reason, vehicles, sd, lower, upper, covered, stalls, occupancy, occupancy_lower,
    occupancy_upper, detections, visible_share, epsg, candidates, model, evidence
from lake.lot_counts
