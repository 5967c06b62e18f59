-- description: Register of solar farms as known on each day, one row per farm and day.
-- partition: day
-- unique: farm_id, day
-- owner: team:analytics
-- column day: day whose knowledge the register shows
select
    day, farm_id, site_id, first_seen, last_seen, area_km2, area_lower, area_upper, lon, lat, confidence, n_obs, evidence
from lake.solar_farms
