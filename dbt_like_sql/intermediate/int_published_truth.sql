-- description: Truth of a simulation for each published item, measured the way the item is measured; no row where the
--   simulation does not cover it.
-- partition: none
-- unique: item
-- owner: team:analytics
-- column truth: truth in the unit of the item
with country as (
    select max(value) as country
    from seeds.settings
    where name = 'country'
),

levels as (
    select
        f.item,
        f.measure,
        f.day_from,
        f.threshold,
        avg(t.value order by t.key, t.day) filter (where t.day between f.day_from and f.day_to) as in_window,
        max(t.value) filter (where t.day = make_date(year(f.day_from), 1, 1)) as at_start,
        min(t.day) filter (where t.day >= f.day_from and t.value >= f.threshold) as returned,
        max(t.value) filter (where t.day = (select max(day) from marts.solar_daily)) as on_register_day
    from seeds.published_figures as f
    cross join country as c
    left join staging.stg_sites as s
        on f.measure = 'site_level' and s.signal = f.signal and lower(s.site_id || ' ' || s.name) like f.key
    inner join staging.stg_evaluation_truth as t
        on
            f.signal = t.signal
            and t.key = case f.measure when 'site_level' then s.site_id when 'sector_growth' then f.key else c.country end
    group by f.item, f.measure, f.day_from, f.threshold
),

truths as (
    select
        item,
        case measure
            when 'area_level' then in_window
            when 'site_level' then in_window
            when 'sector_growth' then 100 * (in_window / coalesce(at_start, 100) - 1)
            when 'return_date' then returned - make_date(year(day_from), 1, 1) + 1
            when 'farm_area' then on_register_day
        end as truth
    from levels
)

select item, truth
from truths
where truth is not null
