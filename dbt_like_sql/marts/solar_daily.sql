-- description: Solar farms and their area by watched area and day, as known on that day; site_id 'all' is the sum. Farms err
--   on their own, and all by a common share since one network draws all outlines: their own errors are added in squares, the
--   common one as it is. The interval is that of the arrays that are known. An array that opened after the last clear scene,
--   or that no scene showed twice or with certainty, is in neither the area nor the interval, so both lag behind building.
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
with farms as (
    select
        site_id,
        day,
        farm_id,
        area_km2,
        n_obs,
        -- half width of the common error: 1.645 times area_shared_sd of the model card (a test compares them)
        1.645 * 0.0612 * area_km2 as common,
        area_upper - area_km2 as half
    from staging.stg_solar_farms
),

sums as (
    select
        coalesce(site_id, 'all') as site_id,
        day,
        count(*)::bigint as farms,
        sum(area_km2 order by farm_id) as area_km2,
        sqrt(sum(greatest(half ** 2 - common ** 2, 0) order by farm_id) + sum(common order by farm_id) ** 2) as half,
        sum(n_obs)::bigint as n_obs
    from farms
    group by grouping sets ((site_id, day), (day))
)

select site_id, day, farms, area_km2, greatest(area_km2 - half, 0) as lower, area_km2 + half as upper, n_obs
from sums
