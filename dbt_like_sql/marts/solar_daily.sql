-- description: Solar farms and their area by watched area and day, as known on that day; site_id 'all' is the sum. Limits of
--   farms are added up, since one network draws all outlines and errs alike.
-- partition: day
-- unique: site_id, day
-- owner: team:analytics
-- plot: site_id, day, area_km2, lower, upper
-- plot_where: site_id = 'all'
-- column site_id: area of interest, or 'all'
-- column day: day whose knowledge is shown
-- column farms: farms in the register
-- column area_km2: their area, km2
-- column lower: lower limit of the 90 % interval of the area, km2
-- column upper: upper limit of the 90 % interval of the area, km2
-- column n_obs: sightings behind the register
select
    coalesce(site_id, 'all') as site_id,
    day,
    count(*)::bigint as farms,
    sum(area_km2 order by farm_id) as area_km2,
    sum(area_lower order by farm_id) as lower,
    sum(area_upper order by farm_id) as upper,
    sum(n_obs)::bigint as n_obs
from staging.stg_solar_farms
group by grouping sets ((site_id, day), (day))
