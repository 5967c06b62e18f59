-- description: What a normal day of a year is against the year before: the mean ratio over 2-16 January, before any
--   outbreak and outside every festival. Panels change and published indices drift (Baidu's by 16-32 % from 2019 to
--   2020), so every later day is divided by it. Days of the window itself are divided by the whole window's base too.
-- partition: none
-- unique: variant, city, route, year
-- owner: team:analytics
-- column variant: as_set, or the correction that is switched
-- column route: pings or index
-- column year: calendar year that the base holds for
-- column base: ratio to the year before that is normal; null with fewer than 5 days of the window
-- column base_days: days of the window with a baseline
-- column base_variance: squared relative standard error of base; days of both years err alike, hence twice the mean's
with ratios as (
    select
        a.variant,
        a.city,
        a.route,
        a.day,
        year(a.day) as year,
        ln(a.level / a.baseline_level) as ratio,
        1 / (coalesce(d.dispersion, 1) * greatest(a.variance + a.baseline_variance, 0.0001)) as w
    from intermediate.int_commuting_aligned as a
    left join intermediate.int_commuting_dispersion as d
        on a.variant = d.variant and a.route = d.route and a.is_workday = d.is_workday and year(a.day) = d.year
    where month(a.day) = 1 and dayofmonth(a.day) between 2 and 16 and a.baseline_level > 0
)

select
    variant,
    city,
    route,
    year,
    case when count(*) >= 5 then exp(sum(w * ratio order by day) / sum(w order by day)) end as base,
    count(*) as base_days,
    case when count(*) >= 5 then 2 / sum(w order by day) end as base_variance
from ratios
group by variant, city, route, year
