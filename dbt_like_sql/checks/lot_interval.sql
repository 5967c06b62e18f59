-- description: Limits enclose the vehicles of a car park, none is negative, and nothing coarser than 1 m was counted.
-- asset: marts.lot_passes
-- partition: day
-- blocking: yes
select image_id, day, gsd, vehicles, lower, upper
from marts.lot_passes
where
    not coalesce(isfinite(vehicles) and lower between 0 and vehicles and upper >= vehicles, false)
    or gsd > 1
