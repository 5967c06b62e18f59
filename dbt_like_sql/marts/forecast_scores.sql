-- description: How good forecasts were, by method, signal, kind of area, stage and days ahead, beside the two benchmarks on the
--   same cases: the published straight line and no change. A forecast made before a fall cannot know of it.
-- partition: none
-- unique: method, signal, level, stage, horizon
-- owner: team:analytics
-- column level: country, region (province) or city
-- column stage: before or since the area's lowest day, as that is known now (of equal days the first)
-- column horizon: days ahead; for dates: returns that came so many days after the forecast, less than the next shorter horizon
-- column n: forecasts scored that the straight line and no change made too
-- column crps: mean continuous ranked probability score, points of percent; smaller is better
-- column crps_straight_line: that of the straight line
-- column crps_no_change: that of no change
-- column covered: share of 90 % intervals that hold what came
-- column date_n: returns to 90, 95 or 100 % that came so soon; those that did not come are not scored here
-- column date_error: mean absolute error of the middle day, days; a return that was not foreseen counts to the horizon
-- column date_covered: share of 90 % intervals that hold the day; right intervals may hold fewer than 90 % of returns that came soon
with benchmarks as (
    select
        scored,
        signal,
        region,
        horizon,
        max(crps) filter (where method = 'straight_line') as line,
        max(crps) filter (where method = 'no_change') as same
    from staging.stg_forecast_scores
    group by scored, signal, region, horizon
),

areas as (
    select signal, region, level, first(day order by value, day) filter (where value is not null) as trough
    from marts.recovery_daily
    group by signal, region, level
),

scores as (
    select
        s.method,
        s.signal,
        a.level,
        case when s.as_of < a.trough then 'before' else 'since' end as stage,
        s.horizon,
        count(s.crps) as n,
        avg(s.crps order by s.scored, s.region) as crps,
        avg(b.line order by s.scored, s.region) as crps_straight_line,
        avg(b.same order by s.scored, s.region) as crps_no_change,
        avg(s.covered::int) as covered
    from staging.stg_forecast_scores as s
    inner join benchmarks as b
        on s.scored = b.scored and s.signal = b.signal and s.region = b.region and s.horizon = b.horizon
    inner join areas as a on s.signal = a.signal and s.region = a.region
    where b.line is not null and b.same is not null
    group by s.method, s.signal, a.level, stage, s.horizon
),

returns as (
    select
        d.method,
        d.signal,
        r.level,
        case when d.as_of < a.trough then 'before' else 'since' end as stage,
        case when r.returned - d.as_of <= 7 then 7 when r.returned - d.as_of <= 14 then 14 else 28 end as horizon,
        abs(coalesce(d.date_median, d.horizon) - r.returned) as error,
        r.returned between d.date_lower and coalesce(d.date_upper, date '9999-12-31') as covered
    from marts.recovery_dates as d
    inner join intermediate.int_returns as r
        on d.signal = r.signal and d.region = r.region and d.threshold = r.threshold and d.as_of = r.day
    inner join areas as a on d.signal = a.signal and d.region = a.region
    where d.note is null and r.returned between d.as_of + 1 and d.as_of + 28
),

dates as (
    select
        method,
        signal,
        level,
        stage,
        horizon,
        count(error) as n,
        avg(error) as error,
        avg(coalesce(covered, false)::int) as covered
    from returns
    group by method, signal, level, stage, horizon
)

select
    s.method,
    s.signal,
    s.level,
    s.stage,
    s.horizon,
    s.n,
    s.crps,
    s.crps_straight_line,
    s.crps_no_change,
    s.covered,
    coalesce(d.n, 0) as date_n,
    d.error as date_error,
    d.covered as date_covered
from scores as s
left join dates as d
    on s.method = d.method and s.signal = d.signal and s.level = d.level and s.stage = d.stage and s.horizon = d.horizon
