-- description: What a normal day of a year is against the year before: the mean ratio over 2-16 January, before any
--   outbreak and outside every festival. Panels change and published indices drift (Baidu's by 16-32 % from 2019 to
--   2020), so every later day is divided by it. Days of the window itself are divided by the whole window's
--   base too, once it is over: a base is a row for each day on which it became known or changed.
-- partition: none
-- unique: variant, city, route, year, known_from
-- owner: team:analytics
-- column variant: as_set, or the correction that is switched
-- column route: pings or index
-- column year: calendar year that the base holds for
-- column known_from: day on which this was known; it changes while the window lasts and when late files come
-- column known_until: day on which it changed; 9999-12-31: it stands
-- column base: ratio to the year before that is normal; null with fewer than 5 days of the window
-- column base_days: days of the window with a baseline
-- column base_variance: squared relative standard error of base; days of both years err alike, hence twice the mean's
with spans as (
    select distinct variant, route, year, known_from as as_of, known_until
    from intermediate.int_commuting_dispersion
),

ratios as (
    select
        a.variant,
        a.city,
        a.route,
        a.day,
        s.year,
        s.as_of,
        s.known_until,
        ln(a.level / a.baseline_level) as ratio,
        1 / (coalesce(d.dispersion, 1) * greatest(a.variance + a.baseline_variance, 0.0001)) as w
    from intermediate.int_commuting_aligned as a
    inner join spans as s
        on
            a.variant = s.variant
            and a.route = s.route
            and year(a.day) = s.year
            and s.as_of >= a.known_from
            and s.as_of < a.known_until
    left join intermediate.int_commuting_dispersion as d
        on
            a.variant = d.variant
            and a.route = d.route
            and a.is_workday = d.is_workday
            and s.year = d.year
            and s.as_of = d.known_from
    where month(a.day) = 1 and dayofmonth(a.day) between 2 and 16 and a.baseline_level > 0
)

select
    variant,
    city,
    route,
    year,
    as_of as known_from,
    max(known_until) as known_until,
    case when count(*) >= 5 then exp(sum(w * ratio order by day) / sum(w order by day)) end as base,
    count(*) as base_days,
    case when count(*) >= 5 then 2 / sum(w order by day) end as base_variance
from ratios
group by variant, city, route, year, as_of
