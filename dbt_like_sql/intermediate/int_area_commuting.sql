-- description: Commuting by area: cities as they are, provinces and the country as the mean of their cities weighted by
--   workforce. Errors of cities are combined with the correlation of seeds.settings, since alignment and calendar are
--   shared; cities without a figure that day widen the interval by their share of the workforce times the spread
--   between cities. An area with less than half its workforce has no figure that day.
-- partition: day
-- unique: region, day, known_from
-- owner: team:analytics
-- column level: country, region (province) or city
-- column region: country code, province or city key
-- column day: day that is measured
-- column known_from: first day on which this was known
-- column known_until: day on which later files changed it; 9999-12-31: it stands
-- column value: percent of normal
-- column lower: 5 % limit
-- column upper: 95 % limit
-- column n_obs: devices (or index values) behind the value
with settings as (
    select
        max(value) filter (where name = 'country') as country,
        (max(value) filter (where name = 'city_error_correlation'))::double as correlation,
        (max(value) filter (where name = 'min_city_spread'))::double as min_spread,
        (max(value) filter (where name = 'min_workforce_share'))::double as min_share
    from seeds.settings
    where name in ('country', 'city_error_correlation', 'min_city_spread', 'min_workforce_share')
),

members as (
    select 'region' as level, region as area, city, workforce
    from staging.stg_cities
    where workforce > 0
    union all
    select 'country' as level, settings.country as area, city, workforce
    from staging.stg_cities
    cross join settings
    where workforce > 0
),

totals as (
    select level, area, sum(workforce order by city) as workforce
    from members
    group by level, area
),

changes as (
    select day, known_from as as_of
    from intermediate.int_commuting_figures
    union
    select day, known_until as as_of
    from intermediate.int_commuting_figures
    where known_until < date '9999-12-31'
),

spans as (
    select day, as_of, lead(as_of, 1, date '9999-12-31') over (partition by day order by as_of) as known_until
    from changes
),

figures as (
    select
        m.level,
        m.area,
        c.city,
        c.day,
        p.as_of,
        p.known_until,
        m.workforce as weight,
        c.value,
        c.value - c.lower as below,
        c.upper - c.value as above,
        c.n_obs
    from intermediate.int_commuting_figures as c
    inner join spans as p on c.day = p.day and p.as_of >= c.known_from and p.as_of < c.known_until
    inner join members as m on c.city = m.city
    where c.value is not null
),

sums as (
    select
        level,
        area,
        day,
        as_of,
        max(known_until) as known_until,
        sum(weight order by city) as weight,
        sum(weight * value order by city) / sum(weight order by city) as value,
        sum(weight * value ** 2 order by city) / sum(weight order by city) as square,
        sum(weight * below order by city) / sum(weight order by city) as below_shared,
        sum(weight * above order by city) / sum(weight order by city) as above_shared,
        sum((weight * below) ** 2 order by city) / sum(weight order by city) ** 2 as below_own,
        sum((weight * above) ** 2 order by city) / sum(weight order by city) ** 2 as above_own,
        sum(n_obs)::bigint as n_obs
    from figures
    group by level, area, day, as_of
),

spreads as (
    select
        s.level,
        s.area,
        s.day,
        s.as_of,
        s.known_until,
        s.value,
        s.n_obs,
        1.645 * (1 - s.weight / t.workforce)
        * greatest(sqrt(greatest(s.square - s.value ** 2, 0)), settings.min_spread) as unseen,
        (1 - settings.correlation) * s.below_own + settings.correlation * s.below_shared ** 2 as below,
        (1 - settings.correlation) * s.above_own + settings.correlation * s.above_shared ** 2 as above
    from sums as s
    inner join totals as t on s.level = t.level and s.area = t.area
    cross join settings
    where s.weight >= settings.min_share * t.workforce
)

select
    level,
    area as region,
    day,
    as_of as known_from,
    known_until,
    value,
    greatest(value - sqrt(below + unseen ** 2), 0) as lower,
    value + sqrt(above + unseen ** 2) as upper,
    n_obs
from spreads
union all
select
    'city' as level,
    c.city as region,
    c.day,
    c.known_from,
    c.known_until,
    c.value,
    c.lower,
    c.upper,
    c.n_obs::bigint as n_obs
from intermediate.int_commuting_figures as c
inner join staging.stg_cities as p on c.city = p.city
where c.value is not null and c.city <> p.region
