-- description: Events: days on which a site, a city or a sector has left its own interval. The own interval is what the place
--   showed from 34 to 7 days before: the 5 % and 95 % quantiles of its values, or the median of its limits where these lie
--   further out. It is left where the day's 90 % interval lies wholly beyond it. Fewer than ten days to go by: no event.
-- partition: day
-- lookahead: 34 days
-- unique: signal, key, day
-- owner: team:analytics
-- column signal: steel, parking, commuting or sector
-- column level: site, city or sector
-- column key: site, city or sector key
-- column day: day of the event
-- column direction: below or above
-- column value: percent of normal; of a sector percent of 1 January 2020
-- column lower: 5 % limit of value
-- column upper: 95 % limit of value
-- column usual: median of the days that make the own interval
-- column usual_lower: lower limit of the own interval
-- column usual_upper: upper limit of the own interval
-- column usual_days: days that make it
-- column is_new: the first day outside, on this side, for a week
-- column evidence: picture that the value was read from, relative to the evidence folder; null where there is none
with units as (
    select signal, 'site' as level, site_id as key, day, value, lower, upper, evidence
    from marts.site_daily
    union all
    select 'commuting' as signal, 'city' as level, city as key, day, value, lower, upper, null as evidence
    from marts.city_commuters
    union all
    select
        'sector' as signal, 'sector' as level, sector as key, day, 100 + growth_pct as value, 100 + lower as lower,
        100 + upper as upper, null as evidence
    from marts.sector_growth
    where lang = 'all'
),

measured as (
    select *
    from units
    where value is not null and lower is not null and upper is not null
),

compared as (
    select
        d.signal,
        d.level,
        d.key,
        d.day,
        d.value,
        d.lower,
        d.upper,
        any_value(d.evidence) as evidence,
        median(p.value) as usual,
        least(quantile_cont(p.value, 0.05), median(p.lower)) as usual_lower,
        greatest(quantile_cont(p.value, 0.95), median(p.upper)) as usual_upper,
        count(*) as usual_days
    from measured as d
    inner join measured as p
        on d.signal = p.signal and d.key = p.key and p.day between d.day - 34 and d.day - 7
    group by d.signal, d.level, d.key, d.day, d.value, d.lower, d.upper
    having count(*) >= 10
),

outside as (
    select *, case when upper < usual_lower then 'below' when lower > usual_upper then 'above' end as direction
    from compared
)

select
    o.signal,
    o.level,
    o.key,
    o.day,
    o.direction,
    o.value,
    o.lower,
    o.upper,
    o.usual,
    o.usual_lower,
    o.usual_upper,
    o.usual_days,
    not exists (
        from outside as before
        where
            before.signal = o.signal and before.key = o.key and before.direction = o.direction
            and before.day between o.day - 7 and o.day - 1
    ) as is_new,
    o.evidence
from outside as o
where o.direction is not null
