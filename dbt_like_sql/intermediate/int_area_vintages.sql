-- description: The components as they were known on each day: what that day's vintage says of the 21 days before it for steel
--   and car parks, and the figures of commuting that had settled, from the files that had come by then. A city is the mean of
--   its sites weighted by capacity, as in int_area_activity.
-- partition: as_of
-- lookahead: 23 days
-- unique: as_of, signal, region, day
-- owner: team:analytics
-- column as_of: day on which it was known
-- column day: day that is estimated
-- column signal: steel, parking or commuting
with activity as (
    select 'steel' as signal, day as as_of, date as day, level, key, value, lower, upper
    from lake.steel_activity
    where day between date and date + 21
    union all
    select 'parking' as signal, day as as_of, date as day, level, key, value, lower, upper
    from lake.parking_activity
    where day between date and date + 21
),

sites as (
    select
        a.signal,
        a.as_of,
        a.day,
        s.city,
        coalesce(s.capacity, 1) as weight,
        a.value,
        a.value - a.lower as below,
        a.upper - a.value as above,
        a.key
    from activity as a
    inner join staging.stg_sites as s on a.key = s.site_id and a.signal = s.signal
    where a.level = 'site' and s.city is not null and s.city <> s.region and coalesce(s.capacity, 1) > 0
),

cities as (
    select
        signal,
        as_of,
        day,
        city,
        sum(weight * value order by key) / sum(weight order by key) as value,
        sqrt(sum((weight * below) ** 2 order by key)) / sum(weight order by key) as below,
        sqrt(sum((weight * above) ** 2 order by key)) / sum(weight order by key) as above
    from sites
    group by signal, as_of, day, city
),

settled as (
    select
        unnest(generate_series(known_from, least(known_until - 1, day + 21), interval 1 day))::date as as_of,
        level,
        region,
        day,
        value,
        lower,
        upper
    from intermediate.int_area_commuting
    where known_from <= day + 21
)

select as_of, signal, level, key as region, day, value, lower, upper
from activity
where level in ('country', 'region')
union all
select
    as_of,
    signal,
    'city' as level,
    city as region,
    day,
    value,
    greatest(value - below, 0) as lower,
    value + above as upper
from cities
union all
select as_of, 'commuting' as signal, level, region, day, value, lower, upper
from settled
where
    as_of <= (
        select greatest(
            (select max(day) from intermediate.int_area_commuting),
            (select max(day) from staging.stg_raw_files)
        )
    )
