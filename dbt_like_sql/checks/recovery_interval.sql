-- description: Limits enclose the value, and all three are finite and not negative.
-- asset: marts.recovery_daily
-- partition: day
select signal, region, day, value, lower, upper
from marts.recovery_daily
where
    not coalesce(isfinite(value) and isfinite(lower) and isfinite(upper), false)
    or not (lower between 0 and value and upper >= value)
