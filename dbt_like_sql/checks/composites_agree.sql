-- description: On days with every component the composite of fixed weights is that of recovery_daily, limits included: of the
--   same vintage. A difference says that one of the two has not been made again since late files came.
-- asset: marts.recovery_index
-- partition: day
-- severity: warn
select i.region, i.day, i.value, r.value as daily, i.lower, r.lower as daily_lower, i.upper, r.upper as daily_upper
from marts.recovery_index as i
inner join marts.recovery_daily as r on r.signal = 'composite' and i.region = r.region and i.day = r.day
where
    i.kind = 'weights' and i.missing = 0
    and not coalesce(abs(i.value - r.value) + abs(i.lower - r.lower) + abs(i.upper - r.upper) <= 1e-6, false)
