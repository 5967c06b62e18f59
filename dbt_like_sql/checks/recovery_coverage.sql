-- description: Every province with mills or car parks and the country have a figure on every day from the signal's first
--   to its last.
-- asset: marts.recovery_daily
-- partition: day
-- severity: warn
with spans as (
    select signal, min(day) as first_day, max(day) as last_day
    from marts.recovery_daily
    where signal in ('steel', 'parking')
    group by signal
),

expected as (
    select s.signal, a.region, unnest(generate_series(s.first_day, s.last_day, interval 1 day))::date as day
    from spans as s
    inner join (select distinct signal, region from marts.recovery_daily where level in ('country', 'region')) as a
        on s.signal = a.signal
)

select e.signal, e.region, e.day
from expected as e
anti join marts.recovery_daily as r on e.signal = r.signal and e.region = r.region and e.day = r.day
