-- description: When each area was back at a share of normal, seen from each day: the first day, that day or later, on which the
--   mean of the seven days about it is at or above the threshold.
-- partition: none
-- unique: signal, region, threshold, day
-- owner: team:analytics
-- column returned: day of return; null: not yet
with smooth as (
    select
        signal,
        region,
        level,
        day,
        avg(value) over week as value,
        count(*) over week as days
    from marts.recovery_daily
    window week as (
        partition by signal, region order by day
        range between interval 3 days preceding and interval 3 days following
    )
)

select
    s.signal,
    s.region,
    s.level,
    t.threshold,
    s.day,
    min(case when s.value >= t.threshold and s.days >= 4 then s.day end) over (
        partition by s.signal, s.region, t.threshold order by s.day
        rows between current row and unbounded following
    ) as returned
from smooth as s
cross join (select unnest([90.0, 95.0, 100.0])::double as threshold) as t
