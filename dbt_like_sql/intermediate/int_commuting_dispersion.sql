-- description: How much daily ratios really scatter about their city's mean in 2-16 January, over what sampling devices
--   one by one would give. Below 1 where the same people go to work every day, above 1 where days differ by themselves
--   (quasi-likelihood dispersion, McCullagh and Nelder 1989, section 4.5). Pooled over cities, and drawn towards 1 by
--   four imaginary days. An index has no sampling error: its ratios are taken as 1 % exact, times the dispersion.
-- partition: none
-- unique: variant, route, is_workday, year, known_from
-- owner: team:analytics
-- column variant: as_set, or the correction that is switched
-- column route: pings or index
-- column is_workday: working days and days off scatter differently
-- column year: calendar year of the window
-- column known_from: day on which this was known; it changes while the window lasts and when late files come
-- column known_until: day on which it changed; 9999-12-31: it stands
-- column dispersion: variance of the daily log ratios over their nominal variance
-- column normal_level: mean level of these days, all cities; null for an index
-- column days: city-days that it is made of
with ratios as (
    select
        variant,
        city,
        route,
        is_workday,
        day,
        known_from,
        known_until,
        level,
        year(day) as year,
        ln(level / baseline_level) as ratio,
        1 / greatest(variance + baseline_variance, 0.0001) as w
    from intermediate.int_commuting_aligned
    where month(day) = 1 and dayofmonth(day) between 2 and 16 and baseline_level > 0
),

points as (
    select variant, route, year, known_from as as_of
    from ratios
    union
    select variant, route, year, known_until as as_of
    from ratios
    where known_until < date '9999-12-31'
),

known as (
    select r.*, p.as_of
    from ratios as r
    inner join points as p
        on
            r.variant = p.variant
            and r.route = p.route
            and r.year = p.year
            and p.as_of >= r.known_from
            and p.as_of < r.known_until
),

means as (
    select
        variant,
        city,
        route,
        year,
        as_of,
        sum(w * ratio order by day) / sum(w order by day) as mean,
        sum(w order by day) as w
    from known
    group by variant, city, route, year, as_of
),

spans as (
    select
        variant,
        route,
        year,
        as_of,
        lead(as_of, 1, date '9999-12-31') over (partition by variant, route, year order by as_of) as known_until
    from points
)

select
    r.variant,
    r.route,
    r.is_workday,
    r.year,
    r.as_of as known_from,
    max(s.known_until) as known_until,
    (sum(r.w * (r.ratio - m.mean) ** 2 order by r.city, r.day) + 4)
    / (count(*) - sum(r.w / m.w order by r.city, r.day) + 4) as dispersion,
    case when r.route = 'pings' then avg(r.level order by r.city, r.day) end as normal_level,
    count(*) as days
from known as r
inner join means as m
    on r.variant = m.variant and r.city = m.city and r.route = m.route and r.year = m.year and r.as_of = m.as_of
inner join spans as s on r.variant = s.variant and r.route = s.route and r.year = s.year and r.as_of = s.as_of
group by r.variant, r.route, r.is_workday, r.year, r.as_of
