-- description: Limits enclose the area of every farm, and confidence is a share.
-- asset: marts.solar_farms
select farm_id, area_km2, area_lower, area_upper, confidence
from marts.solar_farms
where
    not coalesce(isfinite(area_km2) and area_lower <= area_km2 and area_km2 <= area_upper, false)
    or not coalesce(confidence between 0 and 1, false)
    or last_seen < first_seen
