-- description: Vehicles in car parks, one row per image that was fit to count in: what every percent of normal starts from.
--   Vehicles, not percent; and never an index of coarse images, which is lot_occupancy_index.
-- partition: day
-- unique: image_id, day
-- owner: team:analytics
-- plot: name, day, vehicles, lower, upper
-- column site_id: car park
-- column name: name that people read
-- column site_group: kind of place
-- column region: province
-- column day: day of the image
-- column n_obs: images behind the figure
select
    c.image_id, c.site_id, s.name, s."group" as site_group, s.region, c.day, c.time, c.vehicles, c.lower, c.upper,
    c.valid::bigint as n_obs, c.covered, c.stalls, c.occupancy, c.occupancy_lower, c.occupancy_upper, c.detections, c.visible_share,
    c.gsd, c.model, c.evidence
from staging.stg_lot_counts as c
left join staging.stg_sites as s on c.site_id = s.site_id
where c.valid
