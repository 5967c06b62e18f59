-- description: How uneven car parks look in images that are too coarse to count in, one row per image and day.
-- partition: day
-- unique: image_id, day
-- owner: team:analytics
-- column day: day of the image
select day, image_id, site_id, time, gsd, valid, reason, roughness, roughness_sd, pixels
from lake.lot_index
