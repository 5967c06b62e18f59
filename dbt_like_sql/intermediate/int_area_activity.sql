-- description: Activity seen from above by area. Country and provinces come from the panel model; a city is the mean
--   of its sites weighted by capacity, their errors taken as independent (ours). A city that is called like its province
--   is left to the province.
-- partition: day
-- unique: signal, region, day
-- owner: team:analytics
-- column level: country, region (province) or city
-- column region: country code, province or city key
-- column day: day that is estimated
-- column value: percent of the own baseline
-- column lower: 5 % limit
-- column upper: 95 % limit
-- column n_obs: observations that inform the value
with sites as (
    select
        a.signal,
        s.city,
        a.day,
        coalesce(s.capacity, 1) as weight,
        a.value,
        a.value - a.lower as below,
        a.upper - a.value as above,
        a.n_obs,
        a.key
    from intermediate.int_activity as a
    inner join staging.stg_sites as s on a.key = s.site_id and a.signal = s.signal
    where a.level = 'site' and s.city is not null and s.city <> s.region and coalesce(s.capacity, 1) > 0
),

cities as (
    select
        signal,
        city,
        day,
        sum(weight * value order by key) / sum(weight order by key) as value,
        sqrt(sum((weight * below) ** 2 order by key)) / sum(weight order by key) as below,
        sqrt(sum((weight * above) ** 2 order by key)) / sum(weight order by key) as above,
        sum(n_obs)::bigint as n_obs
    from sites
    group by signal, city, day
)

select signal, level, key as region, day, value, lower, upper, n_obs
from intermediate.int_activity
where level in ('country', 'region')
union all
select signal, 'city' as level, city as region, day, value, greatest(value - below, 0) as lower, value + above as upper, n_obs
from cities
