-- description: What we measure for each published item; no row where our data do not cover it.
-- partition: none
-- unique: item
-- owner: team:analytics
-- column measured: measured value in the unit of the item
-- column lower: lower limit of the 90 % interval
-- column upper: upper limit of the 90 % interval
-- column n_obs: observations behind the value
-- column measured_text: the value as people read it, where the number alone does not say it
with figures as (
    select f.item, f.measure, f.signal, f.key, f.day_from, f.day_to, f.threshold, c.value as country
    from seeds.published_figures as f
    cross join (select value from seeds.settings where name = 'country') as c
),

areas as (
    select f.item, r.day, r.value, r.lower, r.upper, r.n_obs
    from figures as f
    inner join marts.recovery_daily as r
        on f.signal = r.signal and f.country = r.region and r.day between f.day_from and f.day_to
    where f.measure = 'area_level'
),

sites as (
    select f.item, s.day, s.value, s.lower, s.upper, s.n_obs
    from figures as f
    inner join marts.site_daily as s
        on f.signal = s.signal and lower(s.site_id || ' ' || s.name) like f.key and s.day between f.day_from and f.day_to
    where f.measure = 'site_level'
),

sectors as (
    select f.item, g.day, g.growth_pct as value, g.lower, g.upper, g.n_obs
    from figures as f
    inner join intermediate.int_sector_window as g on f.key = g.sector and g.lang = 'all' and f.day_to = g.day
    where f.measure = 'sector_growth' and g.growth_pct is not null
),

means as (
    select
        item,
        avg(value order by day, value) as measured,
        avg(lower order by day, value) as lower,
        avg(upper order by day, value) as upper,
        sum(n_obs)::bigint as n_obs
    from (
        select item, day, value, lower, upper, n_obs from areas
        union all
        select item, day, value, lower, upper, n_obs from sites
        union all
        select item, day, value, lower, upper, n_obs from sectors
    ) as measured
    group by item
),

dates as (
    select
        f.item,
        (d.date_median - make_date(year(d.as_of), 1, 1) + 1)::double as measured,
        (d.date_lower - make_date(year(d.as_of), 1, 1) + 1)::double as lower,
        (d.date_upper - make_date(year(d.as_of), 1, 1) + 1)::double as upper,
        strftime(d.date_median, '%-d %B %Y') as measured_text
    from figures as f
    inner join marts.recovery_dates as d
        on
            f.day_from = d.as_of
            and f.signal = d.signal
            and f.country = d.region
            and f.threshold = d.threshold
            and f.key = d.method
    where f.measure = 'return_date' and d.date_median is not null
),

farms as (
    select
        f.item,
        case f.measure when 'farm_count' then s.farms else s.area_km2 end as measured,
        case f.measure when 'farm_area' then s.lower end as lower,
        case f.measure when 'farm_area' then s.upper end as upper,
        s.n_obs
    from figures as f
    cross join marts.solar_daily as s
    where
        f.measure in ('farm_count', 'farm_area')
        and s.site_id = 'all'
        and s.day = (select max(newest.day) from marts.solar_daily as newest)
)

select item, measured, lower, upper, n_obs, null::varchar as measured_text from means
union all
select item, measured, lower, upper, null::bigint as n_obs, measured_text from dates
union all
select item, measured, lower, upper, n_obs, null::varchar as measured_text from farms
