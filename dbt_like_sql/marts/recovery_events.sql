-- description: Events: days on which a site, a sector, a city, a province or the country has left its own interval, with its
--   evidence. What is usual is the median of what the unit showed from 34 to 7 days before, give or take 1.645 standard
--   deviations (from the median absolute deviation), or the mean distance of the limits where that is more. A day is an event
--   where it lies so many standard deviations of both away, by itself (seeds.settings, event_score) or with the figure before it
--   (event_score_twice), that a unit to which nothing happens should raise one false new event in 100 months at most
--   (docs/nowcast.md has counts). Fewer than ten days to go by: no event.
-- partition: day
-- lookahead: 44 days
-- unique: signal, level, key, day
-- owner: team:analytics
-- column signal: steel, parking, commuting, composite or sector
-- column level: site, sector, city, region (province) or country; a city that is called like its province stands as that
-- column key: site, sector, city key, province or country code
-- column day: day of the event
-- column direction: below or above
-- column value: percent of normal; of a sector percent of 1 January 2020
-- column lower: 5 % limit of value
-- column upper: 95 % limit of value
-- column usual: median of the days that make the own interval
-- column usual_lower: lower limit of the own interval
-- column usual_upper: upper limit of the own interval
-- column usual_days: days that make it
-- column score: distance from usual in standard deviations of value and usual together; below zero: below
-- column is_new: the first day outside, on this side, for a week
-- column n_obs: observations behind the value
-- column evidence: picture that the value was read from, relative to the evidence folder; null where there is none
-- column rows_in: table whose row of this day the value is, where its observations are counted and lead on to their partitions
-- column reason: the same as a sentence
with settings as (
    select
        (max(value) filter (where name = 'event_score'))::double as once,
        (max(value) filter (where name = 'event_score_twice'))::double as twice
    from seeds.settings
    where name in ('event_score', 'event_score_twice')
),

units as (
    select signal, 'site' as level, site_id as key, day, value, lower, upper, n_obs, evidence, 'marts.site_daily' as rows_in
    from marts.site_daily
    union all
    select signal, level, region as key, day, value, lower, upper, n_obs, null as evidence, 'marts.recovery_daily' as rows_in
    from marts.recovery_daily
    union all
    select
        'sector' as signal,
        'sector' as level,
        sector as key,
        day,
        100 + growth_pct as value,
        100 + lower as lower,
        100 + upper as upper,
        n_obs,
        null as evidence,
        'marts.sector_growth' as rows_in
    from marts.sector_growth
    where lang = 'all'
),

compared as (
    select
        *,
        median(value) over before as usual,
        1.645 * 1.4826 * mad(value) over before as spread,
        avg(value - lower) over before as below,
        avg(upper - value) over before as above,
        count(*) over before as usual_days
    from units
    where isfinite(value) and isfinite(lower) and isfinite(upper)
    window before as (
        partition by signal, level, key order by day
        range between interval 34 days preceding and interval 7 days preceding
    )
),

scored as (
    select
        *,
        usual - greatest(spread, below) as usual_lower,
        usual + greatest(spread, above) as usual_upper,
        -- 1.645 standard deviations are a limit; half a point is as good as anything is known.
        1.645 * (value - usual) / greatest(
            case
                when value < usual then sqrt((upper - value) ** 2 + greatest(spread, below) ** 2)
                else sqrt((value - lower) ** 2 + greatest(spread, above) ** 2)
            end,
            1.645 * 0.5
        ) as score,
        case when value < usual then 'below' else 'above' end as direction
    from compared
    where usual_days >= 10
),

followed as (
    select *, lag(score) over unit as score_before, lag(day) over unit as day_before
    from scored
    window unit as (partition by signal, level, key order by day)
)

select
    s.signal,
    s.level,
    s.key,
    s.day,
    s.direction,
    s.value,
    s.lower,
    s.upper,
    s.usual,
    s.usual_lower,
    s.usual_upper,
    s.usual_days,
    s.score,
    coalesce(s.day - lag(s.day) over (partition by s.signal, s.level, s.key, s.direction order by s.day) > 7, true) as is_new,
    s.n_obs,
    s.evidence,
    s.rows_in,
    printf(
        '%.0f %% (%.0f to %.0f) where %.0f (%.0f to %.0f) was usual over %d days before: %.0f points %s.',
        s.value, s.lower, s.upper, s.usual, s.usual_lower, s.usual_upper, s.usual_days, abs(s.value - s.usual), s.direction
    ) as reason
from followed as s
cross join settings
where
    abs(s.score) >= settings.once
    or (
        abs(s.score) >= settings.twice
        and sign(s.score) * s.score_before >= settings.twice
        and s.day - s.day_before <= 3
    )
