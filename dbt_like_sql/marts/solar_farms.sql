-- description: Solar farms as known on the newest day of the register, one row per farm.
-- partition: none
-- unique: farm_id
-- owner: team:analytics
-- column area_km2: area, km2, in an equal-area projection
-- column area_lower: lower limit of the 90 % interval of the area, km2
-- column area_upper: upper limit of the 90 % interval of the area, km2
select
    farm_id, first_seen, last_seen, area_km2, lon, lat, confidence, site_id, area_lower, area_upper, n_obs, evidence
from staging.stg_solar_farms
where day = (select max(newest.day) from staging.stg_solar_farms as newest)
